#include "dhcp6.h"

#include <string.h>

#include "addresses.h"

enum {
    OPTION_CLIENT = 1,
    OPTION_SERVER = 2,
    OPTION_IA = 3,
    OPTION_ADDRESS = 5,
    OPTION_WANTED = 6,
    OPTION_PREFERENCE = 7,
    OPTION_ELAPSED = 8,
    OPTION_STATUS = 13,
    OPTION_DNS = 23,
    OPTION_SNTP = 31,
    OPTION_REFRESH = 32,
    OPTION_NTP = 56,
    OPTION_SOLICIT_MAX = 82,
    OPTION_INFORMATION_MAX = 83,
};
enum { NTP_ADDRESS = 1 }; /* of OPTION_NTP */
enum { HEAD = 4, IA_HEAD = 12, ADDRESS_HEAD = 24 };

static uint16_t get_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get_be32(const uint8_t *p)
{
    return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

/* ---- options ---- */

struct option {
    uint16_t code;
    struct tatu_span value;
};

/* The next off the front of rest. Errors: NOT_FOUND at the end; SHORT. */
static enum tatu_err take_option(struct tatu_span *rest, struct option *out)
{
    if (rest->len == 0) {
        return TATU_ERR_NOT_FOUND;
    }
    if (rest->len < HEAD) {
        return TATU_ERR_SHORT;
    }
    const size_t len = get_be16(rest->data + 2);
    if (len > rest->len - HEAD) {
        return TATU_ERR_SHORT;
    }
    *out = (struct option){get_be16(rest->data), {rest->data + HEAD, len}};
    rest->data += HEAD + len;
    rest->len -= HEAD + len;
    return TATU_OK;
}

/* An address that can be called from here: not of the link alone, of everybody, or written another
 * way. */
static bool is_usable(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return tatu_netd_is_peer(address) && memcmp(address, mapped, sizeof(mapped)) != 0 &&
           !(address[0] == 0xfe && (address[1] & 0xc0) == 0x80);
}

static void add_server(uint8_t list[][16], size_t max, size_t *count, const uint8_t address[16])
{
    if (*count < max && is_usable(address)) {
        memcpy(list[(*count)++], address, 16);
    }
}

/* Those over max are left out. */
static enum tatu_err get_servers(struct tatu_span value, uint8_t list[][16], size_t max,
                                 size_t *count)
{
    if (value.len == 0 || value.len % 16 != 0) {
        return TATU_ERR_FORMAT;
    }
    for (size_t at = 0; at < value.len; at += 16) {
        add_server(list, max, count, value.data + at);
    }
    return TATU_OK;
}

/* RFC 5908: names and groups are left out. */
static enum tatu_err get_ntp(struct tatu_span value, struct tatu_dhcp6_lease *lease)
{
    struct option part;
    enum tatu_err err;
    while ((err = take_option(&value, &part)) == TATU_OK) {
        if (part.code == NTP_ADDRESS && part.value.len != 16) {
            return TATU_ERR_FORMAT;
        }
        if (part.code == NTP_ADDRESS) {
            add_server(lease->ntp, TATU_DHCP6_NTP_MAX, &lease->ntp_count, part.value.data);
        }
    }
    return err == TATU_ERR_NOT_FOUND ? TATU_OK : err;
}

static enum tatu_err get_duid(struct tatu_span value, struct tatu_dhcp6_duid *out)
{
    if (value.len < 3 || value.len > TATU_DHCP6_DUID_MAX) {
        return TATU_ERR_FORMAT;
    }
    out->len = value.len;
    memcpy(out->bytes, value.data, value.len);
    return TATU_OK;
}

static enum tatu_err get_u32(struct tatu_span value, uint32_t *out)
{
    if (value.len != 4) {
        return TATU_ERR_FORMAT;
    }
    *out = get_be32(value.data);
    return TATU_OK;
}

/* Of several the first that is no success stays. */
static enum tatu_err get_status(struct tatu_span value, struct tatu_dhcp6_answer *answer)
{
    if (value.len < 2) {
        return TATU_ERR_FORMAT;
    }
    if (answer->status == TATU_DHCP6_SUCCESS) {
        answer->status = get_be16(value.data);
    }
    return TATU_OK;
}

/* ---- the address ---- */

static enum tatu_err get_statuses(struct tatu_span rest, struct tatu_dhcp6_answer *answer)
{
    struct option part;
    enum tatu_err err;
    while ((err = take_option(&rest, &part)) == TATU_OK) {
        if (part.code == OPTION_STATUS) {
            TATU_TRY(get_status(part.value, answer));
        }
    }
    return err == TATU_ERR_NOT_FOUND ? TATU_OK : err;
}

static enum tatu_err get_address(struct tatu_span value, struct tatu_dhcp6_answer *answer)
{
    struct tatu_dhcp6_lease *lease = &answer->lease;
    if (value.len < ADDRESS_HEAD) {
        return TATU_ERR_FORMAT;
    }
    const uint32_t preferred_s = get_be32(value.data + 16), valid_s = get_be32(value.data + 20);
    const struct tatu_span rest = {value.data + ADDRESS_HEAD, value.len - ADDRESS_HEAD};
    if (!lease->has_address && is_usable(value.data) && valid_s >= TATU_DHCP6_LEASE_MIN_S &&
        preferred_s <= valid_s) {
        lease->has_address = true;
        memcpy(lease->address, value.data, 16);
        lease->preferred_s = preferred_s;
        lease->valid_s = valid_s;
    }
    return get_statuses(rest, answer);
}

static enum tatu_err get_ia(struct tatu_span value, uint32_t iaid, struct tatu_dhcp6_answer *answer)
{
    struct tatu_dhcp6_lease *lease = &answer->lease;
    struct option part;
    enum tatu_err err;
    if (value.len < IA_HEAD) {
        return TATU_ERR_FORMAT;
    }
    if (get_be32(value.data) != iaid) {
        return TATU_OK; /* we have asked for one alone */
    }
    lease->renew_s = get_be32(value.data + 4);
    lease->rebind_s = get_be32(value.data + 8);
    struct tatu_span rest = {value.data + IA_HEAD, value.len - IA_HEAD};
    while ((err = take_option(&rest, &part)) == TATU_OK) {
        if (part.code == OPTION_ADDRESS) {
            TATU_TRY(get_address(part.value, answer));
        } else if (part.code == OPTION_STATUS) {
            TATU_TRY(get_status(part.value, answer));
        }
    }
    if (lease->renew_s > lease->rebind_s && lease->rebind_s != 0) {
        lease->has_address = false;
    }
    return err == TATU_ERR_NOT_FOUND ? TATU_OK : err;
}

/* ---- the message ---- */

/* What is read may be there once; of others (a maker's own, for one) there may be several. */
static bool is_single(uint16_t code)
{
    static const uint64_t single[2] = {
        1u << OPTION_CLIENT | 1u << OPTION_SERVER | 1u << OPTION_IA | 1u << OPTION_PREFERENCE |
            1u << OPTION_STATUS | 1u << OPTION_DNS | UINT64_C(1) << OPTION_SNTP |
            UINT64_C(1) << OPTION_REFRESH | UINT64_C(1) << OPTION_NTP,
        1u << (OPTION_SOLICIT_MAX - 64) | 1u << (OPTION_INFORMATION_MAX - 64),
    };
    return code < 128 && (single[code / 64] >> (code % 64) & 1) != 0;
}

static enum tatu_err get_option(const struct option *option, uint32_t iaid,
                                struct tatu_dhcp6_duid *asker, struct tatu_dhcp6_answer *answer)
{
    struct tatu_dhcp6_lease *lease = &answer->lease;
    switch (option->code) {
    case OPTION_CLIENT:
        return get_duid(option->value, asker);
    case OPTION_SERVER:
        return get_duid(option->value, &lease->server);
    case OPTION_IA:
        return get_ia(option->value, iaid, answer);
    case OPTION_STATUS:
        return get_status(option->value, answer);
    case OPTION_DNS:
        return get_servers(option->value, lease->dns, TATU_DHCP6_DNS_MAX, &lease->dns_count);
    case OPTION_SNTP:
        return get_servers(option->value, lease->ntp, TATU_DHCP6_NTP_MAX, &lease->ntp_count);
    case OPTION_NTP:
        return get_ntp(option->value, lease);
    case OPTION_REFRESH:
        return get_u32(option->value, &lease->refresh_s);
    case OPTION_SOLICIT_MAX:
        return get_u32(option->value, &answer->solicit_max_s);
    case OPTION_INFORMATION_MAX:
        return get_u32(option->value, &answer->information_max_s);
    case OPTION_PREFERENCE:
        answer->preference = option->value.len == 1 ? option->value.data[0] : 0;
        return option->value.len == 1 ? TATU_OK : TATU_ERR_FORMAT;
    default:
        return TATU_OK;
    }
}

enum tatu_err tatu_netd_decode_dhcp6(struct tatu_span in, const struct tatu_dhcp6_client *client,
                                     struct tatu_dhcp6_answer *out)
{
    struct tatu_dhcp6_answer answer = {.status = TATU_DHCP6_SUCCESS};
    struct tatu_dhcp6_duid asker = {.len = 0};
    struct option option;
    uint64_t seen[2] = {0, 0}; /* of codes below 128 what is told here is true */
    enum tatu_err err;
    if (in.len > TATU_DHCP6_MESSAGE_MAX) {
        return TATU_ERR_LONG;
    }
    if (in.len < HEAD) {
        return TATU_ERR_SHORT;
    }
    if (in.data[0] != TATU_DHCP6_ADVERTISE && in.data[0] != TATU_DHCP6_REPLY) {
        return TATU_ERR_TYPE;
    }
    answer.type = (enum tatu_dhcp6_type)in.data[0];
    if ((get_be32(in.data) & TATU_DHCP6_XID_MASK) != client->xid) {
        return TATU_ERR_FOREIGN;
    }
    struct tatu_span rest = {in.data + HEAD, in.len - HEAD};
    while ((err = take_option(&rest, &option)) == TATU_OK) {
        uint64_t *const seen_of = &seen[option.code / 64 % 2];
        if (is_single(option.code) && (*seen_of >> (option.code % 64) & 1) != 0) {
            return TATU_ERR_FORMAT;
        }
        *seen_of |= UINT64_C(1) << (option.code % 64);
        TATU_TRY(get_option(&option, client->iaid, &asker, &answer));
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    if (asker.len == 0 || answer.lease.server.len == 0) {
        return TATU_ERR_FORMAT;
    }
    if (asker.len != client->duid.len || memcmp(asker.bytes, client->duid.bytes, asker.len) != 0) {
        return TATU_ERR_FOREIGN;
    }
    *out = answer;
    return TATU_OK;
}

/* ---- ours ---- */

struct writer {
    uint8_t bytes[TATU_DHCP6_ASK_SIZE];
    size_t len;
};

static void put_be16(struct writer *w, uint32_t value)
{
    w->bytes[w->len++] = (uint8_t)(value >> 8);
    w->bytes[w->len++] = (uint8_t)value;
}

static void put_be32(struct writer *w, uint32_t value)
{
    put_be16(w, value >> 16);
    put_be16(w, value);
}

static void put_bytes(struct writer *w, const void *bytes, size_t len)
{
    memcpy(w->bytes + w->len, bytes, len);
    w->len += len;
}

static void put_duid(struct writer *w, uint16_t code, const struct tatu_dhcp6_duid *duid)
{
    put_be16(w, code);
    put_be16(w, (uint32_t)duid->len);
    put_bytes(w, duid->bytes, duid->len);
}

static void put_ia(struct writer *w, uint32_t iaid, const struct tatu_dhcp6_ask *ask)
{
    put_be16(w, OPTION_IA);
    put_be16(w, IA_HEAD + (ask->has_address ? HEAD + ADDRESS_HEAD : 0));
    put_be32(w, iaid);
    put_be32(w, 0); /* T1 and T2 are the server's */
    put_be32(w, 0);
    if (ask->has_address) {
        put_be16(w, OPTION_ADDRESS);
        put_be16(w, ADDRESS_HEAD);
        put_bytes(w, ask->address, 16);
        put_be32(w, 0); /* so are the lifetimes */
        put_be32(w, 0);
    }
}

static void put_wanted(struct writer *w)
{
    static const uint16_t wanted[] = {OPTION_DNS,     OPTION_SNTP,        OPTION_NTP,
                                      OPTION_REFRESH, OPTION_SOLICIT_MAX, OPTION_INFORMATION_MAX};
    put_be16(w, OPTION_WANTED);
    put_be16(w, sizeof(wanted));
    for (size_t i = 0; i < TATU_COUNT_OF(wanted); i++) {
        put_be16(w, wanted[i]);
    }
}

enum tatu_err tatu_netd_encode_dhcp6(const struct tatu_dhcp6_ask *ask,
                                     const struct tatu_dhcp6_client *client, struct tatu_buf *out)
{
    struct writer w = {.len = 0};
    const size_t most = HEAD + 2 * HEAD + client->duid.len + ask->server.len + HEAD + 2 + HEAD +
                        IA_HEAD + HEAD + ADDRESS_HEAD + HEAD + 12;
    if (most > sizeof(w.bytes)) {
        return TATU_ERR_FULL;
    }
    put_be32(&w, (uint32_t)ask->type << 24 | (client->xid & TATU_DHCP6_XID_MASK));
    put_duid(&w, OPTION_CLIENT, &client->duid);
    if (ask->server.len != 0) {
        put_duid(&w, OPTION_SERVER, &ask->server);
    }
    put_be16(&w, OPTION_ELAPSED);
    put_be16(&w, 2);
    put_be16(&w, ask->elapsed_cs);
    if (ask->has_ia) {
        put_ia(&w, client->iaid, ask);
    }
    if (ask->type != TATU_DHCP6_RELEASE && ask->type != TATU_DHCP6_DECLINE) {
        put_wanted(&w);
    }
    return tatu_base_put_bytes(out, (struct tatu_span){w.bytes, w.len});
}
