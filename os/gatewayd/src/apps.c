/* Applications: state, quota, memory, images; sideloading. appman, updated and the monitor know. */
#include <string.h>

#include "proto/image.h"
#include "route.h"

#define QUICK_MS 5000u /* for what is known already */
#define CHANGE_MS                                                                                  \
    12000u /* for what writes flash or waits for an application; clients wait 15 s                 \
            */

#define COMPONENT_SIZE 16u

static enum tatu_err ask(const struct tatu_gateway *gateway, const char *path,
                         const struct tatu_ask *request, uint32_t timeout_ms, uint32_t *out_number,
                         uint8_t *out, size_t size)
{
    struct tatu_buf answer = {out, 0, size};
    *out_number = 0;
    TATU_TRY(gateway->ask(gateway->context, path, request, timeout_ms, out_number,
                          size == 0 ? NULL : &answer));
    return answer.len == size ? TATU_OK : TATU_ERR_FORMAT;
}

/* ---- state ---- */

static const char *name_of_state(uint32_t state)
{
    switch ((enum tatu_appman_app_state)state) {
    case TATU_APPMAN_APP_RUNNING:
        return "running";
    case TATU_APPMAN_APP_DEBUGGING:
        return "debugging";
    case TATU_APPMAN_APP_STOPPED:
    case TATU_APPMAN_APP_WAITING:
    case TATU_APPMAN_APP_STOPPING:
    case TATU_APPMAN_APP_REFUSED:
        break;
    }
    return "stopped";
}

static void put_state(const uint8_t app[TATU_APPMAN_APP_SIZE], struct tatu_reply *reply)
{
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_string(reply, "state",
                         app == NULL ? "notPresent" : name_of_state(tatu_get_le32(app + 32)));
    tatu_json_close(reply, '}');
}

void tatu_api_get_app_status(const struct tatu_gateway *gateway, const struct tatu_call *call,
                             struct tatu_reply *reply)
{
    uint8_t component[COMPONENT_SIZE], app[TATU_APPMAN_APP_SIZE];
    uint32_t number;
    if (!tatu_route_get_component(call, component, reply)) {
        return;
    }
    const struct tatu_ask request = {.op = TATU_APPMAN_APP_STATE,
                                     .payload = TATU_SPAN_OF(component)};
    const enum tatu_err err =
        ask(gateway, TATU_APPMAN_SOCKET, &request, QUICK_MS, &number, app, sizeof(app));
    if (err == TATU_OK || err == TATU_ERR_NOT_FOUND) {
        put_state(err == TATU_OK ? app : NULL, reply);
    } else {
        tatu_route_refuse_asked(call, number, err, reply);
    }
}

static const struct {
    const char *word;
    uint32_t trigger;
    uint32_t number; /* when appman has none */
} triggers[] = {
    {"start", TATU_APPMAN_TRIGGER_START, TATU_NUMBER_REST_APP_CANNOT_START_APP},
    {"startDebug", TATU_APPMAN_TRIGGER_START_DEBUG, TATU_NUMBER_REST_APP_CANNOT_START_DEBUG},
    {"stop", TATU_APPMAN_TRIGGER_STOP, TATU_NUMBER_REST_APP_CANNOT_STOP_APP},
};

static void trigger(const struct tatu_gateway *gateway, const struct tatu_call *call, size_t row,
                    struct tatu_reply *reply)
{
    uint8_t component[COMPONENT_SIZE], app[TATU_APPMAN_APP_SIZE];
    uint32_t number;
    if (!tatu_route_get_component(call, component, reply)) {
        return;
    }
    const struct tatu_ask request = {.op = TATU_APPMAN_APP_TRIGGER,
                                     .a = triggers[row].trigger,
                                     .payload = TATU_SPAN_OF(component)};
    const enum tatu_err err =
        ask(gateway, TATU_APPMAN_SOCKET, &request, CHANGE_MS, &number, app, sizeof(app));
    if (err == TATU_OK) {
        put_state(app, reply);
        return;
    }
    const bool late = err == TATU_ERR_BUSY || err == TATU_ERR_TIMEOUT;
    if (number == 0) {
        number = err == TATU_ERR_NOT_FOUND ? TATU_NUMBER_REST_APP_APP_NOT_PRESENT
                 : late                    ? TATU_NUMBER_REST_APP_IS_BUSY
                                           : triggers[row].number;
    }
    tatu_route_refuse(call->route, number, err, reply);
}

