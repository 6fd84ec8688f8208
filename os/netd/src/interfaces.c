#include "interfaces.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "addresses.h"
#include "events.h"
#include "filter.h"
#include "link.h"
#include "socket.h"

#define CLIENT_PORT 68
#define SERVER_PORT 67
#define EVENT_ROOM 8192u
#define METRIC_STEP 100u /* the first interface's way out is taken while it is there */
#define LINK_MAX 8u
#define DNS6_LIFE_MAX_S 86400u

static const char *const names[TATU_INTERFACE_COUNT] = {"lo", "eth0", "azspheresvc", "eth1"};
static const uint8_t everybody[16] = {[10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t nobody[16];

/* Nothing goes from one interface to another, and each answers for its own addresses only. What the
 * kernel does not have is as if it were off. */
struct kernel_setting {
    const char *path;
    const char *value;
};

static const struct kernel_setting kernel_all[] = {
    {"ipv4/ip_forward", "0"},
    {"ipv6/conf/all/forwarding", "0"},
    {"ipv4/conf/all/rp_filter", "0"}, /* each has its own: see check_sources */
    {"ipv4/conf/all/arp_ignore", "2"},
    {"ipv4/conf/all/arp_announce", "2"},
    {"ipv4/conf/all/accept_redirects", "0"},
    {"ipv4/conf/all/secure_redirects", "0"},
    {"ipv4/conf/all/send_redirects", "0"},
    {"ipv4/conf/all/accept_source_route", "0"},
    {"ipv4/conf/all/ignore_routes_with_linkdown", "1"},
    {"ipv6/conf/all/accept_redirects", "0"},
    {"ipv6/conf/all/accept_source_route", "0"},
    {"ipv6/conf/all/ignore_routes_with_linkdown", "1"},
    {"ipv4/icmp_echo_ignore_broadcasts", "1"},
};
static const struct kernel_setting kernel_each[] = {
    {"ipv4/conf/%s/forwarding", "0"},     {"ipv4/conf/%s/accept_redirects", "0"},
    {"ipv4/conf/%s/send_redirects", "0"}, {"ipv4/conf/%s/accept_source_route", "0"},
    {"ipv4/conf/%s/arp_ignore", "2"},     {"ipv6/conf/%s/accept_redirects", "0"},
};

static void tell_changed(const struct tatu_interface *interface)
{
    interface->all->changed(interface->all->context);
}

static const char *text_of(uint32_t address, char out[INET_ADDRSTRLEN])
{
    const struct in_addr in = {htonl(address)};
    return inet_ntop(AF_INET, &in, out, INET_ADDRSTRLEN);
}

static uint32_t random32(void)
{
    return (uint32_t)netd_random();
}

/* ---- what it is ---- */

bool tatu_netd_is_up(const struct tatu_interface *interface)
{
    return interface->ifindex != 0 && (interface->config == NULL || interface->config->down == 0);
}

bool tatu_netd_is_private(const struct tatu_interface *interface)
{
    return interface->config == NULL || interface->config->serve_dhcp == 1 ||
           interface->config->serve_sntp == 1;
}

/* An address of the link alone leads nowhere. */
static bool is_global(const uint8_t address[16])
{
    return !(address[0] == 0xfe && (address[1] & 0xc0) == 0x80);
}

bool tatu_netd_has_ip(const struct tatu_interface *interface)
{
    if (interface->address != 0) {
        return true;
    }
    for (size_t i = 0; i < interface->address6_count; i++) {
        if (is_global(interface->addresses6[i].address)) {
            return true;
        }
    }
    return false;
}

uint32_t tatu_netd_get_flags(const struct tatu_interface *interface)
{
    uint32_t flags = 0;
    if (tatu_netd_is_up(interface)) {
        flags |= TATU_NET_FLAG_UP;
        flags |= interface->carrier ? TATU_NET_FLAG_CONNECTED : 0;
        flags |= interface->carrier && tatu_netd_has_ip(interface) ? TATU_NET_FLAG_IP : 0;
        flags |=
            (flags & TATU_NET_FLAG_IP) != 0 && interface->internet ? TATU_NET_FLAG_INTERNET : 0;
    }
    return flags;
}

void tatu_netd_describe_interface(const struct tatu_interface *interface,
                                  struct tatu_net_interface *out)
{
    const bool lo = interface == &interface->all->entries[TATU_INTERFACE_LO];
    memset(out, 0, sizeof(*out));
    strncpy(out->name, interface->name, sizeof(out->name) - 1);
    out->flags = tatu_netd_get_flags(interface);
    out->dynamic = interface->config != NULL && interface->config->ip.mode == TATU_NET_IP_DYNAMIC;
    out->medium = lo ? TATU_NET_MEDIUM_NONE : TATU_NET_MEDIUM_ETHERNET;
    out->refused = interface->refused;
    memcpy(out->mac, interface->mac, sizeof(out->mac));
    if (interface->address != 0) {
        tatu_netd_map_ipv4(interface->address, out->addresses[0]);
        out->prefixes[0] = (uint8_t)__builtin_popcount(interface->mask);
        out->address_count = 1;
    }
    for (size_t i = 0; i < interface->address6_count && out->address_count < TATU_NET_ADDRESS_MAX;
         i++) {
        memcpy(out->addresses[out->address_count], interface->addresses6[i].address, 16);
        out->prefixes[out->address_count++] = interface->addresses6[i].prefix;
    }
}

/* The router and DHCPv6 may tell the same. */
static void put_server(const struct tatu_interface *interface, const uint8_t address[16],
                       struct tatu_resolver_server out[TATU_RESOLVER_SERVER_MAX], size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if (memcmp(out[i].address, address, 16) == 0 &&
            strcmp(out[i].interface, interface->name) == 0) {
            return;
        }
    }
    if (*count < TATU_RESOLVER_SERVER_MAX) {
        memcpy(out[*count].address, address, 16);
        memset(out[*count].interface, 0, sizeof(out->interface));
        strncpy(out[(*count)++].interface, interface->name, sizeof(out->interface) - 1);
    }
}

static void put_servers(const struct tatu_interface *interface,
                        struct tatu_resolver_server out[TATU_RESOLVER_SERVER_MAX], size_t *count)
{
    const struct tatu_net_ip *ip = &interface->config->ip;
    uint8_t address[16];
    if (ip->custom_dns == 1) {
        for (size_t i = 0; i < ip->dns_count; i++) {
            put_server(interface, ip->dns[i], out, count);
        }
        return;
    }
    for (size_t i = 0; interface->lease.address != 0 && i < interface->lease.dns_count; i++) {
        tatu_netd_map_ipv4(interface->lease.dns[i], address);
        put_server(interface, address, out, count);
    }
    for (size_t i = 0; i < interface->dns6_count && tatu_os_now_ms() < interface->dns6_until_ms;
         i++) {
        put_server(interface, interface->dns6[i], out, count);
    }
    for (size_t i = 0; i < interface->stateful.lease.dns_count; i++) {
        put_server(interface, interface->stateful.lease.dns[i], out, count);
    }
}

size_t tatu_netd_list_servers(const struct tatu_interfaces *interfaces,
                              struct tatu_resolver_server out[TATU_RESOLVER_SERVER_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < TATU_INTERFACE_COUNT; i++) {
        const struct tatu_interface *interface = &interfaces->entries[i];
        if ((tatu_netd_get_flags(interface) & TATU_NET_FLAG_IP) != 0 &&
            !tatu_netd_is_private(interface)) {
            put_servers(interface, out, &count);
        }
    }
    return count;
}

enum tatu_err tatu_netd_find_interface(struct tatu_interfaces *interfaces, const char *name,
                                       struct tatu_interface **out)
{
    for (size_t i = 0; i < TATU_INTERFACE_COUNT; i++) {
        if (interfaces->entries[i].ifindex != 0 && strcmp(interfaces->entries[i].name, name) == 0) {
            *out = &interfaces->entries[i];
            return TATU_OK;
        }
    }
    return TATU_ERR_NOT_FOUND;
}

/* ---- its address of IPv4 ---- */

static void set_own(const struct tatu_interface *interface, uint32_t address, bool own)
{
    uint8_t bytes[16];
    tatu_netd_map_ipv4(address, bytes);
    if (own) {
        if (tatu_netd_put_own(interface->all->own_fd, interface->ifindex, bytes) != TATU_OK) {
            tatu_os_log(interface->all->log, TATU_OS_LOG_ERROR, "%s: its address is not let in",
                        interface->name);
        }
    } else {
        tatu_netd_remove_own(interface->all->own_fd, interface->ifindex, bytes);
    }
}

static void set_own_net(const struct tatu_interface *interface, bool own)
{
    set_own(interface, interface->address, own);
    set_own(interface, interface->address | ~interface->mask, own); /* broadcasts */
}

/* A packet must come from where its answer would go: on a private net from there alone, on the way
 * out from anywhere that has a route. Before there is an address nothing would come at all. */
static void check_sources(const struct tatu_interface *interface, bool has_address)
{
    (void)tatu_netd_set_kernel("ipv4/conf/%s/rp_filter", interface->name,
                               !has_address                      ? "0"
                               : tatu_netd_is_private(interface) ? "1"
                                                                 : "2");
}

static void clear_address(struct tatu_interface *interface)
{
    if (interface->address == 0) {
        return;
    }
    set_own_net(interface, false);
    if (tatu_netd_clear_address(interface->name) != TATU_OK) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_ERROR, "%s: the address stays",
                    interface->name);
    }
    interface->address = 0;
    interface->lease.address = 0;
    check_sources(interface, false);
    tell_changed(interface);
}

