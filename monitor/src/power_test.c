/*
 * Power fails in the middle of every flash operation of every flow that writes: before it, in
 * either half of it, or scattered over it. What the next boot finds must be the old state or the
 * new one.
 */
#include "proto/smc.h"
#include "record.h"
#include "sim_sets.h"
#include "state.h"

#define OPERATIONS_MAX 4000u

static void arm(uint32_t after, int style)
{
    chip->cut_armed = true;
    chip->cut_after = after;
    chip->cut_style = style;
}

static void prepare_commit(void)
{
    sim_blank(chip);
    apps_open();
    app_stage('a', 300);
    app_stage('b', 300);
    assert_int_equal(app_commit("ab"), TATU_OK);
    app_stage('c', 300);
    assert_int_equal(app_commit("bc"), TATU_OK); /* both copies of the table are in use */
    app_stage('d', 300);
}

static void power_cut_in_a_commit_leaves_the_old_set_or_the_new_one(void **state)
{
    (void)state;
    bool seen_old = false;
    bool done = false;
    for (uint32_t after = 0; !done; after++) {
        assert_true(after < OPERATIONS_MAX);
        for (int style = 0; style < SIM_CUT_STYLES; style++) {
            prepare_commit();
            arm(after, style);
            enum tatu_err err = app_commit("cd");
            done = !chip->is_off;
            sim_restart(chip);
            apps_open();
            bool is_old = strcmp(app_names(), "bc") == 0;
            assert_true(is_old || strcmp(app_names(), "cd") == 0);
            assert_true(err != TATU_OK || !is_old); /* what was acknowledged is there */
            seen_old |= is_old;
            app_stage('e', 300);
            assert_int_equal(app_commit("e"), TATU_OK);
            sim_restart(chip);
            apps_open();
            assert_string_equal(app_names(), "e");
        }
    }
    assert_true(seen_old);
}

static void power_cut_while_staging_harms_no_installed_application(void **state)
{
    (void)state;
    bool done = false;
    for (uint32_t after = 0; !done; after++) {
        assert_true(after < OPERATIONS_MAX);
        for (int style = 0; style < SIM_CUT_STYLES; style++) {
            sim_blank(chip);
            /* The room that is free is not blank. */
            for (uint32_t at = 0x1000; at < 0x4000; at += 0x800) {
                sim_put(chip, TATU_FLASH_APPS0_AT + at, "\x00\x55", 2);
            }
            apps_open();
            app_stage('a', 300);
            assert_int_equal(app_commit("a"), TATU_OK);
            const uint8_t *bytes = app_package('b', 4400);
            uint32_t handle = 0;
            assert_int_equal(tatu_monitor_begin_stage(&apps, TATU_IMAGE_APPLICATION, 4400, &handle),
                             TATU_OK);
            arm(after, style);
            (void)tatu_monitor_write_stage(&apps, handle, 0, (struct tatu_span){bytes, 200});
            (void)tatu_monitor_write_stage(&apps, handle, 4000,
                                           (struct tatu_span){bytes + 4000, 400});
            done = !chip->is_off;
            sim_restart(chip);
            apps_open();
            assert_string_equal(app_names(), "a");
            app_stage('b', 4400); /* and the room can be used again */
        }
    }
}

static struct tatu_monitor_records records;

static enum tatu_err append(uint8_t fill, uint32_t len, uint32_t *out_id)
{
    uint8_t bytes[TATU_RECORD_MAX];
    memset(bytes, fill, len);
    return tatu_monitor_append_record(&records, TATU_RECORD_CRASH, (struct tatu_span){bytes, len},
                                      out_id);
}

static void open_records(void)
{
    sim_restart(chip);
    assert_int_equal(tatu_monitor_open_records(&records, chip), TATU_OK);
}

/* Every record there is must be whole: filled with the byte its id was written with. The last id,
 * and how many records up to it lie there without a gap. */
static uint32_t count_records(uint32_t *out_last)
{
    struct tatu_monitor_record record = {.id = 0};
    uint32_t run = 0;
    *out_last = 0;
    while (tatu_monitor_find_record(&records, record.id, &record) == TATU_OK) {
        for (size_t i = 0; i < record.bytes.len; i++) {
            assert_int_equal(record.bytes.data[i], record.id & 0xff);
        }
        run = record.id == *out_last + 1 ? run + 1 : 1;
        *out_last = record.id;
    }
    return run;
}

/* The ring with `count` records of len, as it lies in flash. */
static void fill_ring(uint8_t snapshot[TATU_FLASH_RECORDS_SIZE], uint32_t count, uint32_t len)
{
    uint32_t id = 0;
    sim_blank(chip);
    open_records();
    for (uint32_t i = 1; i <= count; i++) {
        assert_int_equal(append((uint8_t)i, len, &id), TATU_OK);
    }
    memcpy(snapshot, chip->flash + TATU_FLASH_RECORDS_AT, TATU_FLASH_RECORDS_SIZE);
}

