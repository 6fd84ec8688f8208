#include "os/appman/appman.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/lib/store.h"

static char folder[] = "/tmp/tatu-clock-XXXXXX";
static char path[64];

static void time_is_kept(void **state)
{
    uint64_t kept = 5;
    (void)state;
    assert_int_equal(tatu_appman_load_time(path, &kept), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_appman_save_time(path, 1700000000), TATU_OK);
    assert_int_equal(tatu_appman_save_time(path, 1700000001), TATU_OK);
    assert_int_equal(tatu_appman_load_time(path, &kept), TATU_OK);
    assert_int_equal(kept, 1700000001);
}

static void a_damaged_time_is_no_time(void **state)
{
    uint8_t bytes[16] = {0};
    uint64_t kept = 5;
    (void)state;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        bytes[0] = 1;
        assert_int_equal(tatu_os_save_file(path, (struct tatu_span){bytes, len}), TATU_OK);
        assert_int_equal(tatu_appman_load_time(path, &kept), TATU_ERR_FORMAT);
    }
    tatu_put_le64(bytes, UINT64_MAX);
    tatu_put_le32(bytes + 8, tatu_base_crc32((struct tatu_span){bytes, 8}));
    assert_int_equal(tatu_os_save_file(path, (struct tatu_span){bytes, 12}), TATU_OK);
    assert_int_equal(tatu_appman_load_time(path, &kept), TATU_ERR_FORMAT);
    assert_int_equal(kept, 5);
}

static void before_signed_time_the_vaults_floor_bounds_an_application(void **state)
{
    struct tatu_os_time_bounds bounds = {.floor_s = 0};
    (void)state;
    assert_true(tatu_appman_may_set_time(&bounds, UINT32_MAX, 10));
    assert_false(tatu_appman_may_set_time(&bounds, (int64_t)UINT32_MAX + 1, 10));
    assert_false(tatu_appman_may_set_time(&bounds, 0, 10));
    assert_false(tatu_appman_may_set_time(&bounds, -1, 10));
    bounds.floor_s = 1800000000;
    assert_true(tatu_appman_may_set_time(&bounds, 1800000000, 10));
    assert_false(tatu_appman_may_set_time(&bounds, 1799999999, 10));
    assert_false(tatu_appman_may_set_time(&bounds, UINT32_MAX, 10));
}

/* Step by step it gets no farther than at once, and what it set itself is never taken for signed
 * time: the clock is not asked. */
static void signed_time_is_left_by_a_quarter_of_an_hour_at_most(void **state)
{
    struct tatu_os_time_bounds bounds = {.floor_s = 0};
    (void)state;
    (void)tatu_os_tell_floor(&bounds, 1790000000, 1000);
    (void)tatu_os_tell_floor(&bounds, 1800000000, 1000);
    assert_true(tatu_appman_may_set_time(&bounds, 1800000100 + 900, 101000));
    assert_false(tatu_appman_may_set_time(&bounds, 1800000100 + 901, 101000));
    assert_true(tatu_appman_may_set_time(&bounds, 1800000100 - 900, 101000));
    assert_false(tatu_appman_may_set_time(&bounds, 1800000100 - 901, 101000));
    assert_true(tatu_appman_may_set_time(&bounds, 1800003600, 3600000));
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/time", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_kept),
        cmocka_unit_test(a_damaged_time_is_no_time),
        cmocka_unit_test(before_signed_time_the_vaults_floor_bounds_an_application),
        cmocka_unit_test(signed_time_is_left_by_a_quarter_of_an_hour_at_most),
    };
    return cmocka_run_group_tests_name("clock", tests, make_folder, remove_folder);
}
