/* tatu login: which service, by which authority, with which token. */
#include "config.h"
#include "files.h"
#include "service.h"

#include <string.h>

enum { TOKEN_MAX = 4096, CA_MAX = 65536 };

static enum tatu_err check_url(struct tatu_cli *cli, const char *url)
{
    size_t len = strlen(url);
    bool plain =
        strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/[]") == len;
    if (strncmp(url, "https://", 8) != 0 || len < 9 || len > 512 || !plain) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "'%s' is not the address of a service; give "
                             "https://HOST:PORT",
                             url);
    }
    return TATU_OK;
}

/* A token is one word of visible ASCII; the line end of its file is not part of it. */
static enum tatu_err take_token(struct tatu_cli *cli, const char *path, struct tatu_cli_bytes *out)
{
    TATU_TRY(tatu_cli_read_file(cli, path, TOKEN_MAX, out));
    while (out->len > 0 && strchr(" \t\r\n", out->data[out->len - 1]) != NULL) {
        out->data[--out->len] = 0;
    }
    bool good = out->len > 0;
    for (size_t i = 0; i < out->len; i++) {
        good = good && out->data[i] > ' ' && out->data[i] < 0x7f;
    }
    return good ? TATU_OK
                : tatu_cli_fail(cli, TATU_ERR_FORMAT,
                                "%s does not hold a token; name the file that "
                                "the service wrote",
                                path);
}

static enum tatu_err store(struct tatu_cli *cli, const char *url, const char *token, const char *ca)
{
    bool kept = json_object_set_new(cli->config, "service", json_string(url)) == 0 &&
                json_object_set_new(cli->config, "token", json_string(token)) == 0 &&
                json_object_set_new(cli->config, "ca", json_string(ca)) == 0;
    return kept ? tatu_cli_save_config(cli)
                : tatu_cli_fail(cli, TATU_ERR_FORMAT, "the certificate file is not text; give PEM");
}

static void free_token(struct tatu_cli_bytes *token)
{
    if (token->data != NULL) {
        tatu_base_wipe(token->data, token->len);
    }
    tatu_cli_free_bytes(token);
}

static enum tatu_err login(struct tatu_cli *cli)
{
    struct tatu_cli_bytes token __attribute__((cleanup(free_token))) = {NULL, 0};
    CLI_BYTES ca = {NULL, 0};
    char url[600];
    const char *given = tatu_cli_option(cli, "--service");
    TATU_TRY(check_url(cli, given));
    (void)snprintf(url, sizeof(url), "%s", given);
    for (size_t len = strlen(url); len > 8 && url[len - 1] == '/'; len--) {
        url[len - 1] = '\0';
    }
    TATU_TRY(take_token(cli, tatu_cli_option(cli, "--token-file"), &token));
    TATU_TRY(tatu_cli_read_file(cli, tatu_cli_option(cli, "--ca"), CA_MAX, &ca));
    if (strstr((const char *)ca.data, "-----BEGIN CERTIFICATE-----") == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "%s holds no certificate in PEM; name the "
                             "service's root.crt",
                             tatu_cli_option(cli, "--ca"));
    }
    TATU_TRY(tatu_cli_load_config(cli));
    /* what does not work is not kept */
    TATU_TRY(tatu_cli_probe(cli, url, (const char *)token.data, (const char *)ca.data,
                            "/tatu/v1/keys", NULL));
    TATU_TRY(store(cli, url, (const char *)token.data, (const char *)ca.data));
    return tatu_cli_give(cli, json_pack("{s:s}", "service", url));
}

static enum tatu_err logout(struct tatu_cli *cli)
{
    TATU_TRY(tatu_cli_load_config(cli));
    (void)json_object_del(cli->config, "token");
    return tatu_cli_save_config(cli);
}

static const struct tatu_cli_option login_options[] = {
    {"--service", CLI_REQUIRED, "URL", "https://HOST:PORT of the operator listener"},
    {"--token-file", CLI_REQUIRED, "FILE", "file with the operator's token"},
    {"--ca", CLI_REQUIRED, "FILE", "the service's root certificate; no other is believed"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "login",
     CLI_OPTIONS(login_options),
     .run = login,
     .summary = "Remember a service, its authority and a token"},
    {.words = "logout", .run = logout, .summary = "Forget the token"},
};
CLI_CHAPTER(tatu_cli_login, commands);
