#include "runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_chip.h"
#include "proto/cose.h"
#include "silicon/vault/vault.h"

#define MONITOR TATU_VAULT_CALLER_MONITOR
#define NORMAL TATU_VAULT_CALLER_NORMAL
#define NOTHING ((struct tatu_span){NULL, 0})
#define RAM_AT TATU_MAP_RAM_BASE

static struct tatu_vault vault;
static struct fake_world *world;
static struct tatu_span answer;

static int start(void **state)
{
    (void)state;
    world = fake_world_new();
    return fake_world_boot(world, &vault) ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    fake_world_free(world);
    return 0;
}

static enum tatu_err ask(uint16_t caller, uint16_t command, struct tatu_span payload)
{
    enum tatu_err err = fake_ask(&vault, caller, command, payload, &answer);
    if (err != TATU_OK) {
        assert_int_equal(answer.len, 0);
    }
    return err;
}

static void end_boot(void)
{
    const uint8_t done[2] = {0, 0};
    assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_DONE, TATU_SPAN_OF(done)), TATU_OK);
}

/* ---- callers, commands, lengths ---- */

static const struct {
    uint16_t command;
    uint16_t len; /* a right one */
    bool exact;
    bool monitor;
    bool normal;
} table[] = {
    {TATU_VAULT_VERIFY_IMAGE, 12, true, true, false},
    {TATU_VAULT_MEASURE_APPS, 1, false, true, false},
    {TATU_VAULT_SET_DMA, 8, true, true, false},
    {TATU_VAULT_BOOT_DONE, 2, true, true, false},
    {TATU_VAULT_GET_BOOT, 0, true, true, false},
    {TATU_VAULT_GET_INFO, 0, true, true, true},
    {TATU_VAULT_TIME_NONCE, 0, true, false, true},
    {TATU_VAULT_SET_TIME, 1, false, false, true},
    {TATU_VAULT_MAKE_KEY, 17, true, false, true},
    {TATU_VAULT_MAKE_EVIDENCE, 32, true, false, true},
    {TATU_VAULT_SIGN_TLS, 49, true, false, true},
    {TATU_VAULT_CLAIM, 112, true, false, true},
    {TATU_VAULT_RANDOM, 2, true, true, true},
};

static void each_caller_has_its_own_table(void **state)
{
    (void)state;
    uint8_t zero[256] = {0};
    end_boot();
    for (size_t i = 0; i < TATU_COUNT_OF(table); i++) {
        struct tatu_span payload = {zero, table[i].len};
        if (!table[i].monitor) {
            assert_int_equal(ask(MONITOR, table[i].command, payload), TATU_ERR_DENIED);
        }
        if (!table[i].normal) {
            assert_int_equal(ask(NORMAL, table[i].command, payload), TATU_ERR_DENIED);
        }
        assert_int_equal(ask(0, table[i].command, payload), TATU_ERR_DENIED);
        assert_int_equal(ask(3, table[i].command, payload), TATU_ERR_DENIED);
    }
}

static void commands_that_do_not_exist_are_named_so(void **state)
{
    (void)state;
    end_boot();
    for (uint32_t command = 0; command <= UINT16_MAX; command++) {
        bool known = false;
        for (size_t i = 0; i < TATU_COUNT_OF(table); i++) {
            known = known || table[i].command == command;
        }
        if (!known) {
            assert_int_equal(ask(MONITOR, (uint16_t)command, NOTHING), TATU_ERR_UNKNOWN_COMMAND);
            assert_int_equal(ask(NORMAL, (uint16_t)command, NOTHING), TATU_ERR_UNKNOWN_COMMAND);
        }
    }
}

static void payload_lengths_are_exact(void **state)
{
    (void)state;
    uint8_t zero[256] = {0};
    end_boot();
    for (size_t i = 0; i < TATU_COUNT_OF(table); i++) {
        uint16_t caller = table[i].monitor ? MONITOR : NORMAL;
        if (table[i].len > 0) {
            assert_int_equal(
                ask(caller, table[i].command, (struct tatu_span){zero, table[i].len - 1u}),
                TATU_ERR_SHORT);
        }
        if (table[i].exact) {
            assert_int_equal(
                ask(caller, table[i].command, (struct tatu_span){zero, table[i].len + 1u}),
                TATU_ERR_LONG);
        }
    }
}

static void a_header_that_lies_about_its_length_is_refused(void **state)
{
    (void)state;
    uint8_t *request = world->chip->mail + TATU_MAILRAM_REQUEST;
    const uint8_t *reply = world->chip->mail + TATU_MAILRAM_RESPONSE;
    const uint32_t lengths[] = {TATU_MAILBOX_PAYLOAD_MAX + 1, 0x7fffffffu, 0xffffffffu};
    for (size_t i = 0; i < TATU_COUNT_OF(lengths); i++) {
        tatu_put_le32(request, 0xabcd0000u + (uint32_t)i);
        tatu_put_le16(request + 4, TATU_VAULT_GET_INFO);
        tatu_put_le16(request + 6, MONITOR);
        tatu_put_le32(request + 8, lengths[i]);
        tatu_vault_serve(&vault);
        assert_int_equal(tatu_get_le32(reply), 0xabcd0000u + i);
        assert_int_equal(tatu_get_le16(reply + 6), TATU_ERR_LONG);
        assert_int_equal(tatu_get_le32(reply + 8), 0);
    }
}

