#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "applibs/storage.h"
#include "control.h"

static const char image_root[] = "/mnt/app/";

/* Whether a component of the path is "..". */
static bool leaves_image(const char *path)
{
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (part[0] == '.' && part[1] == '.' && (part[2] == '/' || part[2] == '\0')) {
            return true;
        }
    }
    return false;
}

char *Storage_GetAbsolutePathInImagePackage(const char *relativePath)
{
    if (relativePath == NULL) {
        errno = EFAULT;
        return NULL;
    }
    if (relativePath[0] == '/' || leaves_image(relativePath)) {
        errno = EINVAL;
        return NULL;
    }
    char *path = malloc(sizeof(image_root) + strlen(relativePath));
    if (path == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    strcpy(path, image_root);
    strcat(path, relativePath);
    return path;
}

int Storage_OpenFileInImagePackage(const char *relativePath)
{
    char *path = Storage_GetAbsolutePathInImagePackage(relativePath);
    if (path == NULL) {
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int saved = errno;
    free(path);
    errno = saved;
    return fd;
}

int Storage_OpenMutableFile(void)
{
    const struct applibs_request request = {.op = TATU_REQUEST_STORAGE_OPEN};
    return tatu_applibs_ask_descriptor(&request);
}

int Storage_DeleteMutableFile(void)
{
    const struct applibs_request request = {.op = TATU_REQUEST_STORAGE_DELETE};
    return tatu_applibs_do(&request);
}