static bool set_address(struct tatu_interface *interface, uint32_t address, uint32_t mask,
                        uint32_t router)
{
    char text[INET_ADDRSTRLEN], router_text[INET_ADDRSTRLEN];
    const uint16_t metric =
        (uint16_t)(METRIC_STEP * (uint16_t)(interface - interface->all->entries));
    if (tatu_netd_is_private(interface)) {
        router = 0;
    }
    clear_address(interface);
    const enum tatu_err err = tatu_netd_set_address(interface->name, address, mask, router, metric);
    if (err != TATU_OK) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_ERROR, "%s: the address: %s", interface->name,
                    tatu_err_name(err));
        return false;
    }
    interface->address = address;
    interface->mask = mask;
    set_own_net(interface, true);
    check_sources(interface, true);
    tatu_os_log(interface->all->log, TATU_OS_LOG_NOTICE, "%s %s/%d router %s", interface->name,
                text_of(address, text), __builtin_popcount(mask),
                router == 0 ? "none" : text_of(router, router_text));
    return true;
}

/* ---- DHCP ---- */

static bool is_same_net(const struct tatu_dhcp_lease *a, const struct tatu_dhcp_lease *b)
{
    return a->address == b->address && a->mask == b->mask && a->router == b->router &&
           a->dns_count == b->dns_count && memcmp(a->dns, b->dns, sizeof(a->dns)) == 0 &&
           a->ntp_count == b->ntp_count && memcmp(a->ntp, b->ntp, sizeof(a->ntp)) == 0;
}

