/* The network: netd knows. Its payloads are proto/network.h's structs. */
#include "proto/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "net.h"
#include "route.h"

#define PATIENCE_MS 5000u

enum tatu_err tatu_net_ask(const struct tatu_gateway *gateway, const struct tatu_ask *request,
                           uint32_t *out_number, struct tatu_buf *out)
{
    *out_number = 0;
    return gateway->ask(gateway->context, TATU_NETD_SOCKET, request, PATIENCE_MS, out_number, out);
}

enum tatu_err tatu_net_ask_fixed(const struct tatu_gateway *gateway, const struct tatu_ask *request,
                                 uint32_t *out_number, void *out, size_t size)
{
    struct tatu_buf answer = {out, 0, size};
    TATU_TRY(tatu_net_ask(gateway, request, out_number, size == 0 ? NULL : &answer));
    return answer.len == size ? TATU_OK : TATU_ERR_FORMAT;
}

static void put_address(struct tatu_reply *reply, const char *key, const uint8_t address[16],
                        int family)
{
    char text[INET6_ADDRSTRLEN];
    const uint8_t *bytes = family == AF_INET ? address + 12 : address;
    if (inet_ntop(family, bytes, text, sizeof(text)) != NULL) {
        tatu_json_put_string(reply, key, text);
    }
}

/* ---- interfaces ---- */

static void put_interface(const struct tatu_net_interface *in, struct tatu_reply *reply)
{
    char mac[18];
    const bool hardware = in->medium != TATU_NET_MEDIUM_NONE;
    (void)snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", in->mac[0], in->mac[1],
                   in->mac[2], in->mac[3], in->mac[4], in->mac[5]);
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_bytes(
        reply, "interfaceName",
        (struct tatu_span){(const uint8_t *)in->name, strnlen(in->name, sizeof(in->name))});
    tatu_json_put_bool(reply, "interfaceUp", (in->flags & TATU_NET_FLAG_UP) != 0);
    tatu_json_put_bool(reply, "connectedToNetwork", (in->flags & TATU_NET_FLAG_CONNECTED) != 0);
    tatu_json_put_bool(reply, "ipAcquired", (in->flags & TATU_NET_FLAG_IP) != 0);
    tatu_json_put_bool(reply, "connectedToInternet", (in->flags & TATU_NET_FLAG_INTERNET) != 0);
    tatu_json_open(reply, "ipAddresses", '[');
    for (size_t i = 0; i < in->address_count && i < TATU_NET_ADDRESS_MAX; i++) {
        put_address(reply, NULL, in->addresses[i],
                    tatu_net_is_ipv4(in->addresses[i]) ? AF_INET : AF_INET6);
    }
    tatu_json_close(reply, ']');
    if (hardware) {
        tatu_json_put_string(reply, "hardwareAddress", mac);
    }
    tatu_json_put_string(reply, "ipAssignment", in->dynamic ? "dynamic" : "static");
    if (in->refused == 1) {
        tatu_json_put_bool(reply, "ipRefused", true);
    }
    tatu_json_close(reply, '}');
}

static enum tatu_err get_interfaces(const struct tatu_gateway *gateway, uint32_t *out_number,
                                    struct tatu_net_interface out[TATU_NET_INTERFACE_MAX],
                                    size_t *out_count)
{
    struct tatu_buf answer = {(uint8_t *)out, 0, TATU_NET_INTERFACE_MAX * sizeof(out[0])};
    const struct tatu_ask request = {.op = TATU_NET_INTERFACES};
    TATU_TRY(tatu_net_ask(gateway, &request, out_number, &answer));
    *out_count = answer.len / sizeof(out[0]);
    return answer.len % sizeof(out[0]) == 0 ? TATU_OK : TATU_ERR_FORMAT;
}

