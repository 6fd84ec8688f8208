#include "memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX 4096u
#define PATH_SIZE 160

enum tatu_err tatu_apps_find_number(struct tatu_span text, const char *name, uint64_t *out)
{
    const size_t name_len = strlen(name);
    const uint8_t *end = text.data + text.len;
    for (const uint8_t *line = text.data; line < end;) {
        const uint8_t *line_end = memchr(line, '\n', (size_t)(end - line));
        line_end = line_end == NULL ? end : line_end;
        if ((size_t)(line_end - line) > name_len && memcmp(line, name, name_len) == 0 &&
            (line[name_len] == ' ' || line[name_len] == '\t')) {
            const uint8_t *at = line + name_len;
            uint64_t value = 0;
            while (at < line_end && (*at == ' ' || *at == '\t')) {
                at++;
            }
            if (at == line_end || *at < '0' || *at > '9') {
                return TATU_ERR_FORMAT;
            }
            for (; at < line_end && *at >= '0' && *at <= '9'; at++) {
                if (value > (UINT64_MAX - 9) / 10) {
                    return TATU_ERR_FORMAT;
                }
                value = value * 10 + (uint64_t)(*at - '0');
            }
            *out = value;
            return TATU_OK;
        }
        line = line_end + 1;
    }
    return TATU_ERR_NOT_FOUND;
}

static enum tatu_err read_text(const char *path, char *out, size_t size, size_t *out_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, out, size);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (got < 0) {
        return TATU_ERR_IO;
    }
    *out_len = (size_t)got;
    return TATU_OK;
}

/* A file of the group; with "x " before, so that a lone number has a name as well. */
static enum tatu_err read_number(const char *group, const char *file, const char *name,
                                 uint64_t *out)
{
    char path[PATH_SIZE], text[FILE_MAX + 2] = "x ";
    size_t len;
    (void)snprintf(path, sizeof(path), "%s/%s", group, file);
    TATU_TRY(read_text(path, text + 2, FILE_MAX, &len));
    const size_t skipped = name[0] == 'x' ? 0 : 2;
    return tatu_apps_find_number(
        (struct tatu_span){(const uint8_t *)text + skipped, len + 2 - skipped}, name, out);
}

enum tatu_err tatu_apps_read_memory(const char *group, struct tatu_apps_memory *out)
{
    struct tatu_apps_memory memory;
    uint64_t anonymous, shared;
    TATU_TRY(read_number(group, "memory.current", "x", &memory.total));
    TATU_TRY(read_number(group, "memory.stat", "anon", &anonymous));
    TATU_TRY(read_number(group, "memory.stat", "shmem", &shared));
    TATU_TRY(read_number(group, "memory.events", "oom_kill", &memory.oom_kills));
    memory.user = anonymous + shared;
    *out = memory;
    return TATU_OK;
}

uint64_t tatu_apps_read_anonymous(const char *path)
{
    char text[FILE_MAX];
    size_t len;
    uint64_t kib = 0;
    if (read_text(path, text, sizeof(text), &len) != TATU_OK ||
        tatu_apps_find_number((struct tatu_span){(const uint8_t *)text, len}, "RssAnon:", &kib) !=
            TATU_OK) {
        return 0;
    }
    return kib * 1024;
}
