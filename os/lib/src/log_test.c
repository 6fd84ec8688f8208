#include "os/lib/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void a_line_names_the_daemon(void **state)
{
    struct tatu_os_log log = {.name = "netd"};
    char out[TATU_OS_LOG_LINE_MAX];
    size_t len = tatu_os_format_log(&log, TATU_OS_LOG_NOTICE, "up", out);

    (void)state;
    assert_int_equal(len, strlen("netd: up\n"));
    assert_memory_equal(out, "netd: up\n", len);
}

static void in_the_kernels_log_a_line_has_its_level(void **state)
{
    struct tatu_os_log log = {.name = "netd", .tagged = true};
    char out[TATU_OS_LOG_LINE_MAX];
    size_t len = tatu_os_format_log(&log, TATU_OS_LOG_ERROR, "down", out);

    (void)state;
    assert_memory_equal(out, "<3>netd: down\n", len);
}

static void no_text_can_forge_a_line(void **state)
{
    struct tatu_os_log log = {.name = "app"};
    char out[TATU_OS_LOG_LINE_MAX];
    size_t len = tatu_os_format_log(&log, TATU_OS_LOG_NOTICE, "a\nnetd: b\x1b[2J\xff", out);

    (void)state;
    assert_memory_equal(out, "app: a?netd: b?[2J?\n", len);
}

static void a_long_line_is_cut_and_still_a_line(void **state)
{
    struct tatu_os_log log = {.name = "app"};
    char text[2 * TATU_OS_LOG_LINE_MAX];
    char out[TATU_OS_LOG_LINE_MAX];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(tatu_os_format_log(&log, TATU_OS_LOG_NOTICE, text, out), TATU_OS_LOG_LINE_MAX);
    assert_int_equal(out[TATU_OS_LOG_LINE_MAX - 1], '\n');
    assert_int_equal(out[TATU_OS_LOG_LINE_MAX - 2], 'x');
}

static void a_line_is_one_write_to_its_descriptor(void **state)
{
    struct tatu_os_log log;
    char got[64] = {0};
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    tatu_os_init_log(&log, "appman", ends[1]);
    assert_false(log.tagged);
    tatu_os_log(&log, TATU_OS_LOG_NOTICE, "set %c", 'A');
    assert_int_equal(read(ends[0], got, sizeof(got)), strlen("appman: set A\n"));
    assert_string_equal(got, "appman: set A\n");
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_names_the_daemon),
        cmocka_unit_test(in_the_kernels_log_a_line_has_its_level),
        cmocka_unit_test(no_text_can_forge_a_line),
        cmocka_unit_test(a_long_line_is_cut_and_still_a_line),
        cmocka_unit_test(a_line_is_one_write_to_its_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
