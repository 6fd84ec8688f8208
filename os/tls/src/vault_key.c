/* The only file that looks behind the library's PK interface. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include "vault_key.h"

#include "mbedtls/ecp.h"
#include "mbedtls/platform.h"
#include "mbedtls/private/pk_wrap.h" /* the library's own; the sysroot installs it for this file */
#include "mbedtls/psa_util.h"

#if defined(MBEDTLS_USE_PSA_CRYPTO)
#error "with MBEDTLS_USE_PSA_CRYPTO the PK layer keeps EC keys elsewhere"
#endif

struct vault_key {
    mbedtls_ecp_keypair public_half; /* first: the library casts to it for what has type ECKEY */
    vault_sign *sign;
    void *slot;
    int last_error;
};

static size_t bit_length(mbedtls_pk_context *key)
{
    (void)key;
    return 256;
}

/* Signing only: no key agreement. */
static int can_do(mbedtls_pk_type_t type)
{
    return type == MBEDTLS_PK_ECKEY || type == MBEDTLS_PK_ECDSA;
}

/* ECDSA takes the leftmost 256 bits of a longer hash (TLS 1.2 with SHA-384). */
static int sign(mbedtls_pk_context *key, mbedtls_md_type_t md, const unsigned char *hash,
                size_t hash_len, unsigned char *der, size_t der_size, size_t *der_len,
                int (*rng)(void *, unsigned char *, size_t), void *rng_state)
{
    struct vault_key *vault = key->pk_ctx;
    unsigned char raw[64];

    (void)md, (void)rng, (void)rng_state;
    if (hash_len < 32) {
        return MBEDTLS_ERR_PK_BAD_INPUT_DATA;
    }
    vault->last_error = vault->sign(vault->slot, hash, raw);
    if (vault->last_error != 0) {
        return MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE;
    }
    return mbedtls_ecdsa_raw_to_der(256, raw, sizeof(raw), der, der_size, der_len);
}

static void release(void *ctx)
{
    struct vault_key *vault = ctx;

    mbedtls_ecp_keypair_free(&vault->public_half);
    mbedtls_free(vault);
}

static const mbedtls_pk_info_t vault_info = {
    .type = MBEDTLS_PK_ECKEY,
    .name = "VAULT",
    .get_bitlen = bit_length,
    .can_do = can_do,
    .sign_func = sign,
    .ctx_free_func = release,
};

int tatu_tls_vault_key_setup(mbedtls_pk_context *key, const unsigned char point[65],
                             vault_sign *sign_with, void *slot)
{
    struct vault_key *vault = mbedtls_calloc(1, sizeof(*vault));
    mbedtls_ecp_keypair *half;
    int err;

    if (vault == NULL) {
        return MBEDTLS_ERR_PK_ALLOC_FAILED;
    }
    half = &vault->public_half;
    mbedtls_ecp_keypair_init(half);
    err = mbedtls_ecp_group_load(&half->grp, MBEDTLS_ECP_DP_SECP256R1);
    if (err == 0) {
        err = mbedtls_ecp_point_read_binary(&half->grp, &half->Q, point, 65);
    }
    if (err == 0) {
        err = mbedtls_ecp_check_pubkey(&half->grp, &half->Q);
    }
    if (err != 0) {
        release(vault);
        return err;
    }
    vault->sign = sign_with;
    vault->slot = slot;
    mbedtls_pk_init(key);
    key->pk_info = &vault_info;
    key->pk_ctx = vault;
    return 0;
}

bool tatu_tls_vault_key_matches(const mbedtls_pk_context *key, const mbedtls_pk_context *certified)
{
    const struct vault_key *vault = key->pk_ctx;

    return mbedtls_pk_get_type(certified) == MBEDTLS_PK_ECKEY &&
           mbedtls_pk_get_bitlen(certified) == 256 &&
           mbedtls_ecp_point_cmp(&mbedtls_pk_ec(*certified)->Q, &vault->public_half.Q) == 0;
}

int tatu_tls_vault_key_last_error(const mbedtls_pk_context *key)
{
    return ((const struct vault_key *)key->pk_ctx)->last_error;
}