/* A renewed lease that says the same leaves the routes, and what uses them, alone. */
static void apply_lease(struct tatu_interface *interface, const struct tatu_dhcp_lease *lease)
{
    if (interface->lease.address != 0 && is_same_net(lease, &interface->lease)) {
        return;
    }
    if (set_address(interface, lease->address, lease->mask, lease->router)) {
        interface->lease = *lease;
        interface->refused = false;
        tell_changed(interface);
    }
}

static void send_ask(const struct tatu_interface *interface, const struct tatu_dhcp_ask *ask,
                     uint32_t to)
{
    uint8_t room[TATU_DHCP_ASK_SIZE];
    struct tatu_buf message = TATU_BUF_OF(room);
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(SERVER_PORT),
        .sin_addr = {to == 0 ? htonl(INADDR_BROADCAST) : htonl(to)}};
    if (tatu_netd_encode_dhcp(ask, &message) != TATU_OK ||
        sendto(interface->servers.fd, message.data, message.len, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&address, sizeof(address)) != (ssize_t)message.len) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_INFO, "%s: asking for an address: %s",
                    interface->name, strerror(errno));
    }
}

/* Told once, until an address is taken or asking begins anew. */
static void note_refused(struct tatu_interface *interface, uint32_t address)
{
    char text[INET_ADDRSTRLEN];
    if (!interface->refused) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_WARNING,
                    "%s: %s is in the net of the service interface: not taken", interface->name,
                    text_of(address, text));
    }
    interface->refused = true;
}

