/* tatu catalog: whose devices, images and keys. */
#include "developer.h"
#include "keys.h"
#include "print.h"
#include "service.h"

#include <string.h>

#define NAMED                                                                                      \
    .arguments = "[NAME]", .argument_max = 1, .names_last = true, .scope = CLI_SCOPE_CATALOG

/* With --own-key the developer key owns the catalog's devices, and nobody else can sign for them.
 */
static enum tatu_err create(struct tatu_cli *cli)
{
    CLI_KEY key = {.pkey = NULL};
    if (tatu_cli_option(cli, "--own-key") != NULL) {
        TATU_TRY(tatu_cli_load_developer(cli, NULL, &key));
    }
    json_t *body = json_pack("{s:s, s:{}}", "location", "global", "tags");
    if (key.pkey != NULL) {
        (void)json_object_set_new(body, "properties",
                                  json_pack("{s:{s:o}}", "tatu", "ownerKey",
                                            tatu_cli_hex(key.public_key, sizeof(key.public_key))));
    }
    return tatu_cli_give_call(cli, "PUT", CLI_SCOPE_CATALOG, NULL, body);
}

static enum tatu_err list(struct tatu_cli *cli)
{
    return tatu_cli_give_list(cli, "GET", CLI_SCOPE_GROUP,
                              "providers/Microsoft.AzureSphere/catalogs");
}

static enum tatu_err show(struct tatu_cli *cli)
{
    return tatu_cli_give_call(cli, "GET", CLI_SCOPE_CATALOG, NULL, NULL);
}

static enum tatu_err delete_catalog(struct tatu_cli *cli)
{
    TATU_TRY(tatu_cli_give_call(cli, "DELETE", CLI_SCOPE_CATALOG, NULL, NULL));
    return tatu_cli_give(cli, json_pack("{s:s}", "deleted", cli->places[CLI_CATALOG]));
}

/* PEM has lines of 64 characters. */
static enum tatu_err make_pem(struct tatu_cli *cli, const char *base64, struct tatu_cli_bytes *out)
{
    static const char head[] = "-----BEGIN CERTIFICATE-----\n";
    static const char foot[] = "-----END CERTIFICATE-----\n";
    CLI_BYTES der = {NULL, 0};
    size_t len = strlen(base64);
    TATU_TRY(tatu_cli_from_base64(cli, base64, &der)); /* only to know that it is base64 */
    TATU_TRY(tatu_cli_alloc(cli, len + len / 64 + sizeof(head) + sizeof(foot), out));
    char *to = (char *)out->data;
    to += sprintf(to, "%s", head);
    for (size_t at = 0; at < len; at += 64) {
        to += sprintf(to, "%.64s\n", base64 + at);
    }
    to += sprintf(to, "%s", foot);
    out->len = (size_t)(to - (char *)out->data);
    return TATU_OK;
}

static enum tatu_err show_ca(struct tatu_cli *cli)
{
    TATU_TRY(tatu_cli_give_call(cli, "GET", CLI_SCOPE_CATALOG, "certificates/.default", NULL));
    const char *base64 = json_string_value(tatu_cli_find(cli->result, "properties.certificate"));
    const char *file = tatu_cli_option(cli, "--out");
    CLI_BYTES pem = {NULL, 0};
    if (base64 == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "the service sent no certificate; look at the "
                             "service's version");
    }
    TATU_TRY(make_pem(cli, base64, &pem));
    if (file != NULL) {
        return tatu_cli_write_over(cli, file, 0644, CLI_SPAN(pem));
    }
    if (!cli->json) {
        (void)fwrite(pem.data, 1, pem.len, cli->out);
        json_decref(cli->result);
        cli->result = NULL;
    }
    return TATU_OK;
}

static const struct tatu_cli_option create_options[] = {
    {"--own-key", CLI_FLAG, NULL, "the developer key signs, not the service; for good"},
};
static const struct tatu_cli_option ca_options[] = {
    {"--out", CLI_OPTIONAL, "FILE", "write the certificate there, PEM"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "catalog create",
     NAMED,
     CLI_OPTIONS(create_options),
     .run = create,
     .summary = "Make a catalog"},
    {.words = "catalog list",
     .scope = CLI_SCOPE_GROUP,
     .run = list,
     .columns = "name,properties.tenantId",
     .summary = "List the catalogs"},
    {.words = "catalog show", NAMED, .run = show, .summary = "Show a catalog"},
    {.words = "catalog delete", NAMED, .run = delete_catalog, .summary = "Delete an empty catalog"},
    {.words = "catalog ca",
     NAMED,
     CLI_OPTIONS(ca_options),
     .run = show_ca,
     .summary = "Show the certificate that a server trusts to know the catalog's devices"},
};
CLI_CHAPTER(tatu_cli_catalog, commands);
