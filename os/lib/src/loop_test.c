#include "os/lib/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

struct trace {
    struct tatu_os_loop loop;
    char order[8];
    size_t len;
};

static void note(struct trace *trace, char what)
{
    trace->order[trace->len++] = what;
}

static void fire_a(struct tatu_os_timer *timer)
{
    note(timer->context, 'a');
}

static void fire_b_and_stop(struct tatu_os_timer *timer)
{
    struct trace *trace = timer->context;

    note(trace, 'b');
    tatu_os_stop_loop(&trace->loop);
}

static void timers_fire_in_order_of_time(void **state)
{
    struct trace trace = {0};
    struct tatu_os_timer late = {.fire = fire_b_and_stop, .context = &trace};
    struct tatu_os_timer soon = {.fire = fire_a, .context = &trace};
    uint64_t start = tatu_os_now_ms();

    (void)state;
    assert_int_equal(tatu_os_init_loop(&trace.loop), TATU_OK);
    tatu_os_set_timer(&trace.loop, &late, start + 20);
    tatu_os_set_timer(&trace.loop, &soon, start + 5);
    assert_int_equal(tatu_os_run_loop(&trace.loop), TATU_OK);
    assert_string_equal(trace.order, "ab");
    assert_true(tatu_os_now_ms() - start >= 20);
    tatu_os_done_loop(&trace.loop);
}

static void a_cleared_timer_does_not_fire(void **state)
{
    struct trace trace = {0};
    struct tatu_os_timer late = {.fire = fire_b_and_stop, .context = &trace};
    struct tatu_os_timer soon = {.fire = fire_a, .context = &trace};

    (void)state;
    assert_int_equal(tatu_os_init_loop(&trace.loop), TATU_OK);
    tatu_os_set_timer(&trace.loop, &soon, tatu_os_now_ms());
    tatu_os_set_timer(&trace.loop, &soon, tatu_os_now_ms());
    tatu_os_set_timer(&trace.loop, &late, tatu_os_now_ms() + 5);
    tatu_os_clear_timer(&trace.loop, &soon);
    assert_int_equal(tatu_os_run_loop(&trace.loop), TATU_OK);
    assert_string_equal(trace.order, "b");
    tatu_os_done_loop(&trace.loop);
}

/* Two pipes become readable at once; the first to be told removes the other. */
struct pair {
    struct tatu_os_loop loop;
    struct tatu_os_watch watches[2];
    int calls;
};

static void remove_the_other(struct tatu_os_watch *watch, uint32_t events)
{
    struct pair *pair = watch->context;

    (void)events;
    pair->calls++;
    tatu_os_remove_watch(&pair->loop, &pair->watches[watch == &pair->watches[0] ? 1 : 0]);
    tatu_os_remove_watch(&pair->loop, watch);
}

static void stop_pair(struct tatu_os_timer *timer)
{
    tatu_os_stop_loop(timer->context);
}

static void a_removed_watch_is_not_told_even_in_the_same_turn(void **state)
{
    struct pair pair = {0};
    struct tatu_os_timer end = {.fire = stop_pair, .context = &pair.loop};
    int ends[2][2];

    (void)state;
    assert_int_equal(tatu_os_init_loop(&pair.loop), TATU_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(ends[i]), 0);
        assert_int_equal(write(ends[i][1], "x", 1), 1);
        pair.watches[i] =
            (struct tatu_os_watch){.ready = remove_the_other, .context = &pair, .fd = ends[i][0]};
        assert_int_equal(tatu_os_add_watch(&pair.loop, &pair.watches[i], EPOLLIN), TATU_OK);
    }
    tatu_os_set_timer(&pair.loop, &end, tatu_os_now_ms() + 20);
    assert_int_equal(tatu_os_run_loop(&pair.loop), TATU_OK);
    assert_int_equal(pair.calls, 1);
    for (int i = 0; i < 2; i++) {
        close(ends[i][0]);
        close(ends[i][1]);
    }
    tatu_os_done_loop(&pair.loop);
}

static void watching_a_closed_descriptor_is_io(void **state)
{
    struct tatu_os_loop loop;
    struct tatu_os_watch watch = {.fd = -1};

    (void)state;
    assert_int_equal(tatu_os_init_loop(&loop), TATU_OK);
    assert_int_equal(tatu_os_add_watch(&loop, &watch, EPOLLIN), TATU_ERR_IO);
    tatu_os_done_loop(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_of_time),
        cmocka_unit_test(a_cleared_timer_does_not_fire),
        cmocka_unit_test(a_removed_watch_is_not_told_even_in_the_same_turn),
        cmocka_unit_test(watching_a_closed_descriptor_is_io),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
