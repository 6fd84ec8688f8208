#include "runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_chip.h"
#include "silicon/vault/vault.h"

static struct tatu_vault vault;

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

static void monitor_runs_only_after_it_was_verified_and_measured(void **state)
{
    struct fake_world *world = *state;
    uint8_t digest[32];
    const uint8_t *slot = world->chip->flash + TATU_FLASH_MONITOR_AT;
    uint32_t len = tatu_get_le32(slot + TATU_FLASH_MONITOR_SIZE - 12);
    assert_true(fake_world_boot(world, &vault));
    assert_memory_equal(world->chip->secram, "the monitor's body", 18);
    assert_int_equal(vault.evidence.measurement_count, 2);
    assert_int_equal(vault.evidence.measurements[0].image_type, TATU_IMAGE_VAULT_RUNTIME);
    assert_int_equal(vault.evidence.measurements[1].image_type, TATU_IMAGE_MONITOR);
    fake_digest((struct tatu_span){slot, len}, digest);
    assert_memory_equal(vault.evidence.measurements[1].digest, digest, 32);
    assert_int_equal(vault.evidence.boot_count, 1);
    assert_int_equal(vault.evidence.board_class, TATU_CLASS_VIRTUAL);
    assert_false(vault.evidence.debug_open);
    assert_false(vault.evidence.fallback);
}

static void a_bad_monitor_is_replaced_by_the_other_sets(void **state)
{
    struct fake_world *world = *state;
    world->chip->flash[TATU_FLASH_MONITOR_AT] ^= 1;
    assert_true(fake_world_boot(world, &vault));
    assert_int_equal(vault.monitor_set, 1);
    assert_true(vault.evidence.fallback);
    assert_int_equal(vault.refused_count, 1);
    assert_int_equal(vault.refused[0].image_type, TATU_IMAGE_MONITOR);
    assert_int_equal(vault.refused[0].err, TATU_ERR_SIGNATURE);
    assert_non_null(strstr(world->chip->log, "[VAULT] set A: monitor refused, SIGNATURE\n"));
    assert_memory_equal(world->chip->secram, "the monitor's body", 18);
}

static void what_the_rom_refused_is_kept(void **state)
{
    struct fake_world *world = *state;
    world->chip->flash[TATU_FLASH_VAULT_AT] ^= 1;
    world->chip->flash[TATU_FLASH_SET_STRIDE + TATU_FLASH_MONITOR_AT] ^= 1;
    assert_true(fake_world_boot(world, &vault));
    assert_int_equal(vault.monitor_set, 0);
    assert_false(vault.evidence.fallback); /* its monitor is the preferred set's after all */
    assert_int_equal(vault.refused_count, 2);
    assert_int_equal(vault.refused[0].image_type, TATU_IMAGE_VAULT_RUNTIME);
    assert_int_equal(vault.refused[1].set, 1);
}

static void without_a_good_monitor_the_a_core_stays_in_reset(void **state)
{
    struct fake_world *world = *state;
    world->chip->flash[TATU_FLASH_MONITOR_AT] ^= 1;
    fake_chip_burn_floor(world->chip, TATU_FUSE_FLOOR_MONITOR, 2);
    assert_false(fake_world_boot(world, &vault));
    assert_false(world->chip->acore_released);
    assert_non_null(strstr(world->chip->log, "[VAULT] set B: monitor refused, ROLLBACK\n"));
    assert_int_equal(tatu_vault_load_halt(world->chip), TATU_ERR_NO_BOOT_SET);
}

static void a_monitor_as_high_as_the_floor_runs(void **state)
{
    struct fake_world *world = *state;
    fake_chip_burn_floor(world->chip, TATU_FUSE_FLOOR_MONITOR, 40);
    fake_world_install(world, 0, 40);
    assert_true(fake_world_boot(world, &vault));
    assert_int_equal(vault.monitor_set, 0);
}

static void a_lab_board_says_so(void **state)
{
    struct fake_world *world = *state;
    world->chip->fuses[TATU_FUSE_CLASS / 4] = 3;
    assert_true(fake_world_boot(world, &vault));
    assert_int_equal(vault.evidence.board_class, TATU_CLASS_LAB);
    assert_true(vault.evidence.debug_open);
}

static void an_opened_chip_destroys_its_secrets_and_starts_again(void **state)
{
    struct fake_world *world = *state;
    assert_true(fake_world_boot(world, &vault));
    tatu_vault_wipe(world->chip);
    assert_true(world->chip->wiped);
    assert_null(world->chip->secrets[0]);
    assert_int_equal(world->chip->resets, 1);
    assert_non_null(strstr(world->chip->log, "[VAULT] opened, secrets destroyed\n"));
    assert_false(fake_world_boot(world, &vault));
    assert_non_null(strstr(world->chip->log, "[ROM] halted, TAMPER\n"));
}

static void a_handover_of_another_version_or_form_is_refused(void **state)
{
    struct fake_world *world = *state;
    static struct tatu_vault_handover handover;
    handover = (struct tatu_vault_handover){.magic = TATU_VAULT_HANDOVER_MAGIC, .version = 1};
    assert_int_equal(tatu_vault_start(world->chip, &handover, &vault), TATU_ERR_VERSION);
    handover.version = TATU_VAULT_HANDOVER_VERSION;
    handover.refused_count = 3;
    assert_int_equal(tatu_vault_start(world->chip, &handover, &vault), TATU_ERR_FORMAT);
    handover.refused_count = 0;
    handover.keystore_len = TATU_KEYSTORE_MAX + 1;
    assert_int_equal(tatu_vault_start(world->chip, &handover, &vault), TATU_ERR_FORMAT);
    handover.keystore_len = 0;
    handover.mode = TATU_BOOT_RECOVERY + 1;
    assert_int_equal(tatu_vault_start(world->chip, &handover, &vault), TATU_ERR_FORMAT);
    assert_false(world->chip->acore_released);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(monitor_runs_only_after_it_was_verified_and_measured),
        WITH_WORLD(a_bad_monitor_is_replaced_by_the_other_sets),
        WITH_WORLD(what_the_rom_refused_is_kept),
        WITH_WORLD(without_a_good_monitor_the_a_core_stays_in_reset),
        WITH_WORLD(a_monitor_as_high_as_the_floor_runs),
        WITH_WORLD(a_lab_board_says_so),
        WITH_WORLD(an_opened_chip_destroys_its_secrets_and_starts_again),
        WITH_WORLD(a_handover_of_another_version_or_form_is_refused),
    };
    return cmocka_run_group_tests_name("vault runtime", tests, NULL, NULL);
}
