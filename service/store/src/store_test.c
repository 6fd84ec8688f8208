#include "service/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    char dir[64];
    struct tatu_store *store;
    struct tatu_arena arena;
};

static int open_world(void **state)
{
    static struct world world;
    (void)snprintf(world.dir, sizeof(world.dir), "/tmp/tatu-store-XXXXXX");
    tatu_arena_init(&world.arena);
    *state = &world;
    return mkdtemp(world.dir) == NULL || tatu_store_open(world.dir, &world.store) != TATU_OK;
}

static int close_world(void **state)
{
    struct world *world = *state;
    tatu_store_close(world->store);
    tatu_arena_done(&world->arena);
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", world->dir);
    return system(command);
}

static struct tatu_call call_of(struct world *world)
{
    return (struct tatu_call){world->store, &world->arena, "operator", 1000};
}

static void second_store_on_the_folder_is_refused_until_the_first_ends(void **state)
{
    struct world *world = *state;
    struct tatu_store *second = NULL;
    assert_int_equal(tatu_store_open(world->dir, &second), TATU_ERR_BUSY);
    assert_null(second);
    tatu_store_close(world->store);
    assert_int_equal(tatu_store_open(world->dir, &world->store), TATU_OK);
}

static void folder_open_to_others_is_refused(void **state)
{
    struct world *world = *state;
    tatu_store_close(world->store);
    world->store = NULL;
    struct tatu_store *store = NULL;
    assert_int_equal(chmod(world->dir, 0750), 0);
    assert_int_equal(tatu_store_open(world->dir, &store), TATU_ERR_DENIED);
    assert_int_equal(chmod(world->dir, 0700), 0);
    assert_int_equal(tatu_store_open(world->dir, &world->store), TATU_OK);
}

static void database_of_a_newer_service_is_refused(void **state)
{
    struct world *world = *state;
    assert_int_equal(tatu_store_run(world->store, "PRAGMA user_version=999", NULL, 0, NULL),
                     TATU_OK);
    tatu_store_close(world->store);
    world->store = NULL;
    assert_int_equal(tatu_store_open(world->dir, &world->store), TATU_ERR_VERSION);
    assert_null(world->store);
}

static void rolled_back_write_leaves_nothing_and_committed_stays(void **state)
{
    struct world *world = *state;
    static const char insert[] =
        "INSERT INTO maker(name, public_key, thumbprint, created_s) VALUES(?,?,?,1)";
    assert_int_equal(tatu_store_begin(world->store), TATU_OK);
    assert_int_equal(
        TATU_RUN(world->store, insert, TATU_TEXT("a"), TATU_FIXED("x"), TATU_FIXED("y")), TATU_OK);
    tatu_store_rollback(world->store);
    assert_int_equal(tatu_store_begin(world->store), TATU_OK);
    assert_int_equal(
        TATU_RUN(world->store, insert, TATU_TEXT("b"), TATU_FIXED("x"), TATU_FIXED("y")), TATU_OK);
    assert_int_equal(tatu_store_commit(world->store), TATU_OK);
    assert_int_equal(
        TATU_RUN(world->store, insert, TATU_TEXT("b"), TATU_FIXED("1"), TATU_FIXED("2")),
        TATU_ERR_EXISTS);
    tatu_store_close(world->store);
    assert_int_equal(tatu_store_open(world->dir, &world->store), TATU_OK);
    TATU_ROWS_SCOPED rows = NULL;
    assert_int_equal(
        tatu_store_query(world->store, "SELECT name, public_key FROM maker", NULL, 0, &rows),
        TATU_OK);
    assert_int_equal(tatu_store_rows_next(rows), TATU_OK);
    assert_string_equal(tatu_store_rows_text(rows, 0, &world->arena), "b");
    uint8_t bytes[2], wrong[3] = {9, 9, 9};
    tatu_store_rows_fixed(rows, 1, bytes, 2);
    assert_memory_equal(bytes, "x", 2);
    tatu_store_rows_fixed(rows, 1, wrong, 3);
    assert_memory_equal(wrong, "\0\0", 3);
    assert_int_equal(tatu_store_rows_next(rows), TATU_ERR_NOT_FOUND);
}

static void statement_with_wrong_number_of_arguments_is_refused(void **state)
{
    struct world *world = *state;
    assert_int_equal(
        TATU_RUN(world->store, "DELETE FROM maker WHERE name=?", TATU_INT(1), TATU_INT(2)),
        TATU_ERR_ARGUMENT);
}

