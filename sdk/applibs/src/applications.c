#include "applibs/applications.h"

#include <errno.h>
#include <string.h>

#include "control.h"

#define KIB 1024u

/* Where in the answer each figure is. */
enum figure { TOTAL = 0, USER = 8, PEAK = 16 };

static size_t get_kib(enum figure figure)
{
    const struct applibs_request request = {.op = TATU_REQUEST_MEMORY};
    uint8_t bytes[TATU_REQUEST_MEMORY_SIZE];
    return tatu_applibs_get(&request, bytes, sizeof(bytes)) == 0
               ? (size_t)((tatu_get_le64(bytes + figure) + KIB - 1) / KIB)
               : 0;
}

size_t Applications_GetTotalMemoryUsageInKB(void)
{
    return get_kib(TOTAL);
}

size_t Applications_GetUserModeMemoryUsageInKB(void)
{
    return get_kib(USER);
}

size_t Applications_GetPeakUserModeMemoryUsageInKB(void)
{
    return get_kib(PEAK);
}

int Applications_GetOsVersion(Applications_OsVersion *outVersion)
{
    const struct applibs_request request = {.op = TATU_REQUEST_OS_VERSION};
    char version[TATU_ANSWER_PAYLOAD_MAX];
    if (outVersion == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    const ssize_t got = tatu_applibs_ask(&request, version, sizeof(version));
    if (got < 0) {
        return -1;
    }
    const size_t len = strnlen(version, (size_t)got);
    const size_t kept = len < sizeof(outVersion->version) ? len : sizeof(outVersion->version) - 1;
    memcpy(outVersion->version, version, kept);
    outVersion->version[kept] = '\0';
    return 0;
}
