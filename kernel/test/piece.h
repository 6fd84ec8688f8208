/* For test programs that are process 1: device-mapper devices over a window of the flash. */
#ifndef TATU_KERNEL_TEST_PIECE_H
#define TATU_KERNEL_TEST_PIECE_H

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#define PIECE_WINDOW "/dev/mtdblock1"
#define PIECE_BLOCK 4096u
#define PIECE_SECTOR 512u

struct piece_request {
    struct dm_ioctl head;
    struct dm_target_spec target;
    char table[256];
};

static int piece_control = -1;

static inline int piece_open_control(void)
{
    piece_control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
    return piece_control;
}

static inline int piece_ask(unsigned long what, const char *name, struct piece_request *request)
{
    request->head.version[0] = DM_VERSION_MAJOR;
    request->head.data_size = sizeof(*request);
    request->head.data_start = offsetof(struct piece_request, target);
    (void)snprintf(request->head.name, sizeof(request->head.name), "%s", name);
    return ioctl(piece_control, what, request);
}

/* A read-only device of one target; its minor number, or -1. */
static inline int piece_make(const char *name, const char *type, uint32_t len, const char *table)
{
    struct piece_request create = {0}, load = {0}, resume = {0};

    load.head.flags = DM_READONLY_FLAG;
    load.head.target_count = 1;
    load.target.length = len / PIECE_SECTOR;
    (void)snprintf(load.target.target_type, sizeof(load.target.target_type), "%s", type);
    (void)snprintf(load.table, sizeof(load.table), "%s", table);
    if (piece_ask(DM_DEV_CREATE, name, &create) != 0 || piece_ask(DM_TABLE_LOAD, name, &load) != 0 ||
        piece_ask(DM_DEV_SUSPEND, name, &resume) != 0) {
        return -1;
    }
    return (int)minor(resume.head.dev);
}

static inline int piece_open(const char *name, uint32_t offset, uint32_t len)
{
    char table[64];

    (void)snprintf(table, sizeof(table), PIECE_WINDOW " %u", offset / PIECE_SECTOR);
    return piece_make(name, "linear", len, table);
}

/* Over a piece that holds the hash tree after its data. */
static inline int piece_verify(const char *name, int piece, uint32_t data_len, const char *root)
{
    char table[256];
    const unsigned blocks = data_len / PIECE_BLOCK;

    (void)snprintf(table, sizeof(table), "1 /dev/dm-%d /dev/dm-%d %u %u %u %u sha256 %.64s -", piece, piece, PIECE_BLOCK,
                   PIECE_BLOCK, blocks, blocks, root);
    return piece_make(name, "verity", data_len, table);
}

static inline int piece_close(const char *name)
{
    struct piece_request request = {0};

    return piece_ask(DM_DEV_REMOVE, name, &request);
}

#endif
