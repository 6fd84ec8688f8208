#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include "fake_lms.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/platform_util.h> /* first: lms.h takes its types for granted */

#include <mbedtls/lms.h>
#include <mbedtls/private/lmots.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <psa/crypto.h>

#define LEAF_COUNT 1024u
#define REAL_LEAF_COUNT 2u

struct fake_lms {
    uint8_t seed[32];
    uint8_t public_key[TATU_LMS_KEY_SIZE];
    mbedtls_lms_private_t key;
};

static int random_bytes(void *context, unsigned char *out, size_t len)
{
    (void)context;
    return RAND_bytes(out, (int)len) == 1 ? 0 : -1;
}

static void make_leaf(struct fake_lms *lms, uint32_t n)
{
    mbedtls_lmots_private_t *leaf = &lms->key.ots_private_keys[n];
    mbedtls_lmots_private_init(leaf);
    int err = mbedtls_lmots_generate_private_key(leaf, MBEDTLS_LMOTS_SHA256_N32_W8,
                                                 lms->key.params.I_key_identifier, n, lms->seed,
                                                 sizeof(lms->seed));
    assert(err == 0);
}

struct fake_lms *fake_lms_new(void)
{
    struct fake_lms *lms = calloc(1, sizeof(*lms));
    mbedtls_lms_public_t public_key;
    psa_status_t status = psa_crypto_init();
    assert(lms != NULL && status == PSA_SUCCESS);
    lms->key.params.type = MBEDTLS_LMS_SHA256_M32_H10;
    lms->key.params.otstype = MBEDTLS_LMOTS_SHA256_N32_W8;
    lms->key.have_private_key = 1;
    lms->key.ots_private_keys = calloc(LEAF_COUNT, sizeof(*lms->key.ots_private_keys));
    lms->key.ots_public_keys = calloc(LEAF_COUNT, sizeof(*lms->key.ots_public_keys));
    assert(lms->key.ots_private_keys != NULL && lms->key.ots_public_keys != NULL);
    int err = random_bytes(NULL, lms->seed, sizeof(lms->seed));
    err |= random_bytes(NULL, lms->key.params.I_key_identifier, MBEDTLS_LMOTS_I_KEY_ID_LEN);
    for (uint32_t n = 0; n < REAL_LEAF_COUNT; n++) {
        make_leaf(lms, n);
        err |= mbedtls_lmots_calculate_public_key(&lms->key.ots_public_keys[n],
                                                  &lms->key.ots_private_keys[n]);
    }
    mbedtls_lms_public_init(&public_key);
    err |= mbedtls_lms_calculate_public_key(&public_key, &lms->key);
    err |=
        mbedtls_lms_export_public_key(&public_key, lms->public_key, sizeof(lms->public_key), NULL);
    assert(err == 0);
    return lms;
}

void fake_lms_free(struct fake_lms *lms)
{
    if (lms != NULL) {
        free(lms->key.ots_private_keys);
        free(lms->key.ots_public_keys);
        free(lms);
    }
}

const uint8_t *fake_lms_public(const struct fake_lms *lms)
{
    return lms->public_key;
}

void fake_lms_sign(struct fake_lms *lms, const uint8_t digest[32],
                   uint8_t out[TATU_IMAGE_SECOND_SIZE])
{
    uint32_t n = lms->key.q_next_usable_key % REAL_LEAF_COUNT;
    make_leaf(lms, n); /* signing took it away */
    lms->key.q_next_usable_key = n;
    int err = mbedtls_lms_sign(&lms->key, random_bytes, NULL, digest, 32, out,
                               TATU_IMAGE_SECOND_SIZE, NULL);
    assert(err == 0);
}

/* What was asked before is answered from memory: a test of power cuts boots the same images some
 * ten thousand times. */
struct verdict {
    bool known;
    bool good;
    uint8_t question[32];
};

static struct verdict *find_verdict(const uint8_t key[TATU_LMS_KEY_SIZE], const uint8_t digest[32],
                                    struct tatu_span signature, uint8_t out_question[32])
{
    static struct verdict verdicts[256];
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    int ok = EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
             EVP_DigestUpdate(hash, key, TATU_LMS_KEY_SIZE) == 1 &&
             EVP_DigestUpdate(hash, digest, 32) == 1 &&
             EVP_DigestUpdate(hash, signature.data, signature.len) == 1 &&
             EVP_DigestFinal_ex(hash, out_question, NULL) == 1;
    assert(ok);
    EVP_MD_CTX_free(hash);
    return &verdicts[out_question[0]];
}

bool fake_lms_verify(const uint8_t key[TATU_LMS_KEY_SIZE], const uint8_t digest[32],
                     struct tatu_span signature)
{
    uint8_t question[32];
    struct verdict *verdict = find_verdict(key, digest, signature, question);
    if (!verdict->known || memcmp(verdict->question, question, sizeof(question)) != 0) {
        mbedtls_lms_public_t public_key;
        mbedtls_lms_public_init(&public_key);
        verdict->known = true;
        memcpy(verdict->question, question, sizeof(question));
        verdict->good =
            mbedtls_lms_import_public_key(&public_key, key, TATU_LMS_KEY_SIZE) == 0 &&
            mbedtls_lms_verify(&public_key, digest, 32, signature.data, signature.len) == 0;
    }
    return verdict->good;
}