/* What must hold after power failed while record `before` + 1 was appended. */
static void check_after_cut(uint32_t before, enum tatu_err err, uint32_t least)
{
    uint32_t id = 0;
    uint32_t last = 0;
    open_records();
    uint32_t run = count_records(&last);
    assert_true(last == before || last == before + 1);
    assert_true(err != TATU_OK || last == before + 1);
    assert_true(run >= least);
    /* The next append works and continues the ids. */
    assert_int_equal(append((uint8_t)(last + 1), 16, &id), TATU_OK);
    assert_int_equal(id, last + 1);
    open_records();
    (void)count_records(&last);
    assert_int_equal(last, id);
}

/* Appends one record of len to a ring in which `before` records of before_len lie. */
static void cut_append(uint32_t before, uint32_t before_len, uint32_t len, uint32_t may_lose)
{
    static uint8_t snapshot[TATU_FLASH_RECORDS_SIZE];
    uint32_t last = 0;
    bool done = false;
    fill_ring(snapshot, before, before_len);
    uint32_t kept = count_records(&last);
    for (uint32_t after = 0; !done; after++) {
        assert_true(after < OPERATIONS_MAX);
        for (int style = 0; style < SIM_CUT_STYLES; style++) {
            uint32_t id = 0;
            sim_put(chip, TATU_FLASH_RECORDS_AT, snapshot, sizeof(snapshot));
            open_records();
            arm(after, style);
            enum tatu_err err = append((uint8_t)(before + 1), len, &id);
            done = !chip->is_off;
            check_after_cut(before, err, kept - may_lose);
        }
    }
}

static void power_cut_in_an_append_loses_no_older_record(void **state)
{
    (void)state;
    cut_append(0, 0, 0, 0);
    cut_append(0, 0, 100, 0);
    cut_append(1, 20, 100, 0);
    cut_append(3, 1000, 1040, 0);
}

static void power_cut_when_the_ring_is_full_loses_only_the_oldest_sector(void **state)
{
    (void)state;
    cut_append(TATU_MONITOR_RECORD_SECTORS, TATU_RECORD_MAX, 500, 1);
    cut_append(TATU_MONITOR_RECORD_SECTORS * 2, 2000, 52, 2);
}

static void power_cut_while_taking_loses_no_record_that_was_not_taken(void **state)
{
    (void)state;
    for (uint32_t after = 0; after < 2; after++) {
        for (int style = 0; style < SIM_CUT_STYLES; style++) {
            uint32_t id = 0;
            uint32_t last = 0;
            sim_blank(chip);
            open_records();
            for (uint8_t i = 1; i <= 4; i++) {
                assert_int_equal(append(i, 2000, &id), TATU_OK);
            }
            arm(after, style);
            enum tatu_err err = tatu_monitor_take_records(&records, 3);
            assert_int_equal(err == TATU_OK, after == 1);
            open_records();
            uint32_t count = count_records(&last);
            assert_true(count == 1 || (count == 4 && err != TATU_OK));
            assert_int_equal(last, 4);
        }
    }
}

/* ---- OS sets: from the ROM's choice to the normal world ----------------------------------------
 */

static struct tatu_monitor m;

/* Power on. False when the chip cannot start any set. */
static bool power_on(void)
{
    struct tatu_monitor_entry entry;
    sim_restart(chip);
    return sim_run_rom(chip) && tatu_monitor_boot(&m, chip, &entry) == TATU_OK;
}

/* Set 0 of version 5 runs, set 1 of version 3 is its backup. */
static void prepare_sets(void)
{
    sim_blank(chip);
    sim_put_set(chip, 0, 5);
    sim_put_set(chip, 1, 3);
    assert_true(power_on());
}

static enum tatu_err update_part(uint32_t index)
{
    struct tatu_verified_image image;
    uint8_t bytes[4200];
    uint32_t handle = 0;
    const struct sim_package package = {(uint16_t)tatu_monitor_parts[index].type, 0x80,
                                        (uint8_t)(0xa0 + index),
                                        index == TATU_MONITOR_PART_ROOT ? 4200 : 140, 9};
    sim_make_package(&package, bytes);
    if (index == TATU_MONITOR_PART_VAULT) {
        TATU_TRY(tatu_monitor_copy_part(&m.apps, package.type, &handle));
    } else {
        TATU_TRY(tatu_monitor_begin_stage(&m.apps, package.type, package.len, &handle));
        TATU_TRY(
            tatu_monitor_write_stage(&m.apps, handle, 0, (struct tatu_span){bytes, package.len}));
    }
    return tatu_monitor_finish_stage(&m.apps, handle, &image);
}

/* To version 9, the keystore first: the order must not matter. */
static enum tatu_err update_set(void)
{
    for (uint32_t i = TATU_MONITOR_PART_COUNT; i-- > 0;) {
        TATU_TRY(update_part(i));
    }
    return tatu_monitor_install_set(&m.apps);
}

