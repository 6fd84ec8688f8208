#include "config.h"

#include "files.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_MAX = 1 << 18 };

/* A desk of one owner needs neither a subscription nor a resource group to think about. */
static const struct {
    const char *name;
    const char *built_in;
} settings[] = {
    {"subscription", "00000000-0000-0000-0000-000000000000"},
    {"resource-group", "tatu"},
    {"catalog", NULL},
    {"product", NULL},
    {"device-group", NULL},
    {"device", NULL},
};

bool tatu_cli_is_setting(const char *name)
{
    for (size_t i = 0; i < TATU_COUNT_OF(settings); i++) {
        if (strcmp(settings[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

enum tatu_err tatu_cli_config_path(struct tatu_cli *cli, const char *name, char *out)
{
    const char *own = cli->around->config;
    const char *home = cli->around->home;
    if ((own == NULL || *own == '\0') && (home == NULL || *home == '\0')) {
        return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                             "there is no home folder; set TATU_CONFIG to a folder");
    }
    int len = own != NULL && *own != '\0'
                  ? snprintf(out, PATH_MAX, "%s/%s", own, name)
                  : snprintf(out, PATH_MAX, "%s/.config/tatu/%s", home, name);
    if (len < 0 || len >= PATH_MAX) {
        return tatu_cli_fail(
            cli, TATU_ERR_LONG,
            "the configuration's path is too long; set TATU_CONFIG to a shorter one");
    }
    return TATU_OK;
}

static enum tatu_err read_config(struct tatu_cli *cli, const char *path)
{
    CLI_BYTES text = {NULL, 0};
    TATU_TRY(tatu_cli_read_file(cli, path, CONFIG_MAX, &text));
    cli->config = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    tatu_base_wipe(text.data, text.len);
    if (!json_is_object(cli->config)) {
        json_decref(cli->config);
        cli->config = NULL;
        return tatu_cli_fail(cli, TATU_ERR_FORMAT, "%s is damaged; remove it and log in again",
                             path);
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_load_config(struct tatu_cli *cli)
{
    if (cli->config != NULL) {
        return TATU_OK;
    }
    char path[PATH_MAX];
    TATU_TRY(tatu_cli_config_path(cli, "config.json", path));
    struct stat st;
    if (stat(path, &st) == 0) {
        if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
            return tatu_cli_fail(
                cli, TATU_ERR_DENIED,
                "%s holds a token and can be read by others; run 'chmod 600' on it", path);
        }
        return read_config(cli, path);
    }
    cli->config = json_object();
    return cli->config == NULL ? TATU_ERR_MEMORY : TATU_OK;
}

enum tatu_err tatu_cli_make_folders(struct tatu_cli *cli, const char *path)
{
    char part[PATH_MAX];
    (void)snprintf(part, sizeof(part), "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        TATU_TRY(tatu_cli_make_folder(cli, part));
        *slash = '/';
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_save_config(struct tatu_cli *cli)
{
    char path[PATH_MAX];
    TATU_TRY(tatu_cli_config_path(cli, "config.json", path));
    TATU_TRY(tatu_cli_make_folders(cli, path));
    char *text = json_dumps(cli->config, JSON_INDENT(2) | JSON_SORT_KEYS);
    if (text == NULL) {
        return TATU_ERR_MEMORY;
    }
    struct tatu_span bytes = {(const uint8_t *)text, strlen(text)};
    enum tatu_err err = tatu_cli_write_over(cli, path, 0600, bytes);
    tatu_base_wipe(text, bytes.len);
    free(text);
    return err;
}

enum tatu_err tatu_cli_get_setting(struct tatu_cli *cli, const char *name, const char **out)
{
    TATU_TRY(tatu_cli_load_config(cli));
    const char *value =
        json_string_value(json_object_get(json_object_get(cli->config, "defaults"), name));
    for (size_t i = 0; i < TATU_COUNT_OF(settings) && value == NULL; i++) {
        if (strcmp(settings[i].name, name) == 0) {
            value = settings[i].built_in;
        }
    }
    *out = value;
    return TATU_OK;
}
