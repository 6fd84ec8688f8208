/* tatu device app: one application of an attached device, or all of them. */
#include "app_log.h"
#include "device.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLLOW_POLL_US = 500000, APPLICATION = 10 };

/* ---- which ----------------------------------------------------------------------------------- */

/* Component ids of the applications on the device: that of --component-id, else all. */
static enum tatu_err list_components(struct tatu_cli *cli, const struct tatu_cli_target *target,
                                     json_t **out)
{
    const char *named = tatu_cli_option(cli, "--component-id");
    const struct tatu_cli_ask ask = {.method = "GET", .path = "/images"};
    json_auto_t *images = NULL;
    json_auto_t *ids = json_array();
    size_t index;
    json_t *component;
    if (named != NULL) {
        TATU_TRY(tatu_cli_check_guid(cli, named));
        *out = json_pack("[s]", named);
        return *out != NULL ? TATU_OK : TATU_ERR_MEMORY;
    }
    TATU_TRY(tatu_cli_ask_device(cli, target, &ask, &images));
    json_array_foreach(json_object_get(images, "components"), index, component)
    {
        json_t *uid = json_object_get(component, "uid");
        if (json_integer_value(json_object_get(component, "image_type")) == APPLICATION &&
            json_is_string(uid)) {
            (void)json_array_append(ids, uid);
        }
    }
    *out = json_incref(ids);
    return TATU_OK;
}

/* Asks about each application; the answers, each with its component id. */
static enum tatu_err for_each(struct tatu_cli *cli, const char *method, const char *prefix,
                              const char *trigger)
{
    struct tatu_cli_target target;
    char path[CLI_DEVICE_PATH_MAX];
    json_auto_t *ids = NULL;
    json_auto_t *results = json_array();
    size_t index;
    json_t *id;
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(list_components(cli, &target, &ids));
    json_array_foreach(ids, index, id)
    {
        json_t *answer = NULL;
        TATU_TRY(tatu_cli_device_path(cli, prefix, json_string_value(id), path));
        const struct tatu_cli_ask ask = {
            .method = method,
            .path = path,
            .body = trigger == NULL ? NULL : json_pack("{s:s}", "trigger", trigger)};
        TATU_TRY(tatu_cli_ask_device(cli, &target, &ask, &answer));
        (void)json_object_set(answer, "componentId", id);
        (void)json_array_append_new(results, answer);
    }
    return tatu_cli_give(cli, json_incref(results));
}

/* ---- the verbs ------------------------------------------------------------------------------- */

static enum tatu_err show_status(struct tatu_cli *cli)
{
    return for_each(cli, "GET", "/app/status", NULL);
}

static enum tatu_err start(struct tatu_cli *cli)
{
    bool debug = tatu_cli_option(cli, "--debug-mode") != NULL;
    if (debug && tatu_cli_option(cli, "--component-id") == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "one application at a time is debugged; name it with --component-id");
    }
    return for_each(cli, "PATCH", "/app/status", debug ? "startDebug" : "start");
}

static enum tatu_err stop(struct tatu_cli *cli)
{
    return for_each(cli, "PATCH", "/app/status", "stop");
}

static enum tatu_err show_quota(struct tatu_cli *cli)
{
    return for_each(cli, "GET", "/app/quota", NULL);
}

static enum tatu_err show_memory(struct tatu_cli *cli)
{
    json_auto_t *answer = NULL;
    TATU_TRY(tatu_cli_ask(cli, "GET", "/stats/memory/groups/applications", NULL, &answer));
    json_t *stats = json_object_get(answer, "memoryStats");
    return tatu_cli_give(cli, json_incref(stats != NULL ? stats : answer));
}

/* ---- log ------------------------------------------------------------------------------------- */

/* What an application says must not steer the terminal. */
static void print_text(FILE *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = bytes[i];
        bool harmless = (byte >= ' ' && byte != 0x7f) || byte == '\n' || byte == '\t';
        if (harmless) {
            (void)fputc(byte, out);
        } else if (byte != '\r' && byte != 0) {
            (void)fputc('?', out);
        }
    }
}

/* The device keeps the last few KiB: how much of `now` was not in `before` already. What was seen
 * last is looked for; if it is gone, all is new. */
