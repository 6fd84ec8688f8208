/* tatu device sideload, device image: images straight from the desk, and what is on the device. */
#include "capability.h"
#include "config.h"
#include "package.h"
#include "print.h"
#include "service.h"

#include <string.h>

enum { APPLICATION = 10, DEPLOY_TIMEOUT_S = 120, DEPLOY_TIMEOUT_MAX_S = 3600 };

#define DEPLOY_TIMEOUT "deploymentTimeout"

/* ---- deploy ---------------------------------------------------------------------------------- */

static enum tatu_err get_timeout(struct tatu_cli *cli, long *out)
{
    TATU_TRY(tatu_cli_load_config(cli));
    json_int_t seconds = json_integer_value(json_object_get(cli->config, DEPLOY_TIMEOUT));
    *out = seconds > 0 && seconds <= DEPLOY_TIMEOUT_MAX_S ? (long)seconds : DEPLOY_TIMEOUT_S;
    return TATU_OK;
}

static enum tatu_err show_timeout(struct tatu_cli *cli)
{
    long seconds;
    TATU_TRY(get_timeout(cli, &seconds));
    return tatu_cli_give(cli, json_pack("{s:I}", "deploymentTimeoutSeconds", (json_int_t)seconds));
}

static enum tatu_err set_timeout(struct tatu_cli *cli)
{
    uint64_t seconds;
    TATU_TRY(tatu_cli_read_number(cli, "--value", tatu_cli_option(cli, "--value"), 1,
                                  DEPLOY_TIMEOUT_MAX_S, &seconds));
    TATU_TRY(tatu_cli_load_config(cli));
    (void)json_object_set_new(cli->config, DEPLOY_TIMEOUT, json_integer((json_int_t)seconds));
    TATU_TRY(tatu_cli_save_config(cli));
    return show_timeout(cli);
}

static enum tatu_err read_image(struct tatu_cli *cli, const char *path, struct tatu_cli_bytes *out,
                                struct tatu_image_info *out_info)
{
    TATU_TRY(tatu_cli_read_file(cli, path, TATU_IMAGE_PACKAGE_MAX, out));
    TATU_TRY(tatu_cli_read_package(cli, path, CLI_SPAN(*out), out_info));
    if (out_info->type != TATU_IMAGE_APPLICATION) {
        return tatu_cli_fail(cli, TATU_ERR_TYPE,
                             "%s is no application but %s; sideload application images only", path,
                             tatu_cli_image_type_title(out_info->type));
    }
    return tatu_cli_check_content(cli, path, CLI_SPAN(*out), out_info);
}

static enum tatu_err deploy(struct tatu_cli *cli)
{
    const char *file = tatu_cli_option(cli, "--image-package");
    const bool manual = tatu_cli_option(cli, "--manual-start") != NULL;
    struct tatu_cli_target target;
    struct tatu_image_info info;
    CLI_BYTES image = {NULL, 0};
    char component[TATU_GUID_TEXT_SIZE], id[TATU_GUID_TEXT_SIZE];
    long timeout_s;
    TATU_TRY(read_image(cli, file, &image, &info));
    TATU_TRY(get_timeout(cli, &timeout_s));
    TATU_TRY(tatu_cli_find_target(cli, &target));
    const struct tatu_cli_ask stage = {
        .method = "PUT", .path = "/update/stage", .bytes = CLI_SPAN(image), .timeout_s = timeout_s};
    TATU_TRY(tatu_cli_ask_device(cli, &target, &stage, NULL));
    const struct tatu_cli_ask install = {
        .method = "POST",
        .path = "/update/install",
        .body = json_pack("{s:s}", "appControlMode", manual ? "Manual" : "Auto"),
        .timeout_s = timeout_s};
    TATU_TRY(tatu_cli_ask_device(cli, &target, &install, NULL));
    tatu_proto_format_guid(info.component, component);
    tatu_proto_format_guid(info.image, id);
    return tatu_cli_give(cli,
                         json_pack("{s:s, s:s, s:s, s:b}", "device", target.name, "componentId",
                                   component, "imageId", id, "started", (int)!manual));
}

