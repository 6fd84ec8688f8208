/* What an interface serves to a private network: addresses (DHCP) and the time (SNTP). */
#ifndef TATU_NETD_SERVICES_H
#define TATU_NETD_SERVICES_H

#include "clock.h"
#include "dhcpd.h"
#include "interfaces.h"

struct tatu_service {
    struct tatu_interface *interface;
    struct tatu_clock *clock;
    struct tatu_os_watch dhcp; /* fd -1: not served */
    struct tatu_os_watch sntp;
    struct tatu_dhcpd server;
};

void tatu_netd_init_service(struct tatu_service *service, struct tatu_interface *interface,
                            struct tatu_clock *clock);
/** As the interface's configuration and address are now; called when they changed. */
void tatu_netd_update_service(struct tatu_service *service);

#endif
