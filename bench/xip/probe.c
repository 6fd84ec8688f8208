/*
 * Process 1: runs one program from one image in each of the ways that an image could be run, again
 * and again, and tells of each how long it took and how much less memory was free while it ran.
 *
 *   verity    asxipfs, its pages cached, behind dm-verity: the product
 *   plain     the same without dm-verity
 *   window    asxipfs, code mapped where it lies in flash; the kernel is patched (window.patch)
 *   squashfs  the same files repacked and compressed, behind dm-verity
 *   tmpfs     the same files unpacked into memory
 *
 * The kernel's security module lets nobody run the last two, so in every way the file is also
 * mapped and looked at page by page; only the first three are run. What lies in flash: xip.py.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/test/piece.h"
#include "proto/map.h"
#include "xip.h"

#define PLACE "/mnt"
#define COPY "/run"
#define PROGRAM "/app"
#define IMAGES 2
#define ROUNDS 40
#define COPY_BYTES 65536
#define SETTLE_US 50000 /* what is freed late */

/* An image, its hash tree behind it. */
static struct image {
    uint32_t offset;
    uint32_t data_len;
    uint32_t whole_len;
    char root[64];
} images[IMAGES]; /* asxipfs, squashfs */

static const struct way {
    const char *name;
    unsigned image;
    const char *type;
    int verity, window, copied;
} ways[] = {
    {"verity", 0, "asxipfs", 1, 0, 0}, {"plain", 0, "asxipfs", 0, 0, 0},
    {"window", 0, "asxipfs", 0, 1, 0}, {"squashfs", 1, "squashfs", 1, 0, 0},
    {"tmpfs", 0, "asxipfs", 1, 0, 1},
};

static uint64_t now_us(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000u + (uint64_t)at.tv_nsec / 1000u;
}

static _Noreturn void give_up(const char *what)
{
    printf("[XIP] FAIL %s: %s\n[XIP] done\n", what, strerror(errno));
    (void)sleep(1);
    (void)reboot(RB_POWER_OFF);
    for (;;) {
        (void)pause();
    }
}

static void write_file(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        give_up(path);
    }
    (void)close(fd);
}

/* What is cached and could be let go is not counted as used. */
static void forget_caches(void)
{
    write_file("/proc/sys/vm/drop_caches", "3");
    write_file("/proc/sys/vm/drop_caches", "3");
}

static long sum_of(const char *text, const char *name)
{
    long sum = 0;

    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
        sum += strtol(at + strlen(name), NULL, 10);
    }
    return sum;
}

