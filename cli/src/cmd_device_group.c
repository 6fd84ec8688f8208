/* tatu device-group: devices of a product that run the same. */
#include "service.h"

#include "proto/evidence.h"

#define NAMED                                                                                      \
    .arguments = "[NAME]", .argument_max = 1, .names_last = true, .scope = CLI_SCOPE_DEVICE_GROUP

/* Option and the property it becomes. */
static const struct {
    const char *option;
    const char *property;
} properties[] = {
    {"--description", "description"},
    {"--os-feed", "osFeedType"},
    {"--application-update", "updatePolicy"},
    {"--allow-crash-dumps-collection", "allowCrashDumpsCollection"},
};

static enum tatu_err create(struct tatu_cli *cli)
{
    json_t *values = json_object();
    for (size_t i = 0; i < TATU_COUNT_OF(properties); i++) {
        const char *value = tatu_cli_option(cli, properties[i].option);
        if (value != NULL) {
            (void)json_object_set_new(values, properties[i].property, json_string(value));
        }
    }
    json_t *body = json_pack("{s:o}", "properties", values);
    return tatu_cli_give_call(cli, "PUT", CLI_SCOPE_DEVICE_GROUP, NULL, body);
}

/* What Tatu adds to a device group has a path of its own. */
static enum tatu_err update(struct tatu_cli *cli)
{
    char path[CLI_PATH_LEN_MAX];
    uint64_t grace_s = 0;
    json_t *answer = NULL;
    TATU_TRY(tatu_cli_read_number(cli, "--renewal-grace", tatu_cli_option(cli, "--renewal-grace"),
                                  0, TATU_TICKET_GRACE_MAX_S, &grace_s));
    if (grace_s != 0 && grace_s < TATU_TICKET_GRACE_MIN_S) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "--renewal-grace is 0, or from %u to %u seconds; give one of these",
                             TATU_TICKET_GRACE_MIN_S, TATU_TICKET_GRACE_MAX_S);
    }
    TATU_TRY(tatu_cli_own_path(cli, CLI_SCOPE_DEVICE_GROUP, path));
    json_t *body = json_pack("{s:I}", "renewalGraceSeconds", (json_int_t)grace_s);
    TATU_TRY(tatu_cli_call(cli, "PATCH", path, body, &answer));
    return tatu_cli_give(cli, answer);
}

static enum tatu_err list(struct tatu_cli *cli)
{
    return tatu_cli_give_list(cli, "GET", CLI_SCOPE_PRODUCT, "deviceGroups");
}

static enum tatu_err show(struct tatu_cli *cli)
{
    return tatu_cli_give_call(cli, "GET", CLI_SCOPE_DEVICE_GROUP, NULL, NULL);
}

static const struct tatu_cli_option create_options[] = {
    {"--description", CLI_OPTIONAL, "TEXT", "for people"},
    {"--os-feed", CLI_OPTIONAL, "FEED", "Retail or RetailEval"},
    {"--application-update", CLI_OPTIONAL, "POLICY", "UpdateAll or No3rdPartyAppUpdates"},
    {"--allow-crash-dumps-collection", CLI_OPTIONAL, "WORD", "Enabled or Disabled"},
};

static const struct tatu_cli_option update_options[] = {
    {"--renewal-grace", CLI_REQUIRED, "SECONDS",
     "a device without a ticket for so long restarts; 0: never"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "device-group create",
     NAMED,
     CLI_OPTIONS(create_options),
     .run = create,
     .summary = "Make a device group"},
    {.words = "device-group update",
     NAMED,
     CLI_OPTIONS(update_options),
     .run = update,
     .summary = "Set how long a device group's devices may go without renewal"},
    {.words = "device-group list",
     .scope = CLI_SCOPE_PRODUCT,
     .run = list,
     .columns = "name,properties.updatePolicy,properties.hasDeployment,properties.description",
     .summary = "List a product's device groups"},
    {.words = "device-group show", NAMED, .run = show, .summary = "Show a device group"},
};
CLI_CHAPTER(tatu_cli_device_group, commands);
