#include "os/appman/appman.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/map.h"
#include "proto/report.h"

/* A monitor that says what this boot is, and keeps what it is told. */
struct desk {
    struct tatu_os_monitor monitor;
    struct tatu_os_log log;
    uint8_t mode;
    uint8_t reason;
    enum tatu_err err; /* of every call */
    int healthy;
    size_t record_len;
    uint8_t record[256];
    char file[64];
};

static enum tatu_err call(void *context, uint32_t number, struct tatu_span in, struct tatu_buf *out)
{
    struct desk *desk = context;
    uint8_t boot[TATU_SMC_BOOT_SIZE] = {0, 0, desk->mode, 0, desk->reason};
    static const uint8_t id[4] = {1};

    if (desk->err != TATU_OK) {
        return desk->err;
    }
    switch (number) {
    case TATU_SMC_GET_BOOT:
        return tatu_base_put_bytes(out, TATU_SPAN_OF(boot));
    case TATU_SMC_HEALTHY:
        desk->healthy++;
        return TATU_OK;
    case TATU_SMC_RECORD_APPEND:
        assert_int_equal(tatu_get_le16(in.data), TATU_RECORD_EVENT);
        desk->record_len = in.len - 4;
        memcpy(desk->record, in.data + 4, desk->record_len);
        return tatu_base_put_bytes(out, TATU_SPAN_OF(id));
    default:
        return TATU_ERR_UNKNOWN_COMMAND;
    }
}

static struct tatu_appman_boot open_desk(struct desk *desk, uint8_t mode)
{
    *desk = (struct desk){.mode = mode};
    desk->monitor = (struct tatu_os_monitor){.call = call, .context = desk, .fd = -1};
    tatu_os_init_log(&desk->log, "test", -1);
    (void)snprintf(desk->file, sizeof(desk->file), "/tmp/tatu-healthy-%d", (int)getpid());
    (void)unlink(desk->file);
    return (struct tatu_appman_boot){.monitor = &desk->monitor, .log = &desk->log};
}

/* One boot for the reason; whether applications start. */
static bool boots(struct desk *desk, struct tatu_appman_boot *boot, uint8_t reason)
{
    desk->reason = reason;
    boot->mode = TATU_BOOT_NORMAL;
    tatu_appman_read_boot(boot);
    tatu_appman_count_restart(boot, desk->file);
    return tatu_appman_may_launch(boot, 5);
}

static void restarts_that_nobody_asked_for_end_in_a_boot_without_applications(void **state)
{
    static const uint8_t unasked[] = {TATU_RESET_SOFTWARE, TATU_RESET_WATCHDOG, TATU_RESET_VAULT};
    struct desk desk;
    struct tatu_appman_boot boot = open_desk(&desk, TATU_BOOT_NORMAL);

    (void)state;
    for (uint32_t i = 1; i < TATU_APPMAN_RESTARTS_MAX; i++) {
        assert_true(boots(&desk, &boot, unasked[i % 3]));
    }
    assert_false(boots(&desk, &boot, TATU_RESET_SOFTWARE));
    assert_true(desk.record_len > 0);
    assert_false(boots(&desk, &boot, TATU_RESET_SOFTWARE));
    /* one that lasted, or was asked for */
    tatu_appman_forgive_restarts(&boot, desk.file);
    assert_true(boots(&desk, &boot, TATU_RESET_SOFTWARE));
    for (int i = 0; i < 10; i++) {
        assert_true(boots(&desk, &boot, TATU_RESET_POWER_ON));
        assert_true(boots(&desk, &boot, TATU_RESET_SOFTWARE));
    }
    (void)unlink(desk.file);
}

static void a_normal_boot_launches_and_tells_nothing(void **state)
{
    struct desk desk;
    struct tatu_appman_boot boot = open_desk(&desk, TATU_BOOT_NORMAL);

    (void)state;
    tatu_appman_read_boot(&boot);
    assert_true(tatu_appman_may_launch(&boot, 5));
    assert_int_equal(desk.record_len, 0);
}

static void any_other_mode_launches_nothing_and_tells_the_owner(void **state)
{
    static const uint8_t modes[] = {TATU_BOOT_SAFE, TATU_BOOT_RENEW, TATU_BOOT_RECOVERY, 9};

    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(modes); i++) {
        struct desk desk;
        struct tatu_event event;
        struct tatu_appman_boot boot = open_desk(&desk, modes[i]);

        tatu_appman_read_boot(&boot);
        assert_false(tatu_appman_may_launch(&boot, 5));
        assert_int_equal(
            tatu_proto_decode_event((struct tatu_span){desk.record, desk.record_len}, &event),
            TATU_OK);
        assert_int_equal(event.kind, TATU_EVENT_NOT_LAUNCHING);
        assert_int_equal(event.code, modes[i]);
        assert_int_equal(event.unix_s, 5);
    }
}

static void an_event_that_cannot_be_kept_launches_nothing_either(void **state)
{
    struct desk desk;
    struct tatu_appman_boot boot = open_desk(&desk, TATU_BOOT_SAFE);

    (void)state;
    tatu_appman_read_boot(&boot);
    desk.err = TATU_ERR_IO;
    assert_false(tatu_appman_may_launch(&boot, 5));
}

static void health_is_told_once_and_shown_by_a_file(void **state)
{
    struct desk desk;
    struct tatu_appman_boot boot = open_desk(&desk, TATU_BOOT_NORMAL);

    (void)state;
    desk.err = TATU_ERR_TIMEOUT;
    assert_int_equal(tatu_appman_tell_healthy(&boot, desk.file), TATU_ERR_TIMEOUT);
    assert_int_equal(access(desk.file, F_OK), -1);
    desk.err = TATU_OK;
    assert_int_equal(tatu_appman_tell_healthy(&boot, desk.file), TATU_OK);
    assert_int_equal(tatu_appman_tell_healthy(&boot, desk.file), TATU_OK);
    assert_int_equal(desk.healthy, 1);
    assert_int_equal(access(desk.file, F_OK), 0);
    (void)unlink(desk.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_normal_boot_launches_and_tells_nothing),
        cmocka_unit_test(restarts_that_nobody_asked_for_end_in_a_boot_without_applications),
        cmocka_unit_test(any_other_mode_launches_nothing_and_tells_the_owner),
        cmocka_unit_test(an_event_that_cannot_be_kept_launches_nothing_either),
        cmocka_unit_test(health_is_told_once_and_shown_by_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
