#include "proto/report.h"
#include "set.h"
#include "sim_fixture.h"
#include "state.h"

static struct tatu_monitor m;
static struct tatu_monitor_entry entry;

static int fixture(void **state)
{
    int failed = fixture_blank(state);
    sim_put_set(chip, 0, 5);
    sim_put_set(chip, 1, 3);
    return failed;
}

static enum tatu_err boot(void)
{
    entry = (struct tatu_monitor_entry){0, 0};
    return tatu_monitor_boot(&m, chip, &entry);
}

static bool said(const char *text)
{
    return strstr(chip->log, text) != NULL;
}

/* The first boot record after `after`, and its id. */
static uint32_t read_failure(uint32_t after, struct tatu_boot_failure *out)
{
    struct tatu_monitor_record record;
    if (tatu_monitor_find_record(&m.records, after, &record) != TATU_OK) {
        return 0;
    }
    assert_int_equal(record.kind, TATU_RECORD_BOOT);
    assert_int_equal(tatu_proto_decode_boot_failure(record.bytes, out), TATU_OK);
    return record.id;
}

static void assert_failure(uint32_t after, uint8_t set, uint16_t type, uint32_t err)
{
    struct tatu_boot_failure failure;
    assert_int_equal(read_failure(after, &failure), after + 1);
    assert_int_equal(failure.set, set);
    assert_int_equal(failure.image_type, type);
    assert_int_equal(failure.err, err);
    assert_int_equal(failure.boot_count, 7);
}

static void assert_no_failure(uint32_t after)
{
    struct tatu_boot_failure failure;
    assert_int_equal(read_failure(after, &failure), 0);
}

static void put_table(uint8_t preferred_set, uint8_t app_count)
{
    struct tatu_table table = {
        .sequence = 4, .preferred_set = preferred_set, .app_count = app_count};
    chip->counter = table.sequence;
    for (uint8_t i = 0; i < app_count; i++) {
        const struct sim_package package = {TATU_IMAGE_APPLICATION, (uint8_t)('a' + i),
                                            (uint8_t)('a' + i), 300, 1};
        uint8_t package_bytes[300];
        sim_make_package(&package, package_bytes);
        memset(table.apps[i].image, 'a' + i, 16);
        table.apps[i].offset = TATU_FLASH_APPS1_AT + i * TATU_FLASH_SECTOR_SIZE;
        table.apps[i].len = sizeof(package_bytes);
        sim_put(chip, table.apps[i].offset, package_bytes, sizeof(package_bytes));
    }
    sim_put_table(chip, 0, &table);
}

static void a_good_preferred_set_boots(void **state)
{
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(entry.kernel, TATU_LOAD_KERNEL);
    assert_int_equal(entry.dtb, TATU_LOAD_DTB);
    assert_int_equal(m.boot.set, 0);
    assert_int_equal(m.boot.fallback, 0);
    assert_int_equal(m.boot.monitor_version, 5);
    assert_int_equal(m.boot.os_version, 7); /* the lowest of its three parts */
    assert_true(chip->boot_done);
    assert_int_equal(chip->boot_done_set, 0);
    assert_int_equal(chip->boot_done_fallback, 0);
    assert_no_failure(0);
    assert_true(said("[MON] set A: starting the normal world\n"));
}

static void what_runs_is_what_was_verified_and_measured(void **state)
{
    (void)state;
    static const uint16_t order[] = {TATU_IMAGE_KEYSTORE, TATU_IMAGE_DTB, TATU_IMAGE_KERNEL,
                                     TATU_IMAGE_ROOT};
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(chip->measured_count, TATU_COUNT_OF(order));
    assert_memory_equal(chip->measured, order, sizeof(order));
    assert_memory_equal(chip->ram + (TATU_LOAD_KERNEL - TATU_MAP_RAM_BASE),
                        chip->flash + TATU_FLASH_KERNEL_AT, 400);
    assert_memory_equal(chip->ram + (TATU_LOAD_DTB - TATU_MAP_RAM_BASE),
                        chip->flash + TATU_FLASH_DTB_AT, 400);
}

