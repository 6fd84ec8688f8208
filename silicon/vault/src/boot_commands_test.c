#include "command_fixture.h"

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
        bool measured = rows[i].asked_type != TATU_IMAGE_APPLICATION && rows[i].asked_type != 99;
        assert_int_equal(verify_at(RAM_AT, len, rows[i].asked_type, TATU_VERIFY_MEASURE * measured),
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
    const uint16_t fixed[] = {TATU_IMAGE_VAULT_RUNTIME, TATU_IMAGE_MONITOR, TATU_IMAGE_APPLICATION,
                              TATU_IMAGE_RECOVERY, TATU_IMAGE_CAPABILITY};
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

/* An application signed by the original's test key. Nobody here has its private half, so the engine
 * says yes to that key: what is tested is when the vault asks for it. */
static void the_test_key_counts_with_its_capability_alone(void **state)
{
    (void)state;
    /* x and y of the SDK's public key */
    static const uint8_t test_key[64] = "\xed\xf2\x33\xc0\x0d\x31\x14\x1d\x8f\x3f\x56\x33\x43\x40"
                                        "\xcc\xd8\xc1\x69\xfb\x67\xe2\xec\x56\x4b\xf8\xa5\xef\x58"
                                        "\x6b\x1c\x3f\x7b\xc1\x88\xca\x20\x87\x01\xe6\xd7\xc7\x75"
                                        "\x6a\x13\x26\x38\xfe\x98\xc9\xa0\x20\x07\x40\x3d\xe5\xc4"
                                        "\x22\xe6\xa7\xe8\x26\xa4\xbd\x24";
    size_t len = put_package(TATU_IMAGE_APPLICATION, 1, world->release);
    uint32_t at = TATU_MAP_FLASH_BASE + TATU_FLASH_APPS0_AT;
    memcpy(world->chip->flash + TATU_FLASH_APPS0_AT, world->chip->ram, len);
    world->chip->always_good = test_key;
    end_boot();
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_APPLICATION, 0), TATU_ERR_SIGNATURE);
    for (uint32_t number = 13; number > 0; number--) {
        (void)set_capability(0, number, world->owner);
        assert_int_equal(verify_at(at, len, TATU_IMAGE_APPLICATION, 0),
                         number == TATU_CAPABILITY_TEST_KEY ? TATU_OK : TATU_ERR_SIGNATURE);
    }
    /* never for anything else */
    len = put_package(TATU_IMAGE_KERNEL, 1, world->owner);
    memcpy(world->chip->flash + TATU_FLASH_APPS0_AT, world->chip->ram, len);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_KERNEL, 0), TATU_ERR_KEY_UNKNOWN);
    assert_int_equal(set_capability(1, 2, world->release), TATU_ERR_SIGNATURE);
}

static void a_healthy_boot_forgets_the_attempts(void **state)
{
    (void)state;
    assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_GOOD, NOTHING), TATU_ERR_STATE);
    boot_again();
    boot_again();
    assert_int_equal(tatu_vault_failed_boots(world->chip, 4), 3);
    assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_GOOD, NOTHING), TATU_OK);
    assert_int_equal(tatu_vault_failed_boots(world->chip, 4), 0);
    assert_int_equal(tatu_vault_failed_boots(world->chip, 5), 1);
    assert_true(fake_world_boot(world, &vault));
    vault.evidence.mode = TATU_BOOT_RECOVERY; /* which has no boot to end */
    assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_GOOD, NOTHING), TATU_OK);
    assert_int_equal(tatu_vault_failed_boots(world->chip, 5), 0);
    world->chip->power_left = 0; /* it is written once */
    assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_GOOD, NOTHING), TATU_OK);
    assert_false(world->chip->is_off);
}

static void the_mode_of_the_boot_reaches_the_monitor(void **state)
{
    (void)state;
    for (int n = 0; n < 6; n++) {
        assert_int_equal(ask(MONITOR, TATU_VAULT_GET_BOOT, NOTHING), TATU_OK);
        assert_int_equal(answer.data[3], TATU_BOOT_NORMAL);
        assert_int_equal(vault.evidence.mode, TATU_BOOT_NORMAL);
        assert_true(fake_world_boot(world, &vault));
    }
    assert_int_equal(ask(MONITOR, TATU_VAULT_GET_BOOT, NOTHING), TATU_OK);
    assert_int_equal(answer.data[3], TATU_BOOT_SAFE);
    assert_int_equal(vault.evidence.mode, TATU_BOOT_SAFE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        BOOTED(applications_are_verified_by_the_owner),
        BOOTED(the_test_key_counts_with_its_capability_alone),
        BOOTED(a_healthy_boot_forgets_the_attempts),
        BOOTED(the_mode_of_the_boot_reaches_the_monitor),
    };
    return cmocka_run_group_tests_name("vault boot commands", tests, NULL, NULL);
}