/* The set that runs is all of one version: what was measured is what is told. */
static void assert_runs(uint32_t set, uint32_t os_version)
{
    assert_int_equal(m.boot.set, set);
    assert_int_equal(m.boot.os_version, os_version);
}

static void power_cut_in_an_update_boots_the_old_set_or_the_new_one(void **state)
{
    (void)state;
    bool seen_old = false;
    bool seen_new = false;
    bool done = false;
    for (uint32_t after = 0; !done; after++) {
        assert_true(after < OPERATIONS_MAX);
        for (int style = 0; style < SIM_CUT_STYLES; style++) {
            prepare_sets();
            arm(after, style);
            enum tatu_err err = update_set();
            done = !chip->is_off;
            assert_true(power_on());
            assert_true(err != TATU_OK || m.boot.set == 1); /* what was acknowledged */
            assert_runs(m.boot.set, m.boot.set == 0 ? 7 : 9);
            seen_old |= m.boot.set == 0;
            seen_new |= m.boot.set == 1;
            if (m.boot.set == 0) {
                assert_int_equal(update_set(), TATU_OK);
                assert_true(power_on());
                assert_runs(1, 9);
                assert_int_equal(m.boot.fallback, 0);
            }
        }
    }
    assert_true(seen_old && seen_new);
}

/* What HEALTHY does. */
static enum tatu_err be_healthy(void)
{
    TATU_TRY(tatu_monitor_order_vault(&m.vault, TATU_VAULT_BOOT_GOOD, (struct tatu_span){NULL, 0},
                                      NULL, 0));
    return tatu_monitor_keep_set(&m.apps);
}

/* An update whose set never becomes healthy, and power fails when the old one does. */
static void power_cut_in_a_rollback_ends_with_a_healthy_set(void **state)
{
    (void)state;
    bool done = false;
    for (uint32_t after = 0; !done; after++) {
        assert_true(after < OPERATIONS_MAX);
        for (int style = 0; style < SIM_CUT_STYLES; style++) {
            prepare_sets();
            assert_int_equal(be_healthy(), TATU_OK);
            assert_int_equal(update_set(), TATU_OK);
            for (int i = 0; i < 4; i++) {
                assert_true(power_on());
                assert_runs(i < 3, i < 3 ? 9 : 7); /* back by itself */
            }
            assert_true(m.boot.fallback && m.apps.was_rolled_back);
            arm(after, style);
            enum tatu_err err = be_healthy();
            done = !chip->is_off;
            assert_true(power_on());
            for (int i = 0; m.boot.set == 1; i++) {
                assert_true(i < 3 && err != TATU_OK); /* not known yet to be healthy: once more */
                assert_true(power_on());
            }
            assert_int_equal(be_healthy(), TATU_OK);
            assert_true(power_on());
            assert_runs(0, 7);
            assert_int_equal(m.boot.fallback, 0);
            assert_int_equal(m.boot.mode, TATU_BOOT_NORMAL);
        }
    }
}

static void mend(void)
{
    uint32_t left = 1;
    for (int calls = 0; left > 0 && !chip->is_off; calls++) {
        assert_true(calls < 20);
        (void)tatu_monitor_repair_set(&m.apps, &left);
    }
}

static void power_cut_in_a_repair_leaves_the_running_set_and_is_taken_up_again(void **state)
{
    (void)state;
    bool done = false;
    for (uint32_t after = 0; !done; after++) {
        assert_true(after < OPERATIONS_MAX);
        for (int style = 0; style < SIM_CUT_STYLES; style++) {
            prepare_sets();
            chip->attempts = 0;
            chip->flash[tatu_monitor_part_at(1, TATU_MONITOR_PART_KERNEL)] ^= 1;
            arm(after, style);
            mend();
            done = !chip->is_off;
            assert_true(power_on());
            assert_runs(0, 7);
            mend();
            assert_true(m.apps.is_backup_good);
            assert_true(are_sets_same());
            chip->attempts = 3;
            assert_true(power_on());
            assert_runs(1, 7);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(power_cut_in_a_commit_leaves_the_old_set_or_the_new_one),
        FIXTURE_TEST(power_cut_while_staging_harms_no_installed_application),
        FIXTURE_TEST(power_cut_in_an_append_loses_no_older_record),
        FIXTURE_TEST(power_cut_when_the_ring_is_full_loses_only_the_oldest_sector),
        FIXTURE_TEST(power_cut_while_taking_loses_no_record_that_was_not_taken),
        FIXTURE_TEST(power_cut_in_an_update_boots_the_old_set_or_the_new_one),
        FIXTURE_TEST(power_cut_in_a_rollback_ends_with_a_healthy_set),
        FIXTURE_TEST(power_cut_in_a_repair_leaves_the_running_set_and_is_taken_up_again),
    };
    return FIXTURE_RUN(tests);
}
