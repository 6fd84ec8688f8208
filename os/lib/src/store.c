#include "os/lib/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/lib/file.h"
#include "os/lib/vault.h"

/* Sealed file: parts one after the other, each u16 length and the sealed bytes of
 * { u64 generation, u16 index, u16 count, u32 length of the whole, content }. The generation is
 * random for each save: parts of two files, or of two states of one, do not go together. */
#define PART_HEADER_SIZE 16u
#define PART_PLAIN_MAX (PART_HEADER_SIZE + TATU_OS_SEALED_PART)
#define PART_SEALED_MAX (PART_PLAIN_MAX + TATU_OS_SEAL_MORE)
#define PART_LEN_SIZE 2u
#define GENERATION_SIZE 8u

_Static_assert(PART_PLAIN_MAX == TATU_OS_SEAL_MAX, "a part is as long as the vault takes");

static enum tatu_err errno_error(void)
{
    switch (errno) {
    case ENOENT:
        return TATU_ERR_NOT_FOUND;
    case ELOOP: /* not what we write: the store was changed behind our back */
    case ENXIO:
    case EISDIR:
    case EACCES: /* a device, where there may be none */
        return TATU_ERR_FORMAT;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return TATU_ERR_FULL;
    default:
        return TATU_ERR_IO;
    }
}

static enum tatu_err name_new(const char *path, char out[TATU_OS_STORE_PATH_MAX + 5])
{
    if (path[0] != '/' || strnlen(path, TATU_OS_STORE_PATH_MAX) == TATU_OS_STORE_PATH_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    (void)snprintf(out, TATU_OS_STORE_PATH_MAX + 5, "%s.new", path);
    return TATU_OK;
}

/* The name in its folder is in flash as well. */
static enum tatu_err sync_folder(const char *path)
{
    char folder[TATU_OS_STORE_PATH_MAX];
    const char *end = strrchr(path, '/');
    const size_t len = end == path ? 1 : (size_t)(end - path);
    memcpy(folder, path, len);
    folder[len] = '\0';
    TATU_OS_CLOSING int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? TATU_OK : TATU_ERR_IO;
}

static enum tatu_err write_whole(int fd, struct tatu_span bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        const ssize_t put = write(fd, bytes.data + at, bytes.len - at);
        if (put < 0 && errno != EINTR) {
            return errno_error();
        }
        at += put < 0 ? 0 : (size_t)put;
    }
    return fsync(fd) == 0 ? TATU_OK : TATU_ERR_IO;
}

/* One that is there may be the file itself: JFFS2 renames by writing the new name and then taking
 * back the old one, and power may have failed in between. */
static enum tatu_err write_new(const char *path, struct tatu_span bytes)
{
    if (unlink(path) != 0 && errno != ENOENT) {
        return errno_error();
    }
    TATU_OS_CLOSING int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? errno_error() : write_whole(fd, bytes);
}

enum tatu_err tatu_os_save_file(const char *path, struct tatu_span bytes)
{
    char new_path[TATU_OS_STORE_PATH_MAX + 5];
    TATU_TRY(name_new(path, new_path));
    if (bytes.len > TATU_OS_STORE_FILE_MAX * 2) {
        return TATU_ERR_LONG;
    }
    enum tatu_err err = write_new(new_path, bytes);
    if (err == TATU_OK && rename(new_path, path) != 0) {
        err = errno_error();
    }
    if (err != TATU_OK) {
        (void)unlink(new_path);
        return err;
    }
    return sync_folder(path);
}

enum tatu_err tatu_os_load_file(const char *path, struct tatu_buf *out)
{
    struct stat status;
    TATU_OS_CLOSING int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        return errno_error();
    }
    if (!S_ISREG(status.st_mode)) {
        return TATU_ERR_FORMAT;
    }
    const size_t before = out->len;
    for (;;) {
        uint8_t more;
        const bool filled = out->len == out->cap;
        const ssize_t got = read(fd, filled ? &more : out->data + out->len,
                                 filled ? sizeof(more) : out->cap - out->len);
        if (got == 0) {
            return TATU_OK;
        }
        if (filled || (got < 0 && errno != EINTR)) {
            out->len = before;
            return filled ? TATU_ERR_FULL : TATU_ERR_IO;
        }
        out->len += got < 0 ? 0 : (size_t)got;
    }
}