static void take_step(struct tatu_interface *interface, const struct tatu_lease_step *step)
{
    if (step->refused != 0) {
        note_refused(interface, step->refused);
    }
    if (step->drop) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_WARNING, "%s: the lease is lost",
                    interface->name);
        clear_address(interface);
    }
    if (step->apply) {
        apply_lease(interface, &interface->client.lease);
    }
    if (step->send) {
        send_ask(interface, &step->ask, step->to);
    }
    if (step->next_ms != 0) {
        tatu_os_set_timer(interface->all->loop, &interface->due, step->next_ms);
    }
}

static void on_lease_due(struct tatu_os_timer *timer)
{
    struct tatu_interface *interface = timer->context;
    struct tatu_lease_step step;
    tatu_netd_wake_lease(&interface->client, tatu_os_now_ms(), random32(), &step);
    take_step(interface, &step);
}

static void on_server(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_interface *interface = watch->context;
    uint8_t message[TATU_DHCP_MESSAGE_MAX + 1];
    struct tatu_dhcp_answer answer;
    struct tatu_lease_step step;
    const ssize_t len = recv(watch->fd, message, sizeof(message), MSG_DONTWAIT);
    (void)events;
    if (len < 0 ||
        tatu_netd_decode_dhcp((struct tatu_span){message, (size_t)len}, interface->client.xid,
                              interface->client.mac, &answer) != TATU_OK) {
        return; /* anybody on the link can send; the exchange goes on */
    }
    tatu_netd_answer_lease(&interface->client, &answer, tatu_os_now_ms(), random32(), &step);
    take_step(interface, &step);
}

static void stop_dhcp(struct tatu_interface *interface)
{
    interface->refused = false;
    if (interface->asking) {
        tatu_os_clear_timer(interface->all->loop, &interface->due);
        tatu_os_remove_watch(interface->all->loop, &interface->servers);
        (void)close(interface->servers.fd);
        interface->asking = false;
    }
}

static void start_dhcp(struct tatu_interface *interface)
{
    struct tatu_lease_step step;
    stop_dhcp(interface);
    interface->servers = (struct tatu_os_watch){
        .ready = on_server, .context = interface, .fd = netd_bind(interface->name, CLIENT_PORT)};
    if (interface->servers.fd < 0 ||
        tatu_os_add_watch(interface->all->loop, &interface->servers, EPOLLIN) != TATU_OK) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_ERROR, "%s: no socket for DHCP: %s",
                    interface->name, strerror(errno));
        return;
    }
    interface->asking = true;
    interface->due.fire = on_lease_due;
    interface->due.context = interface;
    tatu_netd_start_lease(&interface->client, interface->mac, tatu_os_now_ms(), random32(), &step);
    take_step(interface, &step);
}

void tatu_netd_release_interface(struct tatu_interface *interface)
{
    if (interface->asking && interface->lease.address != 0) {
        struct tatu_dhcp_ask ask = {.type = TATU_DHCP_RELEASE,
                                    .xid = random32(),
                                    .own = interface->lease.address,
                                    .server = interface->lease.server};
        memcpy(ask.mac, interface->mac, sizeof(ask.mac));
        send_ask(interface, &ask, interface->lease.server);
    }
    stop_dhcp(interface);
    clear_address(interface);
    tatu_netd_release_stateful6(&interface->stateful);
}

