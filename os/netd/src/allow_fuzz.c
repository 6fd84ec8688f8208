#include <stdlib.h>
#include <string.h>

#include "os/netd/netd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_netd_allow allow;
    if (tatu_netd_decode_allow((struct tatu_span){data, size}, &allow) == TATU_OK) {
        /* what it lets through stays below the root */
        if (strncmp(allow.cgroup, TATU_NETD_CGROUP_ROOT, sizeof(TATU_NETD_CGROUP_ROOT) - 1) != 0 ||
            strstr(allow.cgroup, "..") != NULL || allow.host_count > TATU_NETD_HOST_COUNT_MAX) {
            abort();
        }
    }
    return 0;
}
