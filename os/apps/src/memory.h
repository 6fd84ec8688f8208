/* What applications use, from the files of their control groups. */
#ifndef TATU_APPS_MEMORY_H
#define TATU_APPS_MEMORY_H

#include "base/base.h"

struct tatu_apps_memory {
    uint64_t total; /* all that is charged to them, the kernel's part for them as well */
    uint64_t user;  /* anonymous and shared memory */
    uint64_t oom_kills;
};

/** Errors: IO a file cannot be read; NOT_FOUND, FORMAT. */
enum tatu_err tatu_apps_read_memory(const char *group, struct tatu_apps_memory *out);

/** Anonymous memory of one process, of /proc/<pid>/status at `path`; 0 when it is gone. */
uint64_t tatu_apps_read_anonymous(const char *path);

#endif