/* What the router says counts where addresses of IPv6 are automatic. */
static bool is_automatic6(const struct tatu_interface *interface)
{
    return interface->carrier && tatu_netd_is_up(interface) && !tatu_netd_is_private(interface) &&
           interface->config->ip.mode6 == TATU_NET_IP6_AUTOMATIC;
}

void tatu_netd_renew_interface(struct tatu_interface *interface)
{
    if (interface->carrier && tatu_netd_is_up(interface)) {
        start_dhcp(interface);
    }
    if (is_automatic6(interface)) {
        tatu_netd_renew_stateful6(&interface->stateful, interface->managed, interface->other);
    }
}

/* ---- coming and going ---- */

static void set_kernel6(const struct tatu_interface *interface, const char *path, bool on)
{
    (void)tatu_netd_set_kernel(path, interface->name, on ? "1" : "0");
}

static void set_ipv6(const struct tatu_interface *interface)
{
    const struct tatu_net_ip *ip = &interface->config->ip;
    const bool private = tatu_netd_is_private(interface);
    const bool automatic = ip->mode6 == TATU_NET_IP6_AUTOMATIC && !private;
    set_kernel6(interface, "ipv6/conf/%s/disable_ipv6", ip->mode6 == TATU_NET_IP6_OFF);
    set_kernel6(interface, "ipv6/conf/%s/accept_ra", automatic);
    set_kernel6(interface, "ipv6/conf/%s/autoconf", automatic);
    if (interface == &interface->all->entries[TATU_INTERFACE_ETH1]) {
        (void)tatu_netd_set_kernel("ipv6/conf/%s/ra_defrtr_metric", interface->name, "2048");
    }
    if (ip->mode6 == TATU_NET_IP6_STATIC &&
        tatu_netd_add_address6(interface->ifindex, ip->address6, ip->prefix6,
                               private ? nobody : ip->router6, 1024) != TATU_OK) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_ERROR, "%s: the address of IPv6 cannot be set",
                    interface->name);
    }
}

static uint32_t number_of(const uint8_t address[16])
{
    return tatu_netd_is_none(address) ? 0
                                      : (uint32_t)address[12] << 24 | (uint32_t)address[13] << 16 |
                                            (uint32_t)address[14] << 8 | address[15];
}

/* The cable came. */
static void gain(struct tatu_interface *interface)
{
    if (interface == &interface->all->entries[TATU_INTERFACE_SERVICE]) {
        (void)set_address(interface, TATU_DESK_ADDRESS, TATU_DESK_MASK, 0);
    } else if (interface->config != NULL) {
        const struct tatu_net_ip *ip = &interface->config->ip;
        set_ipv6(interface);
        if (ip->mode == TATU_NET_IP_DYNAMIC) {
            start_dhcp(interface);
        } else {
            (void)set_address(interface, number_of(ip->address), UINT32_MAX << (32 - ip->prefix),
                              number_of(ip->router));
        }
        if (is_automatic6(interface)) { /* the kernel tells a router's word only when it changes */
            tatu_netd_follow_router(&interface->stateful, interface->managed, interface->other);
        }
    }
    tell_changed(interface);
}

/* It went, or the interface is not to be used any more. */
static void lose(struct tatu_interface *interface)
{
    interface->internet = false;
    stop_dhcp(interface);
    clear_address(interface);
    tatu_netd_stop_stateful6(&interface->stateful, interface->carrier);
    interface->dns6_count = 0;
    tell_changed(interface);
}

static void set_carrier(struct tatu_interface *interface, bool carrier)
{
    if (carrier == interface->carrier || interface->ifindex == 0) {
        return;
    }
    interface->carrier = carrier;
    if (interface == &interface->all->entries[TATU_INTERFACE_LO]) {
        return;
    }
    tatu_os_log(interface->all->log, TATU_OS_LOG_INFO, "%s: %s", interface->name,
                carrier ? "connected" : "not connected");
    if (carrier) {
        gain(interface);
    } else {
        lose(interface);
    }
}

