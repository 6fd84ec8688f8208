/*
 * SPDX-License-Identifier: GPL-2.0-only
 * HMAC_DRBG of SP 800-90A §10.1.2 with SHA-256; nettle has the HMAC.
 */
#ifndef TATU_DRBG_H
#define TATU_DRBG_H

#include <stddef.h>
#include <stdint.h>

#define TATU_DRBG_SIZE 32             /* bytes of K and of V */
#define TATU_DRBG_SEED_SIZE 48        /* entropy that it takes to begin: 256 bits, a nonce of 128 */
#define TATU_DRBG_RESEED_INTERVAL 256 /* requests; the standard allows 2^48 */
#define TATU_DRBG_REQUEST_MAX 65536   /* bytes of one request */

typedef struct TatuDrbg {
    uint8_t k[TATU_DRBG_SIZE];
    uint8_t v[TATU_DRBG_SIZE];
    uint32_t requests; /* since the last seed */
} TatuDrbg;

/** Begins with entropy, nonce in it; the personalization may be empty. */
void tatu_drbg_instantiate(TatuDrbg *drbg, const uint8_t *entropy, size_t len,
                           const char *personalization);

void tatu_drbg_reseed(TatuDrbg *drbg, const uint8_t *entropy, size_t len);

/** Fills out; at most TATU_DRBG_REQUEST_MAX bytes. Reseeding in time is the caller's. */
void tatu_drbg_generate(TatuDrbg *drbg, uint8_t *out, size_t len);

#endif
