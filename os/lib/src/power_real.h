/* The calls as the program makes them, and as they are. */
#ifndef TATU_OS_LIB_POWER_REAL_H
#define TATU_OS_LIB_POWER_REAL_H

#include <sys/stat.h>
#include <sys/types.h>

/* `symbol` is what glibc makes of the name where files may be large. */
#define INTERPOSE(type, name, symbol, ...)                                                         \
    type __real_##name(__VA_ARGS__) __asm__("__real_" symbol);                                     \
    type __wrap_##name(__VA_ARGS__) __asm__("__wrap_" symbol)

INTERPOSE(int, open, "open64", const char *path, int flags, ...);
INTERPOSE(int, openat, "openat64", int folder, const char *path, int flags, ...);
INTERPOSE(ssize_t, write, "write", int fd, const void *bytes, size_t len);
INTERPOSE(int, ftruncate, "ftruncate64", int fd, off_t len);
INTERPOSE(int, fsync, "fsync", int fd);
INTERPOSE(int, fchown, "fchown", int fd, uid_t uid, gid_t gid);
INTERPOSE(int, fstat, "fstat64", int fd, struct stat *out);
INTERPOSE(int, mkdir, "mkdir", const char *path, mode_t mode);
INTERPOSE(int, rename, "rename", const char *from, const char *to);
INTERPOSE(int, renameat, "renameat", int from_folder, const char *from, int to_folder,
          const char *to);
INTERPOSE(int, unlink, "unlink", const char *path);
INTERPOSE(int, unlinkat, "unlinkat", int folder, const char *path, int flags);

#endif
