/* The device itself: what it is, whose, in which state. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "claim.h"
#include "os/lib/loop.h"
#include "os/lib/vault.h"
#include "proto/capability.h"
#include "route.h"

#define CLASS_LAB 2u /* bit of the board's class: debug doors are open */
#define MODULE1_COMPLETE 1u
#define DEVICE_COMPLETE 3u /* both bits: the states are steps */
#define VERSION_MAX 64u

/* Versions of the interfaces between the layers. Applications: Azure Sphere's, as its latest
 * development kit writes it into images; the other two are our own, and the first. */
#define ABI_SECURE_WORLD 1
#define ABI_OS 1
#define ABI_APPLICATION 12

static void refuse_vault(const struct tatu_call *call, enum tatu_err err, struct tatu_reply *reply)
{
    tatu_route_refuse_asked(call, 0, err, reply);
}

void tatu_api_get_status(const struct tatu_gateway *gateway, const struct tatu_call *call,
                         struct tatu_reply *reply)
{
    (void)gateway, (void)call;
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_number(reply, "uptime", tatu_os_now_ms() / 1000);
    tatu_json_close(reply, '}');
}

void tatu_api_get_os_version(const struct tatu_gateway *gateway, const struct tatu_call *call,
                             struct tatu_reply *reply)
{
    char text[VERSION_MAX + 1];
    int fd = open(gateway->release_path, O_RDONLY | O_CLOEXEC);
    const ssize_t len = fd < 0 ? -1 : read(fd, text, VERSION_MAX);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (len <= 0) {
        tatu_route_refuse(call->route, TATU_NUMBER_REST_INTERNAL_ERROR, TATU_ERR_IO, reply);
        return;
    }
    text[len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_string(reply, "osversion", text);
    tatu_json_close(reply, '}');
}

/* A chip leaves the fab SECURE, as the original's do; a lab board's open doors are no secret. */
void tatu_api_get_security_state(const struct tatu_gateway *gateway, const struct tatu_call *call,
                                 struct tatu_reply *reply)
{
    struct tatu_vault_info info;
    const enum tatu_err err = tatu_os_get_vault_info(gateway->monitor, &info);
    if (err != TATU_OK) {
        refuse_vault(call, err, reply);
        return;
    }
    const bool lab = (info.board_class & CLASS_LAB) != 0;
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_string(reply, "securityState", lab ? "TEST" : "SECURE");
    tatu_json_put_hex(reply, "deviceIdentifier", TATU_SPAN_OF(info.device_id));
    tatu_json_put_hex(reply, "generalPublicKey", TATU_SPAN_OF(info.attestation));
    tatu_json_put_hex(reply, "deviceIdentityPublicKey", TATU_SPAN_OF(info.device_id));
    tatu_json_close(reply, '}');
}

void tatu_api_get_capabilities(const struct tatu_gateway *gateway, const struct tatu_call *call,
                               struct tatu_reply *reply)
{
    struct tatu_os_vault_state state;
    const enum tatu_err err = tatu_os_get_vault_state(gateway->monitor, &state);
    if (err != TATU_OK) {
        refuse_vault(call, err, reply);
        return;
    }
    const uint32_t set = state.stored_capabilities | state.session_capabilities;
    tatu_json_open(reply, NULL, '{');
    tatu_json_open(reply, "device_capabilities", '[');
    for (uint32_t number = 1; number < 32; number++) {
        if ((set & TATU_CAPABILITY_BIT(number)) != 0) {
            tatu_json_put_number(reply, NULL, number);
        }
    }
    tatu_json_close(reply, ']');
    tatu_json_close(reply, '}');
}

static const struct {
    uint32_t word;
    const char *name;
} states[] = {
    {0, "Blank"},
    {MODULE1_COMPLETE, "Module1Complete"},
    {DEVICE_COMPLETE, "DeviceComplete"},
};

void tatu_api_get_manufacturing_state(const struct tatu_gateway *gateway,
                                      const struct tatu_call *call, struct tatu_reply *reply)
{
    struct tatu_os_vault_state state;
    const char *name = "Unknown";
    const enum tatu_err err = tatu_os_get_vault_state(gateway->monitor, &state);
    if (err != TATU_OK) {
        refuse_vault(call, err, reply);
        return;
    }
    for (size_t i = 0; i < TATU_COUNT_OF(states); i++) {
        if (states[i].word == state.lifecycle) {
            name = states[i].name;
        }
    }
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_string(reply, "manufacturingState", name);
    tatu_json_close(reply, '}');
}

/* Fuses: the same state again is no change, and there is no way back. */
static enum tatu_err set_state(const struct tatu_gateway *gateway, uint32_t word)
{
    struct tatu_os_vault_state state;
    TATU_TRY(tatu_os_get_vault_state(gateway->monitor, &state));
    if ((state.lifecycle & ~word) != 0) {
        return TATU_ERR_ARGUMENT;
    }
    return state.lifecycle == word ? TATU_OK : tatu_os_set_lifecycle(gateway->monitor, word);
}

void tatu_api_put_manufacturing_state(const struct tatu_gateway *gateway,
                                      const struct tatu_call *call, struct tatu_reply *reply)
{
    const char *name = json_string_value(json_object_get(call->json, "manufacturingState"));
    uint32_t word = 0;
    for (size_t i = 1; name != NULL && i < TATU_COUNT_OF(states); i++) {
        if (strcmp(name, states[i].name) == 0) {
            word = states[i].word;
        }
    }
    const enum tatu_err err = word == 0 ? TATU_ERR_ARGUMENT : set_state(gateway, word);
    if (err == TATU_ERR_ARGUMENT || err == TATU_ERR_STATE || err == TATU_ERR_LIFECYCLE) {
        tatu_route_refuse(call->route, TATU_NUMBER_REST_INVALID_JSON_DATA, err, reply);
    } else if (err != TATU_OK) {
        refuse_vault(call, err, reply);
    } else {
        tatu_reply_put_text(reply, "{}");
    }
}

void tatu_api_post_restart(const struct tatu_gateway *gateway, const struct tatu_call *call,
                           struct tatu_reply *reply)
{
    (void)gateway, (void)call;
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_bool(reply, "restartingSystem", true);
    tatu_json_close(reply, '}');
    reply->has_restart = true;
}

void tatu_api_get_abi_versions(const struct tatu_gateway *gateway, const struct tatu_call *call,
                               struct tatu_reply *reply)
{
    (void)gateway, (void)call;
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_number(reply, "SecureWorldRuntime", ABI_SECURE_WORLD);
    tatu_json_put_number(reply, "OSRuntime", ABI_OS);
    tatu_json_put_number(reply, "ApplicationRuntime", ABI_APPLICATION);
    tatu_json_close(reply, '}');
}

/* ---- our own: the claim ---- */

static const struct {
    enum tatu_err err;
    uint16_t status;
    uint32_t number;
} claim_refusals[] = {
    {TATU_ERR_ARGUMENT, 400, TATU_NUMBER_REST_INVALID_JSON_DATA},
    {TATU_ERR_OWNED, 409, TATU_NUMBER_REST_APP_UNKNOWN_ERROR},
    {TATU_ERR_STATE, 409, TATU_NUMBER_REST_APP_UNKNOWN_ERROR},
    {TATU_ERR_LIFECYCLE, 409, TATU_NUMBER_REST_APP_UNKNOWN_ERROR},
    {TATU_ERR_BUSY, 409, TATU_NUMBER_REST_INTERFACE_IS_BUSY},
    {TATU_ERR_DENIED, 403, TATU_NUMBER_REST_COMMAND_AUTHORIZATION_FAILED},
};

static void refuse_claim(const struct tatu_call *call, enum tatu_err err, struct tatu_reply *reply)
{
    refuse_vault(call, err, reply);
    for (size_t i = 0; i < TATU_COUNT_OF(claim_refusals); i++) {
        if (claim_refusals[i].err == err) {
            tatu_route_refuse(call->route, claim_refusals[i].number, err, reply);
            reply->status = claim_refusals[i].status;
        }
    }
}

static enum tatu_err claim(const struct tatu_gateway *gateway, const struct tatu_call *call,
                           struct tatu_buf *statement, struct tatu_buf *endorsement)
{
    struct tatu_gateway_claim wanted;
    TATU_TRY(tatu_gatewayd_decode_claim(call->json, &wanted));
    /* the endorsement first: after the claim nothing may fail any more */
    TATU_TRY(tatu_os_read_factory(gateway->monitor, endorsement));
    return tatu_os_claim(gateway->monitor, wanted.nonce, wanted.tenant, wanted.owner_key,
                         statement);
}

void tatu_api_post_claim(const struct tatu_gateway *gateway, const struct tatu_call *call,
                         struct tatu_reply *reply)
{
    uint8_t statement_room[TATU_OS_COSE_MAX], endorsement_room[TATU_OS_COSE_MAX];
    struct tatu_buf statement = TATU_BUF_OF(statement_room);
    struct tatu_buf endorsement = TATU_BUF_OF(endorsement_room);
    const enum tatu_err err = claim(gateway, call, &statement, &endorsement);
    if (err != TATU_OK) {
        refuse_claim(call, err, reply);
        return;
    }
    tatu_json_open(reply, NULL, '{');
    tatu_json_put_hex(reply, "statement", (struct tatu_span){statement.data, statement.len});
    tatu_json_put_hex(reply, "endorsement", (struct tatu_span){endorsement.data, endorsement.len});
    tatu_json_close(reply, '}');
    gateway->tell(gateway->context, TATU_GATEWAY_CLAIMED);
}

/* ---- our own: capabilities that stay ---- */

/* What the vault refuses is the file's fault, or that of whoever brings another device's. */
static uint32_t number_of(enum tatu_err err)
{
    switch (err) {
    case TATU_ERR_SIGNATURE:
    case TATU_ERR_FOREIGN:
    case TATU_ERR_DENIED:
        return TATU_NUMBER_REST_COMMAND_AUTHORIZATION_FAILED;
    case TATU_ERR_ARGUMENT:
    case TATU_ERR_SHORT:
    case TATU_ERR_LONG:
    case TATU_ERR_FORMAT:
    case TATU_ERR_VERSION:
    case TATU_ERR_TYPE:
    case TATU_ERR_CAPABILITY:
        return TATU_NUMBER_REST_INVALID_JSON_DATA;
    default:
        return 0;
    }
}

static enum tatu_err store_capability(const struct tatu_gateway *gateway,
                                      const struct tatu_call *call)
{
    uint8_t room[TATU_ROUTE_CAPABILITY_MAX];
    const json_t *file = json_object_get(call->json, "file");
    const size_t len = json_string_length(file);
    if (!json_is_string(file) || len > 2 * sizeof(room) ||
        tatu_base_decode_hex(json_string_value(file), len, room, len / 2) != TATU_OK) {
        return TATU_ERR_ARGUMENT;
    }
    return tatu_os_set_capability(gateway->monitor, true, (struct tatu_span){room, len / 2});
}

void tatu_api_post_capability(const struct tatu_gateway *gateway, const struct tatu_call *call,
                              struct tatu_reply *reply)
{
    const enum tatu_err err = store_capability(gateway, call);
    if (err != TATU_OK) {
        tatu_route_refuse_asked(call, number_of(err), err, reply);
        return;
    }
    tatu_reply_put_text(reply, "{}");
}

void tatu_api_delete_capability(const struct tatu_gateway *gateway, const struct tatu_call *call,
                                struct tatu_reply *reply)
{
    const enum tatu_err err = tatu_os_drop_capabilities(gateway->monitor);
    if (err != TATU_OK) {
        refuse_vault(call, err, reply);
        return;
    }
    tatu_reply_put_text(reply, "{}");
}
