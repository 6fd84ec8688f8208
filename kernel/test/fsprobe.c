/*
 * Process 1 of a test: mounts every image of a list that lies in flash, walks it, reads and maps each file, and tells
 * what it saw. The images are hostile; the kernel must not care.
 *
 * The list is the first block of /dev/mtdblock1: "FSPT", u32 count, count x { u32 offset, u32 length }.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/test/piece.h"

#define PLACE "/mnt"
#define PIECE "probe"
#define BLOCK PIECE_BLOCK
#define ENTRIES_MAX 4096 /* more than any image here can have: an endless directory */
#define DEPTH_MAX 16

static unsigned entries, files, wrong;
static uint64_t sum; /* over names and contents, in the order they were seen */

static void add(const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    }
}

/* read and mmap must agree, and nothing may show behind the end. */
static void look_at_file(int fd, off_t size)
{
    size_t mapped = ((size_t)size + BLOCK - 1) / BLOCK * BLOCK;
    uint8_t *map = size == 0 ? NULL : mmap(NULL, mapped, PROT_READ, MAP_PRIVATE, fd, 0);
    uint8_t page[BLOCK];
    off_t at = 0;
    ssize_t got = 0;

    while (at < size && (got = pread(fd, page, sizeof(page), at)) > 0) {
        if (map == MAP_FAILED || memcmp(map + at, page, (size_t)got) != 0) {
            wrong++;
        }
        add(page, (size_t)got);
        at += got;
    }
    if (at != size) {
        wrong++;
    }
    for (size_t i = (size_t)size; map != NULL && map != MAP_FAILED && at == size && i < mapped; i++) {
        wrong += map[i] != 0;
    }
    if (map != NULL && map != MAP_FAILED) {
        munmap(map, mapped);
    }
}

static void walk(int folder, int depth);

static void look_at(int folder, const char *name, int depth)
{
    struct stat info;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW);

    if (fd < 0) {
        return; /* refused is fine */
    }
    fstat(fd, &info);
    add(name, strlen(name));
    add(&info.st_mode, sizeof(info.st_mode));
    /* no owner, set-id bit, sticky bit, write bit or device of an image comes through */
    if (info.st_uid != 0 || info.st_gid != 0 || (info.st_mode & 07222) != 0 ||
        (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))) {
        wrong++;
    }
    if (S_ISREG(info.st_mode)) {
        files++;
        look_at_file(fd, info.st_size);
        close(fd);
    } else if (depth < DEPTH_MAX) {
        walk(fd, depth + 1);
    } else {
        close(fd);
    }
}

static void walk(int folder, int depth)
{
    DIR *stream = fdopendir(folder);
    struct dirent *entry;

    while (entries < ENTRIES_MAX && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            entries++;
            look_at(folder, entry->d_name, depth);
        }
    }
    closedir(stream);
}

static void probe(unsigned which, uint32_t offset, uint32_t len)
{
    char device[32];
    int number = piece_open(PIECE, offset, len);

    if (number < 0) {
        printf("[FS] FAIL device %u %d\n", which, errno);
        return;
    }
    snprintf(device, sizeof(device), "/dev/dm-%d", number);
    entries = files = wrong = 0;
    sum = UINT64_C(0xcbf29ce484222325);
    if (mount(device, PLACE, "asxipfs", MS_RDONLY, NULL) != 0) {
        printf("[FS] %u refused %d\n", which, errno);
    } else {
        walk(open(PLACE, O_RDONLY | O_DIRECTORY), 0);
        printf("[FS] %u mounted %u %u %u %016llx\n", which, entries, files, wrong, (unsigned long long)sum);
        if (umount(PLACE) != 0) {
            printf("[FS] FAIL umount %u %d\n", which, errno);
        }
    }
    if (piece_close(PIECE) != 0) {
        printf("[FS] FAIL remove %d\n", errno);
    }
}

int main(void)
{
    static uint8_t list[BLOCK];
    uint32_t count, place[2];
    int fd = open(PIECE_WINDOW, O_RDONLY | O_CLOEXEC);

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (fd < 0 || piece_open_control() < 0 || read(fd, list, sizeof(list)) != (ssize_t)sizeof(list) || memcmp(list, "FSPT", 4) != 0) {
        printf("[FS] FAIL list %d\n", errno);
    } else {
        memcpy(&count, list + 4, 4);
        for (uint32_t i = 0; i < count; i++) {
            memcpy(place, list + 8 + 8 * i, 8);
            probe(i, place[0], place[1]);
        }
        printf("[FS] done %u\n", count);
    }
    fflush(stdout);
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
