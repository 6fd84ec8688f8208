/* LMS keys (RFC 8554) on disk: the second signature of firmware. The one place of this room that
 * knows mbedTLS.
 *
 * A key is two files: NAME, 0600, with the seed and the number of the next one-time key, and
 * NAME.leaves, with the 1024 one-time public keys, so that a signature takes milliseconds. No file
 * may ever go back to an older copy: a one-time key that signs twice can be forged.
 */
#ifndef LMS_H
#define LMS_H

#include "files.h"

#include "proto/image.h"

#define CLI_LMS_SIGNATURES 1024u /* that one key can make */

struct tatu_cli_lms {
    char *dir;
    char *name;
    uint8_t *leaves;
    uint8_t public_key[TATU_LMS_KEY_SIZE];
    uint32_t left; /* signatures it can still make */
};
void tatu_cli_free_lms(struct tatu_cli_lms *key);
#define CLI_LMS __attribute__((cleanup(tatu_cli_free_lms))) struct tatu_cli_lms

/** Makes a key in files that must not exist; some seconds. Errors: EXISTS, IO, MEMORY. */
enum tatu_err tatu_cli_make_lms(struct tatu_cli *cli, const char *dir, const char *name);

/** Errors: NOT_FOUND, IO, MEMORY; DENIED when others may read it; FORMAT when it is damaged. */
enum tatu_err tatu_cli_load_lms(struct tatu_cli *cli, const char *dir, const char *name,
                                struct tatu_cli_lms *out);

/**
 * Signs with the next one-time key. That it is used is on disk before the signature is there.
 *
 * Errors    FULL     it has made all its signatures
 *           and those of tatu_cli_load_lms
 */
enum tatu_err tatu_cli_sign_lms(struct tatu_cli *cli, struct tatu_cli_lms *key,
                                const uint8_t digest[32], uint8_t out[TATU_IMAGE_SECOND_SIZE]);

/** Errors: SIGNATURE. */
enum tatu_err tatu_cli_check_lms(const uint8_t public_key[TATU_LMS_KEY_SIZE],
                                 const uint8_t digest[32],
                                 const uint8_t signature[TATU_IMAGE_SECOND_SIZE]);

#endif
