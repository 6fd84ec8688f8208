/* The file calls of the program under test: the linker puts these in their way. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "power_real.h"
#include "power_state.h"

/* ---- which file it is ---- */

static size_t find_real(const struct tatu_power *power, ino_t real)
{
    for (size_t i = power->live.inode_count; i > 0; i--) { /* a number may have been used before */
        if (power->real[i - 1] == real) {
            return i - 1;
        }
    }
    return DISK_NONE;
}

static size_t inode_of(int fd)
{
    struct stat info;
    if (fake_power_current == NULL || __real_fstat(fd, &info) != 0 ||
        info.st_dev != fake_power_current->device ||
        (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))) {
        return DISK_NONE;
    }
    return find_real(fake_power_current, info.st_ino);
}

/* Where a name is: a folder of ours, and the last part of the path. */
struct place {
    size_t folder; /* DISK_NONE: it is none of ours */
    char name[DISK_NAME_SIZE];
};

static struct place place_of(const char *path)
{
    struct place place = {.folder = DISK_NONE};
    const size_t root_len = fake_power_current == NULL ? 0 : strlen(fake_power_current->root);
    if (fake_power_current == NULL || strncmp(path, fake_power_current->root, root_len) != 0 ||
        path[root_len] != '/') {
        return place;
    }
    place.folder = 0;
    const char *at = path + root_len + 1;
    for (;;) {
        const char *slash = strchr(at, '/');
        const size_t len = slash == NULL ? strlen(at) : (size_t)(slash - at);
        assert(len < sizeof(place.name));
        memcpy(place.name, at, len);
        place.name[len] = '\0';
        if (slash == NULL) {
            return place;
        }
        place.folder = fake_disk_find(&fake_power_current->live, place.folder, place.name);
        if (place.folder == DISK_NONE) {
            return place;
        }
        at = slash + 1;
    }
}

static struct place place_in(int folder, const char *name)
{
    struct place place = {.folder = inode_of(folder)};
    assert(strlen(name) < sizeof(place.name));
    memcpy(place.name, name, strlen(name));
    return place;
}

static size_t find_at(const struct place *place)
{
    return fake_disk_find(&fake_power_current->live, place->folder, place->name);
}

static struct disk_operation operation_at(enum disk_kind kind, const struct place *place,
                                          size_t inode)
{
    struct disk_operation operation = {.kind = kind, .inode = inode, .parent = place->folder};
    memcpy(operation.name, place->name, sizeof(operation.name));
    return operation;
}

/* A file or folder is about to be made. */
static bool note_new(const struct place *place, bool is_folder)
{
    struct disk_operation operation =
        operation_at(DISK_CREATE, place, fake_power_current->live.inode_count);
    operation.is_folder = is_folder;
    return fake_power_note(fake_power_current, operation);
}

static void know_real(size_t inode, const struct stat *info)
{
    assert(inode < DISK_INODE_MAX);
    fake_power_current->real[inode] = info->st_ino;
}

/* ---- the calls ---- */

static int finish_open(int fd, bool is_new)
{
    struct stat info;
    if (fd >= 0 && is_new && __real_fstat(fd, &info) == 0) {
        know_real(fake_power_current->live.inode_count - 1, &info);
    }
    return fd;
}

/* False: it does not come to the call. */
static bool may_open(const struct place *place, int flags, bool *out_is_new)
{
    const size_t inode = find_at(place);
    *out_is_new = inode == DISK_NONE && (flags & O_CREAT) != 0;
    if (fake_power_current->is_off && (flags & O_ACCMODE) != O_RDONLY) {
        errno = EIO;
        return false;
    }
    if (*out_is_new) {
        return note_new(place, false);
    }
    if (inode != DISK_NONE && (flags & O_TRUNC) != 0 &&
        fake_power_current->live.inodes[inode].len != 0) {
        return fake_power_note(fake_power_current,
                               (struct disk_operation){.kind = DISK_CUT, .inode = inode});
    }
    return true;
}

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & O_CREAT) != 0 ? (mode_t)va_arg(rest, int) : 0;
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = mode_of(flags, rest);
    va_end(rest);
    const struct place place = place_of(path);
    bool is_new = false;
    if (place.folder != DISK_NONE && !may_open(&place, flags, &is_new)) {
        return -1;
    }
    return finish_open(__real_open(path, flags, mode), is_new);
}

int __wrap_openat(int folder, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = mode_of(flags, rest);
    va_end(rest);
    const struct place place = place_in(folder, path);
    bool is_new = false;
    if (place.folder != DISK_NONE && !may_open(&place, flags, &is_new)) {
        return -1;
    }
    return finish_open(__real_openat(folder, path, flags, mode), is_new);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    const size_t inode = inode_of(fd);
    if (inode != DISK_NONE &&
        !fake_power_note(fake_power_current,
                         (struct disk_operation){.kind = DISK_WRITE,
                                                 .inode = inode,
                                                 .at = (size_t)lseek(fd, 0, SEEK_CUR),
                                                 .len = len,
                                                 .bytes = (uint8_t *)(uintptr_t)bytes})) {
        return -1;
    }
    return __real_write(fd, bytes, len);
}

