#include "os/lib/sm.h"

#include "fake_monitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void boot_answer_is_read_field_by_field(void **state)
{
    static const uint8_t answer[] = {1, 1, 2, 1, 2, 0, 0, 0, 3, 0, 0, 0, 4, 1, 0, 0};
    struct fake_monitor fake = {.answer_len = sizeof(answer)};
    struct tatu_os_monitor monitor = fake_open(&fake);
    struct tatu_smc_boot boot;

    (void)state;
    memcpy(fake.answer, answer, sizeof(answer));
    assert_int_equal(tatu_os_get_boot(&monitor, &boot), TATU_OK);
    assert_int_equal(fake.number, TATU_SMC_GET_BOOT);
    assert_int_equal(fake.request_len, 0);
    assert_int_equal(boot.set, 1);
    assert_int_equal(boot.fallback, 1);
    assert_int_equal(boot.mode, TATU_BOOT_RENEW);
    assert_int_equal(boot.backup, 1);
    assert_int_equal(boot.reset_reason, 2);
    assert_int_equal(boot.monitor_version, 3);
    assert_int_equal(boot.os_version, 0x104);
}

static void an_answer_of_another_length_is_format(void **state)
{
    struct fake_monitor fake = {.answer_len = 15};
    struct tatu_os_monitor monitor = fake_open(&fake);
    struct tatu_smc_boot boot = {.os_version = 7};

    (void)state;
    assert_int_equal(tatu_os_get_boot(&monitor, &boot), TATU_ERR_FORMAT);
    fake.answer_len = 17;
    assert_int_equal(tatu_os_get_boot(&monitor, &boot), TATU_ERR_FORMAT);
    assert_int_equal(boot.os_version, 7);
}

static void the_monitors_error_comes_through(void **state)
{
    struct fake_monitor fake = {.err = TATU_ERR_STATE};
    struct tatu_os_monitor monitor = fake_open(&fake);

    (void)state;
    assert_int_equal(tatu_os_ack_record(&monitor, 9), TATU_ERR_STATE);
    assert_int_equal(tatu_os_abort_stage(&monitor, 9), TATU_ERR_STATE);
}

static void a_record_is_appended_with_kind_and_bytes(void **state)
{
    static const uint8_t want[] = {2, 0, 0, 0, 'h', 'i'};
    struct fake_monitor fake = {.answer = {5, 1}, .answer_len = 4};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint32_t id = 0;

    (void)state;
    assert_int_equal(tatu_os_append_record(&monitor, TATU_RECORD_CRASH,
                                           (struct tatu_span){(const uint8_t *)"hi", 2}, &id),
                     TATU_OK);
    assert_int_equal(id, 0x105);
    assert_int_equal(fake.request_len, sizeof(want));
    assert_memory_equal(fake.request, want, sizeof(want));
}

static void a_record_over_the_limit_is_long_and_not_sent(void **state)
{
    static const uint8_t bytes[TATU_RECORD_MAX + 1];
    struct fake_monitor fake = {.answer_len = 4};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint32_t id = 0;

    (void)state;
    assert_int_equal(tatu_os_append_record(&monitor, 2, TATU_SPAN_OF(bytes), &id), TATU_ERR_LONG);
    assert_int_equal(fake.calls, 0);
    assert_int_equal(
        tatu_os_append_record(&monitor, 2, (struct tatu_span){bytes, TATU_RECORD_MAX}, &id),
        TATU_OK);
}

static void a_record_is_read_only_if_its_length_is_true(void **state)
{
    static const uint8_t answer[] = {6, 0, 0, 0, 3, 0, 2, 0, 'o', 'k'};
    struct fake_monitor fake = {.answer_len = sizeof(answer)};
    struct tatu_os_monitor monitor = fake_open(&fake);
    struct tatu_os_record record;

    (void)state;
    memcpy(fake.answer, answer, sizeof(answer));
    assert_int_equal(tatu_os_read_record(&monitor, 5, &record), TATU_OK);
    assert_int_equal(record.id, 6);
    assert_int_equal(record.kind, TATU_RECORD_EVENT);
    assert_int_equal(record.len, 2);
    assert_memory_equal(record.bytes, "ok", 2);
    fake.answer[6] = 3;
    assert_int_equal(tatu_os_read_record(&monitor, 5, &record), TATU_ERR_FORMAT);
    fake.answer_len = 7;
    assert_int_equal(tatu_os_read_record(&monitor, 5, &record), TATU_ERR_FORMAT);
}

