/* Bytes that nobody signed must never run. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "attack.h"
#include "parts.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
#define PAGE 4096u
#define RAN 42

/* mov r0, #42; bx lr */
static const uint32_t code[] = {0xe3a0002a, 0xe12fff1e};

static void tell_mapped(const char *name, const void *page, int wanted)
{
    attack_tell_refused(name, page == MAP_FAILED ? -1 : 0, wanted);
}

static void try_protections(void)
{
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    tell_mapped("mmap write and execute",
                mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, anonymous, -1, 0), EACCES);
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0);
    memcpy(page, code, sizeof(code));
    attack_tell_refused("mprotect write to execute", mprotect(page, PAGE, PROT_READ | PROT_EXEC),
                        EACCES);
    const int fd = open("/mnt/app/bin/app", O_RDONLY | O_CLOEXEC);
    page = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    attack_tell_refused("mprotect execute to both",
                        mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), EACCES);
    attack_tell_refused("mprotect execute, write, execute",
                        mprotect(page, PAGE, PROT_READ | PROT_WRITE), EACCES);
    (void)close(fd);
    const uintptr_t own = (uintptr_t)memory_attack & ~(uintptr_t)(PAGE - 1);
    attack_tell_refused("mprotect own code to both",
                        mprotect((void *)own, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), EACCES);
    attack_tell_refused("take the wall away", prctl(PR_SET_MDWE, 0, 0, 0, 0), EPERM);
}

static void try_image(void)
{
    const int fd = open("/mnt/app/bin/app", O_RDONLY | O_CLOEXEC);
    tell_mapped("map the image to write and execute",
                mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 0), EACCES);
    void *shared = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    attack_tell("map the image shared to execute, then write",
                shared == MAP_FAILED || mprotect(shared, PAGE, PROT_READ | PROT_WRITE) == -1,
                "it is writable");
    uint32_t *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    memcpy(own, code, sizeof(code));
    attack_tell_refused("execute a changed copy of the image",
                        mprotect(own, PAGE, PROT_READ | PROT_EXEC), EACCES);
    own = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    attack_tell("read, write, execute the image",
                mprotect(own, PAGE, PROT_READ | PROT_WRITE) == -1 ||
                    mprotect(own, PAGE, PROT_READ | PROT_EXEC) == -1,
                "it became writable, then executable");
    (void)close(fd);
}

static void try_heap_and_stack(void)
{
    uint32_t stack[2];
    char *heap = malloc(PAGE * 3);
    const uintptr_t mask = ~(uintptr_t)(PAGE - 1);
    attack_tell_refused(
        "execute the stack",
        mprotect((void *)((uintptr_t)stack & mask), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC),
        EACCES);
    attack_tell_refused(
        "execute the heap",
        mprotect((void *)(((uintptr_t)heap + PAGE) & mask), PAGE, PROT_READ | PROT_EXEC), EACCES);
    free(heap);
    tell_mapped("shared memory to execute",
                mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0), EACCES);
    const void *lowest =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    attack_tell_refused_by("the lowest page", lowest == MAP_FAILED ? -1 : 0, EPERM, EINVAL);
}

/* What is not the image or a library is mounted so that it cannot be mapped to run. */
static void try_mapping(const char *name, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const void *page = fd < 0 ? NULL : mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    attack_tell_refused_by(name, page == MAP_FAILED ? -1 : 0, EPERM, EACCES);
    (void)close(fd);
}

static int jump(void *to)
{
    int (*run)(void);
    memcpy(&run, &to, sizeof(run));
    return run();
}

static void try_running(const char *name, void *where)
{
    const int got = attack_run_apart(jump, where);
    attack_tell(name, got == 128 + 11, "ended with %d%s", got, got == RAN ? ": it ran" : "");
}

void memory_attack(void)
{
    static uint32_t data[2];
    uint32_t stack[2];
    memcpy(data, code, sizeof(code));
    memcpy(stack, code, sizeof(code));
    try_protections();
    try_image();
    try_heap_and_stack();
    try_mapping("map a certificate to execute", "/run/deviceauth/cert.pem");
    try_mapping("map a name server list to execute", "/etc/resolv.conf");
    try_mapping("map /proc to execute", "/proc/self/cmdline");
    try_mapping("map /dev/zero to execute", "/dev/zero");
    try_running("run data", data);
    try_running("run stack", stack);
}

void memory_attack_stack(void)
{
    uint32_t stack[2];
    memcpy(stack, code, sizeof(code));
    try_running("run the stack it asked for", stack);
}