/* ---- delete ---------------------------------------------------------------------------------- */

static bool is_listed(const struct tatu_cli *cli, const char *uid)
{
    for (size_t i = 0; i < cli->many_count; i++) {
        if (strcasecmp(cli->many[i], uid) == 0) {
            return true;
        }
    }
    return false;
}

/* --component-id takes one away, --except-component-ids all others, neither all. */
static bool is_meant(const struct tatu_cli *cli, json_t *component, const char *named)
{
    const char *uid = json_string_value(json_object_get(component, "uid"));
    if (uid == NULL ||
        json_integer_value(json_object_get(component, "image_type")) != APPLICATION) {
        return false;
    }
    return named != NULL ? strcasecmp(uid, named) == 0 : !is_listed(cli, uid);
}

static enum tatu_err delete_image(struct tatu_cli *cli, const struct tatu_cli_target *target,
                                  const char *uid)
{
    char path[CLI_DEVICE_PATH_MAX];
    TATU_TRY(tatu_cli_device_path(cli, "/app/image", uid, path));
    const struct tatu_cli_ask ask = {.method = "DELETE", .path = path};
    return tatu_cli_ask_device(cli, target, &ask, NULL);
}

static enum tatu_err check_ids(struct tatu_cli *cli, const char *named)
{
    if (named != NULL && cli->many_count > 0) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "--component-id and --except-component-ids exclude each other; give "
                             "one of them");
    }
    if (named != NULL) {
        TATU_TRY(tatu_cli_check_guid(cli, named));
    }
    for (size_t i = 0; i < cli->many_count; i++) {
        TATU_TRY(tatu_cli_check_guid(cli, cli->many[i]));
    }
    return TATU_OK;
}

static enum tatu_err delete_sideloaded(struct tatu_cli *cli)
{
    const char *named = tatu_cli_option(cli, "--component-id");
    const struct tatu_cli_ask list = {.method = "GET", .path = "/images"};
    struct tatu_cli_target target;
    json_auto_t *images = NULL;
    json_auto_t *gone = json_array();
    size_t index;
    json_t *component;
    TATU_TRY(check_ids(cli, named));
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(tatu_cli_ask_device(cli, &target, &list, &images));
    json_array_foreach(json_object_get(images, "components"), index, component)
    {
        if (is_meant(cli, component, named)) {
            json_t *uid = json_object_get(component, "uid");
            TATU_TRY(delete_image(cli, &target, json_string_value(uid)));
            (void)json_array_append_new(gone, json_pack("{s:O, s:O?}", "componentId", uid, "name",
                                                        json_object_get(component, "name")));
        }
    }
    if (named != NULL && json_array_size(gone) == 0) {
        return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                             "no application %s is on the device; see 'tatu device image "
                             "list-installed'",
                             named);
    }
    return tatu_cli_give(cli, json_incref(gone));
}

/* ---- images ---------------------------------------------------------------------------------- */

static void add_rows(json_t *component, bool all, json_t *rows)
{
    const json_int_t type = json_integer_value(json_object_get(component, "image_type"));
    json_t *images = json_object_get(component, "images");
    size_t count = json_array_size(images);
    if (!all && type != APPLICATION) {
        return;
    }
    for (size_t i = 0; i < (count > 0 ? count : 1); i++) {
        json_t *image = json_array_get(images, i);
        (void)json_array_append_new(rows,
                                    json_pack("{s:O?, s:O?, s:s, s:O*, s:O*}", "name",
                                              json_object_get(component, "name"), "componentId",
                                              json_object_get(component, "uid"), "imageType",
                                              tatu_cli_image_type_title((uint16_t)type), "imageId",
                                              json_object_get(image, "uid"), "bytes",
                                              json_object_get(image, "length_in_bytes")));
    }
}

