/* The mutable file: more than its quota, what was in it before, code in it. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"
#include "control.h"
#include "parts.h"

#define QUOTA (8 * 1024) /* of the manifest */
#define DELETES 100
#define HELD 24 /* three times of it would fill the store */
#define SLACK (40 * 1024)
#define EVIL "/mnt/app/evil.so" /* a library that ends whoever loads it with EVIL_RAN */
#define EVIL_RAN 42
#define SET_FLAGS 0x40046602u /* FS_IOC_SETFLAGS */

static uint8_t bytes[QUOTA]; /* one at a time */

static int ask_storage(uint32_t op, int *out_fd)
{
    const uint32_t args[4] = {op, 0, 0, 0};
    uint32_t number;
    const int64_t err = control_ask(args, NULL, 0, &number, out_fd);
    errno = (int)number;
    return err == 0 ? 0 : -1;
}

static int open_own(void)
{
    int fd = -1;
    return ask_storage(CONTROL_STORAGE_OPEN, &fd) == 0 ? fd : -1;
}

static void fill(int fd, uint8_t with, size_t len)
{
    memset(bytes, with, sizeof(bytes));
    (void)pwrite(fd, bytes, len, 0);
}

/* How many of the first len bytes are not zero; -1 when they cannot be read. */
static int count_left(int fd, size_t from, size_t len)
{
    int count = 0;
    if (pread(fd, bytes, len, (off_t)from) != (ssize_t)len) {
        return -1;
    }
    for (size_t i = 0; i < len; i++) {
        count += bytes[i] != 0 ? 1 : 0;
    }
    return count;
}

static void try_limits(int fd)
{
    const struct rlimit more = {QUOTA * 2, QUOTA * 2};
    fill(fd, 0x11, QUOTA);
    attack_tell_refused_by("one byte over the quota", pwrite(fd, "x", 1, QUOTA), EFBIG, ENOSPC);
    attack_tell_refused_by("far beyond the quota", pwrite(fd, "x", 1, 1 << 30), EFBIG, ENOSPC);
    attack_tell_refused_by("truncate beyond the quota", ftruncate(fd, QUOTA + 1), EFBIG, EPERM);
    attack_tell_refused("raise the quota", setrlimit(RLIMIT_FSIZE, &more), EPERM);
    const int again = open_own();
    attack_tell_refused_by("over the quota by another descriptor", pwrite(again, "x", 1, QUOTA),
                           EFBIG, ENOSPC);
    (void)close(again);
}

static void tell_zero(const char *name, int fd, size_t from, size_t len)
{
    const int left = count_left(fd, from, len);
    attack_tell(name, left == 0, "%d bytes are not zero", left);
}

static void try_leaks(void)
{
    int fd = open_own();
    fill(fd, 0x22, QUOTA);
    (void)ftruncate(fd, 0);
    (void)ftruncate(fd, QUOTA);
    tell_zero("truncate and extend", fd, 0, QUOTA);
    fill(fd, 0x33, QUOTA);
    (void)ftruncate(fd, 10);
    (void)pwrite(fd, "x", 1, 5000);
    tell_zero("a hole in the middle", fd, 10, 4990);
    fill(fd, 0x44, QUOTA);
    (void)ftruncate(fd, 10);
    const uint8_t *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    int left = 0;
    for (size_t i = 10; page != MAP_FAILED && i < 4096; i++) {
        left += page[i] != 0 ? 1 : 0;
    }
    attack_tell("the page behind the end", left == 0, "%d bytes are not zero", left);
    (void)close(fd);
    attack_tell("control: the file can be deleted", ask_storage(CONTROL_STORAGE_DELETE, NULL) == 0,
                "%s", strerror(errno));
    fd = open_own();
    (void)ftruncate(fd, QUOTA);
    tell_zero("a new file after the old one", fd, 0, QUOTA);
    (void)close(fd);
}

static long free_bytes(int fd)
{
    struct statvfs told;
    return fstatvfs(fd, &told) == 0 ? (long)(told.f_bfree * told.f_frsize) : -1;
}

/* A file that is deleted while it is open still takes room. */
static void try_holding(void)
{
    int fds[HELD];
    int fd = open_own();
    const long before = free_bytes(fd);
    (void)close(fd);
    for (int i = 0; i < HELD; i++) {
        fds[i] = open_own();
        fill(fds[i], (uint8_t)rand(), QUOTA);
        (void)ask_storage(CONTROL_STORAGE_DELETE, NULL);
    }
    fd = open_own();
    const long taken = before - free_bytes(fd);
    attack_tell("deleted and still held", before < 0 || taken <= QUOTA + SLACK,
                "%ld bytes of the store are taken", taken);
    for (int i = 0; i < HELD; i++) {
        (void)close(fds[i]);
    }
    (void)close(fd);
}

