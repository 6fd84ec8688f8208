#include "os/lib/time.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define T UINT64_C(1800000000)

static void without_signed_time_the_floor_and_five_years_bound(void **state)
{
    struct tatu_os_time_bounds bounds = {.floor_s = T};
    (void)state;
    assert_int_equal(tatu_os_check_time(&bounds, T - 1, 5000), TATU_ERR_CLOCK);
    assert_int_equal(tatu_os_check_time(&bounds, T, 5000), TATU_OK);
    assert_int_equal(tatu_os_check_time(&bounds, T + TATU_TIME_LEAP_S, 5000), TATU_OK);
    assert_int_equal(tatu_os_check_time(&bounds, T + TATU_TIME_LEAP_S + 1, 5000), TATU_ERR_CLOCK);
    bounds.floor_s = 0;
    assert_int_equal(tatu_os_check_time(&bounds, TATU_TIME_LEAST_S - 1, 5000), TATU_ERR_CLOCK);
    assert_int_equal(tatu_os_check_time(&bounds, T, 5000), TATU_OK);
    assert_int_equal(tatu_os_check_time(&bounds, -1, 5000), TATU_ERR_CLOCK);
}

static void signed_time_of_this_boot_bounds_closely(void **state)
{
    struct tatu_os_time_bounds bounds = {.floor_s = 0};
    (void)state;
    assert_false(tatu_os_tell_floor(&bounds, T - 86400, 1000)); /* of a boot before */
    assert_false(tatu_os_tell_floor(&bounds, T - 86400, 2000));
    assert_false(tatu_os_has_signed_time(&bounds));
    assert_true(tatu_os_tell_floor(&bounds, T, 12000)); /* it came between 2 s and 12 s */
    assert_true(tatu_os_has_signed_time(&bounds));
    /* at 112 s it is T + 100 .. T + 110 */
    assert_int_equal(tatu_os_check_time(&bounds, T + 100 - 900, 112000), TATU_OK);
    assert_int_equal(tatu_os_check_time(&bounds, T + 99 - 900, 112000), TATU_ERR_CLOCK);
    assert_int_equal(tatu_os_check_time(&bounds, T + 110 + 900, 112000), TATU_OK);
    assert_int_equal(tatu_os_check_time(&bounds, T + 111 + 900, 112000), TATU_ERR_CLOCK);
    assert_false(tatu_os_tell_floor(&bounds, T, 112000));
    assert_int_equal(tatu_os_check_time(&bounds, T + 111 + 900, 112000), TATU_ERR_CLOCK);
}

/* A hundred steps of a quarter of an hour get no farther than one: the clock is not asked. */
static void steps_do_not_add_up(void **state)
{
    struct tatu_os_time_bounds bounds = {.floor_s = 0};
    uint64_t clock_s = T, now_ms = 3000;
    (void)state;
    (void)tatu_os_tell_floor(&bounds, 0, 1000);
    (void)tatu_os_tell_floor(&bounds, T, 2000);
    for (size_t i = 0; i < 100; i++) {
        clock_s += tatu_os_check_time(&bounds, (int64_t)clock_s + 900, now_ms) == TATU_OK ? 900 : 0;
        (void)tatu_os_tell_floor(&bounds, T, now_ms);
        now_ms += 10;
    }
    assert_int_equal(clock_s, T + 900);
}

static void a_clock_outside_the_bounds_is_set_to_the_least_it_may_be(void **state)
{
    struct tatu_os_time_bounds bounds = {.floor_s = 0};
    (void)state;
    assert_int_equal(tatu_os_correct_time(&bounds, 5, 1000), TATU_TIME_LEAST_S);
    assert_int_equal(tatu_os_correct_time(&bounds, (int64_t)T, 1000), T);
    (void)tatu_os_tell_floor(&bounds, T, 1000);
    assert_int_equal(tatu_os_correct_time(&bounds, (int64_t)T - 1, 1000), T);
    assert_int_equal(tatu_os_correct_time(&bounds, (int64_t)T + 86400, 1000), T + 86400);
    assert_int_equal(tatu_os_correct_time(&bounds, (int64_t)(T + 2 * TATU_TIME_LEAP_S), 1000), T);
    (void)tatu_os_tell_floor(&bounds, T + 5, 2000);
    assert_int_equal(tatu_os_correct_time(&bounds, (int64_t)T + 86400, 62000), T + 65);
    assert_int_equal(tatu_os_correct_time(&bounds, (int64_t)T + 70, 62000), T + 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_signed_time_the_floor_and_five_years_bound),
        cmocka_unit_test(signed_time_of_this_boot_bounds_closely),
        cmocka_unit_test(steps_do_not_add_up),
        cmocka_unit_test(a_clock_outside_the_bounds_is_set_to_the_least_it_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
