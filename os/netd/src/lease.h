/* The life of a lease: one table of state and event. Knows no socket and no clock: it is told the
 * time and a random number and says what is to be done. Source: RFC 2131 §4.4. */
#ifndef TATU_NETD_LEASE_H
#define TATU_NETD_LEASE_H

#include "dhcp.h"

enum tatu_lease_state {
    TATU_LEASE_SELECTING,  /* asked everybody */
    TATU_LEASE_REQUESTING, /* took an offer */
    TATU_LEASE_BOUND,      /* the address is ours */
    TATU_LEASE_RENEWING,   /* past half of the lease: asks the server that gave it */
    TATU_LEASE_REBINDING,  /* past 7/8: asks everybody */
};

struct tatu_lease_client {
    enum tatu_lease_state state;
    uint8_t mac[6];
    uint32_t xid;
    uint32_t tries;               /* in this state */
    struct tatu_dhcp_lease lease; /* offered, then ours */
    uint64_t asked_at_ms;         /* the lease counts from when it was asked for */
    uint64_t bound_at_ms;
};

/** What the owner of the client has to do now. */
struct tatu_lease_step {
    bool send;
    struct tatu_dhcp_ask ask;
    uint32_t to;      /* 0: broadcast */
    bool apply;       /* client->lease is ours, from now on or still */
    bool drop;        /* the address is ours no longer */
    uint32_t refused; /* an offered address that is in the desk's net, and not taken; 0: none */
    uint64_t next_ms; /* when to call again; 0: the time that was set stays */
};

/** The first step, which asks everybody. */
void tatu_netd_start_lease(struct tatu_lease_client *client, const uint8_t mac[6], uint64_t now_ms,
                           uint32_t random, struct tatu_lease_step *out);
/** The time of the last step came. */
void tatu_netd_wake_lease(struct tatu_lease_client *client, uint64_t now_ms, uint32_t random,
                          struct tatu_lease_step *out);
/** A server answered in the present exchange (client->xid). */
void tatu_netd_answer_lease(struct tatu_lease_client *client, const struct tatu_dhcp_answer *answer,
                            uint64_t now_ms, uint32_t random, struct tatu_lease_step *out);

#endif