static void a_record_not_after_the_one_asked_for_is_format(void **state)
{
    struct fake_monitor fake = {.answer = {5}, .answer_len = 8};
    struct tatu_os_monitor monitor = fake_open(&fake);
    struct tatu_os_record record;

    (void)state;
    assert_int_equal(tatu_os_read_record(&monitor, 5, &record), TATU_ERR_FORMAT);
    assert_int_equal(tatu_os_read_record(&monitor, 4, &record), TATU_OK);
}

static void staging_sends_handle_offset_and_bytes(void **state)
{
    static const uint8_t want[] = {4, 3, 2, 1, 0, 16, 0, 0, 1, 2, 3, 4};
    static const uint8_t data[] = {1, 2, 3, 4};
    struct fake_monitor fake = {.answer_len = 0};
    struct tatu_os_monitor monitor = fake_open(&fake);

    (void)state;
    assert_int_equal(tatu_os_write_stage(&monitor, 0x01020304, 4096, TATU_SPAN_OF(data)), TATU_OK);
    assert_int_equal(fake.number, TATU_SMC_STAGE_WRITE);
    assert_int_equal(fake.request_len, sizeof(want));
    assert_memory_equal(fake.request, want, sizeof(want));
}

static void a_stage_chunk_fills_the_page_and_no_more(void **state)
{
    static const uint8_t data[TATU_OS_STAGE_CHUNK + 1];
    struct fake_monitor fake = {.answer_len = 0};
    struct tatu_os_monitor monitor = fake_open(&fake);

    (void)state;
    assert_int_equal(
        tatu_os_write_stage(&monitor, 1, 0, (struct tatu_span){data, TATU_OS_STAGE_CHUNK}),
        TATU_OK);
    assert_int_equal(fake.request_len, TATU_SMC_ARGUMENT_MAX);
    assert_int_equal(tatu_os_write_stage(&monitor, 1, 0, TATU_SPAN_OF(data)), TATU_ERR_LONG);
    assert_int_equal(TATU_OS_STAGE_CHUNK % 4, 0);
}

static void the_list_of_apps_is_read_only_if_its_length_is_true(void **state)
{
    struct fake_monitor fake = {.answer_len = 4 + 2 * TATU_SMC_APP_SIZE};
    struct tatu_os_monitor monitor = fake_open(&fake);
    struct tatu_smc_app apps[TATU_SMC_APPS_MAX];
    size_t count = 0;

    (void)state;
    fake.answer[0] = 2;
    fake.answer[4 + TATU_SMC_APP_SIZE] = 0xc0;       /* component of the second */
    fake.answer[4 + 2 * TATU_SMC_APP_SIZE - 12] = 9; /* its offset */
    assert_int_equal(tatu_os_list_apps(&monitor, apps, &count), TATU_OK);
    assert_int_equal(count, 2);
    assert_int_equal(apps[1].component[0], 0xc0);
    assert_int_equal(apps[1].offset, 9);
    fake.answer[0] = 3;
    assert_int_equal(tatu_os_list_apps(&monitor, apps, &count), TATU_ERR_FORMAT);
    fake.answer[0] = 17;
    fake.answer_len = 4 + 17 * TATU_SMC_APP_SIZE;
    assert_int_equal(tatu_os_list_apps(&monitor, apps, &count), TATU_ERR_FORMAT);
    fake.answer_len = 3;
    assert_int_equal(tatu_os_list_apps(&monitor, apps, &count), TATU_ERR_FORMAT);
    assert_int_equal(count, 2);
}

static void too_many_apps_are_not_committed(void **state)
{
    static const uint8_t images[TATU_SMC_APPS_MAX + 1][16] = {{1}, {2}};
    struct fake_monitor fake = {.answer_len = 0};
    struct tatu_os_monitor monitor = fake_open(&fake);

    (void)state;
    assert_int_equal(tatu_os_commit_apps(&monitor, images, TATU_SMC_APPS_MAX + 1),
                     TATU_ERR_ARGUMENT);
    assert_int_equal(fake.calls, 0);
    assert_int_equal(tatu_os_commit_apps(&monitor, images, 2), TATU_OK);
    assert_int_equal(fake.request_len, 4 + 2 * 16);
    assert_int_equal(fake.request[0], 2);
    assert_int_equal(fake.request[20], 2);
}

