#include "applibs/storage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void path_is_inside_the_image(void **state)
{
    (void)state;
    char *path = Storage_GetAbsolutePathInImagePackage("certs/a..pem");
    assert_string_equal(path, "/mnt/app/certs/a..pem");
    free(path);
}

static void path_that_leaves_the_image_is_refused(void **state)
{
    (void)state;
    const char *const refused[] = {"/etc/x", "..", "../x", "a/../b", "a/.."};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        errno = 0;
        assert_null(Storage_GetAbsolutePathInImagePackage(refused[i]));
        assert_int_equal(errno, EINVAL);
        assert_int_equal(Storage_OpenFileInImagePackage(refused[i]), -1);
    }
    assert_null(Storage_GetAbsolutePathInImagePackage(NULL));
    assert_int_equal(errno, EFAULT);
    assert_int_equal(Storage_OpenFileInImagePackage("not-there"), -1);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_is_inside_the_image),
        cmocka_unit_test(path_that_leaves_the_image_is_refused),
    };
    return cmocka_run_group_tests_name("storage", tests, NULL, NULL);
}
