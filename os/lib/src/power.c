#include "os/lib/power.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "power_disk.h"

#define KEPT_MAX 4u
#define STYLES 4
#define PATH_SIZE 512
#define FOLDER "/dev/shm/tatu-power-XXXXXX"

struct kept {
    void *bytes;
    size_t size;
    uint8_t *saved;
};

struct tatu_power {
    char root[sizeof(FOLDER)];
    struct disk base; /* at the last start */
    struct disk live; /* with all that happened since */
    struct disk saved;
    ino_t real[DISK_INODE_MAX]; /* the file of each inode of `live` */
    dev_t device;
    struct disk_operation operations[DISK_OPERATION_MAX];
    size_t operation_count;

    uint32_t count; /* of lasting operations since the start */
    uint32_t cut_at;
    int style;
    uint32_t random;
    bool is_off;
    bool is_in_order;

    struct fake_vault vault, saved_vault;
    struct tatu_os_monitor monitor;
    enum tatu_err (*call)(void *context, uint32_t number, struct tatu_span in,
                          struct tatu_buf *out);
    void *call_context;
    struct kept kept[KEPT_MAX];
    size_t kept_count;
    char text[TATU_POWER_TEXT_MAX];
};

/* The program's calls end here, without an argument of ours. */
static struct tatu_power *current;

/* ---- what the linker puts in the program's way ---- */

/* `symbol` is what glibc makes of the name where files may be large. */
#define INTERPOSE(type, name, symbol, ...)                                                         \
    type __real_##name(__VA_ARGS__) __asm__("__real_" symbol);                                     \
    type __wrap_##name(__VA_ARGS__) __asm__("__wrap_" symbol)

INTERPOSE(int, open, "open64", const char *path, int flags, ...);
INTERPOSE(int, openat, "openat64", int folder, const char *path, int flags, ...);
INTERPOSE(ssize_t, write, "write", int fd, const void *bytes, size_t len);
INTERPOSE(int, ftruncate, "ftruncate64", int fd, off_t len);
INTERPOSE(int, fsync, "fsync", int fd);
INTERPOSE(int, fchown, "fchown", int fd, uid_t uid, gid_t gid);
INTERPOSE(int, fstat, "fstat64", int fd, struct stat *out);
INTERPOSE(int, mkdir, "mkdir", const char *path, mode_t mode);
INTERPOSE(int, rename, "rename", const char *from, const char *to);
INTERPOSE(int, renameat, "renameat", int from_folder, const char *from, int to_folder,
          const char *to);
INTERPOSE(int, unlink, "unlink", const char *path);
INTERPOSE(int, unlinkat, "unlinkat", int folder, const char *path, int flags);

/* ---- noting ---- */

static bool fails_now(struct tatu_power *power)
{
    if (!power->is_off && power->count++ == power->cut_at) {
        power->is_off = true;
        return true;
    }
    return false;
}

/* False and errno: power is away. What it fails in may last in part. */
static bool note(struct tatu_power *power, struct disk_operation operation)
{
    uint32_t unused = 1;
    if (power->is_off) {
        errno = EIO;
        return false;
    }
    assert(power->operation_count < DISK_OPERATION_MAX);
    operation.is_torn = fails_now(power);
    if (operation.bytes != NULL) {
        uint8_t *copy = malloc(operation.len + 1);
        assert(copy != NULL);
        memcpy(copy, operation.bytes, operation.len);
        operation.bytes = copy;
    }
    struct disk_operation *noted = &power->operations[power->operation_count++];
    *noted = operation;
    if (operation.is_torn) {
        errno = EIO;
        return false;
    }
    disk_apply(&power->live, noted, DISK_ALL, &unused);
    return true;
}

static void forget_operations(struct tatu_power *power)
{
    for (size_t i = 0; i < power->operation_count; i++) {
        free(power->operations[i].bytes);
    }
    power->operation_count = 0;
}

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
    if (current == NULL || __real_fstat(fd, &info) != 0 || info.st_dev != current->device ||
        (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))) {
        return DISK_NONE;
    }
    return find_real(current, info.st_ino);
}

