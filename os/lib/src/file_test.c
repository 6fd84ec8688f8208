#include "os/lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void a_number_is_found_by_its_whole_name(void **state)
{
    static const struct {
        const char *text;
        enum tatu_err err;
        uint64_t value;
    } rows[] = {
        {"a 1\nanon 18446744073709551600\n", TATU_OK, UINT64_C(18446744073709551600)},
        {"anon_thp 5\nanon\t  7 kB", TATU_OK, 7},
        {"xanon 1\nanon 2 3\n", TATU_OK, 2},
        {"anon:\t9 kB", TATU_ERR_NOT_FOUND, 0},
        {"", TATU_ERR_NOT_FOUND, 0},
        {"anon", TATU_ERR_NOT_FOUND, 0},
        {"x\nanon", TATU_ERR_NOT_FOUND, 0},
        {"anon ", TATU_ERR_FORMAT, 0},
        {"anon \n5", TATU_ERR_FORMAT, 0},
        {"anon -5", TATU_ERR_FORMAT, 0},
        {"anon 99999999999999999999", TATU_ERR_FORMAT, 0},
    };
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint64_t value = 0;
        const struct tatu_span text = {(const uint8_t *)rows[i].text, strlen(rows[i].text)};
        assert_int_equal(tatu_os_find_number(text, "anon", &value), rows[i].err);
        assert_true(value == rows[i].value);
    }
}

static void a_name_may_end_with_its_colon(void **state)
{
    static const char text[] = "MemTotal:   11264 kB\nMemAvailable:    789 kB\n";
    uint64_t value = 0;
    (void)state;
    assert_int_equal(tatu_os_find_number((struct tatu_span){(const uint8_t *)text, strlen(text)},
                                         "MemAvailable:", &value),
                     TATU_OK);
    assert_int_equal(value, 789);
}

static void what_is_written_is_read_and_only_where_a_file_is(void **state)
{
    char path[] = "/tmp/tatu-file-XXXXXX", text[4] = "###", folder[160];
    size_t len = 77;
    (void)state;
    TATU_OS_CLOSING int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(tatu_os_write_text(path, "word"));
    assert_int_equal(tatu_os_read_text(path, text, 3, &len), TATU_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(text, "wor", 4);
    assert_true(tatu_os_write_in("/tmp", path + 5, "else"));
    assert_int_equal(tatu_os_read_text(path, text, sizeof(text), &len), TATU_OK);
    assert_memory_equal(text, "else", 4);
    assert_int_equal(unlink(path), 0);
    assert_false(tatu_os_write_text(path, "word"));
    assert_int_equal(tatu_os_read_text(path, text, sizeof(text), &len), TATU_ERR_IO);
    assert_int_equal(len, 4);
    memset(folder, 'x', sizeof(folder));
    folder[sizeof(folder) - 1] = '\0';
    assert_false(tatu_os_write_in(folder, "name", "word"));
    assert_int_equal(errno, ENAMETOOLONG);
}

static void a_text_takes_the_place_of_what_has_its_name(void **state)
{
    char folder[] = "/dev/shm/tatu-file-XXXXXX", path[64], there[16] = {0};
    struct stat info;
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/a", folder);
    assert_true(tatu_os_make_text(path, 0400, "longer"));
    assert_true(tatu_os_make_text(path, 0444, "new"));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0444);
    TATU_OS_CLOSING int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, there, sizeof(there)), 3);
    assert_string_equal(there, "new");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_false(tatu_os_make_text(path, 0444, "no folder"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_takes_the_place_of_what_has_its_name),
        cmocka_unit_test(a_number_is_found_by_its_whole_name),
        cmocka_unit_test(a_name_may_end_with_its_colon),
        cmocka_unit_test(what_is_written_is_read_and_only_where_a_file_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
