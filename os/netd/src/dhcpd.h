/* The server of DHCP on a private interface: a message in, at most one out. Knows no socket and no
 * clock; IPv4 addresses are numbers in host order. Source: RFC 2131 §4.3. */
#ifndef TATU_NETD_DHCPD_H
#define TATU_NETD_DHCPD_H

#include "dhcp.h"

#define TATU_DHCPD_LEASE_MAX 255u /* as many as one range may have */
#define TATU_DHCPD_ANSWER_SIZE 320u
#define TATU_DHCPD_OFFER_S 60u /* an offer that is not taken is free again */

struct tatu_dhcpd_range {
    uint32_t own; /* the interface's address */
    uint32_t mask;
    uint32_t first;
    uint32_t count;  /* 1 to TATU_DHCPD_LEASE_MAX */
    uint32_t router; /* 0: none */
    uint32_t lease_s;
    uint32_t ntp[TATU_DHCP_NTP_MAX];
    size_t ntp_count;
};

struct tatu_dhcpd {
    struct tatu_dhcpd_range range;
    struct {
        uint8_t mac[6];
        bool refused;     /* somebody else uses the address */
        uint32_t until_s; /* of the boot clock; 0: never given */
    } leases[TATU_DHCPD_LEASE_MAX];
};

/** Errors: ARGUMENT: an empty range, one that is not on the interface's net or holds its own, the
 *  router's or the net's first and last address; a router that is not on the net; no lease time. */
enum tatu_err tatu_netd_start_dhcpd(struct tatu_dhcpd *server,
                                    const struct tatu_dhcpd_range *range);

/**
 * Takes a client's message; leases change as it says.
 *
 * out      is appended to, room for TATU_DHCPD_ANSWER_SIZE; nothing: there is no answer
 * out_to   where it goes; 0: broadcast
 *
 * Errors   SHORT, LONG, FORMAT  as of a server's message (dhcp.h)
 *          TYPE     no message of a client
 *          FOREIGN  through a relay, or for another server
 *          FULL     no address is left
 */
enum tatu_err tatu_netd_serve_dhcp(struct tatu_dhcpd *server, struct tatu_span in, uint32_t now_s,
                                   struct tatu_buf *out, uint32_t *out_to);

#endif
