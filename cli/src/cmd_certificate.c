/* tatu device certificate: the certificate store of an attached device. */
#include "device.h"

#include <string.h>

enum { CERTIFICATE_MAX = 8192 };

#define CERTS "/certstore/certs"

static enum tatu_err add_file(struct tatu_cli *cli, const char *option, const char *name,
                              json_t *body)
{
    const char *path = tatu_cli_option(cli, option);
    CLI_BYTES text = {NULL, 0};
    if (path == NULL) {
        return TATU_OK;
    }
    TATU_TRY(tatu_cli_read_file(cli, path, CERTIFICATE_MAX, &text));
    if (json_object_set_new(body, name, json_stringn((const char *)text.data, text.len)) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT, "%s is not text; give PEM", path);
    }
    return TATU_OK;
}

static enum tatu_err choose_type(struct tatu_cli *cli, const char **out)
{
    static const struct {
        const char *given;
        const char *told;
    } types[] = {{"client", "Client"}, {"rootca", "RootCA"}};
    const char *wanted = tatu_cli_option(cli, "--cert-type");
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        if (strcasecmp(types[i].given, wanted) == 0) {
            *out = types[i].told;
            return TATU_OK;
        }
    }
    return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                         "'%s' is no kind of certificate; give client or rootca", wanted);
}

static enum tatu_err add(struct tatu_cli *cli)
{
    const char *type = NULL;
    const char *id = tatu_cli_option(cli, "--certificate");
    const char *password = tatu_cli_option(cli, "--private-key-password");
    char path[CLI_DEVICE_PATH_MAX];
    TATU_TRY(choose_type(cli, &type));
    if (strcmp(type, "Client") == 0 && tatu_cli_option(cli, "--private-key-file") == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "a client certificate needs its key; give --private-key-file");
    }
    json_auto_t *body = json_pack("{s:s}", "certType", type);
    TATU_TRY(add_file(cli, "--public-key-file", "publicCert", body));
    TATU_TRY(add_file(cli, "--private-key-file", "privateKey", body));
    if (password != NULL) {
        (void)json_object_set_new(body, "password", json_string(password));
    }
    TATU_TRY(tatu_cli_device_path(cli, CERTS, id, path));
    TATU_TRY(tatu_cli_ask(cli, "POST", path, json_incref(body), NULL));
    return tatu_cli_give(cli, json_pack("{s:s, s:s}", "added", id, "certType", type));
}

static enum tatu_err list(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give_part(cli, CERTS, "identifiers");
}

static enum tatu_err show(struct tatu_cli *cli)
{
    char path[CLI_DEVICE_PATH_MAX];
    TATU_TRY(tatu_cli_device_path(cli, CERTS, tatu_cli_option(cli, "--certificate"), path));
    return tatu_cli_ask_and_give(cli, "GET", path, NULL);
}

static enum tatu_err show_quota(struct tatu_cli *cli)
{
    return tatu_cli_ask_and_give(cli, "GET", "/certstore/space", NULL);
}

static enum tatu_err delete_one(struct tatu_cli *cli)
{
    const char *id = tatu_cli_option(cli, "--certificate");
    char path[CLI_DEVICE_PATH_MAX];
    TATU_TRY(tatu_cli_device_path(cli, CERTS, id, path));
    TATU_TRY(tatu_cli_ask(cli, "DELETE", path, NULL, NULL));
    return tatu_cli_give(cli, json_pack("{s:s}", "deleted", id));
}

#define ID_OPTION                                                                                  \
    {                                                                                              \
        "--certificate", CLI_REQUIRED, "ID", "1 to 16 of A-Z a-z 0-9 . _ -", "--cert-id -i"        \
    }

static const struct tatu_cli_option device_options[] = {CLI_DEVICE_OPTION};
static const struct tatu_cli_option one_options[] = {CLI_DEVICE_OPTION, ID_OPTION};
static const struct tatu_cli_option add_options[] = {
    CLI_DEVICE_OPTION,
    ID_OPTION,
    {"--cert-type", CLI_REQUIRED, "TYPE", "client or rootca", "-t"},
    {"--public-key-file", CLI_REQUIRED, "FILE", "the certificate, PEM", "--public-key-filepath -p"},
    {"--private-key-file", CLI_OPTIONAL, "FILE", "its key, PEM, for client",
     "--private-key-filepath"},
    {"--private-key-password", CLI_OPTIONAL, "TEXT", "password of that file", "-w"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "device certificate add",
     CLI_OPTIONS(add_options),
     .run = add,
     .summary = "Put a certificate into an attached device's store"},
    {.words = "device certificate list",
     CLI_OPTIONS(device_options),
     .run = list,
     .summary = "List the certificates of an attached device's store"},
    {.words = "device certificate show",
     CLI_OPTIONS(one_options),
     .run = show,
     .summary = "Show a certificate of an attached device's store"},
    {.words = "device certificate show-quota",
     CLI_OPTIONS(device_options),
     .run = show_quota,
     .summary = "Show how much room the certificate store has"},
    {.words = "device certificate delete",
     CLI_OPTIONS(one_options),
     .run = delete_one,
     .summary = "Remove a certificate from an attached device's store"},
};
CLI_CHAPTER(tatu_cli_certificate, commands);