static void clock_may_not_go_back_over_restarts(void **state)
{
    struct world *world = *state;
    const int64_t now_s = 1795257840;
    assert_int_equal(tatu_store_check_clock(world->store, now_s), TATU_OK);
    assert_int_equal(tatu_store_check_clock(world->store, now_s + 1000), TATU_OK);
    tatu_store_close(world->store);
    assert_int_equal(tatu_store_open(world->dir, &world->store), TATU_OK);
    assert_int_equal(tatu_store_check_clock(world->store, now_s), TATU_ERR_CLOCK);
    assert_int_equal(tatu_store_check_clock(world->store, now_s + 1000 - TATU_CLOCK_BACK_S - 1),
                     TATU_ERR_CLOCK);
    /* a small step is one of time being corrected */
    assert_int_equal(tatu_store_check_clock(world->store, now_s + 1000 - TATU_CLOCK_BACK_S),
                     TATU_OK);
    assert_int_equal(tatu_store_check_clock(world->store, now_s), TATU_ERR_CLOCK);
    assert_int_equal(tatu_store_accept_clock(world->store, now_s), TATU_OK);
    assert_int_equal(tatu_store_check_clock(world->store, now_s), TATU_OK);
}

static void full_database_answers_full_and_keeps_what_was_committed(void **state)
{
    struct world *world = *state;
    assert_int_equal(tatu_store_run(world->store, "PRAGMA max_page_count=1", NULL, 0, NULL),
                     TATU_OK);
    uint8_t *big = tatu_arena_take(&world->arena, 1u << 20);
    static const char insert[] = "INSERT INTO symbol(build_id, size_bytes, digest, created_s) "
                                 "VALUES(?, 1, ?, 1)";
    assert_int_equal(tatu_store_begin(world->store), TATU_OK);
    assert_int_equal(TATU_RUN(world->store, insert, TATU_FIXED("id"), TATU_AT(big, 1u << 20)),
                     TATU_ERR_FULL);
    tatu_store_rollback(world->store);
    assert_int_equal(tatu_store_begin(world->store), TATU_OK);
    tatu_store_rollback(world->store);
}

static void audit_chain_shows_any_change(void **state)
{
    struct world *world = *state;
    struct tatu_call call = call_of(world);
    int64_t bad = 0;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(tatu_store_audit(&call, "put catalog", "shop"), TATU_OK);
    }
    assert_int_equal(tatu_store_check_audit(world->store, &bad), TATU_OK);
    static const char *const forgeries[] = {"UPDATE audit SET who='nobody' WHERE seq=3",
                                            "UPDATE audit SET who='operator' WHERE seq=3",
                                            "DELETE FROM audit WHERE seq=3"};
    static const enum tatu_err want[] = {TATU_ERR_DIGEST, TATU_OK, TATU_ERR_DIGEST};
    for (size_t i = 0; i < TATU_COUNT_OF(forgeries); i++) {
        assert_int_equal(tatu_store_run(world->store, forgeries[i], NULL, 0, NULL), TATU_OK);
        assert_int_equal(tatu_store_check_audit(world->store, &bad), want[i]);
        assert_true(want[i] == TATU_OK || bad == 3);
    }
}

static void files_are_private_and_made_once(void **state)
{
    struct world *world = *state;
    assert_int_equal(tatu_store_create_file(world->store, "keys/a", TATU_SPAN_OF("one")), TATU_OK);
    assert_int_equal(tatu_store_create_file(world->store, "keys/a", TATU_SPAN_OF("two")),
                     TATU_ERR_EXISTS);
    struct tatu_span bytes;
    assert_int_equal(tatu_store_read_file(world->store, "keys/a", 100, &world->arena, &bytes),
                     TATU_OK);
    assert_int_equal(bytes.len, 4);
    assert_memory_equal(bytes.data, "one", 4);
    assert_int_equal(tatu_store_replace_file(world->store, "keys/a", TATU_SPAN_OF("three")),
                     TATU_OK);
    assert_int_equal(tatu_store_read_file(world->store, "keys/a", 5, &world->arena, &bytes),
                     TATU_ERR_LONG);
    assert_int_equal(tatu_store_read_file(world->store, "keys/b", 5, &world->arena, &bytes),
                     TATU_ERR_NOT_FOUND);
    static const char *const names[] = {"tatu.db", "tatu.db-wal", "lock", "keys/a"};
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        char path[128];
        struct stat st;
        (void)snprintf(path, sizeof(path), "%s/%s", world->dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(second_store_on_the_folder_is_refused_until_the_first_ends),
        TEST(folder_open_to_others_is_refused),
        TEST(database_of_a_newer_service_is_refused),
        TEST(rolled_back_write_leaves_nothing_and_committed_stays),
        TEST(statement_with_wrong_number_of_arguments_is_refused),
        TEST(clock_may_not_go_back_over_restarts),
        TEST(full_database_answers_full_and_keeps_what_was_committed),
        TEST(audit_chain_shows_any_change),
        TEST(files_are_private_and_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