static enum tatu_err list_installed(struct tatu_cli *cli)
{
    const bool all = tatu_cli_option(cli, "--all") != NULL;
    json_auto_t *images = NULL;
    json_auto_t *rows = json_array();
    size_t index;
    json_t *component;
    TATU_TRY(tatu_cli_ask(cli, "GET", "/images", NULL, &images));
    json_array_foreach(json_object_get(images, "components"), index, component)
    {
        add_rows(component, all, rows);
    }
    return tatu_cli_give(cli, json_incref(rows));
}

/* What the service wants on the device: the latest deployment of its group. */
static enum tatu_err list_targeted(struct tatu_cli *cli)
{
    struct tatu_cli_target target;
    json_auto_t *place = NULL;
    json_auto_t *deployments = NULL;
    char path[CLI_PATH_LEN_MAX];
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(tatu_cli_learn_id(cli, &target));
    TATU_TRY(tatu_cli_find_place(cli, target.device_id, &place));
    if (place == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_STATE,
                             "no service targets this device; claim it with 'tatu device claim'");
    }
    TATU_TRY(tatu_cli_place_path(cli, place, "deployments", path));
    TATU_TRY(tatu_cli_list(cli, "GET", path, &deployments));
    json_t *latest = json_array_get(deployments, json_array_size(deployments) - 1);
    json_t *images = tatu_cli_find(latest, "properties.deployedImages");
    return tatu_cli_give(cli, images != NULL ? json_incref(images) : json_array());
}

/* ---- table ----------------------------------------------------------------------------------- */

static const struct tatu_cli_option none_options[] = {
    {"--value", CLI_REQUIRED, "SECONDS", "how long a deployment may take", "-v"},
};
static const struct tatu_cli_option device_options[] = {CLI_DEVICE_OPTION};
static const struct tatu_cli_option deploy_options[] = {
    CLI_DEVICE_OPTION,
    {"--image-package", CLI_REQUIRED, "FILE", "of the build, or of the original's SDK",
     "--imagepackage --image -p"},
    {"--manual-start", CLI_FLAG, NULL, "do not start it", "-m"},
};
static const struct tatu_cli_option delete_options[] = {
    CLI_DEVICE_OPTION,
    {"--component-id", CLI_OPTIONAL, "GUID", "the one; all", "-i"},
    {"--except-component-ids", CLI_MANY, "GUID...", "all but these", "-e"},
};
static const struct tatu_cli_option list_options[] = {
    CLI_DEVICE_OPTION,
    {"--all", CLI_FLAG, NULL, "the parts of the OS too", "--full -a"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "device sideload deploy",
     CLI_OPTIONS(deploy_options),
     .run = deploy,
     .summary = "Put an image onto an attached device and start it"},
    {.words = "device sideload delete",
     CLI_OPTIONS(delete_options),
     .columns = "componentId,name",
     .run = delete_sideloaded,
     .summary = "Remove applications from an attached device"},
    {.words = "device sideload show-deployment-timeout",
     .run = show_timeout,
     .summary = "Show how long a deployment may take"},
    {.words = "device sideload set-deployment-timeout",
     CLI_OPTIONS(none_options),
     .run = set_timeout,
     .summary = "Set how long a deployment may take"},
    {.words = "device image list-installed",
     CLI_OPTIONS(list_options),
     .columns = "name,imageType,componentId,imageId,bytes",
     .run = list_installed,
     .summary = "List the images on an attached device"},
    {.words = "device image list-targeted",
     CLI_OPTIONS(device_options),
     .columns = "properties.imageName,properties.componentId,properties.imageId",
     .run = list_targeted,
     .summary = "List the images that the service wants on an attached device"},
};
CLI_CHAPTER(tatu_cli_sideload, commands);
