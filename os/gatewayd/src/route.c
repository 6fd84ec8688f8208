#include "route.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "os/lib/vault.h"
#include "proto/capability.h"
#include "proto/image.h"

#define LIFECYCLE_COMPLETE 2u /* bit of the lifecycle word: DeviceComplete */

#define E400 TATU_ROUTE_400
#define E404 TATU_ROUTE_404
#define E409 TATU_ROUTE_409
#define E415 TATU_ROUTE_415
#define OPEN TATU_ROUTE_OPEN
#define CAPABLE TATU_ROUTE_CAPABLE
#define DEVELOPMENT TATU_ROUTE_DEVELOPMENT
#define GET TATU_HTTP_GET
#define POST TATU_HTTP_POST
#define PUT TATU_HTTP_PUT
#define PATCH TATU_HTTP_PATCH
#define DELETE TATU_HTTP_DELETE
#define NONE TATU_ROUTE_NO_BODY
#define TEXT TATU_ROUTE_TEXT
#define JSON TATU_ROUTE_JSON
#define MAYBE TATU_ROUTE_OPTIONAL_JSON
#define STREAM TATU_ROUTE_STREAM
/* What owners' tools explain best, where an application is to be changed on a locked device. */
#define LOCKED TATU_NUMBER_APP_MANAGER_DEVICE_NOT_DEV_UNLOCKED
#define STAGING TATU_NUMBER_IMAGE_UPDATE_PERMISSION_DENIED
#define INSTALLING TATU_NUMBER_IMAGE_UPDATE_IMAGE_INSTALL_FAILED

