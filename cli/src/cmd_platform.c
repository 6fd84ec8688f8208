/* tatu platform: the keys a releaser keeps offline. */
#include "platform.h"

static enum tatu_err init(struct tatu_cli *cli)
{
    const char *dir = tatu_cli_option(cli, "--dir");
    CLI_PLATFORM platform = {.root = {.key = {.pkey = NULL}}};
    TATU_TRY(tatu_cli_make_platform(cli, dir));
    TATU_TRY(tatu_cli_load_platform(cli, dir, &platform));
    const struct tatu_cli_signer *root = &platform.root;
    const struct tatu_cli_signer *release = &platform.release;
    return tatu_cli_give(
        cli,
        json_pack(
            "{s:o, s:o, s:o, s:o}", "rootKey",
            tatu_cli_hex(root->key.public_key, sizeof(root->key.public_key)), "rootLmsKey",
            tatu_cli_hex(root->second.public_key, sizeof(root->second.public_key)), "releaseKey",
            tatu_cli_hex(release->key.public_key, sizeof(release->key.public_key)), "releaseLmsKey",
            tatu_cli_hex(release->second.public_key, sizeof(release->second.public_key))));
}

static const struct tatu_cli_option init_options[] = {
    {"--dir", CLI_REQUIRED, "DIR", "folder for the keys; keep it, and never copy it back"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "platform init",
     CLI_OPTIONS(init_options),
     .run = init,
     .summary = "Make the platform's root keys and release keys"},
};
CLI_CHAPTER(tatu_cli_platform, commands);
