#include "fake_chip.h"

#include "fake_lms.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mailbox.h"
#include "runtime.h"
#include "silicon/vault/vault.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>

/* ---- keys ---- */

EVP_PKEY *fake_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert(key != NULL);
    return key;
}

void fake_public(EVP_PKEY *key, uint8_t out[64])
{
    uint8_t point[65];
    size_t len = 0;
    int ok =
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len);
    assert(ok == 1 && len == sizeof(point) && point[0] == 4);
    memcpy(out, point + 1, 64);
}

static void free_lms_of_key(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl,
                            void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    fake_lms_free(ptr);
}

static struct fake_lms *lms_of(EVP_PKEY *key)
{
    static int index = -1;
    if (index < 0) {
        index =
            CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_EVP_PKEY, 0, NULL, NULL, NULL, free_lms_of_key);
    }
    struct fake_lms *lms = EVP_PKEY_get_ex_data(key, index);
    if (lms == NULL) {
        lms = fake_lms_new();
        int ok = EVP_PKEY_set_ex_data(key, index, lms);
        assert(ok == 1);
    }
    return lms;
}

void fake_lms_public_of(EVP_PKEY *key, uint8_t out[TATU_LMS_KEY_SIZE])
{
    memcpy(out, fake_lms_public(lms_of(key)), TATU_LMS_KEY_SIZE);
}

void fake_root_hash(EVP_PKEY *root, uint8_t out[32])
{
    uint8_t keys[64 + TATU_LMS_KEY_SIZE];
    fake_public(root, keys);
    fake_lms_public_of(root, keys + 64);
    fake_digest(TATU_SPAN_OF(keys), out);
}

void fake_digest(struct tatu_span bytes, uint8_t out[32])
{
    int ok = EVP_Digest(bytes.data, bytes.len, out, NULL, EVP_sha256(), NULL);
    assert(ok == 1);
}

void fake_sign(EVP_PKEY *key, const uint8_t digest[32], uint8_t out[64])
{
    uint8_t der[80];
    const uint8_t *p = der;
    size_t len = sizeof(der);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    int ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
             EVP_PKEY_sign(ctx, der, &len, digest, 32) == 1;
    assert(ok);
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
    ok = BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32;
    assert(ok);
    ECDSA_SIG_free(sig);
    EVP_PKEY_CTX_free(ctx);
}

static EVP_PKEY *key_of_public(const uint8_t public_key[64])
{
    uint8_t point[65] = {4};
    EVP_PKEY *key = NULL;
    memcpy(point + 1, public_key, 64);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"P-256"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

bool fake_verify(const uint8_t key[64], const uint8_t digest[32], const uint8_t signature[64])
{
    EVP_PKEY *pkey = key_of_public(key);
    if (pkey == NULL) {
        return false;
    }
    uint8_t *der = NULL;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    (void)ECDSA_SIG_set0(sig, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL));
    int len = i2d_ECDSA_SIG(sig, &der);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    bool valid = len > 0 && EVP_PKEY_verify_init(ctx) == 1 &&
                 EVP_PKEY_verify(ctx, der, (size_t)len, digest, 32) == 1;
    EVP_PKEY_CTX_free(ctx);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    EVP_PKEY_free(pkey);
    return valid;
}

/* ---- the chip's life ---- */

struct tatu_vault_chip *fake_chip_over(uint8_t *flash, uint8_t *secram, uint8_t *mail, uint8_t *ram,
                                       size_t ram_size)
{
    struct tatu_vault_chip *chip = calloc(1, sizeof(*chip));
    assert(chip != NULL);
    chip->borrows = true;
    chip->flash = flash;
    chip->secram = secram;
    chip->mail = mail;
    chip->ram = ram;
    chip->ram_size = ram_size;
    chip->hash = EVP_MD_CTX_new();
    chip->power_left = -1;
    chip->reason = TATU_RESET_POWER_ON;
    return chip;
}

