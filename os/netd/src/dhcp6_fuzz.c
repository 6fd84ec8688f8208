#include <stdlib.h>
#include <string.h>

#include "addresses.h"
#include "dhcp6.h"
#include "lease6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIRST 8u /* bytes that choose: how far the client is, and its random number */

static bool is_wrong(const struct tatu_dhcp6_answer *answer)
{
    const struct tatu_dhcp6_lease *lease = &answer->lease;
    return lease->dns_count > TATU_DHCP6_DNS_MAX || lease->ntp_count > TATU_DHCP6_NTP_MAX ||
           lease->server.len == 0 || lease->server.len > TATU_DHCP6_DUID_MAX ||
           (lease->has_address &&
            (lease->valid_s < TATU_DHCP6_LEASE_MIN_S || lease->preferred_s > lease->valid_s ||
             !tatu_netd_is_peer(lease->address)));
}

/* The exchange is taken from the input, so that the options are reached; then the client acts on
 * the answer in any state. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tatu_dhcp6_duid duid = {.len = 4, .bytes = {0, 3, 0, 1}};
    struct tatu_lease6_client client;
    struct tatu_lease6_step step;
    struct tatu_dhcp6_answer answer;
    if (size < FIRST + 4) {
        return 0;
    }
    tatu_netd_start_lease6(&client, &duid, 1, (data[0] & 1) != 0, 1000, data[1], &step);
    tatu_netd_wake_lease6(&client, 2000, data[2], &step);
    const struct tatu_span in = {data + FIRST, size - FIRST};
    client.who.xid = (uint32_t)in.data[1] << 16 | (uint32_t)in.data[2] << 8 | in.data[3];
    if (tatu_netd_decode_dhcp6(in, &client.who, &answer) != TATU_OK) {
        return 0;
    }
    if (is_wrong(&answer)) {
        abort();
    }
    if (answer.lease.has_address) {
        client.state = (enum tatu_lease6_state)(data[3] % (TATU_LEASE6_INFORMED + 1));
    }
    client.lease = answer.lease;
    tatu_netd_answer_lease6(&client, &answer, 3000, data[4], &step);
    for (uint64_t i = 1; i < 8 && step.next_ms != 0; i++) {
        const uint64_t at_ms = step.next_ms;
        tatu_netd_wake_lease6(&client, at_ms, data[5], &step);
        if (step.next_ms != 0 && step.next_ms < at_ms) {
            abort(); /* it would never rest */
        }
    }
    return 0;
}
