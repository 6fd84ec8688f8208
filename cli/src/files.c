#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}
#define CLOSING __attribute__((cleanup(close_fd))) int

void tatu_cli_free_bytes(struct tatu_cli_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct tatu_cli_bytes){NULL, 0};
}

enum tatu_err tatu_cli_alloc(struct tatu_cli *cli, size_t len, struct tatu_cli_bytes *out)
{
    uint8_t *data = calloc(1, len + 1);
    if (data == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_MEMORY, "%zu bytes of memory cannot be had; free some",
                             len);
    }
    *out = (struct tatu_cli_bytes){data, len};
    return TATU_OK;
}

static bool read_all(int fd, uint8_t *out, size_t len)
{
    for (size_t have = 0; have < len;) {
        ssize_t got = read(fd, out + have, len - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        have += (size_t)got;
    }
    return true;
}

enum tatu_err tatu_cli_read_file(struct tatu_cli *cli, const char *path, size_t max,
                                 struct tatu_cli_bytes *out)
{
    CLOSING fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        return tatu_cli_fail(cli, errno == ENOENT ? TATU_ERR_NOT_FOUND : TATU_ERR_IO,
                             "%s cannot be read: %s; check the path", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND, "%s is not a file; check the path", path);
    }
    if ((uint64_t)st.st_size > max) {
        return tatu_cli_fail(cli, TATU_ERR_LONG,
                             "%s has more than the %zu bytes it may have; "
                             "check that it is the right file",
                             path, max);
    }
    CLI_BYTES bytes = {NULL, 0};
    TATU_TRY(tatu_cli_alloc(cli, (size_t)st.st_size, &bytes));
    if (!read_all(fd, bytes.data, bytes.len)) {
        return tatu_cli_fail(cli, TATU_ERR_IO, "%s cannot be read whole; check the disk", path);
    }
    *out = bytes;
    bytes = (struct tatu_cli_bytes){NULL, 0};
    return TATU_OK;
}

enum tatu_err tatu_cli_join(struct tatu_cli *cli, const char *dir, const char *name, char *out)
{
    int len = snprintf(out, PATH_MAX, "%s/%s", dir, name);
    if (len < 0 || len >= PATH_MAX) {
        return tatu_cli_fail(cli, TATU_ERR_LONG, "the path %s is too long; use a shorter one", dir);
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_make_folder(struct tatu_cli *cli, const char *path)
{
    struct stat st;
    if (mkdir(path, 0700) == 0 ||
        (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
        return TATU_OK;
    }
    return tatu_cli_fail(cli, TATU_ERR_IO, "the folder %s cannot be made: %s; check the path", path,
                         strerror(errno));
}

static bool write_all(int fd, struct tatu_span bytes)
{
    for (size_t done = 0; done < bytes.len;) {
        ssize_t put = write(fd, bytes.data + done, bytes.len - done);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        done += (size_t)put;
    }
    return fsync(fd) == 0;
}

enum tatu_err tatu_cli_write_new(struct tatu_cli *cli, const char *path, unsigned mode,
                                 struct tatu_span bytes)
{
    CLOSING fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        bool exists = errno == EEXIST;
        return tatu_cli_fail(cli, exists ? TATU_ERR_EXISTS : TATU_ERR_IO,
                             "%s cannot be made: %s; %s", path, strerror(errno),
                             exists ? "it is kept as it is, name another place" : "check the path");
    }
    if (!write_all(fd, bytes)) {
        (void)unlink(path);
        return tatu_cli_fail(cli, TATU_ERR_IO, "%s cannot be written: %s; check the disk", path,
                             strerror(errno));
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_write_over(struct tatu_cli *cli, const char *path, unsigned mode,
                                  struct tatu_span bytes)
{
    char fresh[PATH_MAX];
    int len = snprintf(fresh, sizeof(fresh), "%s.%ld.new", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof(fresh)) {
        return tatu_cli_fail(cli, TATU_ERR_LONG, "the path %s is too long; use a shorter one",
                             path);
    }
    (void)unlink(fresh);
    TATU_TRY(tatu_cli_write_new(cli, fresh, mode, bytes));
    if (rename(fresh, path) != 0) {
        enum tatu_err err = tatu_cli_fail(cli, TATU_ERR_IO,
                                          "%s cannot be written: %s; check the "
                                          "path",
                                          path, strerror(errno));
        (void)unlink(fresh);
        return err;
    }
    return TATU_OK;
}