struct tatu_vault_chip *fake_chip_new(void)
{
    uint8_t *flash = malloc(TATU_FLASH_SIZE);
    uint8_t *secram = calloc(1, TATU_MAP_SECRAM_SIZE);
    uint8_t *mail = calloc(1, TATU_MAP_MAILRAM_SIZE);
    uint8_t *ram = calloc(1, FAKE_RAM_SIZE);
    assert(flash != NULL && secram != NULL && mail != NULL && ram != NULL);
    memset(flash, 0xff, TATU_FLASH_SIZE);
    struct tatu_vault_chip *chip = fake_chip_over(flash, secram, mail, ram, FAKE_RAM_SIZE);
    chip->borrows = false;
    return chip;
}

void fake_chip_reset(struct tatu_vault_chip *chip)
{
    for (size_t n = 0; n < TATU_COUNT_OF(chip->slots); n++) {
        EVP_PKEY_free(chip->slots[n]);
        chip->slots[n] = NULL;
        chip->slot_locked[n] = false;
    }
    chip->power_left = -1;
    chip->is_off = chip->random_fails = false;
    chip->debug = 0;
    chip->range_base = chip->range_size = 0;
    chip->locked = chip->acore_released = false;
    chip->rings = 0;
    chip->log_len = chip->fab_in_len = chip->fab_in_at = chip->fab_out_len = 0;
    memset(chip->log, 0, sizeof(chip->log));
}

void fake_chip_free(struct tatu_vault_chip *chip)
{
    fake_chip_reset(chip);
    for (size_t n = 0; n < TATU_COUNT_OF(chip->secrets); n++) {
        EVP_PKEY_free(chip->secrets[n]);
    }
    EVP_MD_CTX_free(chip->hash);
    if (!chip->borrows) {
        free(chip->flash);
        free(chip->secram);
        free(chip->mail);
        free(chip->ram);
    }
    free(chip);
}

void fake_chip_provision(struct tatu_vault_chip *chip, EVP_PKEY *root)
{
    uint8_t digest[32];
    for (uint32_t n = 0; n < TATU_COUNT_OF(chip->secrets); n++) {
        tatu_vault_chip_burn(chip, TATU_FUSE_SECRET_COMMAND, n);
    }
    fake_root_hash(root, digest);
    for (uint32_t at = 0; at < sizeof(digest); at += 4) {
        tatu_vault_chip_burn(chip, TATU_FUSE_ROOT_HASH + at, tatu_get_le32(digest + at));
        tatu_vault_chip_burn(chip, TATU_FUSE_IMPLEMENTATION + at, 0x01010101u * (at + 1));
    }
    tatu_vault_chip_burn(chip, TATU_FUSE_CLASS, 1);
    tatu_vault_chip_burn(chip, TATU_FUSE_FAB_LOCK, 1);
    tatu_vault_chip_burn(chip, TATU_FUSE_LIFECYCLE, 1);
}

void fake_chip_burn_floor(struct tatu_vault_chip *chip, uint32_t floor, uint32_t version)
{
    for (uint32_t bit = 0; bit < version; bit++) {
        tatu_vault_chip_burn(chip, TATU_FUSE_FLOOR + 8 * floor + 4 * (bit / 32), 1u << bit % 32);
    }
}

/* ---- chip.h: serial, fuses, memories ---- */

void tatu_vault_chip_print(struct tatu_vault_chip *chip, char c)
{
    assert(chip->log_len + 1 < sizeof(chip->log));
    chip->log[chip->log_len++] = c;
}

uint8_t tatu_vault_chip_fab_get(struct tatu_vault_chip *chip)
{
    assert(chip->fab_in_at < chip->fab_in_len);
    return chip->fab_in[chip->fab_in_at++];
}

void tatu_vault_chip_fab_put(struct tatu_vault_chip *chip, uint8_t byte)
{
    assert(chip->fab_out_len < sizeof(chip->fab_out));
    chip->fab_out[chip->fab_out_len++] = byte;
}

void tatu_vault_chip_recovery_open(struct tatu_vault_chip *chip)
{
    (void)chip;
}

int tatu_vault_chip_recovery_get(struct tatu_vault_chip *chip)
{
    return chip->recovery_get == NULL ? TATU_VAULT_NO_PORT
                                      : chip->recovery_get(chip->recovery_context);
}

void tatu_vault_chip_recovery_put(struct tatu_vault_chip *chip, uint8_t byte)
{
    if (chip->recovery_put != NULL) {
        chip->recovery_put(chip->recovery_context, byte);
    }
}

