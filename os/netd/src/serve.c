/* Requests: a table of who may ask what with how many bytes, and one function each. */
#include <string.h>

#include "link.h"
#include "state.h"

#define UID_ATTESTD 111u
#define UID_UPDATED 112u
#define UID_GATEWAYD 113u

enum { APP = 1, DESK = 2, OS = 4 };

struct call {
    struct netd *netd;
    const struct tatu_os_asked *asked;
    struct tatu_os_reply *reply;
    bool desk;
};

static enum tatu_netd_fault put(const struct call *call, const void *bytes, size_t len)
{
    return tatu_base_put_bytes(&call->reply->payload, (struct tatu_span){bytes, len}) == TATU_OK
               ? TATU_NETD_OK
               : TATU_NETD_FAILED_FAULT;
}

static enum tatu_netd_fault put_u32(const struct call *call, uint32_t value)
{
    uint8_t bytes[4];
    tatu_put_le32(bytes, value);
    return put(call, bytes, sizeof(bytes));
}

/* ---- interfaces ---- */

/* The interface that the name at the payload's front is of. */
static enum tatu_netd_fault find(const struct call *call, struct tatu_interface **out)
{
    char name[TATU_NET_NAME_SIZE];
    memcpy(name, call->asked->ask.payload.data, sizeof(name));
    if (!tatu_netd_is_text(name, sizeof(name))) {
        return TATU_NETD_NO_INTERFACE_FAULT;
    }
    return tatu_netd_find_interface(&call->netd->interfaces, name, out) == TATU_OK
               ? TATU_NETD_OK
               : TATU_NETD_NO_INTERFACE_FAULT;
}

/* One that may be configured, and a copy of the configuration to be changed at *out_part. */
static enum tatu_netd_fault find_part(const struct call *call, struct tatu_config *config,
                                      struct tatu_interface **out,
                                      struct tatu_config_interface_part **out_part)
{
    NETD_TRY(find(call, out));
    if ((*out)->config == NULL) {
        return TATU_NETD_NOT_PERMITTED_FAULT;
    }
    *config = call->netd->config;
    *out_part = &config->interfaces[(*out)->config - call->netd->config.interfaces];
    return TATU_NETD_OK;
}

static enum tatu_netd_fault keep_and_restart(const struct call *call,
                                             const struct tatu_config *config,
                                             struct tatu_interface *interface)
{
    NETD_TRY(tatu_netd_keep_config(call->netd, config));
    tatu_netd_restart_interface(interface);
    tatu_netd_tell_changed(call->netd);
    return TATU_NETD_OK;
}

static bool is_ready(struct netd *netd)
{
    for (size_t i = 0; i < TATU_INTERFACE_COUNT; i++) {
        const struct tatu_interface *interface = &netd->interfaces.entries[i];
        if ((tatu_netd_get_flags(interface) & TATU_NET_FLAG_IP) != 0 &&
            !tatu_netd_is_private(interface)) {
            return tatu_netd_is_time_set(&netd->clock);
        }
    }
    return false;
}

static enum tatu_netd_fault do_ready(const struct call *call)
{
    return put_u32(call, is_ready(call->netd));
}

static enum tatu_netd_fault do_interfaces(const struct call *call)
{
    for (size_t i = call->desk ? 0 : 1; i < TATU_INTERFACE_COUNT; i++) {
        struct tatu_net_interface told;
        if (call->netd->interfaces.entries[i].ifindex != 0) {
            tatu_netd_describe_interface(&call->netd->interfaces.entries[i], &told);
            NETD_TRY(put(call, &told, sizeof(told)));
        }
    }
    return TATU_NETD_OK;
}

