#include "os/lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define PATH_SIZE 160

bool tatu_os_write_text(const char *path, const char *text)
{
    const size_t len = strlen(text);
    TATU_OS_CLOSING int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    return fd >= 0 && write(fd, text, len) == (ssize_t)len;
}

bool tatu_os_write_in(const char *folder, const char *name, const char *text)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    return tatu_os_write_text(path, text);
}

enum tatu_err tatu_os_read_text(const char *path, char *out, size_t size, size_t *out_len)
{
    TATU_OS_CLOSING int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, out, size);
    if (got < 0) {
        return TATU_ERR_IO;
    }
    *out_len = (size_t)got;
    return TATU_OK;
}

bool tatu_os_make_text(const char *path, mode_t mode, const char *text)
{
    const size_t len = strlen(text);
    (void)unlink(path);
    TATU_OS_CLOSING int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    return fd >= 0 && write(fd, text, len) == (ssize_t)len;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Digits up to the first that is none. */
static enum tatu_err take_number(const uint8_t *at, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    while (at < end && is_blank(*at)) {
        at++;
    }
    if (at == end || *at < '0' || *at > '9') {
        return TATU_ERR_FORMAT;
    }
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (value > (UINT64_MAX - 9) / 10) {
            return TATU_ERR_FORMAT;
        }
        value = value * 10 + (uint64_t)(*at - '0');
    }
    *out = value;
    return TATU_OK;
}

enum tatu_err tatu_os_find_number(struct tatu_span text, const char *name, uint64_t *out)
{
    const size_t name_len = strlen(name);
    const uint8_t *end = text.data + text.len;
    for (const uint8_t *line = text.data; line < end;) {
        const uint8_t *line_end = memchr(line, '\n', (size_t)(end - line));
        line_end = line_end == NULL ? end : line_end;
        if ((size_t)(line_end - line) > name_len && memcmp(line, name, name_len) == 0 &&
            is_blank(line[name_len])) {
            return take_number(line + name_len, line_end, out);
        }
        line = line_end == end ? end : line_end + 1;
    }
    return TATU_ERR_NOT_FOUND;
}
