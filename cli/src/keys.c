#include "keys.h"

#include "proto/cose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

enum { KEY_FILE_MAX = 4096, SIGNATURE_DER_MAX = 80 };

void tatu_cli_free_key(struct tatu_cli_key *key)
{
    EVP_PKEY_free(key->pkey);
    *key = (struct tatu_cli_key){.pkey = NULL};
}

static enum tatu_err fill_public(struct tatu_cli_key *key)
{
    uint8_t point[65];
    size_t len = 0;
    char group[32] = "";
    size_t group_len = 0;
    if (EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), &group_len) != 1 ||
        strcmp(group, "prime256v1") != 0 ||
        EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
                                        &len) != 1 ||
        len != sizeof(point) || point[0] != POINT_CONVERSION_UNCOMPRESSED) {
        return TATU_ERR_FORMAT;
    }
    memcpy(key->public_key, point + 1, sizeof(key->public_key));
    struct tatu_span span = TATU_SPAN_OF(key->public_key);
    return tatu_cli_hash(&span, 1, key->digest);
}

static void free_secret_bio(BIO **bio)
{
    BIO_free(*bio); /* a secure-memory BIO wipes itself */
}

enum tatu_err tatu_cli_make_key(struct tatu_cli *cli, const char *path)
{
    BIO *bio __attribute__((cleanup(free_secret_bio))) = BIO_new(BIO_s_secmem());
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    bool made = bio != NULL && pkey != NULL &&
                PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1;
    EVP_PKEY_free(pkey);
    if (!made) {
        return tatu_cli_fail(cli, TATU_ERR_MEMORY, "a key could not be made; try again");
    }
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    return tatu_cli_write_new(cli, path, 0600,
                              (struct tatu_span){(const uint8_t *)text, (size_t)len});
}

enum tatu_err tatu_cli_check_private(struct tatu_cli *cli, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & 077) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_DENIED,
                             "%s is a private key and others may read it; run 'chmod 600' on it",
                             path);
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_load_key(struct tatu_cli *cli, const char *path, struct tatu_cli_key *out)
{
    CLI_BYTES text = {NULL, 0};
    TATU_TRY(tatu_cli_read_file(cli, path, KEY_FILE_MAX, &text));
    enum tatu_err err = tatu_cli_check_private(cli, path);
    BIO *bio __attribute__((cleanup(free_secret_bio))) = BIO_new_mem_buf(text.data, (int)text.len);
    CLI_KEY key = {.pkey = NULL};
    if (bio != NULL && err == TATU_OK) {
        /* an encrypted file fails here instead of asking on the terminal */
        key.pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "");
    }
    tatu_base_wipe(text.data, text.len);
    TATU_TRY(err);
    if (key.pkey == NULL || fill_public(&key) != TATU_OK) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "%s is not a P-256 private key in PEM; check the "
                             "file",
                             path);
    }
    *out = key;
    key.pkey = NULL;
    return TATU_OK;
}

enum tatu_err tatu_cli_hash(const struct tatu_span *parts, size_t count, uint8_t out[32])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    for (size_t i = 0; i < count && good; i++) {
        good = EVP_DigestUpdate(context, parts[i].data, parts[i].len) == 1;
    }
    uint8_t digest[32];
    good = good && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (!good) {
        return TATU_ERR_MEMORY;
    }
    memcpy(out, digest, sizeof(digest));
    return TATU_OK;
}

/* DER of OpenSSL to the raw r||s that chips and COSE use. */
static bool split_signature(const uint8_t *der, size_t len, uint8_t out[64])
{
    const unsigned char *next = der;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &next, (long)len);
    bool good = signature != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32) == 32 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32) == 32;
    ECDSA_SIG_free(signature);
    return good;
}

enum tatu_err tatu_cli_sign(const struct tatu_cli_key *key, const uint8_t digest[32],
                            uint8_t out[64])
{
    uint8_t der[SIGNATURE_DER_MAX];
    size_t len = sizeof(der);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    bool good = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
                EVP_PKEY_sign(context, der, &len, digest, 32) == 1;
    EVP_PKEY_CTX_free(context);
    return good && split_signature(der, len, out) ? TATU_OK : TATU_ERR_MEMORY;
}

static EVP_PKEY *import_public(const uint8_t public_key[64])
{
    uint8_t point[65] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(point + 1, public_key, 64);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"prime256v1"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return pkey;
}

