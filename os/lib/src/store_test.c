#include "os/lib/store.h"

#include "os/lib/fake_vault.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/dev/shm/tatu-store-XXXXXX";
static char path[64], other[64];
static struct fake_vault vault;
static struct tatu_os_monitor monitor;
static uint8_t content[TATU_OS_STORE_FILE_MAX + 1], room[TATU_OS_STORE_FILE_MAX + 64];
static uint8_t raw[2 * TATU_OS_STORE_FILE_MAX];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/a", folder);
    (void)snprintf(other, sizeof(other), "%s/b", folder);
    for (size_t i = 0; i < sizeof(content); i++) {
        content[i] = (uint8_t)(i * 7 + i / 251);
    }
    monitor = fake_vault_open(&vault);
    return 0;
}

static int empty_folder(void **state)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    (void)state;
    while ((entry = readdir(dir)) != NULL) {
        char name[400];
        (void)snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
        (void)unlink(name);
    }
    (void)closedir(dir);
    vault = (struct fake_vault){0};
    return 0;
}

static int remove_folder(void **state)
{
    (void)empty_folder(state);
    return rmdir(folder);
}

static size_t file_count(void)
{
    DIR *dir = opendir(folder);
    size_t count = 0;
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(dir);
    return count;
}

static struct tatu_span part(size_t len)
{
    return (struct tatu_span){content, len};
}

static void a_saved_file_is_loaded_private_and_alone(void **state)
{
    struct tatu_buf out = TATU_BUF_OF(room);
    struct stat info;
    (void)state;
    assert_int_equal(tatu_os_save_file(path, part(100)), TATU_OK);
    assert_int_equal(tatu_os_save_file(path, part(7)), TATU_OK);
    assert_int_equal(tatu_os_load_file(path, &out), TATU_OK);
    assert_int_equal(out.len, 7);
    assert_memory_equal(room, content, 7);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(file_count(), 1);
}

static void a_file_that_cannot_be_has_its_error(void **state)
{
    struct tatu_buf out = {room, 0, 6};
    char longest[TATU_OS_STORE_PATH_MAX + 2];
    (void)state;
    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(tatu_os_load_file(path, &out), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_os_save_file(longest, part(1)), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_os_save_file("relative", part(1)), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_os_save_file("/nowhere/at/all", part(1)), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_os_save_file("/dev/full/x", part(1)), TATU_ERR_IO);
    assert_int_equal(tatu_os_save_file(path, part(7)), TATU_OK);
    assert_int_equal(tatu_os_load_file(path, &out), TATU_ERR_FULL);
    assert_int_equal(out.len, 0);
    out.cap = 7;
    assert_int_equal(tatu_os_load_file(path, &out), TATU_OK);
    assert_int_equal(tatu_os_remove_file(path), TATU_OK);
    assert_int_equal(tatu_os_remove_file(path), TATU_OK);
    assert_int_equal(file_count(), 0);
}

static void links_are_not_followed(void **state)
{
    struct tatu_buf out = TATU_BUF_OF(room);
    char new_path[80];
    (void)state;
    assert_int_equal(tatu_os_save_file(other, part(5)), TATU_OK);
    (void)snprintf(new_path, sizeof(new_path), "%s.new", path);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(symlink(other, new_path), 0);
    assert_int_equal(tatu_os_load_file(path, &out), TATU_ERR_FORMAT);
    assert_int_equal(tatu_os_save_file(path, part(9)), TATU_OK);
    assert_int_equal(tatu_os_load_file(other, &out), TATU_OK);
    assert_int_equal(out.len, 5);
    assert_int_equal(tatu_os_load_file(path, &out), TATU_OK);
    assert_int_equal(out.len, 5 + 9);
}

/* Power failed in the middle of a rename, and both names lead to the file: it is not written
 * through the new one, since power may fail in that as well. */
