/* Messages of DHCP, as a client: what a server says is hostile, what we say is of one shape. IPv4
 * addresses are numbers in host order. */
#ifndef TATU_NETD_DHCP_H
#define TATU_NETD_DHCP_H

#include "base/base.h"

#define TATU_DHCP_MESSAGE_MAX 1500u /* bytes: one Ethernet frame */
#define TATU_DHCP_ASK_SIZE 300u     /* bytes: the least that old servers take */
#define TATU_DHCP_DNS_MAX 3u        /* as many as a resolver asks */
#define TATU_DHCP_NTP_MAX 3u
#define TATU_DHCP_LEASE_MIN_S 10u /* below, renewing would be all we do */

enum tatu_dhcp_type {
    TATU_DHCP_DISCOVER = 1,
    TATU_DHCP_OFFER = 2,
    TATU_DHCP_REQUEST = 3,
    TATU_DHCP_ACK = 5,
    TATU_DHCP_NAK = 6,
    TATU_DHCP_RELEASE = 7,
};

struct tatu_dhcp_lease {
    uint32_t address;
    uint32_t mask;
    uint32_t router; /* 0: none */
    uint32_t server;
    uint32_t dns[TATU_DHCP_DNS_MAX];
    size_t dns_count;
    uint32_t ntp[TATU_DHCP_NTP_MAX];
    size_t ntp_count;
    uint32_t lease_s;
};

struct tatu_dhcp_answer {
    enum tatu_dhcp_type type;     /* OFFER, ACK or NAK */
    struct tatu_dhcp_lease lease; /* of a NAK only `server` */
};

/**
 * Reads a server's message that must be for us.
 *
 * Errors   SHORT    it ends inside the header or an option
 *          LONG     over TATU_DHCP_MESSAGE_MAX
 *          FOREIGN  of another exchange or for another interface
 *          TYPE     not OFFER, ACK or NAK
 *          FORMAT   not a reply; an option twice, of a wrong length or missing; an address, mask,
 *                   router or lease that cannot be
 */
enum tatu_err tatu_netd_decode_dhcp(struct tatu_span in, uint32_t xid, const uint8_t mac[6],
                                    struct tatu_dhcp_answer *out);

struct tatu_dhcp_ask {
    enum tatu_dhcp_type type; /* DISCOVER, REQUEST or RELEASE */
    uint32_t xid;
    uint8_t mac[6];
    uint32_t own;    /* the address that is in use and renewed; 0: none, answer by broadcast */
    uint32_t wanted; /* option 50; 0: none */
    uint32_t server; /* option 54; 0: none */
};

/** Errors: FULL. */
enum tatu_err tatu_netd_encode_dhcp(const struct tatu_dhcp_ask *ask, struct tatu_buf *out);

#endif
