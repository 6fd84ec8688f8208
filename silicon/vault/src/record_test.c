#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_chip.h"

static int make_chip(void **state)
{
    *state = fake_chip_new();
    return 0;
}

static int end_chip(void **state)
{
    fake_chip_free(*state);
    return 0;
}

static struct tatu_vault_record owned_by(uint8_t who, const struct tatu_vault_record *before)
{
    struct tatu_vault_record record = *before;
    record.claimed = true;
    record.owner_count++;
    memset(record.tenant, who, sizeof(record.tenant));
    memset(record.owner_key, who, sizeof(record.owner_key));
    return record;
}

static void a_new_chip_has_no_owner_and_no_time(void **state)
{
    struct tatu_vault_record record;
    tatu_vault_load_record(*state, &record);
    assert_false(record.claimed);
    assert_int_equal(record.time_floor_s, 0);
    assert_int_equal(tatu_vault_load_halt(*state), TATU_OK);
}

static void what_is_stored_is_loaded(void **state)
{
    struct tatu_vault_record record = {0};
    struct tatu_vault_record back;
    record.time_floor_s = 0x123456789abcull;
    record.ticket_boot = 0xabcdef012345ull;
    record.capabilities = 0x2800;
    record.grace_s = 86400;
    record = owned_by(7, &record);
    assert_int_equal(tatu_vault_store_record(*state, &record), TATU_OK);
    tatu_vault_load_record(*state, &back);
    assert_int_equal(back.time_floor_s, record.time_floor_s);
    assert_int_equal(back.ticket_boot, record.ticket_boot);
    assert_int_equal(back.capabilities, record.capabilities);
    assert_int_equal(back.grace_s, record.grace_s);
    assert_true(back.claimed);
    assert_memory_equal(back.tenant, record.tenant, sizeof(back.tenant));
    assert_memory_equal(back.owner_key, record.owner_key, sizeof(back.owner_key));
    assert_int_equal(tatu_vault_chip_counter(*state, TATU_FUSE_COUNTER_OWNER), 1);
}

static void a_power_cut_leaves_the_old_record_or_the_new_one(void **state)
{
    (void)state;
    for (int units = 0; units <= 3; units++) { /* two of the memory, then the counter */
        struct tatu_vault_chip *chip = fake_chip_new();
        struct tatu_vault_record record = {.time_floor_s = 1000};
        struct tatu_vault_record back;
        assert_int_equal(tatu_vault_store_record(chip, &record), TATU_OK);
        struct tatu_vault_record next = owned_by(9, &record);
        next.time_floor_s = 2000;
        chip->power_left = units;
        (void)tatu_vault_store_record(chip, &next);
        fake_chip_reset(chip);
        tatu_vault_load_record(chip, &back);
        assert_int_equal(back.claimed, units >= 2);
        assert_int_equal(back.time_floor_s, units >= 2 ? 2000 : 1000);
        /* the counter was cut off as well; loading has finished the step */
        assert_int_equal(chip->counters[TATU_FUSE_COUNTER_OWNER], units >= 2);
        fake_chip_free(chip);
    }
}

static void a_memory_that_does_not_hold_is_an_error(void **state)
{
    struct tatu_vault_chip *chip = *state;
    struct tatu_vault_record record = {.time_floor_s = 5};
    chip->power_left = 0;
    assert_int_equal(tatu_vault_store_record(chip, &record), TATU_ERR_IO);
    assert_int_equal(record.sequence, 0);
}

static void an_older_owner_does_not_come_back(void **state)
{
    struct tatu_vault_chip *chip = *state;
    struct tatu_vault_record record = {0};
    struct tatu_vault_record back;
    uint8_t before[TATU_MAP_VNVM_SIZE];
    record = owned_by(1, &record);
    assert_int_equal(tatu_vault_store_record(chip, &record), TATU_OK);
    memcpy(before, chip->nvm, sizeof(before));
    record = owned_by(2, &record);
    assert_int_equal(tatu_vault_store_record(chip, &record), TATU_OK);
    memcpy(chip->nvm, before, sizeof(before));
    tatu_vault_load_record(chip, &back);
    assert_true(back.claimed);
    assert_int_equal(back.tenant[0], 0);
}

