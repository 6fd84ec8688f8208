/* Wi-Fi: netd keeps the networks; whether there is an interface is another matter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net.h"
#include "proto/network.h"
#include "route.h"

#define INTERFACE "wlan0"

static struct tatu_span text_of(const char *field, size_t size)
{
    return (struct tatu_span){(const uint8_t *)field, strnlen(field, size)};
}

static void put_optional(struct tatu_reply *reply, const char *key, const char *field, size_t size)
{
    const struct tatu_span text = text_of(field, size);
    if (text.len != 0) {
        tatu_json_put_bytes(reply, key, text);
    }
}

static const char *name_of_security(uint8_t security)
{
    static const char *const names[] = {"unknown", "open", "psk", "eaptls"};
    return names[security < TATU_COUNT_OF(names) ? security : 0];
}

static struct tatu_span ssid_of(const struct tatu_net_wifi *network)
{
    const size_t len = network->ssid_len;
    return (struct tatu_span){network->ssid,
                              len < sizeof(network->ssid) ? len : sizeof(network->ssid)};
}

static void put_network(const struct tatu_net_wifi *network, struct tatu_reply *reply)
{
    tatu_json_open(reply, NULL, '{');
    if (network->ssid_len != 0) {
        tatu_json_put_bytes(reply, "ssid", ssid_of(network));
    }
    tatu_json_put_string(reply, "configState", network->enabled ? "enabled" : "disabled");
    tatu_json_put_string(reply, "connectionState",
                         network->connected ? "connected" : "disconnected");
    tatu_json_put_int(reply, "id", network->id);
    tatu_json_put_string(reply, "securityState", name_of_security(network->security));
    tatu_json_put_bool(reply, "targetedScan", network->targeted != 0);
    put_optional(reply, "configName", network->name, sizeof(network->name));
    put_optional(reply, "clientCertStoreIdentifier", network->client, sizeof(network->client));
    put_optional(reply, "rootCaCertStoreIdentifier", network->root, sizeof(network->root));
    put_optional(reply, "clientIdentity", network->identity, sizeof(network->identity));
    tatu_json_close(reply, '}');
}

static void refuse(const struct tatu_call *call, uint32_t number, enum tatu_err err,
                   struct tatu_reply *reply)
{
    if (number == 0 && err == TATU_ERR_NOT_FOUND) {
        number = TATU_NUMBER_WIFI_NETWORK_NOT_FOUND;
    }
    tatu_route_refuse_asked(call, number, err, reply);
}

/* Every stored network to `put`, page by page. */
static enum tatu_err for_each(const struct tatu_gateway *gateway, uint32_t *out_number,
                              void (*put)(const struct tatu_gateway *, const struct tatu_net_wifi *,
                                          struct tatu_reply *),
                              struct tatu_reply *reply)
{
    uint8_t page[TATU_ANSWER_PAYLOAD_MAX];
    struct tatu_net_wifi network;
    uint32_t count = 1;
    for (uint32_t at = 0; at < count;) {
        struct tatu_buf answer = TATU_BUF_OF(page);
        const struct tatu_ask request = {.op = TATU_NET_WIFI_LIST, .a = at};
        TATU_TRY(tatu_net_ask(gateway, &request, out_number, &answer));
        if (answer.len < 4 || (answer.len - 4) % sizeof(network) != 0) {
            return TATU_ERR_FORMAT;
        }
        count = tatu_get_le32(page);
        const size_t here = (answer.len - 4) / sizeof(network);
        if (here == 0 && at < count) {
            return TATU_ERR_FORMAT;
        }
        for (size_t i = 0; i < here; i++) {
            memcpy(&network, page + 4 + i * sizeof(network), sizeof(network));
            put(gateway, &network, reply);
        }
        at += (uint32_t)here;
    }
    return TATU_OK;
}

static void put_listed(const struct tatu_gateway *gateway, const struct tatu_net_wifi *network,
                       struct tatu_reply *reply)
{
    (void)gateway;
    put_network(network, reply);
}

