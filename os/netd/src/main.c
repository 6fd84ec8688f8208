#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "os/lib/vault.h"
#include "os/netd/netd.h"
#include "proto/image.h"
#include "state.h"

#define CONTROL_FD 3 /* appman hands the listening socket over */
#define RESOLV_CONF "/run/resolv.conf"
#define RESOLV_TEXT "nameserver " TATU_FILTER_RESOLVER "\noptions timeout:3 attempts:2\n"
#define TARGET_FIRST_MS 4000u
#define TARGET_MAX_MS 300000u

/* ---- the way out ---- */

static bool has_proxy(const struct netd *netd)
{
    return netd->config.has_proxy == 1 && netd->config.proxy.enabled == 1;
}

enum tatu_net_proxy_state tatu_netd_get_proxy_state(const struct netd *netd)
{
    if (!has_proxy(netd)) {
        return TATU_NET_PROXY_STATE_DISABLED;
    }
    if (!netd->up) {
        return TATU_NET_PROXY_STATE_ENABLED;
    }
    return netd->target.port != 0 ? TATU_NET_PROXY_STATE_READY : TATU_NET_PROXY_STATE_RESOLVING;
}

static const char *target_host(const struct netd *netd)
{
    return has_proxy(netd) ? netd->config.proxy.address : netd->service_host;
}

static void set_target(struct netd *netd, const uint8_t address[16])
{
    memcpy(netd->target.address, address, 16);
    netd->target.port = has_proxy(netd) ? netd->config.proxy.port : netd->service_port;
    netd->target_failures = 0;
    for (size_t i = 0; i < TATU_CONFIG_INTERFACE_COUNT; i++) {
        tatu_netd_update_probe(&netd->probes[i]);
    }
}

static void on_target(struct tatu_lookup *lookup, enum tatu_err err)
{
    struct netd *netd = lookup->context;
    if (err == TATU_OK && lookup->answer.count != 0) {
        set_target(netd, lookup->answer.found[0]);
    } else if (err == TATU_OK && lookup->question.type == TATU_DNS_A) {
        tatu_netd_start_lookup(&netd->resolver, lookup, target_host(netd), TATU_DNS_AAAA);
    } else {
        tatu_os_set_timer(&netd->loop, &netd->target_due,
                          tatu_os_now_ms() + tatu_os_get_backoff(netd->target_failures++,
                                                                 TARGET_FIRST_MS, TARGET_MAX_MS));
    }
}

static void find_target(struct netd *netd)
{
    uint8_t address[16];
    const char *host = target_host(netd);
    tatu_netd_stop_lookup(&netd->target_lookup);
    tatu_os_clear_timer(&netd->loop, &netd->target_due);
    netd->target.port = 0;
    if (host[0] == '\0' || !netd->up) {
        return;
    }
    if (tatu_netd_decode_address(host, address) == TATU_OK) {
        set_target(netd, address);
    } else {
        tatu_netd_start_lookup(&netd->resolver, &netd->target_lookup, host, TATU_DNS_A);
    }
}

static void on_target_due(struct tatu_os_timer *timer)
{
    find_target(timer->context);
}

/* ---- what changed ---- */

void tatu_netd_tell_changed(struct netd *netd)
{
    tatu_os_set_timer(&netd->loop, &netd->changed, tatu_os_now_ms());
}

static void on_interfaces(void *context)
{
    tatu_netd_tell_changed(context);
}

static void put_time_server(const uint8_t address[16], uint8_t out[TATU_NET_NTP_MAX][16],
                            size_t *count)
{
    if (*count < TATU_NET_NTP_MAX) {
        memcpy(out[(*count)++], address, 16);
    }
}

