#include "device.h"

#include "device_errors.h"
#include "http.h"
#include "keys.h"

#include "proto/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    CERTIFICATE_MAX = 16384,
    USUAL_TIMEOUT_S = 30,
    HEADER_NAME_MAX = 64,
    URL_MAX = 512,
};

/* ---- what it says when it refuses ------------------------------------------------------------ */

/* What to do next, by category. 0 ends the list. */
static const struct {
    uint16_t category;
    uint16_t code; /* 0: all others of the category */
    const char *next;
} next_steps[] = {
    {1, 20, "run 'tatu device enable-development', or apply a capability file"},
    {7, 24,
     "look at 'tatu device image list-installed'; a device that is not open for development "
     "says this too"},
    {7, 37, "run 'tatu device enable-development', or apply a capability file"},
    {10, 18, "run 'tatu device enable-development', or apply a capability file"},
    {7, 15,
     "pack it with the key that owns the device (see 'tatu device show-attached'), or run "
     "'tatu device enable-development'"},
    {7, 2, "delete an application with 'tatu device sideload delete'"},
    {14, 18, "delete an application with 'tatu device sideload delete'"},
    {14, 12, "see 'tatu device image list-installed'"},
    {14, 11, "stop it first, and see that development is enabled"},
    {26, 10, "stage an image first"},
    {16, 3, "check it with 'tatu image-package show'"},
    {10, 5, "try again in a moment"},
    {7, 39, "try again when it is done"},
    {37, 7, "see 'tatu device certificate list'"},
    {37, 11, "delete a certificate; see 'tatu device certificate show-quota'"},
    {13, 18, "see 'tatu device network list-interfaces'"},
    {12, 17, "see 'tatu device network list-interfaces'"},
    {13, 17, "try again in a moment"},
    {30, 14, "see 'tatu device network list-interfaces'"},
    {1, 0, "look at the manifest and at 'tatu device app show-status'"},
    {2, 0, "correct app_manifest.json and build again"},
    {3, 0, "look at the manifest and at 'tatu device app show-status'"},
    {5, 0, "correct the peripherals in app_manifest.json"},
    {6, 0, "look at MutableStorage in app_manifest.json"},
    {7, 0, "look at the image with 'tatu image-package show'"},
    {13, 0, "correct the network's options"},
    {30, 0, "correct the option"},
    {37, 0, "correct the certificate or its options"},
    {42, 0, "pack the image again"},
};

static const char *find_next(uint32_t number)
{
    for (size_t i = 0; i < TATU_COUNT_OF(next_steps); i++) {
        if (next_steps[i].category == number >> 20 &&
            (next_steps[i].code == 0 || next_steps[i].code == (number & 0xfffff))) {
            return next_steps[i].next;
        }
    }
    return "look at the device's log with 'tatu board log' and try again";
}

static enum tatu_err tell_number(struct tatu_cli *cli, uint32_t number)
{
    const struct tatu_cli_device_error *row = tatu_cli_find_device_error(number);
    enum tatu_err err =
        row != NULL ? tatu_cli_fail(cli, TATU_ERR_STATE, "%s (%s); %s", row->text, row->name,
                                    find_next(number))
                    : tatu_cli_fail(cli, TATU_ERR_STATE,
                                    "the device answered an unknown number; %s", find_next(number));
    (void)snprintf(cli->failure_name, sizeof(cli->failure_name), "Device error %u.%u",
                   (unsigned)(number >> 20), (unsigned)(number & 0xfffff));
    return err;
}

