#include "memory.h"

#include <stdio.h>

#include "os/lib/file.h"

#define FILE_MAX 4096u
#define PATH_SIZE 160

/* A file of the group; with "x " before, so that a lone number has a name as well. */
static enum tatu_err read_number(const char *group, const char *file, const char *name,
                                 uint64_t *out)
{
    char path[PATH_SIZE], text[FILE_MAX + 2] = "x ";
    size_t len;
    (void)snprintf(path, sizeof(path), "%s/%s", group, file);
    TATU_TRY(tatu_os_read_text(path, text + 2, FILE_MAX, &len));
    const size_t skipped = name[0] == 'x' ? 0 : 2;
    return tatu_os_find_number(
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
    if (tatu_os_read_text(path, text, sizeof(text), &len) != TATU_OK ||
        tatu_os_find_number((struct tatu_span){(const uint8_t *)text, len}, "RssAnon:", &kib) !=
            TATU_OK) {
        return 0;
    }
    return kib * 1024;
}
