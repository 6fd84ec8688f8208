#include "control.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define INPUT 1u
#define OUTPUT 2u

static const struct {
    uint32_t request[4];
    int problem;
} requests[] = {
    {{INPUT, 12, 0, 0}, 0},
    {{OUTPUT, 8, 2, 1}, 0},
    {{INPUT, 9, 0, 0}, EACCES},
    {{INPUT, TATU_MANIFEST_GPIO_MAX, 0, 0}, ENODEV},
    {{INPUT, UINT32_MAX, 0, 0}, ENODEV},
    {{OUTPUT, 8, 3, 0}, EINVAL},
    {{OUTPUT, 8, 0, 2}, EINVAL},
    {{0, 8, 0, 0}, EINVAL},
    {{3, 8, 0, 0}, EINVAL},
    {{UINT32_MAX, 8, 0, 0}, EINVAL},
};

static void request_gets_what_the_manifest_names(void **state)
{
    (void)state;
    static const struct tatu_manifest manifest = {.gpio = {[8] = true, [12] = true}};
    for (size_t i = 0; i < TATU_COUNT_OF(requests); i++) {
        assert_int_equal(tatu_apps_check_request(&manifest, requests[i].request),
                         requests[i].problem);
    }
}

/* The errno in the answer to `len` bytes; ENOMSG when there is no whole answer. */
static uint32_t answer_to(const void *bytes, size_t len)
{
    static const struct tatu_app app = {.manifest = {.gpio = {[8] = true}}};
    int ends[2];
    uint32_t words[2] = {0, 0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_int_equal(send(ends[0], bytes, len, 0), (ssize_t)len);
    assert_true(tatu_apps_answer_control(&app, ends[1]));
    const ssize_t got = recv(ends[0], words, sizeof(words), 0);
    (void)close(ends[0]);
    return got == (ssize_t)sizeof(words) && words[0] != 0 ? words[1] : ENOMSG;
}

static void request_of_another_size_is_refused(void **state)
{
    (void)state;
    static const uint8_t bytes[4096] = {INPUT, 0, 0, 0, 9};
    const size_t sizes[] = {1, 4, 15, 17, 20, 32, sizeof(bytes)};
    assert_int_equal(answer_to(bytes, 16), EACCES);
    for (size_t i = 0; i < TATU_COUNT_OF(sizes); i++) {
        assert_int_equal(answer_to(bytes, sizes[i]), EINVAL);
    }
}

static void connection_that_says_nothing_is_not_waited_for(void **state)
{
    (void)state;
    static const struct tatu_app app = {.manifest = {.gpio = {[8] = true}}};
    static const uint32_t request[4] = {INPUT, 9, 0, 0};
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_false(tatu_apps_answer_control(&app, ends[1]));
    assert_int_equal(send(ends[0], request, sizeof(request), 0), sizeof(request));
    assert_true(tatu_apps_answer_control(&app, ends[1]));
    (void)close(ends[0]);
}

static void connection_that_is_gone_is_closed(void **state)
{
    (void)state;
    static const struct tatu_app app = {.control_fd = -1};
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    (void)close(ends[0]);
    assert_true(tatu_apps_answer_control(&app, ends[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_gets_what_the_manifest_names),
        cmocka_unit_test(request_of_another_size_is_refused),
        cmocka_unit_test(connection_that_says_nothing_is_not_waited_for),
        cmocka_unit_test(connection_that_is_gone_is_closed),
    };
    return cmocka_run_group_tests_name("application control", tests, NULL, NULL);
}
