/* Descriptors that close themselves; words and numbers in small files: the kernel's, and those
 * below /run. */
#ifndef TATU_OS_LIB_FILE_H
#define TATU_OS_LIB_FILE_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/base.h"

static inline void tatu_os_close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}
/** Before `int fd`: it is closed where its block ends. -1: none. */
#define TATU_OS_CLOSING __attribute__((cleanup(tatu_os_close_fd)))

static inline void tatu_os_close_folder(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}
/** Before `DIR *folder`: likewise. NULL: none. */
#define TATU_OS_CLOSING_FOLDER __attribute__((cleanup(tatu_os_close_folder)))

/** Writes a text to a file that is there, whole, in one write. False and errno: it was not. */
bool tatu_os_write_text(const char *path, const char *text);
/** The same for a file of a folder; the path is at most 159 characters. */
bool tatu_os_write_in(const char *folder, const char *name, const char *text);
/** Makes a file of this text in the place of what has that name. False and errno: it was not. */
bool tatu_os_make_text(const char *path, mode_t mode, const char *text);

/** What one read gives of a file's beginning, at most size bytes. Errors: IO it cannot be read. */
enum tatu_err tatu_os_read_text(const char *path, char *out, size_t size, size_t *out_len);
/** The number behind "NAME " at a line's start, blanks between. Errors: NOT_FOUND, FORMAT no number
 *  there, or one over 64 bits. */
enum tatu_err tatu_os_find_number(struct tatu_span text, const char *name, uint64_t *out);

#endif