bool tatu_net_has_interface(const struct tatu_gateway *gateway, const char *name)
{
    struct tatu_net_interface all[TATU_NET_INTERFACE_MAX];
    size_t count;
    uint32_t number;
    if (get_interfaces(gateway, &number, all, &count) == TATU_OK) {
        for (size_t i = 0; i < count; i++) {
            if (strncmp(all[i].name, name, sizeof(all[i].name)) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* False: the refusal is written. */
static bool read_interfaces(const struct tatu_gateway *gateway, const struct tatu_call *call,
                            struct tatu_net_interface out[TATU_NET_INTERFACE_MAX],
                            size_t *out_count, struct tatu_reply *reply)
{
    uint32_t number;
    const enum tatu_err err = get_interfaces(gateway, &number, out, out_count);
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number, err, reply);
    }
    return err == TATU_OK;
}

void tatu_api_get_interfaces(const struct tatu_gateway *gateway, const struct tatu_call *call,
                             struct tatu_reply *reply)
{
    struct tatu_net_interface all[TATU_NET_INTERFACE_MAX];
    size_t count;
    if (!read_interfaces(gateway, call, all, &count, reply)) {
        return;
    }
    tatu_json_open(reply, NULL, '{');
    tatu_json_open(reply, "interfaces", '[');
    for (size_t i = 0; i < count; i++) {
        put_interface(&all[i], reply);
    }
    tatu_json_close(reply, ']');
    tatu_json_close(reply, '}');
}

void tatu_api_get_interface(const struct tatu_gateway *gateway, const struct tatu_call *call,
                            struct tatu_reply *reply)
{
    struct tatu_net_interface all[TATU_NET_INTERFACE_MAX];
    size_t count;
    if (!read_interfaces(gateway, call, all, &count, reply)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (strncmp(all[i].name, call->name, sizeof(all[i].name)) == 0) {
            put_interface(&all[i], reply);
            return;
        }
    }
    tatu_route_refuse(call->route, TATU_NUMBER_NET_CONFIG_INVALID_INTERFACE, TATU_ERR_NOT_FOUND,
                      reply);
}

static bool read_mac(const char *text, uint8_t out[6])
{
    for (size_t i = 0; i < 6; i++) {
        if (tatu_base_decode_hex(text + 3 * i, 2, out + i, 1) != TATU_OK ||
            text[3 * i + 2] != (i == 5 ? '\0' : ':')) {
            return false;
        }
    }
    return true;
}

/* What is to be changed, checked; the number of what is wrong, 0 for nothing. */
struct interface_change {
    bool has_mac, has_up, up;
    struct tatu_net_mac mac;
};

static uint32_t decode_change(const struct tatu_call *call, struct interface_change *out)
{
    const json_t *mac = json_object_get(call->json, "hardwareAddress");
    const json_t *up = json_object_get(call->json, "interfaceUp");
    *out = (struct interface_change){.has_mac = mac != NULL, .has_up = up != NULL};
    if (strlen(call->name) >= sizeof(out->mac.name)) {
        return TATU_NUMBER_NET_CONFIG_INVALID_INTERFACE;
    }
    strcpy(out->mac.name, call->name);
    if ((up != NULL && !json_is_boolean(up)) || (mac == NULL && up == NULL)) {
        return TATU_NUMBER_REST_INVALID_JSON_DATA;
    }
    out->up = json_is_true(up);
    if (mac != NULL && (!json_is_string(mac) || json_string_length(mac) != 17 ||
                        !read_mac(json_string_value(mac), out->mac.mac))) {
        return TATU_NUMBER_NET_CONFIG_INVALID_MAC_ADDRESS;
    }
    return 0;
}

static enum tatu_err apply_change(const struct tatu_gateway *gateway,
                                  const struct interface_change *change, uint32_t *out_number)
{
    const struct tatu_ask mac = {.op = TATU_NET_SET_MAC,
                                 .payload = {(const uint8_t *)&change->mac, sizeof(change->mac)}};
    const struct tatu_ask up = {
        .op = TATU_NET_SET_UP,
        .a = change->up,
        .payload = {(const uint8_t *)change->mac.name, sizeof(change->mac.name)}};
    if (change->has_mac) {
        TATU_TRY(tatu_net_ask_fixed(gateway, &mac, out_number, NULL, 0));
    }
    return change->has_up ? tatu_net_ask_fixed(gateway, &up, out_number, NULL, 0) : TATU_OK;
}

void tatu_api_patch_interface(const struct tatu_gateway *gateway, const struct tatu_call *call,
                              struct tatu_reply *reply)
{
    struct interface_change change;
    uint32_t number = decode_change(call, &change);
    if (number != 0) {
        tatu_route_refuse(call->route, number, TATU_ERR_ARGUMENT, reply);
        return;
    }
    const enum tatu_err err = apply_change(gateway, &change, &number);
    if (err == TATU_ERR_NOT_FOUND && number == 0) {
        number = TATU_NUMBER_NET_CONFIG_INVALID_INTERFACE;
    }
    if (err == TATU_ERR_DENIED && number == 0) {
        number = TATU_NUMBER_NET_CONFIG_INTERFACE_NOT_PERMITTED;
    }
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number, err, reply);
    } else {
        tatu_reply_put_text(reply, "{}");
    }
}

