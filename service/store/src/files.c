#define _GNU_SOURCE /* renameat2 */
#include "files.h"

#include "service/store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_MAX_BYTES 4096

static enum tatu_err map_errno(int cause)
{
    switch (cause) {
    case ENOENT:
        return TATU_ERR_NOT_FOUND;
    case EEXIST:
        return TATU_ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return TATU_ERR_FULL;
    default:
        return TATU_ERR_IO;
    }
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}
#define SCOPED_FD int __attribute__((cleanup(close_fd)))

enum tatu_err tatu_store_make_path(const char *dir, const char *name, char *out, size_t cap)
{
    int len = snprintf(out, cap, "%s/%s", dir, name);
    return len < 0 || (size_t)len >= cap ? TATU_ERR_LONG : TATU_OK;
}

enum tatu_err tatu_store_make_folder(const char *dir, const char *name)
{
    char path[PATH_MAX_BYTES];
    TATU_TRY(tatu_store_make_path(dir, name, path, sizeof(path)));
    return mkdir(path, 0700) == 0 || errno == EEXIST ? TATU_OK : map_errno(errno);
}

static enum tatu_err write_all(int fd, struct tatu_span bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t step = write(fd, bytes.data + done, bytes.len - done);
        if (step < 0 && errno != EINTR) {
            return map_errno(errno);
        }
        done += step > 0 ? (size_t)step : 0;
    }
    return fsync(fd) == 0 ? TATU_OK : map_errno(errno);
}

static enum tatu_err sync_parent(char *path)
{
    SCOPED_FD fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? TATU_OK : map_errno(errno);
}

static enum tatu_err write_new(const char *path, struct tatu_span bytes)
{
    (void)unlink(path); /* left by a crash; nothing else writes here, the folder is locked */
    SCOPED_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? map_errno(errno) : write_all(fd, bytes);
}

static enum tatu_err put_file(const struct tatu_store *store, const char *name,
                              struct tatu_span bytes, unsigned rename_flags)
{
    char path[PATH_MAX_BYTES];
    char partial[PATH_MAX_BYTES];
    TATU_TRY(tatu_store_make_path(tatu_store_dir(store), name, path, sizeof(path)));
    TATU_TRY(tatu_store_make_path(tatu_store_dir(store), "partial", partial, sizeof(partial)));
    enum tatu_err err = write_new(partial, bytes);
    if (err == TATU_OK && renameat2(AT_FDCWD, partial, AT_FDCWD, path, rename_flags) != 0) {
        err = map_errno(errno);
    }
    if (err != TATU_OK) {
        (void)unlink(partial);
        return err;
    }
    return sync_parent(path);
}

enum tatu_err tatu_store_create_file(const struct tatu_store *store, const char *name,
                                     struct tatu_span bytes)
{
    return put_file(store, name, bytes, RENAME_NOREPLACE);
}

enum tatu_err tatu_store_replace_file(const struct tatu_store *store, const char *name,
                                      struct tatu_span bytes)
{
    return put_file(store, name, bytes, 0);
}

enum tatu_err tatu_store_read_file(const struct tatu_store *store, const char *name, size_t max,
                                   struct tatu_arena *arena, struct tatu_span *out)
{
    char path[PATH_MAX_BYTES];
    TATU_TRY(tatu_store_make_path(tatu_store_dir(store), name, path, sizeof(path)));
    SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return map_errno(errno);
    }
    if (!S_ISREG(st.st_mode) || st.st_size < 0 || (size_t)st.st_size > max) {
        return TATU_ERR_LONG;
    }
    size_t len = (size_t)st.st_size;
    uint8_t *bytes = tatu_arena_take(arena, len + 1);
    size_t done = 0;
    while (done < len) {
        ssize_t step = read(fd, bytes + done, len - done);
        if (step == 0 || (step < 0 && errno != EINTR)) {
            return TATU_ERR_IO;
        }
        done += step > 0 ? (size_t)step : 0;
    }
    *out = (struct tatu_span){bytes, len};
    return TATU_OK;
}

void tatu_store_remove_file(const struct tatu_store *store, const char *name)
{
    char path[PATH_MAX_BYTES];
    if (tatu_store_make_path(tatu_store_dir(store), name, path, sizeof(path)) == TATU_OK) {
        (void)unlink(path);
    }
}

void tatu_store_each_file(const struct tatu_store *store, const char *folder,
                          void (*visit)(void *context, const char *name), void *context)
{
    char path[PATH_MAX_BYTES];
    if (tatu_store_make_path(tatu_store_dir(store), folder, path, sizeof(path)) != TATU_OK) {
        return;
    }
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] != '.') {
            visit(context, entry->d_name);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}
