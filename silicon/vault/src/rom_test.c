#include "silicon/vault/vault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_chip.h"
#include "handover.h"
#include "proto/fab.h"
#include "proto/mailbox.h"
#include "proto/table.h"
#include "record.h"

static uint8_t image[TATU_FLASH_VAULT_SIZE];
static struct tatu_vault_handover handover;

static enum tatu_vault_next boot_code(struct tatu_vault_chip *chip, uint8_t flip)
{
    uint8_t code[20] = "sixteen bytes of R";
    tatu_put_le32(code + 16, tatu_base_crc32((struct tatu_span){code, 16}));
    code[3] ^= flip;
    memset(&handover, 0xee, sizeof(handover));
    return tatu_vault_run_rom(chip, TATU_SPAN_OF(code), TATU_BUF_OF(image), &handover);
}

static enum tatu_vault_next boot(struct tatu_vault_chip *chip)
{
    return boot_code(chip, 0);
}

static int make_world(void **state)
{
    *state = fake_world_new();
    return 0;
}

static int end_world(void **state)
{
    fake_world_free(*state);
    return 0;
}

static void rom_boots_the_first_set_of_an_empty_table(void **state)
{
    struct fake_world *world = *state;
    struct tatu_keystore keystore;
    uint8_t digest[32];
    uint32_t len = tatu_get_le32(world->chip->flash + TATU_FLASH_VAULT_SIZE - 12);
    assert_int_equal(boot(world->chip), TATU_VAULT_RUN);
    assert_int_equal(handover.magic, TATU_VAULT_HANDOVER_MAGIC);
    assert_int_equal(handover.set, 0);
    assert_int_equal(handover.fallback, 0);
    assert_int_equal(handover.refused_count, 0);
    assert_int_equal(handover.runtime_version, 1);
    fake_digest((struct tatu_span){world->chip->flash, len}, digest);
    assert_memory_equal(handover.runtime_digest, digest, 32);
    assert_int_equal(tatu_proto_decode_keystore(
                         (struct tatu_span){handover.keystore, handover.keystore_len}, &keystore),
                     TATU_OK);
    assert_memory_equal(image, "the runtime's body", 18);
    assert_int_equal(world->chip->counters[TATU_FUSE_COUNTER_BOOT], 1);
}

static void rom_locks_before_the_runtime(void **state)
{
    struct fake_world *world = *state;
    uint8_t key[64];
    assert_int_equal(boot(world->chip), TATU_VAULT_RUN);
    assert_true(world->chip->locked);
    assert_int_equal(tatu_vault_chip_generate(world->chip, TATU_ENGINE_SLOT_IDENTITY, key),
                     TATU_ERR_STATE);
    assert_int_equal(tatu_vault_chip_generate(world->chip, TATU_ENGINE_SLOT_ATTESTATION, key),
                     TATU_ERR_STATE);
}

static void write_table(struct tatu_vault_chip *chip, uint32_t at, uint32_t sequence, uint8_t set)
{
    struct tatu_table table = {.sequence = sequence, .preferred_set = set};
    struct tatu_buf buf = {chip->flash + at, 0, TATU_TABLE_SIZE};
    assert_int_equal(tatu_proto_encode_table(&table, &buf), TATU_OK);
}

static void rom_prefers_the_set_of_the_newer_table(void **state)
{
    struct fake_world *world = *state;
    write_table(world->chip, TATU_FLASH_TABLE0_AT, 8, 1);
    write_table(world->chip, TATU_FLASH_TABLE1_AT, 7, 0);
    assert_int_equal(boot(world->chip), TATU_VAULT_RUN);
    assert_int_equal(handover.preferred, 1);
    assert_int_equal(handover.set, 1);
    assert_int_equal(handover.fallback, 0);
    world->chip->flash[TATU_FLASH_TABLE0_AT + 5] ^= 1;
    fake_chip_reset(world->chip);
    assert_int_equal(boot(world->chip), TATU_VAULT_RUN);
    assert_int_equal(handover.set, 0);
}