static const struct tatu_route routes[] = {
    {GET, "/abi_versions", OPEN, NONE, 0, 0, tatu_api_get_abi_versions},
    {GET, "/device/capabilities", OPEN, NONE, 0, 0, tatu_api_get_capabilities},
    {GET, "/device/manufacturing_state", OPEN, NONE, 0, 0, tatu_api_get_manufacturing_state},
    {GET, "/device/security_state", OPEN, NONE, 0, 0, tatu_api_get_security_state},
    {GET, "/net/status", OPEN, NONE, 0, 0, tatu_api_get_net_status},
    {GET, "/status", OPEN, NONE, 0, 0, tatu_api_get_status},
    /* our own: the vault decides, whoever asks */
    {POST, "/tatu/v1/claim", OPEN, JSON, E400 | E409 | E415, 0, tatu_api_post_claim},
    {POST, "/tatu/v1/capability", OPEN, JSON, E400 | E415, 0, tatu_api_post_capability},
    {DELETE, "/tatu/v1/capability", CAPABLE, NONE, 0, 0, tatu_api_delete_capability},

    {GET, "/tatu/v1/app/log/{}", CAPABLE, NONE, E400 | E404, LOCKED, tatu_api_get_app_log},
    {GET, "/tatu/v1/power", CAPABLE, NONE, 0, 0, tatu_api_get_power},

    {GET, "/osversion", CAPABLE, NONE, 0, 0, tatu_api_get_os_version},
    {PUT, "/device/manufacturing_state", CAPABLE, JSON, E400 | E404 | E415, 0,
     tatu_api_put_manufacturing_state},
    {POST, "/restart", CAPABLE, TEXT, E400 | E415, 0, tatu_api_post_restart},
    {GET, "/log", CAPABLE, NONE, 0, 0, tatu_api_get_log},
    {GET, "/telemetry", CAPABLE, NONE, 0, 0, tatu_api_get_telemetry},
    {DELETE, "/telemetry", CAPABLE, NONE, E400, 0, tatu_api_delete_telemetry},

    {GET, "/images", CAPABLE, NONE, 0, 0, tatu_api_get_images},
    {PUT, "/update/stage", CAPABLE, STREAM, E400 | E415, STAGING, NULL},
    {POST, "/update/install", CAPABLE, MAYBE, E400 | E415, INSTALLING, tatu_api_post_install},
    {DELETE, "/app/image/{}", CAPABLE, NONE, E400, LOCKED, tatu_api_delete_app},
    {GET, "/app/status/{}", CAPABLE, NONE, E400, LOCKED, tatu_api_get_app_status},
    {PATCH, "/app/status/{}", CAPABLE, JSON, E400 | E409 | E415, LOCKED, tatu_api_patch_app_status},
    {GET, "/app/quota/{}", CAPABLE, NONE, E400 | E404, LOCKED, tatu_api_get_app_quota},
    {GET, "/stats/memory/groups/applications", DEVELOPMENT, NONE, 0, LOCKED, tatu_api_get_memory},

    {GET, "/certstore/certs", CAPABLE, NONE, 0, 0, tatu_api_get_certs},
    {GET, "/certstore/certs/{}", CAPABLE, NONE, E400 | E404, 0, tatu_api_get_cert},
    {POST, "/certstore/certs/{}", CAPABLE, JSON, E400 | E415, 0, tatu_api_post_cert},
    {DELETE, "/certstore/certs/{}", CAPABLE, NONE, E400 | E404, 0, tatu_api_delete_cert},
    {GET, "/certstore/space", CAPABLE, NONE, 0, 0, tatu_api_get_cert_space},

    {GET, "/net/firewall/rulesets", CAPABLE, NONE, 0, 0, tatu_api_get_rulesets},
    {GET, "/net/interfaces", CAPABLE, NONE, 0, 0, tatu_api_get_interfaces},
    {GET, "/net/interfaces/{}", CAPABLE, NONE, E404, 0, tatu_api_get_interface},
    {PATCH, "/net/interfaces/{}", CAPABLE, JSON, E400 | E404 | E415, 0, tatu_api_patch_interface},
    {GET, "/net/proxy", CAPABLE, NONE, 0, 0, tatu_api_get_proxy},
    {POST, "/net/proxy", CAPABLE, JSON, E400, 0, tatu_api_post_proxy},
    {DELETE, "/net/proxy", CAPABLE, NONE, 0, 0, tatu_api_delete_proxy},

    {GET, "/wifi/config/networks", CAPABLE, NONE, 0, 0, tatu_api_get_wifi_networks},
    {POST, "/wifi/config/networks", CAPABLE, JSON, E400 | E415, 0, tatu_api_post_wifi_network},
    {GET, "/wifi/config/networks/{}", CAPABLE, NONE, E404, 0, tatu_api_get_wifi_network},
    {PATCH, "/wifi/config/networks/{}", CAPABLE, JSON, E400 | E404 | E415, 0,
     tatu_api_patch_wifi_network},
    {DELETE, "/wifi/config/networks/{}", CAPABLE, NONE, E400 | E404, 0,
     tatu_api_delete_wifi_network},
    {GET, "/wifi/diagnostics/networks", CAPABLE, NONE, 0, 0, tatu_api_get_wifi_failures},
    {GET, "/wifi/diagnostics/networks/{}", CAPABLE, NONE, E404, 0, tatu_api_get_wifi_failure},
    {GET, "/wifi/interface", CAPABLE, NONE, 0, 0, tatu_api_get_wifi_interface},
    {PATCH, "/wifi/interface", CAPABLE, JSON, E400 | E415, 0, tatu_api_patch_wifi_interface},
    {GET, "/wifi/scan", CAPABLE, NONE, 0, 0, tatu_api_get_wifi_scan},
};

/* ---- finding ---- */

/* Whether the path is of this pattern; *out_name is what stands for "{}". */
static bool matches(const char *pattern, const char *path, struct tatu_span *out_name)
{
    const char *hole = strstr(pattern, "{}");
    *out_name = (struct tatu_span){NULL, 0};
    if (hole == NULL) {
        return strcmp(pattern, path) == 0;
    }
    const size_t before = (size_t)(hole - pattern);
    if (strncmp(pattern, path, before) != 0) {
        return false;
    }
    const size_t len = strlen(path + before);
    *out_name = (struct tatu_span){(const uint8_t *)path + before, len};
    return len != 0 && memchr(path + before, '/', len) == NULL;
}

