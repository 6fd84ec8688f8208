#include "dhcp.h"

#include <string.h>

/* RFC 2131 §2 */
enum {
    AT_OP = 0,
    AT_HTYPE = 1,
    AT_HLEN = 2,
    AT_XID = 4,
    AT_FLAGS = 10,
    AT_CIADDR = 12,
    AT_YIADDR = 16,
    AT_CHADDR = 28,
    AT_COOKIE = 236,
    AT_OPTIONS = 240,
};
/* RFC 2132 */
enum {
    OPTION_PAD = 0,
    OPTION_MASK = 1,
    OPTION_ROUTER = 3,
    OPTION_DNS = 6,
    OPTION_WANTED = 50,
    OPTION_LEASE = 51,
    OPTION_TYPE = 53,
    OPTION_SERVER = 54,
    OPTION_PARAMETERS = 55,
    OPTION_MESSAGE_MAX = 57,
    OPTION_END = 255,
};
static const uint8_t cookie[4] = {99, 130, 83, 99};

static uint32_t get_be32(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

static void put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* The options that are read, by their number, as spans of the message. */
struct options {
    struct tatu_span by_code[256];
};

static enum tatu_err find_options(struct tatu_span in, struct options *out)
{
    size_t at = AT_OPTIONS;
    while (at < in.len && in.data[at] != OPTION_END) {
        const uint8_t code = in.data[at++];
        if (code == OPTION_PAD) {
            continue;
        }
        if (at == in.len || in.len - at - 1 < in.data[at]) {
            return TATU_ERR_SHORT;
        }
        if (out->by_code[code].data != NULL) {
            return TATU_ERR_FORMAT;
        }
        out->by_code[code] = (struct tatu_span){in.data + at + 1, in.data[at]};
        at += 1u + in.data[at];
    }
    return at < in.len ? TATU_OK : TATU_ERR_SHORT;
}

static bool get_u32(const struct options *options, uint8_t code, uint32_t *out)
{
    const struct tatu_span option = options->by_code[code];
    if (option.len != 4) {
        return false;
    }
    *out = get_be32(option.data);
    return true;
}

/* Can be the address of one machine. */
static bool is_unicast(uint32_t address)
{
    const uint32_t first = address >> 24;
    return first != 0 && first != 127 && first < 224;
}

static bool is_mask(uint32_t mask)
{
    const uint32_t hosts = ~mask;
    return mask != 0 && (hosts & (hosts + 1)) == 0;
}

/* A list of addresses; those over max are left out. An option that is not there is an empty list.
 */
static enum tatu_err get_addresses(const struct options *options, uint8_t code, uint32_t *out,
                                   size_t max, size_t *out_count)
{
    const struct tatu_span option = options->by_code[code];
    size_t count = 0;
    if (option.data != NULL && (option.len == 0 || option.len % 4 != 0)) {
        return TATU_ERR_FORMAT;
    }
    for (size_t at = 0; at < option.len; at += 4) {
        const uint32_t address = get_be32(option.data + at);
        if (!is_unicast(address)) {
            return TATU_ERR_FORMAT;
        }
        if (count < max) {
            out[count++] = address;
        }
    }
    *out_count = count;
    return TATU_OK;
}

static enum tatu_err get_lease(struct tatu_span in, const struct options *options,
                               struct tatu_dhcp_lease *lease)
{
    size_t router_count = 0;
    lease->address = get_be32(in.data + AT_YIADDR);
    if (!is_unicast(lease->address) || !get_u32(options, OPTION_MASK, &lease->mask) ||
        !is_mask(lease->mask) || !get_u32(options, OPTION_LEASE, &lease->lease_s) ||
        lease->lease_s < TATU_DHCP_LEASE_MIN_S) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(get_addresses(options, OPTION_ROUTER, &lease->router, 1, &router_count));
    /* a router that is not on the link cannot be reached */
    if (router_count != 0 && ((lease->router ^ lease->address) & lease->mask) != 0) {
        return TATU_ERR_FORMAT;
    }
    return get_addresses(options, OPTION_DNS, lease->dns, TATU_DHCP_DNS_MAX, &lease->dns_count);
}

enum tatu_err tatu_netd_decode_dhcp(struct tatu_span in, uint32_t xid, const uint8_t mac[6],
                                    struct tatu_dhcp_answer *out)
{
    struct options options = {0};
    struct tatu_dhcp_answer answer = {.type = TATU_DHCP_NAK};
    if (in.len > TATU_DHCP_MESSAGE_MAX) {
        return TATU_ERR_LONG;
    }
    if (in.len < AT_OPTIONS) {
        return TATU_ERR_SHORT;
    }
    if (in.data[AT_OP] != 2 || in.data[AT_HTYPE] != 1 || in.data[AT_HLEN] != 6 ||
        memcmp(in.data + AT_COOKIE, cookie, sizeof(cookie)) != 0) {
        return TATU_ERR_FORMAT;
    }
    if (get_be32(in.data + AT_XID) != xid || memcmp(in.data + AT_CHADDR, mac, 6) != 0) {
        return TATU_ERR_FOREIGN;
    }
    TATU_TRY(find_options(in, &options));
    const struct tatu_span type = options.by_code[OPTION_TYPE];
    if (type.len != 1 || !get_u32(&options, OPTION_SERVER, &answer.lease.server) ||
        !is_unicast(answer.lease.server)) {
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

static size_t put_u32(uint8_t *options, size_t at, uint8_t code, uint32_t value)
{
    options[at] = code;
    options[at + 1] = 4;
    put_be32(options + at + 2, value);
    return at + 6;
}

enum tatu_err tatu_netd_encode_dhcp(const struct tatu_dhcp_ask *ask, struct tatu_buf *out)
{
    static const uint8_t fixed[] = {OPTION_PARAMETERS,
                                    4,
                                    OPTION_MASK,
                                    OPTION_ROUTER,
                                    OPTION_DNS,
                                    OPTION_LEASE,
                                    OPTION_MESSAGE_MAX,
                                    2,
                                    TATU_DHCP_MESSAGE_MAX >> 8,
                                    TATU_DHCP_MESSAGE_MAX & 0xff};
    uint8_t message[TATU_DHCP_ASK_SIZE] = {0};
    message[AT_OP] = 1;
    message[AT_HTYPE] = 1;
    message[AT_HLEN] = 6;
    put_be32(message + AT_XID, ask->xid);
    /* without an address the kernel takes only what is broadcast */
    message[AT_FLAGS] = ask->own == 0 ? 0x80 : 0;
    put_be32(message + AT_CIADDR, ask->own);
    memcpy(message + AT_CHADDR, ask->mac, sizeof(ask->mac));
    memcpy(message + AT_COOKIE, cookie, sizeof(cookie));
    size_t at = AT_OPTIONS;
    message[at++] = OPTION_TYPE;
    message[at++] = 1;
    message[at++] = (uint8_t)ask->type;
    if (ask->wanted != 0) {
        at = put_u32(message, at, OPTION_WANTED, ask->wanted);
    }
    if (ask->server != 0) {
        at = put_u32(message, at, OPTION_SERVER, ask->server);
    }
    memcpy(message + at, fixed, sizeof(fixed));
    message[at + sizeof(fixed)] = OPTION_END;
    return tatu_base_put_bytes(out, TATU_SPAN_OF(message));
}
