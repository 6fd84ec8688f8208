#include <stdlib.h>
#include <string.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes are the front of a request, the rest is zero: what is accepted is within the root. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_net_allow in = {.tcp_count = 0}, allow;
    memcpy(&in, data, size < sizeof(in) ? size : sizeof(in));
    if (tatu_netd_decode_allow((struct tatu_span){(const uint8_t *)&in, sizeof(in)}, &allow) ==
            TATU_OK &&
        (strncmp(allow.group, TATU_NET_GROUP_ROOT, sizeof(TATU_NET_GROUP_ROOT) - 1) != 0 ||
         strstr(allow.group, "..") != NULL || allow.host_count > TATU_NET_HOST_MAX ||
         (allow.host_count != 0 && allow.hosts[0][0] == '\0'))) {
        abort();
    }
    return 0;
}
