/* ECDSA P-256 keys on disk, SHA-256, signatures. The one place of this room that knows OpenSSL. */
#ifndef KEYS_H
#define KEYS_H

#include "files.h"

struct evp_pkey_st;

struct tatu_cli_key {
    struct evp_pkey_st *pkey;
    uint8_t public_key[64]; /* x||y */
    uint8_t digest[32];     /* SHA-256 of public_key; the first 20 bytes are the thumbprint */
};
void tatu_cli_free_key(struct tatu_cli_key *key);
#define CLI_KEY __attribute__((cleanup(tatu_cli_free_key))) struct tatu_cli_key

/** Makes a key and writes it, PEM, 0600, to a file that must not exist. Errors: EXISTS, IO. */
enum tatu_err tatu_cli_make_key(struct tatu_cli *cli, const char *path);

/** Errors: NOT_FOUND, IO; DENIED when others may read it; FORMAT when it is no P-256 key. */
enum tatu_err tatu_cli_load_key(struct tatu_cli *cli, const char *path, struct tatu_cli_key *out);

/** For what holds a secret. Errors: DENIED when others may read the file. */
enum tatu_err tatu_cli_check_private(struct tatu_cli *cli, const char *path);

/** Random bytes. Errors: IO. */
enum tatu_err tatu_cli_random(uint8_t *out, size_t len);

/** SHA-256 of the parts, one after the other. */
enum tatu_err tatu_cli_hash(const struct tatu_span *parts, size_t count, uint8_t out[32]);

/** r||s over a digest. */
enum tatu_err tatu_cli_sign(const struct tatu_cli_key *key, const uint8_t digest[32],
                            uint8_t out[64]);

/** Errors: SIGNATURE. */
enum tatu_err tatu_cli_check_signature(const uint8_t public_key[64], const uint8_t digest[32],
                                       const uint8_t signature[64]);

/** "sha256//" and base64 of SHA-256 of a certificate's public key. Errors: FORMAT. */
enum { CLI_PIN_SIZE = 8 + 44 + 1 };
enum tatu_err tatu_cli_make_pin(const char *pem, char out[CLI_PIN_SIZE]);

/** Signs a payload as COSE_Sign1 with the key's thumbprint as kid. */
enum tatu_err tatu_cli_seal(struct tatu_cli *cli, struct tatu_span payload, const char *aad,
                            const struct tatu_cli_key *key, struct tatu_buf *out);

/** Base64 of the bytes as a new JSON string, NULL without memory. */
json_t *tatu_cli_base64(struct tatu_span bytes);

/** The bytes of base64 text without line ends. Errors: FORMAT, MEMORY. */
enum tatu_err tatu_cli_from_base64(struct tatu_cli *cli, const char *text,
                                   struct tatu_cli_bytes *out);

/** Lower-case hex as a new JSON string. */
json_t *tatu_cli_hex(const uint8_t *bytes, size_t len);

#endif