static enum tatu_netd_fault do_set_up(const struct call *call)
{
    struct tatu_config config;
    struct tatu_interface *interface = NULL;
    struct tatu_config_interface_part *part = NULL;
    NETD_TRY(find_part(call, &config, &interface, &part));
    if (call->asked->ask.a > 1) {
        return TATU_NETD_REQUEST_FAULT;
    }
    if (part->down == !call->asked->ask.a) {
        return TATU_NETD_OK;
    }
    part->down = !call->asked->ask.a;
    return keep_and_restart(call, &config, interface);
}

static enum tatu_netd_fault do_status(const struct call *call)
{
    struct tatu_interface *interface = NULL;
    NETD_TRY(find(call, &interface));
    return put_u32(call, tatu_netd_get_flags(interface));
}

static enum tatu_netd_fault do_apply_ip(const struct call *call)
{
    struct tatu_config config;
    struct tatu_interface *interface = NULL;
    struct tatu_config_interface_part *part = NULL;
    NETD_TRY(find_part(call, &config, &interface, &part));
    const struct tatu_net_ip old = part->ip;
    memcpy(&part->ip, call->asked->ask.payload.data, sizeof(part->ip));
    memset(part->ip.name, 0, sizeof(part->ip.name));
    NETD_TRY(tatu_netd_check_ip(&part->ip));
    if (part->serve_dhcp == 1 &&
        tatu_netd_check_dhcp_server(&part->dhcp, &part->ip) != TATU_NETD_OK) {
        return TATU_NETD_SERVICES_FAULT;
    }
    if (old.mode6 == TATU_NET_IP6_STATIC) {
        (void)tatu_netd_remove_address6(interface->ifindex, old.address6, old.prefix6);
    }
    return keep_and_restart(call, &config, interface);
}

static enum tatu_netd_fault find_dynamic(const struct call *call, struct tatu_interface **out)
{
    NETD_TRY(find(call, out));
    return (*out)->config != NULL && (*out)->config->ip.mode == TATU_NET_IP_DYNAMIC
               ? TATU_NETD_OK
               : TATU_NETD_NOT_PERMITTED_FAULT;
}

static enum tatu_netd_fault do_release_ip(const struct call *call)
{
    struct tatu_interface *interface = NULL;
    NETD_TRY(find_dynamic(call, &interface));
    tatu_netd_release_interface(interface);
    return TATU_NETD_OK;
}

static enum tatu_netd_fault do_renew_ip(const struct call *call)
{
    struct tatu_interface *interface = NULL;
    NETD_TRY(find_dynamic(call, &interface));
    tatu_netd_renew_interface(interface);
    return TATU_NETD_OK;
}

static enum tatu_netd_fault do_set_mac(const struct call *call)
{
    struct tatu_config config;
    struct tatu_interface *interface = NULL;
    struct tatu_config_interface_part *part = NULL;
    NETD_TRY(find_part(call, &config, &interface, &part));
    memcpy(&part->mac, call->asked->ask.payload.data, sizeof(part->mac));
    memset(part->mac.name, 0, sizeof(part->mac.name));
    part->has_mac = 1;
    NETD_TRY(tatu_netd_check_mac(&part->mac));
    return keep_and_restart(call, &config, interface);
}

static enum tatu_netd_fault do_get_mac(const struct call *call)
{
    struct tatu_interface *interface = NULL;
    struct tatu_net_mac told = {.name = ""};
    NETD_TRY(find(call, &interface));
    if (interface == &call->netd->interfaces.entries[TATU_INTERFACE_LO]) {
        return TATU_NETD_NOT_PERMITTED_FAULT;
    }
    strncpy(told.name, interface->name, sizeof(told.name) - 1);
    memcpy(told.mac, interface->mac, sizeof(told.mac));
    return put(call, &told, sizeof(told));
}

/* ---- time and services ---- */

static enum tatu_netd_fault do_set_time_sync(const struct call *call)
{
    struct tatu_config config = call->netd->config;
    if (call->asked->ask.a > 1) {
        return TATU_NETD_REQUEST_FAULT;
    }
    config.time_sync = (uint8_t)call->asked->ask.a;
    NETD_TRY(tatu_netd_keep_config(call->netd, &config));
    tatu_netd_tell_changed(call->netd);
    return TATU_NETD_OK;
}

