/* tatu config: defaults for the places a command works in. */
#include "config.h"

#include <string.h>

static enum tatu_err show(struct tatu_cli *cli)
{
    TATU_TRY(tatu_cli_load_config(cli));
    json_t *result = json_object();
    const char *service = json_string_value(json_object_get(cli->config, "service"));
    if (service != NULL) {
        (void)json_object_set_new(result, "service", json_string(service));
    }
    (void)json_object_set_new(result, "loggedIn",
                              json_boolean(json_object_get(cli->config, "token") != NULL));
    (void)json_object_update(result, json_object_get(cli->config, "defaults"));
    return tatu_cli_give(cli, result); /* never the token */
}

static enum tatu_err set(struct tatu_cli *cli)
{
    const char *name = cli->arguments[0];
    if (!tatu_cli_is_setting(name)) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "there is no setting '%s'; there are "
                             "subscription, resource-group, catalog, product, device-group",
                             name);
    }
    TATU_TRY(tatu_cli_load_config(cli));
    json_t *defaults = json_object_get(cli->config, "defaults");
    if (!json_is_object(defaults)) {
        defaults = json_object();
        (void)json_object_set_new(cli->config, "defaults", defaults);
    }
    if (json_object_set_new(defaults, name, json_string(cli->arguments[1])) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT, "the value is not text; give UTF-8");
    }
    TATU_TRY(tatu_cli_save_config(cli));
    return show(cli);
}

static const struct tatu_cli_command commands[] = {
    {.words = "config set",
     .arguments = "NAME VALUE",
     .argument_min = 2,
     .argument_max = 2,
     .run = set,
     .summary = "Set a default: subscription, resource-group, catalog, product, device-group"},
    {.words = "config show", .run = show, .summary = "Show service and defaults"},
};
CLI_CHAPTER(tatu_cli_settings, commands);
