#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options.h"

#define DECODE(out, why, ...)                                                                      \
    options_decode((int)TATU_COUNT_OF(((const char *[]){"tatu-service", __VA_ARGS__})),            \
                   (const char *[]){"tatu-service", __VA_ARGS__, NULL}, (out), (why))

static void options_are_read_and_hosts_add_up(void **state)
{
    (void)state;
    struct options options;
    const char *why = NULL;
    assert_int_equal(
        DECODE(&options, &why, "--data", "d", "--host", "a", "--front", "f:1", "--host", "b"),
        TATU_OK);
    assert_string_equal(options.data, "d");
    assert_string_equal(options.front_address, "f:1");
    assert_string_equal(options.operator_address, "127.0.0.1:8443");
    assert_int_equal(options.host_count, 2);
    assert_string_equal(options.hosts[1], "b");
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    struct options options = {.data = "untouched"};
    const char *why = NULL;
    assert_int_equal(DECODE(&options, &why, "--front", "f:1"), TATU_ERR_ARGUMENT);
    assert_string_equal(why, "--data is missing");
    assert_int_equal(DECODE(&options, &why, "--data"), TATU_ERR_ARGUMENT);
    assert_string_equal(why, "--data");
    assert_int_equal(DECODE(&options, &why, "--data", "d", "--wrong", "x"), TATU_ERR_ARGUMENT);
    assert_string_equal(why, "--wrong");
    assert_string_equal(options.data, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_and_hosts_add_up),
        cmocka_unit_test(wrong_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