static void the_other_name_of_a_file_is_not_written_through(void **state)
{
    char new_path[80];
    struct stat info;
    (void)state;
    (void)snprintf(new_path, sizeof(new_path), "%s.new", path);
    assert_int_equal(tatu_os_save_file(path, part(5)), TATU_OK);
    assert_int_equal(link(path, new_path), 0);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(tatu_os_save_file(path, part(9)), TATU_OK);
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_size, 5);
    assert_int_equal(close(fd), 0);
    assert_int_equal(file_count(), 1);
}

/* What is left of an earlier attempt (a power cut) does no harm. */
static void a_leftover_is_overwritten(void **state)
{
    struct tatu_buf out = TATU_BUF_OF(room);
    char new_path[80];
    (void)state;
    (void)snprintf(new_path, sizeof(new_path), "%s.new", path);
    assert_int_equal(tatu_os_save_file(path, part(3)), TATU_OK);
    assert_int_equal(tatu_os_save_file(new_path, part(500)), TATU_OK);
    assert_int_equal(tatu_os_load_file(path, &out), TATU_OK);
    assert_int_equal(out.len, 3);
    assert_int_equal(tatu_os_save_file(path, part(4)), TATU_OK);
    out.len = 0;
    assert_int_equal(tatu_os_load_file(path, &out), TATU_OK);
    assert_int_equal(out.len, 4);
    assert_int_equal(file_count(), 1);
}

static void sealed_files_of_every_length_come_back(void **state)
{
    static const size_t lengths[] = {0,
                                     1,
                                     TATU_OS_SEALED_PART - 1,
                                     TATU_OS_SEALED_PART,
                                     TATU_OS_SEALED_PART + 1,
                                     3 * TATU_OS_SEALED_PART,
                                     TATU_OS_STORE_FILE_MAX};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(lengths); i++) {
        struct tatu_buf out = TATU_BUF_OF(room);
        vault.calls = 0;
        assert_int_equal(tatu_os_save_sealed(&monitor, path, "label", part(lengths[i])), TATU_OK);
        assert_int_equal(tatu_os_load_sealed(&monitor, path, "label", &out), TATU_OK);
        assert_int_equal(out.len, lengths[i]);
        assert_memory_equal(room, content, lengths[i]);
    }
}

static void what_cannot_be_sealed_has_its_error_and_changes_nothing(void **state)
{
    struct tatu_buf out = TATU_BUF_OF(room);
    (void)state;
    assert_int_equal(tatu_os_save_sealed(&monitor, path, "l", part(2000)), TATU_OK);
    assert_int_equal(tatu_os_save_sealed(&monitor, path, "", part(1)), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_os_save_sealed(&monitor, path, "seventeen letters", part(1)),
                     TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_os_save_sealed(&monitor, path, "l", part(TATU_OS_STORE_FILE_MAX + 1)),
                     TATU_ERR_LONG);
    vault.fail_at = vault.calls + 2;
    assert_int_equal(tatu_os_save_sealed(&monitor, path, "l", part(5000)), TATU_ERR_IO);
    vault.fail_at = 0;
    assert_int_equal(tatu_os_load_sealed(&monitor, path, "l", &out), TATU_OK);
    assert_int_equal(out.len, 2000);
}

static void what_cannot_be_opened_has_its_error_and_leaves_nothing(void **state)
{
    struct tatu_buf out = {room, 0, 1500};
    (void)state;
    assert_int_equal(tatu_os_load_sealed(&monitor, path, "l", &out), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_os_save_sealed(&monitor, path, "l", part(2000)), TATU_OK);
    assert_int_equal(tatu_os_load_sealed(&monitor, path, "", &out), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_os_load_sealed(&monitor, path, "l", &out), TATU_ERR_FULL);
    assert_int_equal(out.len, 0);
    assert_int_equal(room[0], 0);
    out.cap = sizeof(room);
    vault.fail_at = vault.calls + 2;
    assert_int_equal(tatu_os_load_sealed(&monitor, path, "l", &out), TATU_ERR_IO);
    vault.fail_at = 0;
    assert_int_equal(out.len, 0);
    assert_int_equal(tatu_os_load_sealed(&monitor, path, "m", &out), TATU_ERR_SIGNATURE);
    assert_int_equal(tatu_os_load_sealed(&monitor, path, "l", &out), TATU_OK);
}