static void each_damaged_part_brings_the_other_set_and_a_record(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        uint32_t at;
    } rows[] = {
        {TATU_IMAGE_DTB, TATU_FLASH_DTB_AT},
        {TATU_IMAGE_KERNEL, TATU_FLASH_KERNEL_AT},
        {TATU_IMAGE_ROOT, TATU_FLASH_ROOT_AT},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(fixture(state), 0);
        chip->flash[rows[i].at + 10] ^= 4;
        assert_int_equal(boot(), TATU_OK);
        assert_int_equal(m.boot.set, 1);
        assert_int_equal(m.boot.fallback, 1);
        assert_int_equal(chip->boot_done_set, 1);
        assert_int_equal(chip->boot_done_fallback, 1);
        assert_failure(0, 0, rows[i].type, TATU_ERR_SIGNATURE);
        assert_no_failure(1);
        /* Nothing of the refused set was measured. */
        assert_int_equal(chip->measured_count, 4);
        assert_memory_equal(chip->ram + (TATU_LOAD_KERNEL - TATU_MAP_RAM_BASE),
                            chip->flash + TATU_FLASH_SET_STRIDE + TATU_FLASH_KERNEL_AT, 400);
    }
}

static void an_empty_or_damaged_footer_is_refused(void **state)
{
    (void)state;
    uint8_t *footer = chip->flash + TATU_FLASH_KERNEL_AT + TATU_FLASH_KERNEL_SIZE - 16;
    footer[4] ^= 1;
    assert_int_equal(boot(), TATU_OK);
    assert_failure(0, 0, TATU_IMAGE_KERNEL, TATU_ERR_FORMAT);
    assert_int_equal(fixture(state), 0);
    memset(footer, 0xff, 16);
    assert_int_equal(boot(), TATU_OK);
    assert_failure(0, 0, TATU_IMAGE_KERNEL, TATU_ERR_NOT_FOUND);
}

static void parts_of_another_type_do_not_pass(void **state)
{
    (void)state;
    const struct sim_package root = {TATU_IMAGE_ROOT, 1, 1, 400, 9};
    sim_put_slot(chip, TATU_FLASH_KERNEL_AT, TATU_FLASH_KERNEL_SIZE, &root);
    assert_int_equal(boot(), TATU_OK);
    assert_failure(0, 0, TATU_IMAGE_KERNEL, TATU_ERR_TYPE);
    assert_int_equal(m.boot.set, 1);
}

static void no_good_set_starts_nothing_and_keeps_both_refusals(void **state)
{
    (void)state;
    chip->flash[TATU_FLASH_KERNEL_AT] ^= 1;
    chip->flash[TATU_FLASH_SET_STRIDE + TATU_FLASH_DTB_AT] ^= 1;
    assert_int_equal(boot(), TATU_ERR_NO_BOOT_SET);
    assert_int_equal(entry.kernel, 0);
    assert_false(chip->boot_done);
    assert_failure(0, 0, TATU_IMAGE_KERNEL, TATU_ERR_SIGNATURE);
    assert_failure(1, 1, TATU_IMAGE_DTB, TATU_ERR_SIGNATURE);
    assert_true(said("[MON] stopped, NO_BOOT_SET\n"));
    assert_true(chip->recovery_asked);
}

static void the_search_begins_with_the_set_the_monitor_came_from(void **state)
{
    (void)state;
    chip->boot_set = 1;
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(m.boot.set, 1);
    assert_int_equal(m.boot.fallback, 0); /* without a table, the ROM's choice is preferred */
    assert_int_equal(m.boot.monitor_version, 3);
    assert_int_equal(fixture(state), 0);
    put_table(1, 0);
    chip->boot_set = 1;
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(m.boot.set, 1);
    assert_int_equal(m.boot.fallback, 0);
}

static void refusals_of_the_vault_become_records(void **state)
{
    (void)state;
    chip->boot_set = 1;
    chip->refused_count = 2;
    assert_int_equal(boot(), TATU_OK);
    assert_failure(0, 0, TATU_IMAGE_MONITOR, TATU_ERR_ROLLBACK);
    assert_failure(1, 0, TATU_IMAGE_MONITOR, TATU_ERR_ROLLBACK);
    assert_no_failure(2);
}