int __wrap_ftruncate(int fd, off_t len)
{
    const size_t inode = inode_of(fd);
    if (inode != DISK_NONE &&
        !fake_power_note(
            fake_power_current,
            (struct disk_operation){.kind = DISK_CUT, .inode = inode, .len = (size_t)len})) {
        return -1;
    }
    return __real_ftruncate(fd, len);
}

/* Of a file what is in it, of a folder its names. */
static bool is_of(const struct disk_operation *operation, size_t inode)
{
    switch (operation->kind) {
    case DISK_WRITE:
    case DISK_CUT:
    case DISK_OWN:
        return operation->inode == inode;
    case DISK_RENAME:
        return operation->parent == inode || operation->other_parent == inode;
    case DISK_CREATE:
    case DISK_UNLINK:
        return operation->parent == inode;
    case DISK_ERASE:
        break;
    }
    return true;
}

int __wrap_fsync(int fd)
{
    const size_t inode = inode_of(fd);
    if (inode == DISK_NONE) {
        return __real_fsync(fd);
    }
    if (fake_power_current->is_off || fake_power_fails_now(fake_power_current)) {
        errno = EIO;
        return -1;
    }
    for (size_t i = 0; i < fake_power_current->operation_count; i++) {
        fake_power_current->operations[i].is_synced |=
            is_of(&fake_power_current->operations[i], inode);
    }
    return 0;
}

/* Who tests need not be root: owners are noted and told, never given. */
int __wrap_fchown(int fd, uid_t uid, gid_t gid)
{
    const size_t inode = inode_of(fd);
    if (inode == DISK_NONE) {
        return __real_fchown(fd, uid, gid);
    }
    const struct disk_operation operation = {.kind = DISK_OWN, .inode = inode, .gid = gid};
    return fake_power_note(fake_power_current, operation) ? 0 : -1;
}

int __wrap_fstat(int fd, struct stat *out)
{
    const int result = __real_fstat(fd, out);
    const size_t inode = result == 0 ? inode_of(fd) : DISK_NONE;
    if (inode != DISK_NONE) {
        out->st_gid = fake_power_current->live.inodes[inode].gid;
    }
    return result;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    struct stat info;
    const struct place place = place_of(path);
    const bool is_ours = place.folder != DISK_NONE && find_at(&place) == DISK_NONE;
    if (is_ours && !note_new(&place, true)) {
        return -1;
    }
    const int result = __real_mkdir(path, mode);
    if (is_ours && result == 0 && lstat(path, &info) == 0) {
        know_real(fake_power_current->live.inode_count - 1, &info);
    }
    return result;
}

/* False and errno: the call is not made. */
static bool note_rename(const struct place *from, const struct place *to)
{
    const size_t inode = from->folder == DISK_NONE ? DISK_NONE : find_at(from);
    if (inode == DISK_NONE) {
        return true; /* not ours, or the call says itself that it is not there */
    }
    struct disk_operation operation = operation_at(DISK_RENAME, from, inode);
    operation.other_parent = to->folder;
    memcpy(operation.other, to->name, sizeof(operation.other));
    return fake_power_note(fake_power_current, operation);
}

int __wrap_rename(const char *from, const char *to)
{
    const struct place old = place_of(from), new = place_of(to);
    return note_rename(&old, &new) ? __real_rename(from, to) : -1;
}

int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    const struct place old = place_in(from_folder, from), new = place_in(to_folder, to);
    return note_rename(&old, &new) ? __real_renameat(from_folder, from, to_folder, to) : -1;
}

static bool note_unlink(const struct place *place, int flags)
{
    const size_t inode = place->folder == DISK_NONE ? DISK_NONE : find_at(place);
    const bool is_folder = (flags & AT_REMOVEDIR) != 0;
    if (inode == DISK_NONE || fake_power_current->live.inodes[inode].is_folder != is_folder ||
        (is_folder && !fake_disk_is_empty(&fake_power_current->live, inode))) {
        return true; /* not ours, or the call fails by itself */
    }
    return fake_power_note(fake_power_current, operation_at(DISK_UNLINK, place, inode));
}

int __wrap_unlink(const char *path)
{
    const struct place place = place_of(path);
    return note_unlink(&place, 0) ? __real_unlink(path) : -1;
}

int __wrap_unlinkat(int folder, const char *path, int flags)
{
    const struct place place = place_in(folder, path);
    return note_unlink(&place, flags) ? __real_unlinkat(folder, path, flags) : -1;
}