void tatu_api_patch_app_status(const struct tatu_gateway *gateway, const struct tatu_call *call,
                               struct tatu_reply *reply)
{
    const char *word = json_string_value(json_object_get(call->json, "trigger"));
    for (size_t i = 0; word != NULL && i < TATU_COUNT_OF(triggers); i++) {
        if (strcmp(word, triggers[i].word) == 0) {
            trigger(gateway, call, i, reply);
            return;
        }
    }
    tatu_route_refuse(call->route, TATU_NUMBER_REST_APP_TRIGGER_DOES_NOT_EXIST, TATU_ERR_ARGUMENT,
                      reply);
}

/* ---- figures ---- */

void tatu_api_get_app_quota(const struct tatu_gateway *gateway, const struct tatu_call *call,
                            struct tatu_reply *reply)
{
    uint8_t component[COMPONENT_SIZE], quota[8];
    uint32_t number;
    if (!tatu_route_get_component(call, component, reply)) {
        return;
    }
    const struct tatu_ask request = {.op = TATU_APPMAN_QUOTA, .payload = TATU_SPAN_OF(component)};
    const enum tatu_err err =
        ask(gateway, TATU_APPMAN_SOCKET, &request, QUICK_MS, &number, quota, sizeof(quota));
    if (err == TATU_ERR_NOT_FOUND && number == 0) {
        number = TATU_NUMBER_REST_APP_APP_NOT_PRESENT;
    }
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number, err, reply);
        return;
    }
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_number(reply, "UsageKB", tatu_get_le32(quota));
    tatu_json_put_number(reply, "LimitKB", tatu_get_le32(quota + 4));
    tatu_json_close(reply, '}');
}

void tatu_api_get_memory(const struct tatu_gateway *gateway, const struct tatu_call *call,
                         struct tatu_reply *reply)
{
    uint8_t memory[TATU_REQUEST_MEMORY_SIZE];
    uint32_t number;
    const struct tatu_ask request = {.op = TATU_APPMAN_MEMORY};
    const enum tatu_err err =
        ask(gateway, TATU_APPMAN_SOCKET, &request, QUICK_MS, &number, memory, sizeof(memory));
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number, err, reply);
        return;
    }
    tatu_json_open(reply, NULL, '{');
    tatu_json_open(reply, "memoryStats", '{');
    tatu_json_put_number(reply, "currentMemoryUsageInBytes", tatu_get_le64(memory));
    tatu_json_put_number(reply, "userModeMemoryUsageInBytes", tatu_get_le64(memory + 8));
    tatu_json_put_number(reply, "peakUserModeMemoryUsageInBytes", tatu_get_le64(memory + 16));
    tatu_json_close(reply, '}');
    tatu_json_close(reply, '}');
}

void tatu_api_get_power(const struct tatu_gateway *gateway, const struct tatu_call *call,
                        struct tatu_reply *reply)
{
    static const char *const names[] = {
        [TATU_POWER_SAVER] = "powerSaver",
        [TATU_POWER_BALANCED] = "balanced",
        [TATU_POWER_HIGH_PERFORMANCE] = "highPerformance",
    };
    uint8_t words[8];
    uint32_t number;
    const struct tatu_ask request = {.op = TATU_APPMAN_POWER_PROFILE};
    enum tatu_err err =
        ask(gateway, TATU_APPMAN_SOCKET, &request, QUICK_MS, &number, words, sizeof(words));
    if (err == TATU_OK && tatu_get_le32(words) >= TATU_COUNT_OF(names)) {
        err = TATU_ERR_FORMAT;
    }
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number, err, reply);
        return;
    }
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_string(reply, "profile", names[tatu_get_le32(words)]);
    tatu_json_put_number(reply, "applicationProcessorPercent", tatu_get_le32(words + 4));
    tatu_json_close(reply, '}');
}

/* ---- images ---- */

/* One component as it is told: installed, staged or both. */
struct component {
    const uint8_t *component;
    const uint8_t *image; /* NULL: known to the monitor alone, and so is its length */
    uint32_t type;
    uint32_t len;
    struct tatu_span name; /* up to its NUL */
    bool staged;           /* a newer image of it waits */
    bool restarts;         /* the board has to, for a newer one */
};

