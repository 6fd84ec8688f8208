#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "os/launch/launch.h"

#include <cmocka.h>

static struct tatu_launch_spec good_spec(void)
{
    struct tatu_launch_spec spec = {.magic = TATU_LAUNCH_MAGIC,
                                    .uid = 1000,
                                    .body_offset = 8192,
                                    .body_len = 20480,
                                    .verity_data_len = 16384,
                                    .arg_count = 2,
                                    .component = "0d00be11-54a7-4c0e-9f53-2c1d6a7e5b10",
                                    .block_device = "/dev/mtdblock1",
                                    .control = "/run/apps/x/control"};
    memcpy(spec.args, "/bin/app\0one", 13);
    return spec;
}

static void spec_of_a_good_application_is_taken(void **state)
{
    (void)state;
    struct tatu_launch_spec spec = good_spec();
    assert_int_equal(tatu_launch_check_spec(&spec), TATU_OK);
}

static void spec_with_unterminated_text_is_refused(void **state)
{
    (void)state;
    struct tatu_launch_spec spec = good_spec();
    memset(spec.control, '/', sizeof(spec.control));
    assert_int_equal(tatu_launch_check_spec(&spec), TATU_ERR_FORMAT);
    spec = good_spec();
    memset(spec.args, '/', sizeof(spec.args));
    assert_int_equal(tatu_launch_check_spec(&spec), TATU_ERR_FORMAT);
    spec = good_spec();
    spec.magic ^= 1;
    assert_int_equal(tatu_launch_check_spec(&spec), TATU_ERR_FORMAT);
    spec = good_spec();
    spec.args[0] = 'b';
    assert_int_equal(tatu_launch_check_spec(&spec), TATU_ERR_FORMAT);
}

static void spec_never_runs_as_root_or_a_service(void **state)
{
    (void)state;
    struct tatu_launch_spec spec = good_spec();
    const uint32_t refused[] = {0, 111, 999, 65534, UINT32_MAX};
    for (size_t i = 0; i < TATU_COUNT_OF(refused); i++) {
        spec.uid = refused[i];
        assert_int_equal(tatu_launch_check_spec(&spec), TATU_ERR_ARGUMENT);
    }
}

static void spec_with_a_tree_outside_of_the_body_is_refused(void **state)
{
    (void)state;
    struct tatu_launch_spec spec = good_spec();
    spec.verity_data_len = spec.body_len;
    assert_int_equal(tatu_launch_check_spec(&spec), TATU_ERR_ARGUMENT);
    spec = good_spec();
    spec.body_offset = 1;
    assert_int_equal(tatu_launch_check_spec(&spec), TATU_ERR_ARGUMENT);
    spec = good_spec();
    spec.body_len = 0;
    assert_int_equal(tatu_launch_check_spec(&spec), TATU_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spec_of_a_good_application_is_taken),
        cmocka_unit_test(spec_with_unterminated_text_is_refused),
        cmocka_unit_test(spec_never_runs_as_root_or_a_service),
        cmocka_unit_test(spec_with_a_tree_outside_of_the_body_is_refused),
    };
    return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
