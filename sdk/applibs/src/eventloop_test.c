#include "applibs/eventloop.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

struct seen {
    int calls;
    EventLoop_IoEvents events;
    EventRegistration *reg;
    bool unregister;
    EventRegistration *other;
    int nested;
};

static void on_ready(EventLoop *el, int fd, EventLoop_IoEvents events, void *context)
{
    struct seen *seen = context;
    char byte;
    seen->calls++;
    seen->events = events;
    if ((events & EventLoop_Input) != 0) {
        (void)!read(fd, &byte, 1);
    }
    seen->nested = EventLoop_Run(el, 0, true);
    if (seen->unregister) {
        assert_int_equal(EventLoop_UnregisterIo(el, seen->reg), 0);
    }
    if (seen->other != NULL) {
        assert_int_equal(EventLoop_UnregisterIo(el, seen->other), 0);
        seen->other = NULL;
    }
}

static void loop_calls_back_for_what_is_ready(void **state)
{
    (void)state;
    int fds[2];
    struct seen seen = {0};
    EventLoop *el = EventLoop_Create();
    assert_int_equal(pipe(fds), 0);
    seen.reg = EventLoop_RegisterIo(el, fds[0], EventLoop_Input, on_ready, &seen);
    assert_non_null(seen.reg);
    assert_int_equal(EventLoop_Run(el, 0, true), EventLoop_Run_FinishedEmpty);
    assert_int_equal(write(fds[1], "ab", 2), 2);
    assert_int_equal(EventLoop_Run(el, -1, true), EventLoop_Run_Finished);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.events, EventLoop_Input);
    assert_int_equal(seen.nested, EventLoop_Run_Failed);
    assert_int_equal(EventLoop_Run(el, 50, false), EventLoop_Run_Finished);
    assert_int_equal(seen.calls, 2);
    EventLoop_Close(el);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void loop_lets_a_callback_end_its_own_and_another_registration(void **state)
{
    (void)state;
    int a[2], b[2];
    struct seen first = {.unregister = true}, second = {0};
    EventLoop *el = EventLoop_Create();
    assert_int_equal(pipe(a) | pipe(b), 0);
    first.reg = EventLoop_RegisterIo(el, a[0], EventLoop_Input, on_ready, &first);
    second.reg = EventLoop_RegisterIo(el, b[0], EventLoop_Input, on_ready, &second);
    first.other = second.reg;
    assert_int_equal(write(a[1], "x", 1), 1);
    assert_int_equal(EventLoop_Run(el, -1, true), EventLoop_Run_Finished);
    assert_int_equal(write(a[1], "x", 1) + write(b[1], "x", 1), 2);
    assert_int_equal(EventLoop_Run(el, 20, false), EventLoop_Run_FinishedEmpty);
    assert_int_equal(first.calls, 1);
    assert_int_equal(second.calls, 0);
    EventLoop_Close(el);
}

static void loop_stops_when_asked(void **state)
{
    (void)state;
    EventLoop *el = EventLoop_Create();
    assert_int_equal(EventLoop_Stop(el), 0);
    assert_int_equal(EventLoop_Run(el, -1, false), EventLoop_Run_Finished);
    assert_int_equal(EventLoop_Run(el, 1, false), EventLoop_Run_FinishedEmpty);
    EventLoop_Close(el);
    EventLoop_Close(NULL);
}

static void loop_changes_the_events_of_a_registration(void **state)
{
    (void)state;
    int fds[2];
    struct seen seen = {.unregister = true};
    EventLoop *el = EventLoop_Create();
    assert_int_equal(pipe(fds), 0);
    seen.reg = EventLoop_RegisterIo(el, fds[1], EventLoop_None, on_ready, &seen);
    assert_int_equal(EventLoop_Run(el, 0, true), EventLoop_Run_FinishedEmpty);
    assert_int_equal(EventLoop_ModifyIoEvents(el, seen.reg, EventLoop_Output), 0);
    assert_int_equal(EventLoop_Run(el, -1, true), EventLoop_Run_Finished);
    assert_int_equal(seen.events, EventLoop_Output);
    EventLoop_Close(el);
}

static void loop_refuses_bad_arguments_by_errno(void **state)
{
    (void)state;
    EventLoop *el = EventLoop_Create();
    struct seen seen;
    assert_int_equal(EventLoop_Run(NULL, 0, true), EventLoop_Run_Failed);
    assert_int_equal(errno, EFAULT);
    assert_int_equal(EventLoop_Run(el, -2, true), EventLoop_Run_Failed);
    assert_int_equal(errno, EINVAL);
    assert_null(EventLoop_RegisterIo(el, 0, 0x02, on_ready, &seen));
    assert_int_equal(errno, EINVAL);
    assert_null(EventLoop_RegisterIo(el, 0, EventLoop_Input, NULL, &seen));
    assert_int_equal(errno, EFAULT);
    assert_null(EventLoop_RegisterIo(el, -1, EventLoop_Input, on_ready, &seen));
    assert_int_equal(errno, EBADF);
    assert_int_equal(EventLoop_GetWaitDescriptor(NULL), -1);
    assert_int_equal(EventLoop_Stop(NULL), -1);
    assert_int_equal(EventLoop_UnregisterIo(el, (EventRegistration *)&seen), -1);
    assert_int_equal(errno, EINVAL);
    EventLoop_Close(el);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_calls_back_for_what_is_ready),
        cmocka_unit_test(loop_lets_a_callback_end_its_own_and_another_registration),
        cmocka_unit_test(loop_stops_when_asked),
        cmocka_unit_test(loop_changes_the_events_of_a_registration),
        cmocka_unit_test(loop_refuses_bad_arguments_by_errno),
    };
    return cmocka_run_group_tests_name("eventloop", tests, NULL, NULL);
}
