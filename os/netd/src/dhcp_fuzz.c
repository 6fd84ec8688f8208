#include <stdlib.h>

#include "dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The exchange and the interface are taken from the input, so that the options are reached. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t zero[6];
    struct tatu_dhcp_answer answer;
    const uint32_t xid = size < 8 ? 0
                                  : ((uint32_t)data[4] << 24) | ((uint32_t)data[5] << 16) |
                                        ((uint32_t)data[6] << 8) | data[7];
    const uint8_t *mac = size < 240 ? zero : data + 28;
    if (tatu_netd_decode_dhcp((struct tatu_span){data, size}, xid, mac, &answer) == TATU_OK &&
        answer.type != TATU_DHCP_NAK &&
        (answer.lease.dns_count > TATU_DHCP_DNS_MAX || answer.lease.address == 0 ||
         answer.lease.lease_s < TATU_DHCP_LEASE_MIN_S)) {
        abort();
    }
    return 0;
}
