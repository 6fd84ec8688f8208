/* What an interface gets by DHCPv6: an address, name servers, time servers, or the servers alone,
 * as its router says. Source: RFC 4861 §4.2 (M and O); RFC 8415. */
#ifndef TATU_NETD_STATEFUL6_H
#define TATU_NETD_STATEFUL6_H

#include "lease6.h"
#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "proto/network.h"

struct tatu_stateful6 {
    /* the owner's */
    struct tatu_os_loop *loop;
    const struct tatu_os_log *log;
    const char *name; /* of the interface */
    uint32_t ifindex;
    uint32_t iaid;
    const struct tatu_dhcp6_duid *duid;
    /** Servers changed; addresses are told by the kernel. */
    void (*changed)(void *context);
    void *context;
    /* its own */
    bool running;
    bool address; /* M: an address is asked for; else servers alone */
    struct tatu_lease6_client client;
    struct tatu_os_watch servers;
    struct tatu_os_timer due;
    struct tatu_dhcp6_lease lease; /* in use; has_address and counts are 0 where there is none */
};

/** Asks as the router said, if it does not yet; neither: stops, and gives back what it has. */
void tatu_netd_follow_router(struct tatu_stateful6 *stateful, bool managed, bool other);
/** Stops. Gives the address back with one message where the link is still there. */
void tatu_netd_stop_stateful6(struct tatu_stateful6 *stateful, bool link);
/** Gives the address back, with repeated messages; then it is stopped. */
void tatu_netd_release_stateful6(struct tatu_stateful6 *stateful);
/** Asks anew at once; when it was stopped, as the router said. */
void tatu_netd_renew_stateful6(struct tatu_stateful6 *stateful, bool managed, bool other);
/** Another machine has an address of this interface: if it is the one of the lease, another is
 * asked for. */
void tatu_netd_tell_taken(struct tatu_stateful6 *stateful, const uint8_t address[16]);

#endif
