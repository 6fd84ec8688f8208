/* tatu device capability, enable-development, enable-cloud-test: what the owner opens on a device.
 */
#include "capability.h"
#include "developer.h"
#include "print.h"

#include "proto/capability.h"
#include "proto/image.h"

#include <string.h>
#include <unistd.h>

enum { START_WAIT_S = 120, APPLICATION = 10 };

/* The original's test key is believed as long as applications are developed. */
#define DEVELOPMENT                                                                                \
    (TATU_CAPABILITY_BIT(TATU_CAPABILITY_TEST_KEY) |                                               \
     TATU_CAPABILITY_BIT(TATU_CAPABILITY_APP_DEVELOPMENT))
#define RT_DEBUGGING                                                                               \
    (TATU_CAPABILITY_BIT(TATU_CAPABILITY_DEBUG_RT0) |                                              \
     TATU_CAPABILITY_BIT(TATU_CAPABILITY_DEBUG_RT1))

static const struct {
    const char *name;
    const char *brief; /* as the original's tools write it */
    uint32_t set;
} types[] = {
    {"ApplicationDevelopment", "appdevelopment", DEVELOPMENT},
    {"FieldServicing", "fieldservicing", TATU_CAPABILITY_BIT(TATU_CAPABILITY_FIELD_SERVICING)},
};

static const char *const capability_names[] = {
    [TATU_CAPABILITY_TEST_KEY] = "AllowTestKeySignedSoftware",
    [TATU_CAPABILITY_DEBUG_VAULT] = "EnablePlutonDebugging",
    [TATU_CAPABILITY_DEBUG_ACORE] = "EnableA7Debugging",
    [TATU_CAPABILITY_DEBUG_WIFI] = "EnableN9Debugging",
    [TATU_CAPABILITY_GDB_ACORE] = "EnableA7GdbDebugging",
    [TATU_CAPABILITY_DEBUG_RT0] = "EnableIoM41Debugging",
    [TATU_CAPABILITY_DEBUG_RT1] = "EnableIoM42Debugging",
    [TATU_CAPABILITY_CONSOLE] = "EnableA7Console",
    [TATU_CAPABILITY_SLT_LOADER] = "EnableSltLoader",
    [TATU_CAPABILITY_SYSTEM_DEVELOPMENT] = "EnableSystemSoftwareDevelopment",
    [TATU_CAPABILITY_APP_DEVELOPMENT] = "EnableAppDevelopment",
    [TATU_CAPABILITY_RF_TEST] = "EnableRfTestMode",
    [TATU_CAPABILITY_FIELD_SERVICING] = "EnableFieldServicing",
};

/* ---- files ----------------------------------------------------------------------------------- */

static enum tatu_err find_type(struct tatu_cli *cli, const char *text, uint32_t *out)
{
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        if (strcasecmp(text, types[i].name) == 0 || strcasecmp(text, types[i].brief) == 0) {
            *out = types[i].set;
            return TATU_OK;
        }
    }
    return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                         "'%s' is no kind of capability; give ApplicationDevelopment or "
                         "FieldServicing",
                         text);
}

static enum tatu_err read_capability(struct tatu_cli *cli, const char *path,
                                     struct tatu_cli_bytes *out)
{
    struct tatu_image_info info;
    TATU_TRY(tatu_cli_read_file(cli, path, CLI_CAPABILITY_FILE_MAX, out));
    if (tatu_proto_decode_image(CLI_SPAN(*out), (uint32_t)out->len, &info) != TATU_OK ||
        info.type != TATU_IMAGE_CAPABILITY) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "%s is no capability file; get one with 'tatu device capability "
                             "download'",
                             path);
    }
    return TATU_OK;
}

static enum tatu_err download(struct tatu_cli *cli)
{
    const char *to = tatu_cli_option(cli, "--destination");
    struct tatu_cli_target target;
    json_auto_t *place = NULL;
    CLI_BYTES file = {NULL, 0};
    char path[PATH_MAX];
    uint32_t set = 0;
    TATU_TRY(find_type(cli, tatu_cli_option(cli, "--type"), &set));
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(tatu_cli_learn_id(cli, &target));
    TATU_TRY(tatu_cli_find_place(cli, target.device_id, &place));
    TATU_TRY(tatu_cli_get_capability(cli, target.device_id, set, place, &file));
    (void)snprintf(path, sizeof(path), "%s", to != NULL ? to : "device.cap");
    TATU_TRY(tatu_cli_write_over(cli, path, 0600, CLI_SPAN(file)));
    return tatu_cli_give(cli, json_pack("{s:s, s:I}", "file", path, "bytes", (json_int_t)file.len));
}

/* ---- on the device --------------------------------------------------------------------------- */