static void boot_times(struct tatu_vault_chip *chip, int times)
{
    for (int n = 0; n < times; n++) {
        fake_chip_reset(chip);
        assert_int_equal(boot(chip), TATU_VAULT_RUN);
    }
}

/* Three boots of one set that did not become healthy, then three of the other, and so on. */
static void rom_gives_each_set_three_tries(void **state)
{
    struct fake_world *world = *state;
    for (uint8_t preferred = 0; preferred < 2; preferred++) {
        write_table(world->chip, TATU_FLASH_TABLE0_AT, 8u + preferred, preferred);
        tatu_vault_store_good(world->chip, world->chip->counters[TATU_FUSE_COUNTER_BOOT]);
        for (int n = 0; n < 14; n++) {
            boot_times(world->chip, 1);
            uint8_t other = n / 3 & 1;
            assert_int_equal(handover.attempts, n);
            assert_int_equal(handover.set, preferred ^ other);
            assert_int_equal(handover.preferred, preferred);
            assert_int_equal(handover.fallback, other);
            assert_int_equal(handover.mode, n < 6 ? TATU_BOOT_NORMAL : TATU_BOOT_SAFE);
        }
    }
}

static void rom_tries_the_other_set_when_the_one_whose_turn_it_is_is_bad(void **state)
{
    struct fake_world *world = *state;
    memset(world->chip->flash + TATU_FLASH_SET_STRIDE, 0xff, TATU_FLASH_VAULT_SIZE);
    boot_times(world->chip, 4);
    assert_int_equal(handover.set, 0);
    assert_int_equal(handover.fallback, 0);
    assert_int_equal(handover.refused_count, 1);
    assert_int_equal(handover.refused[0].set, 1);
}

static void rom_starts_over_after_a_healthy_boot(void **state)
{
    struct fake_world *world = *state;
    boot_times(world->chip, 300);
    assert_int_equal(handover.attempts, 255);
    assert_int_equal(handover.mode, TATU_BOOT_SAFE);
    tatu_vault_store_good(world->chip, world->chip->counters[TATU_FUSE_COUNTER_BOOT]);
    boot_times(world->chip, 1);
    assert_int_equal(handover.attempts, 0);
    assert_int_equal(handover.mode, TATU_BOOT_NORMAL);
    assert_int_equal(handover.set, 0);
}

static void rom_says_who_booted(void **state)
{
    struct fake_world *world = *state;
    char line[160];
    char hex[129];
    char first_nonce[80];
    for (uint32_t n = 0; n < 2; n++) {
        uint8_t key[64];
        boot_times(world->chip, 1);
        fake_public(world->chip->secrets[TATU_FUSE_SECRET_IDENTITY], key);
        tatu_base_encode_hex(TATU_SPAN_OF(key), hex);
        (void)snprintf(line, sizeof(line), "[ROM] id %s\n", hex);
        assert_non_null(strstr(world->chip->log, line));
        fake_public(world->chip->secrets[TATU_FUSE_SECRET_ATTESTATION], key);
        tatu_base_encode_hex(TATU_SPAN_OF(key), hex);
        (void)snprintf(line, sizeof(line), "[ROM] attestation %s\n", hex);
        assert_non_null(strstr(world->chip->log, line));
        const char *nonce = strstr(world->chip->log, "[ROM] nonce ");
        assert_non_null(nonce);
        assert_int_equal(strchr(nonce, '\n') - nonce, 12 + 64);
        if (n == 0) {
            memcpy(first_nonce, nonce, 76);
        } else {
            assert_memory_not_equal(first_nonce, nonce, 76);
        }
    }
}

static void rom_halts_without_good_random_numbers(void **state)
{
    struct fake_world *world = *state;
    world->chip->random_fails = true;
    assert_int_equal(boot(world->chip), TATU_VAULT_HALT);
    assert_non_null(strstr(world->chip->log, "[ROM] halted, ENTROPY\n"));
    struct tatu_vault_chip *blank = fake_chip_new();
    blank->random_fails = true;
    assert_int_equal(boot(blank), TATU_VAULT_HALT); /* and makes no keys at the fab */
    assert_null(strstr(blank->log, "fab port"));
    fake_chip_free(blank);
}

