#include "service/arena/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void arena_gives_zeroed_aligned_pieces_that_do_not_overlap(void **state)
{
    (void)state;
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    uint8_t *last = NULL;
    for (size_t size = 1; size < 3000; size += 7) {
        uint8_t *piece = tatu_arena_take(&arena, size);
        assert_int_equal((uintptr_t)piece % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(piece[i], 0);
        }
        memset(piece, 0xff, size);
        assert_true(last == NULL || last[0] == 0xff);
        last = piece;
    }
    tatu_arena_done(&arena);
    assert_null(arena.newest);
}

static void arena_takes_pieces_larger_than_a_block(void **state)
{
    (void)state;
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    uint8_t *big = tatu_arena_take(&arena, 1u << 20);
    big[(1u << 20) - 1] = 7;
    assert_string_equal(tatu_arena_format(&arena, "%d-%s", 12, "x"), "12-x");
    assert_string_equal(tatu_arena_hex(&arena, TATU_SPAN_OF("\x01")), "0100");
    tatu_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_pieces_that_do_not_overlap),
        cmocka_unit_test(arena_takes_pieces_larger_than_a_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
