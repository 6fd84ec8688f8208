#include "dhcpd.h"

#include <string.h>

#include "dhcp_wire.h"

enum { DECLINE = 4, INFORM = 8 };

/* A client's message, as far as it matters. */
struct ask {
    uint8_t type;
    uint8_t xid[4];
    uint8_t flags[2];
    uint8_t mac[6];
    uint32_t own;
    uint32_t wanted; /* 0: none */
    uint32_t server; /* 0: none */
};

static bool is_in(uint32_t address, const struct tatu_dhcpd_range *range)
{
    return address - range->first < range->count;
}

enum tatu_err tatu_netd_start_dhcpd(struct tatu_dhcpd *server, const struct tatu_dhcpd_range *range)
{
    const uint32_t last = range->first + range->count - 1;
    const uint32_t net = range->own & range->mask, everybody = net | ~range->mask;
    if (range->count == 0 || range->count > TATU_DHCPD_LEASE_MAX || last < range->first ||
        range->lease_s == 0 || (range->first & range->mask) != net || (last & range->mask) != net ||
        is_in(range->own, range) || range->first == net || last == everybody) {
        return TATU_ERR_ARGUMENT;
    }
    if (range->router != 0 &&
        ((range->router & range->mask) != net || is_in(range->router, range))) {
        return TATU_ERR_ARGUMENT;
    }
    memset(server, 0, sizeof(*server));
    server->range = *range;
    return TATU_OK;
}

static enum tatu_err decode(struct tatu_span in, struct ask *out)
{
    struct dhcp_options options = {0};
    struct ask ask = {0};
    if (in.len > TATU_DHCP_MESSAGE_MAX) {
        return TATU_ERR_LONG;
    }
    if (in.len < AT_OPTIONS) {
        return TATU_ERR_SHORT;
    }
    if (in.data[AT_OP] != 1 || in.data[AT_HTYPE] != 1 || in.data[AT_HLEN] != 6 ||
        memcmp(in.data + AT_COOKIE, dhcp_cookie, sizeof(dhcp_cookie)) != 0) {
        return TATU_ERR_FORMAT;
    }
    if (dhcp_get_be32(in.data + AT_GIADDR) != 0) {
        return TATU_ERR_FOREIGN;
    }
    TATU_TRY(dhcp_find_options(in, &options));
    const struct tatu_span type = options.by_code[OPTION_TYPE];
    if (type.len != 1) {
        return TATU_ERR_FORMAT;
    }
    ask.type = type.data[0];
    memcpy(ask.xid, in.data + AT_XID, sizeof(ask.xid));
    memcpy(ask.flags, in.data + AT_FLAGS, sizeof(ask.flags));
    memcpy(ask.mac, in.data + AT_CHADDR, sizeof(ask.mac));
    ask.own = dhcp_get_be32(in.data + AT_CIADDR);
    if ((options.by_code[OPTION_WANTED].data != NULL &&
         !dhcp_get_u32(&options, OPTION_WANTED, &ask.wanted)) ||
        (options.by_code[OPTION_SERVER].data != NULL &&
         !dhcp_get_u32(&options, OPTION_SERVER, &ask.server))) {
        return TATU_ERR_FORMAT;
    }
    *out = ask;
    return TATU_OK;
}

static bool is_free(const struct tatu_dhcpd *server, size_t index, uint32_t now_s)
{
    return server->leases[index].until_s <= now_s;
}

static bool is_of(const struct tatu_dhcpd *server, size_t index, const uint8_t mac[6])
{
    return server->leases[index].until_s != 0 && !server->leases[index].refused &&
           memcmp(server->leases[index].mac, mac, 6) == 0;
}

/* The place of the client: the one it had, the one it wants, one nobody had, one that is free. */
static enum tatu_err find_place(const struct tatu_dhcpd *server, const struct ask *ask,
                                uint32_t now_s, size_t *out)
{
    const uint32_t wanted = ask->wanted - server->range.first;
    size_t fresh = SIZE_MAX, unused = SIZE_MAX;
    for (size_t i = 0; i < server->range.count; i++) {
        if (is_of(server, i, ask->mac)) {
            *out = i;
            return TATU_OK;
        }
        if (fresh == SIZE_MAX && server->leases[i].until_s == 0) {
            fresh = i;
        }
        if (unused == SIZE_MAX && is_free(server, i, now_s)) {
            unused = i;
        }
    }
    if (wanted < server->range.count && is_free(server, wanted, now_s)) {
        *out = wanted;
        return TATU_OK;
    }
    if (fresh == SIZE_MAX && unused == SIZE_MAX) {
        return TATU_ERR_FULL;
    }
    *out = fresh != SIZE_MAX ? fresh : unused;
    return TATU_OK;
}