static void give_values(const struct tatu_gateway *gateway, const struct tatu_call *call,
                        void (*put)(const struct tatu_gateway *, const struct tatu_net_wifi *,
                                    struct tatu_reply *),
                        struct tatu_reply *reply)
{
    uint32_t number = 0;
    tatu_json_open(reply, NULL, '{');
    tatu_json_open(reply, "values", '[');
    const enum tatu_err err = for_each(gateway, &number, put, reply);
    tatu_json_close(reply, ']');
    tatu_json_close(reply, '}');
    if (err != TATU_OK) {
        refuse(call, number, err, reply);
    }
}

void tatu_api_get_wifi_networks(const struct tatu_gateway *gateway, const struct tatu_call *call,
                                struct tatu_reply *reply)
{
    give_values(gateway, call, put_listed, reply);
}

/* ---- one network ---- */

static bool read_id(const struct tatu_call *call, uint32_t *out, struct tatu_reply *reply)
{
    char *end;
    const unsigned long id = strtoul(call->name, &end, 10);
    if (call->name[0] < '0' || call->name[0] > '9' || *end != '\0' || id > INT32_MAX) {
        tatu_route_refuse(call->route, TATU_NUMBER_WIFI_NETWORK_NOT_FOUND, TATU_ERR_NOT_FOUND,
                          reply);
        return false;
    }
    *out = (uint32_t)id;
    return true;
}

static void give_network(const struct tatu_gateway *gateway, const struct tatu_call *call,
                         const struct tatu_ask *request, struct tatu_reply *reply)
{
    struct tatu_net_wifi network;
    uint32_t number;
    const enum tatu_err err =
        tatu_net_ask_fixed(gateway, request, &number, &network, sizeof(network));
    if (err != TATU_OK) {
        refuse(call, number, err, reply);
    } else {
        put_network(&network, reply);
    }
}

void tatu_api_get_wifi_network(const struct tatu_gateway *gateway, const struct tatu_call *call,
                               struct tatu_reply *reply)
{
    struct tatu_ask request = {.op = TATU_NET_WIFI_GET};
    if (read_id(call, &request.a, reply)) {
        give_network(gateway, call, &request, reply);
    }
}

void tatu_api_delete_wifi_network(const struct tatu_gateway *gateway, const struct tatu_call *call,
                                  struct tatu_reply *reply)
{
    struct tatu_ask request = {.op = TATU_NETD_WIFI_REMOVE};
    uint32_t number;
    if (!read_id(call, &request.a, reply)) {
        return;
    }
    const enum tatu_err err = tatu_net_ask_fixed(gateway, &request, &number, NULL, 0);
    if (err != TATU_OK) {
        refuse(call, number, err, reply);
    } else {
        tatu_reply_put_text(reply, "{}");
    }
}

static uint32_t read_state(const json_t *value, uint32_t *out)
{
    const char *word = json_string_value(value);
    if (word != NULL && strcmp(word, "enabled") == 0) {
        *out = 1;
    } else if (word != NULL && strcmp(word, "disabled") == 0) {
        *out = 0;
    } else {
        return TATU_NUMBER_WIFI_INVALID_REQUEST_FORMAT;
    }
    return 0;
}

static uint32_t read_psk(const json_t *value, uint8_t out[64], uint8_t *out_len)
{
    const size_t len = json_string_length(value);
    if (!json_is_string(value)) {
        return TATU_NUMBER_WIFI_INVALID_REQUEST_FORMAT;
    }
    if (len < TATU_NET_WIFI_PSK_MIN) {
        return TATU_NUMBER_WIFI_PSK_TOO_SHORT;
    }
    if (len > TATU_NET_WIFI_PSK_MAX) {
        return TATU_NUMBER_WIFI_PSK_TOO_LONG;
    }
    memcpy(out, json_string_value(value), len);
    *out_len = (uint8_t)len;
    return 0;
}

