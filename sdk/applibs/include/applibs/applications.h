/* What all applications of this device use together, and what they run on. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of the OS version's text with its NUL. */
#define APPLICATIONS_OS_VERSION_SIZE 16

/** The version of the operating system. */
typedef struct Applications_OsVersion {
    char version[APPLICATIONS_OS_VERSION_SIZE];
} Applications_OsVersion;

/* Memory of all high-level applications together, in KiB. 0 and errno when it cannot be told: EIO
 * the system does not answer. */

/** All that is charged to them, what the kernel holds for them included. */
size_t Applications_GetTotalMemoryUsageInKB(void);

/** Their own, which is what the limit counts. */
size_t Applications_GetUserModeMemoryUsageInKB(void);

/** The highest of their own since the device started. */
size_t Applications_GetPeakUserModeMemoryUsageInKB(void);

/**
 * The version of the OS that runs.
 * Returns 0 and *outVersion, or -1 and errno: EFAULT outVersion is NULL, EIO the system does not
 * answer.
 */
int Applications_GetOsVersion(Applications_OsVersion *outVersion);

#ifdef __cplusplus
}
#endif
