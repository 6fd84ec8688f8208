#include "developer.h"

#include "config.h"

#include <limits.h>

#define DEVELOPER_KEY "developer.pem"

enum tatu_err tatu_cli_load_developer(struct tatu_cli *cli, const char *named,
                                      struct tatu_cli_key *out)
{
    char path[PATH_MAX];
    if (named != NULL) {
        return tatu_cli_load_key(cli, named, out);
    }
    TATU_TRY(tatu_cli_config_path(cli, DEVELOPER_KEY, path));
    TATU_TRY(tatu_cli_make_folders(cli, path));
    enum tatu_err err = tatu_cli_make_key(cli, path);
    if (err != TATU_OK && err != TATU_ERR_EXISTS) {
        return err;
    }
    return tatu_cli_load_key(cli, path, out);
}