static void a_panic_of_the_last_run_becomes_a_record_once(void **state)
{
    (void)state;
    chip->panic = 4;
    assert_int_equal(boot(), TATU_OK);
    assert_failure(0, 0, TATU_IMAGE_MONITOR, TATU_ERR_STATE);
    sim_restart(chip);
    assert_int_equal(boot(), TATU_OK);
    assert_no_failure(1);
}

static void windows_show_root_applications_and_store_only_and_are_locked(void **state)
{
    (void)state;
    put_table(1, 0);
    chip->boot_set = 1;
    assert_int_equal(boot(), TATU_OK);
    for (uint32_t i = 0; i < TATU_MAP_WINDOW_COUNT; i++) {
        assert_true(chip->windows[i].locked);
        assert_true(i < 4 || chip->windows[i].len == 0);
    }
    assert_int_equal(chip->windows[TATU_WINDOW_ROOT].at,
                     TATU_FLASH_SET_STRIDE + TATU_FLASH_ROOT_AT);
    assert_int_equal(chip->windows[TATU_WINDOW_ROOT].len, TATU_FLASH_ROOT_SIZE);
    assert_int_equal(chip->windows[TATU_WINDOW_APPS0].at, TATU_FLASH_APPS0_AT);
    assert_int_equal(chip->windows[TATU_WINDOW_APPS0].len, TATU_FLASH_APPS0_SIZE);
    assert_int_equal(chip->windows[TATU_WINDOW_APPS1].at, TATU_FLASH_APPS1_AT);
    assert_int_equal(chip->windows[TATU_WINDOW_APPS1].len, TATU_FLASH_APPS1_SIZE);
    assert_int_equal(chip->windows[TATU_WINDOW_STORE].at, TATU_FLASH_STORE_AT);
    assert_int_equal(chip->windows[TATU_WINDOW_STORE].len, TATU_FLASH_STORE_SIZE);
}

static void good_applications_are_measured_and_a_bad_one_is_a_record(void **state)
{
    (void)state;
    put_table(0, 3);
    chip->flash[TATU_FLASH_APPS1_AT + TATU_FLASH_SECTOR_SIZE] ^= 1;
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(m.apps.installed_count, 2);
    assert_int_equal(chip->app_count, 2);
    assert_int_equal(chip->apps[0][0], 'a');
    assert_int_equal(chip->apps[1][0], 'c');
    assert_failure(0, 0, TATU_IMAGE_APPLICATION, TATU_ERR_SIGNATURE);
    assert_no_failure(1);
}

static void a_vault_that_does_not_answer_stops_the_boot(void **state)
{
    (void)state;
    static const struct {
        uint16_t command;
        enum tatu_err err;
    } rows[] = {
        {TATU_VAULT_SET_DMA, TATU_ERR_BUSY},    {TATU_VAULT_GET_INFO, TATU_ERR_BUSY},
        {TATU_VAULT_GET_BOOT, TATU_ERR_BUSY},   {TATU_VAULT_MEASURE_APPS, TATU_ERR_BUSY},
        {TATU_VAULT_BOOT_DONE, TATU_ERR_BUSY},  {TATU_VAULT_VERIFY_IMAGE, TATU_ERR_NO_BOOT_SET},
        {TATU_VAULT_COUNT, TATU_ERR_BUSY},      {TATU_VAULT_AUTHENTICATE, TATU_ERR_BUSY},
        {TATU_VAULT_GET_TICKET, TATU_ERR_BUSY},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(fixture(state), 0);
        put_table(0, 0);
        chip->vault_err = TATU_ERR_BUSY;
        chip->vault_err_for = rows[i].command;
        assert_int_equal(boot(), rows[i].err);
        assert_int_equal(entry.kernel, 0);
    }
    assert_int_equal(fixture(state), 0);
    chip->vault_dumb = true;
    assert_int_equal(boot(), TATU_ERR_TIMEOUT);
}

