/* tatu platform: the keys a releaser keeps offline. */
#include "keys.h"
#include "release.h"

#include <limits.h>

static enum tatu_err init(struct tatu_cli *cli)
{
    static const char *const names[] = {PLATFORM_ROOT, PLATFORM_RELEASE};
    const char *dir = tatu_cli_option(cli, "--dir");
    json_auto_t *result = json_object();
    TATU_TRY(tatu_cli_make_folder(cli, dir));
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        char path[PATH_MAX];
        CLI_KEY key = {.pkey = NULL};
        TATU_TRY(tatu_cli_join(cli, dir, names[i], path));
        TATU_TRY(tatu_cli_make_key(cli, path));
        TATU_TRY(tatu_cli_load_key(cli, path, &key));
        (void)json_object_set_new(result, i == 0 ? "rootKey" : "releaseKey",
                                  tatu_cli_hex(key.public_key, sizeof(key.public_key)));
    }
    return tatu_cli_give(cli, json_incref(result));
}

static const struct tatu_cli_option init_options[] = {
    {"--dir", CLI_REQUIRED, "DIR", "folder for root.pem and release.pem"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "platform init",
     CLI_OPTIONS(init_options),
     .run = init,
     .summary = "Make the platform's root key and release key"},
};
CLI_CHAPTER(tatu_cli_platform, commands);
