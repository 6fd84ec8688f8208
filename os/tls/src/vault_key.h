#ifndef TATU_TLS_VAULT_KEY_H
#define TATU_TLS_VAULT_KEY_H
#include <stdbool.h>

#include "mbedtls/pk.h"

/* Signs a 32-byte digest into r ‖ s, or answers an error of the caller's own. */
typedef int vault_sign(void *slot, const unsigned char digest[32], unsigned char out_sig[64]);

/* Makes `key` stand for the private half of `point` (04 ‖ x ‖ y, P-256), which only the vault has.
 * Free it with mbedtls_pk_free(), after the configuration that uses it. */
int tatu_tls_vault_key_setup(mbedtls_pk_context *key, const unsigned char point[65],
                             vault_sign *sign_with, void *slot);

/* True if the certificate's `pk` is the public half of `key`. mbedtls_pk_check_pair() cannot tell.
 */
bool tatu_tls_vault_key_matches(const mbedtls_pk_context *key, const mbedtls_pk_context *certified);

/* What `sign` answered last: TLS 1.3 itself reports only a failed handshake. */
int tatu_tls_vault_key_last_error(const mbedtls_pk_context *key);
#endif