/* ---- status ---- */

void tatu_api_get_net_status(const struct tatu_gateway *gateway, const struct tatu_call *call,
                             struct tatu_reply *reply)
{
    static const char *const syncs[] = {"disabled", "incomplete", "complete"};
    static const char *const proxies[] = {"disabled", "enabled", "resolvingProxyName", "ready"};
    struct tatu_net_desk_status status;
    const struct tatu_ask request = {.op = TATU_NETD_STATUS};
    uint32_t number;
    enum tatu_err err = tatu_net_ask_fixed(gateway, &request, &number, &status, sizeof(status));
    if (err == TATU_OK &&
        (status.time_sync >= TATU_COUNT_OF(syncs) || status.proxy >= TATU_COUNT_OF(proxies))) {
        err = TATU_ERR_FORMAT;
    }
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number, err, reply);
        return;
    }
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_bool(reply, "deviceAuthenticationIsReady",
                       gateway->is_authenticated(gateway->context));
    tatu_json_put_string(reply, "networkTimeSync", syncs[status.time_sync]);
    tatu_json_put_string(reply, "proxy", proxies[status.proxy]);
    tatu_json_close(reply, '}');
}

/* ---- proxy ---- */

static void put_list(struct tatu_reply *reply, const char *key, const char *list)
{
    tatu_json_open(reply, key, '[');
    while (*list != '\0') {
        const size_t len = strcspn(list, ",");
        tatu_json_put_bytes(reply, NULL, (struct tatu_span){(const uint8_t *)list, len});
        list += len + (list[len] == ',');
    }
    tatu_json_close(reply, ']');
}

void tatu_api_get_proxy(const struct tatu_gateway *gateway, const struct tatu_call *call,
                        struct tatu_reply *reply)
{
    struct tatu_net_proxy proxy;
    const struct tatu_ask request = {.op = TATU_NET_GET_PROXY};
    uint32_t number;
    const enum tatu_err err = tatu_net_ask_fixed(gateway, &request, &number, &proxy, sizeof(proxy));
    if (err == TATU_ERR_NOT_FOUND) {
        tatu_reply_put_text(reply, "{}");
        return;
    }
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number, err, reply);
        return;
    }
    const bool basic = proxy.auth == TATU_NET_PROXY_BASIC;
    proxy.address[sizeof(proxy.address) - 1] = '\0';
    proxy.no_proxy[sizeof(proxy.no_proxy) - 1] = '\0';
    proxy.username[sizeof(proxy.username) - 1] = '\0';
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_bool(reply, "enabled", proxy.enabled != 0);
    tatu_json_put_string(reply, "address", proxy.address);
    tatu_json_put_number(reply, "port", proxy.port);
    put_list(reply, "noProxyAddresses", proxy.no_proxy);
    tatu_json_put_string(reply, "authenticationType", basic ? "basic" : "anonymous");
    if (basic) {
        tatu_json_put_string(reply, "username", proxy.username);
    }
    tatu_json_close(reply, '}');
    tatu_base_wipe(&proxy, sizeof(proxy));
}