static void a_keystore_that_does_not_fit_is_full(void **state)
{
    struct fake_monitor fake = {.answer_len = 100};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t room[99];
    struct tatu_buf out = TATU_BUF_OF(room);

    (void)state;
    assert_int_equal(tatu_os_read_keystore(&monitor, &out), TATU_ERR_FULL);
    assert_int_equal(out.len, 0);
}

static void the_watchdog_takes_at_most_a_minute(void **state)
{
    struct fake_monitor fake = {.answer_len = 0};
    struct tatu_os_monitor monitor = fake_open(&fake);

    (void)state;
    assert_int_equal(tatu_os_feed_watchdog(&monitor, 60000), TATU_OK);
    assert_int_equal(tatu_os_feed_watchdog(&monitor, 60001), TATU_ERR_ARGUMENT);
    assert_int_equal(fake.calls, 1);
}

static void without_the_device_opening_is_io(void **state)
{
    struct tatu_os_monitor monitor;

    (void)state;
    assert_int_equal(tatu_os_open_monitor("/nonexistent/monitor", &monitor), TATU_ERR_IO);
    assert_int_equal(tatu_os_open_monitor("/dev/null", &monitor), TATU_OK);
    assert_int_equal(tatu_os_feed_watchdog(&monitor, 1), TATU_ERR_IO);
    tatu_os_close_monitor(&monitor);
    assert_int_equal(monitor.fd, -1);
}

