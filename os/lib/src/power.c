/* The store: what is noted of it, and the folder made anew of what flash would hold. */
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

#include "power_real.h"
#include "power_state.h"

#define PATH_SIZE 512

struct tatu_power *fake_power_current;

/* ---- noting ---- */

bool fake_power_fails_now(struct tatu_power *power)
{
    if (!power->is_off && power->count++ == power->cut_at) {
        power->is_off = true;
        return true;
    }
    return false;
}

/* False and errno: power is away. What it fails in may last in part. */
bool fake_power_note(struct tatu_power *power, struct disk_operation operation)
{
    uint32_t unused = 1;
    if (power->is_off) {
        errno = EIO;
        return false;
    }
    assert(power->operation_count < DISK_OPERATION_MAX);
    operation.is_torn = fake_power_fails_now(power);
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
    fake_disk_apply(&power->live, noted, DISK_ALL, &unused);
    return true;
}

void fake_power_forget(struct tatu_power *power)
{
    for (size_t i = 0; i < power->operation_count; i++) {
        free(power->operations[i].bytes);
    }
    power->operation_count = 0;
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

void fake_power_wipe(const struct tatu_power *power)
{
    const int result = nftw(power->root, wipe_one, 8, FTW_DEPTH | FTW_PHYS);
    assert(result == 0);
    (void)result;
}

/* Folders come before what is in them: their inodes are older. */
static void make_real(struct tatu_power *power)
{
    struct stat info;
    fake_power_wipe(power);
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
    static const enum disk_part parts[POWER_STYLES] = {DISK_NOTHING, DISK_HALF, DISK_ALL,
                                                       DISK_HALF};
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
    const enum disk_part part = parts[fake_disk_draw(&power->random) % TATU_COUNT_OF(parts)];
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
void fake_power_restart(struct tatu_power *power)
{
    struct disk next = {.inode_count = 0};
    fake_disk_copy(&next, &power->base);
    for (size_t i = 0; i < power->operation_count; i++) {
        const enum disk_part part = part_of(power, &power->operations[i]);
        fake_disk_apply(&next, &power->operations[i], part, &power->random);
    }
    fake_disk_copy(&power->base, &next);
    fake_disk_copy(&power->live, &next);
    fake_disk_done(&next);
    fake_power_forget(power);
    power->is_off = false;
    power->count = 0;
    power->cut_at = UINT32_MAX;
    make_real(power);
}

void fake_power_save(struct tatu_power *power)
{
    fake_disk_copy(&power->saved, &power->live);
    power->saved_vault = power->vault;
    for (size_t i = 0; i < power->kept_count; i++) {
        memcpy(power->kept[i].saved, power->kept[i].bytes, power->kept[i].size);
    }
}

void fake_power_restore(struct tatu_power *power)
{
    fake_power_forget(power);
    fake_disk_copy(&power->base, &power->saved);
    power->vault = power->saved_vault;
    for (size_t i = 0; i < power->kept_count; i++) {
        memcpy(power->kept[i].bytes, power->kept[i].saved, power->kept[i].size);
    }
    fake_power_restart(power);
}

/* ---- what lasts beside files ---- */

enum tatu_power_fate tatu_power_meet(struct tatu_power *power)
{
    if (power->is_off) {
        return TATU_POWER_NOT_DONE;
    }
    if (!fake_power_fails_now(power)) {
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
    assert(power->kept_count < POWER_KEPT_MAX);
    uint8_t *saved = malloc(size);
    assert(saved != NULL);
    power->kept[power->kept_count++] = (struct power_kept){bytes, size, saved};
}

int tatu_power_erase(struct tatu_power *power)
{
    if (!fake_power_note(power, (struct disk_operation){.kind = DISK_ERASE})) {
        return EIO;
    }
    fake_power_wipe(power);
    return 0;
}

static bool is_lasting(uint32_t number, struct tatu_span in)
{
    return number == TATU_SMC_RECORD_APPEND ||
           (number == TATU_SMC_VAULT && in.len > FAKE_VAULT_HEAD + 1 &&
            tatu_get_le16(in.data) == TATU_VAULT_COUNTER && in.data[FAKE_VAULT_HEAD + 1] != 0);
}

enum tatu_err fake_power_call(void *context, uint32_t number, struct tatu_span in,
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
