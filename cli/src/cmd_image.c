/* tatu image: application images of a catalog. */
#include "package.h"
#include "service.h"

static enum tatu_err add(struct tatu_cli *cli)
{
    CLI_BYTES bytes = {NULL, 0};
    struct tatu_image_info info;
    char guid[TATU_GUID_TEXT_SIZE], tail[64];
    TATU_TRY(tatu_cli_read_file(cli, cli->arguments[0], TATU_IMAGE_PACKAGE_MAX, &bytes));
    TATU_TRY(tatu_cli_read_package(cli, cli->arguments[0], CLI_SPAN(bytes), &info));
    TATU_TRY(tatu_cli_check_content(cli, cli->arguments[0], CLI_SPAN(bytes), &info));
    tatu_proto_format_guid(info.image, guid);
    (void)snprintf(tail, sizeof(tail), "images/%s", guid);
    json_t *body = json_pack("{s:{s:o}}", "properties", "image", tatu_cli_base64(CLI_SPAN(bytes)));
    if (body == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_MEMORY, "there is not enough memory; free some");
    }
    return tatu_cli_give_call(cli, "PUT", CLI_SCOPE_CATALOG, tail, body);
}

static enum tatu_err list(struct tatu_cli *cli)
{
    return tatu_cli_give_list(cli, "GET", CLI_SCOPE_CATALOG, "images");
}

static const struct tatu_cli_command commands[] = {
    {.words = "image add",
     .arguments = "FILE",
     .argument_also = "--image-path --image --filepath",
     .argument_min = 1,
     .argument_max = 1,
     .scope = CLI_SCOPE_CATALOG,
     .run = add,
     .summary = "Upload an image package"},
    {.words = "image list",
     .scope = CLI_SCOPE_CATALOG,
     .run = list,
     .columns = "properties.imageId,properties.imageName,properties.componentId",
     .summary = "List a catalog's images"},
};
CLI_CHAPTER(tatu_cli_image, commands);
