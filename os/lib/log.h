/*
 * Log lines of the OS: `<daemon>: text`, one write each, to descriptor 2. appman gives every
 * service the kernel's log there, which adds the time and shows the line on the console.
 */
#ifndef TATU_OS_LIB_LOG_H
#define TATU_OS_LIB_LOG_H

#include "base/base.h"

#define TATU_OS_LOG_LINE_MAX 240u /* longer lines are cut; the kernel's limit is near 1000 */

/* The kernel's own levels. */
enum tatu_os_log_level {
    TATU_OS_LOG_ERROR = 3,
    TATU_OS_LOG_WARNING = 4,
    TATU_OS_LOG_NOTICE = 5, /* the least that the console shows */
    TATU_OS_LOG_INFO = 6,
};

struct tatu_os_log {
    const char *name; /* of the daemon */
    int fd;
    bool tagged; /* the kernel's log: each line begins with <level> */
};

/** Looks at what fd is. */
void tatu_os_init_log(struct tatu_os_log *log, const char *name, int fd);

/** Bytes outside of printable ASCII are written as '?', so that no text can forge a line. */
void tatu_os_log(const struct tatu_os_log *log, enum tatu_os_log_level level, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));

/** The line as it is written, with its newline; for tests. Returns its length. */
size_t tatu_os_format_log(const struct tatu_os_log *log, enum tatu_os_log_level level,
                          const char *text, char out[TATU_OS_LOG_LINE_MAX]);

#endif
