/* Whether the way out of an interface leads anywhere: a TCP connection over it to the service, or
 * to the proxy when there is one. */
#ifndef TATU_NETD_PROBE_H
#define TATU_NETD_PROBE_H

#include "interfaces.h"

struct tatu_probe {
    struct tatu_interface *interface;
    /** Where to; port 0: nowhere. Addresses that were found. */
    const struct tatu_probe_target *target;
    bool connecting;
    uint32_t failures;
    struct tatu_os_watch watch;
    struct tatu_os_timer due;
};

struct tatu_probe_target {
    uint16_t port; /* 0: not known */
    uint8_t address[16];
};

void tatu_netd_init_probe(struct tatu_probe *probe, struct tatu_interface *interface,
                          const struct tatu_probe_target *target);
/** The interface or the target changed: looks anew. */
void tatu_netd_update_probe(struct tatu_probe *probe);

#endif