size_t tatu_cli_count_new(struct tatu_span before, struct tatu_span now)
{
    for (size_t at = 0; at < before.len; at++) {
        size_t kept = before.len - at;
        if (kept <= now.len && memcmp(before.data + at, now.data, kept) == 0) {
            return now.len - kept;
        }
    }
    return now.len;
}

static enum tatu_err follow(struct tatu_cli *cli, const struct tatu_cli_target *target,
                            const struct tatu_cli_ask *ask)
{
    CLI_BYTES before = {NULL, 0};
    for (;;) {
        CLI_BYTES now = {NULL, 0};
        TATU_TRY(tatu_cli_ask_bytes(cli, target, ask, &now));
        size_t fresh = tatu_cli_count_new(CLI_SPAN(before), CLI_SPAN(now));
        if (fresh > 0) {
            print_text(cli->out, now.data + now.len - fresh, fresh);
        }
        if (fflush(cli->out) != 0 || ferror(cli->out)) {
            return TATU_OK;
        }
        tatu_cli_free_bytes(&before);
        before = now;
        now = (struct tatu_cli_bytes){NULL, 0};
        (void)usleep(FOLLOW_POLL_US);
    }
}

static enum tatu_err show_log(struct tatu_cli *cli)
{
    struct tatu_cli_target target;
    char path[CLI_DEVICE_PATH_MAX];
    json_auto_t *ids = NULL;
    CLI_BYTES text = {NULL, 0};
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(list_components(cli, &target, &ids));
    if (json_array_size(ids) != 1) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "the device has %zu applications; name one with --component-id",
                             json_array_size(ids));
    }
    TATU_TRY(tatu_cli_device_path(cli, "/tatu/v1/app/log",
                                  json_string_value(json_array_get(ids, 0)), path));
    const struct tatu_cli_ask ask = {.method = "GET", .path = path};
    if (tatu_cli_option(cli, "--follow") != NULL) {
        return follow(cli, &target, &ask);
    }
    TATU_TRY(tatu_cli_ask_bytes(cli, &target, &ask, &text));
    print_text(cli->out, text.data, text.len);
    return TATU_OK;
}

/* ---- table ----------------------------------------------------------------------------------- */

#define COMPONENT_OPTION                                                                           \
    {                                                                                              \
        "--component-id", CLI_OPTIONAL, "GUID", "the application; all that are on the device",     \
            "-i"                                                                                   \
    }

static const struct tatu_cli_option app_options[] = {CLI_DEVICE_OPTION, COMPONENT_OPTION};
static const struct tatu_cli_option start_options[] = {
    CLI_DEVICE_OPTION,
    COMPONENT_OPTION,
    {"--debug-mode", CLI_FLAG, NULL, "under the debugger; tells its ports", NULL},
};
static const struct tatu_cli_option device_options[] = {CLI_DEVICE_OPTION};
static const struct tatu_cli_option log_options[] = {
    CLI_DEVICE_OPTION,
    COMPONENT_OPTION,
    {"--follow", CLI_FLAG, NULL, "go on until it is interrupted", "-f"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "device app show-status",
     .also = "device sideload show-status",
     CLI_OPTIONS(app_options),
     .columns = "componentId,state,gdbPort,outPort",
     .run = show_status,
     .summary = "Show whether applications run"},
    {.words = "device app start",
     .also = "device sideload start",
     CLI_OPTIONS(start_options),
     .columns = "componentId,state,gdbPort,outPort",
     .run = start,
     .summary = "Start applications"},
    {.words = "device app stop",
     .also = "device sideload stop",
     CLI_OPTIONS(app_options),
     .columns = "componentId,state",
     .run = stop,
     .summary = "Stop applications"},
    {.words = "device app show-quota",
     .also = "device sideload show-quota",
     CLI_OPTIONS(app_options),
     .columns = "componentId,UsageKB,LimitKB",
     .run = show_quota,
     .summary = "Show how much of their storage applications use"},
    {.words = "device app show-memory-stats",
     CLI_OPTIONS(device_options),
     .run = show_memory,
     .summary = "Show how much memory applications use"},
    {.words = "device app log",
     CLI_OPTIONS(log_options),
     .run = show_log,
     .summary = "Show what an application wrote with Log_Debug"},
};
CLI_CHAPTER(tatu_cli_app, commands);