/* A text into its field; false: not a text, empty, or too long. */
static bool read_text(const json_t *value, char *out, size_t size)
{
    const size_t len = json_string_length(value);
    if (!json_is_string(value) || len == 0 || len >= size) {
        return false;
    }
    memcpy(out, json_string_value(value), len + 1);
    return true;
}

/* A name or address: what a URL's host or a DNS name may have. */
static bool is_host(const char *text)
{
    return text[0] != '\0' &&
           text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                             "-._:[]*/%")] == '\0';
}

static uint32_t read_no_proxy(const json_t *list, char out[TATU_NET_HOST_SIZE])
{
    size_t len = 0, index;
    const json_t *value;
    if (list == NULL) {
        return 0;
    }
    if (!json_is_array(list)) {
        return TATU_NUMBER_REST_INVALID_NO_PROXY_ADDRESSES;
    }
    json_array_foreach(list, index, value)
    {
        char host[TATU_NET_HOST_SIZE];
        if (!read_text(value, host, sizeof(host)) || !is_host(host) ||
            len + strlen(host) + 2 > TATU_NET_HOST_SIZE) {
            return TATU_NUMBER_REST_INVALID_NO_PROXY_ADDRESSES;
        }
        len += (size_t)snprintf(out + len, TATU_NET_HOST_SIZE - len, "%s%s", len == 0 ? "" : ",",
                                host);
    }
    return 0;
}

static bool is_given(const json_t *object, const char *key)
{
    return json_string_length(json_object_get(object, key)) != 0;
}

static uint32_t read_credentials(const json_t *json, struct tatu_net_proxy *out)
{
    const char *type = json_string_value(json_object_get(json, "authenticationType"));
    if (json_object_get(json, "authenticationType") == NULL) {
        return TATU_NUMBER_REST_REQUIRED_AUTHENTICATION_TYPE;
    }
    if (type != NULL && strcmp(type, "anonymous") == 0) {
        out->auth = TATU_NET_PROXY_ANONYMOUS;
        return is_given(json, "username") || is_given(json, "password")
                   ? TATU_NUMBER_NET_CONFIG_ANONYMOUS_AUTH_DOES_NOT_USE_USERNAME_OR_PASSWORD
                   : 0;
    }
    if (type == NULL || strcmp(type, "basic") != 0) {
        return TATU_NUMBER_REST_INVALID_AUTHENTICATION_TYPE;
    }
    out->auth = TATU_NET_PROXY_BASIC;
    if (!read_text(json_object_get(json, "username"), out->username, sizeof(out->username))) {
        return TATU_NUMBER_REST_INVALID_USERNAME;
    }
    return read_text(json_object_get(json, "password"), out->password, sizeof(out->password))
               ? 0
               : TATU_NUMBER_REST_INVALID_PASSWORD;
}

/* The number of what is wrong, 0 for nothing. */
static uint32_t read_proxy(const json_t *json, struct tatu_net_proxy *out)
{
    const json_t *enabled = json_object_get(json, "enabled");
    const json_t *address = json_object_get(json, "address");
    const json_t *port = json_object_get(json, "port");
    const json_int_t value = json_integer_value(port);
    if (enabled != NULL && !json_is_boolean(enabled)) {
        return TATU_NUMBER_REST_ENABLED_NOT_A_BOOLEAN;
    }
    if (address == NULL) {
        return TATU_NUMBER_REST_REQUIRED_PROXY_ADDRESS;
    }
    if (!read_text(address, out->address, sizeof(out->address)) || !is_host(out->address)) {
        return TATU_NUMBER_REST_INVALID_PROXY_ADDRESS;
    }
    if (port == NULL) {
        return TATU_NUMBER_REST_REQUIRED_NETWORK_PORT;
    }
    if (!json_is_integer(port) || value < 1 || value > 65535) {
        return TATU_NUMBER_REST_INVALID_NETWORK_PORT;
    }
    out->enabled = enabled == NULL || json_is_true(enabled);
    out->port = (uint16_t)value;
    const uint32_t number = read_no_proxy(json_object_get(json, "noProxyAddresses"), out->no_proxy);
    return number != 0 ? number : read_credentials(json, out);
}