static enum tatu_netd_fault do_get_time_sync(const struct call *call)
{
    return put_u32(call, call->netd->config.time_sync);
}

static enum tatu_netd_fault do_set_ntp(const struct call *call)
{
    struct tatu_config config = call->netd->config;
    memcpy(&config.ntp, call->asked->ask.payload.data, sizeof(config.ntp));
    NETD_TRY(tatu_netd_check_ntp(&config.ntp));
    NETD_TRY(tatu_netd_keep_config(call->netd, &config));
    tatu_netd_tell_changed(call->netd);
    return TATU_NETD_OK;
}

static enum tatu_netd_fault do_last_sync(const struct call *call)
{
    if (!call->netd->clock.synced) {
        return TATU_NETD_NO_SYNC_FAULT;
    }
    return put(call, &call->netd->clock.last, sizeof(call->netd->clock.last));
}

static enum tatu_netd_fault do_serve_sntp(const struct call *call)
{
    struct tatu_config config;
    struct tatu_interface *interface = NULL;
    struct tatu_config_interface_part *part = NULL;
    NETD_TRY(find_part(call, &config, &interface, &part));
    if (part->serve_sntp == 1) {
        return TATU_NETD_OK;
    }
    part->serve_sntp = 1;
    return keep_and_restart(call, &config, interface);
}

static enum tatu_netd_fault do_serve_dhcp(const struct call *call)
{
    struct tatu_config config;
    struct tatu_interface *interface = NULL;
    struct tatu_config_interface_part *part = NULL;
    NETD_TRY(find_part(call, &config, &interface, &part));
    memcpy(&part->dhcp, call->asked->ask.payload.data, sizeof(part->dhcp));
    memset(part->dhcp.name, 0, sizeof(part->dhcp.name));
    part->serve_dhcp = 1;
    NETD_TRY(tatu_netd_check_dhcp_server(&part->dhcp, &part->ip));
    return keep_and_restart(call, &config, interface);
}

/* ---- proxy ---- */

static enum tatu_netd_fault do_set_proxy(const struct call *call)
{
    struct tatu_config config = call->netd->config;
    memcpy(&config.proxy, call->asked->ask.payload.data, sizeof(config.proxy));
    config.has_proxy = 1;
    NETD_TRY(tatu_netd_check_proxy(&config.proxy));
    NETD_TRY(tatu_netd_keep_config(call->netd, &config));
    tatu_netd_tell_changed(call->netd);
    return TATU_NETD_OK;
}

static enum tatu_netd_fault do_get_proxy(const struct call *call)
{
    struct tatu_net_proxy proxy = call->netd->config.proxy;
    if (call->netd->config.has_proxy == 0) {
        return TATU_NETD_NO_PROXY_FAULT;
    }
    if (call->asked->uid == UID_GATEWAYD && !call->asked->introduced) {
        memset(proxy.password, 0, sizeof(proxy.password));
    }
    return put(call, &proxy, sizeof(proxy));
}

static enum tatu_netd_fault do_proxy_status(const struct call *call)
{
    static const uint32_t bits[] = {
        [TATU_NET_PROXY_STATE_DISABLED] = 0,
        [TATU_NET_PROXY_STATE_ENABLED] = TATU_NET_PROXY_ENABLED,
        [TATU_NET_PROXY_STATE_RESOLVING] = TATU_NET_PROXY_ENABLED | TATU_NET_PROXY_RESOLVING,
        [TATU_NET_PROXY_STATE_READY] = TATU_NET_PROXY_ENABLED | TATU_NET_PROXY_READY,
    };
    return put_u32(call, bits[tatu_netd_get_proxy_state(call->netd)]);
}