uint32_t tatu_vault_chip_fuse(struct tatu_vault_chip *chip, uint32_t at)
{
    if (at == TATU_FUSE_SECRET_STATUS) {
        uint32_t filled = 0;
        for (uint32_t n = 0; n < TATU_COUNT_OF(chip->secrets); n++) {
            filled |= chip->secrets[n] != NULL ? 1u << n : 0;
        }
        return filled;
    }
    if (at == TATU_FUSE_WIPE) {
        return chip->wiped;
    }
    assert(at % 4 == 0 && at < sizeof(chip->fuses));
    return chip->fuses[at / 4];
}

bool fake_chip_persists(struct tatu_vault_chip *chip)
{
    bool on = !chip->is_off && chip->power_left != 0 &&
              (chip->persist == NULL || chip->persist(chip->persist_context));
    chip->power_left -= chip->power_left > 0 ? 1 : 0;
    chip->is_off = !on;
    return on;
}

static void fill_secret(struct tatu_vault_chip *chip, uint32_t n)
{
    if (n >= TATU_COUNT_OF(chip->secrets) || chip->secrets[n] != NULL || chip->wiped ||
        !fake_chip_persists(chip)) {
        return;
    }
    chip->secrets[n] = fake_key();
    if (n == TATU_FUSE_SECRET_DEVICE) {
        (void)RAND_bytes(chip->device_secret, sizeof(chip->device_secret));
    }
}

void tatu_vault_chip_burn(struct tatu_vault_chip *chip, uint32_t at, uint32_t bits)
{
    bool closed = chip->locked || (chip->fuses[TATU_FUSE_FAB_LOCK / 4] & 1) != 0;
    bool of_fab = at != TATU_FUSE_LIFECYCLE && at != TATU_FUSE_ROOT_REVOKED &&
                  (at < TATU_FUSE_FLOOR || at == TATU_FUSE_SECRET_COMMAND);
    if (closed && of_fab) {
        return;
    }
    if (at == TATU_FUSE_SECRET_COMMAND) {
        fill_secret(chip, bits);
        return;
    }
    if (at == TATU_FUSE_WIPE) {
        if (bits == TATU_FUSE_WIPE_NOW && fake_chip_persists(chip)) {
            fake_chip_wipe(chip);
        }
        return;
    }
    assert(at % 4 == 0 && at < sizeof(chip->fuses));
    if (chip->weak_fuse != at + 1 && (chip->fuses[at / 4] | bits) != chip->fuses[at / 4] &&
        fake_chip_persists(chip)) {
        chip->fuses[at / 4] |= bits;
    }
}

uint64_t tatu_vault_chip_counter(struct tatu_vault_chip *chip, uint32_t counter)
{
    return chip->counters[counter];
}

uint64_t tatu_vault_chip_count(struct tatu_vault_chip *chip, uint32_t counter)
{
    chip->counters[counter] += fake_chip_persists(chip) ? 1 : 0;
    return chip->counters[counter];
}

void tatu_vault_chip_load(struct tatu_vault_chip *chip, uint32_t at, uint8_t *out, size_t len)
{
    assert(at % 4 == 0 && at + len <= sizeof(chip->nvm));
    memcpy(out, chip->nvm + at, len);
}

void tatu_vault_chip_store(struct tatu_vault_chip *chip, uint32_t at, struct tatu_span bytes)
{
    assert(at % 4 == 0 && bytes.len % 4 == 0 && at + bytes.len <= sizeof(chip->nvm));
    assert((at + bytes.len) % 64 == 0); /* the real memory keeps a unit when its last word comes */
    for (size_t done = 0; done < bytes.len && fake_chip_persists(chip);) {
        size_t len = 64 - (at + done) % 64;
        memcpy(chip->nvm + at + done, bytes.data + done, len);
        done += len;
    }
}

void tatu_vault_chip_flash(struct tatu_vault_chip *chip, uint32_t at, uint8_t *out, size_t len)
{
    assert(at % 4 == 0 && at <= TATU_FLASH_SIZE && len <= TATU_FLASH_SIZE - at);
    memcpy(out, chip->flash + at, len);
}

/* ---- chip.h: engines ---- */