static void calls_without_arguments_and_answer_are_just_made(void **state)
{
    static const struct {
        enum tatu_err (*call)(const struct tatu_os_monitor *monitor);
        uint32_t number;
    } rows[] = {
        {tatu_os_tell_healthy, TATU_SMC_HEALTHY},
        {tatu_os_install_set, TATU_SMC_INSTALL_SET},
        {tatu_os_lock_owners, TATU_SMC_LOCK_OWNERS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fake_monitor fake = {.answer_len = 0};
        struct tatu_os_monitor monitor = fake_open(&fake);
        assert_int_equal(rows[i].call(&monitor), TATU_OK);
        assert_int_equal(fake.number, rows[i].number);
        assert_int_equal(fake.request_len, 0);
        fake.answer_len = 1;
        assert_int_equal(rows[i].call(&monitor), TATU_ERR_FORMAT);
        fake.err = TATU_ERR_STATE;
        assert_int_equal(rows[i].call(&monitor), TATU_ERR_STATE);
    }
}

static void a_part_of_the_running_set_is_copied_by_its_type(void **state)
{
    struct fake_monitor fake = {.answer = {9}, .answer_len = 4};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint32_t handle = 0;

    (void)state;
    assert_int_equal(tatu_os_copy_stage(&monitor, 8, &handle), TATU_OK);
    assert_int_equal(fake.number, TATU_SMC_STAGE_COPY);
    assert_int_equal(fake.request_len, 4);
    assert_memory_equal(fake.request, "\x08\0\0\0", 4);
    assert_int_equal(handle, 9);
}

static void repair_tells_how_much_is_left(void **state)
{
    struct fake_monitor fake = {.answer = {5}, .answer_len = 4};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint32_t left = 0;

    (void)state;
    assert_int_equal(tatu_os_repair_set(&monitor, &left), TATU_OK);
    assert_int_equal(fake.number, TATU_SMC_REPAIR);
    assert_int_equal(left, 5);
    fake.answer[1] = 1; /* reserved */
    assert_int_equal(tatu_os_repair_set(&monitor, &left), TATU_ERR_FORMAT);
    assert_int_equal(left, 5);
}

static void power_goes_down_with_its_wake_sources(void **state)
{
    struct fake_monitor fake = {.err = TATU_ERR_ARGUMENT};
    struct tatu_os_monitor monitor = fake_open(&fake);

    (void)state;
    assert_int_equal(tatu_os_power_down(&monitor, 3), TATU_ERR_ARGUMENT);
    assert_int_equal(fake.number, TATU_SMC_POWER_DOWN);
    assert_memory_equal(fake.request, "\x03\0\0\0", 4);
}

static void a_peripheral_is_given_to_its_owner(void **state)
{
    struct fake_monitor fake = {.answer_len = 0};
    struct tatu_os_monitor monitor = fake_open(&fake);

    (void)state;
    assert_int_equal(tatu_os_set_owner(&monitor, 7, 2), TATU_OK);
    assert_int_equal(fake.number, TATU_SMC_SET_OWNER);
    assert_int_equal(fake.request_len, 8);
    assert_memory_equal(fake.request, "\x07\0\0\0\x02\0\0\0", 8);
}

static void the_body_of_an_application_is_read_page_by_page(void **state)
{
    static const uint8_t image[16] = {0x1a};
    static uint8_t out[2 * TATU_SMC_PAGE_SIZE];
    struct fake_monitor fake = {.answer = {7}, .answer_len = TATU_SMC_PAGE_SIZE};
    struct tatu_os_monitor monitor = fake_open(&fake);

    (void)state;
    assert_int_equal(tatu_os_read_app(&monitor, image, 0x100, out, sizeof(out)), TATU_OK);
    assert_int_equal(fake.calls, 2);
    assert_int_equal(fake.number, TATU_SMC_READ_APP);
    assert_int_equal(fake.request_len, 24);
    assert_memory_equal(fake.request, "\0\x11\0\0\0\x10\0\0\x1a", 9);
    assert_int_equal(out[0], 7);
    assert_int_equal(out[TATU_SMC_PAGE_SIZE], 7);
    assert_int_equal(tatu_os_read_app(&monitor, image, 0, out, 12), TATU_ERR_FORMAT);
}

static void real_time_cores_start_stop_and_are_looked_at(void **state)
{
    static const uint8_t image[16] = {0x1a};
    static const uint8_t want[] = {1, 0, 0, 0, 0, 16, 0, 0, 0, 0, 1, 0, 0x1a};
    struct fake_monitor fake = {.answer = {3, 0, 0, 0, 0, 0, 0, 0x40}, .answer_len = 0};
    struct tatu_os_monitor monitor = fake_open(&fake);
    struct tatu_os_core core;

    (void)state;
    assert_int_equal(tatu_os_start_core(&monitor, 1, image, 4096, 65536), TATU_OK);
    assert_int_equal(fake.number, TATU_SMC_RT_START);
    assert_int_equal(fake.request_len, 28);
    assert_memory_equal(fake.request, want, sizeof(want));
    assert_int_equal(tatu_os_stop_core(&monitor, 1), TATU_OK);
    assert_int_equal(fake.number, TATU_SMC_RT_STOP);
    fake.answer_len = 8;
    assert_int_equal(tatu_os_get_core(&monitor, 1, &core), TATU_OK);
    assert_int_equal(fake.number, TATU_SMC_RT_STATUS);
    assert_int_equal(core.status, 3);
    assert_int_equal(core.fault_at, 0x40000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boot_answer_is_read_field_by_field),
        cmocka_unit_test(an_answer_of_another_length_is_format),
        cmocka_unit_test(the_monitors_error_comes_through),
        cmocka_unit_test(a_record_is_appended_with_kind_and_bytes),
        cmocka_unit_test(a_record_over_the_limit_is_long_and_not_sent),
        cmocka_unit_test(a_record_is_read_only_if_its_length_is_true),
        cmocka_unit_test(a_record_not_after_the_one_asked_for_is_format),
        cmocka_unit_test(staging_sends_handle_offset_and_bytes),
        cmocka_unit_test(a_stage_chunk_fills_the_page_and_no_more),
        cmocka_unit_test(the_list_of_apps_is_read_only_if_its_length_is_true),
        cmocka_unit_test(too_many_apps_are_not_committed),
        cmocka_unit_test(a_keystore_that_does_not_fit_is_full),
        cmocka_unit_test(the_watchdog_takes_at_most_a_minute),
        cmocka_unit_test(without_the_device_opening_is_io),
        cmocka_unit_test(calls_without_arguments_and_answer_are_just_made),
        cmocka_unit_test(a_part_of_the_running_set_is_copied_by_its_type),
        cmocka_unit_test(repair_tells_how_much_is_left),
        cmocka_unit_test(power_goes_down_with_its_wake_sources),
        cmocka_unit_test(a_peripheral_is_given_to_its_owner),
        cmocka_unit_test(the_body_of_an_application_is_read_page_by_page),
        cmocka_unit_test(real_time_cores_start_stop_and_are_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
