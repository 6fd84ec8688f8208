/*
 * The few operations the service needs: SHA-256, random bytes, ECDSA P-256, COSE_Sign1. Public keys
 * are 64 bytes x||y, signatures r||s. The library behind it shows in src/ only.
 */
#ifndef TATU_SERVICE_CRYPTO_CRYPTO_H
#define TATU_SERVICE_CRYPTO_CRYPTO_H

#include "base/base.h"
#include "proto/cose.h"

#define TATU_PUBLIC_SIZE 64u
#define TATU_THUMBPRINT_SIZE 20u
#define TATU_KEY_DER_MAX 256u
#define TATU_KEY_PEM_MAX 512u

struct tatu_key; /* a P-256 private key */

/** Ends the program when the system has no random bytes. */
void tatu_crypto_random(uint8_t *out, size_t len);
void tatu_crypto_sha256(struct tatu_span bytes, uint8_t out[32]);
void tatu_crypto_sha256_parts(const struct tatu_span *parts, size_t count, uint8_t out[32]);
void tatu_crypto_sha1(struct tatu_span bytes, uint8_t out[20]); /* names certificates, no trust */

enum tatu_err tatu_crypto_make_key(struct tatu_key **out);
void tatu_crypto_free_key(struct tatu_key *key);
static inline void tatu_crypto_drop_key(struct tatu_key **key)
{
    tatu_crypto_free_key(*key);
}
void tatu_crypto_get_public(const struct tatu_key *key, uint8_t out[TATU_PUBLIC_SIZE]);
/** First 20 bytes of SHA-256(x||y). */
void tatu_crypto_thumbprint(const uint8_t public_key[TATU_PUBLIC_SIZE],
                            uint8_t out[TATU_THUMBPRINT_SIZE]);
/** Whether the 64 bytes are a point of the curve. */
bool tatu_crypto_is_public(const uint8_t public_key[TATU_PUBLIC_SIZE]);

/** PKCS#8, DER or PEM. The caller wipes. Errors: FORMAT (also for another curve) / FULL. */
enum tatu_err tatu_crypto_decode_key(struct tatu_span der, struct tatu_key **out);
enum tatu_err tatu_crypto_encode_key(const struct tatu_key *key, struct tatu_buf *out);
enum tatu_err tatu_crypto_decode_pem(struct tatu_span pem, struct tatu_key **out);
enum tatu_err tatu_crypto_encode_pem(const struct tatu_key *key, struct tatu_buf *out);

/** Over SHA-256 of the bytes / over a digest. */
enum tatu_err tatu_crypto_sign_digest(const struct tatu_key *key, const uint8_t digest[32],
                                      uint8_t out[64]);
/** Errors: SIGNATURE, also for a key that is no point of the curve. */
enum tatu_err tatu_crypto_verify_digest(const uint8_t public_key[TATU_PUBLIC_SIZE],
                                        const uint8_t digest[32], const uint8_t signature[64]);

/** A whole COSE_Sign1, kid = thumbprint of the key. Errors: FULL. */
enum tatu_err tatu_crypto_sign_cose(const struct tatu_key *key, const char *aad,
                                    struct tatu_span payload, struct tatu_buf *out);
/** Errors: SIGNATURE. */
enum tatu_err tatu_crypto_verify_cose(const uint8_t public_key[TATU_PUBLIC_SIZE], const char *aad,
                                      const struct tatu_cose_sign1 *object);

#endif