/* Every byte of a sealed file, changed; every length, cut; and one byte more. */
static void a_sealed_file_that_was_touched_is_refused_whole(void **state)
{
    struct tatu_buf file = TATU_BUF_OF(raw);
    (void)state;
    assert_int_equal(tatu_os_save_sealed(&monitor, path, "l", part(1500)), TATU_OK);
    assert_int_equal(tatu_os_load_file(path, &file), TATU_OK);
    for (size_t i = 0; i < file.len; i++) {
        struct tatu_buf out = TATU_BUF_OF(room);
        raw[i] ^= 1;
        assert_int_equal(tatu_os_save_file(other, (struct tatu_span){raw, file.len}), TATU_OK);
        assert_int_not_equal(tatu_os_load_sealed(&monitor, other, "l", &out), TATU_OK);
        assert_int_equal(out.len, 0);
        raw[i] ^= 1;
    }
    for (size_t len = 0; len <= file.len + 1; len++) {
        struct tatu_buf out = TATU_BUF_OF(room);
        assert_int_equal(tatu_os_save_file(other, (struct tatu_span){raw, len}), TATU_OK);
        const enum tatu_err err = tatu_os_load_sealed(&monitor, other, "l", &out);
        assert_int_equal(err == TATU_OK, len == file.len);
        assert_int_equal(out.len, err == TATU_OK ? 1500 : 0);
    }
}

/* Both halves are genuine, but of two states of the file. */
static void parts_of_two_states_do_not_go_together(void **state)
{
    static uint8_t first[8192];
    struct tatu_buf one = TATU_BUF_OF(first), two = TATU_BUF_OF(raw), out = TATU_BUF_OF(room);
    const size_t part_len = 2 + 16 + TATU_OS_SEALED_PART + TATU_OS_SEAL_MORE;
    (void)state;
    assert_int_equal(tatu_os_save_sealed(&monitor, path, "l", part(1500)), TATU_OK);
    assert_int_equal(tatu_os_load_file(path, &one), TATU_OK);
    assert_int_equal(tatu_os_save_sealed(&monitor, path, "l", part(1500)), TATU_OK);
    assert_int_equal(tatu_os_load_file(path, &two), TATU_OK);
    assert_int_equal(one.len, two.len);
    memcpy(raw, first, part_len);
    assert_int_equal(tatu_os_save_file(path, (struct tatu_span){raw, two.len}), TATU_OK);
    assert_int_equal(tatu_os_load_sealed(&monitor, path, "l", &out), TATU_ERR_FORMAT);
    /* nor one part twice */
    memcpy(raw + part_len, raw, part_len);
    assert_int_equal(tatu_os_save_file(path, (struct tatu_span){raw, 2 * part_len}), TATU_OK);
    assert_int_equal(tatu_os_load_sealed(&monitor, path, "l", &out), TATU_ERR_FORMAT);
}

#define TEST(name) cmocka_unit_test_setup(name, empty_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_saved_file_is_loaded_private_and_alone),
        TEST(a_file_that_cannot_be_has_its_error),
        TEST(links_are_not_followed),
        TEST(the_other_name_of_a_file_is_not_written_through),
        TEST(a_leftover_is_overwritten),
        TEST(sealed_files_of_every_length_come_back),
        TEST(what_cannot_be_sealed_has_its_error_and_changes_nothing),
        TEST(what_cannot_be_opened_has_its_error_and_leaves_nothing),
        TEST(a_sealed_file_that_was_touched_is_refused_whole),
        TEST(parts_of_two_states_do_not_go_together),
    };
    return cmocka_run_group_tests_name("store", tests, make_folder, remove_folder);
}
