#include "table.h"

#include "sim_apps.h"

static enum tatu_err refused[2];

static int fixture(void **state)
{
    int failed = fixture_blank(state);
    apps_open();
    return failed;
}

static enum tatu_err reopen(void)
{
    sim_restart(chip);
    tatu_monitor_init_apps(&apps, chip, &vault);
    return tatu_monitor_open_table(&apps, refused);
}

static enum tatu_err prefer(uint8_t set)
{
    struct tatu_table next = apps.table;
    next.preferred_set = set;
    return tatu_monitor_write_table(&apps, &next);
}

static const uint32_t copy_at[2] = {TATU_FLASH_TABLE0_AT, TATU_FLASH_TABLE1_AT};

static void each_commit_is_counted_by_the_vault_and_alternates_the_copies(void **state)
{
    (void)state;
    assert_int_equal(apps.table_copy, -1);
    for (uint32_t i = 1; i <= 6; i++) {
        assert_int_equal(prefer(i % 2), TATU_OK);
        assert_int_equal(chip->counter, i);
        assert_int_equal(apps.table.sequence, i);
        assert_int_equal(apps.table_copy, (i + 1) % 2);
        assert_int_equal(reopen(), TATU_OK);
        assert_int_equal(apps.table.preferred_set, i % 2);
        assert_int_equal(chip->counter, i);
    }
}

static void the_same_table_again_is_not_written(void **state)
{
    (void)state;
    assert_int_equal(prefer(1), TATU_OK);
    uint32_t programmed = chip->program_count;
    assert_int_equal(prefer(1), TATU_OK);
    assert_int_equal(chip->program_count, programmed);
    assert_int_equal(chip->counter, 1);
}

static void an_older_copy_of_this_board_is_stale(void **state)
{
    (void)state;
    uint8_t old[2][TATU_TABLE_SIZE];
    assert_int_equal(prefer(1), TATU_OK);
    assert_int_equal(prefer(0), TATU_OK);
    for (int i = 0; i < 2; i++) {
        memcpy(old[i], chip->flash + copy_at[i], TATU_TABLE_SIZE);
    }
    assert_int_equal(prefer(1), TATU_OK);
    assert_int_equal(prefer(0), TATU_OK);
    /* one old copy beside the one that counts does no harm */
    sim_put(chip, copy_at[0], old[0], TATU_TABLE_SIZE);
    assert_int_equal(reopen(), TATU_OK);
    assert_int_equal(apps.table_copy, 1);
    assert_int_equal(refused[0], TATU_ERR_STALE);
    sim_put(chip, copy_at[1], old[1], TATU_TABLE_SIZE);
    assert_int_equal(reopen(), TATU_OK);
    assert_int_equal(apps.table_copy, -1);
    assert_int_equal(apps.table.app_count, 0);
    assert_int_equal(refused[0], TATU_ERR_STALE);
    assert_int_equal(refused[1], TATU_ERR_STALE);
    /* and the board goes on from there */
    assert_int_equal(prefer(1), TATU_OK);
    assert_int_equal(apps.table.sequence, 5);
    assert_int_equal(reopen(), TATU_OK);
    assert_int_equal(apps.table.preferred_set, 1);
}

static void a_copy_from_the_future_is_stale(void **state)
{
    (void)state;
    struct tatu_table table = {.sequence = 2, .preferred_set = 1};
    sim_put_table(chip, 0, &table);
    table.sequence = UINT64_MAX;
    sim_put_table(chip, 1, &table);
    assert_int_equal(reopen(), TATU_OK);
    assert_int_equal(apps.table_copy, -1);
    assert_int_equal(refused[0], TATU_ERR_STALE);
    assert_int_equal(refused[1], TATU_ERR_STALE);
    assert_int_equal(chip->counter, 0);
}

static void a_table_of_another_board_or_a_forged_one_is_refused(void **state)
{
    (void)state;
    struct tatu_table table = {.sequence = 1, .preferred_set = 1};
    chip->device_key = 7;
    sim_put_table(chip, 0, &table);
    chip->device_key = 0;
    sim_put_table(chip, 1, &table);
    chip->flash[copy_at[1] + TATU_TABLE_MAC_AT] ^= 1;
    tatu_put_le32(
        chip->flash + copy_at[1] + TATU_TABLE_SIZE - 4,
        tatu_base_crc32((struct tatu_span){chip->flash + copy_at[1], TATU_TABLE_SIZE - 4}));
    assert_int_equal(reopen(), TATU_OK);
    assert_int_equal(apps.table_copy, -1);
    assert_int_equal(refused[0], TATU_ERR_SIGNATURE);
    assert_int_equal(refused[1], TATU_ERR_SIGNATURE);
}

