#include "memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char group[] = "/tmp/tatu-memory-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/%s", group, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void put_all(void)
{
    put("memory.current", "1052672\n");
    put("memory.stat", "anon 4096\nfile 8192\nkernel 512\nshmem 1024\nanon_thp 7\n");
    put("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 1\n");
}

static void user_memory_is_anonymous_and_shared(void **state)
{
    struct tatu_apps_memory memory;
    (void)state;
    put_all();
    assert_int_equal(tatu_apps_read_memory(group, &memory), TATU_OK);
    assert_int_equal(memory.total, 1052672);
    assert_int_equal(memory.user, 5120);
    assert_int_equal(memory.oom_kills, 2);
}

static void a_file_that_is_not_as_it_should_be_is_an_error(void **state)
{
    struct tatu_apps_memory memory = {.user = 77};
    (void)state;
    put_all();
    put("memory.current", "max\n");
    assert_int_equal(tatu_apps_read_memory(group, &memory), TATU_ERR_FORMAT);
    put("memory.current", "1\n");
    put("memory.stat", "anon 5\n");
    assert_int_equal(tatu_apps_read_memory(group, &memory), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_apps_read_memory("/nowhere", &memory), TATU_ERR_IO);
    assert_int_equal(memory.user, 77);
}

static void anonymous_memory_of_a_process_is_in_bytes(void **state)
{
    char path[64];
    (void)state;
    put("status", "Name:\tx\nRssAnon:\t      12 kB\nRssFile:\t 8 kB\n");
    (void)snprintf(path, sizeof(path), "%s/status", group);
    assert_int_equal(tatu_apps_read_anonymous(path), 12288);
    assert_int_equal(tatu_apps_read_anonymous("/nowhere"), 0);
}

static int make_group(void **state)
{
    (void)state;
    return mkdtemp(group) == NULL;
}

static int remove_group(void **state)
{
    char command[64];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", group);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_memory_is_anonymous_and_shared),
        cmocka_unit_test(a_file_that_is_not_as_it_should_be_is_an_error),
        cmocka_unit_test(anonymous_memory_of_a_process_is_in_bytes),
    };
    return cmocka_run_group_tests_name("memory", tests, make_group, remove_group);
}
