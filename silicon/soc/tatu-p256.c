/*
 * SPDX-License-Identifier: GPL-2.0-only
 * ECDSA over P-256 on byte strings.
 */
#include "qemu/osdep.h"

#include "qemu/bswap.h"
#include "tatu-p256.h"
#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/ecdsa.h>
#include <nettle/hmac.h>

static const char derive_label[] = "tatu p256 key";

/* nettle's source of nonces cannot fail; that it did is kept beside, and the signature thrown away.
 */
typedef struct Nonces {
    TatuRandom *random;
    bool failed;
} Nonces;

static void draw_nonce(void *opaque, size_t len, uint8_t *out)
{
    Nonces *nonces = opaque;

    if (!tatu_random(nonces->random, out, len)) {
        nonces->failed = true;
        memset(out, 1, len); /* a number in range, so that nettle ends */
    }
}

/* gmp frees without wiping, so the limbs of a secret are cleared first. */
static void wipe_mpz(mpz_t z)
{
    mp_size_t n = z->_mp_alloc;

    if (n > 0) {
        mpn_zero(mpz_limbs_write(z, n), n);
        mpz_limbs_finish(z, 0);
    }
    mpz_clear(z);
}

static void wipe_scalar(struct ecc_scalar *scalar)
{
    mpn_zero(scalar->p, ecc_size(scalar->ecc));
    ecc_scalar_clear(scalar);
}

/* False when the 32 bytes are zero or not below the group's order; then nothing is to be freed. */
static bool init_scalar(struct ecc_scalar *out, const uint8_t key[TATU_P256_SCALAR])
{
    bool ok;
    mpz_t z;

    nettle_mpz_init_set_str_256_u(z, TATU_P256_SCALAR, key);
    ecc_scalar_init(out, nettle_get_secp_256r1());
    ok = ecc_scalar_set(out, z);
    wipe_mpz(z);
    if (!ok) {
        wipe_scalar(out);
    }
    return ok;
}

static bool valid_key(const uint8_t key[TATU_P256_SCALAR])
{
    struct ecc_scalar scalar;

    if (!init_scalar(&scalar, key)) {
        return false;
    }
    wipe_scalar(&scalar);
    return true;
}

bool tatu_p256_generate(TatuRandom *random, uint8_t key[TATU_P256_SCALAR])
{
    do {
        if (!tatu_random(random, key, TATU_P256_SCALAR)) {
            return false;
        }
    } while (!valid_key(key));
    return true;
}

void tatu_p256_derive(const uint8_t secret[32], uint8_t n, uint8_t key[TATU_P256_SCALAR])
{
    uint32_t try = 0;

    do {
        struct hmac_sha256_ctx hmac;
        uint8_t number[5] = {n};

        stl_le_p(number + 1, try++);
        hmac_sha256_set_key(&hmac, 32, secret);
        hmac_sha256_update(&hmac, sizeof(derive_label) - 1, (const uint8_t *)derive_label);
        hmac_sha256_update(&hmac, sizeof(number), number);
        hmac_sha256_digest(&hmac, TATU_P256_SCALAR, key);
        explicit_bzero(&hmac, sizeof(hmac));
    } while (!valid_key(key));
}

void tatu_p256_public(const uint8_t key[TATU_P256_SCALAR], uint8_t out[TATU_P256_POINT])
{
    struct ecc_scalar scalar;
    struct ecc_point point;
    mpz_t x, y;
    bool ok = init_scalar(&scalar, key);

    assert(ok);
    ecc_point_init(&point, nettle_get_secp_256r1());
    ecc_point_mul_g(&point, &scalar);
    mpz_inits(x, y, NULL);
    ecc_point_get(&point, x, y);
    nettle_mpz_get_str_256(32, out, x);
    nettle_mpz_get_str_256(32, out + 32, y);
    mpz_clears(x, y, NULL);
    ecc_point_clear(&point);
    wipe_scalar(&scalar);
}

bool tatu_p256_sign(TatuRandom *random, const uint8_t key[TATU_P256_SCALAR],
                    const uint8_t digest[32], uint8_t out[TATU_P256_SIGNATURE])
{
    Nonces nonces = {.random = random};
    struct dsa_signature signature;
    struct ecc_scalar scalar;
    bool ok = init_scalar(&scalar, key);

    assert(ok);
    dsa_signature_init(&signature);
    ecdsa_sign(&scalar, &nonces, draw_nonce, 32, digest, &signature);
    if (!nonces.failed) {
        nettle_mpz_get_str_256(32, out, signature.r);
        nettle_mpz_get_str_256(32, out + 32, signature.s);
    }
    wipe_mpz(signature.r); /* with a known nonce it would tell the key */
    wipe_mpz(signature.s);
    wipe_scalar(&scalar);
    return !nonces.failed;
}

bool tatu_p256_verify(const uint8_t point[TATU_P256_POINT], const uint8_t digest[32],
                      const uint8_t signature[TATU_P256_SIGNATURE])
{
    struct dsa_signature sig;
    struct ecc_point public;
    mpz_t x, y;
    bool ok;

    nettle_mpz_init_set_str_256_u(x, 32, point);
    nettle_mpz_init_set_str_256_u(y, 32, point + 32);
    dsa_signature_init(&sig);
    nettle_mpz_set_str_256_u(sig.r, 32, signature);
    nettle_mpz_set_str_256_u(sig.s, 32, signature + 32);
    ecc_point_init(&public, nettle_get_secp_256r1());
    ok = ecc_point_set(&public, x, y) && ecdsa_verify(&public, 32, digest, &sig);
    ecc_point_clear(&public);
    dsa_signature_clear(&sig);
    mpz_clears(x, y, NULL);
    return ok;
}