static size_t list_time_servers(const struct netd *netd, uint8_t out[TATU_NET_NTP_MAX][16])
{
    size_t count = 0;
    for (size_t i = 0; i < TATU_INTERFACE_COUNT; i++) {
        const struct tatu_interface *interface = &netd->interfaces.entries[i];
        uint8_t address[16];
        if (tatu_netd_is_private(interface)) {
            continue;
        }
        for (size_t n = 0; interface->lease.address != 0 && n < interface->lease.ntp_count; n++) {
            tatu_netd_map_ipv4(interface->lease.ntp[n], address);
            put_time_server(address, out, &count);
        }
        for (size_t n = 0; n < interface->stateful.lease.ntp_count; n++) {
            put_time_server(interface->stateful.lease.ntp[n], out, &count);
        }
    }
    return count;
}

static void on_changed(struct tatu_os_timer *timer)
{
    struct netd *netd = timer->context;
    struct tatu_resolver_server servers[TATU_RESOLVER_SERVER_MAX];
    uint8_t times[TATU_NET_NTP_MAX][16];
    const size_t count = tatu_netd_list_servers(&netd->interfaces, servers);
    const size_t time_count = list_time_servers(netd, times);
    netd->up = false;
    for (size_t i = 0; i < TATU_INTERFACE_COUNT; i++) {
        const struct tatu_interface *interface = &netd->interfaces.entries[i];
        netd->up = netd->up || ((tatu_netd_get_flags(interface) & TATU_NET_FLAG_IP) != 0 &&
                                !tatu_netd_is_private(interface));
    }
    tatu_netd_set_servers(&netd->resolver, servers, count);
    for (size_t i = 0; i < TATU_CONFIG_INTERFACE_COUNT; i++) {
        tatu_netd_update_service(&netd->services[i]);
        tatu_netd_update_probe(&netd->probes[i]);
    }
    find_target(netd);
    tatu_netd_tell_lists(&netd->lists, count != 0);
    tatu_netd_tell_clock(&netd->clock, netd->up, times, time_count);
}

/* ---- names of local programs ---- */

static bool may_ask(void *context, uid_t uid, const char *name)
{
    const struct netd *netd = context;
    return tatu_netd_may_ask(&netd->lists, uid, name);
}

static void found(void *context, uid_t uid, const char *name, const struct tatu_dns_answer *answer)
{
    struct netd *netd = context;
    (void)name;
    tatu_netd_open_found(&netd->lists, uid, answer);
}