static size_t put_lease(const struct tatu_dhcpd_range *range, bool with_time, uint8_t *message,
                        size_t at)
{
    at = dhcp_put_u32(message, at, OPTION_MASK, range->mask);
    if (with_time) {
        at = dhcp_put_u32(message, at, OPTION_LEASE, range->lease_s);
    }
    if (range->router != 0) {
        at = dhcp_put_u32(message, at, OPTION_ROUTER, range->router);
    }
    if (range->ntp_count != 0) {
        message[at++] = OPTION_NTP;
        message[at++] = (uint8_t)(4 * range->ntp_count);
        for (size_t i = 0; i < range->ntp_count; i++, at += 4) {
            dhcp_put_be32(message + at, range->ntp[i]);
        }
    }
    return at;
}

/* address: what the client gets; 0 for none. */
static enum tatu_err answer(const struct tatu_dhcpd *server, const struct ask *ask, uint8_t type,
                            uint32_t address, struct tatu_buf *out)
{
    uint8_t message[TATU_DHCPD_ANSWER_SIZE] = {0};
    message[AT_OP] = 2;
    message[AT_HTYPE] = 1;
    message[AT_HLEN] = 6;
    memcpy(message + AT_XID, ask->xid, sizeof(ask->xid));
    memcpy(message + AT_FLAGS, ask->flags, sizeof(ask->flags));
    dhcp_put_be32(message + AT_CIADDR, type == TATU_DHCP_NAK ? 0 : ask->own);
    dhcp_put_be32(message + AT_YIADDR, address);
    memcpy(message + AT_CHADDR, ask->mac, sizeof(ask->mac));
    memcpy(message + AT_COOKIE, dhcp_cookie, sizeof(dhcp_cookie));
    size_t at = AT_OPTIONS;
    message[at++] = OPTION_TYPE;
    message[at++] = 1;
    message[at++] = type;
    at = dhcp_put_u32(message, at, OPTION_SERVER, server->range.own);
    if (type != TATU_DHCP_NAK) {
        at = put_lease(&server->range, address != 0, message, at);
    }
    message[at++] = OPTION_END;
    return tatu_base_put_bytes(out, TATU_SPAN_OF(message));
}

static void give(struct tatu_dhcpd *server, size_t place, const struct ask *ask, uint32_t until_s)
{
    memcpy(server->leases[place].mac, ask->mac, sizeof(ask->mac));
    server->leases[place].refused = false;
    server->leases[place].until_s = until_s;
}

static enum tatu_err offer(struct tatu_dhcpd *server, const struct ask *ask, uint32_t now_s,
                           struct tatu_buf *out)
{
    size_t place = 0;
    TATU_TRY(find_place(server, ask, now_s, &place));
    if (is_free(server, place, now_s)) {
        give(server, place, ask, now_s + TATU_DHCPD_OFFER_S);
    }
    return answer(server, ask, TATU_DHCP_OFFER, server->range.first + (uint32_t)place, out);
}

/* An address that is the client's, or free, is its own from now on; any other is refused. */
static enum tatu_err grant(struct tatu_dhcpd *server, const struct ask *ask, uint32_t now_s,
                           struct tatu_buf *out)
{
    const uint32_t address = ask->wanted != 0 ? ask->wanted : ask->own;
    const uint32_t place = address - server->range.first;
    if (place >= server->range.count ||
        !(is_of(server, place, ask->mac) || is_free(server, place, now_s))) {
        return answer(server, ask, TATU_DHCP_NAK, 0, out);
    }
    const uint32_t until_s = now_s + server->range.lease_s;
    give(server, place, ask, until_s < now_s ? UINT32_MAX : until_s);
    return answer(server, ask, TATU_DHCP_ACK, address, out);
}

/* The client gives it back, or found somebody else there. */
static void take_back(struct tatu_dhcpd *server, const struct ask *ask, uint32_t now_s)
{
    const uint32_t address = ask->type == DECLINE ? ask->wanted : ask->own;
    const uint32_t place = address - server->range.first;
    if (place < server->range.count && is_of(server, place, ask->mac)) {
        server->leases[place].refused = ask->type == DECLINE;
        server->leases[place].until_s =
            ask->type == DECLINE ? now_s + server->range.lease_s : (now_s == 0 ? 1 : now_s);
    }
}

enum tatu_err tatu_netd_serve_dhcp(struct tatu_dhcpd *server, struct tatu_span in, uint32_t now_s,
                                   struct tatu_buf *out, uint32_t *out_to)
{
    struct ask ask;
    TATU_TRY(decode(in, &ask));
    if (ask.server != 0 && ask.server != server->range.own) {
        return TATU_ERR_FOREIGN;
    }
    *out_to = ask.own;
    switch (ask.type) {
    case TATU_DHCP_DISCOVER:
        *out_to = 0;
        return offer(server, &ask, now_s, out);
    case TATU_DHCP_REQUEST:
        return grant(server, &ask, now_s, out);
    case TATU_DHCP_RELEASE:
    case DECLINE:
        take_back(server, &ask, now_s);
        return TATU_OK;
    case INFORM:
        return answer(server, &ask, TATU_DHCP_ACK, 0, out);
    default:
        return TATU_ERR_TYPE;
    }
}
