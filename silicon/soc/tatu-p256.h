/*
 * SPDX-License-Identifier: GPL-2.0-only
 * ECDSA over P-256 on byte strings; nettle stays behind this header.
 */
#ifndef TATU_P256_H
#define TATU_P256_H

#include "tatu-random.h"

#define TATU_P256_SCALAR 32
#define TATU_P256_POINT 64
#define TATU_P256_SIGNATURE 64

/** A random private key. False: there is no randomness, and the key is zero. */
bool G_GNUC_WARN_UNUSED_RESULT tatu_p256_generate(TatuRandom *random,
                                                  uint8_t key[TATU_P256_SCALAR]);

/** The private key of a secret and a number: docs/chip/engine.md "Derivation". */
void tatu_p256_derive(const uint8_t secret[32], uint8_t n, uint8_t key[TATU_P256_SCALAR]);

/** x||y of a private key. */
void tatu_p256_public(const uint8_t key[TATU_P256_SCALAR], uint8_t out[TATU_P256_POINT]);

/** Signs a SHA-256 digest: r||s. False: there was no randomness, and out is as it was. */
bool G_GNUC_WARN_UNUSED_RESULT tatu_p256_sign(TatuRandom *random,
                                              const uint8_t key[TATU_P256_SCALAR],
                                              const uint8_t digest[32],
                                              uint8_t out[TATU_P256_SIGNATURE]);

/** False also when the point is not on the curve. */
bool tatu_p256_verify(const uint8_t point[TATU_P256_POINT], const uint8_t digest[32],
                      const uint8_t signature[TATU_P256_SIGNATURE]);

#endif
