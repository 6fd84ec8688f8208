/* tatu product: one kind of device in a catalog. */
#include "service.h"

#define NAMED                                                                                      \
    .arguments = "[NAME]", .argument_max = 1, .names_last = true, .scope = CLI_SCOPE_PRODUCT

static enum tatu_err create(struct tatu_cli *cli)
{
    const char *description = tatu_cli_option(cli, "--description");
    json_t *body =
        json_pack("{s:{s:s}}", "properties", "description", description == NULL ? "" : description);
    return tatu_cli_give_call(cli, "PUT", CLI_SCOPE_PRODUCT, NULL, body);
}

static enum tatu_err list(struct tatu_cli *cli)
{
    return tatu_cli_give_list(cli, "GET", CLI_SCOPE_CATALOG, "products");
}

static enum tatu_err show(struct tatu_cli *cli)
{
    return tatu_cli_give_call(cli, "GET", CLI_SCOPE_PRODUCT, NULL, NULL);
}

static const struct tatu_cli_option create_options[] = {
    {"--description", CLI_OPTIONAL, "TEXT", "for people"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "product create",
     NAMED,
     CLI_OPTIONS(create_options),
     .run = create,
     .summary = "Make a product with its default device groups"},
    {.words = "product list",
     .scope = CLI_SCOPE_CATALOG,
     .run = list,
     .columns = "name,properties.description",
     .summary = "List a catalog's products"},
    {.words = "product show", NAMED, .run = show, .summary = "Show a product"},
};
CLI_CHAPTER(tatu_cli_product, commands);