static void normal_world_waits_for_the_end_of_boot(void **state)
{
    (void)state;
    assert_int_equal(ask(NORMAL, TATU_VAULT_GET_INFO, NOTHING), TATU_ERR_STATE);
    end_boot();
    assert_int_equal(ask(NORMAL, TATU_VAULT_GET_INFO, NOTHING), TATU_OK);
}

static void buffers_are_wiped_after_each_answer(void **state)
{
    (void)state;
    const uint8_t len[2] = {64, 0};
    assert_int_equal(ask(MONITOR, TATU_VAULT_RANDOM, TATU_SPAN_OF(len)), TATU_OK);
    for (size_t i = 0; i < sizeof(vault.answer); i++) {
        assert_int_equal(vault.answer[i] | vault.request[i] | vault.scratch[i], 0);
    }
}

/* ---- boot phase ---- */

static enum tatu_err verify_at(uint32_t at, size_t len, uint16_t type, uint16_t flags)
{
    uint8_t request[12];
    tatu_put_le32(request, at);
    tatu_put_le32(request + 4, (uint32_t)len);
    tatu_put_le16(request + 8, type);
    tatu_put_le16(request + 10, flags);
    return ask(MONITOR, TATU_VAULT_VERIFY_IMAGE, TATU_SPAN_OF(request));
}

/* Puts a package at the start of RAM and opens it to DMA. */
static size_t put_package(uint16_t type, uint32_t version, EVP_PKEY *signer)
{
    static const uint8_t body[5000] = "a kernel, or so";
    vault.chip->range_base = RAM_AT;
    vault.chip->range_size = FAKE_RAM_SIZE;
    return fake_pack(type, version, TATU_SPAN_OF(body), signer, world->chip->ram, FAKE_RAM_SIZE);
}

static void verify_answers_what_the_metadata_says(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    uint8_t digest[32];
    size_t len = put_package(TATU_IMAGE_KERNEL, 3, world->release);
    assert_int_equal(verify_at(RAM_AT, len, TATU_IMAGE_KERNEL, 0), TATU_OK);
    assert_int_equal(tatu_proto_decode_verified(answer, &image), TATU_OK);
    fake_digest((struct tatu_span){world->chip->ram, len}, digest);
    assert_memory_equal(image.digest, digest, 32);
    assert_int_equal(image.body_len, 5000);
    assert_int_equal(image.security_version, 3);
    assert_int_equal(image.image_type, TATU_IMAGE_KERNEL);
    assert_string_equal((const char *)image.name, "fake");
    assert_int_equal(vault.evidence.measurement_count, 2); /* not asked for */
}

static void verify_refuses_what_is_not_right(void **state)
{
    (void)state;
    const struct {
        uint16_t packed_type;
        uint16_t asked_type;
        uint32_t version;
        EVP_PKEY *signer;
        int flip_at; /* from the end when negative; 1 << 20: none */
        uint32_t floor;
        enum tatu_err err;
    } rows[] = {
        {TATU_IMAGE_KERNEL, TATU_IMAGE_KERNEL, 1, world->release, 0, 0, TATU_ERR_SIGNATURE},
        {TATU_IMAGE_KERNEL, TATU_IMAGE_KERNEL, 1, world->release, 4999, 0, TATU_ERR_SIGNATURE},
        {TATU_IMAGE_KERNEL, TATU_IMAGE_KERNEL, 1, world->release, -1, 0, TATU_ERR_SIGNATURE},
        {TATU_IMAGE_KERNEL, TATU_IMAGE_ROOT, 1, world->release, 1 << 20, 0, TATU_ERR_TYPE},
        {TATU_IMAGE_KERNEL, 99, 1, world->release, 1 << 20, 0, TATU_ERR_TYPE},
        {TATU_IMAGE_KERNEL, TATU_IMAGE_KERNEL, 1, world->owner, 1 << 20, 0, TATU_ERR_KEY_UNKNOWN},
        {TATU_IMAGE_APPLICATION, TATU_IMAGE_APPLICATION, 1, world->owner, 1 << 20, 0,
         TATU_ERR_DENIED},
        {TATU_IMAGE_KEYSTORE, TATU_IMAGE_KEYSTORE, 1, world->release, 1 << 20, 0, TATU_ERR_LONG},
        {TATU_IMAGE_KERNEL, TATU_IMAGE_KERNEL, 1, world->release, -65, 0, TATU_ERR_LONG},
        {TATU_IMAGE_KERNEL, TATU_IMAGE_KERNEL, 2, world->release, 1 << 20, 3, TATU_ERR_ROLLBACK},
        {TATU_IMAGE_ROOT, TATU_IMAGE_ROOT, 2, world->release, 1 << 20, 3, TATU_ERR_ROLLBACK},
        {TATU_IMAGE_DTB, TATU_IMAGE_DTB, 3, world->release, 1 << 20, 3, TATU_OK},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        size_t len = put_package(rows[i].packed_type, rows[i].version, rows[i].signer);
        if (rows[i].flip_at < 1 << 20) {
            size_t at =
                rows[i].flip_at < 0 ? len - (size_t)-rows[i].flip_at : (size_t)rows[i].flip_at;
            world->chip->ram[at] ^= 0x80;
        }
        fake_chip_burn_floor(world->chip, TATU_FUSE_FLOOR_OS, rows[i].floor);
        assert_int_equal(
            verify_at(RAM_AT, len, rows[i].asked_type,
                      TATU_VERIFY_MEASURE * (rows[i].asked_type != TATU_IMAGE_APPLICATION)),
            rows[i].err);
        assert_int_equal(vault.evidence.measurement_count, rows[i].err == TATU_OK ? 3 : 2);
    }
}

