#include "storage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/lib/file.h"

#define PATH_SIZE 160
#define FILE_NAME "file"
#define DELETED_NAME "deleted" /* the same inode, after a delete */

/* The component's folder; -1 and errno. */
static int open_folder(const char *root, const char *component, bool make)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof(path), "%s/%s", root, component) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (make && ((mkdir(root, 0700) != 0 && errno != EEXIST) ||
                 (mkdir(path, 0700) != 0 && errno != EEXIST))) {
        return -1;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && make && (errno == ELOOP || errno == ENOTDIR) && unlink(path) == 0 &&
        mkdir(path, 0700) == 0) { /* not what we make: the store was changed behind our back */
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    return fd;
}

static int open_in(int folder, const char *name, int flags)
{
    return openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);
}

/* Whether this is the file that was made for this user: its group says so, and no name but this one
 * leads to it. A store whose folders were changed while the board was off gives nobody what is
 * another's. */
static bool is_own(int fd, uint32_t uid)
{
    struct stat info;
    return fstat(fd, &info) == 0 && info.st_mode == (S_IFREG | 0600) && info.st_nlink == 1 &&
           info.st_gid == uid;
}

/* The user's own file of that name; -1 when there is none. One that is not his is gone then. */
static int take_own(int folder, const char *name, uint32_t uid)
{
    int fd = open_in(folder, name, 0);
    if (fd >= 0 && is_own(fd, uid)) {
        return fd;
    }
    tatu_os_close_fd(&fd);
    if (unlinkat(folder, name, 0) != 0 && errno != ENOENT) {
        (void)unlinkat(folder, name, AT_REMOVEDIR);
    }
    return -1;
}

/* What was deleted begins empty, whatever an old descriptor wrote to it since. */
static int revive(int folder, uint32_t uid)
{
    int fd = take_own(folder, DELETED_NAME, uid);
    if (fd >= 0 &&
        (ftruncate(fd, 0) != 0 || renameat(folder, DELETED_NAME, folder, FILE_NAME) != 0)) {
        tatu_os_close_fd(&fd);
        return -1;
    }
    return fd;
}

static int make_own(int folder, uint32_t uid)
{
    int fd = open_in(folder, FILE_NAME, O_CREAT | O_EXCL);
    if (fd >= 0 && fchown(fd, (uid_t)-1, uid) != 0) {
        const int problem = errno;
        tatu_os_close_fd(&fd);
        (void)unlinkat(folder, FILE_NAME, 0);
        errno = problem;
        return -1;
    }
    return fd;
}

int tatu_apps_open_storage(const char *root, const char *component, uint32_t uid, int *out_fd)
{
    TATU_OS_CLOSING int folder = open_folder(root, component, true);
    if (folder < 0) {
        return errno;
    }
    int fd = take_own(folder, FILE_NAME, uid);
    if (fd < 0) {
        fd = revive(folder, uid);
    }
    if (fd < 0) {
        fd = make_own(folder, uid);
    }
    if (fd < 0) {
        return errno;
    }
    *out_fd = fd;
    return 0;
}

int tatu_apps_delete_storage(const char *root, const char *component)
{
    TATU_OS_CLOSING int folder = open_folder(root, component, false);
    TATU_OS_CLOSING int fd = folder < 0 ? -1 : open_in(folder, FILE_NAME, 0);
    if (fd < 0) {
        return errno;
    }
    return ftruncate(fd, 0) == 0 && renameat(folder, FILE_NAME, folder, DELETED_NAME) == 0 ? 0
                                                                                           : errno;
}

uint64_t tatu_apps_get_stored(const char *root, const char *component)
{
    struct stat info;
    TATU_OS_CLOSING int folder = open_folder(root, component, false);
    if (folder < 0 || fstatat(folder, FILE_NAME, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return 0;
    }
    return (uint64_t)info.st_size;
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A file or a folder of files: nothing here is deeper. */
static bool remove_entry(int root, const char *name)
{
    if (unlinkat(root, name, 0) == 0) {
        return true;
    }
    int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    TATU_OS_CLOSING_FOLDER DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (!is_dot(entry->d_name)) {
            (void)unlinkat(fd, entry->d_name, 0);
        }
    }
    return unlinkat(root, name, AT_REMOVEDIR) == 0;
}

size_t tatu_apps_sweep_storage(const char *root, bool (*keeps)(void *context, const char *name),
                               void *context, enum tatu_err *out_err)
{
    TATU_OS_CLOSING_FOLDER DIR *folder = opendir(root);
    const struct dirent *entry;
    size_t count = 0;
    *out_err = folder == NULL && errno != ENOENT ? TATU_ERR_IO : TATU_OK;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (is_dot(entry->d_name) || keeps(context, entry->d_name)) {
            continue;
        }
        if (remove_entry(dirfd(folder), entry->d_name)) {
            count++;
        } else {
            *out_err = TATU_ERR_IO;
        }
    }
    return count;
}