/* Pages that nobody has; those that wait to be given out again are free as well. */
static long free_kib(void)
{
    static char text[8192];
    size_t len = 0;
    ssize_t got = 0;

    (void)usleep(SETTLE_US);
    const int fd = open("/proc/zoneinfo", O_RDONLY | O_CLOEXEC);
    while (len < sizeof(text) - 1 && (got = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
        len += (size_t)got;
    }
    text[len] = '\0';
    (void)close(fd);
    return (sum_of(text, "nr_free_pages ") + sum_of(text, " count: ")) * (long)(PIECE_BLOCK / 1024);
}

static void copy_program(void)
{
    static uint8_t bytes[COPY_BYTES];
    const int from = open(PLACE PROGRAM, O_RDONLY | O_CLOEXEC);
    const int to = open(COPY PROGRAM, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0555);
    ssize_t got;

    while ((got = read(from, bytes, sizeof(bytes))) > 0) {
        if (write(to, bytes, (size_t)got) != got) {
            give_up("copy");
        }
    }
    (void)close(from);
    (void)close(to);
}

static void close_devices(const struct way *way)
{
    if (umount(PLACE) != 0 || (way->verity && piece_close("image") != 0) ||
        piece_close("body") != 0) {
        give_up("close");
    }
}

/* Makes the program be there; the path of it. */
static const char *open_way(const struct way *way)
{
    const struct image *image = &images[way->image];
    int number = piece_open("body", image->offset, image->whole_len);
    char device[32], options[32];

    if (way->verity && number >= 0) {
        number = piece_verify("image", number, image->data_len, image->root);
    }
    (void)snprintf(device, sizeof(device), "/dev/dm-%d", number);
    (void)snprintf(options, sizeof(options), "window=%u",
                   TATU_MAP_WINDOW_BASE + TATU_WINDOW_APPS0 * TATU_MAP_WINDOW_STRIDE +
                       image->offset);
    if (number < 0 ||
        mount(device, PLACE, way->type, MS_RDONLY, way->window ? options : NULL) != 0) {
        give_up(way->name);
    }
    if (!way->copied) {
        return PLACE PROGRAM;
    }
    if (mount("tmpfs", COPY, "tmpfs", 0, NULL) != 0) {
        give_up("tmpfs");
    }
    copy_program();
    close_devices(way);
    forget_caches();
    return COPY PROGRAM;
}

static void close_way(const struct way *way)
{
    if (!way->copied) {
        close_devices(way);
    } else if (umount(COPY) != 0) {
        give_up("umount");
    }
}

static uint32_t look(const volatile uint8_t *map, size_t len)
{
    const uint64_t began = now_us();

    for (size_t at = 0; at < len; at += PIECE_BLOCK) {
        (void)map[at];
    }
    return (uint32_t)(now_us() - began);
}

static void map_program(const struct way *way, long before_kib)
{
    const uint64_t began = now_us();
    const char *path = open_way(way);
    const uint32_t opened_us = (uint32_t)(now_us() - began);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;

    (void)fstat(fd, &info);
    uint8_t *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        give_up("map");
    }
    const uint32_t first_us = look(map, (size_t)info.st_size);
    const uint32_t again_us = look(map, (size_t)info.st_size);
    printf("[XIP] look %s open %u first %u again %u taken %ld\n", way->name, opened_us, first_us,
           again_us, before_kib - free_kib());
    (void)munmap(map, (size_t)info.st_size);
    (void)close(fd);
    close_way(way);
}

static pid_t start(const char *path, const int in[2], const int out[2])
{
    const pid_t pid = fork();

    if (pid == 0) {
        char *const args[] = {(char[]){"app"}, NULL}, *const none[] = {NULL};
        if (dup2(in[0], STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0) {
            (void)execve(path, args, none);
        }
        _exit(1);
    }
    return pid;
}

static void run_program(const struct way *way, long before_kib)
{
    const uint64_t began = now_us();
    const char *path = open_way(way);
    struct xip_times times;
    int in[2], out[2];

    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
        give_up("pipe");
    }
    const pid_t pid = start(path, in, out);
    (void)close(out[1]);
    if (read(out[0], &times, sizeof(times)) != (ssize_t)sizeof(times)) {
        give_up("program");
    }
    printf("[XIP] run %s open %u first %u again %u taken %ld\n", way->name,
           (uint32_t)(times.main_at_us - began), times.first_us, times.again_us,
           before_kib - free_kib());
    (void)close(in[0]);
    (void)close(in[1]);
    (void)close(out[0]);
    (void)waitpid(pid, NULL, 0);
    close_way(way);
}

int main(void)
{
    static uint8_t list[PIECE_BLOCK];
    const int fd = open(PIECE_WINDOW, O_RDONLY | O_CLOEXEC);

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (fd < 0 || piece_open_control() < 0 ||
        read(fd, list, sizeof(list)) != (ssize_t)sizeof(list) ||
        mount("proc", "/proc", "proc", 0, NULL) != 0) {
        give_up("set-up");
    }
    memcpy(images, list, sizeof(images));
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
            forget_caches();
            map_program(&ways[i], free_kib());
            if (strcmp(ways[i].type, "asxipfs") == 0 && !ways[i].copied) {
                forget_caches();
                run_program(&ways[i], free_kib());
            }
        }
    }
    printf("[XIP] done\n");
    (void)sleep(1);
    (void)reboot(RB_POWER_OFF);
    return 0;
}
