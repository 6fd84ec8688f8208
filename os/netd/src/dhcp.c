#include "dhcp.h"

#include <string.h>

#include "dhcp_wire.h"

static bool is_mask(uint32_t mask)
{
    const uint32_t hosts = ~mask;
    return mask != 0 && (hosts & (hosts + 1)) == 0;
}

/* A list of addresses; those over max are left out. An option that is not there is an empty list.
 */
static enum tatu_err get_addresses(const struct dhcp_options *options, uint8_t code, uint32_t *out,
                                   size_t max, size_t *out_count)
{
    const struct tatu_span option = options->by_code[code];
    size_t count = 0;
    if (option.data != NULL && (option.len == 0 || option.len % 4 != 0)) {
        return TATU_ERR_FORMAT;
    }
    for (size_t at = 0; at < option.len; at += 4) {
        const uint32_t address = dhcp_get_be32(option.data + at);
        if (!dhcp_is_unicast(address)) {
            return TATU_ERR_FORMAT;
        }
        if (count < max) {
            out[count++] = address;
        }
    }
    *out_count = count;
    return TATU_OK;
}

static enum tatu_err get_lease(struct tatu_span in, const struct dhcp_options *options,
                               struct tatu_dhcp_lease *lease)
{
    size_t router_count = 0;
    lease->address = dhcp_get_be32(in.data + AT_YIADDR);
    if (!dhcp_is_unicast(lease->address) || !dhcp_get_u32(options, OPTION_MASK, &lease->mask) ||
        !is_mask(lease->mask) || !dhcp_get_u32(options, OPTION_LEASE, &lease->lease_s) ||
        lease->lease_s < TATU_DHCP_LEASE_MIN_S) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(get_addresses(options, OPTION_ROUTER, &lease->router, 1, &router_count));
    /* a router that is not on the link cannot be reached */
    if (router_count != 0 && ((lease->router ^ lease->address) & lease->mask) != 0) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(get_addresses(options, OPTION_DNS, lease->dns, TATU_DHCP_DNS_MAX, &lease->dns_count));
    return get_addresses(options, OPTION_NTP, lease->ntp, TATU_DHCP_NTP_MAX, &lease->ntp_count);
}

enum tatu_err tatu_netd_decode_dhcp(struct tatu_span in, uint32_t xid, const uint8_t mac[6],
                                    struct tatu_dhcp_answer *out)
{
    struct dhcp_options options = {0};
    struct tatu_dhcp_answer answer = {.type = TATU_DHCP_NAK};
    if (in.len > TATU_DHCP_MESSAGE_MAX) {
        return TATU_ERR_LONG;
    }
    if (in.len < AT_OPTIONS) {
        return TATU_ERR_SHORT;
    }
    if (in.data[AT_OP] != 2 || in.data[AT_HTYPE] != 1 || in.data[AT_HLEN] != 6 ||
        memcmp(in.data + AT_COOKIE, dhcp_cookie, sizeof(dhcp_cookie)) != 0) {
        return TATU_ERR_FORMAT;
    }
    if (dhcp_get_be32(in.data + AT_XID) != xid || memcmp(in.data + AT_CHADDR, mac, 6) != 0) {
        return TATU_ERR_FOREIGN;
    }
    TATU_TRY(dhcp_find_options(in, &options));
    const struct tatu_span type = options.by_code[OPTION_TYPE];
    if (type.len != 1 || !dhcp_get_u32(&options, OPTION_SERVER, &answer.lease.server) ||
        !dhcp_is_unicast(answer.lease.server)) {
        return TATU_ERR_FORMAT;
    }
    switch (type.data[0]) {
    case TATU_DHCP_OFFER:
    case TATU_DHCP_ACK:
        TATU_TRY(get_lease(in, &options, &answer.lease));
        break;
    case TATU_DHCP_NAK:
        break;
    default:
        return TATU_ERR_TYPE;
    }
    answer.type = (enum tatu_dhcp_type)type.data[0];
    *out = answer;
    return TATU_OK;
}

enum tatu_err tatu_netd_encode_dhcp(const struct tatu_dhcp_ask *ask, struct tatu_buf *out)
{
    static const uint8_t fixed[] = {OPTION_PARAMETERS,
                                    5,
                                    OPTION_MASK,
                                    OPTION_ROUTER,
                                    OPTION_DNS,
                                    OPTION_LEASE,
                                    OPTION_NTP,
                                    OPTION_MESSAGE_MAX,
                                    2,
                                    TATU_DHCP_MESSAGE_MAX >> 8,
                                    TATU_DHCP_MESSAGE_MAX & 0xff};
    uint8_t message[TATU_DHCP_ASK_SIZE] = {0};
    message[AT_OP] = 1;
    message[AT_HTYPE] = 1;
    message[AT_HLEN] = 6;
    dhcp_put_be32(message + AT_XID, ask->xid);
    /* without an address the kernel takes only what is broadcast */
    message[AT_FLAGS] = ask->own == 0 ? 0x80 : 0;
    dhcp_put_be32(message + AT_CIADDR, ask->own);
    memcpy(message + AT_CHADDR, ask->mac, sizeof(ask->mac));
    memcpy(message + AT_COOKIE, dhcp_cookie, sizeof(dhcp_cookie));
    size_t at = AT_OPTIONS;
    message[at++] = OPTION_TYPE;
    message[at++] = 1;
    message[at++] = (uint8_t)ask->type;
    if (ask->wanted != 0) {
        at = dhcp_put_u32(message, at, OPTION_WANTED, ask->wanted);
    }
    if (ask->server != 0) {
        at = dhcp_put_u32(message, at, OPTION_SERVER, ask->server);
    }
    memcpy(message + at, fixed, sizeof(fixed));
    message[at + sizeof(fixed)] = OPTION_END;
    return tatu_base_put_bytes(out, TATU_SPAN_OF(message));
}