void tatu_api_patch_wifi_network(const struct tatu_gateway *gateway, const struct tatu_call *call,
                                 struct tatu_reply *reply)
{
    const json_t *state = json_object_get(call->json, "configState");
    const json_t *psk = json_object_get(call->json, "psk");
    uint8_t key[64] = {0}, len = 0;
    struct tatu_ask request = {.op = TATU_NETD_WIFI_CHANGE, .b = 2};
    uint32_t number = state == NULL && psk == NULL ? TATU_NUMBER_REST_INVALID_JSON_DATA : 0;
    if (!read_id(call, &request.a, reply)) {
        return;
    }
    if (number == 0 && state != NULL) {
        number = read_state(state, &request.b);
    }
    if (number == 0 && psk != NULL) {
        number = read_psk(psk, key, &len);
        request.payload = (struct tatu_span){key, len};
    }
    if (number != 0) {
        tatu_route_refuse(call->route, number, TATU_ERR_ARGUMENT, reply);
    } else {
        give_network(gateway, call, &request, reply);
    }
    tatu_base_wipe(key, sizeof(key));
}

/* ---- a new one ---- */

/* An optional text of the request: absent is empty. */
static uint32_t read_text(const json_t *json, const char *key, char *out, size_t size,
                          uint32_t too_long)
{
    const json_t *value = json_object_get(json, key);
    const size_t len = json_string_length(value);
    if (value == NULL || json_is_null(value)) {
        return 0;
    }
    if (!json_is_string(value)) {
        return TATU_NUMBER_WIFI_INVALID_REQUEST_FORMAT;
    }
    if (len >= size) {
        return too_long;
    }
    memcpy(out, json_string_value(value), len);
    return 0;
}

static uint32_t read_ssid(const json_t *value, struct tatu_net_wifi *out)
{
    const size_t len = json_string_length(value);
    if (!json_is_string(value) || len == 0) {
        return TATU_NUMBER_WIFI_INVALID_REQUEST_FORMAT;
    }
    if (len > sizeof(out->ssid)) {
        return TATU_NUMBER_WIFI_SSID_TOO_LONG;
    }
    memcpy(out->ssid, json_string_value(value), len);
    out->ssid_len = (uint8_t)len;
    return 0;
}

static uint32_t read_security(const json_t *json, struct tatu_net_wifi_new *out)
{
    const char *word = json_string_value(json_object_get(json, "securityState"));
    if (word != NULL && strcmp(word, "open") == 0) {
        out->network.security = TATU_NET_WIFI_OPEN;
        return 0;
    }
    if (word != NULL && strcmp(word, "psk") == 0) {
        out->network.security = TATU_NET_WIFI_PSK;
        return read_psk(json_object_get(json, "psk"), out->psk, &out->psk_len);
    }
    if (word != NULL && strcmp(word, "eaptls") == 0) {
        out->network.security = TATU_NET_WIFI_EAP_TLS;
        return out->network.client[0] == '\0'
                   ? TATU_NUMBER_WIFI_CLIENT_CERT_STORE_IDENTIFIER_MISSING
                   : 0;
    }
    return TATU_NUMBER_WIFI_INVALID_REQUEST_FORMAT;
}

