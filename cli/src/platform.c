#include "platform.h"

#include <limits.h>

static void free_signer(struct tatu_cli_signer *signer)
{
    tatu_cli_free_key(&signer->key);
    tatu_cli_free_lms(&signer->second);
}

void tatu_cli_free_platform(struct tatu_cli_platform *platform)
{
    free_signer(&platform->root);
    free_signer(&platform->release);
}

static enum tatu_err make_signer(struct tatu_cli *cli, const char *dir, const char *key,
                                 const char *second)
{
    char path[PATH_MAX];
    TATU_TRY(tatu_cli_join(cli, dir, key, path));
    TATU_TRY(tatu_cli_make_key(cli, path));
    return tatu_cli_make_lms(cli, dir, second);
}

enum tatu_err tatu_cli_make_platform(struct tatu_cli *cli, const char *dir)
{
    TATU_TRY(tatu_cli_make_folder(cli, dir));
    TATU_TRY(make_signer(cli, dir, PLATFORM_ROOT, PLATFORM_ROOT_LMS));
    return make_signer(cli, dir, PLATFORM_RELEASE, PLATFORM_RELEASE_LMS);
}

static enum tatu_err load_signer(struct tatu_cli *cli, const char *dir, const char *key,
                                 const char *second, struct tatu_cli_signer *out)
{
    char path[PATH_MAX];
    TATU_TRY(tatu_cli_join(cli, dir, key, path));
    TATU_TRY(tatu_cli_load_key(cli, path, &out->key));
    return tatu_cli_load_lms(cli, dir, second, &out->second);
}

enum tatu_err tatu_cli_load_platform(struct tatu_cli *cli, const char *dir,
                                     struct tatu_cli_platform *out)
{
    struct tatu_cli_platform platform = {.root = {.key = {.pkey = NULL}}};
    enum tatu_err err = load_signer(cli, dir, PLATFORM_ROOT, PLATFORM_ROOT_LMS, &platform.root);
    if (err == TATU_OK) {
        err = load_signer(cli, dir, PLATFORM_RELEASE, PLATFORM_RELEASE_LMS, &platform.release);
    }
    if (err != TATU_OK) {
        tatu_cli_free_platform(&platform);
        return err;
    }
    *out = platform;
    return TATU_OK;
}
