#include "os/appman/appman.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/lib/fake_vault.h"
#include "os/lib/store.h"
#include "proto/report.h"

/* The flash is a folder; mounting it gives it the name of the root. */
static char folder[] = "/dev/shm/tatu-appman-store-XXXXXX";
static char flash_path[64], root[64], stamp[80], file[80];
static bool mounted;
static int mount_problem, erase_problem, erased;
static struct fake_vault vault;
static struct tatu_os_monitor monitor;
static const struct tatu_os_log test_log = {.name = "test", .fd = -1};

static int mount_flash(void *context)
{
    (void)context;
    if (mount_problem != 0) {
        return mount_problem;
    }
    assert_false(mounted);
    assert_int_equal(rename(flash_path, root), 0);
    mounted = true;
    return 0;
}

static int unmount_flash(void *context)
{
    (void)context;
    assert_true(mounted);
    assert_int_equal(rename(root, flash_path), 0);
    mounted = false;
    return 0;
}

static void run(const char *command)
{
    assert_int_equal(system(command), 0);
}

static int erase_flash(void *context)
{
    char command[160];
    (void)context;
    assert_false(mounted);
    erased++;
    mount_problem = 0;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'/*", flash_path);
    run(command);
    return erase_problem;
}

static const struct tatu_appman_flash flash = {
    .mount = mount_flash, .unmount = unmount_flash, .erase = erase_flash};

static enum tatu_err boot(void)
{
    if (mounted) {
        (void)unmount_flash(NULL);
    }
    erased = 0;
    return tatu_appman_open_store(&flash, root, &monitor, &test_log, 1700000000);
}

static void leave_file(void)
{
    assert_int_equal(tatu_os_save_file(file, TATU_SPAN_OF("data")), TATU_OK);
}

static bool has_file(void)
{
    return access(file, F_OK) == 0;
}

static void expect_kept(void)
{
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(erased, 0);
    assert_true(has_file());
    assert_int_equal(vault.records, 0);
}

static void expect_refused(enum tatu_err why)
{
    struct tatu_event event;
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(erased, 1);
    assert_false(has_file());
    assert_int_equal(vault.records, 1);
    assert_int_equal(
        tatu_proto_decode_event((struct tatu_span){vault.record, vault.record_len}, &event),
        TATU_OK);
    assert_int_equal(event.kind, TATU_EVENT_STORE_ERASED);
    assert_int_equal(event.code, why);
    /* and it is a store again */
    vault.records = 0;
    leave_file();
    expect_kept();
}

static void a_new_board_has_an_empty_store(void **state)
{
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(erased, 0);
    assert_int_equal(vault.records, 0);
    assert_int_equal(vault.counters[0], 1);
}

static void what_is_kept_is_there_after_each_boot(void **state)
{
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    leave_file();
    for (int i = 0; i < 5; i++) {
        expect_kept();
    }
    assert_int_equal(vault.counters[0], 6);
}

static void a_cut_between_stamp_and_counter_keeps_it(void **state)
{
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    leave_file();
    vault.counters[0]--;
    expect_kept();
    expect_kept();
}

static void the_store_of_another_time_is_refused(void **state)
{
    char command[256];
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    leave_file();
    (void)snprintf(command, sizeof(command), "cp '%s' '%s/old'", stamp, folder);
    run(command);
    expect_kept();
    expect_kept();
    (void)snprintf(command, sizeof(command), "cp '%s/old' '%s'", folder, stamp);
    run(command);
    expect_refused(TATU_ERR_STALE);
}

static void the_store_of_another_board_is_refused(void **state)
{
    uint8_t bytes[128];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    leave_file();
    assert_int_equal(tatu_os_load_file(stamp, &buf), TATU_OK);
    bytes[3] ^= 1; /* of the seal */
    assert_int_equal(tatu_os_save_file(stamp, (struct tatu_span){bytes, buf.len}), TATU_OK);
    expect_refused(TATU_ERR_SIGNATURE);
}

static void a_stamp_from_the_future_is_refused(void **state)
{
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    leave_file();
    expect_kept();
    expect_kept();
    vault.counters[0] -= 2;
    expect_refused(TATU_ERR_FOREIGN);
}

static void a_store_without_a_stamp_is_refused(void **state)
{
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    leave_file();
    assert_int_equal(unlink(stamp), 0);
    expect_refused(TATU_ERR_NOT_FOUND);
    /* on a new board, too */
    assert_int_equal(unlink(stamp), 0);
    vault.counters[0] = 0;
    expect_refused(TATU_ERR_NOT_FOUND);
    /* and an empty one on a board that had one */
    (void)unmount_flash(NULL);
    (void)erase_flash(NULL);
    expect_refused(TATU_ERR_NOT_FOUND);
}

static void a_stamp_of_another_length_is_refused(void **state)
{
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    leave_file();
    assert_int_equal(tatu_os_save_sealed(&monitor, stamp, "store stamp", TATU_SPAN_OF("1234567")),
                     TATU_OK);
    leave_file();
    assert_int_equal(tatu_os_save_sealed(&monitor, stamp, "store stamp",
                                         (struct tatu_span){(const uint8_t *)"1234", 4}),
                     TATU_OK);
    expect_refused(TATU_ERR_FORMAT);
}

static void what_cannot_be_mounted_is_erased(void **state)
{
    (void)state;
    mount_problem = EINVAL;
    assert_int_equal(boot(), TATU_OK);
    assert_int_equal(erased, 1);
    assert_true(mounted);
}

static void what_cannot_be_erased_is_not_used(void **state)
{
    (void)state;
    mount_problem = EINVAL;
    erase_problem = EIO;
    assert_int_equal(boot(), TATU_ERR_IO);
    assert_false(mounted);
}

/* Each vault command fails in turn; nothing is decided without its answer. */
static void without_the_vault_nothing_is_erased(void **state)
{
    (void)state;
    assert_int_equal(boot(), TATU_OK);
    leave_file();
    for (int n = 1; n <= 4; n++) {
        vault.fail_at = vault.calls + n;
        assert_int_equal(boot(), TATU_ERR_IO);
        assert_int_equal(erased, 0);
        assert_false(mounted);
        vault.fail_at = 0;
        expect_kept();
    }
}

static int begin(void **state)
{
    char command[160];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s' '%s'", flash_path, root);
    run(command);
    mounted = false;
    mount_problem = erase_problem = erased = 0;
    vault = (struct fake_vault){0};
    monitor = fake_vault_open(&vault);
    return mkdir(flash_path, 0700);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(flash_path, sizeof(flash_path), "%s/flash", folder);
    (void)snprintf(root, sizeof(root), "%s/root", folder);
    (void)snprintf(stamp, sizeof(stamp), "%s/stamp", root);
    (void)snprintf(file, sizeof(file), "%s/file", root);
    return 0;
}

static int remove_folder(void **state)
{
    char command[64];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_board_has_an_empty_store),           TEST(what_is_kept_is_there_after_each_boot),
        TEST(a_cut_between_stamp_and_counter_keeps_it), TEST(the_store_of_another_time_is_refused),
        TEST(the_store_of_another_board_is_refused),    TEST(a_stamp_from_the_future_is_refused),
        TEST(a_store_without_a_stamp_is_refused),       TEST(a_stamp_of_another_length_is_refused),
        TEST(what_cannot_be_mounted_is_erased),         TEST(what_cannot_be_erased_is_not_used),
        TEST(without_the_vault_nothing_is_erased),
    };
    return cmocka_run_group_tests_name("store of the board", tests, make_folder, remove_folder);
}