static void rom_halts_for_ever_when_the_chip_was_opened(void **state)
{
    struct fake_world *world = *state;
    world->chip->straps = TATU_STRAP_TAMPER;
    assert_int_equal(boot(world->chip), TATU_VAULT_HALT);
    assert_non_null(strstr(world->chip->log, "[ROM] halted, TAMPER\n"));
    assert_true(world->chip->wiped);
    assert_null(world->chip->secrets[TATU_FUSE_SECRET_IDENTITY]);
    assert_int_equal(world->chip->counters[TATU_FUSE_COUNTER_BOOT], 0);
    world->chip->straps = 0;
    fake_chip_reset(world->chip);
    assert_int_equal(boot(world->chip), TATU_VAULT_HALT);
    assert_non_null(strstr(world->chip->log, "[ROM] halted, TAMPER\n"));
}

/* The power went before the wipe: the next start finishes it, or finds the pin still up. */
static void a_wipe_that_was_cut_off_is_repeated(void **state)
{
    struct fake_world *world = *state;
    world->chip->straps = TATU_STRAP_TAMPER;
    world->chip->power_left = 0;
    assert_int_equal(boot(world->chip), TATU_VAULT_HALT);
    assert_false(world->chip->wiped);
    fake_chip_reset(world->chip);
    assert_int_equal(boot(world->chip), TATU_VAULT_HALT);
    assert_true(world->chip->wiped);
}

/* ---- each way in which set A can be bad; set B must boot, and the error must be the named one
 * ---- */

static void put(struct fake_world *world, uint32_t at, uint32_t size, uint16_t type,
                uint32_t version, struct tatu_span body, EVP_PKEY *signer)
{
    uint8_t package[TATU_FLASH_KEYSTORE_SIZE];
    size_t len = fake_pack(type, version, body, signer, package, sizeof(package));
    fake_flash_slot(world->chip, at, size, (struct tatu_span){package, len});
}

static void put_runtime(struct fake_world *world, uint16_t type, uint32_t version, EVP_PKEY *signer)
{
    put(world, TATU_FLASH_VAULT_AT, TATU_FLASH_VAULT_SIZE, type, version,
        (struct tatu_span){(const uint8_t *)"evil", 4}, signer);
}

static void put_keystore(struct fake_world *world, EVP_PKEY *root_inside, EVP_PKEY *signer,
                         uint32_t revoked, uint16_t type)
{
    uint8_t body[TATU_KEYSTORE_MAX];
    size_t len =
        fake_keystore(root_inside, world->release, world->time_key, revoked, body, sizeof(body));
    put(world, TATU_FLASH_KEYSTORE_AT, TATU_FLASH_KEYSTORE_SIZE, type, 1,
        (struct tatu_span){body, len}, signer);
}

static uint8_t *runtime_end(struct fake_world *world)
{
    uint8_t *slot = world->chip->flash + TATU_FLASH_VAULT_AT;
    return slot + tatu_get_le32(slot + TATU_FLASH_VAULT_SIZE - 12);
}

