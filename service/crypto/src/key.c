#include "service/crypto/crypto.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#define DIGEST_SIZE 32
#define POINT_SIZE 65 /* 0x04 || x || y */
#define SIGNATURE_DER_MAX 80

static EVP_PKEY *native(const struct tatu_key *key)
{
    return (EVP_PKEY *)(uintptr_t)key;
}

static void free_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}
static void free_native(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
static void free_signature(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
}
static void free_bio(BIO **bio)
{
    (void)BIO_free(*bio);
}
#define SCOPED(cleanup_function) __attribute__((cleanup(cleanup_function)))

enum tatu_err tatu_crypto_make_key(struct tatu_key **out)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    if (key == NULL) {
        return TATU_ERR_MEMORY;
    }
    *out = (struct tatu_key *)key;
    return TATU_OK;
}

void tatu_crypto_free_key(struct tatu_key *key)
{
    EVP_PKEY_free((EVP_PKEY *)key);
}

static bool get_point(EVP_PKEY *key, uint8_t point[POINT_SIZE])
{
    size_t len = 0;
    char group[32];
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                          NULL) == 1 &&
           (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0) &&
           EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, POINT_SIZE, &len) ==
               1 &&
           len == POINT_SIZE && point[0] == 4;
}

void tatu_crypto_get_public(const struct tatu_key *key, uint8_t out[TATU_PUBLIC_SIZE])
{
    uint8_t point[POINT_SIZE];
    bool good = get_point(native(key), point);
    assert(good); /* every tatu_key was checked when it was made or read */
    memcpy(out, point + 1, TATU_PUBLIC_SIZE);
}

void tatu_crypto_thumbprint(const uint8_t public_key[TATU_PUBLIC_SIZE],
                            uint8_t out[TATU_THUMBPRINT_SIZE])
{
    uint8_t digest[DIGEST_SIZE];
    tatu_crypto_sha256((struct tatu_span){public_key, TATU_PUBLIC_SIZE}, digest);
    memcpy(out, digest, TATU_THUMBPRINT_SIZE);
}

/* NULL when the bytes are no point of the curve; the library checks that. */
static EVP_PKEY *load_public(const uint8_t public_key[TATU_PUBLIC_SIZE])
{
    uint8_t point[POINT_SIZE] = {4};
    memcpy(point + 1, public_key, TATU_PUBLIC_SIZE);
    char group[] = "P-256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *context SCOPED(free_context) = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return NULL;
    }
    return key;
}

bool tatu_crypto_is_public(const uint8_t public_key[TATU_PUBLIC_SIZE])
{
    EVP_PKEY *key SCOPED(free_native) = load_public(public_key);
    return key != NULL;
}

static enum tatu_err accept_key(EVP_PKEY *key, struct tatu_key **out)
{
    uint8_t point[POINT_SIZE];
    if (key == NULL || !EVP_PKEY_is_a(key, "EC") || !get_point(key, point)) {
        EVP_PKEY_free(key);
        return TATU_ERR_FORMAT;
    }
    *out = (struct tatu_key *)key;
    return TATU_OK;
}

enum tatu_err tatu_crypto_decode_key(struct tatu_span der, struct tatu_key **out)
{
    const unsigned char *at = der.data;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)der.len);
    return accept_key(key, out);
}

/* What a BIO in memory holds, appended to the buffer. */
static enum tatu_err take_bio(BIO *bio, struct tatu_buf *out)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return tatu_base_put_bytes(out, (struct tatu_span){(const uint8_t *)data, (size_t)len});
}

enum tatu_err tatu_crypto_encode_key(const struct tatu_key *key, struct tatu_buf *out)
{
    BIO *bio SCOPED(free_bio) = BIO_new(BIO_s_secmem());
    if (bio == NULL || i2d_PKCS8PrivateKeyInfo_bio(bio, native(key)) != 1) {
        return TATU_ERR_MEMORY;
    }
    return take_bio(bio, out);
}

enum tatu_err tatu_crypto_decode_pem(struct tatu_span pem, struct tatu_key **out)
{
    BIO *bio SCOPED(free_bio) = BIO_new_mem_buf(pem.data, (int)pem.len);
    if (bio == NULL) {
        return TATU_ERR_MEMORY;
    }
    char no_password[] = "";
    return accept_key(PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password), out);
}

enum tatu_err tatu_crypto_encode_pem(const struct tatu_key *key, struct tatu_buf *out)
{
    BIO *bio SCOPED(free_bio) = BIO_new(BIO_s_secmem());
    if (bio == NULL ||
        PEM_write_bio_PKCS8PrivateKey(bio, native(key), NULL, NULL, 0, NULL, NULL) != 1) {
        return TATU_ERR_MEMORY;
    }
    return take_bio(bio, out);
}

enum tatu_err tatu_crypto_sign_digest(const struct tatu_key *key, const uint8_t digest[32],
                                      uint8_t out[64])
{
    uint8_t der[SIGNATURE_DER_MAX];
    size_t len = sizeof(der);
    EVP_PKEY_CTX *context SCOPED(free_context) = EVP_PKEY_CTX_new(native(key), NULL);
    if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
        EVP_PKEY_sign(context, der, &len, digest, DIGEST_SIZE) != 1) {
        return TATU_ERR_MEMORY;
    }
    const unsigned char *at = der;
    ECDSA_SIG *signature SCOPED(free_signature) = d2i_ECDSA_SIG(NULL, &at, (long)len);
    uint8_t raw[64];
    if (signature == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32) != 32 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32) != 32) {
        return TATU_ERR_MEMORY;
    }
    memcpy(out, raw, sizeof(raw));
    return TATU_OK;
}

static int encode_signature(const uint8_t raw[64], uint8_t der[SIGNATURE_DER_MAX])
{
    ECDSA_SIG *signature SCOPED(free_signature) = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, 32, NULL);
    BIGNUM *s = BN_bin2bn(raw + 32, 32, NULL);
    if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return -1;
    }
    unsigned char *at = der;
    return i2d_ECDSA_SIG(signature, &at);
}

enum tatu_err tatu_crypto_verify_digest(const uint8_t public_key[TATU_PUBLIC_SIZE],
                                        const uint8_t digest[32], const uint8_t signature[64])
{
    uint8_t der[SIGNATURE_DER_MAX];
    int der_len = encode_signature(signature, der);
    EVP_PKEY *key SCOPED(free_native) = load_public(public_key);
    EVP_PKEY_CTX *context SCOPED(free_context) = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    if (der_len <= 0 || context == NULL || EVP_PKEY_verify_init(context) != 1) {
        return TATU_ERR_SIGNATURE;
    }
    int good = EVP_PKEY_verify(context, der, (size_t)der_len, digest, DIGEST_SIZE);
    return good == 1 ? TATU_OK : TATU_ERR_SIGNATURE;
}