enum tatu_err tatu_os_remove_file(const char *path)
{
    char new_path[TATU_OS_STORE_PATH_MAX + 5];
    TATU_TRY(name_new(path, new_path));
    if ((unlink(new_path) != 0 && errno != ENOENT) || (unlink(path) != 0 && errno != ENOENT)) {
        return TATU_ERR_IO;
    }
    return sync_folder(path);
}

/* ---- sealed ---- */

static enum tatu_err make_label(const char *label, uint8_t out[TATU_OS_LABEL_SIZE])
{
    _Static_assert(TATU_OS_STORE_NAME_MAX == TATU_OS_LABEL_SIZE, "a name is a label");
    const size_t len = strnlen(label, TATU_OS_LABEL_SIZE + 1);
    if (len == 0 || len > TATU_OS_LABEL_SIZE) {
        return TATU_ERR_ARGUMENT;
    }
    memset(out, 0, TATU_OS_LABEL_SIZE);
    memcpy(out, label, len);
    return TATU_OK;
}

static size_t part_count(size_t len)
{
    return len == 0 ? 1 : (len + TATU_OS_SEALED_PART - 1) / TATU_OS_SEALED_PART;
}

static enum tatu_err seal_part(const struct tatu_os_monitor *monitor,
                               const uint8_t label[TATU_OS_LABEL_SIZE],
                               const uint8_t generation[GENERATION_SIZE], size_t index,
                               struct tatu_span whole, struct tatu_buf *out)
{
    uint8_t plain[PART_PLAIN_MAX];
    uint8_t sealed[PART_SEALED_MAX];
    uint8_t len_bytes[PART_LEN_SIZE];
    struct tatu_buf room = TATU_BUF_OF(sealed);
    const size_t at = index * TATU_OS_SEALED_PART;
    const size_t len = whole.len - at < TATU_OS_SEALED_PART ? whole.len - at : TATU_OS_SEALED_PART;
    memcpy(plain, generation, GENERATION_SIZE);
    tatu_put_le16(plain + 8, (uint16_t)index);
    tatu_put_le16(plain + 10, (uint16_t)part_count(whole.len));
    tatu_put_le32(plain + 12, (uint32_t)whole.len);
    if (len != 0) {
        memcpy(plain + PART_HEADER_SIZE, whole.data + at, len);
    }
    const enum tatu_err err =
        tatu_os_seal(monitor, label, (struct tatu_span){plain, PART_HEADER_SIZE + len}, &room);
    tatu_base_wipe(plain, sizeof(plain));
    TATU_TRY(err);
    tatu_put_le16(len_bytes, (uint16_t)room.len);
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(len_bytes)));
    return tatu_base_put_bytes(out, (struct tatu_span){sealed, room.len});
}

/* Where the parts are put together. One thread, one file at a time. */
static uint8_t gathered[(TATU_OS_STORE_FILE_MAX / TATU_OS_SEALED_PART + 1) *
                        (PART_LEN_SIZE + PART_SEALED_MAX)];

enum tatu_err tatu_os_save_sealed(const struct tatu_os_monitor *monitor, const char *path,
                                  const char *label, struct tatu_span bytes)
{
    struct tatu_buf file = TATU_BUF_OF(gathered);
    uint8_t name[TATU_OS_LABEL_SIZE];
    uint8_t generation[GENERATION_SIZE];
    TATU_TRY(make_label(label, name));
    if (bytes.len > TATU_OS_STORE_FILE_MAX) {
        return TATU_ERR_LONG;
    }
    if (getrandom(generation, sizeof(generation), 0) != (ssize_t)sizeof(generation)) {
        return TATU_ERR_ENTROPY;
    }
    for (size_t i = 0; i < part_count(bytes.len); i++) {
        TATU_TRY(seal_part(monitor, name, generation, i, bytes, &file));
    }
    return tatu_os_save_file(path, (struct tatu_span){file.data, file.len});
}

