/* Files as flash holds them, and how operations on them last. */
#ifndef TATU_OS_LIB_POWER_DISK_H
#define TATU_OS_LIB_POWER_DISK_H

#include "base/base.h"

#define DISK_INODE_MAX 96u
#define DISK_NAME_MAX 96u
#define DISK_OPERATION_MAX 512u
#define DISK_NAME_SIZE 64u

struct disk_inode {
    bool is_folder;
    uint32_t gid;
    uint8_t *bytes;
    size_t len;
};

struct disk_name {
    bool is_used;
    size_t parent;
    size_t inode;
    char text[DISK_NAME_SIZE];
};

/* Inode 0 is the root. */
struct disk {
    size_t inode_count;
    struct disk_inode inodes[DISK_INODE_MAX];
    struct disk_name names[DISK_NAME_MAX];
};

enum disk_kind {
    DISK_CREATE, /* name -> inode */
    DISK_WRITE,  /* bytes at */
    DISK_CUT,    /* to len */
    DISK_OWN,    /* by gid */
    DISK_RENAME, /* name -> other */
    DISK_UNLINK, /* name */
    DISK_ERASE,
};

struct disk_operation {
    enum disk_kind kind;
    bool is_synced;
    bool is_torn; /* power failed in it */
    bool is_folder;
    size_t inode;
    size_t parent, other_parent;
    char name[DISK_NAME_SIZE], other[DISK_NAME_SIZE];
    size_t at, len;
    uint8_t *bytes;
    uint32_t gid;
};

#define DISK_NONE SIZE_MAX

void fake_disk_done(struct disk *disk);
void fake_disk_copy(struct disk *to, const struct disk *from);
size_t fake_disk_find(const struct disk *disk, size_t parent, const char *name);
bool fake_disk_is_empty(const struct disk *disk, size_t folder);
size_t fake_disk_add_inode(struct disk *disk, bool is_folder);

/* How much of an operation reaches flash. */
enum disk_part { DISK_NOTHING, DISK_HALF, DISK_ZEROS, DISK_ALL };
void fake_disk_apply(struct disk *disk, const struct disk_operation *operation, enum disk_part part,
                     uint32_t *random);

uint32_t fake_disk_draw(uint32_t *random);

#endif
