#include "os/lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define PATH_SIZE 160

bool tatu_os_write_text(const char *path, const char *text)
{
    const size_t len = strlen(text);
    TATU_OS_CLOSING int fd = open(path, O_WRONLY | O_CLOEXEC);
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