static void flip_body(struct fake_world *world)
{
    world->chip->flash[TATU_FLASH_VAULT_AT] ^= 1;
}
static void flip_metadata(struct fake_world *world)
{
    /* inside the image id, which no check looks at but the hash */
    uint8_t *slot = world->chip->flash + TATU_FLASH_VAULT_AT;
    uint8_t *p = slot;
    while (memcmp(p, "4X4MI", 4) != 0) {
        p++;
    }
    while (p[0] != 1 || p[1] != 1) {
        p++;
    }
    *p ^= 1;
}
static void unsign(struct fake_world *world)
{
    memset(runtime_end(world) - 64, 0, 64);
}
static void foreign_release(struct fake_world *world)
{
    put_runtime(world, TATU_IMAGE_VAULT_RUNTIME, 1, world->owner);
}
static void wrong_type(struct fake_world *world)
{
    put_runtime(world, TATU_IMAGE_MONITOR, 1, world->release);
}
static void rolled_back(struct fake_world *world)
{
    fake_world_install(world, 1, 2);
    fake_chip_burn_floor(world->chip, TATU_FUSE_FLOOR_VAULT, 2);
}
static void truncate_runtime(struct fake_world *world)
{
    uint8_t *footer = world->chip->flash + TATU_FLASH_VAULT_SIZE - TATU_FLASH_FOOTER_SIZE;
    uint32_t len = tatu_get_le32(footer + 4) - 1;
    tatu_put_le32(footer + 4, len);
    tatu_put_le32(footer + 8, ~len);
}
static void empty_package(struct fake_world *world)
{
    uint8_t *footer = world->chip->flash + TATU_FLASH_VAULT_SIZE - TATU_FLASH_FOOTER_SIZE;
    tatu_put_le32(footer + 4, 0);
    tatu_put_le32(footer + 8, ~0u);
}
static void too_long(struct fake_world *world)
{
    uint8_t *footer = world->chip->flash + TATU_FLASH_VAULT_SIZE - TATU_FLASH_FOOTER_SIZE;
    tatu_put_le32(footer + 4, TATU_FLASH_VAULT_SIZE - 15);
    tatu_put_le32(footer + 8, ~(TATU_FLASH_VAULT_SIZE - 15u));
}
static void break_footer(struct fake_world *world)
{
    world->chip->flash[TATU_FLASH_VAULT_SIZE - 8] ^= 1;
}
static void erase_runtime(struct fake_world *world)
{
    memset(world->chip->flash + TATU_FLASH_VAULT_AT, 0xff, TATU_FLASH_VAULT_SIZE);
}
static void erase_keystore(struct fake_world *world)
{
    memset(world->chip->flash + TATU_FLASH_KEYSTORE_AT, 0xff, TATU_FLASH_KEYSTORE_SIZE);
}
static void foreign_root(struct fake_world *world)
{
    put_keystore(world, world->owner, world->owner, 0, TATU_IMAGE_KEYSTORE);
}
static void borrowed_root(struct fake_world *world)
{
    put_keystore(world, world->root, world->owner, 0, TATU_IMAGE_KEYSTORE);
}
static void keystore_of_another_type(struct fake_world *world)
{
    put_keystore(world, world->root, world->root, 0, TATU_IMAGE_KERNEL);
}
static void revoked_release(struct fake_world *world)
{
    put_keystore(world, world->root, world->root, 1, TATU_IMAGE_KEYSTORE);
}
static void rolled_back_keystore(struct fake_world *world)
{
    fake_world_install(world, 1, 2);
    fake_chip_burn_floor(world->chip, TATU_FUSE_FLOOR_KEYSTORE, 2);
}
static void no_keystore_inside(struct fake_world *world)
{
    put(world, TATU_FLASH_KEYSTORE_AT, TATU_FLASH_KEYSTORE_SIZE, TATU_IMAGE_KEYSTORE, 1,
        (struct tatu_span){(const uint8_t *)"TKEYnot one at all", 18}, world->root);
}

static const struct row {
    const char *what;
    void (*spoil)(struct fake_world *world);
    uint16_t type;
    enum tatu_err err;
} rows[] = {
    {"flipped body", flip_body, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_SIGNATURE},
    {"flipped metadata", flip_metadata, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_SIGNATURE},
    {"unsigned", unsign, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_SIGNATURE},
    {"foreign release key", foreign_release, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_KEY_UNKNOWN},
    {"wrong type", wrong_type, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_TYPE},
    {"rolled back", rolled_back, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_ROLLBACK},
    {"truncated", truncate_runtime, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_LONG},
    {"nothing in it", empty_package, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_SHORT},
    {"longer than its slot", too_long, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_LONG},
    {"broken footer", break_footer, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_FORMAT},
    {"erased", erase_runtime, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_NOT_FOUND},
    {"no keystore", erase_keystore, TATU_IMAGE_KEYSTORE, TATU_ERR_NOT_FOUND},
    {"foreign root", foreign_root, TATU_IMAGE_KEYSTORE, TATU_ERR_KEY_UNKNOWN},
    {"our root inside, another signed", borrowed_root, TATU_IMAGE_KEYSTORE, TATU_ERR_SIGNATURE},
    {"keystore of another type", keystore_of_another_type, TATU_IMAGE_KEYSTORE, TATU_ERR_TYPE},
    {"revoked release key", revoked_release, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_KEY_REVOKED},
    {"rolled back keystore", rolled_back_keystore, TATU_IMAGE_KEYSTORE, TATU_ERR_ROLLBACK},
    {"no keystore inside", no_keystore_inside, TATU_IMAGE_KEYSTORE, TATU_ERR_SHORT},
};