void tatu_api_post_proxy(const struct tatu_gateway *gateway, const struct tatu_call *call,
                         struct tatu_reply *reply)
{
    struct tatu_net_proxy proxy = {.enabled = 0};
    uint32_t number = read_proxy(call->json, &proxy);
    if (number != 0) {
        tatu_route_refuse(call->route, number, TATU_ERR_ARGUMENT, reply);
    } else {
        const struct tatu_ask request = {.op = TATU_NET_SET_PROXY,
                                         .payload = {(const uint8_t *)&proxy, sizeof(proxy)}};
        const enum tatu_err err = tatu_net_ask_fixed(gateway, &request, &number, NULL, 0);
        if (err != TATU_OK) {
            tatu_route_refuse_asked(call, number, err, reply);
        } else {
            tatu_reply_put_text(reply, "{}");
        }
    }
    tatu_base_wipe(&proxy, sizeof(proxy));
}

void tatu_api_delete_proxy(const struct tatu_gateway *gateway, const struct tatu_call *call,
                           struct tatu_reply *reply)
{
    const struct tatu_ask request = {.op = TATU_NETD_DROP_PROXY};
    uint32_t number;
    const enum tatu_err err = tatu_net_ask_fixed(gateway, &request, &number, NULL, 0);
    if (err == TATU_OK || err == TATU_ERR_NOT_FOUND) {
        tatu_reply_put_text(reply, "{}");
    } else {
        tatu_route_refuse_asked(call, number, err, reply);
    }
}

/* ---- the firewall ---- */

static void put_side(struct tatu_reply *reply, const char *const keys[2], const uint8_t address[16],
                     unsigned prefix, int family)
{
    const size_t offset = family == AF_INET ? 12 : 0;
    uint8_t mask[16] = {0};
    uint8_t masked[16] = {0};
    for (unsigned bit = 0; bit < prefix && offset + bit / 8 < sizeof(mask); bit++) {
        mask[offset + bit / 8] |= (uint8_t)(0x80u >> bit % 8);
    }
    for (size_t i = offset; i < sizeof(mask); i++) {
        masked[i] = address[i] & mask[i];
    }
    put_address(reply, keys[0], masked, family);
    put_address(reply, keys[1], mask, family);
}

static void put_flags(struct tatu_reply *reply, const char *key, uint8_t flags)
{
    static const char *const names[] = {"fin", "syn", "rst", "psh", "ack", "urg"};
    tatu_json_open(reply, key, '[');
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        if ((flags & 1u << i) != 0) {
            tatu_json_put_string(reply, NULL, names[i]);
        }
    }
    tatu_json_close(reply, ']');
}

static void put_range(struct tatu_reply *reply, const char *key, const uint16_t range[2])
{
    tatu_json_open(reply, key, '{');
    tatu_json_put_number(reply, "min", range[0]);
    tatu_json_put_number(reply, "max", range[1]);
    tatu_json_close(reply, '}');
}

static const char *name_of_protocol(uint8_t protocol)
{
    switch (protocol) {
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_UDP:
        return "udp";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        return "icmp";
    case IPPROTO_IGMP:
        return "igmp";
    default:
        return "any";
    }
}

static void put_name(struct tatu_reply *reply, const char *key, const char name[TATU_NET_NAME_SIZE])
{
    tatu_json_put_bytes(
        reply, key, (struct tatu_span){(const uint8_t *)name, strnlen(name, TATU_NET_NAME_SIZE)});
}