static void put_image(const struct component *in, struct tatu_reply *reply)
{
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_guid(reply, "uid", in->image);
    tatu_json_put_number(reply, "length_in_bytes", in->len);
    tatu_json_put_number(reply, "uncompressed_length_in_bytes", in->len);
    tatu_json_put_number(reply, "replica_type", 1);
    tatu_json_close(reply, '}');
}

static void put_component(const struct component *in, struct tatu_reply *reply)
{
    const struct tatu_span name = {in->name.data,
                                   strnlen((const char *)in->name.data, in->name.len)};
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_guid(reply, "uid", in->component);
    tatu_json_put_number(reply, "image_type", in->type);
    tatu_json_put_bool(reply, "is_update_staged", in->staged);
    tatu_json_put_bool(reply, "does_image_type_require_restart", in->restarts);
    tatu_json_put_bytes(reply, "name", name);
    tatu_json_open(reply, "images", '[');
    if (in->image != NULL) {
        put_image(in, reply);
    }
    tatu_json_close(reply, ']');
    tatu_json_close(reply, '}');
}

/* What updated has staged, behind its two words. */
struct staged {
    uint8_t bytes[TATU_ANSWER_PAYLOAD_MAX];
    uint32_t flags;
    size_t count;
};

static enum tatu_err get_staged(const struct tatu_gateway *gateway, uint32_t *out_number,
                                struct staged *out)
{
    struct tatu_buf answer = TATU_BUF_OF(out->bytes);
    const struct tatu_ask request = {.op = TATU_UPDATED_STATE};
    *out_number = 0;
    TATU_TRY(gateway->ask(gateway->context, TATU_UPDATED_SOCKET, &request, QUICK_MS, out_number,
                          &answer));
    if (answer.len < 8) {
        return TATU_ERR_FORMAT;
    }
    out->flags = tatu_get_le32(out->bytes);
    out->count = tatu_get_le32(out->bytes + 4);
    return out->count <= TATU_SMC_APPS_MAX && answer.len == 8 + out->count * TATU_UPDATED_IMAGE_SIZE
               ? TATU_OK
               : TATU_ERR_FORMAT;
}

static const uint8_t *staged_at(const struct staged *staged, size_t index)
{
    return staged->bytes + 8 + index * TATU_UPDATED_IMAGE_SIZE;
}

