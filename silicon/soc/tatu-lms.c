/*
 * SPDX-License-Identifier: GPL-2.0-only
 * LMS verification. No QEMU in it: it is compiled apart, with mbedTLS's headers.
 */
#include "tatu-lms.h"

#include <mbedtls/platform_util.h> /* first: lms.h takes its types for granted */

#include <mbedtls/lms.h>
#include <psa/crypto.h>

_Static_assert(TATU_LMS_PUBLIC == MBEDTLS_LMS_PUBLIC_KEY_LEN(MBEDTLS_LMS_SHA256_M32_H10), "RFC");
_Static_assert(TATU_LMS_SIGNATURE ==
                   MBEDTLS_LMS_SIG_LEN(MBEDTLS_LMS_SHA256_M32_H10, MBEDTLS_LMOTS_SHA256_N32_W8),
               "RFC");

bool tatu_lms_verify(const uint8_t public[TATU_LMS_PUBLIC], const uint8_t digest[32],
                     const uint8_t signature[TATU_LMS_SIGNATURE])
{
    mbedtls_lms_public_t key;
    bool ok;

    mbedtls_lms_public_init(&key);
    ok = psa_crypto_init() == PSA_SUCCESS &&
         mbedtls_lms_import_public_key(&key, public, TATU_LMS_PUBLIC) == 0 &&
         mbedtls_lms_verify(&key, digest, 32, signature, TATU_LMS_SIGNATURE) == 0;
    mbedtls_lms_public_free(&key);
    return ok;
}
