#include "users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/lib/fake_vault.h"
#include "os/lib/store.h"
#include "proto/report.h"
#include "storage.h"

static char folder[] = "/dev/shm/tatu-users-XXXXXX";
static char map[64], storage[64];
static struct fake_vault vault;
static struct tatu_os_monitor monitor;
static const struct tatu_os_log test_log = {.name = "test", .fd = -1};
static struct tatu_apps_world world = {
    .monitor = &monitor, .log = &test_log, .uids_file = map, .storage = storage};
static struct tatu_apps apps;
static struct tatu_smc_app images[3];

/* As after a start of appman. */
static void restart(void)
{
    memset(&apps, 0, sizeof(apps));
    apps.world = &world;
    tatu_apps_load_users(&apps);
}

static const char *name_of(size_t i)
{
    static char name[TATU_GUID_TEXT_SIZE];
    tatu_proto_format_guid(images[i].component, name);
    return name;
}

static uint32_t user_of(size_t i)
{
    uint32_t uid = 0;
    return tatu_apps_find_user(&apps, images[i].component, &uid) == TATU_OK ? uid : 0;
}

static void leave_file(size_t i)
{
    int fd;
    assert_int_equal(tatu_apps_open_storage(storage, name_of(i), getgid(), &fd), 0);
    assert_int_equal(write(fd, "data", 4), 4);
    (void)close(fd);
}

static bool has_file(size_t i)
{
    return tatu_apps_get_stored(storage, name_of(i)) != 0;
}

static int begin(void **state)
{
    char command[160];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s' '%s'", map, storage);
    assert_int_equal(system(command), 0);
    vault = (struct fake_vault){0};
    monitor = fake_vault_open(&vault);
    for (size_t i = 0; i < TATU_COUNT_OF(images); i++) {
        images[i].component[0] = (uint8_t)(i + 1);
    }
    restart();
    return 0;
}

static void a_user_outlives_updates_and_restarts(void **state)
{
    (void)state;
    tatu_apps_sync_users(&apps, images, 2);
    assert_int_equal(user_of(0), 1000);
    assert_int_equal(user_of(1), 1001);
    leave_file(1);
    restart();
    images[1].image[0] = 9;
    tatu_apps_sync_users(&apps, images, 2);
    assert_int_equal(user_of(1), 1001);
    assert_true(has_file(1));
    assert_int_equal(vault.records, 0);
}

static void user_and_file_go_with_the_component(void **state)
{
    (void)state;
    tatu_apps_sync_users(&apps, images, 2);
    leave_file(0);
    leave_file(1);
    tatu_apps_sync_users(&apps, images, 1);
    assert_true(has_file(0));
    assert_false(has_file(1));
    assert_int_equal(user_of(1), 0);
    restart();
    tatu_apps_sync_users(&apps, images, 2);
    assert_int_equal(user_of(0), 1000);
    assert_int_equal(user_of(1), 1002);
}

static void who_has_not_ended_keeps_both(void **state)
{
    (void)state;
    tatu_apps_sync_users(&apps, images, 2);
    leave_file(1);
    apps.apps[0].state = TATU_APP_STOPPING;
    apps.apps[0].image = images[1];
    tatu_apps_sync_users(&apps, images, 1);
    assert_true(has_file(1));
    assert_int_equal(user_of(1), 1001);
}

static void expect_refused(enum tatu_err why)
{
    struct tatu_event event;
    assert_int_equal(vault.records, 1);
    assert_int_equal(vault.record_kind, TATU_RECORD_EVENT);
    assert_int_equal(
        tatu_proto_decode_event((struct tatu_span){vault.record, vault.record_len}, &event),
        TATU_OK);
    assert_int_equal(event.kind, TATU_EVENT_USERS_REFUSED);
    assert_int_equal(event.code, why);
    assert_false(has_file(0));
    assert_false(has_file(1));
}

/* Each is a file somebody could put there. */
static void a_map_that_is_not_ours_gives_nobody_anything(void **state)
{
    static uint8_t bytes[1024];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    (void)state;
    tatu_apps_sync_users(&apps, images, 2);
    leave_file(0);
    leave_file(1);
    assert_int_equal(tatu_os_load_file(map, &buf), TATU_OK);
    bytes[buf.len - 1] ^= 1;
    assert_int_equal(tatu_os_save_file(map, (struct tatu_span){bytes, buf.len}), TATU_OK);
    restart();
    expect_refused(TATU_ERR_SIGNATURE);
    tatu_apps_sync_users(&apps, images, 1);
    assert_int_equal(user_of(0), 1000);
}

static void a_map_sealed_under_another_name_is_refused(void **state)
{
    uint8_t bytes[TATU_APPS_UIDS_SIZE_MAX];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    (void)state;
    tatu_apps_sync_users(&apps, images, 2);
    leave_file(1);
    assert_int_equal(tatu_apps_encode_uids(&apps.uids, &buf), TATU_OK);
    assert_int_equal(
        tatu_os_save_sealed(&monitor, map, "network", (struct tatu_span){bytes, buf.len}), TATU_OK);
    restart();
    expect_refused(TATU_ERR_SIGNATURE);
}

static void a_map_that_is_away_takes_the_files_along(void **state)
{
    (void)state;
    tatu_apps_sync_users(&apps, images, 2);
    restart();
    assert_int_equal(vault.records, 0);
    leave_file(1);
    assert_int_equal(unlink(map), 0);
    restart();
    expect_refused(TATU_ERR_NOT_FOUND);
}

static void without_the_vault_nothing_is_decided(void **state)
{
    (void)state;
    tatu_apps_sync_users(&apps, images, 2);
    leave_file(1);
    vault.fail_at = 1;
    restart();
    tatu_apps_sync_users(&apps, images, 2);
    assert_int_equal(user_of(1), 0);
    assert_true(has_file(1));
    vault.fail_at = 0;
    tatu_apps_sync_users(&apps, images, 2);
    assert_int_equal(user_of(1), 1001);
}

static void a_user_that_is_not_kept_is_not_used(void **state)
{
    (void)state;
    tatu_apps_sync_users(&apps, images, 1);
    vault.fail_at = 1;
    tatu_apps_sync_users(&apps, images, 2);
    assert_int_equal(user_of(1), 0);
    vault.fail_at = 0;
    tatu_apps_sync_users(&apps, images, 2);
    assert_int_equal(user_of(1), 1001);
    restart();
    assert_int_equal(user_of(1), 1001);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(map, sizeof(map), "%s/uids", folder);
    (void)snprintf(storage, sizeof(storage), "%s/apps", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)begin(state);
    char command[64];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_user_outlives_updates_and_restarts),
        TEST(user_and_file_go_with_the_component),
        TEST(who_has_not_ended_keeps_both),
        TEST(a_map_that_is_not_ours_gives_nobody_anything),
        TEST(a_map_sealed_under_another_name_is_refused),
        TEST(a_map_that_is_away_takes_the_files_along),
        TEST(without_the_vault_nothing_is_decided),
        TEST(a_user_that_is_not_kept_is_not_used),
    };
    return cmocka_run_group_tests_name("users of applications", tests, make_folder, remove_folder);
}