static void verify_reads_only_where_it_may(void **state)
{
    (void)state;
    const struct {
        uint32_t at;
        uint32_t len;
        uint16_t flags;
        enum tatu_err err;
    } rows[] = {
        {0, 4096, 0, TATU_ERR_ARGUMENT},
        {TATU_MAP_FLASH_BASE - 4, 4096, 0, TATU_ERR_ARGUMENT},
        {TATU_MAP_FLASH_BASE + TATU_MAP_FLASH_SIZE - 8, 9, 0, TATU_ERR_ARGUMENT},
        {TATU_MAP_SECRAM_BASE, TATU_MAP_SECRAM_SIZE + 1, 0, TATU_ERR_ARGUMENT},
        {RAM_AT, UINT32_MAX, 0, TATU_ERR_ARGUMENT},
        {RAM_AT, 4096, 2, TATU_ERR_ARGUMENT},
        {RAM_AT + FAKE_RAM_SIZE, 4096, 0, TATU_ERR_DENIED},
        {TATU_MAP_FLASH_BASE, 0, 0, TATU_ERR_SHORT},
        {TATU_MAP_FLASH_BASE, TATU_IMAGE_PACKAGE_MAX + 1, 0, TATU_ERR_LONG},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(verify_at(rows[i].at, rows[i].len, TATU_IMAGE_KERNEL, rows[i].flags),
                         rows[i].err);
    }
}

static void verify_in_ram_ends_with_boot(void **state)
{
    (void)state;
    size_t len = put_package(TATU_IMAGE_KERNEL, 1, world->release);
    memcpy(world->chip->flash + TATU_FLASH_KERNEL_AT, world->chip->ram, len);
    end_boot();
    assert_int_equal(verify_at(RAM_AT, len, TATU_IMAGE_KERNEL, 0), TATU_ERR_ARGUMENT);
    uint32_t flash_at = TATU_MAP_FLASH_BASE + TATU_FLASH_KERNEL_AT;
    assert_int_equal(verify_at(flash_at, len, TATU_IMAGE_KERNEL, 0), TATU_OK);
    assert_int_equal(verify_at(flash_at, len, TATU_IMAGE_KERNEL, TATU_VERIFY_MEASURE),
                     TATU_ERR_STATE);
}

static void measurements_are_one_per_type_and_the_last_counts(void **state)
{
    (void)state;
    size_t len = put_package(TATU_IMAGE_KERNEL, 1, world->release);
    assert_int_equal(verify_at(RAM_AT, len, TATU_IMAGE_KERNEL, TATU_VERIFY_MEASURE), TATU_OK);
    len = put_package(TATU_IMAGE_KERNEL, 2, world->release);
    assert_int_equal(verify_at(RAM_AT, len, TATU_IMAGE_KERNEL, TATU_VERIFY_MEASURE), TATU_OK);
    assert_int_equal(vault.evidence.measurement_count, 3);
    assert_int_equal(vault.evidence.measurements[2].security_version, 2);
    const uint16_t fixed[] = {TATU_IMAGE_VAULT_RUNTIME, TATU_IMAGE_MONITOR, TATU_IMAGE_APPLICATION};
    for (size_t i = 0; i < TATU_COUNT_OF(fixed); i++) {
        assert_int_equal(verify_at(RAM_AT, len, fixed[i], TATU_VERIFY_MEASURE), TATU_ERR_ARGUMENT);
    }
}

static void keystore_is_verified_by_its_root(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    uint32_t at = TATU_MAP_FLASH_BASE + TATU_FLASH_KEYSTORE_AT;
    uint32_t len =
        tatu_get_le32(world->chip->flash + TATU_FLASH_KEYSTORE_AT + TATU_FLASH_KEYSTORE_SIZE - 12);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_KEYSTORE, 0), TATU_OK);
    assert_int_equal(tatu_proto_decode_verified(answer, &image), TATU_OK);
    assert_int_equal(image.image_type, TATU_IMAGE_KEYSTORE);
    tatu_vault_chip_burn(world->chip, TATU_FUSE_ROOT_REVOKED, 1);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_KEYSTORE, 0), TATU_ERR_KEY_REVOKED);
}