static enum tatu_netd_fault do_drop_proxy(const struct call *call)
{
    struct tatu_config config = call->netd->config;
    if (config.has_proxy == 0) {
        return TATU_NETD_NO_PROXY_FAULT;
    }
    config.has_proxy = 0;
    memset(&config.proxy, 0, sizeof(config.proxy));
    NETD_TRY(tatu_netd_keep_config(call->netd, &config));
    tatu_netd_tell_changed(call->netd);
    return TATU_NETD_OK;
}

/* ---- the desk ---- */

static enum tatu_netd_fault do_desk_status(const struct call *call)
{
    struct netd *netd = call->netd;
    const struct tatu_net_desk_status told = {
        .time_sync = netd->config.time_sync == 0           ? TATU_NET_SYNC_DISABLED
                     : tatu_netd_is_time_set(&netd->clock) ? TATU_NET_SYNC_COMPLETE
                                                           : TATU_NET_SYNC_INCOMPLETE,
        .proxy = (uint8_t)tatu_netd_get_proxy_state(netd),
        .ready = is_ready(netd),
    };
    return put(call, &told, sizeof(told));
}

#define RULES_MAX ((TATU_ANSWER_PAYLOAD_MAX - 8u) / sizeof(struct tatu_net_rule))

static enum tatu_netd_fault do_rules(const struct call *call)
{
    struct tatu_net_rule rules[RULES_MAX];
    size_t written = 0;
    const size_t count =
        tatu_netd_tell_rules(&call->netd->lists, call->asked->ask.a, rules, RULES_MAX, &written);
    NETD_TRY(put_u32(call, (uint32_t)count));
    NETD_TRY(put_u32(call, 0));
    return put(call, rules, written * sizeof(rules[0]));
}

/* ---- Wi-Fi: this board has no radio ---- */

static enum tatu_netd_fault do_wifi_add(const struct call *call)
{
    uint32_t id = 0;
    NETD_TRY(tatu_netd_add_wifi(&call->netd->wifi, &id));
    return put_u32(call, id);
}

static enum tatu_netd_fault get_wifi_name(const struct call *call,
                                          char out[TATU_NET_WIFI_NAME_SIZE])
{
    memcpy(out, call->asked->ask.payload.data, TATU_NET_WIFI_NAME_SIZE);
    return tatu_netd_is_text(out, TATU_NET_WIFI_NAME_SIZE) ? TATU_NETD_OK
                                                           : TATU_NETD_WIFI_LENGTH_FAULT;
}

static enum tatu_netd_fault do_wifi_copy(const struct call *call)
{
    char name[TATU_NET_WIFI_NAME_SIZE];
    uint32_t id = 0;
    NETD_TRY(get_wifi_name(call, name));
    NETD_TRY(tatu_netd_copy_wifi(&call->netd->wifi, call->asked->ask.a, name, &id));
    return put_u32(call, id);
}

static enum tatu_netd_fault set_wifi(const struct call *call, bool enterprise)
{
    const struct tatu_ask *ask = &call->asked->ask;
    return tatu_netd_set_wifi(&call->netd->wifi, ask->a, (enum tatu_net_wifi_field)ask->b,
                              ask->payload, enterprise);
}

static enum tatu_netd_fault do_wifi_set(const struct call *call)
{
    return set_wifi(call, false);
}

static enum tatu_netd_fault do_wifi_enterprise_set(const struct call *call)
{
    return set_wifi(call, true);
}

static enum tatu_netd_fault get_wifi(const struct call *call, uint32_t id, bool enterprise)
{
    struct tatu_net_wifi told;
    NETD_TRY(tatu_netd_get_wifi(&call->netd->wifi, id, enterprise, &told));
    return put(call, &told, sizeof(told));
}

static enum tatu_netd_fault do_wifi_get(const struct call *call)
{
    return get_wifi(call, call->asked->ask.a, call->desk);
}

static enum tatu_netd_fault do_wifi_enterprise_get(const struct call *call)
{
    return get_wifi(call, call->asked->ask.a, true);
}