static enum tatu_err tell_refusal(struct tatu_cli *cli, const char *path,
                                  const struct tatu_cli_answer *answer)
{
    json_auto_t *json =
        json_loadb((const char *)answer->body.data, answer->body.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *number = json_object_get(json, "error");
    /* what the vault decides has a name of ours */
    bool ours = strcmp(path, "/tatu/v1/claim") == 0 || strcmp(path, "/tatu/v1/capability") == 0;
    const char *name = ours ? json_string_value(json_object_get(json, "name")) : NULL;
    if (name == NULL && json_is_integer(number) && json_integer_value(number) > 0 &&
        json_integer_value(number) <= UINT32_MAX) {
        return tell_number(cli, (uint32_t)json_integer_value(number));
    }
    enum tatu_err err =
        tatu_cli_fail(cli, TATU_ERR_STATE,
                      "the device refused with status %ld%s%s; look at its log "
                      "with 'tatu board log'",
                      answer->status, name != NULL ? ", " : "", name != NULL ? name : "");
    if (name != NULL && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(name)) {
        (void)snprintf(cli->failure_name, sizeof(cli->failure_name), "%s", name);
    }
    return err;
}

/* ---- whom we talk to ------------------------------------------------------------------------- */

static void make_url(const struct tatu_cli_target *target, const char *path, char out[URL_MAX])
{
    if (target->port == 443) {
        (void)snprintf(out, URL_MAX, "https://%s%s", target->address, path);
    } else {
        (void)snprintf(out, URL_MAX, "https://%s:%u%s", target->address, (unsigned)target->port,
                       path);
    }
}

enum tatu_err tatu_cli_device_certificate(struct tatu_cli *cli,
                                          const struct tatu_cli_target *target, bool anew,
                                          struct tatu_cli_bytes *out)
{
    char path[PATH_MAX], url[URL_MAX];
    TATU_TRY(tatu_cli_join(cli, target->dir, CLI_DEVICE_CERTIFICATE, path));
    if (!anew && access(path, F_OK) == 0) {
        return tatu_cli_read_file(cli, path, CERTIFICATE_MAX, out);
    }
    make_url(target, "/status", url);
    const struct tatu_cli_request request = {
        .method = "GET", .url = url, .any_certificate = true, .timeout_s = USUAL_TIMEOUT_S};
    CLI_BYTES pem = {NULL, 0};
    TATU_TRY(tatu_cli_fetch_certificate(cli, &request, &pem));
    TATU_TRY(tatu_cli_write_over(cli, path, 0600, CLI_SPAN(pem)));
    *out = pem;
    pem = (struct tatu_cli_bytes){NULL, 0};
    return TATU_OK;
}

static enum tatu_err find_pin(struct tatu_cli *cli, const struct tatu_cli_target *target,
                              char out[CLI_PIN_SIZE])
{
    CLI_BYTES pem = {NULL, 0};
    TATU_TRY(tatu_cli_device_certificate(cli, target, false, &pem));
    if (tatu_cli_make_pin((const char *)pem.data, out) != TATU_OK) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "%s/%s is damaged; remove it, or run 'tatu board certificate NAME "
                             "--renew'",
                             target->dir, CLI_DEVICE_CERTIFICATE);
    }
    return TATU_OK;
}