static enum tatu_err store(struct tatu_cli *cli, const struct tatu_cli_target *target,
                           struct tatu_span file)
{
    const struct tatu_cli_ask ask = {
        .method = "POST",
        .path = "/tatu/v1/capability",
        .body = json_pack("{s:o}", "file", tatu_cli_hex(file.data, file.len)),
        .wait_s = START_WAIT_S};
    return tatu_cli_ask_device(cli, target, &ask, NULL);
}

static enum tatu_err give_capabilities(struct tatu_cli *cli, const struct tatu_cli_target *target)
{
    const struct tatu_cli_ask ask = {.method = "GET", .path = "/device/capabilities"};
    json_auto_t *answer = NULL;
    json_auto_t *rows = json_array();
    size_t index;
    json_t *number;
    TATU_TRY(tatu_cli_ask_device(cli, target, &ask, &answer));
    json_array_foreach(json_object_get(answer, "device_capabilities"), index, number)
    {
        json_int_t n = json_integer_value(number);
        bool known = n > 0 && n < (json_int_t)TATU_COUNT_OF(capability_names);
        (void)json_array_append_new(rows, json_pack("{s:I, s:s}", "number", n, "name",
                                                    known ? capability_names[n] : "unknown"));
    }
    return tatu_cli_give(cli, json_incref(rows));
}

static enum tatu_err show_attached(struct tatu_cli *cli)
{
    struct tatu_cli_target target;
    TATU_TRY(tatu_cli_find_target(cli, &target));
    return give_capabilities(cli, &target);
}

static enum tatu_err update(struct tatu_cli *cli)
{
    struct tatu_cli_target target;
    CLI_BYTES file = {NULL, 0};
    TATU_TRY(read_capability(cli, tatu_cli_option(cli, "--capability-file"), &file));
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(store(cli, &target, CLI_SPAN(file)));
    return give_capabilities(cli, &target);
}

/* A session: the file goes along with each request of this desk, until --none. */
static enum tatu_err apply(struct tatu_cli *cli)
{
    const char *from = tatu_cli_option(cli, "--capability-file");
    const bool none = tatu_cli_option(cli, "--none") != NULL;
    const struct tatu_cli_ask probe = {.method = "GET", .path = "/osversion"};
    struct tatu_cli_target target;
    char path[PATH_MAX];
    CLI_BYTES file = {NULL, 0};
    if ((from != NULL) == none) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "a session is begun with --capability-file FILE or ended with "
                             "--none; give one of them");
    }
    if (from != NULL) {
        TATU_TRY(read_capability(cli, from, &file));
    }
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(tatu_cli_join(cli, target.dir, CLI_DEVICE_SESSION, path));
    if (none) {
        (void)unlink(path);
        return tatu_cli_give(cli, json_pack("{s:b}", "session", 0));
    }
    TATU_TRY(tatu_cli_write_over(cli, path, 0600, CLI_SPAN(file)));
    enum tatu_err err = tatu_cli_ask_device(cli, &target, &probe, NULL);
    if (err != TATU_OK) {
        (void)unlink(path); /* what the device refuses is no session */
        return err;
    }
    return tatu_cli_give(cli, json_pack("{s:b}", "session", 1));
}

/* ---- development ----------------------------------------------------------------------------- */

/* A board that nobody owns becomes the developer's own: his key is its owner anchor, for good. The
 * same claim again changes nothing. */
static enum tatu_err own(struct tatu_cli *cli, const struct tatu_cli_target *target)
{
    CLI_KEY key = {.pkey = NULL};
    uint8_t nonce[32];
    TATU_TRY(tatu_cli_load_developer(cli, NULL, &key));
    TATU_TRY(tatu_cli_random(nonce, sizeof(nonce)));
    const struct tatu_cli_ask ask = {
        .method = "POST",
        .path = "/tatu/v1/claim",
        .body = json_pack("{s:o, s:o, s:o}", "nonce", tatu_cli_hex(nonce, sizeof(nonce)), "tenant",
                          tatu_cli_hex(key.digest, 16), "ownerKey",
                          tatu_cli_hex(key.public_key, sizeof(key.public_key))),
        .wait_s = START_WAIT_S};
    enum tatu_err err = tatu_cli_ask_device(cli, target, &ask, NULL);
    if (err != TATU_OK && strcmp(cli->failure_name, "OWNED") == 0) {
        return tatu_cli_fail(cli, TATU_ERR_OWNED,
                             "the device belongs to a catalog that is not known here; log in to "
                             "its service with 'tatu login' and run this again");
    }
    return err;
}

static enum tatu_err enable_development(struct tatu_cli *cli)
{
    const bool rt = tatu_cli_option(cli, "--enable-rt-core-debugging") != NULL;
    struct tatu_cli_target target;
    json_auto_t *place = NULL;
    CLI_BYTES file = {NULL, 0};
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(tatu_cli_learn_id(cli, &target));
    TATU_TRY(tatu_cli_find_place(cli, target.device_id, &place));
    if (place == NULL) {
        TATU_TRY(own(cli, &target));
    }
    TATU_TRY(tatu_cli_get_capability(cli, target.device_id, DEVELOPMENT | (rt ? RT_DEBUGGING : 0),
                                     place, &file));
    TATU_TRY(store(cli, &target, CLI_SPAN(file)));
    if (place != NULL) {
        TATU_TRY(tatu_cli_move_to_group(cli, target.device_id, place, "Development"));
    }
    return give_capabilities(cli, &target);
}

