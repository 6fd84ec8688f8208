#include "power_disk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

uint32_t fake_disk_draw(uint32_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return *random;
}

void fake_disk_done(struct disk *disk)
{
    for (size_t i = 0; i < disk->inode_count; i++) {
        free(disk->inodes[i].bytes);
    }
    memset(disk, 0, sizeof(*disk));
}

static uint8_t *copy_bytes(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len + 1);
    assert(copy != NULL);
    if (len != 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

void fake_disk_copy(struct disk *to, const struct disk *from)
{
    fake_disk_done(to);
    *to = *from;
    for (size_t i = 0; i < to->inode_count; i++) {
        to->inodes[i].bytes = copy_bytes(from->inodes[i].bytes, from->inodes[i].len);
    }
}

static struct disk_name *find_name(struct disk *disk, size_t parent, const char *name)
{
    for (size_t i = 0; i < DISK_NAME_MAX; i++) {
        struct disk_name *entry = &disk->names[i];
        if (entry->is_used && entry->parent == parent && strcmp(entry->text, name) == 0) {
            return entry;
        }
    }
    return NULL;
}

size_t fake_disk_find(const struct disk *disk, size_t parent, const char *name)
{
    struct disk_name *entry = find_name((struct disk *)(uintptr_t)disk, parent, name);
    return entry == NULL ? DISK_NONE : entry->inode;
}

bool fake_disk_is_empty(const struct disk *disk, size_t folder)
{
    for (size_t i = 0; i < DISK_NAME_MAX; i++) {
        if (disk->names[i].is_used && disk->names[i].parent == folder) {
            return false;
        }
    }
    return true;
}

size_t fake_disk_add_inode(struct disk *disk, bool is_folder)
{
    assert(disk->inode_count < DISK_INODE_MAX);
    disk->inodes[disk->inode_count] =
        (struct disk_inode){.is_folder = is_folder, .bytes = copy_bytes(NULL, 0)};
    return disk->inode_count++;
}

static void set_name(struct disk *disk, size_t parent, const char *name, size_t inode)
{
    struct disk_name *entry = find_name(disk, parent, name);
    for (size_t i = 0; entry == NULL && i < DISK_NAME_MAX; i++) {
        entry = disk->names[i].is_used ? NULL : &disk->names[i];
    }
    assert(entry != NULL && strlen(name) < DISK_NAME_SIZE);
    *entry = (struct disk_name){.is_used = true, .parent = parent, .inode = inode};
    memcpy(entry->text, name, strlen(name));
}

static void drop_name(struct disk *disk, size_t parent, const char *name)
{
    struct disk_name *entry = find_name(disk, parent, name);
    if (entry != NULL) {
        entry->is_used = false;
    }
}

static void resize(struct disk_inode *inode, size_t len)
{
    uint8_t *bytes = realloc(inode->bytes, len + 1);
    assert(bytes != NULL);
    if (len > inode->len) {
        memset(bytes + inode->len, 0, len - inode->len);
    }
    inode->bytes = bytes;
    inode->len = len;
}

static void write_part(struct disk_inode *inode, const struct disk_operation *operation,
                       enum disk_part part)
{
    const size_t len = part == DISK_HALF ? operation->len / 2 : operation->len;
    if (operation->at + len > inode->len) {
        resize(inode, operation->at + len);
    }
    if (part == DISK_ZEROS) {
        memset(inode->bytes + operation->at, 0, len);
    } else if (len != 0) {
        memcpy(inode->bytes + operation->at, operation->bytes, len);
    }
}

/* JFFS2 writes the new name, then takes back the old one. */
static void rename_part(struct disk *disk, const struct disk_operation *operation,
                        enum disk_part part)
{
    set_name(disk, operation->other_parent, operation->other, operation->inode);
    if (part != DISK_HALF) {
        drop_name(disk, operation->parent, operation->name);
    }
}

static void erase(struct disk *disk, enum disk_part part, uint32_t *random)
{
    for (size_t i = 0; i < DISK_NAME_MAX; i++) {
        disk->names[i].is_used &= part != DISK_ALL && fake_disk_draw(random) % 2 != 0;
    }
    for (size_t i = 1; i < disk->inode_count; i++) {
        if (part == DISK_ALL || fake_disk_draw(random) % 2 != 0) {
            resize(&disk->inodes[i], 0);
        }
    }
}

void fake_disk_apply(struct disk *disk, const struct disk_operation *operation, enum disk_part part,
                     uint32_t *random)
{
    struct disk_inode *inode = &disk->inodes[operation->inode];
    if (operation->kind == DISK_CREATE) { /* the inode is there, whether its name lasts or not */
        while (disk->inode_count <= operation->inode) {
            (void)fake_disk_add_inode(disk, operation->is_folder);
        }
    }
    if (part == DISK_NOTHING) {
        return;
    }
    switch (operation->kind) {
    case DISK_WRITE:
        write_part(inode, operation, part);
        return;
    case DISK_RENAME:
        rename_part(disk, operation, part);
        return;
    case DISK_ERASE:
        erase(disk, part, random);
        return;
    case DISK_CREATE:
    case DISK_CUT:
    case DISK_OWN:
    case DISK_UNLINK:
        break;
    }
    if (part == DISK_HALF) { /* one node: it is there or not */
        return;
    }
    if (operation->kind == DISK_CREATE) {
        set_name(disk, operation->parent, operation->name, operation->inode);
    } else if (operation->kind == DISK_CUT) {
        resize(inode, operation->len);
    } else if (operation->kind == DISK_OWN) {
        inode->gid = operation->gid;
    } else {
        drop_name(disk, operation->parent, operation->name);
    }
}
