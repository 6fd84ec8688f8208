#include "record.h"

#include "proto/smc.h"
#include "sim_fixture.h"

static struct tatu_monitor_records records;
static uint8_t payload[TATU_RECORD_MAX + 1];

static int fixture(void **state)
{
    for (size_t i = 0; i < sizeof(payload); i++) {
        payload[i] = (uint8_t)(i * 13 + 1);
    }
    (void)fixture_blank(state);
    return tatu_monitor_open_records(&records, chip) != TATU_OK;
}

static void reopen(void)
{
    sim_restart(chip);
    assert_int_equal(tatu_monitor_open_records(&records, chip), TATU_OK);
}

static uint32_t append(uint32_t len)
{
    uint32_t id = 0;
    assert_int_equal(tatu_monitor_append_record(&records, TATU_RECORD_EVENT,
                                                (struct tatu_span){payload, len}, &id),
                     TATU_OK);
    return id;
}

static void assert_next(uint32_t after, uint32_t id, uint32_t len)
{
    struct tatu_monitor_record record;
    assert_int_equal(tatu_monitor_find_record(&records, after, &record), TATU_OK);
    assert_int_equal(record.id, id);
    assert_int_equal(record.kind, TATU_RECORD_EVENT);
    assert_int_equal(record.bytes.len, len);
    assert_memory_equal(record.bytes.data, payload, len);
}

static void assert_none(uint32_t after)
{
    struct tatu_monitor_record record;
    assert_int_equal(tatu_monitor_find_record(&records, after, &record), TATU_ERR_NOT_FOUND);
}

static void records_come_back_in_order_and_whole(void **state)
{
    (void)state;
    static const uint32_t lens[] = {0, 1, 3, 4, 5, 100, TATU_RECORD_MAX, 1};
    assert_none(0);
    for (size_t i = 0; i < TATU_COUNT_OF(lens); i++) {
        assert_int_equal(append(lens[i]), i + 1);
    }
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < TATU_COUNT_OF(lens); i++) {
            assert_next(i, i + 1, lens[i]);
        }
        assert_none(TATU_COUNT_OF(lens));
        assert_none(UINT32_MAX);
        reopen();
    }
}

static void a_record_over_the_limit_is_refused(void **state)
{
    (void)state;
    uint32_t id = 77;
    assert_int_equal(tatu_monitor_append_record(&records, TATU_RECORD_EVENT,
                                                (struct tatu_span){payload, TATU_RECORD_MAX + 1},
                                                &id),
                     TATU_ERR_LONG);
    assert_int_equal(id, 77);
    assert_none(0);
    assert_int_equal(chip->program_count + chip->erase_count, 0);
}

static void ids_rise_over_restarts_even_when_all_were_taken(void **state)
{
    (void)state;
    assert_int_equal(append(10), 1);
    assert_int_equal(append(10), 2);
    assert_int_equal(tatu_monitor_take_records(&records, 2), TATU_OK);
    reopen();
    assert_none(0);
    assert_int_equal(append(10), 3);
    reopen();
    assert_next(0, 3, 10);
}

static void taken_records_stay_taken_over_a_restart(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        append(2000);
    }
    assert_int_equal(tatu_monitor_take_records(&records, 3), TATU_OK);
    assert_next(0, 4, 2000);
    reopen();
    assert_next(0, 4, 2000);
    assert_int_equal(tatu_monitor_take_records(&records, 2), TATU_OK);
    assert_next(0, 4, 2000);
}

static void ids_that_were_never_given_out_cannot_be_taken(void **state)
{
    (void)state;
    assert_int_equal(tatu_monitor_take_records(&records, 0), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_monitor_take_records(&records, 1), TATU_ERR_NOT_FOUND);
    append(8);
    assert_int_equal(tatu_monitor_take_records(&records, 2), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_monitor_take_records(&records, UINT32_MAX), TATU_ERR_NOT_FOUND);
    assert_next(0, 1, 8);
}

static void the_ring_drops_the_oldest_sector_and_nothing_else(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 3 * TATU_MONITOR_RECORD_SECTORS + 5; i++) {
        assert_int_equal(append(TATU_RECORD_MAX), i);
        uint32_t kept = i < TATU_MONITOR_RECORD_SECTORS ? i : TATU_MONITOR_RECORD_SECTORS;
        assert_next(0, i - kept + 1, TATU_RECORD_MAX);
        assert_next(i - 1, i, TATU_RECORD_MAX);
        reopen();
        assert_next(0, i - kept + 1, TATU_RECORD_MAX);
    }
    /* Ids that were dropped can be taken without harm. */
    assert_int_equal(tatu_monitor_take_records(&records, 1), TATU_OK);
    assert_int_equal(tatu_monitor_take_records(&records, 3 * TATU_MONITOR_RECORD_SECTORS), TATU_OK);
    assert_next(0, 3 * TATU_MONITOR_RECORD_SECTORS + 1, TATU_RECORD_MAX);
}

static enum tatu_err append_kind(uint16_t kind)
{
    uint32_t id = 0;
    return tatu_monitor_append_record(&records, kind, (struct tatu_span){payload, TATU_RECORD_MAX},
                                      &id);
}