#define WIFI_LIST_MAX ((TATU_ANSWER_PAYLOAD_MAX - 4u) / sizeof(struct tatu_net_wifi))

static enum tatu_netd_fault do_wifi_list(const struct call *call)
{
    size_t skip = call->asked->ask.a, written = 0;
    NETD_TRY(put_u32(call, (uint32_t)tatu_netd_count_wifi(&call->netd->wifi)));
    for (uint32_t i = 0; i < TATU_NET_WIFI_MAX && written < WIFI_LIST_MAX; i++) {
        if (!call->netd->wifi.entries[i].used) {
            continue;
        }
        if (skip != 0) {
            skip--;
            continue;
        }
        NETD_TRY(get_wifi(call, i, call->desk));
        written++;
    }
    return TATU_NETD_OK;
}

static enum tatu_netd_fault do_wifi_forget(const struct call *call)
{
    return tatu_netd_forget_wifi(&call->netd->wifi, call->asked->ask.a);
}

static enum tatu_netd_fault do_wifi_forget_all(const struct call *call)
{
    tatu_base_wipe(&call->netd->wifi, sizeof(call->netd->wifi));
    return tatu_netd_keep_wifi(call->netd);
}

static enum tatu_netd_fault do_wifi_persist(const struct call *call)
{
    return tatu_netd_keep_wifi(call->netd);
}

static enum tatu_netd_fault do_wifi_reload(const struct call *call)
{
    tatu_netd_load_wifi(call->netd);
    return TATU_NETD_OK;
}

static enum tatu_netd_fault do_wifi_find(const struct call *call)
{
    char name[TATU_NET_WIFI_NAME_SIZE];
    uint32_t id = 0;
    NETD_TRY(get_wifi_name(call, name));
    NETD_TRY(tatu_netd_find_wifi(&call->netd->wifi, name, &id));
    return put_u32(call, id);
}

static enum tatu_netd_fault do_wifi_radio(const struct call *call)
{
    (void)call;
    return TATU_NETD_WIFI_DOWN_FAULT;
}

/* Nobody has failed to connect. */
static enum tatu_netd_fault do_wifi_diagnostics(const struct call *call)
{
    struct tatu_net_wifi told;
    NETD_TRY(tatu_netd_get_wifi(&call->netd->wifi, call->asked->ask.a, false, &told));
    return TATU_NETD_WIFI_NOT_FOUND_FAULT;
}

/* A change that cannot be kept is taken back: in memory is what is in the file. */
static enum tatu_netd_fault keep_or_reload(const struct call *call)
{
    const enum tatu_netd_fault fault = tatu_netd_keep_wifi(call->netd);
    if (fault != TATU_NETD_OK) {
        tatu_netd_load_wifi(call->netd);
    }
    return fault;
}

static enum tatu_netd_fault do_wifi_store(const struct call *call)
{
    struct tatu_net_wifi_new network;
    uint32_t id = 0;
    memcpy(&network, call->asked->ask.payload.data, sizeof(network));
    NETD_TRY(tatu_netd_store_wifi(&call->netd->wifi, &network, call->desk, &id));
    tatu_base_wipe(&network, sizeof(network));
    NETD_TRY(keep_or_reload(call));
    return put_u32(call, id);
}