static void only_the_keystore_in_use_is_measured(void **state)
{
    (void)state;
    uint8_t body[TATU_KEYSTORE_MAX];
    uint8_t *slot = world->chip->flash + TATU_FLASH_SET_STRIDE + TATU_FLASH_KEYSTORE_AT;
    uint32_t at = TATU_MAP_FLASH_BASE + TATU_FLASH_SET_STRIDE + TATU_FLASH_KEYSTORE_AT;
    size_t len = fake_keystore(world->root, world->release, world->owner, 0, body, sizeof(body));
    len = fake_pack(TATU_IMAGE_KEYSTORE, 9, (struct tatu_span){body, len}, world->root, slot,
                    TATU_FLASH_KEYSTORE_SIZE);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_KEYSTORE, 0), TATU_OK);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_KEYSTORE, TATU_VERIFY_MEASURE), TATU_ERR_DIGEST);
    assert_int_equal(vault.evidence.measurement_count, 2);
    at -= TATU_FLASH_SET_STRIDE;
    slot -= TATU_FLASH_SET_STRIDE;
    len = tatu_get_le32(slot + TATU_FLASH_KEYSTORE_SIZE - 12);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_KEYSTORE, TATU_VERIFY_MEASURE), TATU_OK);
    assert_int_equal(vault.evidence.measurement_count, 3);
}

static void dma_range_is_set_once_and_before_linux(void **state)
{
    (void)state;
    uint8_t range[8];
    tatu_put_le32(range, RAM_AT - 4);
    tatu_put_le32(range + 4, 64);
    assert_int_equal(ask(MONITOR, TATU_VAULT_SET_DMA, TATU_SPAN_OF(range)), TATU_ERR_ARGUMENT);
    tatu_put_le32(range, RAM_AT);
    tatu_put_le32(range + 4, 0);
    assert_int_equal(ask(MONITOR, TATU_VAULT_SET_DMA, TATU_SPAN_OF(range)), TATU_ERR_ARGUMENT);
    tatu_put_le32(range + 4, 0xffffffffu);
    assert_int_equal(ask(MONITOR, TATU_VAULT_SET_DMA, TATU_SPAN_OF(range)), TATU_ERR_ARGUMENT);
    tatu_put_le32(range + 4, 4096);
    assert_int_equal(ask(MONITOR, TATU_VAULT_SET_DMA, TATU_SPAN_OF(range)), TATU_OK);
    assert_int_equal(world->chip->range_size, 4096);
    assert_int_equal(ask(MONITOR, TATU_VAULT_SET_DMA, TATU_SPAN_OF(range)), TATU_ERR_STATE);
    end_boot();
    assert_int_equal(world->chip->range_size, 0);
    assert_true(fake_world_boot(world, &vault));
    end_boot();
    assert_int_equal(ask(MONITOR, TATU_VAULT_SET_DMA, TATU_SPAN_OF(range)), TATU_ERR_STATE);
}

static void boot_ends_once(void **state)
{
    (void)state;
    const uint8_t bad[][2] = {{2, 0}, {0, 2}};
    const uint8_t done[2] = {1, 1};
    for (size_t i = 0; i < TATU_COUNT_OF(bad); i++) {
        assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_DONE, TATU_SPAN_OF(bad[i])),
                         TATU_ERR_ARGUMENT);
    }
    assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_DONE, TATU_SPAN_OF(done)), TATU_OK);
    assert_int_equal(vault.evidence.boot_set, 1);
    assert_true(vault.evidence.fallback);
    assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_DONE, TATU_SPAN_OF(done)), TATU_ERR_STATE);
}

static void refusals_reach_the_monitor(void **state)
{
    (void)state;
    world->chip->flash[TATU_FLASH_VAULT_AT] ^= 1;
    assert_true(fake_world_boot(world, &vault));
    const uint8_t expected[] = {1, 1, 1, 0, 0, 0, TATU_IMAGE_VAULT_RUNTIME, 0, TATU_ERR_SIGNATURE,
                                0, 0, 0};
    assert_int_equal(ask(MONITOR, TATU_VAULT_GET_BOOT, NOTHING), TATU_OK);
    assert_int_equal(answer.len, sizeof(expected));
    assert_memory_equal(answer.data, expected, sizeof(expected));
}