static void damage_never_opens_an_owned_chip(void **state)
{
    struct tatu_vault_chip *chip = *state;
    struct tatu_vault_record record = {0};
    struct tatu_vault_record back;
    record = owned_by(1, &record);
    assert_int_equal(tatu_vault_store_record(chip, &record), TATU_OK);
    memset(chip->nvm, 0, sizeof(chip->nvm));
    tatu_vault_load_record(chip, &back);
    assert_true(back.claimed);
    assert_int_equal(back.tenant[0] | back.owner_key[0], 0);
    /* and it can still keep time */
    back.time_floor_s = 77;
    assert_int_equal(tatu_vault_store_record(chip, &back), TATU_OK);
    tatu_vault_load_record(chip, &back);
    assert_true(back.claimed);
    assert_int_equal(back.time_floor_s, 77);
}

static void failed_boots_count_from_the_last_good_one(void **state)
{
    struct tatu_vault_chip *chip = *state;
    /* a memory that says nothing, or what cannot be, begins to count now */
    assert_int_equal(tatu_vault_failed_boots(chip, 1), 0);
    assert_int_equal(tatu_vault_failed_boots(chip, 2), 1);
    assert_int_equal(tatu_vault_failed_boots(chip, 200), 199);
    tatu_vault_store_good(chip, 200);
    assert_int_equal(tatu_vault_failed_boots(chip, 201), 0);
    assert_int_equal(tatu_vault_failed_boots(chip, 203), 2);
    assert_int_equal(tatu_vault_failed_boots(chip, 150), 0);
    assert_int_equal(tatu_vault_failed_boots(chip, 151), 1);
    memset(chip->nvm, 0, sizeof(chip->nvm));
    assert_int_equal(tatu_vault_failed_boots(chip, 151), 0);
    assert_int_equal(tatu_vault_failed_boots(chip, 153), 2);
}

static void notes_do_not_touch_each_other(void **state)
{
    struct tatu_vault_chip *chip = *state;
    struct tatu_vault_record record = {.time_floor_s = 5};
    struct tatu_vault_record back;
    assert_int_equal(tatu_vault_store_record(chip, &record), TATU_OK);
    assert_int_equal(tatu_vault_store_record(chip, &record), TATU_OK);
    tatu_vault_store_halt(chip, TATU_ERR_NO_BOOT_SET);
    tatu_vault_store_good(chip, 9);
    assert_false(tatu_vault_load_wish(chip));
    tatu_vault_store_wish(chip, true);
    tatu_vault_load_record(chip, &back);
    assert_int_equal(back.sequence, 2);
    assert_int_equal(tatu_vault_load_halt(chip), TATU_ERR_NO_BOOT_SET);
    assert_int_equal(tatu_vault_failed_boots(chip, 10), 0);
    tatu_vault_store_halt(chip, TATU_OK);
    assert_int_equal(tatu_vault_load_halt(chip), TATU_OK);
    assert_true(tatu_vault_load_wish(chip));
    tatu_vault_store_wish(chip, false);
    assert_false(tatu_vault_load_wish(chip));
    assert_int_equal(tatu_vault_failed_boots(chip, 10), 0);
}

#define WITH_CHIP(test) cmocka_unit_test_setup_teardown(test, make_chip, end_chip)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CHIP(a_new_chip_has_no_owner_and_no_time),
        WITH_CHIP(what_is_stored_is_loaded),
        cmocka_unit_test(a_power_cut_leaves_the_old_record_or_the_new_one),
        WITH_CHIP(a_memory_that_does_not_hold_is_an_error),
        WITH_CHIP(an_older_owner_does_not_come_back),
        WITH_CHIP(damage_never_opens_an_owned_chip),
        WITH_CHIP(failed_boots_count_from_the_last_good_one),
        WITH_CHIP(notes_do_not_touch_each_other),
    };
    return cmocka_run_group_tests_name("vault record", tests, NULL, NULL);
}