static void a_window_that_cannot_be_locked_stops_the_boot(void **state)
{
    (void)state;
    chip->windows[5].locked = true;
    assert_int_equal(boot(), TATU_ERR_ARGUMENT);
    assert_int_equal(entry.kernel, 0);
    assert_false(chip->boot_done);
}

static void a_refused_keystore_is_a_record_but_no_stop(void **state)
{
    (void)state;
    chip->flash[TATU_FLASH_KEYSTORE_AT] ^= 1;
    chip->flash[TATU_FLASH_SET_STRIDE + TATU_FLASH_KEYSTORE_AT] ^= 1;
    assert_int_equal(boot(), TATU_OK);
    assert_failure(0, 0, TATU_IMAGE_KEYSTORE, TATU_ERR_SIGNATURE);
    assert_failure(1, 1, TATU_IMAGE_KEYSTORE, TATU_ERR_SIGNATURE);
    assert_int_equal(m.keystore_len, 0);
}

static void the_keystore_handed_out_is_the_one_the_vault_trusts(void **state)
{
    (void)state;
    const struct sim_package other = {TATU_IMAGE_KEYSTORE, 0x80, 0x99, 400, 3};
    uint32_t other_at = TATU_FLASH_SET_STRIDE + TATU_FLASH_KEYSTORE_AT;
    sim_put_slot(chip, other_at, TATU_FLASH_KEYSTORE_SIZE, &other);
    chip->boot_set = 1; /* the monitor is set B's, the vault's runtime set A's */
    chip->other_keystore = other_at;
    assert_int_equal(boot(), TATU_OK);
    assert_failure(0, 1, TATU_IMAGE_KEYSTORE, TATU_ERR_DIGEST);
    assert_int_equal(m.keystore_len, 400 - 64);
    assert_memory_equal(m.keystore, chip->flash + TATU_FLASH_KEYSTORE_AT, m.keystore_len);
    assert_memory_not_equal(m.keystore, chip->flash + other_at, m.keystore_len);
    assert_int_equal(chip->measured[0], TATU_IMAGE_KEYSTORE);
    assert_int_equal(chip->measured_count, 4);
}

static void a_record_ring_that_fails_does_not_stop_the_boot(void **state)
{
    (void)state;
    chip->flash[TATU_FLASH_KERNEL_AT] ^= 1;
    chip->flash_fails = 1;
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(m.boot.set, 1);
    assert_true(said("[MON] record not kept: IO\n"));
}

static void a_half_written_set_is_not_started(void **state)
{
    (void)state;
    /* all its parts are good, but nobody said that they belong together */
    memset(chip->flash + TATU_FLASH_KEYSTORE_AT, 0xff, TATU_FLASH_KEYSTORE_SIZE);
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(m.boot.set, 1);
    assert_failure(0, 0, TATU_IMAGE_KEYSTORE, TATU_ERR_NOT_FOUND);
    assert_failure(1, 0, TATU_IMAGE_KEYSTORE, TATU_ERR_NOT_FOUND);
    assert_no_failure(2);
    assert_false(m.apps.is_backup_good);
}

static void a_stale_or_foreign_table_is_reported_and_nothing_of_it_is_installed(void **state)
{
    (void)state;
    struct tatu_table foreign = {.sequence = 5, .preferred_set = 1};
    put_table(1, 2); /* sequence 4 */
    chip->counter = 5;
    chip->device_key = 7;
    sim_put_table(chip, 1, &foreign);
    chip->device_key = 0;
    assert_int_equal(boot(), TATU_OK);
    assert_failure(0, 0, 0, TATU_ERR_STALE);
    assert_failure(1, 1, 0, TATU_ERR_SIGNATURE);
    assert_no_failure(2);
    assert_int_equal(m.apps.installed_count, 0);
    assert_int_equal(chip->app_count, 0);
    assert_int_equal(m.boot.set, 0); /* the ROM's choice */
    assert_int_equal(m.boot.fallback, 0);
    assert_true(said("[MON] set A: image table refused, STALE\n"));
}