static void installed_applications_are_replaced_as_a_whole(void **state)
{
    (void)state;
    uint8_t list[1 + 3 * 64] = {2};
    memset(list + 1, 5, 64);
    memset(list + 65, 6, 64);
    assert_int_equal(ask(MONITOR, TATU_VAULT_MEASURE_APPS, (struct tatu_span){list, 129}), TATU_OK);
    assert_int_equal(vault.evidence.app_count, 2);
    assert_int_equal(vault.evidence.apps[1].digest[31], 6);
    assert_int_equal(ask(MONITOR, TATU_VAULT_MEASURE_APPS, (struct tatu_span){list, 128}),
                     TATU_ERR_SHORT);
    assert_int_equal(ask(MONITOR, TATU_VAULT_MEASURE_APPS, (struct tatu_span){list, 130}),
                     TATU_ERR_LONG);
    memset(list + 65, 5, 16);
    assert_int_equal(ask(MONITOR, TATU_VAULT_MEASURE_APPS, (struct tatu_span){list, 129}),
                     TATU_ERR_ARGUMENT);
    list[0] = 17;
    assert_int_equal(ask(MONITOR, TATU_VAULT_MEASURE_APPS, (struct tatu_span){list, 129}),
                     TATU_ERR_ARGUMENT);
    assert_int_equal(vault.evidence.app_count, 2);
    list[0] = 0;
    assert_int_equal(ask(MONITOR, TATU_VAULT_MEASURE_APPS, (struct tatu_span){list, 1}), TATU_OK);
    assert_int_equal(vault.evidence.app_count, 0);
}

/* ---- facts, random, time ---- */

static void info_says_what_the_chip_is(void **state)
{
    (void)state;
    struct tatu_vault_info info;
    uint8_t key[64];
    fake_chip_burn_floor(world->chip, TATU_FUSE_FLOOR_OS, 33);
    world->chip->uptime_ms = 0x1122334455ull;
    assert_int_equal(ask(MONITOR, TATU_VAULT_GET_INFO, NOTHING), TATU_OK);
    assert_int_equal(tatu_proto_decode_info(answer, &info), TATU_OK);
    fake_public(world->chip->secrets[0], key);
    assert_memory_equal(info.device_id, key, 64);
    fake_public(world->chip->secrets[1], key);
    assert_memory_equal(info.attestation, key, 64);
    assert_int_equal(info.implementation[31], 29); /* what fake_chip_provision burns */
    assert_int_equal(info.floors[TATU_FUSE_FLOOR_OS], 33);
    assert_int_equal(info.boot_count, 1);
    assert_int_equal(info.uptime_ms, 0x1122334455ull);
    assert_int_equal(info.lifecycle, 1);
    assert_int_equal(info.board_class, 1);
    assert_int_equal(info.tenant[0] | info.owner_key[0], 0);
}

static void random_gives_what_was_asked_for_and_no_more(void **state)
{
    (void)state;
    uint8_t first[64];
    const uint8_t bad[][2] = {{0, 0}, {65, 0}, {0, 1}};
    for (size_t i = 0; i < TATU_COUNT_OF(bad); i++) {
        assert_int_equal(ask(MONITOR, TATU_VAULT_RANDOM, TATU_SPAN_OF(bad[i])), TATU_ERR_ARGUMENT);
    }
    const uint8_t five[2] = {5, 0};
    assert_int_equal(ask(MONITOR, TATU_VAULT_RANDOM, TATU_SPAN_OF(five)), TATU_OK);
    assert_int_equal(answer.len, 5);
    const uint8_t all[2] = {64, 0};
    assert_int_equal(ask(MONITOR, TATU_VAULT_RANDOM, TATU_SPAN_OF(all)), TATU_OK);
    memcpy(first, answer.data, 64);
    assert_int_equal(ask(MONITOR, TATU_VAULT_RANDOM, TATU_SPAN_OF(all)), TATU_OK);
    assert_memory_not_equal(first, answer.data, 64);
}

static void hash_cose(const char *aad, struct tatu_span payload, uint8_t digest[32])
{
    uint8_t bytes[8192];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    assert_int_equal(tatu_proto_put_sig_head(tatu_cose_protected_es256, aad, payload.len, &buf),
                     TATU_OK);
    assert_int_equal(tatu_base_put_bytes(&buf, payload), TATU_OK);
    fake_digest((struct tatu_span){bytes, buf.len}, digest);
}

static enum tatu_err set_time(EVP_PKEY *key, const char *aad, const uint8_t nonce[32],
                              uint64_t at_s)
{
    struct tatu_signed_time signed_time = {.unix_s = at_s};
    uint8_t payload[64];
    uint8_t message[256];
    uint8_t digest[32];
    uint8_t signature[64];
    struct tatu_buf payload_buf = TATU_BUF_OF(payload);
    struct tatu_buf buf = TATU_BUF_OF(message);
    memcpy(signed_time.nonce, nonce, 32);
    assert_int_equal(tatu_proto_encode_time(&signed_time, &payload_buf), TATU_OK);
    struct tatu_span span = {payload, payload_buf.len};
    hash_cose(aad, span, digest);
    fake_sign(key, digest, signature);
    assert_int_equal(tatu_proto_encode_sign1(span, NOTHING, signature, &buf), TATU_OK);
    return ask(NORMAL, TATU_VAULT_SET_TIME, (struct tatu_span){message, buf.len});
}