static void the_normal_world_cannot_push_out_a_boot_record_that_nobody_read(void **state)
{
    (void)state;
    struct tatu_monitor_record record;
    assert_int_equal(append_kind(TATU_RECORD_BOOT), TATU_OK);
    for (uint32_t i = 1; i < TATU_MONITOR_RECORD_SECTORS; i++) {
        assert_int_equal(append_kind(TATU_RECORD_CRASH), TATU_OK);
    }
    for (int pass = 0; pass < 2; pass++) { /* the second: as found after a restart */
        assert_int_equal(append_kind(TATU_RECORD_CRASH), TATU_ERR_FULL);
        assert_int_equal(append_kind(TATU_RECORD_EVENT), TATU_ERR_FULL);
        assert_int_equal(tatu_monitor_find_record(&records, 0, &record), TATU_OK);
        assert_int_equal(record.kind, TATU_RECORD_BOOT);
        reopen();
    }
    assert_int_equal(append_kind(TATU_RECORD_BOOT), TATU_OK); /* the newer one counts more */
    assert_int_equal(append_kind(TATU_RECORD_CRASH), TATU_OK);
    reopen();
    for (uint32_t i = 2; i < TATU_MONITOR_RECORD_SECTORS; i++) {
        assert_int_equal(append_kind(TATU_RECORD_CRASH), TATU_OK);
    }
    assert_int_equal(append_kind(TATU_RECORD_CRASH), TATU_ERR_FULL);
    assert_int_equal(tatu_monitor_take_records(&records, TATU_MONITOR_RECORD_SECTORS + 1), TATU_OK);
    assert_int_equal(append_kind(TATU_RECORD_CRASH), TATU_OK);
}

static void a_damaged_record_hides_no_record_of_another_sector(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        append(TATU_RECORD_MAX);
    }
    chip->flash[TATU_FLASH_RECORDS_AT + TATU_FLASH_SECTOR_SIZE + 100] ^= 1;
    reopen();
    assert_next(0, 1, TATU_RECORD_MAX);
    assert_next(1, 3, TATU_RECORD_MAX);
    assert_int_equal(append(1), 5);
    reopen();
    assert_next(4, 5, 1);
}

static void garbage_in_the_whole_ring_is_survived(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < TATU_FLASH_RECORDS_SIZE; i++) {
        uint8_t byte = (uint8_t)(i * 2654435761u >> 11);
        sim_put(chip, TATU_FLASH_RECORDS_AT + i, &byte, 1);
    }
    reopen();
    assert_none(0);
    assert_int_equal(append(50), 1);
    reopen();
    assert_next(0, 1, 50);
}

static void a_flash_error_loses_only_the_record_being_written(void **state)
{
    (void)state;
    append(40);
    for (uint32_t fail = 1; fail <= 14; fail++) {
        uint32_t id = 77;
        chip->flash_fails = fail;
        assert_int_equal(tatu_monitor_append_record(&records, TATU_RECORD_EVENT,
                                                    (struct tatu_span){payload, 40}, &id),
                         TATU_ERR_IO);
        assert_int_equal(id, 77);
        assert_next(0, 1, 40);
    }
    chip->flash_fails = 0;
    assert_int_equal(append(40), 2);
    reopen();
    assert_next(0, 1, 40);
    assert_next(1, 2, 40);
    chip->flash_fails = 1;
    assert_int_equal(tatu_monitor_take_records(&records, 1), TATU_ERR_IO);
    assert_next(0, 1, 40);
}

static void the_last_id_is_never_given_out(void **state)
{
    (void)state;
    uint32_t id = 77;
    records.next_id = UINT32_MAX;
    assert_int_equal(tatu_monitor_append_record(&records, TATU_RECORD_EVENT,
                                                (struct tatu_span){payload, 4}, &id),
                     TATU_ERR_FULL);
    assert_int_equal(id, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(records_come_back_in_order_and_whole, fixture),
        cmocka_unit_test_setup(a_record_over_the_limit_is_refused, fixture),
        cmocka_unit_test_setup(ids_rise_over_restarts_even_when_all_were_taken, fixture),
        cmocka_unit_test_setup(taken_records_stay_taken_over_a_restart, fixture),
        cmocka_unit_test_setup(ids_that_were_never_given_out_cannot_be_taken, fixture),
        cmocka_unit_test_setup(the_ring_drops_the_oldest_sector_and_nothing_else, fixture),
        cmocka_unit_test_setup(the_normal_world_cannot_push_out_a_boot_record_that_nobody_read,
                               fixture),
        cmocka_unit_test_setup(a_damaged_record_hides_no_record_of_another_sector, fixture),
        cmocka_unit_test_setup(garbage_in_the_whole_ring_is_survived, fixture),
        cmocka_unit_test_setup(a_flash_error_loses_only_the_record_being_written, fixture),
        cmocka_unit_test_setup(the_last_id_is_never_given_out, fixture),
    };
    return FIXTURE_RUN(tests);
}
