/* The interfaces of the board: which is which, what each is to be, what it is. One address of IPv4
 * each, by DHCP or static, and those of IPv6 that the kernel makes from what routers advertise.
 * Source: docs/protocol/network.md. */
#ifndef TATU_NETD_INTERFACES_H
#define TATU_NETD_INTERFACES_H

#include "config.h"
#include "lease.h"
#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "resolver.h"
#include "stateful6.h"

enum tatu_interface_place {
    TATU_INTERFACE_LO,
    TATU_INTERFACE_ETH0,    /* slot 0 */
    TATU_INTERFACE_SERVICE, /* slot 1 */
    TATU_INTERFACE_ETH1,    /* slot 2 */
    TATU_INTERFACE_COUNT,
};
#define TATU_INTERFACE_ADDRESS6_MAX 5u

struct tatu_interfaces;
struct tatu_interface {
    struct tatu_interfaces *all;
    const char *name;
    uint32_t ifindex; /* 0: it is not there */
    bool carrier;
    bool internet; /* told from outside */
    uint8_t hardware_mac[6];
    uint8_t mac[6];
    const struct tatu_config_interface_part *config; /* NULL: it cannot be configured */
    uint32_t address;                                /* 0: none */
    uint32_t mask;
    size_t address6_count;
    struct {
        uint8_t address[16];
        uint8_t prefix;
    } addresses6[TATU_INTERFACE_ADDRESS6_MAX];
    size_t dns6_count; /* as routers tell, until dns6_until_ms */
    uint8_t dns6[TATU_NET_DNS_MAX][16];
    uint64_t dns6_until_ms;
    bool managed; /* the last router advertisement: addresses by DHCPv6 ... */
    bool other;   /* ... or all but addresses */
    struct tatu_stateful6 stateful;
    /* DHCP */
    bool asking;
    struct tatu_lease_client client;
    struct tatu_os_watch servers;
    struct tatu_os_timer due;
    struct tatu_dhcp_lease lease; /* the one in use; address 0: none */
    bool refused;                 /* what is offered is in the desk's net */
};

struct tatu_interfaces {
    struct tatu_os_loop *loop;
    const struct tatu_os_log *log;
    int own_fd;                  /* the filter's map of the board's addresses */
    struct tatu_dhcp6_duid duid; /* the board's; len 0: by the hardware address of eth0 */
    /** Addresses, name servers or the carrier changed. */
    void (*changed)(void *context);
    void *context;
    struct tatu_os_watch events;
    enum { TATU_ASKED_LINKS, TATU_ASKED_ADDRESSES, TATU_ASKED_ROUTERS } asked; /* the kernel */
    struct tatu_interface entries[TATU_INTERFACE_COUNT];
};

/** Finds, names and configures them, and follows them from then on. Errors: IO. */
enum tatu_err tatu_netd_start_interfaces(struct tatu_interfaces *interfaces,
                                         const struct tatu_config *config);

/** Errors: NOT_FOUND. */
enum tatu_err tatu_netd_find_interface(struct tatu_interfaces *interfaces, const char *name,
                                       struct tatu_interface **out);
/** The configuration changed: as if the interface had come now. */
void tatu_netd_restart_interface(struct tatu_interface *interface);
/** Gives the lease back; there is no address until it is renewed. */
void tatu_netd_release_interface(struct tatu_interface *interface);
/** Asks for the lease again, or for a new one. */
void tatu_netd_renew_interface(struct tatu_interface *interface);

bool tatu_netd_has_ip(const struct tatu_interface *interface);
/** It serves others: nothing is asked there, and no way out leads over it. */
bool tatu_netd_is_private(const struct tatu_interface *interface);
bool tatu_netd_is_up(const struct tatu_interface *interface);
uint32_t tatu_netd_get_flags(const struct tatu_interface *interface);
void tatu_netd_describe_interface(const struct tatu_interface *interface,
                                  struct tatu_net_interface *out);
/** Name servers of all interfaces, the first interface's first. */
size_t tatu_netd_list_servers(const struct tatu_interfaces *interfaces,
                              struct tatu_resolver_server out[TATU_RESOLVER_SERVER_MAX]);

#endif