/* What all parts must have in common. */
struct opening {
    struct tatu_span left;
    uint8_t head[PART_HEADER_SIZE];
    size_t index;
    size_t count;
    size_t total;
};

static enum tatu_err check_part(struct opening *opening, struct tatu_span plain)
{
    if (plain.len < PART_HEADER_SIZE) {
        return TATU_ERR_FORMAT;
    }
    if (opening->index == 0) {
        memcpy(opening->head, plain.data, sizeof(opening->head));
        opening->count = tatu_get_le16(plain.data + 10);
        opening->total = tatu_get_le32(plain.data + 12);
    }
    const size_t at = opening->index * TATU_OS_SEALED_PART;
    tatu_put_le16(opening->head + 8, (uint16_t)opening->index);
    if (memcmp(opening->head, plain.data, sizeof(opening->head)) != 0 ||
        opening->total > TATU_OS_STORE_FILE_MAX || opening->count != part_count(opening->total) ||
        plain.len - PART_HEADER_SIZE != (opening->total - at < TATU_OS_SEALED_PART
                                             ? opening->total - at
                                             : TATU_OS_SEALED_PART)) {
        return TATU_ERR_FORMAT;
    }
    return TATU_OK;
}

static enum tatu_err open_part(const struct tatu_os_monitor *monitor,
                               const uint8_t label[TATU_OS_LABEL_SIZE], struct opening *opening,
                               struct tatu_buf *out)
{
    uint8_t plain[PART_PLAIN_MAX];
    struct tatu_buf room = TATU_BUF_OF(plain);
    struct tatu_span field, sealed;
    TATU_TRY(tatu_base_take_span(opening->left, 0, PART_LEN_SIZE, &field));
    TATU_TRY(tatu_base_take_span(opening->left, PART_LEN_SIZE, tatu_get_le16(field.data), &sealed));
    enum tatu_err err = tatu_os_unseal(monitor, label, sealed, &room);
    if (err == TATU_OK) {
        err = check_part(opening, (struct tatu_span){plain, room.len});
    }
    if (err == TATU_OK) {
        err = tatu_base_put_bytes(
            out, (struct tatu_span){plain + PART_HEADER_SIZE, room.len - PART_HEADER_SIZE});
    }
    tatu_base_wipe(plain, sizeof(plain));
    const size_t used = PART_LEN_SIZE + sealed.len;
    opening->left = (struct tatu_span){opening->left.data + used, opening->left.len - used};
    opening->index++;
    return err;
}

enum tatu_err tatu_os_load_sealed(const struct tatu_os_monitor *monitor, const char *path,
                                  const char *label, struct tatu_buf *out)
{
    struct tatu_buf file = TATU_BUF_OF(gathered);
    TATU_TRY(tatu_os_load_file(path, &file));
    return tatu_os_open_sealed(monitor, (struct tatu_span){file.data, file.len}, label, out);
}

enum tatu_err tatu_os_open_sealed(const struct tatu_os_monitor *monitor, struct tatu_span file,
                                  const char *label, struct tatu_buf *out)
{
    uint8_t name[TATU_OS_LABEL_SIZE];
    TATU_TRY(make_label(label, name));
    struct opening opening = {.left = file, .count = 1};
    const size_t before = out->len;
    enum tatu_err err = TATU_OK;
    while (err == TATU_OK && opening.index < opening.count) {
        err = open_part(monitor, name, &opening, out);
    }
    if (err == TATU_OK && opening.left.len != 0) {
        err = TATU_ERR_FORMAT;
    }
    if (err != TATU_OK) {
        tatu_base_wipe(out->data + before, out->len - before);
        out->len = before;
        /* cut short or drawn out */
        return err == TATU_ERR_SHORT || err == TATU_ERR_LONG ? TATU_ERR_FORMAT : err;
    }
    return TATU_OK;
}