static void get_nonce(uint8_t nonce[32])
{
    assert_int_equal(ask(NORMAL, TATU_VAULT_TIME_NONCE, NOTHING), TATU_OK);
    assert_int_equal(answer.len, 32);
    memcpy(nonce, answer.data, 32);
}

static void time_needs_the_key_the_nonce_and_the_floor(void **state)
{
    (void)state;
    uint8_t nonce[32] = {0};
    uint8_t older[32];
    end_boot();
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1000), TATU_ERR_REPLAY);
    get_nonce(older);
    get_nonce(nonce);
    assert_int_equal(set_time(world->owner, TATU_COSE_AAD_TIME, nonce, 1000), TATU_ERR_SIGNATURE);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_CLAIM, nonce, 1000),
                     TATU_ERR_SIGNATURE);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, older, 1000), TATU_ERR_REPLAY);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1000), TATU_OK);
    assert_int_equal(tatu_get_le64(answer.data), 1000);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1001), TATU_ERR_REPLAY);
    get_nonce(nonce);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 999), TATU_ERR_CLOCK);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1002), TATU_ERR_REPLAY);
    const uint8_t junk[3] = {1, 2, 3};
    assert_int_equal(ask(NORMAL, TATU_VAULT_SET_TIME, TATU_SPAN_OF(junk)), TATU_ERR_FORMAT);
}

static void signed_time_that_was_held_back_is_refused(void **state)
{
    (void)state;
    uint8_t nonce[32];
    end_boot();
    world->chip->uptime_ms = 5000;
    get_nonce(nonce);
    world->chip->uptime_ms += TATU_VAULT_NONCE_LIFE_MS + 1;
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1000), TATU_ERR_REPLAY);
    get_nonce(nonce);
    world->chip->uptime_ms += TATU_VAULT_NONCE_LIFE_MS;
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1000), TATU_OK);
}

static void time_floor_outlives_the_power(void **state)
{
    (void)state;
    uint8_t nonce[32];
    end_boot();
    get_nonce(nonce);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 0x200000000ull), TATU_OK);
    assert_int_equal(tatu_get_le64(answer.data), 0x200000000ull);
    assert_true(fake_world_boot(world, &vault));
    end_boot();
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 0x200000001ull),
                     TATU_ERR_REPLAY);
    get_nonce(nonce);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 0x1ffffffffull),
                     TATU_ERR_CLOCK);
}

/* ---- owner and daily keys ---- */

static enum tatu_err claim(uint8_t tenant, EVP_PKEY *owner, uint8_t nonce)
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

static void check_signed(EVP_PKEY *key, const char *aad, struct tatu_cose_sign1 *out)
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

static void the_first_owner_stays(void **state)
{
    (void)state;
    struct tatu_cose_sign1 message;
    struct tatu_claim statement;
    end_boot();
    assert_int_equal(claim(0, world->owner, 1), TATU_ERR_ARGUMENT);
    assert_int_equal(claim(7, NULL, 1), TATU_ERR_ARGUMENT);
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
    check_signed(world->chip->secrets[0], TATU_COSE_AAD_CLAIM, &message);
    assert_int_equal(tatu_proto_decode_claim(message.payload, &statement), TATU_OK);
    assert_int_equal(statement.nonce[0], 1);
    assert_int_equal(statement.tenant[15], 7);
    assert_memory_equal(statement.device_id, vault.evidence.device_id, 64);
    assert_int_equal(claim(7, world->owner, 2), TATU_OK);
    assert_int_equal(claim(8, world->owner, 2), TATU_ERR_OWNED);
    assert_int_equal(claim(7, world->release, 2), TATU_ERR_OWNED);
    assert_true(fake_world_boot(world, &vault));
    end_boot();
    assert_int_equal(claim(8, world->owner, 2), TATU_ERR_OWNED);
    assert_int_equal(claim(7, world->owner, 3), TATU_OK);
}

static void a_claim_that_cannot_be_kept_is_not_signed(void **state)
{
    (void)state;
    end_boot();
    world->chip->nvm_words_left = 3;
    assert_int_equal(claim(7, world->owner, 1), TATU_ERR_IO);
    assert_false(vault.record.claimed);
}

static void applications_are_verified_by_the_owner(void **state)
{
    (void)state;
    size_t len = put_package(TATU_IMAGE_APPLICATION, 1, world->owner);
    uint32_t at = TATU_MAP_FLASH_BASE + TATU_FLASH_APPS0_AT;
    memcpy(world->chip->flash + TATU_FLASH_APPS0_AT, world->chip->ram, len);
    end_boot();
    assert_int_equal(verify_at(at, len, TATU_IMAGE_APPLICATION, 0), TATU_ERR_DENIED);
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_APPLICATION, 0), TATU_OK);
    /* neither may the release key sign applications, nor the owner firmware */
    len = put_package(TATU_IMAGE_APPLICATION, 1, world->release);
    memcpy(world->chip->flash + TATU_FLASH_APPS0_AT, world->chip->ram, len);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_APPLICATION, 0), TATU_ERR_SIGNATURE);
    len = put_package(TATU_IMAGE_KERNEL, 1, world->owner);
    memcpy(world->chip->flash + TATU_FLASH_APPS0_AT, world->chip->ram, len);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_KERNEL, 0), TATU_ERR_KEY_UNKNOWN);
}

