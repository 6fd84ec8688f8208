/* The engines' uses of the device key and of random numbers, key slots that move, and VCTL. */
#include "fake_chip.h"

#include <assert.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#define NONCE_SIZE 12u
#define TAG_SIZE 16u

static void tell(const struct tatu_vault_chip *chip, const uint8_t *secret, size_t len)
{
    if (chip->taint != NULL) {
        chip->taint(secret, len);
    }
}

enum tatu_err tatu_vault_chip_random(struct tatu_vault_chip *chip, uint8_t *out, size_t len)
{
    if (chip->random_fails) {
        tatu_base_wipe(out, len);
        return TATU_ERR_ENTROPY;
    }
    int ok = RAND_bytes(out, (int)len);
    assert(ok == 1);
    tell(chip, out, len);
    return TATU_OK;
}

static bool mac(const struct tatu_vault_chip *chip, struct tatu_span data, uint8_t out[32])
{
    unsigned len = 0;
    if (chip->secrets[TATU_FUSE_SECRET_DEVICE] == NULL) {
        return false;
    }
    return HMAC(EVP_sha256(), chip->device_secret, sizeof(chip->device_secret), data.data, data.len,
                out, &len) != NULL &&
           len == 32;
}

enum tatu_err tatu_vault_chip_hmac(struct tatu_vault_chip *chip, struct tatu_span data,
                                   uint8_t out_mac[32])
{
    assert(data.len <= 64);
    if (!mac(chip, data, out_mac)) {
        return TATU_ERR_NOT_FOUND;
    }
    tell(chip, out_mac, 32);
    return TATU_OK;
}

/* The context with key and nonce; NULL without a device key. */
static EVP_CIPHER_CTX *begin(const struct tatu_vault_chip *chip, const uint8_t label[16],
                             const uint8_t nonce[NONCE_SIZE], int encrypt)
{
    uint8_t data[9 + 16] = "tatu seal";
    uint8_t key[32];
    memcpy(data + 9, label, 16);
    if (!mac(chip, TATU_SPAN_OF(data), key)) {
        return NULL;
    }
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int ok = EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, encrypt);
    assert(ok == 1);
    tatu_base_wipe(key, sizeof(key));
    return ctx;
}

static enum tatu_err seal(struct tatu_vault_chip *chip, const uint8_t label[16],
                          struct tatu_span in, uint8_t *out)
{
    int len = 0;
    if (chip->random_fails) {
        return TATU_ERR_ENTROPY;
    }
    int ok = RAND_bytes(out, NONCE_SIZE);
    EVP_CIPHER_CTX *ctx = begin(chip, label, out, 1);
    if (ctx == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    ok = ok && EVP_CipherUpdate(ctx, out + NONCE_SIZE, &len, in.data, (int)in.len) == 1 &&
         EVP_CipherFinal_ex(ctx, out + NONCE_SIZE + in.len, &len) == 1 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, out + NONCE_SIZE + in.len) == 1;
    assert(ok == 1);
    EVP_CIPHER_CTX_free(ctx);
    return TATU_OK;
}

static enum tatu_err unseal(struct tatu_vault_chip *chip, const uint8_t label[16],
                            struct tatu_span in, uint8_t *out)
{
    uint8_t plain[4096];
    uint8_t tag[TAG_SIZE];
    size_t plain_len = in.len - NONCE_SIZE - TAG_SIZE;
    int len = 0;
    assert(in.len > NONCE_SIZE + TAG_SIZE && in.len <= sizeof(plain));
    EVP_CIPHER_CTX *ctx = begin(chip, label, in.data, 0);
    if (ctx == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    memcpy(tag, in.data + NONCE_SIZE + plain_len, TAG_SIZE);
    bool good = EVP_CipherUpdate(ctx, plain, &len, in.data + NONCE_SIZE, (int)plain_len) == 1 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1 &&
                EVP_CipherFinal_ex(ctx, plain + plain_len, &len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    if (good) {
        memcpy(out, plain, plain_len);
        tell(chip, out, plain_len);
    }
    tatu_base_wipe(plain, sizeof(plain));
    return good ? TATU_OK : TATU_ERR_SIGNATURE;
}

enum tatu_err tatu_vault_chip_seal(struct tatu_vault_chip *chip, bool back, const uint8_t label[16],
                                   struct tatu_span in, uint8_t *out)
{
    return back ? unseal(chip, label, in, out) : seal(chip, label, in, out);
}

enum tatu_err tatu_vault_chip_clear(struct tatu_vault_chip *chip, uint32_t slot)
{
    assert(slot < TATU_ENGINE_SLOT_COUNT);
    if (chip->slot_locked[slot]) {
        return TATU_ERR_STATE;
    }
    EVP_PKEY_free(chip->slots[slot]);
    chip->slots[slot] = NULL;
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_move_slot(struct tatu_vault_chip *chip, uint32_t from, uint32_t to)
{
    assert(from < TATU_ENGINE_SLOT_COUNT && to < TATU_ENGINE_SLOT_COUNT && from != to);
    if (chip->slot_locked[from] || chip->slot_locked[to]) {
        return TATU_ERR_STATE;
    }
    if (chip->slots[from] == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    EVP_PKEY_free(chip->slots[to]);
    chip->slots[to] = chip->slots[from];
    chip->slots[from] = NULL;
    return TATU_OK;
}

static void empty_slots(struct tatu_vault_chip *chip)
{
    for (size_t n = 0; n < TATU_COUNT_OF(chip->slots); n++) {
        EVP_PKEY_free(chip->slots[n]);
        chip->slots[n] = NULL;
    }
}

void fake_chip_wipe(struct tatu_vault_chip *chip)
{
    for (size_t n = 0; n < TATU_COUNT_OF(chip->secrets); n++) {
        EVP_PKEY_free(chip->secrets[n]);
        chip->secrets[n] = NULL;
    }
    empty_slots(chip);
    tatu_base_wipe(chip->device_secret, sizeof(chip->device_secret));
    chip->wiped = true;
}

uint32_t tatu_vault_chip_control(struct tatu_vault_chip *chip, uint32_t at)
{
    return at == TATU_VCTL_STRAPS ? chip->straps : at == TATU_VCTL_REASON ? chip->reason : 0;
}

void tatu_vault_chip_set_control(struct tatu_vault_chip *chip, uint32_t at, uint32_t word)
{
    switch (at) {
    case TATU_VCTL_ACORE:
        chip->acore_released = true;
        return;
    case TATU_VCTL_RESET:
        chip->resets++;
        return;
    case TATU_VCTL_LOCK:
        chip->locked = true;
        chip->slot_locked[TATU_ENGINE_SLOT_IDENTITY] = true;
        chip->slot_locked[TATU_ENGINE_SLOT_ATTESTATION] = true;
        return;
    case TATU_VCTL_DEBUG:
        chip->debug = word;
        if ((word & TATU_DEBUG_VAULT) != 0) {
            empty_slots(chip);
        }
        return;
    default:
        assert(false);
    }
}