static void set_up(struct tatu_interface *interface)
{
    const struct tatu_config_interface_part *config = interface->config;
    const uint8_t *mac =
        config != NULL && config->has_mac == 1 ? config->mac.mac : interface->hardware_mac;
    if (interface != &interface->all->entries[TATU_INTERFACE_LO] &&
        memcmp(mac, interface->mac, sizeof(interface->mac)) != 0) {
        if (tatu_netd_set_mac(interface->name, mac) == TATU_OK) {
            memcpy(interface->mac, mac, sizeof(interface->mac));
        } else {
            tatu_os_log(interface->all->log, TATU_OS_LOG_ERROR,
                        "%s: its hardware address cannot be set", interface->name);
        }
    }
    if (config == NULL) {
        set_kernel6(interface, "ipv6/conf/%s/disable_ipv6", true);
    }
    for (size_t i = 0; i < TATU_COUNT_OF(kernel_each); i++) {
        (void)tatu_netd_set_kernel(kernel_each[i].path, interface->name, kernel_each[i].value);
    }
    if (tatu_netd_is_up(interface) && tatu_netd_set_link(interface->name, true) != TATU_OK) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_ERROR, "%s: it does not come up",
                    interface->name);
    }
}

void tatu_netd_restart_interface(struct tatu_interface *interface)
{
    lose(interface);
    interface->carrier = false; /* the kernel tells it again */
    if (tatu_netd_set_link(interface->name, false) != TATU_OK) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_ERROR, "%s: it does not go down",
                    interface->name);
    }
    set_up(interface);
}

/* ---- what the kernel tells ---- */

static struct tatu_interface *by_index(struct tatu_interfaces *interfaces, uint32_t ifindex)
{
    for (size_t i = 0; i < TATU_INTERFACE_COUNT; i++) {
        if (interfaces->entries[i].ifindex == ifindex && ifindex != 0) {
            return &interfaces->entries[i];
        }
    }
    return NULL;
}

static void remove_address6(struct tatu_interface *interface, const uint8_t address[16])
{
    for (size_t i = 0; i < interface->address6_count; i++) {
        if (memcmp(interface->addresses6[i].address, address, 16) == 0) {
            tatu_netd_remove_own(interface->all->own_fd, interface->ifindex, address);
            interface->addresses6[i] = interface->addresses6[--interface->address6_count];
            tell_changed(interface);
            return;
        }
    }
}

static void add_address6(struct tatu_interface *interface, const struct tatu_event *event)
{
    char text[INET6_ADDRSTRLEN];
    for (size_t i = 0; i < interface->address6_count; i++) {
        if (memcmp(interface->addresses6[i].address, event->address, 16) == 0) {
            return; /* its lifetime changed */
        }
    }
    if (interface->address6_count == TATU_INTERFACE_ADDRESS6_MAX ||
        tatu_netd_put_own(interface->all->own_fd, interface->ifindex, event->address) != TATU_OK) {
        return;
    }
    memcpy(interface->addresses6[interface->address6_count].address, event->address, 16);
    interface->addresses6[interface->address6_count++].prefix = event->prefix;
    if (is_global(event->address)) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_NOTICE, "%s %s/%u", interface->name,
                    inet_ntop(AF_INET6, event->address, text, sizeof(text)),
                    (unsigned)event->prefix);
    }
    tell_changed(interface);
}

static void take_servers(struct tatu_interface *interface, const struct tatu_event *event)
{
    const uint32_t life_s =
        event->lifetime_s < DNS6_LIFE_MAX_S ? event->lifetime_s : DNS6_LIFE_MAX_S;
    const bool same = event->server_count == interface->dns6_count &&
                      memcmp(event->servers, interface->dns6, sizeof(event->servers)) == 0 &&
                      tatu_os_now_ms() < interface->dns6_until_ms;
    size_t count = 0;
    for (size_t i = 0; i < event->server_count; i++) {
        if (tatu_netd_is_peer(event->servers[i]) && !tatu_net_is_ipv4(event->servers[i]) &&
            is_global(event->servers[i])) {
            memcpy(interface->dns6[count++], event->servers[i], 16);
        }
    }
    interface->dns6_count = life_s == 0 ? 0 : count;
    interface->dns6_until_ms = tatu_os_now_ms() + (uint64_t)life_s * 1000;
    if (!same) {
        tell_changed(interface);
    }
}

