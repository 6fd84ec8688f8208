/* The life of what DHCPv6 gives: one table of state and event. Knows no socket and no clock: it is
 * told the time and a random number and says what is to be done. Source: RFC 8415 §15, §18.2. */
#ifndef TATU_NETD_LEASE6_H
#define TATU_NETD_LEASE6_H

#include "dhcp6.h"

enum tatu_lease6_state {
    TATU_LEASE6_STOPPED,    /* nothing is asked for */
    TATU_LEASE6_SOLICITING, /* asks everybody for an address */
    TATU_LEASE6_REQUESTING, /* took an offer */
    TATU_LEASE6_BOUND,      /* the address is ours */
    TATU_LEASE6_RENEWING,   /* past T1: asks the server that gave it */
    TATU_LEASE6_REBINDING,  /* past T2: asks everybody */
    TATU_LEASE6_DECLINING,  /* another machine has the address */
    TATU_LEASE6_RELEASING,  /* gives it back */
    TATU_LEASE6_INFORMING,  /* asks everybody for servers alone */
    TATU_LEASE6_INFORMED,
};

struct tatu_lease6_client {
    struct tatu_dhcp6_client who;
    enum tatu_lease6_state state;
    bool has_offer; /* lease is the best offer so far */
    uint8_t preference;
    uint32_t tries;    /* messages of this exchange */
    uint32_t failures; /* exchanges in a row that came to nothing */
    uint64_t rt_ms;    /* RT of the last message */
    uint64_t solicit_max_ms;
    uint64_t information_max_ms;
    struct tatu_dhcp6_lease lease; /* offered, then ours */
    uint64_t asked_at_ms;          /* the exchange began: a lease counts from there */
    uint64_t bound_at_ms;
};

/** What the owner of the client has to do now. The message goes to all servers of the link. */
struct tatu_lease6_step {
    bool send;
    struct tatu_dhcp6_ask ask;
    bool apply;       /* client->lease is ours, from now on or still */
    bool drop;        /* the address is ours no longer; before anything is sent or applied */
    uint64_t next_ms; /* when to call again; 0: the time that was set stays */
};

/** Begins to ask, after up to a second: for an address and servers, or for servers alone. */
void tatu_netd_start_lease6(struct tatu_lease6_client *client, const struct tatu_dhcp6_duid *duid,
                            uint32_t iaid, bool address, uint64_t now_ms, uint32_t random,
                            struct tatu_lease6_step *out);
/** The time of the last step came. */
void tatu_netd_wake_lease6(struct tatu_lease6_client *client, uint64_t now_ms, uint32_t random,
                           struct tatu_lease6_step *out);
/** A server answered in the present exchange (client->who). */
void tatu_netd_answer_lease6(struct tatu_lease6_client *client,
                             const struct tatu_dhcp6_answer *answer, uint64_t now_ms,
                             uint32_t random, struct tatu_lease6_step *out);
/** Another machine has the address. */
void tatu_netd_decline_lease6(struct tatu_lease6_client *client, uint64_t now_ms, uint32_t random,
                              struct tatu_lease6_step *out);
/** It is not wanted any more. Without one nothing is sent. */
void tatu_netd_release_lease6(struct tatu_lease6_client *client, uint64_t now_ms, uint32_t random,
                              struct tatu_lease6_step *out);

#endif
