#include "events.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define READY TATU_SYSTEM_EVENT_READY
#define MIN 60000u

static struct tatu_apps_event last;
static int told;
static size_t listeners;

static size_t tell(void *context, const struct tatu_apps_event *event)
{
    (void)context;
    last = *event;
    told++;
    return listeners;
}

static struct tatu_apps_events fresh(size_t count)
{
    listeners = count;
    told = 0;
    memset(&last, 0, sizeof(last));
    return (struct tatu_apps_events){.tell = tell};
}

static struct tatu_apps_go ask(struct tatu_apps_events *events, uint64_t now_ms)
{
    struct tatu_apps_go go;
    assert_int_equal(tatu_apps_note_event(events, READY, 0, TATU_SYSTEM_EVENT_APP, now_ms, &go),
                     TATU_OK);
    return go;
}

static void over(struct tatu_apps_events *events)
{
    struct tatu_apps_go go;
    assert_int_equal(tatu_apps_note_event(events, READY, TATU_SYSTEM_EVENT_COMPLETE,
                                          TATU_SYSTEM_EVENT_APP, 0, &go),
                     TATU_OK);
    assert_true(go.go);
}

static void an_update_nobody_listens_for_goes_on_at_once(void **state)
{
    struct tatu_apps_events events = fresh(0);
    (void)state;
    assert_true(ask(&events, 1000).go);
    assert_true(ask(&events, 2000).go);
}

static void listeners_have_ten_seconds(void **state)
{
    struct tatu_apps_events events = fresh(1);
    (void)state;
    assert_false(ask(&events, 1000).go);
    assert_int_equal(ask(&events, 1000).wait_s, 10);
    assert_int_equal(last.event, READY);
    assert_int_equal(last.status, TATU_SYSTEM_EVENT_PENDING);
    assert_int_equal(last.minutes, 1440);
    assert_int_equal(last.type, TATU_SYSTEM_EVENT_APP);
    assert_int_equal(ask(&events, 10500).wait_s, 1);
    assert_true(ask(&events, 11000).go);
    assert_int_equal(told, 1);
}

static void an_update_that_is_put_off_comes_back_with_less_left(void **state)
{
    struct tatu_apps_events events = fresh(1);
    (void)state;
    assert_false(ask(&events, 0).go);
    assert_int_equal(tatu_apps_defer_event(&events, READY, 100, 5000), 0);
    assert_int_equal(last.status, TATU_SYSTEM_EVENT_DEFERRED);
    assert_int_equal(last.minutes, 1440);
    assert_int_equal(ask(&events, 50 * MIN).wait_s, 60);
    assert_int_equal(told, 2);
    assert_false(ask(&events, 100 * MIN + 5000).go);
    assert_int_equal(last.status, TATU_SYSTEM_EVENT_PENDING);
    assert_int_equal(last.minutes, 1340);
    assert_true(ask(&events, 100 * MIN + 15000).go);
}

static void after_a_day_it_is_final(void **state)
{
    struct tatu_apps_events events = fresh(1);
    uint64_t now = 0;
    (void)state;
    for (int i = 0; i < 10 && last.status != TATU_SYSTEM_EVENT_FINAL; i++) {
        assert_false(ask(&events, now).go);
        if (last.status == TATU_SYSTEM_EVENT_PENDING) {
            assert_int_equal(tatu_apps_defer_event(&events, READY, last.minutes + 1, now), ERANGE);
            assert_int_equal(
                tatu_apps_defer_event(&events, READY, last.minutes < 500 ? last.minutes : 500, now),
                0);
            now += 500 * MIN;
        }
    }
    assert_int_equal(last.status, TATU_SYSTEM_EVENT_FINAL);
    assert_true(now >= 1440 * MIN);
    assert_int_equal(last.minutes, 0);
    assert_int_equal(tatu_apps_defer_event(&events, READY, 1, now), ENOENT);
    assert_true(ask(&events, now + 10000).go);
}

static void the_longest_wait_counts(void **state)
{
    struct tatu_apps_events events = fresh(2);
    (void)state;
    assert_false(ask(&events, 0).go);
    assert_int_equal(tatu_apps_defer_event(&events, READY, 60, 0), 0);
    assert_int_equal(tatu_apps_defer_event(&events, READY, 10, 0), 0);
    (void)ask(&events, 11 * MIN);
    assert_int_equal(last.status, TATU_SYSTEM_EVENT_DEFERRED);
}

static void a_resumed_update_warns_and_goes_on(void **state)
{
    struct tatu_apps_events events = fresh(1);
    (void)state;
    assert_int_equal(tatu_apps_resume_event(&events, READY, 0), ENOENT);
    assert_false(ask(&events, 0).go);
    assert_int_equal(tatu_apps_resume_event(&events, READY, 0), ENOENT);
    assert_int_equal(tatu_apps_defer_event(&events, READY, 60, 0), 0);
    assert_int_equal(tatu_apps_resume_event(&events, READY, 30000), 0);
    assert_int_equal(ask(&events, 31000).wait_s, 10);
    assert_true(ask(&events, 41000).go);
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct tatu_apps_events events = fresh(1);
    struct tatu_apps_go go = {.wait_s = 77};
    (void)state;
    assert_int_equal(tatu_apps_defer_event(&events, READY, 5, 0), ENOENT);
    assert_false(ask(&events, 0).go);
    assert_int_equal(tatu_apps_defer_event(&events, READY, 0, 0), EINVAL);
    assert_int_equal(tatu_apps_defer_event(&events, 2, 5, 0), EINVAL);
    assert_int_equal(tatu_apps_resume_event(&events, 4, 0), EINVAL);
    static const uint32_t rows[][3] = {{0, 0, 0}, {3, 0, 0}, {8, 0, 0}, {1, 1, 0},
                                       {1, 3, 0}, {1, 5, 0}, {1, 0, 3}, {2, 2, 0}};
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(tatu_apps_note_event(&events, rows[i][0], rows[i][1], rows[i][2], 0, &go),
                         TATU_ERR_ARGUMENT);
    }
    assert_int_equal(go.wait_s, 77);
}

static void the_next_update_has_its_own_day(void **state)
{
    struct tatu_apps_events events = fresh(1);
    (void)state;
    assert_false(ask(&events, 0).go);
    assert_true(ask(&events, 10000).go);
    over(&events);
    assert_int_equal(last.status, TATU_SYSTEM_EVENT_COMPLETE);
    assert_false(ask(&events, 3000 * MIN).go);
    assert_int_equal(last.minutes, 1440);
}

static void an_update_that_failed_does_not_open_the_door_to_the_next(void **state)
{
    struct tatu_apps_events events = fresh(1);
    (void)state;
    assert_false(ask(&events, 0).go);
    assert_true(ask(&events, 10000).go);
    assert_true(ask(&events, 5 * MIN).go);
    assert_false(ask(&events, 11 * MIN).go);
    assert_int_equal(last.status, TATU_SYSTEM_EVENT_PENDING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_nobody_listens_for_goes_on_at_once),
        cmocka_unit_test(listeners_have_ten_seconds),
        cmocka_unit_test(an_update_that_is_put_off_comes_back_with_less_left),
        cmocka_unit_test(after_a_day_it_is_final),
        cmocka_unit_test(the_longest_wait_counts),
        cmocka_unit_test(a_resumed_update_warns_and_goes_on),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(the_next_update_has_its_own_day),
        cmocka_unit_test(an_update_that_failed_does_not_open_the_door_to_the_next),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