static void rom_boots_set_b_when_set_a_is_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct fake_world *world = fake_world_new();
        print_message("  %s\n", rows[i].what);
        rows[i].spoil(world);
        assert_int_equal(boot(world->chip), TATU_VAULT_RUN);
        assert_int_equal(handover.set, 1);
        assert_int_equal(handover.fallback, 1);
        assert_int_equal(handover.refused_count, 1);
        assert_int_equal(handover.refused[0].set, 0);
        assert_int_equal(handover.refused[0].image_type, rows[i].type);
        assert_int_equal(handover.refused[0].err, rows[i].err);
        assert_memory_equal(image, "the runtime's body", 18);
        assert_non_null(strstr(world->chip->log, tatu_err_name(rows[i].err)));
        fake_world_free(world);
    }
}

static void rom_leaves_nothing_of_a_refused_set_beside_the_runtime(void **state)
{
    struct fake_world *world = *state;
    uint8_t *slot = world->chip->flash + TATU_FLASH_VAULT_AT;
    const uint8_t *good = slot + TATU_FLASH_SET_STRIDE;
    uint32_t long_len = 20000;
    uint32_t len = tatu_get_le32(good + TATU_FLASH_VAULT_SIZE - 12);
    memset(slot, 0x5a, long_len);
    tatu_put_le32(slot + TATU_FLASH_VAULT_SIZE - 12, long_len);
    tatu_put_le32(slot + TATU_FLASH_VAULT_SIZE - 8, ~long_len);
    assert_int_equal(boot(world->chip), TATU_VAULT_RUN);
    assert_int_equal(handover.set, 1);
    assert_memory_equal(image, good, len);
    for (size_t i = len; i < sizeof(image); i++) {
        assert_int_equal(image[i], 0);
    }
}

static void rom_refuses_a_revoked_root(void **state)
{
    struct fake_world *world = *state;
    tatu_vault_chip_burn(world->chip, TATU_FUSE_ROOT_REVOKED, 1);
    assert_int_equal(boot(world->chip), TATU_VAULT_HALT);
    assert_int_equal(handover.refused[1].err, TATU_ERR_KEY_REVOKED);
}

static void rom_does_not_take_an_unused_root_place_for_a_key(void **state)
{
    struct fake_world *world = *state;
    for (uint32_t at = TATU_FUSE_ROOT_HASH; at < TATU_FUSE_ROOT_HASH + 32; at += 4) {
        world->chip->fuses[at / 4] = 0;
    }
    assert_int_equal(boot(world->chip), TATU_VAULT_HALT);
    assert_int_equal(handover.refused[0].err, TATU_ERR_KEY_UNKNOWN);
}

static void rom_halts_without_a_good_set_and_says_so_next_time(void **state)
{
    struct fake_world *world = *state;
    flip_body(world);
    memset(world->chip->flash + TATU_FLASH_SET_STRIDE, 0xff, TATU_FLASH_VAULT_SIZE);
    assert_int_equal(boot(world->chip), TATU_VAULT_HALT);
    assert_non_null(strstr(world->chip->log, "[ROM] halted, NO_BOOT_SET\n"));
    assert_int_equal(handover.refused_count, 2);
    fake_chip_reset(world->chip);
    fake_world_install(world, 0, 1);
    assert_int_equal(boot(world->chip), TATU_VAULT_RUN);
    assert_non_null(strstr(world->chip->log, "[ROM] last boot halted, NO_BOOT_SET\n"));
    fake_chip_reset(world->chip);
    assert_int_equal(boot(world->chip), TATU_VAULT_RUN);
    assert_null(strstr(world->chip->log, "last boot"));
}

