/* Descriptors that close themselves, and words written to files of the kernel. */
#ifndef TATU_OS_LIB_FILE_H
#define TATU_OS_LIB_FILE_H

#include <stdbool.h>
#include <unistd.h>

static inline void tatu_os_close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}
/** Before `int fd`: it is closed where its block ends. -1: none. */
#define TATU_OS_CLOSING __attribute__((cleanup(tatu_os_close_fd)))

/** Writes a text to a file that is there, whole, in one write. False and errno: it was not. */
bool tatu_os_write_text(const char *path, const char *text);
/** The same for a file of a folder; the path is at most 159 characters. */
bool tatu_os_write_in(const char *folder, const char *name, const char *text);

#endif