static void add_method(enum tatu_http_method method, char out_allow[64])
{
    static const char *const names[] = {"GET, HEAD", NULL, "POST", "PUT", "PATCH", "DELETE"};
    if (out_allow[0] != '\0') {
        (void)strcat(out_allow, ", "); /* 64 bytes hold all of them */
    }
    (void)strcat(out_allow, names[method]);
}

enum tatu_err tatu_route_find(const struct tatu_http_head *head, struct tatu_call *out,
                              char out_allow[64])
{
    const enum tatu_http_method method = head->method == TATU_HTTP_HEAD ? GET : head->method;
    struct tatu_span name;
    bool known = false;
    out_allow[0] = '\0';
    for (size_t i = 0; i < TATU_COUNT_OF(routes); i++) {
        if (!matches(routes[i].path, head->path, &name)) {
            continue;
        }
        known = true;
        add_method(routes[i].method, out_allow);
        if (routes[i].method == method) {
            out->route = &routes[i];
            TATU_TRY(tatu_http_decode_segment(name, out->name, sizeof(out->name)) == TATU_OK
                         ? TATU_OK
                         : TATU_ERR_ARGUMENT);
        }
    }
    if (out->route != NULL) {
        return TATU_OK;
    }
    return known ? TATU_ERR_UNKNOWN_COMMAND : TATU_ERR_NOT_FOUND;
}

/* ---- authorising ---- */

enum tatu_err tatu_route_authorise(const struct tatu_gateway *gateway, const struct tatu_call *call)
{
    static const uint32_t opening[] = {
        [OPEN] = 0,
        [CAPABLE] = TATU_CAPABILITY_BIT(TATU_CAPABILITY_APP_DEVELOPMENT) |
                    TATU_CAPABILITY_BIT(TATU_CAPABILITY_FIELD_SERVICING),
        [DEVELOPMENT] = TATU_CAPABILITY_BIT(TATU_CAPABILITY_APP_DEVELOPMENT),
    };
    struct tatu_os_vault_state state;
    if (call->route->authoriser == OPEN) {
        return TATU_OK;
    }
    TATU_TRY(tatu_os_get_vault_state(gateway->monitor, &state));
    const bool complete = (state.lifecycle & LIFECYCLE_COMPLETE) != 0;
    const uint32_t held = state.stored_capabilities | call->capabilities;
    return !complete || (held & opening[call->route->authoriser]) != 0 ? TATU_OK : TATU_ERR_DENIED;
}

/* ---- refusing ---- */

static const struct {
    uint32_t number;
    uint16_t status;
} statuses[] = {
    {TATU_NUMBER_REST_INTERFACE_IS_BUSY, 500},
    {TATU_NUMBER_REST_INTERNAL_ERROR, 500},
    {TATU_NUMBER_REST_OUT_OF_MEMORY, 500},
    {TATU_NUMBER_REST_COMMAND_AUTHORIZATION_FAILED, 403},
    {TATU_NUMBER_APP_MANAGER_DEVICE_NOT_DEV_UNLOCKED, 403},
    {TATU_NUMBER_IMAGE_UPDATE_PERMISSION_DENIED, 403},
    {TATU_NUMBER_HTTP_INVALID_REQUEST_URI, 404},
    {TATU_NUMBER_REST_APP_APP_NOT_PRESENT, 404},
    {TATU_NUMBER_CERT_STORAGE_CERT_NOT_FOUND, 404},
    {TATU_NUMBER_WIFI_NETWORK_NOT_FOUND, 404},
    {TATU_NUMBER_NET_CONFIG_INVALID_INTERFACE, 404},
    {TATU_NUMBER_REST_APP_IS_BUSY, 409},
    {TATU_NUMBER_APP_MANAGER_APPLICATION_IN_WRONG_STATE, 409},
    {TATU_NUMBER_IMAGE_UPDATE_OTA_UPDATE_IN_PROGRESS, 409},
    {TATU_NUMBER_LIFETIME_MANAGER_NO_DEBUGGER_AVAILABLE, 409},
    {TATU_NUMBER_WIFI_WIFI_DISABLED, 500},
    {TATU_NUMBER_WIFI_TRY_AGAIN, 500},
    {TATU_NUMBER_WIFI_REQUEST_FAILED, 500},
    {TATU_NUMBER_NET_CONFIG_IPC_REQUEST_FAILED, 500},
    {TATU_NUMBER_NET_CONFIG_TRY_AGAIN, 500},
};