static void rom_halts_when_it_or_an_engine_is_broken(void **state)
{
    struct fake_world *world = *state;
    assert_int_equal(boot_code(world->chip, 1), TATU_VAULT_HALT);
    assert_non_null(strstr(world->chip->log, "[ROM] halted, DIGEST\n"));
    fake_chip_reset(world->chip);
    world->chip->verify_says_yes = true;
    assert_int_equal(boot(world->chip), TATU_VAULT_HALT);
    assert_non_null(strstr(world->chip->log, "[ROM] halted, IO\n"));
    fake_chip_reset(world->chip);
    world->chip->verify_says_yes = false;
    world->chip->lms_says_yes = true;
    assert_int_equal(boot(world->chip), TATU_VAULT_HALT);
    assert_non_null(strstr(world->chip->log, "[ROM] halted, IO\n"));
}

/* ---- fab ---- */

static struct tatu_fab_request good_request(void)
{
    struct tatu_fab_request request = {.board_class = 3};
    memset(request.implementation, 0x11, sizeof(request.implementation));
    memset(request.root_hash[0], 0x22, 32);
    return request;
}

static struct tatu_fab_answer fab(struct tatu_vault_chip *chip,
                                  const struct tatu_fab_request *request, size_t flip_at)
{
    struct tatu_fab_answer answer = {0};
    struct tatu_buf buf = TATU_BUF_OF(chip->fab_in);
    fake_chip_reset(chip);
    assert_int_equal(tatu_proto_encode_fab_request(request, &buf), TATU_OK);
    chip->fab_in_len = buf.len;
    if (flip_at < buf.len) {
        chip->fab_in[flip_at] ^= 1;
    }
    assert_int_equal(boot(chip), TATU_VAULT_HALT);
    assert_int_equal(
        tatu_proto_decode_fab_answer((struct tatu_span){chip->fab_out, chip->fab_out_len}, &answer),
        TATU_OK);
    return answer;
}

#define NO_FLIP SIZE_MAX

static void fab_makes_a_device_once(void **state)
{
    (void)state;
    struct tatu_vault_chip *chip = fake_chip_new();
    struct tatu_fab_request request = good_request();
    struct tatu_fab_answer answer = fab(chip, &request, NO_FLIP);
    uint8_t key[64];
    assert_int_equal(answer.status, TATU_OK);
    fake_public(chip->secrets[TATU_FUSE_SECRET_IDENTITY], key);
    assert_memory_equal(answer.identity, key, 64);
    fake_public(chip->secrets[TATU_FUSE_SECRET_ATTESTATION], key);
    assert_memory_equal(answer.attestation, key, 64);
    assert_non_null(chip->secrets[TATU_FUSE_SECRET_DEVICE]);
    assert_int_equal(chip->fuses[TATU_FUSE_LIFECYCLE / 4], 1);
    assert_int_equal(chip->fuses[TATU_FUSE_FAB_LOCK / 4], 1);
    assert_int_equal(chip->fuses[TATU_FUSE_CLASS / 4], 3);
    assert_int_equal(chip->fuses[TATU_FUSE_IMPLEMENTATION / 4], 0x11111111);
    assert_int_equal(chip->fuses[TATU_FUSE_ROOT_HASH / 4 + 7], 0x22222222);
    assert_int_equal(chip->counters[TATU_FUSE_COUNTER_BOOT], 0);

    /* never again: the next boot looks for a set instead of a frame */
    fake_chip_reset(chip);
    assert_int_equal(boot(chip), TATU_VAULT_HALT);
    assert_non_null(strstr(chip->log, "NO_BOOT_SET"));
    fake_chip_free(chip);
}