static enum tatu_netd_fault do_wifi_change(const struct call *call)
{
    const struct tatu_ask *ask = &call->asked->ask;
    struct tatu_wifi *wifi = &call->netd->wifi;
    uint8_t flag[4];
    struct tatu_net_wifi told;
    NETD_TRY(tatu_netd_get_wifi(wifi, ask->a, true, &told));
    if (ask->b > 2) {
        return TATU_NETD_WIFI_REQUEST_FAULT;
    }
    if (ask->payload.len != 0) {
        if (told.security != TATU_NET_WIFI_PSK) {
            return TATU_NETD_WIFI_PROPERTIES_FAULT;
        }
        NETD_TRY(tatu_netd_set_wifi(wifi, ask->a, TATU_NET_WIFI_FIELD_PSK, ask->payload, true));
    }
    tatu_put_le32(flag, ask->b);
    if (ask->b < 2) {
        NETD_TRY(tatu_netd_set_wifi(wifi, ask->a, TATU_NET_WIFI_FIELD_ENABLED, TATU_SPAN_OF(flag),
                                    true));
    }
    NETD_TRY(keep_or_reload(call));
    return get_wifi(call, ask->a, true);
}

static enum tatu_netd_fault do_wifi_remove(const struct call *call)
{
    NETD_TRY(tatu_netd_forget_wifi(&call->netd->wifi, call->asked->ask.a));
    return keep_or_reload(call);
}

/* ---- the table ---- */

#define ANY SIZE_MAX

static const struct {
    uint32_t op;
    uint32_t who;
    size_t len; /* of the payload */
    enum tatu_netd_fault (*act)(const struct call *call);
} table[] = {
    {TATU_NET_READY, APP | DESK | OS, 0, do_ready},
    {TATU_NET_INTERFACES, APP | DESK, 0, do_interfaces},
    {TATU_NET_SET_UP, APP | DESK, TATU_NET_NAME_SIZE, do_set_up},
    {TATU_NET_STATUS, APP | DESK, TATU_NET_NAME_SIZE, do_status},
    {TATU_NET_APPLY_IP, APP | DESK, sizeof(struct tatu_net_ip), do_apply_ip},
    {TATU_NET_RELEASE_IP, APP | DESK, TATU_NET_NAME_SIZE, do_release_ip},
    {TATU_NET_RENEW_IP, APP | DESK, TATU_NET_NAME_SIZE, do_renew_ip},
    {TATU_NET_SET_MAC, APP | DESK, sizeof(struct tatu_net_mac), do_set_mac},
    {TATU_NET_GET_MAC, APP | DESK, TATU_NET_NAME_SIZE, do_get_mac},
    {TATU_NET_SET_TIME_SYNC, APP | DESK, 0, do_set_time_sync},
    {TATU_NET_GET_TIME_SYNC, APP | DESK, 0, do_get_time_sync},
    {TATU_NET_SET_NTP, APP | DESK, sizeof(struct tatu_net_ntp), do_set_ntp},
    {TATU_NET_LAST_SYNC, APP | DESK, 0, do_last_sync},
    {TATU_NET_SERVE_SNTP, APP | DESK, TATU_NET_NAME_SIZE, do_serve_sntp},
    {TATU_NET_SERVE_DHCP, APP | DESK, sizeof(struct tatu_net_dhcp_server), do_serve_dhcp},
    {TATU_NET_SET_PROXY, APP | DESK, sizeof(struct tatu_net_proxy), do_set_proxy},
    {TATU_NET_GET_PROXY, APP | DESK | OS, 0, do_get_proxy},
    {TATU_NET_PROXY_STATUS, APP | DESK | OS, 0, do_proxy_status},
    {TATU_NET_WIFI_ADD, APP | DESK, 0, do_wifi_add},
    {TATU_NET_WIFI_COPY, APP | DESK, TATU_NET_WIFI_NAME_SIZE, do_wifi_copy},
    {TATU_NET_WIFI_SET, APP | DESK, ANY, do_wifi_set},
    {TATU_NET_WIFI_GET, APP | DESK, 0, do_wifi_get},
    {TATU_NET_WIFI_LIST, APP | DESK, 0, do_wifi_list},
    {TATU_NET_WIFI_FORGET, APP | DESK, 0, do_wifi_forget},
    {TATU_NET_WIFI_FORGET_ALL, APP | DESK, 0, do_wifi_forget_all},
    {TATU_NET_WIFI_PERSIST, APP | DESK, 0, do_wifi_persist},
    {TATU_NET_WIFI_RELOAD, APP | DESK, 0, do_wifi_reload},
    {TATU_NET_WIFI_FIND, APP | DESK, TATU_NET_WIFI_NAME_SIZE, do_wifi_find},
    {TATU_NET_WIFI_CURRENT, APP | DESK, 0, do_wifi_radio},
    {TATU_NET_WIFI_SCAN, APP | DESK, 0, do_wifi_radio},
    {TATU_NET_WIFI_DIAGNOSTICS, APP | DESK, 0, do_wifi_diagnostics},
    {TATU_NET_WIFI_POWER_SAVING, APP | DESK, 0, do_wifi_radio},
    {TATU_NET_WIFI_ENTERPRISE_GET, APP | DESK, 0, do_wifi_enterprise_get},
    {TATU_NET_WIFI_ENTERPRISE_SET, APP | DESK, ANY, do_wifi_enterprise_set},
    {TATU_NET_WIFI_STORE, APP | DESK, sizeof(struct tatu_net_wifi_new), do_wifi_store},
    {TATU_NETD_STATUS, DESK, 0, do_desk_status},
    {TATU_NETD_RULES, DESK, 0, do_rules},
    {TATU_NETD_DROP_PROXY, DESK, 0, do_drop_proxy},
    {TATU_NETD_WIFI_CHANGE, DESK, ANY, do_wifi_change},
    {TATU_NETD_WIFI_REMOVE, DESK, 0, do_wifi_remove},
};