static void take_event(struct tatu_interfaces *interfaces, const struct tatu_event *event)
{
    struct tatu_interface *interface = by_index(interfaces, event->ifindex);
    if (interface == NULL) {
        return;
    }
    switch (event->kind) {
    case TATU_EVENT_LINK:
        set_carrier(interface, (event->flags & IFF_UP) != 0 && (event->flags & IFF_RUNNING) != 0);
        break;
    case TATU_EVENT_ADDRESS:
        add_address6(interface, event);
        break;
    case TATU_EVENT_ADDRESS_GONE:
        remove_address6(interface, event->address);
        break;
    case TATU_EVENT_ADDRESS_TAKEN:
        remove_address6(interface, event->address);
        tatu_netd_tell_taken(&interface->stateful, event->address);
        break;
    case TATU_EVENT_ROUTER:
        interface->managed = event->managed;
        interface->other = event->other;
        if (is_automatic6(interface)) {
            tatu_netd_follow_router(&interface->stateful, event->managed, event->other);
        }
        break;
    case TATU_EVENT_SERVERS:
        if (interface->config != NULL && interface->config->ip.mode6 == TATU_NET_IP6_AUTOMATIC) {
            take_servers(interface, event);
        }
        break;
    }
}

/* One list was told to its end: the next is asked for. */
static void ask_next(struct tatu_interfaces *interfaces)
{
    enum tatu_err err = TATU_OK;
    if (interfaces->asked == TATU_ASKED_LINKS) {
        interfaces->asked = TATU_ASKED_ADDRESSES;
        err = tatu_netd_ask_addresses(interfaces->events.fd);
    } else if (interfaces->asked == TATU_ASKED_ADDRESSES) {
        interfaces->asked = TATU_ASKED_ROUTERS;
        err = tatu_netd_ask_routers(interfaces->events.fd);
    }
    if (err != TATU_OK) {
        tatu_os_log(interfaces->log, TATU_OS_LOG_ERROR, "the kernel does not tell addresses");
    }
}

static void on_events(struct tatu_os_watch *watch, uint32_t ready)
{
    struct tatu_interfaces *interfaces = watch->context;
    uint8_t room[EVENT_ROOM];
    struct tatu_event event;
    bool end = false;
    const ssize_t len = recv(watch->fd, room, sizeof(room), MSG_DONTWAIT);
    struct tatu_span rest = {room, len < 0 ? 0 : (size_t)len};
    (void)ready;
    if (len < 0 && errno == ENOBUFS) { /* some were lost: all is asked for again */
        interfaces->asked = TATU_ASKED_LINKS;
        if (tatu_netd_ask_links(watch->fd) != TATU_OK) {
            tatu_os_log(interfaces->log, TATU_OS_LOG_ERROR, "the kernel is not asked again");
        }
        return;
    }
    while (tatu_netd_take_event(&rest, &event, &end) == TATU_OK) {
        take_event(interfaces, &event);
    }
    if (end) {
        ask_next(interfaces);
    }
}

/* ---- the beginning ---- */

