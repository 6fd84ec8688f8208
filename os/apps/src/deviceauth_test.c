#include "deviceauth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/image.h"

static char root[32];
static struct tatu_os_log test_log = {.name = "test", .fd = -1};
static const struct tatu_apps_world world = {.log = &test_log};
static struct tatu_apps apps;

static int open_root(void **state)
{
    (void)state;
    (void)strcpy(root, "/tmp/tatu-auth-XXXXXX");
    memset(&apps, 0, sizeof(apps));
    apps.world = &world;
    return mkdtemp(root) == NULL;
}

static int remove_root(void **state)
{
    char command[64];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
    return system(command);
}

static void put_app(size_t i, uint8_t component, uint8_t tenant)
{
    uint8_t guid[16] = {component};
    apps.apps[i] = (struct tatu_app){.state = TATU_APP_RUNNING};
    apps.apps[i].manifest.has_tenant = tenant != 0;
    apps.apps[i].manifest.tenant[0] = tenant;
    tatu_proto_format_guid(guid, apps.apps[i].component);
}

static const char *path_of(size_t i, const char *file)
{
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s/%s", root, apps.apps[i].component, file);
    return path;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void leave_file(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fclose(file);
}

static void only_who_asks_for_a_certificate_has_a_place(void **state)
{
    (void)state;
    put_app(0, 1, 9);
    put_app(1, 2, 0);
    put_app(2, 3, 9);
    apps.apps[2].state = TATU_APP_REFUSED;
    assert_true(tatu_apps_sync_deviceauth(&apps, root));
    assert_true(is_there(path_of(0, "tenant")));
    assert_false(is_there(path_of(1, "")));
    assert_false(is_there(path_of(2, "")));
    assert_false(tatu_apps_sync_deviceauth(&apps, root));
}

static void two_applications_of_a_tenant_have_two_places(void **state)
{
    (void)state;
    put_app(0, 1, 9);
    put_app(1, 2, 9);
    assert_true(tatu_apps_sync_deviceauth(&apps, root));
    assert_true(is_there(path_of(0, "tenant")));
    assert_true(is_there(path_of(1, "tenant")));
}

static void update_of_an_application_keeps_its_certificate(void **state)
{
    (void)state;
    put_app(0, 1, 9);
    assert_true(tatu_apps_sync_deviceauth(&apps, root));
    leave_file(path_of(0, "cert.pem"));
    apps.apps[0].state = TATU_APP_STOPPING;
    assert_false(tatu_apps_sync_deviceauth(&apps, root));
    put_app(0, 1, 9);
    assert_false(tatu_apps_sync_deviceauth(&apps, root));
    assert_true(is_there(path_of(0, "cert.pem")));
    put_app(0, 1, 8); /* another tenant: to be asked for again */
    assert_true(tatu_apps_sync_deviceauth(&apps, root));
}

static void place_goes_with_the_application_and_nothing_else_does(void **state)
{
    char update[64];
    (void)state;
    (void)snprintf(update, sizeof(update), "%s/update", root);
    assert_int_equal(mkdir(update, 0750), 0);
    put_app(0, 1, 9);
    put_app(1, 2, 9);
    assert_true(tatu_apps_sync_deviceauth(&apps, root));
    leave_file(path_of(0, "cert.pem"));
    leave_file(path_of(0, "sign"));
    apps.apps[0].state = TATU_APP_ABSENT;
    assert_true(tatu_apps_sync_deviceauth(&apps, root));
    assert_false(is_there(path_of(0, "")));
    assert_true(is_there(path_of(1, "tenant")));
    assert_true(is_there(update));
}

static void a_certificate_is_good_for_its_day(void **state)
{
    struct stat info;
    (void)state;
    put_app(0, 1, 9);
    assert_true(tatu_apps_sync_deviceauth(&apps, root));
    assert_false(tatu_apps_has_certificate(&apps.apps[0], root, 0));
    leave_file(path_of(0, "cert.pem"));
    assert_int_equal(stat(path_of(0, "cert.pem"), &info), 0);
    assert_true(tatu_apps_has_certificate(&apps.apps[0], root, info.st_mtime));
    assert_true(tatu_apps_has_certificate(&apps.apps[0], root, info.st_mtime + 86399));
    assert_false(tatu_apps_has_certificate(&apps.apps[0], root, info.st_mtime + 86400));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_who_asks_for_a_certificate_has_a_place, open_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(two_applications_of_a_tenant_have_two_places, open_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(update_of_an_application_keeps_its_certificate, open_root,
                                        remove_root),
        cmocka_unit_test_setup_teardown(place_goes_with_the_application_and_nothing_else_does,
                                        open_root, remove_root),
        cmocka_unit_test_setup_teardown(a_certificate_is_good_for_its_day, open_root, remove_root),
    };
    return cmocka_run_group_tests_name("application certificates", tests, NULL, NULL);
}
