/* The addresses one control group may use, each until a time. Bytes: IPv6, or IPv4 as
 * ::ffff:a.b.c.d. */
#ifndef TATU_NETD_ADDRESSES_H
#define TATU_NETD_ADDRESSES_H

#include "base/base.h"

/* The filter's map has room for these and the DNS servers. */
#define TATU_ADDRESS_MAX 60u
#define TATU_ADDRESS_FOR_EVER UINT64_MAX

/* The service interface: 192.168.35.2/24, in host order. No other interface may have an address in
 * that net: what is sent to it would no longer come to the desk. */
#define TATU_DESK_ADDRESS 0xc0a82302u
#define TATU_DESK_MASK 0xffffff00u

struct tatu_address {
    uint8_t bytes[16];
    uint64_t until_ms;
};

struct tatu_address_set {
    size_t count;
    struct tatu_address entries[TATU_ADDRESS_MAX];
};

/** ::ffff:a.b.c.d of a number in host order. */
void tatu_netd_map_ipv4(uint32_t address, uint8_t out[16]);

/** Whether an address (host order) is in the net of the service interface. */
bool tatu_netd_is_of_desk(uint32_t address);

/** Reads a literal of IPv4 or IPv6. Errors: FORMAT when it is none (a name). */
enum tatu_err tatu_netd_decode_address(const char *text, uint8_t out[16]);

/** Whether it is another machine's own: not loopback, nobody's, everybody's or a group's. */
bool tatu_netd_is_peer(const uint8_t address[16]);

/** Adds it, or makes it live longer. Errors: ARGUMENT when it is not a peer; FULL. */
enum tatu_err tatu_netd_add_address(struct tatu_address_set *set, const uint8_t address[16],
                                    uint64_t until_ms);

/** Takes one out whose time is over. Errors: NOT_FOUND when there is none. */
enum tatu_err tatu_netd_expire_address(struct tatu_address_set *set, uint64_t now_ms,
                                       uint8_t out[16]);

bool tatu_netd_has_address(const struct tatu_address_set *set, const uint8_t address[16]);

#endif