/* What is in a slot gets the slot's name; what has that name and is elsewhere makes room first. */
static void name_links(struct tatu_interfaces *interfaces)
{
    static const char *const by_slot[] = {"eth0", "azspheresvc", "eth1"};
    char found[LINK_MAX][TATU_NET_NAME_SIZE], room[] = "netX";
    uint32_t slots[LINK_MAX];
    size_t count = 0;
    if (tatu_netd_list_links(found, LINK_MAX, &count) != TATU_OK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (tatu_netd_get_slot(found[i], &slots[i]) != TATU_OK ||
            slots[i] >= TATU_COUNT_OF(by_slot)) {
            slots[i] = UINT32_MAX;
            continue;
        }
        room[3] = (char)('0' + i);
        if (strcmp(found[i], by_slot[slots[i]]) != 0 &&
            tatu_netd_rename_link(found[i], room) == TATU_OK) {
            memcpy(found[i], room, sizeof(room));
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (slots[i] != UINT32_MAX && strcmp(found[i], by_slot[slots[i]]) != 0 &&
            tatu_netd_rename_link(found[i], by_slot[slots[i]]) != TATU_OK) {
            tatu_os_log(interfaces->log, TATU_OS_LOG_ERROR, "%s cannot be named %s", found[i],
                        by_slot[slots[i]]);
        }
    }
}

static void on_servers6(void *context)
{
    tell_changed(context);
}

static void prepare_stateful6(struct tatu_interface *interface)
{
    struct tatu_interfaces *all = interface->all;
    interface->stateful = (struct tatu_stateful6){
        .loop = all->loop,
        .log = all->log,
        .name = interface->name,
        .ifindex = interface->ifindex,
        .iaid = (uint32_t)(interface - all->entries),
        .duid = &all->duid,
        .changed = on_servers6,
        .context = interface,
        .servers.fd = -1,
    };
}

/* By the hardware address (RFC 8415 §11.4), where the board has none of its own. */
static void make_duid(struct tatu_interfaces *interfaces)
{
    static const uint8_t head[4] = {0, 3, 0, 1}; /* DUID-LL, Ethernet */
    if (interfaces->duid.len == 0) {
        memcpy(interfaces->duid.bytes, head, sizeof(head));
        memcpy(interfaces->duid.bytes + sizeof(head),
               interfaces->entries[TATU_INTERFACE_ETH0].hardware_mac, 6);
        interfaces->duid.len = sizeof(head) + 6;
    }
}

static void find_links(struct tatu_interfaces *interfaces, const struct tatu_config *config)
{
    for (size_t i = 0; i < TATU_INTERFACE_COUNT; i++) {
        struct tatu_interface *interface = &interfaces->entries[i];
        interface->all = interfaces;
        interface->name = names[i];
        interface->servers.fd = -1;
        if (tatu_netd_get_index(names[i], &interface->ifindex) != TATU_OK) {
            continue;
        }
        if (tatu_netd_get_mac(names[i], interface->hardware_mac) == TATU_OK) {
            memcpy(interface->mac, interface->hardware_mac, sizeof(interface->mac));
        }
        (void)tatu_netd_put_own(interfaces->own_fd, interface->ifindex, everybody);
        prepare_stateful6(interface);
    }
    make_duid(interfaces);
    interfaces->entries[TATU_INTERFACE_LO].address = INADDR_LOOPBACK;
    interfaces->entries[TATU_INTERFACE_LO].mask = 0xff000000u;
    interfaces->entries[TATU_INTERFACE_ETH0].config = &config->interfaces[TATU_CONFIG_ETH0];
    interfaces->entries[TATU_INTERFACE_ETH1].config = &config->interfaces[TATU_CONFIG_ETH1];
}

enum tatu_err tatu_netd_start_interfaces(struct tatu_interfaces *interfaces,
                                         const struct tatu_config *config)
{
    for (size_t i = 0; i < TATU_COUNT_OF(kernel_all); i++) {
        (void)tatu_netd_set_kernel(kernel_all[i].path, "", kernel_all[i].value);
    }
    name_links(interfaces);
    find_links(interfaces, config);
    interfaces->events = (struct tatu_os_watch){.ready = on_events, .context = interfaces};
    TATU_TRY(tatu_netd_open_events(&interfaces->events.fd));
    TATU_TRY(tatu_os_add_watch(interfaces->loop, &interfaces->events, EPOLLIN));
    for (size_t i = 0; i < TATU_INTERFACE_COUNT; i++) {
        if (interfaces->entries[i].ifindex != 0) {
            set_up(&interfaces->entries[i]);
        }
    }
    return TATU_OK;
}
