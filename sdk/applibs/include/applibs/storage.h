/* Files of an application: its own read-only image, and the one file that it may change. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Absolute path of a file in the application's image package.
 * Returns a string that the caller frees with free(), or NULL and errno: EFAULT, EINVAL (absolute
 * path, or one that leaves the image), ENOMEM.
 */
char *Storage_GetAbsolutePathInImagePackage(const char *relativePath);

/** Opens such a file for reading. Returns a descriptor, or -1 and errno: as above, and open()'s. */
int Storage_OpenFileInImagePackage(const char *relativePath);

/**
 * Opens the application's own file to read and write; it is made empty when there is none. It
 * outlives restarts and updates. What goes over the manifest's MutableStorage is EFBIG of write().
 * Returns a descriptor to be closed with close(), or -1 and errno: EACCES no MutableStorage, ENOSPC
 * the device has no room, EIO the system does not answer.
 */
int Storage_OpenMutableFile(void);

/** Deletes that file with all that is in it. Returns 0, or -1 and errno: EACCES, ENOENT there is
 * none, EIO. */
int Storage_DeleteMutableFile(void);

#ifdef __cplusplus
}
#endif
