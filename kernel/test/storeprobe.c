/*
 * Process 1 of a test that boots it several times on one board. The first time the store is blank: it is asked in every
 * wrong way, then made a file system. Each later time that must be as it was left; the last run writes until the power
 * is cut, and tells after each write what must be there the next time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#define DEVICE "/dev/mtd3"
#define PLACE "/mnt"
#define SIZE 0x80000u
#define BLOCK 0x4000u
#define COUNT_FILE PLACE "/count"
#define NEW_FILE PLACE "/new"
#define PIECE 3000u

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#define FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW)

static int device;
static uint8_t bytes[BLOCK], back[2 * BLOCK];

static void works(const char *what, int yes)
{
    printf("[STORE] %s %s (errno %d)\n", yes ? "pass" : "FAIL", what, errno);
}

static int erase(uint32_t at, uint32_t len)
{
    struct erase_info_user range = {at, len};

    return ioctl(device, MEMERASE, &range);
}

static int is_all(uint32_t at, uint32_t len, int byte)
{
    if (len > sizeof(back) || pread(device, back, len, (off_t)at) != (ssize_t)len) {
        return 0;
    }
    for (uint32_t i = 0; i < len; i++) {
        if (back[i] != byte) {
            return 0;
        }
    }
    return 1;
}

static int put(uint32_t at, int byte, uint32_t len)
{
    memset(bytes, byte, sizeof(bytes));
    return pwrite(device, bytes, len, (off_t)at) == (ssize_t)len;
}

/* Of what a file system may count on. */
static void as_flash(void)
{
    struct mtd_info_user info = {0};

    works("it is NOR of the right size", ioctl(device, MEMGETINFO, &info) == 0 && info.type == MTD_NORFLASH &&
                                             info.size == SIZE && info.erasesize == BLOCK && info.writesize == 1);
    works("a blank board's is blank", is_all(0, BLOCK, 0xff) && is_all(SIZE - BLOCK, BLOCK, 0xff));
    works("three bytes are written", put(5, 0x5a, 3));
    works("and they alone", is_all(0, 5, 0xff) && is_all(5, 3, 0x5a) && is_all(8, BLOCK, 0xff));
    works("bits fall", put(6, 0x0f, 1) && is_all(6, 1, 0x0a) && is_all(5, 1, 0x5a));
    works("a write goes on in the next block", put(BLOCK - 7001, 0x33, 15001) && is_all(BLOCK - 7001, 15001, 0x33));
    works("and ends there", is_all(BLOCK + 8000, BLOCK - 8000, 0xff) && is_all(8, BLOCK - 7001 - 8, 0xff));
    works("a block is erased", erase(0, BLOCK) == 0 && is_all(0, BLOCK, 0xff));
    works("and no other", is_all(BLOCK, 8000, 0x33));
    works("part of a block is not", erase(BLOCK, 4096) != 0 && erase(BLOCK + 4096, BLOCK) != 0 && is_all(BLOCK, 8000, 0x33));
    works("nothing behind the end is", erase(SIZE, BLOCK) != 0 && erase(SIZE - BLOCK, 2 * BLOCK) != 0);
    works("the last byte is written", put(SIZE - 1, 0, 1) && is_all(SIZE - 1, 1, 0) && is_all(SIZE - 100, 99, 0xff));
    works("nothing behind it", !put(SIZE, 0, 1) && !put(SIZE - 1, 0, 2));
    works("all of it is erased", erase(0, SIZE) == 0 && is_all(SIZE - BLOCK, BLOCK, 0xff) && is_all(BLOCK, BLOCK, 0xff));
}

static int save(const char *path, int byte, uint32_t len)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    int done;

    if (fd < 0) {
        return 0;
    }
    memset(bytes, byte, sizeof(bytes));
    done = write(fd, bytes, len) == (ssize_t)len && fsync(fd) == 0;
    if (!done) {
        int why = errno;

        (void)close(fd);
        errno = why;
        return 0;
    }
    return close(fd) == 0;
}

static int holds(const char *path, int byte, uint32_t len)
{
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, back, sizeof(back));

    (void)close(fd);
    for (ssize_t i = 0; i < got; i++) {
        if (back[i] != byte) {
            return 0;
        }
    }
    return got == (ssize_t)len;
}