/* In place: the file is bound into containers, and the folder is appman's. */
static void write_resolv_conf(const struct netd *netd)
{
    const size_t len = sizeof(RESOLV_TEXT) - 1;
    const int fd = open(RESOLV_CONF, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0 || write(fd, RESOLV_TEXT, len) != (ssize_t)len) {
        tatu_os_log(&netd->log, TATU_OS_LOG_ERROR, RESOLV_CONF ": %s", strerror(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* ---- the beginning ---- */

/* Where the service is, which is as good as the internet to this board. */
static void read_service(struct netd *netd)
{
    uint8_t body[TATU_KEYSTORE_MAX];
    struct tatu_buf out = TATU_BUF_OF(body);
    struct tatu_keystore keystore;
    if (tatu_os_read_keystore(&netd->monitor, &out) == TATU_OK &&
        tatu_proto_decode_keystore((struct tatu_span){out.data, out.len}, &keystore) == TATU_OK) {
        memcpy(netd->service_host, keystore.host, sizeof(keystore.host));
        netd->service_port = keystore.front_port;
    } else {
        tatu_os_log(&netd->log, TATU_OS_LOG_WARNING, "the service is not known");
    }
    memcpy(netd->clock.default_server, netd->service_host, sizeof(netd->clock.default_server));
}

static void open_monitor(struct netd *netd)
{
    if (tatu_os_open_monitor(TATU_OS_MONITOR_PATH, &netd->monitor) != TATU_OK) {
        tatu_os_log(&netd->log, TATU_OS_LOG_ERROR, "no monitor: nothing is kept");
        tatu_os_have_no_monitor(&netd->monitor);
    }
}

/* A UUID (RFC 6355) that is the same for the chip's life and tells nothing else about it. */
static void make_duid(struct netd *netd)
{
    static const uint8_t label[TATU_OS_LABEL_SIZE] = "DUID of DHCPv6";
    uint8_t key[32];
    struct tatu_dhcp6_duid *duid = &netd->interfaces.duid;
    if (tatu_os_derive_key(&netd->monitor, label, key) != TATU_OK) {
        return;
    }
    duid->bytes[1] = 4; /* DUID-UUID */
    memcpy(duid->bytes + 2, key, 16);
    duid->bytes[2 + 6] = (uint8_t)((duid->bytes[2 + 6] & 0x0f) | 0x40);
    duid->bytes[2 + 8] = (uint8_t)((duid->bytes[2 + 8] & 0x3f) | 0x80);
    duid->len = 18;
    tatu_base_wipe(key, sizeof(key));
}

static enum tatu_err start_network(struct netd *netd)
{
    struct tatu_interfaces *interfaces = &netd->interfaces;
    interfaces->loop = &netd->loop;
    interfaces->log = &netd->log;
    interfaces->changed = on_interfaces;
    interfaces->context = netd;
    make_duid(netd);
    TATU_TRY(tatu_netd_make_own_map(&interfaces->own_fd));
    TATU_TRY(tatu_netd_start_interfaces(interfaces, &netd->config));
    netd->lists.own_fd = interfaces->own_fd;
    netd->lists.service = interfaces->entries[TATU_INTERFACE_SERVICE].ifindex;
    return tatu_netd_attach_host_filter(interfaces->own_fd, netd->lists.service,
                                        TATU_NET_GROUP_ROOT);
}

static void start_users(struct netd *netd)
{
    static const enum tatu_interface_place places[TATU_CONFIG_INTERFACE_COUNT] = {
        [TATU_CONFIG_ETH0] = TATU_INTERFACE_ETH0, [TATU_CONFIG_ETH1] = TATU_INTERFACE_ETH1};
    netd->clock.loop = &netd->loop;
    netd->clock.log = &netd->log;
    netd->clock.monitor = &netd->monitor;
    netd->clock.resolver = &netd->resolver;
    netd->clock.config = &netd->config;
    tatu_netd_start_clock(&netd->clock);
    netd->target_lookup.done = on_target;
    netd->target_lookup.context = netd;
    netd->target_due = (struct tatu_os_timer){.fire = on_target_due, .context = netd};
    for (size_t i = 0; i < TATU_CONFIG_INTERFACE_COUNT; i++) {
        struct tatu_interface *interface = &netd->interfaces.entries[places[i]];
        tatu_netd_init_service(&netd->services[i], interface, &netd->clock);
        tatu_netd_init_probe(&netd->probes[i], interface, &netd->target);
    }
}

static enum tatu_err start(struct netd *netd)
{
    TATU_TRY(tatu_os_init_loop(&netd->loop));
    netd->changed = (struct tatu_os_timer){.fire = on_changed, .context = netd};
    open_monitor(netd);
    read_service(netd);
    tatu_netd_load_config(netd);
    tatu_netd_init_resolver(&netd->resolver, &netd->loop);
    tatu_netd_start_lists(&netd->lists, &netd->resolver, &netd->log);
    start_users(netd);
    TATU_TRY(start_network(netd));
    netd->stub.may = may_ask;
    netd->stub.found = found;
    netd->stub.context = netd;
    TATU_TRY(tatu_netd_start_stub(&netd->stub, &netd->resolver));
    TATU_TRY(tatu_os_serve(&netd->server, &netd->loop, CONTROL_FD, tatu_netd_act, netd));
    write_resolv_conf(netd); /* attestd waits for it, and then asks for the proxy */
    tatu_netd_tell_changed(netd);
    return tatu_os_run_loop(&netd->loop);
}

int main(void)
{
    static struct netd netd = {.folder = TATU_NETD_FOLDER};
    tatu_os_init_log(&netd.log, "netd", STDERR_FILENO);
    const enum tatu_err err = start(&netd);
    tatu_os_log(&netd.log, TATU_OS_LOG_ERROR, "ends: %s", tatu_err_name(err));
    return 1;
}
