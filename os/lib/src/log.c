#include "os/lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* /dev/kmsg: memory devices, minor 11. */
#define KMSG_MAJOR 1
#define KMSG_MINOR 11

void tatu_os_init_log(struct tatu_os_log *log, const char *name, int fd)
{
    struct stat info;

    *log = (struct tatu_os_log){.name = name, .fd = fd};
    log->tagged = fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) &&
                  info.st_rdev == makedev(KMSG_MAJOR, KMSG_MINOR);
}

size_t tatu_os_format_log(const struct tatu_os_log *log, enum tatu_os_log_level level,
                          const char *text, char out[TATU_OS_LOG_LINE_MAX])
{
    int len;
    size_t end;

    if (log->tagged) {
        len = snprintf(out, TATU_OS_LOG_LINE_MAX, "<%d>%s: %s", (int)level, log->name, text);
    } else {
        len = snprintf(out, TATU_OS_LOG_LINE_MAX, "%s: %s", log->name, text);
    }
    end = len < 0 ? 0 : (size_t)len;
    if (end > TATU_OS_LOG_LINE_MAX - 1) {
        end = TATU_OS_LOG_LINE_MAX - 1;
    }
    for (size_t i = 0; i < end; i++) {
        if (out[i] < 0x20 || out[i] > 0x7e) {
            out[i] = '?';
        }
    }
    /* The place of the NUL, which the line does not need. */
    out[end] = '\n';
    return end + 1;
}

void tatu_os_log(const struct tatu_os_log *log, enum tatu_os_log_level level, const char *format,
                 ...)
{
    char text[TATU_OS_LOG_LINE_MAX];
    char line[TATU_OS_LOG_LINE_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* A log that cannot be written has nobody who could be told. */
    ssize_t written = write(log->fd, line, tatu_os_format_log(log, level, text, line));
    (void)written;
}