static void fill(void)
{
    struct statfs info;
    char path[64];
    int count = 0, why = 0;

    for (; why == 0 && count < 200; count++) {
        snprintf(path, sizeof(path), PLACE "/fill%d", count);
        why = save(path, count, PIECE) ? 0 : errno;
    }
    errno = why;
    works("a full one says ENOSPC", why == ENOSPC);
    printf("[STORE] room for %d KiB\n", (int)(count * PIECE / 1024));
    works("after hundreds of KiB", count * PIECE > 350u * 1024);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), PLACE "/fill%d", i);
        (void)unlink(path);
    }
    works("and has room again", save(PLACE "/again", 1, BLOCK) && unlink(PLACE "/again") == 0 && statfs(PLACE, &info) == 0 &&
                                    info.f_bfree * (uint64_t)info.f_bsize > 350u * 1024);
}

static void as_files(void)
{
    int fd;

    works("it is mounted", mount("mtd:store", PLACE, "jffs2", FLAGS, NULL) == 0);
    works("a file is written", save(PLACE "/kept", 0x77, 10000));
    works("and takes the place of another", save(PLACE "/old", 1, 100) && save(NEW_FILE, 2, 200) && rename(NEW_FILE, PLACE "/old") == 0 &&
                                                holds(PLACE "/old", 2, 200));
    works("an owner and a mode", chown(PLACE "/kept", 1000, 1000) == 0 && mkdir(PLACE "/folder", 0700) == 0);
    fd = open(PLACE "/kept", O_RDWR);
    works("what was cut off does not come back", save(PLACE "/cut", 0x44, 5000) && truncate(PLACE "/cut", 0) == 0 &&
                                                     truncate(PLACE "/cut", 5000) == 0 && holds(PLACE "/cut", 0, 5000));
    works("it is not run", save(PLACE "/run", 0, 16) && chmod(PLACE "/run", 0755) == 0 &&
                               execl(PLACE "/run", "run", (char *)NULL) != 0 && errno == EACCES);
    works("nor mapped as code", mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED);
    works("a device on it is none", mknod(PLACE "/null", S_IFCHR | 0666, 0x103) == 0 && open(PLACE "/null", O_RDONLY) < 0 && errno == EACCES);
    works("a link on it is not followed", symlink("/usr", PLACE "/link") == 0 && open(PLACE "/link", O_RDONLY) < 0 && errno == ELOOP);
    fill();
    works("a count", save(COUNT_FILE, '0', 1));
}

static void as_left(void)
{
    struct stat info = {0};
    struct timespec before, after;

    clock_gettime(CLOCK_MONOTONIC, &before);
    works("it is mounted again", mount("mtd:store", PLACE, "jffs2", FLAGS, NULL) == 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("[STORE] mounted in %d us\n",
           (int)((after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000));
    works("what was written is there", holds(PLACE "/kept", 0x77, 10000) && holds(PLACE "/old", 2, 200));
    works("as it was", stat(PLACE "/kept", &info) == 0 && info.st_uid == 1000 && (info.st_mode & 07777) == 0600);
    works("and no more", access(NEW_FILE, F_OK) != 0 || unlink(NEW_FILE) == 0);
}

/* The newest count; all of a file says the same. */
static int read_count(void)
{
    char text[PIECE + 1] = {0};
    int fd = open(COUNT_FILE, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, text, PIECE);
    int count = got > 0 ? atoi(text) : -1;

    (void)close(fd);
    for (ssize_t i = 8; count > 0 && i < got; i++) {
        if (text[i] != 'a' + count % 26) {
            return -1;
        }
    }
    return count;
}

/* The power is cut somewhere in here. */
static void count_on(int count)
{
    char text[PIECE];

    for (;;) {
        int fd = open(NEW_FILE, O_CREAT | O_TRUNC | O_WRONLY, 0600);

        count++;
        memset(text, 'a' + count % 26, sizeof(text));
        snprintf(text, 8, "%-7u", (unsigned)count % 10000000u);
        text[7] = '\n';
        if (fd < 0 || write(fd, text, sizeof(text)) != (ssize_t)sizeof(text) || fsync(fd) != 0 || close(fd) != 0 ||
            rename(NEW_FILE, COUNT_FILE) != 0) {
            works("it goes on", 0);
            return;
        }
        printf("[STORE] written %d\n", count);
    }
}

int main(void)
{
    uint32_t first = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    device = open(DEVICE, O_RDWR | O_CLOEXEC);
    if (device >= 0 && read(device, &first, sizeof(first)) == (ssize_t)sizeof(first) && first == UINT32_MAX) {
        as_flash();
        as_files();
        printf("[STORE] done\n");
        fflush(stdout);
        sleep(1);
        reboot(RB_AUTOBOOT);
    }
    as_left();
    printf("[STORE] count %d\n", read_count());
    printf("[STORE] done\n");
    count_on(read_count());
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
