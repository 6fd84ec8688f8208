/* Messages of DHCPv6, as a client: what a server says is hostile, what we say is of one shape. One
 * address of our own (IA_NA), name servers, time servers. Source: RFC 8415 §8, §21; RFC 3646; RFC
 * 4075; RFC 5908. */
#ifndef TATU_NETD_DHCP6_H
#define TATU_NETD_DHCP6_H

#include "base/base.h"

#define TATU_DHCP6_MESSAGE_MAX 1500u /* bytes: one Ethernet frame */
#define TATU_DHCP6_ASK_SIZE 384u     /* bytes: the longest of ours, to the longest of servers */
#define TATU_DHCP6_DUID_MAX 130u     /* bytes, with the type (RFC 8415 §11.1) */
#define TATU_DHCP6_DNS_MAX 3u
#define TATU_DHCP6_NTP_MAX 3u
#define TATU_DHCP6_LEASE_MIN_S 10u /* below, renewing would be all we do */
#define TATU_DHCP6_XID_MASK 0xffffffu

enum tatu_dhcp6_type {
    TATU_DHCP6_SOLICIT = 1,
    TATU_DHCP6_ADVERTISE = 2,
    TATU_DHCP6_REQUEST = 3,
    TATU_DHCP6_RENEW = 5,
    TATU_DHCP6_REBIND = 6,
    TATU_DHCP6_REPLY = 7,
    TATU_DHCP6_RELEASE = 8,
    TATU_DHCP6_DECLINE = 9,
    TATU_DHCP6_INFORMATION = 11,
};

enum tatu_dhcp6_status {
    TATU_DHCP6_SUCCESS = 0,
    TATU_DHCP6_FAIL = 1,
    TATU_DHCP6_NO_ADDRESS = 2,
    TATU_DHCP6_NO_BINDING = 3,
    TATU_DHCP6_NOT_ON_LINK = 4,
};

struct tatu_dhcp6_duid {
    size_t len; /* 0: nobody's */
    uint8_t bytes[TATU_DHCP6_DUID_MAX];
};

/** Who asks, and in which exchange; of all messages in both directions. */
struct tatu_dhcp6_client {
    struct tatu_dhcp6_duid duid;
    uint32_t iaid;
    uint32_t xid; /* 24 bits */
};

struct tatu_dhcp6_lease {
    bool has_address;
    uint8_t address[16];
    uint32_t preferred_s; /* UINT32_MAX: for ever */
    uint32_t valid_s;     /* the same */
    uint32_t renew_s;     /* T1; 0: the client chooses */
    uint32_t rebind_s;    /* T2; the same */
    struct tatu_dhcp6_duid server;
    size_t dns_count;
    uint8_t dns[TATU_DHCP6_DNS_MAX][16];
    size_t ntp_count;
    uint8_t ntp[TATU_DHCP6_NTP_MAX][16];
    uint32_t refresh_s; /* of an answer without addresses; 0: not told */
};

struct tatu_dhcp6_answer {
    enum tatu_dhcp6_type type; /* ADVERTISE or REPLY */
    uint16_t status; /* the first that is no success: of the message, the IA, the address */
    uint8_t preference;
    uint32_t solicit_max_s;     /* SOL_MAX_RT, 0: not told */
    uint32_t information_max_s; /* INF_MAX_RT, 0: not told */
    struct tatu_dhcp6_lease lease;
};

/**
 * Reads a server's message that must be for us. Addresses that no machine of another link can have
 * are passed over; of several addresses the first that lives is taken. An IA whose T1 is after its
 * T2 has none.
 *
 * Errors   SHORT    it ends inside the header or an option
 *          LONG     over TATU_DHCP6_MESSAGE_MAX
 *          TYPE     not ADVERTISE or REPLY
 *          FOREIGN  of another exchange or another client
 *          FORMAT   client or server is not told; an option twice, or of a wrong length
 */
enum tatu_err tatu_netd_decode_dhcp6(struct tatu_span in, const struct tatu_dhcp6_client *client,
                                     struct tatu_dhcp6_answer *out);

struct tatu_dhcp6_ask {
    enum tatu_dhcp6_type type;
    bool has_ia;      /* an address is asked for */
    bool has_address; /* this one */
    uint8_t address[16];
    struct tatu_dhcp6_duid server; /* who is meant; len 0: everybody */
    uint16_t elapsed_cs;           /* hundredths of a second since the exchange began */
};

/** Errors: FULL. */
enum tatu_err tatu_netd_encode_dhcp6(const struct tatu_dhcp6_ask *ask,
                                     const struct tatu_dhcp6_client *client, struct tatu_buf *out);

#endif