static void put_rule(const struct tatu_net_rule *rule, struct tatu_reply *reply)
{
    static const char *const source[] = {"sourceIP", "sourceMask"};
    static const char *const destination[] = {"destinationIP", "destinationMask"};
    const int family = rule->family == 6 ? AF_INET6 : AF_INET;
    tatu_json_open(reply, NULL, '{');
    put_side(reply, source, rule->source, rule->source_prefix, family);
    put_side(reply, destination, rule->destination, rule->destination_prefix, family);
    tatu_json_put_number(reply, "uid", rule->uid);
    tatu_json_put_string(reply, "action", rule->accept != 0 ? "accept" : "drop");
    put_name(reply, "interfaceInName", rule->in);
    put_name(reply, "interfaceOutName", rule->out);
    tatu_json_put_string(reply, "state",
                         rule->state == TATU_NET_STATE_ESTABLISHED ? "established" : "none");
    put_flags(reply, "tcpMask", rule->tcp_mask);
    put_flags(reply, "tcpCmp", rule->tcp_compare);
    tatu_json_put_bool(reply, "tcpInv", rule->tcp_invert != 0);
    tatu_json_put_string(reply, "protocol", name_of_protocol(rule->protocol));
    put_range(reply, "sourcePortRange", rule->source_port);
    put_range(reply, "destinationPortRange", rule->destination_port);
    tatu_json_put_number(reply, "packets", rule->packets);
    tatu_json_put_number(reply, "bytes", rule->bytes);
    tatu_json_close(reply, '}');
}

/* The rules of one hook and family, page by page. */
static enum tatu_err put_rules(const struct tatu_gateway *gateway, enum tatu_net_hook hook,
                               bool ipv6, struct tatu_reply *reply, uint32_t *out_number)
{
    uint8_t page[TATU_ANSWER_PAYLOAD_MAX];
    struct tatu_net_rule rule;
    uint32_t count = 1;
    for (uint32_t at = 0; at < count;) {
        struct tatu_buf answer = TATU_BUF_OF(page);
        const struct tatu_ask request = {.op = TATU_NETD_RULES, .a = at};
        TATU_TRY(tatu_net_ask(gateway, &request, out_number, &answer));
        if (answer.len < 8 || (answer.len - 8) % sizeof(rule) != 0) {
            return TATU_ERR_FORMAT;
        }
        count = tatu_get_le32(page);
        const size_t here = (answer.len - 8) / sizeof(rule);
        if (here == 0 && at < count) {
            return TATU_ERR_FORMAT;
        }
        for (size_t i = 0; i < here; i++) {
            memcpy(&rule, page + 8 + i * sizeof(rule), sizeof(rule));
            if (rule.hook == hook && (rule.family == 6) == ipv6) {
                put_rule(&rule, reply);
            }
        }
        at += (uint32_t)here;
    }
    return TATU_OK;
}

static enum tatu_err put_ruleset(const struct tatu_gateway *gateway, enum tatu_net_hook hook,
                                 struct tatu_reply *reply, uint32_t *out_number)
{
    static const char *const names[] = {NULL, "INPUT", "FORWARD", "OUTPUT"};
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_string(reply, "hook", names[hook]);
    tatu_json_put_bool(reply, "isValid", true);
    tatu_json_open(reply, "rules", '[');
    TATU_TRY(put_rules(gateway, hook, false, reply, out_number));
    tatu_json_close(reply, ']');
    /* the original has no IPv6, and its clients expect IPv4 in the list above */
    tatu_json_open(reply, "ipv6Rules", '[');
    TATU_TRY(put_rules(gateway, hook, true, reply, out_number));
    tatu_json_close(reply, ']');
    tatu_json_close(reply, '}');
    return TATU_OK;
}

void tatu_api_get_rulesets(const struct tatu_gateway *gateway, const struct tatu_call *call,
                           struct tatu_reply *reply)
{
    uint32_t number = 0;
    enum tatu_err err = TATU_OK;
    tatu_json_open(reply, NULL, '{');
    tatu_json_open(reply, "rulesets", '[');
    for (int hook = TATU_NET_HOOK_INPUT; hook <= TATU_NET_HOOK_OUTPUT && err == TATU_OK; hook++) {
        err = put_ruleset(gateway, (enum tatu_net_hook)hook, reply, &number);
    }
    tatu_json_close(reply, ']');
    tatu_json_close(reply, '}');
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number, err, reply);
    }
}