static uint32_t who_is(const struct tatu_os_asked *asked)
{
    if (asked->introduced) {
        return APP;
    }
    switch (asked->uid) {
    case UID_GATEWAYD:
        return DESK;
    case UID_ATTESTD:
    case UID_UPDATED:
        return OS;
    default:
        return 0;
    }
}

/* appman's: the firewall of an application that is about to start. */
static enum tatu_err allow(struct netd *netd, const struct tatu_os_asked *asked)
{
    struct tatu_net_allow list;
    if (asked->uid != 0 || asked->introduced) {
        return TATU_ERR_DENIED;
    }
    TATU_TRY(tatu_netd_decode_allow(asked->ask.payload, &list));
    return tatu_netd_put_list(&netd->lists, asked->ask.a, &list);
}

static bool is_wifi(uint32_t op)
{
    return (op >= TATU_NET_WIFI_ADD && op < TATU_NET_OP_END) || op == TATU_NETD_WIFI_CHANGE ||
           op == TATU_NETD_WIFI_REMOVE;
}

enum tatu_err tatu_netd_act(void *context, const struct tatu_os_asked *asked,
                            struct tatu_os_reply *reply)
{
    const uint32_t who = who_is(asked);
    const struct call call = {context, asked, reply, who == DESK};
    const uint32_t op = asked->ask.op;
    if (op == TATU_NETD_ALLOW) {
        return allow(context, asked);
    }
    for (size_t i = 0; i < TATU_COUNT_OF(table); i++) {
        if (table[i].op != op) {
            continue;
        }
        enum tatu_netd_fault fault = TATU_NETD_DENIED_FAULT;
        if ((table[i].who & who) != 0) {
            if (is_wifi(op) && !call.netd->has_wifi) {
                tatu_netd_load_wifi(call.netd);
            }
            fault = table[i].len == ANY || table[i].len == asked->ask.payload.len
                        ? table[i].act(&call)
                        : TATU_NETD_REQUEST_FAULT;
        }
        reply->payload.len = fault == TATU_NETD_OK ? reply->payload.len : 0;
        return tatu_netd_tell_fault(fault, who == DESK, &reply->number);
    }
    reply->number =
        who == DESK ? (uint32_t)TATU_NUMBER_NET_CONFIG_INVALID_IPC_REQUEST_FORMAT : ENOSYS;
    return TATU_ERR_UNKNOWN_COMMAND;
}