/* The number of what is wrong, 0 for nothing. */
static uint32_t read_network(const json_t *json, struct tatu_net_wifi_new *out)
{
    const json_t *targeted = json_object_get(json, "targetedScan");
    const json_t *state = json_object_get(json, "configState");
    struct tatu_net_wifi *network = &out->network;
    const struct {
        const char *key;
        char *field;
        size_t size;
        uint32_t too_long;
    } texts[] = {
        {"configName", network->name, sizeof(network->name), TATU_NUMBER_REST_CONFIG_NAME_TOO_LONG},
        {"clientIdentity", network->identity, sizeof(network->identity),
         TATU_NUMBER_REST_CLIENT_IDENTITY_TOO_LONG},
        {"clientCertStoreIdentifier", network->client, sizeof(network->client),
         TATU_NUMBER_REST_CLIENT_CERT_STORE_IDENTIFIER_TOO_LONG},
        {"rootCaCertStoreIdentifier", network->root, sizeof(network->root),
         TATU_NUMBER_REST_CA_CERT_STORE_IDENTIFIER_TOO_LONG},
    };
    uint32_t enabled = 1;
    uint32_t number = read_ssid(json_object_get(json, "ssid"), network);
    for (size_t i = 0; i < TATU_COUNT_OF(texts) && number == 0; i++) {
        number = read_text(json, texts[i].key, texts[i].field, texts[i].size, texts[i].too_long);
    }
    if (number == 0 && targeted != NULL && !json_is_boolean(targeted)) {
        number = TATU_NUMBER_REST_TARGETED_SCAN_NOT_A_BOOLEAN;
    }
    if (number == 0 && state != NULL) {
        number = read_state(state, &enabled);
    }
    network->targeted = json_is_true(targeted);
    network->enabled = (uint8_t)enabled;
    return number != 0 ? number : read_security(json, out);
}

static void store(const struct tatu_gateway *gateway, const struct tatu_call *call,
                  struct tatu_net_wifi_new *new, struct tatu_reply *reply)
{
    const struct tatu_ask request = {.op = TATU_NET_WIFI_STORE,
                                     .payload = {(const uint8_t *)new, sizeof(*new)}};
    uint8_t id[4];
    uint32_t number;
    const enum tatu_err err = tatu_net_ask_fixed(gateway, &request, &number, id, sizeof(id));
    if (err != TATU_OK) {
        refuse(call, number, err, reply);
        return;
    }
    const struct tatu_ask get = {.op = TATU_NET_WIFI_GET, .a = tatu_get_le32(id)};
    give_network(gateway, call, &get, reply);
    if (reply->status == 200) {
        reply->status = 201;
    }
}

void tatu_api_post_wifi_network(const struct tatu_gateway *gateway, const struct tatu_call *call,
                                struct tatu_reply *reply)
{
    struct tatu_net_wifi_new new = {.psk_len = 0};
    const uint32_t number = read_network(call->json, &new);
    if (number != 0) {
        tatu_route_refuse(call->route, number, TATU_ERR_ARGUMENT, reply);
    } else {
        store(gateway, call, &new, reply);
    }
    tatu_base_wipe(&new, sizeof(new));
}

/* ---- failures ---- */

/* wificonfig.h's numbers */
static const char *name_of_error(int32_t error)
{
    static const char *const names[] = {
        NULL,
        "ConnectionFailed",
        "NetworkNotFound",
        "NoPskIncluded",
        "WrongKey",
        "AuthenticationFailed",
        "SecurityTypeMismatch",
        "NetworkFrequencyNotAllowed",
        "NetworkNotEssPbssMbss",
        "NetworkNotSupported",
        "NetworkNonWpa",
    };
    return error > 0 && (size_t)error < TATU_COUNT_OF(names) ? names[error] : names[1];
}

#define CERT_ERROR_FIRST 1000 /* wificonfig.h counts these from here */

static const char *name_of_cert_error(int32_t error)
{
    static const char *const names[] = {
        "Unspecified",          "Untrusted",      "Revoked",
        "NotYetValid",          "Expired",        "SubjectMismatch",
        "AltSubjectMismatch",   "BadCertificate", "ServerChainProbeFailed",
        "DomainSuffixMismatch", "DomainMismatch", "InsufficientKeyLength",
        "CertificateNotFound",  "InvalidRootCA",  "InvalidClientAuth",
        "UnknownClientId",
    };
    const int32_t at = error >= CERT_ERROR_FIRST ? error - CERT_ERROR_FIRST : error;
    return at >= 0 && (size_t)at < TATU_COUNT_OF(names) ? names[at] : names[0];
}