/* Many small pieces take more room than their bytes, until they are collected. */
static void try_pieces(void)
{
    const int fd = open_own();
    int written = 0;
    for (int i = 0; i < QUOTA; i += 2) {
        written += pwrite(fd, "y", 1, i) == 1 ? 1 : 0;
    }
    (void)fsync(fd);
    attack_tell("control: byte by byte", written == QUOTA / 2, "%d of %d", written, QUOTA / 2);
    (void)ftruncate(fd, 0);
    (void)close(fd);
}

/* Each delete is written into flash, which wears. */
static void try_wear(void)
{
    bool waits = false;
    for (int i = 0; i < DELETES && !waits; i++) {
        (void)close(open_own());
        waits = ask_storage(CONTROL_STORAGE_DELETE, NULL) != 0 && errno == EAGAIN;
    }
    attack_tell("delete without end", waits, "%d times", DELETES);
}

static bool copy_evil(int fd)
{
    const int from = open(EVIL, O_RDONLY | O_CLOEXEC);
    const ssize_t len = read(from, bytes, sizeof(bytes));
    (void)close(from);
    return len > 52 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, (size_t)len, 0) == len;
}

static char evil_path[32];

static int load_evil(void *context)
{
    (void)context;
    return dlopen(evil_path, RTLD_NOW) == NULL ? 1
                                               : 2; /* its constructor would end with EVIL_RAN */
}

static int preload_evil(void *context)
{
    static char preload[64];
    char *const args[] = {(char[]){"app"}, (char[]){"nothing"}, NULL};
    char *const with[] = {preload, NULL};
    (void)context;
    (void)snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", evil_path);
    (void)execve("/mnt/app/bin/app", args, with);
    return errno;
}

static int start_evil(void *context)
{
    char *const args[] = {evil_path, NULL}, *const none[] = {NULL};
    (void)context;
    (void)execve(evil_path, args, none);
    return errno;
}

/* The loader is a program too: it would map and run whatever it is given. */
static int start_loader(void *context)
{
    char *const args[] = {(char[]){"ld"}, evil_path, NULL}, *const none[] = {NULL};
    (void)context;
    (void)execve("/lib/ld-musl-armhf.so.1", args, none);
    return errno;
}

static void tell_not_run(const char *name, int (*run)(void *context))
{
    const int got = attack_run_apart(run, NULL);
    attack_tell(name, got != EVIL_RAN && got != 2, "ended with %d: it ran", got);
}

static int load_signed(void *context)
{
    (void)context;
    return dlopen(EVIL, RTLD_NOW) == NULL ? 1 : 2;
}

static void try_code(void)
{
    const int fd = open_own();
    attack_tell("control: code is in the file", copy_evil(fd), "%s", strerror(errno));
    const void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    attack_tell_refused_by("map the mutable file to execute", page == MAP_FAILED ? -1 : 0, EPERM,
                           EACCES);
    page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    attack_tell_refused_by("map it shared to execute", page == MAP_FAILED ? -1 : 0, EPERM, EACCES);
    void *later = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    attack_tell_refused("map it, then execute", mprotect(later, 4096, PROT_READ | PROT_EXEC),
                        EACCES);
    (void)snprintf(evil_path, sizeof(evil_path), "/proc/self/fd/%d", fd);
    (void)fcntl(fd, F_SETFD, 0);
    const int ran = attack_run_apart(load_signed, NULL);
    attack_tell("control: the same from the image runs", ran == EVIL_RAN, "ended with %d", ran);
    tell_not_run("dlopen the mutable file", load_evil);
    tell_not_run("LD_PRELOAD the mutable file", preload_evil);
    tell_not_run("the loader with the mutable file", start_loader);
    const int got = attack_run_apart(start_evil, NULL);
    attack_tell("exec the mutable file", got == EACCES || got == EPERM, "ended with %d", got);
    attack_tell_refused("set-user-id on the mutable file", syscall(SYS_fchmod, fd, 04777), ENOSYS);
    int flags = 0x10; /* immutable */
    attack_tell("flags of the mutable file", ioctl(fd, SET_FLAGS, &flags) == -1, "it is immutable");
    attack_tell("lease on the mutable file", fcntl(fd, F_SETLEASE, F_WRLCK) == -1, "it has one");
    (void)ftruncate(fd, 0);
    (void)close(fd);
}

void storage_attack(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    const int fd = open_own();
    attack_tell("control: own mutable file", fd >= 0, "%s", strerror(errno));
    try_limits(fd);
    (void)close(fd);
    try_leaks();
    try_holding();
    try_pieces();
    try_code();
    try_wear();
}