static void a_lost_table_is_reported_too(void **state)
{
    (void)state;
    chip->counter = 1;
    assert_int_equal(boot(), TATU_OK);
    assert_failure(0, 0, 0, TATU_ERR_FORMAT);
    assert_failure(1, 1, 0, TATU_ERR_FORMAT);
}

static void before_the_first_commit_no_table_is_missed(void **state)
{
    (void)state;
    struct tatu_table table = {.sequence = 2};
    uint8_t bytes[TATU_TABLE_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    assert_int_equal(tatu_proto_encode_table(&table, &buf), TATU_OK);
    sim_put(chip, TATU_FLASH_TABLE0_AT, bytes, sizeof(bytes)); /* the maker has no MAC */
    assert_int_equal(boot(), TATU_OK);
    assert_no_failure(0);
}

static void a_fallback_without_a_refusal_is_reported(void **state)
{
    (void)state;
    put_table(1, 0);
    chip->boot_set = 0; /* set B was started three times and was never healthy */
    chip->boot_fallback = 1;
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(m.boot.set, 0);
    assert_int_equal(m.boot.fallback, 1);
    assert_true(m.apps.was_rolled_back);
    assert_failure(0, 1, 0, TATU_ERR_TIMEOUT);
    assert_no_failure(1);
}

static void safe_mode_is_told_to_the_normal_world_and_reported(void **state)
{
    (void)state;
    chip->boot_mode = TATU_BOOT_SAFE;
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(m.boot.mode, TATU_BOOT_SAFE);
    assert_failure(0, 0, 0, TATU_ERR_NO_BOOT_SET);
    assert_no_failure(1);
}

static void the_count_down_to_renewal_follows_the_ticket(void **state)
{
    (void)state;
    static const struct {
        uint32_t grace_s;
        uint32_t boots;
        uint32_t reason;
        uint8_t mode; /* the vault's */
        uint32_t renewal_s;
    } rows[] = {
        {0, 0, TATU_RESET_POWER_ON, TATU_BOOT_NORMAL, 0},
        {0, 99, TATU_RESET_RENEWAL, TATU_BOOT_NORMAL, 0},
        {86400, 0, TATU_RESET_POWER_ON, TATU_BOOT_NORMAL, 86400},
        {86400, 3, TATU_RESET_PIN, TATU_BOOT_NORMAL, 86400},
        {86400, 4, TATU_RESET_SOFTWARE, TATU_BOOT_NORMAL, 43200},
        {86400, 8, TATU_RESET_SOFTWARE, TATU_BOOT_SAFE, 21600},
        {86400, 40, TATU_RESET_WATCHDOG, TATU_BOOT_NORMAL, 600},
        {31536000, 40, TATU_RESET_SOFTWARE, TATU_BOOT_NORMAL, 30796},
        {31536000, 41, TATU_RESET_SOFTWARE, TATU_BOOT_RENEW, 30796},
        {31536000, UINT32_MAX, TATU_RESET_SOFTWARE, TATU_BOOT_RENEW, 30796},
        {600, 0, TATU_RESET_SOFTWARE, TATU_BOOT_NORMAL, 600},
        {600, 4, TATU_RESET_RENEWAL, TATU_BOOT_RENEW, 600},
        {600, 41, TATU_RESET_RENEWAL, TATU_BOOT_SAFE, 600},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(fixture(state), 0);
        chip->grace_s = rows[i].grace_s;
        chip->boots_since = rows[i].boots;
        chip->reset_reason = rows[i].reason;
        chip->boot_mode = rows[i].mode;
        assert_int_equal(boot(), TATU_OK);
        assert_int_equal(chip->renewal_s, rows[i].renewal_s);
        assert_int_equal(m.boot.mode, rows[i].mode);
        assert_int_equal(m.boot.reset_reason, rows[i].reason);
    }
}

static void a_reset_for_renewal_is_reported(void **state)
{
    (void)state;
    chip->grace_s = 600;
    chip->reset_reason = TATU_RESET_RENEWAL;
    assert_int_equal(boot(), TATU_OK);
    assert_failure(0, 0, 0, TATU_ERR_EXPIRED);
    assert_no_failure(1);
}

static void what_is_known_of_the_other_set_is_told(void **state)
{
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    assert_true(m.apps.is_backup_good);
    for (uint32_t i = 0; i < TATU_MONITOR_PART_COUNT; i++) {
        assert_int_equal(fixture(state), 0);
        uint32_t end = tatu_monitor_part_at(1, i) + tatu_monitor_parts[i].size;
        memset(chip->flash + end - 16, 0xff, 16);
        assert_int_equal(boot(), TATU_OK);
        assert_false(m.apps.is_backup_good);
    }
    assert_int_equal(fixture(state), 0);
    chip->flash[TATU_FLASH_ROOT_AT] ^= 1; /* refused, though its footer is there */
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(m.boot.set, 1);
    assert_false(m.apps.is_backup_good);
}

static void the_real_time_cores_are_held_and_see_no_flash(void **state)
{
    (void)state;
    for (int i = 0; i < TATU_RT_COUNT; i++) {
        chip->cores[i].runs = true;
        chip->cores[i].xip_len = 4096;
    }
    assert_int_equal(boot(), TATU_OK);
    for (int i = 0; i < TATU_RT_COUNT; i++) {
        assert_false(chip->cores[i].runs);
        assert_int_equal(chip->cores[i].xip_len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_good_preferred_set_boots, fixture),
        cmocka_unit_test_setup(what_runs_is_what_was_verified_and_measured, fixture),
        cmocka_unit_test_setup(each_damaged_part_brings_the_other_set_and_a_record, fixture),
        cmocka_unit_test_setup(an_empty_or_damaged_footer_is_refused, fixture),
        cmocka_unit_test_setup(parts_of_another_type_do_not_pass, fixture),
        cmocka_unit_test_setup(no_good_set_starts_nothing_and_keeps_both_refusals, fixture),
        cmocka_unit_test_setup(the_search_begins_with_the_set_the_monitor_came_from, fixture),
        cmocka_unit_test_setup(refusals_of_the_vault_become_records, fixture),
        cmocka_unit_test_setup(a_panic_of_the_last_run_becomes_a_record_once, fixture),
        cmocka_unit_test_setup(windows_show_root_applications_and_store_only_and_are_locked,
                               fixture),
        cmocka_unit_test_setup(good_applications_are_measured_and_a_bad_one_is_a_record, fixture),
        cmocka_unit_test_setup(a_vault_that_does_not_answer_stops_the_boot, fixture),
        cmocka_unit_test_setup(a_window_that_cannot_be_locked_stops_the_boot, fixture),
        cmocka_unit_test_setup(a_refused_keystore_is_a_record_but_no_stop, fixture),
        cmocka_unit_test_setup(the_keystore_handed_out_is_the_one_the_vault_trusts, fixture),
        cmocka_unit_test_setup(a_record_ring_that_fails_does_not_stop_the_boot, fixture),
        cmocka_unit_test_setup(a_half_written_set_is_not_started, fixture),
        cmocka_unit_test_setup(a_stale_or_foreign_table_is_reported_and_nothing_of_it_is_installed,
                               fixture),
        cmocka_unit_test_setup(a_lost_table_is_reported_too, fixture),
        cmocka_unit_test_setup(before_the_first_commit_no_table_is_missed, fixture),
        cmocka_unit_test_setup(a_fallback_without_a_refusal_is_reported, fixture),
        cmocka_unit_test_setup(safe_mode_is_told_to_the_normal_world_and_reported, fixture),
        cmocka_unit_test_setup(the_count_down_to_renewal_follows_the_ticket, fixture),
        cmocka_unit_test_setup(a_reset_for_renewal_is_reported, fixture),
        cmocka_unit_test_setup(what_is_known_of_the_other_set_is_told, fixture),
        cmocka_unit_test_setup(the_real_time_cores_are_held_and_see_no_flash, fixture),
    };
    return FIXTURE_RUN(tests);
}