static void a_damaged_copy_is_told_as_damaged(void **state)
{
    (void)state;
    assert_int_equal(prefer(1), TATU_OK);
    assert_int_equal(prefer(0), TATU_OK);
    chip->flash[copy_at[0] + 30] ^= 1;
    assert_int_equal(reopen(), TATU_OK);
    assert_int_equal(refused[0], TATU_ERR_FORMAT);
    assert_int_equal(refused[1], TATU_OK);
    chip->flash[copy_at[1] + 30] ^= 1;
    assert_int_equal(reopen(), TATU_OK);
    assert_int_equal(apps.table_copy, -1);
}

/* Written, but the power failed before the vault had counted it. */
static void a_commit_that_was_not_counted_is_counted_at_the_next_boot(void **state)
{
    (void)state;
    assert_int_equal(prefer(1), TATU_OK);
    struct tatu_table next = {.sequence = 2, .preferred_set = 0};
    sim_put_table(chip, 1, &next);
    assert_int_equal(reopen(), TATU_OK);
    assert_int_equal(apps.table_copy, 1);
    assert_int_equal(chip->counter, 2);
    assert_int_equal(reopen(), TATU_OK);
    assert_int_equal(refused[0], TATU_ERR_STALE);
    assert_int_equal(chip->counter, 2);
}

static void a_vault_that_fails_in_a_commit_leaves_a_table_that_counts(void **state)
{
    (void)state;
    static const uint16_t commands[] = {TATU_VAULT_COUNT, TATU_VAULT_AUTHENTICATE};
    assert_int_equal(prefer(1), TATU_OK);
    for (size_t i = 0; i < TATU_COUNT_OF(commands); i++) {
        chip->vault_err = TATU_ERR_IO;
        chip->vault_err_for = commands[i];
        uint8_t before = apps.table.preferred_set;
        assert_int_equal(prefer(!before), TATU_ERR_IO);
        chip->vault_err = 0;
        assert_int_equal(prefer(!before), TATU_OK);
        assert_int_equal(reopen(), TATU_OK);
        assert_int_equal(apps.table.preferred_set, !before);
    }
}

static void a_vault_that_fails_at_boot_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(prefer(1), TATU_OK);
    sim_restart(chip);
    chip->vault_err = TATU_ERR_BUSY;
    chip->vault_err_for = TATU_VAULT_AUTHENTICATE;
    assert_int_equal(tatu_monitor_open_table(&apps, refused), TATU_ERR_BUSY);
    chip->vault_err_for = TATU_VAULT_COUNT;
    assert_int_equal(tatu_monitor_open_table(&apps, refused), TATU_ERR_BUSY);
}

static void a_flash_that_does_not_keep_what_was_written_is_io(void **state)
{
    (void)state;
    for (uint32_t fail = 1; fail <= 2; fail++) {
        chip->flash_fails = fail;
        assert_int_equal(prefer(1), TATU_ERR_IO);
        assert_int_equal(chip->counter, 0);
    }
    chip->flash_fails = 0;
    assert_int_equal(prefer(1), TATU_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_commit_is_counted_by_the_vault_and_alternates_the_copies,
                               fixture),
        cmocka_unit_test_setup(the_same_table_again_is_not_written, fixture),
        cmocka_unit_test_setup(an_older_copy_of_this_board_is_stale, fixture),
        cmocka_unit_test_setup(a_copy_from_the_future_is_stale, fixture),
        cmocka_unit_test_setup(a_table_of_another_board_or_a_forged_one_is_refused, fixture),
        cmocka_unit_test_setup(a_damaged_copy_is_told_as_damaged, fixture),
        cmocka_unit_test_setup(a_commit_that_was_not_counted_is_counted_at_the_next_boot, fixture),
        cmocka_unit_test_setup(a_vault_that_fails_in_a_commit_leaves_a_table_that_counts, fixture),
        cmocka_unit_test_setup(a_vault_that_fails_at_boot_is_an_error, fixture),
        cmocka_unit_test_setup(a_flash_that_does_not_keep_what_was_written_is_io, fixture),
    };
    return FIXTURE_RUN(tests);
}