/* Where a name is: a folder of ours, and the last part of the path. */
struct place {
    size_t folder; /* DISK_NONE: it is none of ours */
    char name[DISK_NAME_SIZE];
};

static struct place place_of(const char *path)
{
    struct place place = {.folder = DISK_NONE};
    const size_t root_len = current == NULL ? 0 : strlen(current->root);
    if (current == NULL || strncmp(path, current->root, root_len) != 0 || path[root_len] != '/') {
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
        place.folder = disk_find(&current->live, place.folder, place.name);
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
    return disk_find(&current->live, place->folder, place->name);
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
    struct disk_operation operation = operation_at(DISK_CREATE, place, current->live.inode_count);
    operation.is_folder = is_folder;
    return note(current, operation);
}

static void know_real(size_t inode, const struct stat *info)
{
    assert(inode < DISK_INODE_MAX);
    current->real[inode] = info->st_ino;
}

/* ---- calls of the program ---- */

static int finish_open(int fd, bool is_new)
{
    struct stat info;
    if (fd >= 0 && is_new && __real_fstat(fd, &info) == 0) {
        know_real(current->live.inode_count - 1, &info);
    }
    return fd;
}

/* False: it does not come to the call. */
static bool may_open(const struct place *place, int flags, bool *out_is_new)
{
    const size_t inode = find_at(place);
    *out_is_new = inode == DISK_NONE && (flags & O_CREAT) != 0;
    if (current->is_off && (flags & O_ACCMODE) != O_RDONLY) {
        errno = EIO;
        return false;
    }
    if (*out_is_new) {
        return note_new(place, false);
    }
    if (inode != DISK_NONE && (flags & O_TRUNC) != 0 && current->live.inodes[inode].len != 0) {
        return note(current, (struct disk_operation){.kind = DISK_CUT, .inode = inode});
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
        !note(current, (struct disk_operation){.kind = DISK_WRITE,
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
        !note(current,
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
    if (current->is_off || fails_now(current)) {
        errno = EIO;
        return -1;
    }
    for (size_t i = 0; i < current->operation_count; i++) {
        current->operations[i].is_synced |= is_of(&current->operations[i], inode);
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
    return note(current, operation) ? 0 : -1;
}

int __wrap_fstat(int fd, struct stat *out)
{
    const int result = __real_fstat(fd, out);
    const size_t inode = result == 0 ? inode_of(fd) : DISK_NONE;
    if (inode != DISK_NONE) {
        out->st_gid = current->live.inodes[inode].gid;
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
        know_real(current->live.inode_count - 1, &info);
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
    return note(current, operation);
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
    if (inode == DISK_NONE || current->live.inodes[inode].is_folder != is_folder ||
        (is_folder && !disk_is_empty(&current->live, inode))) {
        return true; /* not ours, or the call fails by itself */
    }
    return note(current, operation_at(DISK_UNLINK, place, inode));
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

/* ---- the folder, made of what there is ---- */

static void path_of(const struct tatu_power *power, size_t folder, char out[PATH_SIZE])
{
    char below[PATH_SIZE] = "", longer[PATH_SIZE];
    while (folder != 0) {
        size_t i = 0;
        while (!power->live.names[i].is_used || power->live.names[i].inode != folder) {
            i++;
            assert(i < DISK_NAME_MAX);
        }
        const int len = snprintf(longer, sizeof(longer), "/%s%s", power->live.names[i].text, below);
        assert(len < (int)sizeof(longer));
        memcpy(below, longer, (size_t)len + 1);
        folder = power->live.names[i].parent;
    }
    const int len = snprintf(out, PATH_SIZE, "%s%s", power->root, below);
    assert(len < PATH_SIZE);
}

/* A folder whose own name was lost is lost with all that is in it. */
static bool is_reached(const struct disk *disk, size_t folder)
{
    for (size_t steps = 0; folder != 0 && steps < DISK_INODE_MAX; steps++) {
        size_t i = 0;
        while (i < DISK_NAME_MAX && (!disk->names[i].is_used || disk->names[i].inode != folder)) {
            i++;
        }
        if (i == DISK_NAME_MAX) {
            return false;
        }
        folder = disk->names[i].parent;
    }
    return folder == 0;
}

static void make_file(struct tatu_power *power, const struct disk_name *name, const char *path)
{
    const struct disk_inode *inode = &power->live.inodes[name->inode];
    char first[PATH_SIZE + DISK_NAME_SIZE + 1], folder[PATH_SIZE];
    struct stat info;
    for (size_t i = 0; power->real[name->inode] != 0 && i < DISK_NAME_MAX; i++) {
        const struct disk_name *other = &power->live.names[i];
        if (other->is_used && other != name && other->inode == name->inode) {
            path_of(power, other->parent, folder);
            (void)snprintf(first, sizeof(first), "%s/%s", folder, other->text);
            const int linked = link(first, path);
            assert(linked == 0);
            (void)linked;
            return;
        }
    }
    const int fd = __real_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool is_made = fd >= 0 && __real_fstat(fd, &info) == 0 &&
                         __real_write(fd, inode->bytes, inode->len) == (ssize_t)inode->len;
    assert(is_made);
    (void)is_made;
    (void)close(fd);
    power->real[name->inode] = info.st_ino;
}

static void make_folder(struct tatu_power *power, const struct disk_name *name, const char *path)
{
    struct stat info;
    const bool is_made = __real_mkdir(path, 0700) == 0 && lstat(path, &info) == 0;
    assert(is_made);
    (void)is_made;
    power->real[name->inode] = info.st_ino;
}

static int wipe_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    return where->level == 0 ? 0 : remove(path);
}

static void wipe_folder(const struct tatu_power *power)
{
    const int result = nftw(power->root, wipe_one, 8, FTW_DEPTH | FTW_PHYS);
    assert(result == 0);
    (void)result;
}

/* Folders come before what is in them: their inodes are older. */
static void make_real(struct tatu_power *power)
{
    struct stat info;
    wipe_folder(power);
    memset(power->real, 0, sizeof(power->real));
    const int there = lstat(power->root, &info);
    assert(there == 0);
    (void)there;
    power->real[0] = info.st_ino;
    power->device = info.st_dev;
    for (size_t inode = 1; inode < power->live.inode_count; inode++) {
        for (size_t i = 0; i < DISK_NAME_MAX; i++) {
            const struct disk_name *name = &power->live.names[i];
            char folder[PATH_SIZE], path[PATH_SIZE + DISK_NAME_SIZE + 1];
            if (!name->is_used || name->inode != inode || !is_reached(&power->live, name->parent)) {
                continue;
            }
            path_of(power, name->parent, folder);
            (void)snprintf(path, sizeof(path), "%s/%s", folder, name->text);
            if (power->live.inodes[inode].is_folder) {
                make_folder(power, name, path);
            } else {
                make_file(power, name, path);
            }
        }
    }
}

/* ---- what flash holds after a cut ---- */

static enum disk_part part_of_torn(const struct tatu_power *power)
{
    static const enum disk_part parts[STYLES] = {DISK_NOTHING, DISK_HALF, DISK_ALL, DISK_HALF};
    return parts[power->style];
}

/* Any order: what was not synchronised may be there, or not, or be the room for it alone. */
static enum disk_part part_of_loose(struct tatu_power *power,
                                    const struct disk_operation *operation)
{
    if (operation->is_synced) {
        return DISK_ALL;
    }
    if (power->style == 2) {
        return DISK_NOTHING;
    }
    static const enum disk_part parts[4] = {DISK_NOTHING, DISK_ALL, DISK_ALL, DISK_ZEROS};
    const enum disk_part part = parts[disk_draw(&power->random) % TATU_COUNT_OF(parts)];
    return part == DISK_ZEROS && operation->kind != DISK_WRITE ? DISK_ALL : part;
}

static enum disk_part part_of(struct tatu_power *power, const struct disk_operation *operation)
{
    const bool is_loose = !power->is_in_order && power->style >= 2;
    if (power->is_off && is_loose) {
        return part_of_loose(power, operation);
    }
    return operation->is_torn ? part_of_torn(power) : DISK_ALL;
}

/* Power comes back. */
static void restart(struct tatu_power *power)
{
    struct disk next = {.inode_count = 0};
    disk_copy(&next, &power->base);
    for (size_t i = 0; i < power->operation_count; i++) {
        const enum disk_part part = part_of(power, &power->operations[i]);
        disk_apply(&next, &power->operations[i], part, &power->random);
    }
    disk_copy(&power->base, &next);
    disk_copy(&power->live, &next);
    disk_done(&next);
    forget_operations(power);
    power->is_off = false;
    power->count = 0;
    power->cut_at = UINT32_MAX;
    make_real(power);
}

static void save(struct tatu_power *power)
{
    disk_copy(&power->saved, &power->live);
    power->saved_vault = power->vault;
    for (size_t i = 0; i < power->kept_count; i++) {
        memcpy(power->kept[i].saved, power->kept[i].bytes, power->kept[i].size);
    }
}

static void restore(struct tatu_power *power)
{
    forget_operations(power);
    disk_copy(&power->base, &power->saved);
    power->vault = power->saved_vault;
    for (size_t i = 0; i < power->kept_count; i++) {
        memcpy(power->kept[i].bytes, power->kept[i].saved, power->kept[i].size);
    }
    restart(power);
}

/* ---- what lasts beside files ---- */

enum tatu_power_fate tatu_power_meet(struct tatu_power *power)
{
    if (power->is_off) {
        return TATU_POWER_NOT_DONE;
    }
    if (!fails_now(power)) {
        return TATU_POWER_DONE;
    }
    return power->style % 2 == 0 ? TATU_POWER_NOT_DONE : TATU_POWER_UNTOLD;
}

bool tatu_power_is_off(const struct tatu_power *power)
{
    return power->is_off;
}

void tatu_power_keep(struct tatu_power *power, void *bytes, size_t size)
{
    for (size_t i = 0; i < power->kept_count; i++) {
        if (power->kept[i].bytes == bytes) {
            return;
        }
    }
    assert(power->kept_count < KEPT_MAX);
    uint8_t *saved = malloc(size);
    assert(saved != NULL);
    power->kept[power->kept_count++] = (struct kept){bytes, size, saved};
}

int tatu_power_erase(struct tatu_power *power)
{
    if (!note(power, (struct disk_operation){.kind = DISK_ERASE})) {
        return EIO;
    }
    wipe_folder(power);
    return 0;
}

static bool is_lasting(uint32_t number, struct tatu_span in)
{
    return number == TATU_SMC_RECORD_APPEND ||
           (number == TATU_SMC_VAULT && in.len > FAKE_VAULT_HEAD + 1 &&
            tatu_get_le16(in.data) == TATU_VAULT_COUNTER && in.data[FAKE_VAULT_HEAD + 1] != 0);
}

static enum tatu_err call_vault(void *context, uint32_t number, struct tatu_span in,
                                struct tatu_buf *out)
{
    struct tatu_power *power = context;
    if (power->is_off) {
        return TATU_ERR_IO;
    }
    if (number != TATU_SMC_RECORD_APPEND && number != TATU_SMC_VAULT && power->call != NULL) {
        return power->call(power->call_context, number, in, out);
    }
    const enum tatu_power_fate fate =
        is_lasting(number, in) ? tatu_power_meet(power) : TATU_POWER_DONE;
    if (fate == TATU_POWER_NOT_DONE) {
        return TATU_ERR_IO;
    }
    const enum tatu_err err = fake_vault_call(&power->vault, number, in, out);
    return fate == TATU_POWER_UNTOLD ? TATU_ERR_IO : err;
}

const char *tatu_power_root(const struct tatu_power *power)
{
    return power->root;
}

const struct tatu_os_monitor *tatu_power_monitor(const struct tatu_power *power)
{
    return &power->monitor;
}

struct fake_vault *tatu_power_vault(struct tatu_power *power)
{
    return &power->vault;
}

void tatu_power_set_call(struct tatu_power *power,
                         enum tatu_err (*call)(void *context, uint32_t number, struct tatu_span in,
                                               struct tatu_buf *out),
                         void *context)
{
    power->call = call;
    power->call_context = context;
}

void tatu_power_say(struct tatu_power *power, const char *format, ...)
{
    const size_t len = strlen(power->text);
    va_list rest;
    va_start(rest, format);
    const int more = vsnprintf(power->text + len, sizeof(power->text) - len, format, rest);
    va_end(rest);
    assert(more >= 0 && (size_t)more < sizeof(power->text) - len);
    (void)more;
}

/* ---- the campaign ---- */

struct options {
    uint32_t stride;
    uint32_t doubles;
    uint32_t seed;
    const char *flow;
    long at;
    int style;
};

struct campaign {
    struct options options;
    struct tatu_power power;
    const struct tatu_power_flow *flow;
    char before[TATU_POWER_TEXT_MAX];
    char after[TATU_POWER_TEXT_MAX];
    uint32_t operations;
    uint32_t tried;
    uint32_t failed;
};

static void describe(struct campaign *c)
{
    c->power.text[0] = '\0';
    c->flow->describe(&c->power);
}

static void fail(struct campaign *c, const char *what, uint32_t at, int style)
{
    c->failed++;
    printf("FAILED: %s, cut at %u style %d: %s\n", c->flow->name, at, style, what);
    printf("  old: %s\n  new: %s\n  is:  %s\n", c->before, c->after, c->power.text);
    printf("to repeat: --flow '%s' --at %u %d --seed %u\n", c->flow->name, at, style,
           c->options.seed);
}

/* An empty store of a new board, then the flow's start and its end. */
static bool learn(struct campaign *c)
{
    struct tatu_power *power = &c->power;
    forget_operations(power);
    disk_done(&power->base);
    (void)disk_add_inode(&power->base, true);
    power->vault = (struct fake_vault){.fail_at = 0};
    power->is_in_order = c->flow->in_order;
    power->call = NULL;
    restart(power);
    if (c->flow->prepare != NULL && !c->flow->prepare(power)) {
        return false;
    }
    save(power);
    restart(power);
    describe(c);
    memcpy(c->before, power->text, sizeof(c->before));
    restore(power);
    if (!c->flow->run(power)) {
        return false;
    }
    c->operations = power->count;
    restart(power);
    describe(c);
    memcpy(c->after, power->text, sizeof(c->after));
    return c->flow->end == NULL || strcmp(c->after, c->flow->end) == 0;
}

static const char *judge(struct campaign *c, bool is_done)
{
    struct tatu_power *power = &c->power;
    restart(power);
    describe(c);
    const bool is_new = strcmp(power->text, c->after) == 0;
    if (!is_new && strcmp(power->text, c->before) != 0 &&
        (c->flow->may_be == NULL || !c->flow->may_be(power->text))) {
        return "neither the old state nor the new one";
    }
    if (is_done && !is_new) {
        return "what was acknowledged is not there";
    }
    restart(power);
    if (!c->flow->run(power)) {
        return "the flow cannot be repeated";
    }
    restart(power);
    describe(c);
    return strcmp(power->text, c->after) == 0 ? NULL : "repeating does not end it";
}

static void cut_once(struct campaign *c, uint32_t at, int style)
{
    restore(&c->power);
    c->tried++;
    c->power.random = c->options.seed + at * 4u + (uint32_t)style + 1u;
    c->power.cut_at = at;
    c->power.style = style;
    const bool is_done = c->flow->run(&c->power);
    c->power.is_off = true; /* a cut that was not reached comes when all is done */
    const char *wrong = judge(c, is_done);
    if (wrong != NULL) {
        fail(c, wrong, at, style);
    }
}

/* Again in what follows: the start, which may mend, or the repetition. */
static void cut_twice(struct campaign *c, uint32_t *seed)
{
    const uint32_t at = disk_draw(seed) % (c->operations + 1);
    const int style = (int)(disk_draw(seed) % STYLES);
    restore(&c->power);
    c->tried++;
    c->power.random = disk_draw(seed);
    c->power.cut_at = at;
    c->power.style = style;
    (void)c->flow->run(&c->power);
    c->power.is_off = true;
    restart(&c->power);
    c->power.cut_at = disk_draw(seed) % (c->operations + 4);
    c->power.style = (int)(disk_draw(seed) % STYLES);
    describe(c);
    const bool is_done = c->flow->run(&c->power);
    c->power.is_off = true;
    const char *wrong = judge(c, is_done);
    if (wrong != NULL) {
        fail(c, wrong, at, style);
    }
}

static void run_flow(struct campaign *c)
{
    uint32_t seed = c->options.seed;
    const uint32_t tried = c->tried;
    const uint32_t failed = c->failed;
    if (!learn(c)) {
        c->tried++;
        c->failed++;
        printf("FAILED: %s does not work even with power: '%s'\n", c->flow->name, c->power.text);
        return;
    }
    if (c->options.at >= 0) {
        cut_once(c, (uint32_t)c->options.at, c->options.style);
    } else {
        for (uint32_t at = 0; at <= c->operations; at += c->options.stride) {
            for (int style = 0; style < STYLES; style++) {
                cut_once(c, at, style);
            }
        }
        for (uint32_t i = 0; i < c->options.doubles; i++) {
            cut_twice(c, &seed);
        }
    }
    printf("%-36s %5u operations, %6u cuts, %u stores lost\n", c->flow->name, c->operations,
           c->tried - tried, c->failed - failed);
    (void)fflush(stdout);
}

static bool parse(int argc, char **argv, struct options *out)
{
    struct options options = {.stride = 1, .doubles = 20, .seed = 1, .at = -1};
    for (int i = 1; i < argc; i++) {
        const bool more = i + 1 < argc;
        if (more && strcmp(argv[i], "--stride") == 0) {
            options.stride = (uint32_t)strtoul(argv[++i], NULL, 0);
        } else if (more && strcmp(argv[i], "--double") == 0) {
            options.doubles = (uint32_t)strtoul(argv[++i], NULL, 0);
        } else if (more && strcmp(argv[i], "--seed") == 0) {
            options.seed = (uint32_t)strtoul(argv[++i], NULL, 0);
        } else if (more && strcmp(argv[i], "--flow") == 0) {
            options.flow = argv[++i];
        } else if (i + 2 < argc && strcmp(argv[i], "--at") == 0) {
            options.at = strtol(argv[++i], NULL, 0);
            options.style = (int)strtol(argv[++i], NULL, 0);
        } else {
            return false;
        }
    }
    *out = options;
    return options.stride > 0 && options.seed != 0 && options.style >= 0 && options.style < STYLES;
}

static bool open_campaign(struct campaign *c)
{
    struct tatu_power *power = &c->power;
    memcpy(power->root, FOLDER, sizeof(power->root));
    power->monitor = (struct tatu_os_monitor){.call = call_vault, .context = power, .fd = -1};
    current = power;
    return mkdtemp(power->root) != NULL;
}

static void close_campaign(struct campaign *c)
{
    struct tatu_power *power = &c->power;
    forget_operations(power);
    wipe_folder(power);
    (void)rmdir(power->root);
    disk_done(&power->base);
    disk_done(&power->live);
    disk_done(&power->saved);
    for (size_t i = 0; i < power->kept_count; i++) {
        free(power->kept[i].saved);
    }
    current = NULL;
}

int tatu_power_main(int argc, char **argv, const struct tatu_power_flow *flows, size_t count)
{
    static struct campaign campaign;
    uint32_t found = 0;
    memset(&campaign, 0, sizeof(campaign));
    if (!parse(argc, argv, &campaign.options) || !open_campaign(&campaign)) {
        (void)fprintf(stderr, "usage: [--stride N] [--double N] [--seed S] [--flow NAME] "
                              "[--at OPERATION STYLE]\n");
        return 2;
    }
    for (size_t i = 0; i < count; i++) {
        campaign.flow = &flows[i];
        if (campaign.options.flow == NULL ||
            strcmp(campaign.options.flow, campaign.flow->name) == 0) {
            run_flow(&campaign);
            found++;
        }
    }
    close_campaign(&campaign);
    printf("%u passed, %u failed\n", campaign.tried - campaign.failed, campaign.failed);
    return found == 0 || campaign.failed != 0;
}