static enum tatu_err make_key(uint8_t purpose, uint8_t tenant, uint8_t out_public[64])
{
    uint8_t request[17] = {purpose};
    memset(request + 1, tenant, 16);
    enum tatu_err err = ask(NORMAL, TATU_VAULT_MAKE_KEY, TATU_SPAN_OF(request));
    if (err == TATU_OK) {
        assert_int_equal(answer.len, 64);
        memcpy(out_public, answer.data, 64);
    }
    return err;
}

static enum tatu_err sign_tls(uint8_t purpose, uint8_t tenant, uint8_t signature[64])
{
    uint8_t request[49] = {purpose};
    memset(request + 1, tenant, 16);
    memset(request + 17, 0x5a, 32);
    enum tatu_err err = ask(NORMAL, TATU_VAULT_SIGN_TLS, TATU_SPAN_OF(request));
    if (err == TATU_OK) {
        memcpy(signature, answer.data, 64);
    }
    return err;
}

static void daily_keys_are_bound_to_purpose_and_tenant(void **state)
{
    (void)state;
    uint8_t update[64];
    uint8_t tenant[64];
    uint8_t again[64];
    uint8_t signature[64];
    uint8_t digest[32];
    memset(digest, 0x5a, sizeof(digest));
    end_boot();
    assert_int_equal(make_key(0, 0, update), TATU_ERR_PURPOSE);
    assert_int_equal(make_key(3, 0, update), TATU_ERR_PURPOSE);
    assert_int_equal(make_key(TATU_KEY_UPDATE, 7, update), TATU_ERR_ARGUMENT);
    assert_int_equal(make_key(TATU_KEY_TENANT, 7, tenant), TATU_ERR_FOREIGN);
    assert_int_equal(make_key(TATU_KEY_TENANT, 0, tenant), TATU_ERR_FOREIGN);
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
    assert_int_equal(make_key(TATU_KEY_TENANT, 8, tenant), TATU_ERR_FOREIGN);
    assert_int_equal(sign_tls(TATU_KEY_UPDATE, 0, signature), TATU_ERR_NOT_FOUND);
    assert_int_equal(sign_tls(TATU_KEY_TENANT, 7, signature), TATU_ERR_NOT_FOUND);

    assert_int_equal(make_key(TATU_KEY_UPDATE, 0, update), TATU_OK);
    assert_int_equal(make_key(TATU_KEY_TENANT, 7, tenant), TATU_OK);
    assert_int_equal(sign_tls(TATU_KEY_UPDATE, 0, signature), TATU_OK);
    assert_true(fake_verify(update, digest, signature));
    assert_int_equal(sign_tls(TATU_KEY_TENANT, 7, signature), TATU_OK);
    assert_true(fake_verify(tenant, digest, signature));
    assert_int_equal(sign_tls(TATU_KEY_TENANT, 8, signature), TATU_ERR_NOT_FOUND);
    assert_int_equal(sign_tls(TATU_KEY_UPDATE, 7, signature), TATU_ERR_ARGUMENT);
    assert_int_equal(sign_tls(9, 7, signature), TATU_ERR_PURPOSE);

    assert_int_equal(make_key(TATU_KEY_TENANT, 7, again), TATU_OK);
    assert_memory_not_equal(again, tenant, 64);
    assert_int_equal(vault.evidence.tenant_count, 1);
    assert_int_equal(sign_tls(TATU_KEY_TENANT, 7, signature), TATU_OK);
    assert_true(fake_verify(again, digest, signature));
}

static void tenant_slots_are_limited(void **state)
{
    (void)state;
    uint8_t key[64];
    end_boot();
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
    for (uint8_t n = 0; n < TATU_EVIDENCE_TENANT_MAX; n++) {
        memset(vault.evidence.tenants[n].tenant, 0x80 + n, 16);
    }
    vault.evidence.tenant_count = TATU_EVIDENCE_TENANT_MAX;
    assert_int_equal(make_key(TATU_KEY_TENANT, 7, key), TATU_ERR_FULL);
}