/* The header of a session, when one was begun. The caller's. */
static enum tatu_err find_session(struct tatu_cli *cli, const struct tatu_cli_target *target,
                                  json_t **out)
{
    char path[PATH_MAX];
    CLI_BYTES file = {NULL, 0};
    TATU_TRY(tatu_cli_join(cli, target->dir, CLI_DEVICE_SESSION, path));
    if (access(path, F_OK) != 0) {
        return TATU_OK;
    }
    TATU_TRY(tatu_cli_read_file(cli, path, CLI_CAPABILITY_FILE_MAX, &file));
    json_auto_t *text = tatu_cli_base64(CLI_SPAN(file));
    *out = json_sprintf("AZSPHERE-CAPABILITIES: %s", json_string_value(text));
    return *out != NULL ? TATU_OK : TATU_ERR_MEMORY;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static time_t now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static enum tatu_err tell_silence(struct tatu_cli *cli, const struct tatu_cli_target *target,
                                  enum tatu_err err)
{
    return tatu_cli_fail(cli, err,
                         "the device %s at %s is not responding; it may be starting, or applying "
                         "an update: wait a moment%s%s%s",
                         target->name, target->address,
                         target->is_board ? ", or look at 'tatu board log " : " and try again",
                         target->is_board ? target->name : "", target->is_board ? "'" : "");
}

static enum tatu_err try_once(struct tatu_cli *cli, const struct tatu_cli_target *target,
                              struct tatu_cli_request *request, struct tatu_cli_answer *out)
{
    char pin[CLI_PIN_SIZE];
    json_auto_t *session = NULL;
    TATU_TRY(find_pin(cli, target, pin));
    TATU_TRY(find_session(cli, target, &session));
    request->pin = pin;
    request->header = json_string_value(session);
    enum tatu_err err = tatu_cli_exchange(cli, request, out);
    request->pin = request->header = NULL;
    return err;
}

static enum tatu_err exchange(struct tatu_cli *cli, const struct tatu_cli_target *target,
                              const struct tatu_cli_ask *ask, struct tatu_span body,
                              struct tatu_cli_answer *out)
{
    char url[URL_MAX];
    make_url(target, ask->path, url);
    struct tatu_cli_request request = {
        .method = ask->method,
        .url = url,
        .any_certificate = true,
        .content_type = ask->bytes.data != NULL ? "application/octet-stream" : NULL,
        .body = body,
        .timeout_s = ask->timeout_s != 0 ? ask->timeout_s : USUAL_TIMEOUT_S,
    };
    if (body.data == NULL && strcmp(ask->method, "POST") == 0) {
        request.content_type = "text/plain";
        request.body = (struct tatu_span){(const uint8_t *)"", 0};
    }
    for (const time_t end = now_s() + ask->wait_s;;) {
        enum tatu_err err = try_once(cli, target, &request, out);
        bool silent = err == TATU_ERR_UNREACHABLE || err == TATU_ERR_TIMEOUT;
        if (!silent || now_s() >= end) {
            return silent ? tell_silence(cli, target, err) : err;
        }
        (void)sleep(1);
    }
}

enum tatu_err tatu_cli_ask_bytes(struct tatu_cli *cli, const struct tatu_cli_target *target,
                                 const struct tatu_cli_ask *ask, struct tatu_cli_bytes *out)
{
    struct tatu_cli_answer answer = {.status = 0};
    char *text = ask->body == NULL ? NULL : json_dumps(ask->body, JSON_COMPACT);
    struct tatu_span body =
        text != NULL ? (struct tatu_span){(const uint8_t *)text, strlen(text)} : ask->bytes;
    bool lost = ask->body != NULL && text == NULL;
    json_decref(ask->body);
    if (lost) {
        return TATU_ERR_MEMORY;
    }
    enum tatu_err err = exchange(cli, target, ask, body, &answer);
    free(text);
    TATU_TRY(err);
    if (answer.status < 200 || answer.status > 299) {
        err = tell_refusal(cli, ask->path, &answer);
        tatu_cli_free_bytes(&answer.body);
        return err;
    }
    *out = answer.body;
    return TATU_OK;
}

enum tatu_err tatu_cli_ask_device(struct tatu_cli *cli, const struct tatu_cli_target *target,
                                  const struct tatu_cli_ask *ask, json_t **out)
{
    CLI_BYTES bytes = {NULL, 0};
    TATU_TRY(tatu_cli_ask_bytes(cli, target, ask, &bytes));
    json_t *json = json_loadb((const char *)bytes.data, bytes.len, JSON_REJECT_DUPLICATES, NULL);
    if (json == NULL) { /* a counter of 64 bits may be over what the library's integers hold */
        json = json_loadb((const char *)bytes.data, bytes.len,
                          JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
    }
    if (!json_is_object(json)) {
        json_decref(json);
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "the answer of %s is not JSON; check that a device is at this "
                             "address",
                             target->address);
    }
    if (out == NULL) {
        json_decref(json);
    } else {
        *out = json;
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_learn_id(struct tatu_cli *cli, struct tatu_cli_target *target)
{
    const struct tatu_cli_ask ask = {.method = "GET", .path = "/device/security_state"};
    json_auto_t *state = NULL;
    if (target->is_board) {
        return TATU_OK;
    }
    TATU_TRY(tatu_cli_ask_device(cli, target, &ask, &state));
    const char *id = json_string_value(json_object_get(state, "deviceIdentifier"));
    if (id == NULL || tatu_base_decode_hex(id, strlen(id), target->device_id, 64) != TATU_OK) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "%s says no device id; check that a device is at this address",
                             target->address);
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_ask(struct tatu_cli *cli, const char *method, const char *path, json_t *body,
                           json_t **out)
{
    struct tatu_cli_target target;
    enum tatu_err err = tatu_cli_find_target(cli, &target);
    if (err != TATU_OK) {
        json_decref(body);
        return err;
    }
    const struct tatu_cli_ask ask = {.method = method, .path = path, .body = body};
    return tatu_cli_ask_device(cli, &target, &ask, out);
}

enum tatu_err tatu_cli_ask_and_give(struct tatu_cli *cli, const char *method, const char *path,
                                    json_t *body)
{
    json_t *answer = NULL;
    TATU_TRY(tatu_cli_ask(cli, method, path, body, &answer));
    return tatu_cli_give(cli, answer);
}

enum tatu_err tatu_cli_ask_and_give_part(struct tatu_cli *cli, const char *path, const char *part)
{
    json_auto_t *answer = NULL;
    TATU_TRY(tatu_cli_ask(cli, "GET", path, NULL, &answer));
    json_t *array = json_object_get(answer, part);
    if (!json_is_array(array)) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "the device's answer has no list '%s'; look at its version with "
                             "'tatu device show-os-version'",
                             part);
    }
    return tatu_cli_give(cli, json_incref(array));
}

enum tatu_err tatu_cli_device_path(struct tatu_cli *cli, const char *prefix, const char *name,
                                   char out[CLI_DEVICE_PATH_MAX])
{
    (void)snprintf(out, CLI_DEVICE_PATH_MAX, "%s/", prefix);
    return tatu_cli_put_segment(cli, name, out, CLI_DEVICE_PATH_MAX);
}

enum tatu_err tatu_cli_check_guid(struct tatu_cli *cli, const char *text)
{
    uint8_t guid[16];
    return tatu_proto_parse_guid(text, strlen(text), guid) == TATU_OK
               ? TATU_OK
               : tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                               "'%s' is not a component id; give the ComponentId of "
                               "app_manifest.json",
                               text);
}
