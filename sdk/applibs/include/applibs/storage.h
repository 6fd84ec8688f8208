/* Files of an application: its own read-only image. */
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

#ifdef __cplusplus
}
#endif