static void fab_refuses_bad_requests_and_stays_blank(void **state)
{
    (void)state;
    struct tatu_vault_chip *chip = fake_chip_new();
    struct tatu_fab_request request = good_request();
    assert_int_equal(fab(chip, &request, 0).status, TATU_ERR_FORMAT);
    assert_int_equal(fab(chip, &request, 50).status, TATU_ERR_DIGEST);
    request.board_class = 0;
    assert_int_equal(fab(chip, &request, NO_FLIP).status, TATU_ERR_ARGUMENT);
    request.board_class = 8;
    assert_int_equal(fab(chip, &request, NO_FLIP).status, TATU_ERR_ARGUMENT);
    request = good_request();
    memset(request.root_hash, 0, sizeof(request.root_hash));
    assert_int_equal(fab(chip, &request, NO_FLIP).status, TATU_ERR_ARGUMENT);
    assert_int_equal(chip->fuses[TATU_FUSE_LIFECYCLE / 4], 0);
    assert_null(chip->secrets[0]);
    request = good_request();
    assert_int_equal(fab(chip, &request, NO_FLIP).status, TATU_OK);
    fake_chip_free(chip);
}

static void fab_does_not_mix_two_requests(void **state)
{
    (void)state;
    struct tatu_vault_chip *chip = fake_chip_new();
    struct tatu_fab_request request = good_request();
    tatu_vault_chip_burn(chip, TATU_FUSE_ROOT_HASH, 0x44444444); /* an earlier fab lost power */
    assert_int_equal(fab(chip, &request, NO_FLIP).status, TATU_ERR_STATE);
    assert_int_equal(chip->fuses[TATU_FUSE_LIFECYCLE / 4], 0);
    fake_chip_free(chip);
}

static void fab_does_not_vouch_for_a_chip_that_did_not_lock(void **state)
{
    (void)state;
    static const uint32_t weak[] = {TATU_FUSE_FAB_LOCK, TATU_FUSE_LIFECYCLE};
    for (size_t i = 0; i < TATU_COUNT_OF(weak); i++) {
        struct tatu_vault_chip *chip = fake_chip_new();
        struct tatu_fab_request request = good_request();
        chip->weak_fuse = weak[i] + 1;
        assert_int_equal(fab(chip, &request, NO_FLIP).status, TATU_ERR_STATE);
        assert_int_equal(chip->fuses[TATU_FUSE_LIFECYCLE / 4], 0);
        /* the same request may try again */
        fake_chip_reset(chip);
        chip->weak_fuse = 0;
        assert_int_equal(fab(chip, &request, NO_FLIP).status, TATU_OK);
        fake_chip_free(chip);
    }
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(rom_boots_the_first_set_of_an_empty_table),
        WITH_WORLD(rom_locks_before_the_runtime),
        WITH_WORLD(rom_prefers_the_set_of_the_newer_table),
        WITH_WORLD(rom_gives_each_set_three_tries),
        WITH_WORLD(rom_tries_the_other_set_when_the_one_whose_turn_it_is_is_bad),
        WITH_WORLD(rom_starts_over_after_a_healthy_boot),
        WITH_WORLD(rom_says_who_booted),
        WITH_WORLD(rom_halts_without_good_random_numbers),
        WITH_WORLD(rom_halts_for_ever_when_the_chip_was_opened),
        WITH_WORLD(a_wipe_that_was_cut_off_is_repeated),
        cmocka_unit_test(rom_boots_set_b_when_set_a_is_bad),
        WITH_WORLD(rom_leaves_nothing_of_a_refused_set_beside_the_runtime),
        WITH_WORLD(rom_refuses_a_revoked_root),
        WITH_WORLD(rom_does_not_take_an_unused_root_place_for_a_key),
        WITH_WORLD(rom_halts_without_a_good_set_and_says_so_next_time),
        WITH_WORLD(rom_halts_when_it_or_an_engine_is_broken),
        cmocka_unit_test(fab_makes_a_device_once),
        cmocka_unit_test(fab_refuses_bad_requests_and_stays_blank),
        cmocka_unit_test(fab_does_not_mix_two_requests),
        cmocka_unit_test(fab_does_not_vouch_for_a_chip_that_did_not_lock),
    };
    return cmocka_run_group_tests_name("vault rom", tests, NULL, NULL);
}
