/* The folder of a platform: who signs firmware. A signer has two keys, ECDSA and LMS. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include "keys.h"
#include "lms.h"

#define PLATFORM_ROOT "root.pem"
#define PLATFORM_ROOT_LMS "root.lms"
#define PLATFORM_RELEASE "release.pem"
#define PLATFORM_RELEASE_LMS "release.lms"

struct tatu_cli_signer {
    struct tatu_cli_key key;
    struct tatu_cli_lms second;
};

struct tatu_cli_platform {
    struct tatu_cli_signer root;
    struct tatu_cli_signer release;
};
void tatu_cli_free_platform(struct tatu_cli_platform *platform);
#define CLI_PLATFORM __attribute__((cleanup(tatu_cli_free_platform))) struct tatu_cli_platform

/** Makes all keys in files that must not exist; some seconds. Errors: EXISTS, IO, MEMORY. */
enum tatu_err tatu_cli_make_platform(struct tatu_cli *cli, const char *dir);

/** Errors: those of tatu_cli_load_key and tatu_cli_load_lms. */
enum tatu_err tatu_cli_load_platform(struct tatu_cli *cli, const char *dir,
                                     struct tatu_cli_platform *out);

#endif