static void put_failure(const struct tatu_net_wifi *network,
                        const struct tatu_net_wifi_failure *failure, struct tatu_reply *reply)
{
    const time_t at = (time_t)failure->at_s;
    struct tm moment;
    char text[32] = "";
    if (gmtime_r(&at, &moment) != NULL) {
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &moment);
    }
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_string(reply, "timestamp", text);
    tatu_json_put_int(reply, "networkId", network->id);
    tatu_json_put_bytes(reply, "ssid", ssid_of(network));
    tatu_json_put_string(reply, "configState", failure->enabled ? "enabled" : "disabled");
    tatu_json_put_string(reply, "connectionState",
                         failure->connected ? "connected" : "disconnected");
    tatu_json_put_string(reply, "error", name_of_error(failure->error));
    if (failure->cert_error != 0) {
        tatu_json_open(reply, "certInfo", '{');
        tatu_json_put_bytes(reply, "certSubject",
                            text_of(failure->cert_subject, sizeof(failure->cert_subject)));
        tatu_json_put_int(reply, "certDepth", failure->cert_depth);
        tatu_json_put_string(reply, "certError", name_of_cert_error(failure->cert_error));
        tatu_json_close(reply, '}');
    }
    tatu_json_close(reply, '}');
}

static enum tatu_err get_failure(const struct tatu_gateway *gateway, int32_t id,
                                 uint32_t *out_number, struct tatu_net_wifi_failure *out)
{
    const struct tatu_ask request = {.op = TATU_NET_WIFI_DIAGNOSTICS, .a = (uint32_t)id};
    return tatu_net_ask_fixed(gateway, &request, out_number, out, sizeof(*out));
}

static void put_listed_failure(const struct tatu_gateway *gateway,
                               const struct tatu_net_wifi *network, struct tatu_reply *reply)
{
    struct tatu_net_wifi_failure failure;
    uint32_t number;
    if (get_failure(gateway, network->id, &number, &failure) == TATU_OK && failure.error != 0) {
        put_failure(network, &failure, reply);
    }
}

void tatu_api_get_wifi_failures(const struct tatu_gateway *gateway, const struct tatu_call *call,
                                struct tatu_reply *reply)
{
    give_values(gateway, call, put_listed_failure, reply);
}

void tatu_api_get_wifi_failure(const struct tatu_gateway *gateway, const struct tatu_call *call,
                               struct tatu_reply *reply)
{
    struct tatu_net_wifi_failure failure;
    struct tatu_net_wifi network;
    struct tatu_ask request = {.op = TATU_NET_WIFI_GET};
    uint32_t number;
    if (!read_id(call, &request.a, reply)) {
        return;
    }
    enum tatu_err err = tatu_net_ask_fixed(gateway, &request, &number, &network, sizeof(network));
    if (err == TATU_OK) {
        err = get_failure(gateway, network.id, &number, &failure);
    }
    if (err == TATU_OK && failure.error == 0) {
        err = TATU_ERR_NOT_FOUND;
    }
    if (err != TATU_OK) {
        refuse(call, number, err, reply);
    } else {
        put_failure(&network, &failure, reply);
    }
}

/* ---- the interface ---- */

static void put_absent(struct tatu_reply *reply)
{
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_string(reply, "configState", "unknown");
    tatu_json_put_string(reply, "connectionState", "disconnected");
    tatu_json_put_string(reply, "securityState", "unknown");
    tatu_json_put_string(reply, "mode", "station");
    tatu_json_put_string(reply, "key_mgmt", "UNKNOWN");
    tatu_json_put_string(reply, "wpa_state", "INTERFACE_DISABLED");
    tatu_json_put_string(reply, "powerSavingsState", "unknown");
    tatu_json_close(reply, '}');
}