static uint8_t *remote(struct tatu_vault_chip *chip, uint32_t at, uint32_t len, bool write)
{
    const struct {
        uint32_t base;
        uint32_t size;
        uint8_t *bytes;
        bool writable;
    } places[] = {
        {TATU_MAP_FLASH_BASE, TATU_MAP_FLASH_SIZE, chip->flash, false},
        {TATU_MAP_SECRAM_BASE, TATU_MAP_SECRAM_SIZE, chip->secram, true},
        {TATU_MAP_RAM_BASE, (uint32_t)chip->ram_size, chip->ram, true},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(places); i++) {
        uint64_t end = (uint64_t)at + len;
        bool in_range = i < 2 || (at >= chip->range_base &&
                                  end <= (uint64_t)chip->range_base + chip->range_size);
        if (at >= places[i].base && end <= (uint64_t)places[i].base + places[i].size && in_range &&
            (places[i].writable || !write)) {
            return places[i].bytes + (at - places[i].base);
        }
    }
    return NULL;
}

enum tatu_err tatu_vault_chip_hash_init(struct tatu_vault_chip *chip)
{
    return EVP_DigestInit_ex(chip->hash, EVP_sha256(), NULL) == 1 ? TATU_OK : TATU_ERR_ARGUMENT;
}

enum tatu_err tatu_vault_chip_hash(struct tatu_vault_chip *chip, struct tatu_span bytes)
{
    return EVP_DigestUpdate(chip->hash, bytes.data, bytes.len) == 1 ? TATU_OK : TATU_ERR_ARGUMENT;
}

enum tatu_err tatu_vault_chip_hash_remote(struct tatu_vault_chip *chip, uint32_t address,
                                          uint32_t len)
{
    const uint8_t *bytes = remote(chip, address, len, false);
    return bytes == NULL ? TATU_ERR_DENIED
                         : tatu_vault_chip_hash(chip, (struct tatu_span){bytes, len});
}

enum tatu_err tatu_vault_chip_hash_done(struct tatu_vault_chip *chip, uint8_t out_digest[32])
{
    return EVP_DigestFinal_ex(chip->hash, out_digest, NULL) == 1 ? TATU_OK : TATU_ERR_ARGUMENT;
}

/* Digest of all that a verdict depends on. */
static void name_verdict(struct tatu_span key, const uint8_t digest[32], struct tatu_span signature,
                         uint8_t out[32])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int ok = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
             EVP_DigestUpdate(context, key.data, key.len) == 1 &&
             EVP_DigestUpdate(context, digest, 32) == 1 &&
             EVP_DigestUpdate(context, signature.data, signature.len) == 1 &&
             EVP_DigestFinal_ex(context, out, NULL) == 1;
    assert(ok);
    EVP_MD_CTX_free(context);
}

static bool was_seen(const struct tatu_vault_chip *chip, const uint8_t name[32])
{
    bool seen = false;
    for (uint32_t i = 0; i < chip->seen_count; i++) {
        seen |= memcmp(chip->seen[i], name, 32) == 0;
    }
    return chip->remembers && seen;
}

static void remember(struct tatu_vault_chip *chip, const uint8_t name[32])
{
    if (chip->remembers && chip->seen_count < FAKE_SEEN_MAX) {
        memcpy(chip->seen[chip->seen_count++], name, 32);
    }
}

