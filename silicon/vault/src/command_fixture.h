/* What the tests of the mailbox's commands share: a device that has booted as far as its monitor,
 * and who asks it. A test program has one of them. */
#ifndef TATU_VAULT_COMMAND_FIXTURE_H
#define TATU_VAULT_COMMAND_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "fake_chip.h"
#include "proto/capability.h"
#include "proto/cose.h"
#include "proto/mailbox.h"
#include "runtime.h"
#include "silicon/vault/vault.h"

#include <cmocka.h>

#define MONITOR TATU_VAULT_CALLER_MONITOR
#define NORMAL TATU_VAULT_CALLER_NORMAL
#define NOTHING ((struct tatu_span){NULL, 0})
#define RAM_AT TATU_MAP_RAM_BASE
#define SECRAM_AT (TATU_MAP_SECRAM_BASE + 0x20000u)

static struct tatu_vault vault;
static struct fake_world *world;
static struct tatu_span answer;

static inline int start(void **state)
{
    (void)state;
    world = fake_world_new();
    return fake_world_boot(world, &vault) ? 0 : 1;
}

static inline int end(void **state)
{
    (void)state;
    fake_world_free(world);
    return 0;
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, start, end)

static inline enum tatu_err ask(uint16_t caller, uint16_t command, struct tatu_span payload)
{
    enum tatu_err err = fake_ask(&vault, caller, command, payload, &answer);
    if (err != TATU_OK) {
        assert_int_equal(answer.len, 0);
    }
    return err;
}

static inline enum tatu_err ask_word(uint16_t caller, uint16_t command, uint32_t word)
{
    uint8_t payload[4];
    tatu_put_le32(payload, word);
    return ask(caller, command, TATU_SPAN_OF(payload));
}

static inline void end_boot(void)
{
    const uint8_t done[2] = {0, 0};
    assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_DONE, TATU_SPAN_OF(done)), TATU_OK);
}

static inline void boot_again(void)
{
    assert_true(fake_world_boot(world, &vault));
    end_boot();
}

/* ---- packages ---- */

static inline enum tatu_err verify_at(uint32_t at, size_t len, uint16_t type, uint16_t flags)
{
    uint8_t request[12];
    tatu_put_le32(request, at);
    tatu_put_le32(request + 4, (uint32_t)len);
    tatu_put_le16(request + 8, type);
    tatu_put_le16(request + 10, flags);
    return ask(MONITOR, TATU_VAULT_VERIFY_IMAGE, TATU_SPAN_OF(request));
}

/* Puts a package at the start of RAM and opens it to DMA. */
static inline size_t put_package(uint16_t type, uint32_t version, EVP_PKEY *signer)
{
    static const uint8_t body[5000] = "a kernel, or so";
    vault.chip->range_base = RAM_AT;
    vault.chip->range_size = FAKE_RAM_SIZE;
    return fake_pack(type, version, TATU_SPAN_OF(body), signer, world->chip->ram, FAKE_RAM_SIZE);
}

static inline void measure(uint16_t type, uint32_t version)
{
    size_t len = put_package(type, version, world->release);
    assert_int_equal(verify_at(RAM_AT, len, type, TATU_VERIFY_MEASURE), TATU_OK);
}

/* ---- statements ---- */

static inline void hash_cose(const char *aad, struct tatu_span payload, uint8_t digest[32])
{
    uint8_t bytes[8192];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    assert_int_equal(tatu_proto_put_sig_head(tatu_cose_protected_es256, aad, payload.len, &buf),
                     TATU_OK);
    assert_int_equal(tatu_base_put_bytes(&buf, payload), TATU_OK);
    fake_digest((struct tatu_span){bytes, buf.len}, digest);
}

/* Signs an order, with the key's thumbprint as kid, and gives it to a command of the normal world.
 */
static inline enum tatu_err ask_signed(uint16_t command, EVP_PKEY *key, const char *aad,
                                       struct tatu_span payload)
{
    uint8_t message[1024];
    uint8_t public_key[64];
    uint8_t digest[32];
    uint8_t kid[32];
    uint8_t signature[64];
    struct tatu_buf buf = TATU_BUF_OF(message);
    fake_public(key, public_key);
    fake_digest(TATU_SPAN_OF(public_key), kid);
    hash_cose(aad, payload, digest);
    fake_sign(key, digest, signature);
    assert_int_equal(tatu_proto_encode_sign1(payload, (struct tatu_span){kid, 20}, signature, &buf),
                     TATU_OK);
    return ask(NORMAL, command, (struct tatu_span){message, buf.len});
}

/* The answer is signed by this key for this use. */
static inline void check_signed(EVP_PKEY *key, const char *aad, struct tatu_cose_sign1 *out)
{
    uint8_t public_key[64];
    uint8_t digest[32];
    assert_int_equal(tatu_proto_decode_sign1(answer, out), TATU_OK);
    fake_public(key, public_key);
    fake_digest(TATU_SPAN_OF(public_key), digest);
    assert_int_equal(out->kid.len, 20);
    assert_memory_equal(out->kid.data, digest, 20);
    hash_cose(aad, out->payload, digest);
    assert_true(fake_verify(public_key, digest, out->signature));
}

static inline void get_nonce(uint16_t command, uint8_t nonce[32])
{
    assert_int_equal(ask(NORMAL, command, NOTHING), TATU_OK);
    assert_int_equal(answer.len, 32);
    memcpy(nonce, answer.data, 32);
}

/* ---- owner, keys ---- */

static inline enum tatu_err claim(uint8_t tenant, EVP_PKEY *owner, uint8_t nonce)
{
    uint8_t request[112];
    memset(request, nonce, 32);
    memset(request + 32, tenant, 16);
    if (owner == NULL) {
        memset(request + 48, 0, 64);
    } else {
        fake_public(owner, request + 48);
    }
    return ask(NORMAL, TATU_VAULT_CLAIM, TATU_SPAN_OF(request));
}

/* purpose, tenant and component, and what comes behind */
static inline enum tatu_err ask_key(uint16_t command, uint8_t purpose, uint8_t tenant,
                                    uint8_t component, struct tatu_span more)
{
    uint8_t request[33 + 32] = {purpose};
    memset(request + 1, tenant, 16);
    memset(request + 17, component, 16);
    if (more.len != 0) {
        memcpy(request + 33, more.data, more.len);
    }
    return ask(NORMAL, command, (struct tatu_span){request, 33 + more.len});
}

static inline enum tatu_err make_key(uint8_t purpose, uint8_t tenant, uint8_t component,
                                     uint8_t out_public[64])
{
    enum tatu_err err = ask_key(TATU_VAULT_MAKE_KEY, purpose, tenant, component, NOTHING);
    if (err == TATU_OK) {
        assert_int_equal(answer.len, 64);
        memcpy(out_public, answer.data, 64);
    }
    return err;
}

/* A capability file of this device for one number. */
static inline enum tatu_err set_capability(uint32_t store, uint32_t number, EVP_PKEY *signer)
{
    uint8_t request[4 + 1024];
    uint8_t file[TATU_CAPABILITY_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(file);
    struct tatu_span body = TATU_SPAN_OF(file);
    assert_int_equal(
        tatu_proto_encode_capability(TATU_CAPABILITY_BIT(number), vault.evidence.device_id, &buf),
        TATU_OK);
    tatu_put_le32(request, store);
    size_t len = fake_pack(TATU_IMAGE_CAPABILITY, 0, body, signer, request + 4, 1024);
    return ask(NORMAL, TATU_VAULT_SET_CAPABILITY, (struct tatu_span){request, 4 + len});
}

#endif
