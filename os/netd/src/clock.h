/* Sets the clock by SNTP, within the bounds of signed time.
 * Source: docs/protocol/network.md. */
#ifndef TATU_NETD_CLOCK_H
#define TATU_NETD_CLOCK_H

#include "config.h"
#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "os/lib/sm.h"
#include "os/lib/time.h"
#include "resolver.h"
#include "sntp.h"

#define TATU_CLOCK_SERVER_MAX 6u

struct tatu_clock {
    struct tatu_os_loop *loop;
    const struct tatu_os_log *log;
    const struct tatu_os_monitor *monitor;
    struct tatu_resolver *resolver;
    const struct tatu_config *config;
    char default_server[TATU_NET_HOST_SIZE]; /* "": none */
    size_t network_count;                    /* servers that DHCP told */
    uint8_t network[TATU_NET_NTP_MAX][16];
    bool up;
    /* the exchange under way */
    bool asking;
    size_t next; /* of the servers of the configuration */
    char server[TATU_NET_HOST_SIZE];
    struct tatu_sntp_ask ask;
    struct tatu_lookup lookup;
    struct tatu_os_watch watch;
    struct tatu_os_timer due;
    uint32_t failures; /* in a row, of all servers */
    /* what is known */
    struct tatu_os_time_bounds bounds;
    struct tatu_os_timer look_due; /* the bounds are as close as the looks are */
    bool synced;
    uint8_t stratum;
    struct tatu_net_sync last;
};

/** The caller has filled in the pointers and default_server. */
void tatu_netd_start_clock(struct tatu_clock *clock);
/** The network came, went, or its time servers changed; or the configuration. */
void tatu_netd_tell_clock(struct tatu_clock *clock, bool up,
                          const uint8_t network[TATU_NET_NTP_MAX][16], size_t network_count);
/** Whether the clock can be believed: by SNTP or signed time of this boot. */
bool tatu_netd_is_time_set(struct tatu_clock *clock);

#endif