enum tatu_err tatu_vault_chip_verify(struct tatu_vault_chip *chip, const uint8_t key[64],
                                     const uint8_t digest[32], const uint8_t signature[64])
{
    uint8_t name[32];
    bool good = chip->verify_says_yes ||
                (chip->always_good != NULL && memcmp(chip->always_good, key, 64) == 0);
    name_verdict((struct tatu_span){key, 64}, digest, (struct tatu_span){signature, 64}, name);
    if (good || was_seen(chip, name)) {
        return TATU_OK;
    }
    if (!fake_verify(key, digest, signature)) {
        return TATU_ERR_SIGNATURE;
    }
    remember(chip, name);
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_verify_lms(struct tatu_vault_chip *chip,
                                         const uint8_t key[TATU_LMS_KEY_SIZE],
                                         const uint8_t digest[32], struct tatu_span signature)
{
    uint8_t name[32];
    name_verdict((struct tatu_span){key, TATU_LMS_KEY_SIZE}, digest, signature, name);
    if (chip->lms_says_yes || was_seen(chip, name)) {
        return TATU_OK;
    }
    if (!fake_lms_verify(key, digest, signature)) {
        return TATU_ERR_SIGNATURE;
    }
    remember(chip, name);
    return TATU_OK;
}

static enum tatu_err fill_slot(struct tatu_vault_chip *chip, uint32_t slot, EVP_PKEY *key,
                               uint8_t out_public[64])
{
    EVP_PKEY_free(chip->slots[slot]);
    chip->slots[slot] = key;
    fake_public(key, out_public);
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_generate(struct tatu_vault_chip *chip, uint32_t slot,
                                       uint8_t out_public[64])
{
    assert(slot < TATU_ENGINE_SLOT_COUNT);
    if (chip->random_fails) {
        return TATU_ERR_ENTROPY;
    }
    return chip->slot_locked[slot] ? TATU_ERR_STATE : fill_slot(chip, slot, fake_key(), out_public);
}

enum tatu_err tatu_vault_chip_load_fuse(struct tatu_vault_chip *chip, uint32_t slot,
                                        uint32_t secret, uint8_t out_public[64])
{
    assert(slot < TATU_ENGINE_SLOT_COUNT && secret < TATU_COUNT_OF(chip->secrets));
    if (chip->slot_locked[slot]) {
        return TATU_ERR_STATE;
    }
    if (chip->secrets[secret] == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    (void)EVP_PKEY_up_ref(chip->secrets[secret]);
    return fill_slot(chip, slot, chip->secrets[secret], out_public);
}

enum tatu_err tatu_vault_chip_public(struct tatu_vault_chip *chip, uint32_t slot,
                                     uint8_t out_public[64])
{
    if (chip->slots[slot] == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    fake_public(chip->slots[slot], out_public);
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_sign(struct tatu_vault_chip *chip, uint32_t slot,
                                   const uint8_t digest[32], uint8_t out_signature[64])
{
    if (chip->slots[slot] == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    if (chip->random_fails) {
        return TATU_ERR_ENTROPY;
    }
    fake_sign(chip->slots[slot], digest, out_signature);
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_lock_slot(struct tatu_vault_chip *chip, uint32_t slot)
{
    chip->slot_locked[slot] = true;
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_fetch(struct tatu_vault_chip *chip, uint32_t address, uint8_t *out,
                                    uint32_t len)
{
    const uint8_t *bytes = remote(chip, address, len, false);
    if (bytes == NULL) {
        return TATU_ERR_DENIED;
    }
    memcpy(out, bytes, len);
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_place(struct tatu_vault_chip *chip, uint32_t address,
                                    struct tatu_span bytes)
{
    uint8_t *target = remote(chip, address, (uint32_t)bytes.len, true);
    if (target == NULL) {
        return TATU_ERR_DENIED;
    }
    memcpy(target, bytes.data, bytes.len);
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_move(struct tatu_vault_chip *chip, uint32_t from, uint32_t to,
                                   uint32_t len)
{
    const uint8_t *source = remote(chip, from, len, false);
    uint8_t *target = remote(chip, to, len, true);
    if (source == NULL || target == NULL) {
        return TATU_ERR_DENIED;
    }
    memmove(target, source, len);
    return TATU_OK;
}

void tatu_vault_chip_set_range(struct tatu_vault_chip *chip, uint32_t base, uint32_t size)
{
    chip->range_base = base;
    chip->range_size = size;
}

/* ---- chip.h: control, mailbox ---- */

uint64_t tatu_vault_chip_uptime_ms(struct tatu_vault_chip *chip)
{
    return chip->uptime_ms;
}

void tatu_vault_chip_take(struct tatu_vault_chip *chip, uint32_t at, uint8_t *out, size_t len)
{
    assert(at + len <= TATU_MAILRAM_RESPONSE);
    memcpy(out, chip->mail + at, len);
}

void tatu_vault_chip_give(struct tatu_vault_chip *chip, uint32_t at, struct tatu_span bytes)
{
    assert(at >= TATU_MAILRAM_RESPONSE && at + bytes.len <= TATU_MAP_MAILRAM_SIZE);
    memcpy(chip->mail + at, bytes.data, bytes.len);
}

void tatu_vault_chip_ring(struct tatu_vault_chip *chip)
{
    chip->rings++;
}

/* ---- packages and worlds ---- */

static void fill_second(struct tatu_buf *buf, EVP_PKEY *signer)
{
    size_t second_at = buf->len - 4 - TATU_IMAGE_SECOND_SIZE;
    uint8_t digest[32];
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    int ok = EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
             EVP_DigestUpdate(hash, buf->data, second_at) == 1 &&
             EVP_DigestUpdate(hash, buf->data + buf->len - 4, 4) == 1 &&
             EVP_DigestFinal_ex(hash, digest, NULL) == 1;
    assert(ok);
    EVP_MD_CTX_free(hash);
    fake_lms_sign(lms_of(signer), digest, buf->data + second_at);
}

size_t fake_pack(uint16_t type, uint32_t version, struct tatu_span body, EVP_PKEY *signer,
                 uint8_t *out, size_t cap)
{
    bool twice = type != TATU_IMAGE_APPLICATION && type != TATU_IMAGE_CAPABILITY;
    return fake_pack_by(type, version, body, signer, twice ? signer : NULL, out, cap);
}

size_t fake_pack_by(uint16_t type, uint32_t version, struct tatu_span body, EVP_PKEY *signer,
                    EVP_PKEY *second, uint8_t *out, size_t cap)
{
    uint8_t public_key[64];
    uint8_t digest[32];
    struct tatu_image_info info = {
        .type = type, .security_version = version, .has_second = second != NULL};
    struct tatu_buf buf = {out, 0, cap};
    memset(info.component, 0xc0, sizeof(info.component));
    memset(info.image, (int)version, sizeof(info.image));
    memcpy(info.name, "fake", 4);
    fake_public(signer, public_key);
    fake_digest(TATU_SPAN_OF(public_key), digest);
    memcpy(info.thumbprint, digest, sizeof(info.thumbprint));
    info.body_len = (uint32_t)body.len;
    enum tatu_err err = tatu_base_put_bytes(&buf, body);
    assert(err == TATU_OK);
    err = tatu_proto_encode_metadata(&info, &buf);
    assert(err == TATU_OK && buf.len + 64 <= cap);
    if (second != NULL) {
        fill_second(&buf, second);
    }
    fake_digest((struct tatu_span){buf.data, buf.len}, digest);
    fake_sign(signer, digest, out + buf.len);
    return buf.len + 64;
}

size_t fake_keystore(EVP_PKEY *root, EVP_PKEY *release, EVP_PKEY *time_key, uint32_t revoked,
                     uint8_t *out, size_t cap)
{
    struct tatu_keystore keystore = {.count = 1, .front_port = 1, .update_port = 2};
    struct tatu_buf buf = {out, 0, cap};
    fake_public(root, keystore.root);
    fake_lms_public_of(root, keystore.root_lms);
    fake_public(release, keystore.keys[0].key);
    fake_lms_public_of(release, keystore.keys[0].lms);
    keystore.keys[0].usage = TATU_KEY_USAGE_FIRMWARE;
    keystore.keys[0].revoked = revoked;
    fake_public(time_key, keystore.time_key);
    fake_public(time_key, keystore.service_root);
    fake_public(time_key, keystore.director_key);
    memcpy(keystore.host, "localhost", 9);
    enum tatu_err err = tatu_proto_encode_keystore(&keystore, &buf);
    assert(err == TATU_OK);
    return buf.len;
}

void fake_flash_slot(struct tatu_vault_chip *chip, uint32_t at, uint32_t size,
                     struct tatu_span package)
{
    assert(package.len <= size - TATU_FLASH_FOOTER_SIZE);
    uint8_t *footer = chip->flash + at + size - TATU_FLASH_FOOTER_SIZE;
    memset(chip->flash + at, 0xff, size);
    memcpy(chip->flash + at, package.data, package.len);
    tatu_put_le32(footer, TATU_FLASH_FOOTER_MAGIC);
    tatu_put_le32(footer + 4, (uint32_t)package.len);
    tatu_put_le32(footer + 8, ~(uint32_t)package.len);
    tatu_put_le32(footer + 12, 0);
}

void fake_world_install(struct fake_world *world, uint8_t set, uint32_t version)
{
    static const uint8_t runtime[] = "the runtime's body";
    static const uint8_t monitor[] = "the monitor's body, which is longer";
    uint8_t package[TATU_FLASH_KEYSTORE_SIZE];
    uint8_t keystore[TATU_KEYSTORE_MAX];
    uint32_t base = set * TATU_FLASH_SET_STRIDE;
    size_t len =
        fake_keystore(world->root, world->release, world->time_key, 0, keystore, sizeof(keystore));
    fake_public(world->director, keystore + len - 64 - (2 + 9 + 4)); /* host and ports are behind */
    len = fake_pack(TATU_IMAGE_KEYSTORE, version, (struct tatu_span){keystore, len}, world->root,
                    package, sizeof(package));
    fake_flash_slot(world->chip, base + TATU_FLASH_KEYSTORE_AT, TATU_FLASH_KEYSTORE_SIZE,
                    (struct tatu_span){package, len});
    len = fake_pack(TATU_IMAGE_VAULT_RUNTIME, version, TATU_SPAN_OF(runtime), world->release,
                    package, sizeof(package));
    fake_flash_slot(world->chip, base + TATU_FLASH_VAULT_AT, TATU_FLASH_VAULT_SIZE,
                    (struct tatu_span){package, len});
    len = fake_pack(TATU_IMAGE_MONITOR, version, TATU_SPAN_OF(monitor), world->release, package,
                    sizeof(package));
    fake_flash_slot(world->chip, base + TATU_FLASH_MONITOR_AT, TATU_FLASH_MONITOR_SIZE,
                    (struct tatu_span){package, len});
}

struct fake_world *fake_world_new(void)
{
    struct fake_world *world = calloc(1, sizeof(*world));
    assert(world != NULL);
    world->chip = fake_chip_new();
    world->root = fake_key();
    world->release = fake_key();
    world->time_key = fake_key();
    world->director = fake_key();
    world->owner = fake_key();
    fake_chip_provision(world->chip, world->root);
    fake_world_install(world, 0, 1);
    fake_world_install(world, 1, 1);
    return world;
}

void fake_world_free(struct fake_world *world)
{
    fake_chip_free(world->chip);
    EVP_PKEY_free(world->root);
    EVP_PKEY_free(world->release);
    EVP_PKEY_free(world->time_key);
    EVP_PKEY_free(world->director);
    EVP_PKEY_free(world->owner);
    free(world);
}

bool fake_world_boot(struct fake_world *world, struct tatu_vault *vault)
{
    uint8_t image[TATU_FLASH_VAULT_SIZE];
    struct tatu_vault_handover handover;
    uint8_t code[4] = {0}; /* CRC-32 of nothing is 0 */
    fake_chip_reset(world->chip);
    return tatu_vault_run_rom(world->chip, TATU_SPAN_OF(code), TATU_BUF_OF(image), &handover) ==
               TATU_VAULT_RUN &&
           tatu_vault_start(world->chip, &handover, vault) == TATU_OK &&
           world->chip->acore_released;
}

enum tatu_err fake_ask(struct tatu_vault *vault, uint16_t caller, uint16_t command,
                       struct tatu_span payload, struct tatu_span *out_answer)
{
    uint32_t sequence = ++vault->chip->sequence;
    uint8_t *request = vault->chip->mail + TATU_MAILRAM_REQUEST;
    const uint8_t *answer = vault->chip->mail + TATU_MAILRAM_RESPONSE;
    tatu_put_le32(request, sequence);
    tatu_put_le16(request + 4, command);
    tatu_put_le16(request + 6, caller);
    tatu_put_le32(request + 8, (uint32_t)payload.len);
    if (payload.len > 0) {
        memcpy(request + TATU_MAILBOX_HEADER_SIZE, payload.data, payload.len);
    }
    uint32_t rings = vault->chip->rings;
    tatu_vault_serve(vault);
    assert(vault->chip->rings == rings + 1);
    assert(tatu_get_le32(answer) == sequence && tatu_get_le16(answer + 4) == command);
    *out_answer = (struct tatu_span){answer + TATU_MAILBOX_HEADER_SIZE, tatu_get_le32(answer + 8)};
    return (enum tatu_err)tatu_get_le16(answer + 6);
}
