/* tatu device list-attached, show-attached…: the devices on this desk, and what they say of
 * themselves. */
#include "device.h"
#include "keys.h"

#include <string.h>

/* ---- which there are ------------------------------------------------------------------------- */

static json_t *describe(const struct tatu_cli_target *target)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:o}", "name", target->name, "ipAddress",
                     target->address, "connectionPath", target->dir, "port", (int)target->port,
                     "deviceId", tatu_cli_hex(target->device_id, sizeof(target->device_id)));
}

static enum tatu_err add_attached(struct tatu_cli *cli, const struct tatu_board *board,
                                  void *context)
{
    struct tatu_cli_target target;
    if (tatu_board_find_process(board) == 0) {
        return TATU_OK;
    }
    TATU_TRY(tatu_cli_aim_at(cli, board, &target));
    return json_array_append_new(context, describe(&target)) == 0 ? TATU_OK : TATU_ERR_MEMORY;
}

static enum tatu_err list_attached(struct tatu_cli *cli)
{
    json_auto_t *list = json_array();
    TATU_TRY(tatu_cli_each_board(cli, add_attached, list));
    return tatu_cli_give(cli, json_incref(list));
}

/* ---- what one is ----------------------------------------------------------------------------- */

static enum tatu_err get_into(struct tatu_cli *cli, const struct tatu_cli_target *target,
                              const char *path, json_t *result)
{
    const struct tatu_cli_ask ask = {.method = "GET", .path = path};
    json_t *answer = NULL;
    TATU_TRY(tatu_cli_ask_device(cli, target, &ask, &answer));
    int failed = json_object_update(result, answer);
    json_decref(answer);
    return failed == 0 ? TATU_OK : TATU_ERR_MEMORY;
}

static enum tatu_err show_attached(struct tatu_cli *cli)
{
    static const char *const parts[] = {"/device/security_state", "/device/manufacturing_state",
                                        "/device/capabilities", "/status"};
    struct tatu_cli_target target;
    TATU_TRY(tatu_cli_find_target(cli, &target));
    json_auto_t *result =
        json_pack("{s:s, s:s, s:s, s:i}", "name", target.name, "ipAddress", target.address,
                  "connectionPath", target.dir, "port", (int)target.port);
    for (size_t i = 0; i < TATU_COUNT_OF(parts); i++) {
        TATU_TRY(get_into(cli, &target, parts[i], result));
    }
    json_t *id = json_object_get(result, "deviceIdentifier");
    (void)json_object_set(result, "deviceId", id);
    (void)json_object_del(result, "deviceIdentifier");
    return tatu_cli_give(cli, json_incref(result));
}

static enum tatu_err show_os_version(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give(cli, "GET", "/osversion", NULL);
}

static enum tatu_err show_deployment_status(struct tatu_cli *cli)
{
    struct tatu_cli_target target;
    json_auto_t *images = json_object();
    TATU_TRY(tatu_cli_find_target(cli, &target));
    TATU_TRY(get_into(cli, &target, "/osversion", images));
    TATU_TRY(get_into(cli, &target, "/images", images));
    json_t *version = json_object_get(images, "osversion");
    json_t *busy = json_object_get(images, "is_ota_update_in_progress");
    json_t *staged = json_object_get(images, "has_staged_updates");
    json_t *restart = json_object_get(images, "restart_required");
    return tatu_cli_give(cli, json_pack("{s:O?, s:O?, s:O?, s:O?}", "osVersion", version,
                                        "updateInProgress", busy, "updatesStaged", staged,
                                        "restartRequired", restart));
}

static enum tatu_err restart_device(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give(cli, "POST", "/restart", NULL);
}

/* ---- manufacturing state --------------------------------------------------------------------- */

static enum tatu_err show_state(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give(cli, "GET", "/device/manufacturing_state", NULL);
}

static enum tatu_err update_state(struct tatu_cli *cli)
{
    static const char *const states[] = {"Module1Complete", "DeviceComplete"};
    const char *wanted = tatu_cli_option(cli, "--manufacturing-state");
    for (size_t i = 0; i < TATU_COUNT_OF(states); i++) {
        if (strcasecmp(wanted, states[i]) == 0) {
            TATU_TRY(tatu_cli_ask(cli, "PUT", "/device/manufacturing_state",
                                  json_pack("{s:s}", "manufacturingState", states[i]), NULL));
            return show_state(cli);
        }
    }
    return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                         "'%s' is no state; give Module1Complete or DeviceComplete", wanted);
}

/* ---- table ----------------------------------------------------------------------------------- */

static const struct tatu_cli_option device_options[] = {CLI_DEVICE_OPTION};
static const struct tatu_cli_option state_options[] = {
    CLI_DEVICE_OPTION,
    {"--manufacturing-state", CLI_REQUIRED, "STATE",
     "Module1Complete or DeviceComplete; there is no way back", "--state -s"},
};

#define ATTACHED_COLUMNS "name,ipAddress,port,deviceId"

static const struct tatu_cli_command commands[] = {
    {.words = "device list-attached",
     .run = list_attached,
     .columns = ATTACHED_COLUMNS,
     .summary = "List the devices that are attached to this desk"},
    {.words = "device rescan-attached",
     .run = list_attached,
     .columns = ATTACHED_COLUMNS,
     .summary = "Look again which devices are attached, and list them"},
    {.words = "device show-attached",
     CLI_OPTIONS(device_options),
     .run = show_attached,
     .summary = "Show what an attached device is"},
    {.words = "device show-os-version",
     CLI_OPTIONS(device_options),
     .run = show_os_version,
     .summary = "Show the version of an attached device's OS"},
    {.words = "device show-deployment-status",
     .also = "device show-ota-status,device show-deployment",
     CLI_OPTIONS(device_options),
     .run = show_deployment_status,
     .summary = "Show whether an attached device is being updated"},
    {.words = "device restart",
     CLI_OPTIONS(device_options),
     .run = restart_device,
     .summary = "Restart an attached device"},
    {.words = "device manufacturing-state show",
     CLI_OPTIONS(device_options),
     .run = show_state,
     .summary = "Show how far an attached device's manufacturing is"},
    {.words = "device manufacturing-state update",
     CLI_OPTIONS(state_options),
     .run = update_state,
     .summary = "Move an attached device's manufacturing on, for good"},
};
CLI_CHAPTER(tatu_cli_attached, commands);
