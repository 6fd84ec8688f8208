/* What both sides of DHCP are made of. Numbers are in host order. Source: RFC 2131 §2; RFC 2132. */
#ifndef TATU_NETD_DHCP_WIRE_H
#define TATU_NETD_DHCP_WIRE_H

#include "base/base.h"

enum {
    AT_OP = 0,
    AT_HTYPE = 1,
    AT_HLEN = 2,
    AT_XID = 4,
    AT_FLAGS = 10,
    AT_CIADDR = 12,
    AT_YIADDR = 16,
    AT_GIADDR = 24,
    AT_CHADDR = 28,
    AT_COOKIE = 236,
    AT_OPTIONS = 240,
};
enum {
    OPTION_PAD = 0,
    OPTION_MASK = 1,
    OPTION_ROUTER = 3,
    OPTION_DNS = 6,
    OPTION_NTP = 42,
    OPTION_WANTED = 50,
    OPTION_LEASE = 51,
    OPTION_TYPE = 53,
    OPTION_SERVER = 54,
    OPTION_PARAMETERS = 55,
    OPTION_MESSAGE_MAX = 57,
    OPTION_END = 255,
};
static const uint8_t dhcp_cookie[4] = {99, 130, 83, 99};

static inline uint32_t dhcp_get_be32(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

static inline void dhcp_put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* The options that are read, by their number, as spans of the message. */
struct dhcp_options {
    struct tatu_span by_code[256];
};

static inline enum tatu_err dhcp_find_options(struct tatu_span in, struct dhcp_options *out)
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

static inline bool dhcp_get_u32(const struct dhcp_options *options, uint8_t code, uint32_t *out)
{
    const struct tatu_span option = options->by_code[code];
    if (option.len != 4) {
        return false;
    }
    *out = dhcp_get_be32(option.data);
    return true;
}

/* Can be the address of one machine. */
static inline bool dhcp_is_unicast(uint32_t address)
{
    const uint32_t first = address >> 24;
    return first != 0 && first != 127 && first < 224;
}

static inline size_t dhcp_put_u32(uint8_t *options, size_t at, uint8_t code, uint32_t value)
{
    options[at] = code;
    options[at + 1] = 4;
    dhcp_put_be32(options + at + 2, value);
    return at + 6;
}

#endif