static bool is_staged(const struct staged *staged, const uint8_t component[COMPONENT_SIZE])
{
    for (size_t i = 0; i < staged->count; i++) {
        if (memcmp(staged_at(staged, i), component, COMPONENT_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static void put_components(const struct tatu_smc_app *apps, size_t count,
                           const struct staged *staged, struct tatu_reply *reply)
{
    for (size_t i = 0; i < count; i++) {
        const struct component one = {
            .component = apps[i].component,
            .image = apps[i].image,
            .type = TATU_IMAGE_APPLICATION,
            .len = apps[i].body_len,
            .name = TATU_SPAN_OF(apps[i].name),
            .staged = is_staged(staged, apps[i].component),
        };
        put_component(&one, reply);
    }
}

/* What a board that has come as far as to us was booted from; what is sideloaded is none of them.
 */
static void put_system(struct tatu_reply *reply)
{
    static const uint16_t types[] = {TATU_IMAGE_VAULT_RUNTIME, TATU_IMAGE_MONITOR,
                                     TATU_IMAGE_KEYSTORE,      TATU_IMAGE_DTB,
                                     TATU_IMAGE_KERNEL,        TATU_IMAGE_ROOT};
    static const char first[] = TATU_IMAGE_OS_COMPONENT "00";
    uint8_t component[COMPONENT_SIZE];
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        const char *name = tatu_proto_image_type_name(types[i]);
        const struct component one = {.component = component,
                                      .type = types[i],
                                      .name = {(const uint8_t *)name, strlen(name)},
                                      .restarts = true};
        if (tatu_proto_parse_guid(first, sizeof(first) - 1, component) == TATU_OK) {
            component[COMPONENT_SIZE - 1] = (uint8_t)types[i];
            put_component(&one, reply);
        }
    }
}

void tatu_api_get_images(const struct tatu_gateway *gateway, const struct tatu_call *call,
                         struct tatu_reply *reply)
{
    struct tatu_smc_app apps[TATU_SMC_APPS_MAX];
    struct staged staged;
    size_t count;
    uint32_t number;
    enum tatu_err err = get_staged(gateway, &number, &staged);
    if (err == TATU_OK) {
        err = tatu_os_list_apps(gateway->monitor, apps, &count);
    }
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number, err, reply);
        return;
    }
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_bool(reply, "is_ota_update_in_progress",
                       (staged.flags & TATU_UPDATED_IS_UPDATING) != 0);
    tatu_json_put_bool(reply, "has_staged_updates", (staged.flags & TATU_UPDATED_IS_STAGED) != 0);
    /* the OS is not sideloaded, and applications are replaced while it runs */
    tatu_json_put_bool(reply, "restart_required", false);
    tatu_json_open(reply, "components", '[');
    put_components(apps, count, &staged, reply);
    put_system(reply);
    tatu_json_close(reply, ']');
    tatu_json_close(reply, '}');
}

/* ---- sideloading ---- */

enum tatu_err tatu_stage_begin(const struct tatu_gateway *gateway, uint32_t len,
                               uint32_t *out_number)
{
    const struct tatu_ask request = {.op = TATU_UPDATED_STAGE_BEGIN, .a = len};
    return ask(gateway, TATU_UPDATED_SOCKET, &request, CHANGE_MS, out_number, NULL, 0);
}

enum tatu_err tatu_stage_put(const struct tatu_gateway *gateway, uint32_t offset,
                             struct tatu_span bytes, uint32_t *out_number)
{
    const struct tatu_ask request = {.op = TATU_UPDATED_STAGE_DATA, .a = offset, .payload = bytes};
    return ask(gateway, TATU_UPDATED_SOCKET, &request, CHANGE_MS, out_number, NULL, 0);
}

enum tatu_err tatu_stage_end(const struct tatu_gateway *gateway, uint32_t *out_number)
{
    uint8_t answer[TATU_ANSWER_PAYLOAD_MAX]; /* what the image is; the desk knows what it sent */
    struct tatu_buf room = TATU_BUF_OF(answer);
    const struct tatu_ask request = {.op = TATU_UPDATED_STAGE_END};
    return gateway->ask(gateway->context, TATU_UPDATED_SOCKET, &request, CHANGE_MS, out_number,
                        &room);
}

/* Changes what is installed; the answer may carry a word on what became of it. */
static void change(const struct tatu_gateway *gateway, const struct tatu_call *call,
                   const struct tatu_ask *request, struct tatu_reply *reply)
{
    uint8_t answer[TATU_ANSWER_PAYLOAD_MAX];
    struct tatu_buf room = TATU_BUF_OF(answer);
    uint32_t number = 0;
    const enum tatu_err err =
        gateway->ask(gateway->context, TATU_UPDATED_SOCKET, request, CHANGE_MS, &number, &room);
    if (err == TATU_OK || (err == TATU_ERR_NOT_FOUND && request->op == TATU_UPDATED_REMOVE)) {
        tatu_reply_put_text(reply, "{}");
    } else {
        tatu_route_refuse_asked(call, number, err, reply);
    }
}

void tatu_api_post_install(const struct tatu_gateway *gateway, const struct tatu_call *call,
                           struct tatu_reply *reply)
{
    const json_t *value = call->json == NULL ? NULL : json_object_get(call->json, "appControlMode");
    const char *mode = value == NULL ? "Auto" : json_string_value(value);
    struct tatu_ask request = {.op = TATU_UPDATED_INSTALL};
    if (mode != NULL && strcmp(mode, "Auto") == 0) {
        request.a = 1;
    } else if (mode != NULL && strcmp(mode, "Manual") == 0) {
        request.a = 2;
    } else {
        tatu_route_refuse(call->route, TATU_NUMBER_REST_INVALID_JSON_DATA, TATU_ERR_ARGUMENT,
                          reply);
        return;
    }
    change(gateway, call, &request, reply);
}

void tatu_api_delete_app(const struct tatu_gateway *gateway, const struct tatu_call *call,
                         struct tatu_reply *reply)
{
    uint8_t component[COMPONENT_SIZE];
    if (tatu_route_get_component(call, component, reply)) {
        const struct tatu_ask request = {.op = TATU_UPDATED_REMOVE,
                                         .payload = TATU_SPAN_OF(component)};
        change(gateway, call, &request, reply);
    }
}