/* A status of the API's description for this route: what is the client's fault stays 400. */
static uint16_t status_of(const struct tatu_route *route, uint32_t number)
{
    static const unsigned kinds[] = {[400 - 400] = E400, [404 - 400] = E404, [409 - 400] = E409};
    uint16_t status = 400;
    for (size_t i = 0; i < TATU_COUNT_OF(statuses); i++) {
        if (statuses[i].number == number) {
            status = statuses[i].status;
        }
    }
    if (route == NULL || status == 403 || status == 500) {
        return status;
    }
    if ((route->statuses & kinds[status - 400]) != 0) {
        return status;
    }
    return (route->statuses & E400) != 0 ? 400 : 500;
}

static void write_error(const struct tatu_route *route, uint16_t status, uint32_t number,
                        enum tatu_err err, struct tatu_reply *reply)
{
    tatu_reply_clear(reply, status);
    tatu_reply_format(reply, "{\"error\":%" PRIu32, number);
    if (route != NULL && strncmp(route->path, "/tatu/", 6) == 0) {
        tatu_json_put_string(reply, "name", tatu_err_name(err));
    }
    tatu_json_close(reply, '}');
}

void tatu_route_refuse(const struct tatu_route *route, uint32_t number, enum tatu_err err,
                       struct tatu_reply *reply)
{
    write_error(route, status_of(route, number), number, err, reply);
}

void tatu_route_forbid(const struct tatu_route *route, struct tatu_reply *reply)
{
    write_error(route, 403,
                route->refusal != 0 ? route->refusal
                                    : TATU_NUMBER_REST_COMMAND_AUTHORIZATION_FAILED,
                TATU_ERR_DENIED, reply);
}

void tatu_route_refuse_http(uint16_t status, uint32_t number, struct tatu_reply *reply)
{
    write_error(NULL, status, number, TATU_ERR_FORMAT, reply);
}

void tatu_route_refuse_asked(const struct tatu_call *call, uint32_t number, enum tatu_err err,
                             struct tatu_reply *reply)
{
    if (number == 0) {
        number = err == TATU_ERR_BUSY || err == TATU_ERR_TIMEOUT
                     ? TATU_NUMBER_REST_INTERFACE_IS_BUSY
                     : TATU_NUMBER_REST_INTERNAL_ERROR;
    }
    tatu_route_refuse(call->route, number, err, reply);
}

bool tatu_route_get_component(const struct tatu_call *call, uint8_t out[16],
                              struct tatu_reply *reply)
{
    if (tatu_proto_parse_guid(call->name, strlen(call->name), out) == TATU_OK) {
        return true;
    }
    tatu_route_refuse(call->route, TATU_NUMBER_REST_APP_CANNOT_PARSE_COMPONENT_ID, TATU_ERR_FORMAT,
                      reply);
    return false;
}

/* ---- acting ---- */

void tatu_route_act_on(const struct tatu_gateway *gateway, struct tatu_call *call,
                       struct tatu_span body, struct tatu_reply *reply)
{
    const bool wants = call->route->body == JSON || (call->route->body == MAYBE && body.len != 0);
    json_auto_t *json = NULL;
    if (wants && body.len == 0) {
        tatu_route_refuse(call->route, TATU_NUMBER_REST_REQUEST_DATA_EXPECTED, TATU_ERR_SHORT,
                          reply);
        return;
    }
    if (wants) {
        json = json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(json)) {
            tatu_route_refuse(call->route, TATU_NUMBER_REST_INVALID_JSON_REQUEST, TATU_ERR_FORMAT,
                              reply);
            return;
        }
    }
    call->json = json;
    tatu_reply_clear(reply, 200);
    call->route->act(gateway, call, reply);
    call->json = NULL;
    if (reply->failed) {
        tatu_route_refuse(call->route, TATU_NUMBER_REST_OUT_OF_MEMORY, TATU_ERR_MEMORY, reply);
    }
}
