#include "limit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    enum tatu_monitor_limit which;
    uint32_t most;
    uint32_t every_s;
} rows[] = {
    {TATU_MONITOR_LIMIT_RECORD, 16, 10},
    {TATU_MONITOR_LIMIT_STAGE, 64, 15},
    {TATU_MONITOR_LIMIT_TABLE, 16, 60},
};

/* How many can be spent at one time. */
static uint32_t spend_all(struct tatu_monitor_limits *limits, enum tatu_monitor_limit which,
                          uint32_t now_s)
{
    uint32_t count = 0;
    while (tatu_monitor_spend(limits, which, now_s) == TATU_OK) {
        count++;
        assert_true(count < 1000);
    }
    return count;
}

static void so_much_at_once_and_then_one_in_a_while(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_monitor_limits limits = {0};
        assert_int_equal(spend_all(&limits, rows[i].which, 0), rows[i].most);
        for (uint32_t now = 1; now <= 10 * rows[i].every_s; now++) {
            assert_int_equal(spend_all(&limits, rows[i].which, now), now % rows[i].every_s == 0);
        }
    }
}

static void a_long_rest_gives_no_more_than_the_most(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_monitor_limits limits = {0};
        assert_int_equal(spend_all(&limits, rows[i].which, 5), rows[i].most);
        assert_int_equal(spend_all(&limits, rows[i].which, 4000000000u), rows[i].most);
    }
}

static void a_clock_that_begins_again_stops_nobody(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_monitor_limits limits = {0};
        assert_int_equal(spend_all(&limits, rows[i].which, 4000000000u), rows[i].most);
        assert_true(spend_all(&limits, rows[i].which, 0) <= rows[i].most);
        assert_int_equal(spend_all(&limits, rows[i].which, rows[i].every_s), 1);
    }
}

static void one_limit_does_not_spend_another(void **state)
{
    (void)state;
    struct tatu_monitor_limits limits = {0};
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(spend_all(&limits, rows[i].which, 0), rows[i].most);
    }
    for (uint32_t i = 0; i < 100000; i++) {
        assert_int_equal(tatu_monitor_spend(&limits, TATU_MONITOR_LIMIT_NONE, 0), TATU_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_much_at_once_and_then_one_in_a_while),
        cmocka_unit_test(a_long_rest_gives_no_more_than_the_most),
        cmocka_unit_test(a_clock_that_begins_again_stops_nobody),
        cmocka_unit_test(one_limit_does_not_spend_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