static enum tatu_err delete_applications(struct tatu_cli *cli, const struct tatu_cli_target *target)
{
    const struct tatu_cli_ask list = {.method = "GET", .path = "/images", .wait_s = START_WAIT_S};
    char path[CLI_DEVICE_PATH_MAX];
    json_auto_t *images = NULL;
    size_t index;
    json_t *component;
    TATU_TRY(tatu_cli_ask_device(cli, target, &list, &images));
    json_array_foreach(json_object_get(images, "components"), index, component)
    {
        const char *uid = json_string_value(json_object_get(component, "uid"));
        if (uid == NULL ||
            json_integer_value(json_object_get(component, "image_type")) != APPLICATION) {
            continue;
        }
        TATU_TRY(tatu_cli_device_path(cli, "/app/image", uid, path));
        const struct tatu_cli_ask remove = {.method = "DELETE", .path = path};
        TATU_TRY(tatu_cli_ask_device(cli, target, &remove, NULL));
    }
    return TATU_OK;
}

static enum tatu_err enable_cloud_test(struct tatu_cli *cli)
{
    const struct tatu_cli_ask drop = {.method = "DELETE", .path = "/tatu/v1/capability"};
    struct tatu_cli_target target;
    json_auto_t *place = NULL;
    char path[PATH_MAX];
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(tatu_cli_learn_id(cli, &target));
    TATU_TRY(tatu_cli_find_place(cli, target.device_id, &place));
    TATU_TRY(delete_applications(cli, &target));
    TATU_TRY(tatu_cli_ask_device(cli, &target, &drop, NULL));
    TATU_TRY(tatu_cli_join(cli, target.dir, CLI_DEVICE_SESSION, path));
    (void)unlink(path);
    if (place != NULL) {
        TATU_TRY(tatu_cli_move_to_group(cli, target.device_id, place, "Field Test"));
    }
    return give_capabilities(cli, &target);
}

/* ---- table ----------------------------------------------------------------------------------- */

static const struct tatu_cli_option device_options[] = {CLI_DEVICE_OPTION};
static const struct tatu_cli_option development_options[] = {
    CLI_DEVICE_OPTION,
    {"--enable-rt-core-debugging", CLI_FLAG, NULL, "open the real-time cores' debug ports too",
     "-r"},
};
static const struct tatu_cli_option download_options[] = {
    CLI_DEVICE_OPTION,
    {"--type", CLI_REQUIRED, "TYPE", "ApplicationDevelopment or FieldServicing", "-t"},
    {"--destination", CLI_OPTIONAL, "FILE", "where to; device.cap", "--output-file -p"},
};
static const struct tatu_cli_option update_options[] = {
    CLI_DEVICE_OPTION,
    {"--capability-file", CLI_REQUIRED, "FILE", "of 'tatu device capability download'",
     "--filepath -p"},
};
static const struct tatu_cli_option apply_options[] = {
    CLI_DEVICE_OPTION,
    {"--capability-file", CLI_OPTIONAL, "FILE", "begin a session with it", "--filepath -p"},
    {"--none", CLI_FLAG, NULL, "end the session", NULL},
};

static const struct tatu_cli_command commands[] = {
    {.words = "device enable-development",
     .also = "device prep-debug,device enable-app-development",
     CLI_OPTIONS(development_options),
     .columns = "number,name",
     .run = enable_development,
     .summary = "Make an attached device ready for sideloading and debugging"},
    {.words = "device enable-cloud-test",
     .also = "device prep-field,device enable-ota",
     CLI_OPTIONS(device_options),
     .columns = "number,name",
     .run = enable_cloud_test,
     .summary = "Make an attached device ready for deployments: no sideloading any more"},
    {.words = "device capability download",
     CLI_OPTIONS(download_options),
     .run = download,
     .summary = "Get a capability file for an attached device"},
    {.words = "device capability update",
     CLI_OPTIONS(update_options),
     .columns = "number,name",
     .run = update,
     .summary = "Store a capability file on an attached device"},
    {.words = "device capability apply",
     .also = "device capability select",
     CLI_OPTIONS(apply_options),
     .run = apply,
     .summary = "Use a capability file for a session with an attached device, or end that"},
    {.words = "device capability show-attached",
     CLI_OPTIONS(device_options),
     .columns = "number,name",
     .run = show_attached,
     .summary = "Show the capabilities of an attached device"},
};
CLI_CHAPTER(tatu_cli_capability, commands);