static void evidence_says_what_booted(void **state)
{
    (void)state;
    struct tatu_cose_sign1 message;
    struct tatu_evidence evidence;
    uint8_t nonce[32];
    uint8_t digest[32];
    uint8_t update[64];
    uint8_t tenant[64];
    memset(nonce, 0x77, sizeof(nonce));
    size_t len = put_package(TATU_IMAGE_KERNEL, 4, world->release);
    assert_int_equal(verify_at(RAM_AT, len, TATU_IMAGE_KERNEL, TATU_VERIFY_MEASURE), TATU_OK);
    end_boot();
    assert_int_equal(ask(NORMAL, TATU_VAULT_MAKE_EVIDENCE, TATU_SPAN_OF(nonce)), TATU_ERR_STATE);
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
    assert_int_equal(make_key(TATU_KEY_UPDATE, 0, update), TATU_OK);
    assert_int_equal(make_key(TATU_KEY_TENANT, 7, tenant), TATU_OK);
    assert_int_equal(ask(NORMAL, TATU_VAULT_MAKE_EVIDENCE, TATU_SPAN_OF(nonce)), TATU_OK);
    check_signed(world->chip->secrets[1], TATU_COSE_AAD_EVIDENCE, &message);
    fake_digest(TATU_SPAN_OF(vault.evidence.device_id), digest);
    assert_int_equal(tatu_proto_decode_evidence(message.payload, digest, &evidence), TATU_OK);
    assert_memory_equal(evidence.nonce, nonce, 32);
    assert_memory_equal(evidence.update_key, update, 64);
    assert_int_equal(evidence.tenant_count, 1);
    assert_memory_equal(evidence.tenants[0].key, tenant, 64);
    assert_int_equal(evidence.tenants[0].tenant[0], 7);
    assert_int_equal(evidence.measurement_count, 3);
    fake_digest((struct tatu_span){world->chip->ram, len}, digest);
    assert_memory_equal(evidence.measurements[2].digest, digest, 32);
    assert_int_equal(evidence.measurements[2].security_version, 4);
    assert_int_equal(evidence.lifecycle, 1);
}

static void the_largest_evidence_fits_one_answer(void **state)
{
    (void)state;
    uint8_t list[1 + 16 * 64] = {16};
    uint8_t nonce[32] = {1};
    uint8_t key[64];
    for (uint8_t n = 0; n < 16; n++) {
        memset(list + 1 + 64 * n, n + 1, 64);
    }
    assert_int_equal(ask(MONITOR, TATU_VAULT_MEASURE_APPS, TATU_SPAN_OF(list)), TATU_OK);
    const uint16_t types[] = {TATU_IMAGE_DTB, TATU_IMAGE_KERNEL, TATU_IMAGE_ROOT};
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        size_t len = put_package(types[i], 0xffffffffu, world->release);
        assert_int_equal(verify_at(RAM_AT, len, types[i], TATU_VERIFY_MEASURE), TATU_OK);
    }
    end_boot();
    for (uint8_t n = 0; n < TATU_EVIDENCE_TENANT_MAX; n++) {
        memset(vault.evidence.tenants[n].tenant, 0x80 + n, 16);
    }
    vault.evidence.tenant_count = TATU_EVIDENCE_TENANT_MAX;
    vault.evidence.boot_count = vault.chip->uptime_ms = UINT64_MAX;
    assert_int_equal(make_key(TATU_KEY_UPDATE, 0, key), TATU_OK);
    assert_int_equal(ask(NORMAL, TATU_VAULT_MAKE_EVIDENCE, TATU_SPAN_OF(nonce)), TATU_OK);
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOTED(each_caller_has_its_own_table),
        BOOTED(commands_that_do_not_exist_are_named_so),
        BOOTED(payload_lengths_are_exact),
        BOOTED(a_header_that_lies_about_its_length_is_refused),
        BOOTED(normal_world_waits_for_the_end_of_boot),
        BOOTED(buffers_are_wiped_after_each_answer),
        BOOTED(verify_answers_what_the_metadata_says),
        BOOTED(verify_refuses_what_is_not_right),
        BOOTED(verify_reads_only_where_it_may),
        BOOTED(verify_in_ram_ends_with_boot),
        BOOTED(measurements_are_one_per_type_and_the_last_counts),
        BOOTED(keystore_is_verified_by_its_root),
        BOOTED(only_the_keystore_in_use_is_measured),
        BOOTED(dma_range_is_set_once_and_before_linux),
        BOOTED(boot_ends_once),
        BOOTED(refusals_reach_the_monitor),
        BOOTED(installed_applications_are_replaced_as_a_whole),
        BOOTED(info_says_what_the_chip_is),
        BOOTED(random_gives_what_was_asked_for_and_no_more),
        BOOTED(time_needs_the_key_the_nonce_and_the_floor),
        BOOTED(signed_time_that_was_held_back_is_refused),
        BOOTED(time_floor_outlives_the_power),
        BOOTED(the_first_owner_stays),
        BOOTED(a_claim_that_cannot_be_kept_is_not_signed),
        BOOTED(applications_are_verified_by_the_owner),
        BOOTED(daily_keys_are_bound_to_purpose_and_tenant),
        BOOTED(tenant_slots_are_limited),
        BOOTED(evidence_says_what_booted),
        BOOTED(the_largest_evidence_fits_one_answer),
    };
    return cmocka_run_group_tests_name("vault commands", tests, NULL, NULL);
}
