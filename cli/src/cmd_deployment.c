/* tatu deployment: what the devices of a group shall run. */
#include "service.h"

#include "proto/image.h"

#include <string.h>

static enum tatu_err create(struct tatu_cli *cli)
{
    json_auto_t *images = json_array();
    for (size_t i = 0; i < cli->many_count; i++) {
        uint8_t guid[16];
        if (tatu_proto_parse_guid(cli->many[i], strlen(cli->many[i]), guid) != TATU_OK) {
            return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                                 "'%s' is no image id; see 'tatu image list'", cli->many[i]);
        }
        (void)json_array_append_new(images,
                                    json_pack("{s:{s:s}}", "properties", "imageId", cli->many[i]));
    }
    bool none = tatu_cli_option(cli, "--none") != NULL;
    if (none == (cli->many_count > 0)) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "a deployment needs either --images ID... or "
                             "--none; give one of them");
    }
    json_t *body = json_pack("{s:{s:O}}", "properties", "deployedImages", images);
    return tatu_cli_give_call(cli, "PUT", CLI_SCOPE_DEVICE_GROUP, "deployments/.default", body);
}

static enum tatu_err list(struct tatu_cli *cli)
{
    return tatu_cli_give_list(cli, "GET", CLI_SCOPE_DEVICE_GROUP, "deployments");
}

static enum tatu_err show(struct tatu_cli *cli)
{
    return tatu_cli_give_call(cli, "GET", CLI_SCOPE_DEVICE_GROUP, "deployments/.default", NULL);
}

static const struct tatu_cli_option create_options[] = {
    {"--images", CLI_MANY, "ID...", "exactly these images"},
    {"--none", CLI_FLAG, NULL, "no image: the devices remove their applications"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "deployment create",
     CLI_OPTIONS(create_options),
     .scope = CLI_SCOPE_DEVICE_GROUP,
     .run = create,
     .summary = "Let a device group run these images"},
    {.words = "deployment list",
     .scope = CLI_SCOPE_DEVICE_GROUP,
     .run = list,
     .columns = "properties.deploymentId,properties.deploymentDateUtc",
     .summary = "List a device group's deployments"},
    {.words = "deployment show",
     .scope = CLI_SCOPE_DEVICE_GROUP,
     .run = show,
     .summary = "Show what a device group shall run now"},
};
CLI_CHAPTER(tatu_cli_deployment, commands);