static void put_current(const struct tatu_net_wifi *network, struct tatu_reply *reply)
{
    static const char *const keys[] = {"UNKNOWN", "NONE", "WPA2-PSK", "WPA-EAP"};
    const uint8_t security = network->security < TATU_COUNT_OF(keys) ? network->security : 0;
    tatu_json_open(reply, NULL, '{');
    put_optional(reply, "configName", network->name, sizeof(network->name));
    tatu_json_put_string(reply, "configState", network->enabled ? "enabled" : "disabled");
    tatu_json_put_string(reply, "connectionState",
                         network->connected ? "connected" : "disconnected");
    tatu_json_put_int(reply, "id", network->id);
    tatu_json_put_string(reply, "securityState", name_of_security(security));
    tatu_json_put_bytes(reply, "ssid", ssid_of(network));
    tatu_json_put_string(reply, "mode", "station");
    tatu_json_put_string(reply, "key_mgmt", keys[security]);
    tatu_json_put_string(reply, "wpa_state", network->connected ? "COMPLETED" : "DISCONNECTED");
    tatu_json_put_string(reply, "powerSavingsState", "unknown");
    tatu_json_close(reply, '}');
}

void tatu_api_get_wifi_interface(const struct tatu_gateway *gateway, const struct tatu_call *call,
                                 struct tatu_reply *reply)
{
    struct tatu_net_wifi network = {.security = TATU_NET_WIFI_UNKNOWN};
    const struct tatu_ask request = {.op = TATU_NET_WIFI_CURRENT};
    uint32_t number;
    if (!tatu_net_has_interface(gateway, INTERFACE)) {
        put_absent(reply);
        return;
    }
    const enum tatu_err err =
        tatu_net_ask_fixed(gateway, &request, &number, &network, sizeof(network));
    if (err == TATU_OK) {
        put_current(&network, reply);
    } else {
        refuse(call, number, err, reply);
    }
}

void tatu_api_patch_wifi_interface(const struct tatu_gateway *gateway, const struct tatu_call *call,
                                   struct tatu_reply *reply)
{
    const json_t *reload = json_object_get(call->json, "reloadConfig");
    const json_t *savings = json_object_get(call->json, "enablePowerSavings");
    const struct tatu_ask reloading = {.op = TATU_NET_WIFI_RELOAD};
    const struct tatu_ask saving = {.op = TATU_NET_WIFI_POWER_SAVING, .a = json_is_true(savings)};
    uint32_t number = 0;
    enum tatu_err err = TATU_OK;
    if (reload != NULL && !json_is_boolean(reload)) {
        number = TATU_NUMBER_REST_RELOAD_CONFIG_NOT_A_BOOLEAN;
    } else if (savings != NULL && !json_is_boolean(savings)) {
        number = TATU_NUMBER_REST_POWER_SAVINGS_NOT_A_BOOLEAN;
    } else if (reload == NULL && savings == NULL) {
        number = TATU_NUMBER_REST_INVALID_JSON_DATA;
    }
    if (number != 0) {
        tatu_route_refuse(call->route, number, TATU_ERR_ARGUMENT, reply);
        return;
    }
    if (json_is_true(reload)) {
        err = tatu_net_ask_fixed(gateway, &reloading, &number, NULL, 0);
    }
    if (err == TATU_OK && savings != NULL) {
        err = tatu_net_ask_fixed(gateway, &saving, &number, NULL, 0);
    }
    if (err != TATU_OK) {
        refuse(call, number, err, reply);
    } else {
        tatu_reply_put_text(reply, "{}");
    }
}

/* No radio is known to netd yet: what it says is an error of the interface's, or nothing found. */
void tatu_api_get_wifi_scan(const struct tatu_gateway *gateway, const struct tatu_call *call,
                            struct tatu_reply *reply)
{
    const struct tatu_ask request = {.op = TATU_NET_WIFI_SCAN};
    uint32_t number;
    const enum tatu_err err = tatu_net_ask_fixed(gateway, &request, &number, NULL, 0);
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number, err, reply);
    } else {
        tatu_reply_put_text(reply, "{\"values\":[]}");
    }
}
