#include "service/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct tatu_span text_span(const char *text)
{
    return (struct tatu_span){(const uint8_t *)text, strlen(text)};
}

static void reader_refuses_what_is_not_strict_json(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1} x",
        "{'a':1}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\xff\"}",
        "[1,]",
        "{\"a\":01}",
        "null",
        "NaN",
    };
    for (size_t i = 0; i < TATU_COUNT_OF(bad); i++) {
        struct tatu_json *json = NULL;
        assert_int_equal(tatu_json_parse(text_span(bad[i]), &json), TATU_ERR_FORMAT);
        assert_null(json);
    }
}

static void reader_finds_members_by_path_and_never_by_wrong_type(void **state)
{
    (void)state;
    struct tatu_json *json = NULL;
    assert_int_equal(tatu_json_parse(text_span("{\"a\":{\"b\":\"x\",\"n\":5},\"l\":[1,2]}"), &json),
                     TATU_OK);
    assert_string_equal(tatu_json_text(json, "a.b"), "x");
    assert_null(tatu_json_text(json, "a.n"));
    assert_null(tatu_json_text(json, "a.b.c"));
    assert_null(tatu_json_text(json, "l.0"));
    assert_int_equal(tatu_json_count(tatu_json_at(json, "l")), 2);
    assert_int_equal(tatu_json_count(tatu_json_at(json, "a")), 0);
    assert_null(tatu_json_item(tatu_json_at(json, "l"), 2));
    tatu_json_free(json);
}

static void writer_makes_valid_json_from_any_bytes(void **state)
{
    (void)state;
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    for (unsigned first = 1; first < 256; first++) {
        for (unsigned second = 1; second < 256; second += 3) {
            const char hostile[] = {(char)first, (char)second, 0};
            struct tatu_json_writer w;
            tatu_json_start(&w, &arena);
            tatu_json_open_object(&w, NULL);
            tatu_json_put_text(&w, hostile, hostile);
            tatu_json_put_int(&w, "number", -5);
            tatu_json_close_object(&w);
            struct tatu_json *json = NULL;
            assert_int_equal(tatu_json_parse(tatu_json_finish(&w), &json), TATU_OK);
            tatu_json_free(json);
        }
    }
    tatu_arena_done(&arena);
}

static void writer_places_commas_and_leaves_out_what_is_unknown(void **state)
{
    (void)state;
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    struct tatu_json_writer w;
    tatu_json_start(&w, &arena);
    tatu_json_open_object(&w, NULL);
    tatu_json_open_array(&w, "value");
    tatu_json_open_object(&w, NULL);
    tatu_json_close_object(&w);
    tatu_json_put_int(&w, NULL, 1);
    tatu_json_close_array(&w);
    tatu_json_put_text(&w, "gone", NULL);
    tatu_json_put_time(&w, "never", 0);
    tatu_json_put_time(&w, "at", 1795257840);
    tatu_json_put_bool(&w, "b", true);
    tatu_json_close_object(&w);
    struct tatu_span text = tatu_json_finish(&w);
    const char *want = "{\"value\":[{},1],\"at\":\"2026-11-21T10:44:00Z\",\"b\":true}";
    assert_int_equal(text.len, strlen(want));
    assert_memory_equal(text.data, want, text.len);
    tatu_arena_done(&arena);
}

static void base64_reads_what_it_wrote_and_refuses_the_rest(void **state)
{
    (void)state;
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 37);
    }
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct tatu_json_writer w;
        tatu_json_start(&w, &arena);
        tatu_json_open_array(&w, NULL);
        tatu_json_put_base64(&w, NULL, (struct tatu_span){bytes, len});
        tatu_json_close_array(&w);
        struct tatu_json *json = NULL;
        assert_int_equal(tatu_json_parse(tatu_json_finish(&w), &json), TATU_OK);
        struct tatu_span back;
        assert_int_equal(
            tatu_json_decode_base64(&arena, tatu_json_text(tatu_json_item(json, 0), ""), &back),
            TATU_OK);
        assert_int_equal(back.len, len);
        assert_memory_equal(back.data, bytes, len);
        tatu_json_free(json);
    }
    static const char *const bad[] = {"A",    "AA",   "AAA",      "A===", "AB==", "AAB=",
                                      "AA=A", "A A=", "AA==AAAA", "A-_=", "====", "AAA=\n"};
    for (size_t i = 0; i < TATU_COUNT_OF(bad); i++) {
        struct tatu_span back = {NULL, 99};
        assert_int_equal(tatu_json_decode_base64(&arena, bad[i], &back), TATU_ERR_FORMAT);
        assert_int_equal(back.len, 99);
    }
    tatu_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_refuses_what_is_not_strict_json),
        cmocka_unit_test(reader_finds_members_by_path_and_never_by_wrong_type),
        cmocka_unit_test(writer_makes_valid_json_from_any_bytes),
        cmocka_unit_test(writer_places_commas_and_leaves_out_what_is_unknown),
        cmocka_unit_test(base64_reads_what_it_wrote_and_refuses_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