static int join_signature(const uint8_t signature[64], uint8_t der[SIGNATURE_DER_MAX])
{
    ECDSA_SIG *joined = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL);
    BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);
    int len = 0;
    if (joined == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(joined, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else {
        unsigned char *next = der;
        len = i2d_ECDSA_SIG(joined, &next);
    }
    ECDSA_SIG_free(joined);
    return len;
}

enum tatu_err tatu_cli_check_signature(const uint8_t public_key[64], const uint8_t digest[32],
                                       const uint8_t signature[64])
{
    uint8_t der[SIGNATURE_DER_MAX];
    int len = join_signature(signature, der);
    EVP_PKEY *pkey = import_public(public_key);
    EVP_PKEY_CTX *context = pkey == NULL ? NULL : EVP_PKEY_CTX_new(pkey, NULL);
    bool good = len > 0 && context != NULL && EVP_PKEY_verify_init(context) == 1 &&
                EVP_PKEY_verify(context, der, (size_t)len, digest, 32) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(pkey);
    return good ? TATU_OK : TATU_ERR_SIGNATURE;
}

enum tatu_err tatu_cli_seal(struct tatu_cli *cli, struct tatu_span payload, const char *aad,
                            const struct tatu_cli_key *key, struct tatu_buf *out)
{
    uint8_t head[128];
    struct tatu_buf head_buf = TATU_BUF_OF(head);
    uint8_t digest[32], signature[64];
    enum tatu_err err =
        tatu_proto_put_sig_head(tatu_cose_protected_es256, aad, payload.len, &head_buf);
    if (err == TATU_OK) {
        const struct tatu_span parts[] = {{head, head_buf.len}, payload};
        err = tatu_cli_hash(parts, TATU_COUNT_OF(parts), digest);
    }
    if (err == TATU_OK) {
        err = tatu_cli_sign(key, digest, signature);
    }
    if (err == TATU_OK) {
        struct tatu_span kid = {key->digest, 20};
        err = tatu_proto_encode_sign1(payload, kid, signature, out);
    }
    if (err != TATU_OK) {
        return tatu_cli_fail(cli, err, "a statement could not be signed: %s; try again",
                             tatu_err_text(err));
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_random(uint8_t *out, size_t len)
{
    return RAND_bytes(out, (int)len) == 1 ? TATU_OK : TATU_ERR_IO;
}

enum tatu_err tatu_cli_make_pin(const char *pem, char out[CLI_PIN_SIZE])
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned char *der = NULL;
    uint8_t digest[32];
    int len = certificate == NULL ? -1 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    struct tatu_span span = {der, len > 0 ? (size_t)len : 0};
    enum tatu_err err = len > 0 ? tatu_cli_hash(&span, 1, digest) : TATU_ERR_FORMAT;
    if (err == TATU_OK) {
        memcpy(out, "sha256//", 8);
        (void)EVP_EncodeBlock((unsigned char *)out + 8, digest, sizeof(digest));
    }
    OPENSSL_free(der);
    X509_free(certificate);
    BIO_free(bio);
    return err;
}

json_t *tatu_cli_base64(struct tatu_span bytes)
{
    size_t cap = (bytes.len + 2) / 3 * 4 + 1;
    unsigned char *text = malloc(cap);
    if (text == NULL) {
        return NULL;
    }
    int len = EVP_EncodeBlock(text, bytes.data, (int)bytes.len);
    json_t *json = json_stringn((const char *)text, (size_t)len);
    free(text);
    return json;
}

enum tatu_err tatu_cli_from_base64(struct tatu_cli *cli, const char *text,
                                   struct tatu_cli_bytes *out)
{
    size_t text_len = strlen(text);
    CLI_BYTES bytes = {NULL, 0};
    TATU_TRY(tatu_cli_alloc(cli, text_len, &bytes));
    int len = text_len % 4 != 0 || text_len > INT32_MAX
                  ? -1
                  : EVP_DecodeBlock(bytes.data, (const unsigned char *)text, (int)text_len);
    if (len < 0) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "the service sent what is not base64; look at "
                             "the service's version");
    }
    while (text_len > 0 && text[text_len - 1] == '=') {
        text_len--;
        len--;
    }
    *out = (struct tatu_cli_bytes){bytes.data, (size_t)len};
    bytes.data = NULL;
    return TATU_OK;
}

json_t *tatu_cli_hex(const uint8_t *bytes, size_t len)
{
    char *text = malloc(2 * len + 1);
    if (text == NULL) {
        return NULL;
    }
    tatu_base_encode_hex((struct tatu_span){bytes, len}, text);
    json_t *json = json_string(text);
    free(text);
    return json;
}
