#include "filter.h"

#include <string.h>

static enum tatu_err add_filter(struct tatu_cli *cli, const char *name, const char *value,
                                char *path)
{
    if (value == NULL) {
        return TATU_OK;
    }
    size_t at = strlen(path);
    int len = snprintf(path + at, CLI_PATH_LEN_MAX - at,
                       "%c%s=", strchr(path, '?') == NULL ? '?' : '&', name);
    if (len < 0 || at + (size_t)len >= CLI_PATH_LEN_MAX) {
        return tatu_cli_fail(cli, TATU_ERR_LONG, "a name is too long; use a shorter one");
    }
    return tatu_cli_put_segment(cli, value, path, CLI_PATH_LEN_MAX);
}

enum tatu_err tatu_cli_give_filtered(struct tatu_cli *cli, const char *name)
{
    char path[CLI_PATH_LEN_MAX];
    json_t *list = NULL;
    (void)snprintf(path, sizeof(path), "/tatu/v1/%s", name);
    if (cli->places[CLI_CATALOG] != NULL) {
        TATU_TRY(add_filter(cli, "resourceGroup", cli->places[CLI_RESOURCE_GROUP], path));
        TATU_TRY(add_filter(cli, "catalog", cli->places[CLI_CATALOG], path));
    }
    TATU_TRY(add_filter(cli, "device", tatu_cli_option(cli, "--device"), path));
    TATU_TRY(tatu_cli_list(cli, "GET", path, &list));
    return tatu_cli_give(cli, list);
}

enum tatu_err tatu_cli_give_one(struct tatu_cli *cli, const char *name, const char *id)
{
    char path[CLI_PATH_LEN_MAX];
    json_t *answer = NULL;
    (void)snprintf(path, sizeof(path), "/tatu/v1/%s/", name);
    TATU_TRY(tatu_cli_put_segment(cli, id, path, sizeof(path)));
    TATU_TRY(tatu_cli_call(cli, "GET", path, NULL, &answer));
    return tatu_cli_give(cli, answer);
}
