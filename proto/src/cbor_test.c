#include "proto/cbor.h"

#include "testing.h"

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static struct tatu_cbor_reader open_span(struct tatu_span in)
{
    struct tatu_cbor_reader r;
    tatu_cbor_open(&r, in);
    return r;
}

/* RFC 8949, appendix A */
static void numbers_have_the_standard_encoding(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        struct tatu_span bytes;
    } rows[] = {
        {0, BYTES("\x00")},
        {23, BYTES("\x17")},
        {24, BYTES("\x18\x18")},
        {255, BYTES("\x18\xff")},
        {256, BYTES("\x19\x01\x00")},
        {65535, BYTES("\x19\xff\xff")},
        {65536, BYTES("\x1a\x00\x01\x00\x00")},
        {1000000000000, BYTES("\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00")},
        {4294967295, BYTES("\x1a\xff\xff\xff\xff")},
        {4294967296, BYTES("\x1b\x00\x00\x00\x01\x00\x00\x00\x00")},
        {-1, BYTES("\x20")},
        {-100, BYTES("\x38\x63")},
        {-1000, BYTES("\x39\x03\xe7")},
        {INT64_MIN, BYTES("\x3b\x7f\xff\xff\xff\xff\xff\xff\xff")},
        {INT64_MAX, BYTES("\x1b\x7f\xff\xff\xff\xff\xff\xff\xff")},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint8_t room[9];
        struct tatu_buf buf = TATU_BUF_OF(room);
        struct tatu_cbor_writer w;
        tatu_cbor_init(&w, &buf);
        tatu_cbor_put_int(&w, rows[i].value);
        assert_int_equal(tatu_cbor_done(&w), TATU_OK);
        assert_int_equal(buf.len, rows[i].bytes.len);
        assert_memory_equal(room, rows[i].bytes.data, buf.len);
        struct tatu_cbor_reader r = open_span(rows[i].bytes);
        assert_true(tatu_cbor_get_int(&r) == rows[i].value);
        assert_int_equal(tatu_cbor_close(&r), TATU_OK);
    }
}

static void every_kind_reads_what_was_written(void **state)
{
    (void)state;
    uint8_t room[64];
    uint8_t fixed[3];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_cbor_writer w;
    enum tatu_cbor_kind kind;
    tatu_cbor_init(&w, &buf);
    tatu_cbor_put_tag(&w, 18);
    tatu_cbor_put_array(&w, 6);
    tatu_cbor_put_uint(&w, UINT64_MAX);
    tatu_cbor_put_bytes(&w, (struct tatu_span)BYTES("abc"));
    tatu_cbor_put_text(&w, "\xc3\xa9t\xc3\xa9");
    tatu_cbor_put_map(&w, 1);
    tatu_cbor_put_int(&w, -75001);
    tatu_cbor_put_bool(&w, true);
    tatu_cbor_put_bool(&w, false);
    tatu_cbor_put_null(&w);
    assert_int_equal(tatu_cbor_done(&w), TATU_OK);

    struct tatu_cbor_reader r = open_span((struct tatu_span){room, buf.len});
    struct tatu_cbor_key key = {0};
    assert_true(tatu_cbor_peek(&r, &kind));
    assert_int_equal(kind, TATU_CBOR_TAG);
    assert_int_equal(tatu_cbor_get_tag(&r), 18);
    assert_int_equal(tatu_cbor_get_array(&r), 6);
    assert_true(tatu_cbor_get_uint(&r) == UINT64_MAX);
    tatu_cbor_get_fixed(&r, fixed, 3);
    assert_memory_equal(fixed, "abc", 3);
    assert_int_equal(tatu_cbor_get_text(&r).len, 5);
    assert_int_equal(tatu_cbor_get_map(&r), 1);
    assert_int_equal(tatu_cbor_get_key(&r, &key), -75001);
    assert_true(tatu_cbor_get_bool(&r));
    assert_false(tatu_cbor_get_bool(&r));
    assert_true(tatu_cbor_peek(&r, &kind));
    assert_int_equal(kind, TATU_CBOR_SIMPLE);
    tatu_cbor_skip(&r);
    assert_false(tatu_cbor_peek(&r, &kind));
    assert_int_equal(tatu_cbor_close(&r), TATU_OK);
}

/* Read with skip, which takes every kind */
static const struct {
    const char *promise;
    struct tatu_span bytes;
    enum tatu_err err;
} skips[] = {
    {"nothing", BYTES(""), TATU_ERR_SHORT},
    {"one byte head for 23", BYTES("\x18\x17"), TATU_ERR_FORMAT},
    {"two byte head for 255", BYTES("\x19\x00\xff"), TATU_ERR_FORMAT},
    {"four byte head for 65535", BYTES("\x1a\x00\x00\xff\xff"), TATU_ERR_FORMAT},
    {"eight byte head for 2^32-1", BYTES("\x1b\0\0\0\0\xff\xff\xff\xff"), TATU_ERR_FORMAT},
    {"long head for a length", BYTES("\x58\x01x"), TATU_ERR_FORMAT},
    {"reserved head", BYTES("\x1c"), TATU_ERR_FORMAT},
    {"indefinite bytes", BYTES("\x5f\x41x\xff"), TATU_ERR_FORMAT},
    {"indefinite array", BYTES("\x9f\xff"), TATU_ERR_FORMAT},
    {"break alone", BYTES("\xff"), TATU_ERR_FORMAT},
    {"undefined", BYTES("\xf7"), TATU_ERR_FORMAT},
    {"half float", BYTES("\xf9\x3c\x00"), TATU_ERR_FORMAT},
    {"double", BYTES("\xfb\0\0\0\0\0\0\0\0"), TATU_ERR_FORMAT},
    {"simple value 32", BYTES("\xf8\x20"), TATU_ERR_FORMAT},
    {"simple value 0", BYTES("\xe0"), TATU_ERR_FORMAT},
    {"head cut off", BYTES("\x19\x01"), TATU_ERR_SHORT},
    {"bytes cut off", BYTES("\x42x"), TATU_ERR_SHORT},
    {"bytes of 2^64-1", BYTES("\x5b\xff\xff\xff\xff\xff\xff\xff\xff"), TATU_ERR_SHORT},
    {"array cut off", BYTES("\x82\x01"), TATU_ERR_SHORT},
    {"array of 2^64-1", BYTES("\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01"), TATU_ERR_SHORT},
    {"map of 2^63, twice 0", BYTES("\xbb\x80\0\0\0\0\0\0\0\x01\x01"), TATU_ERR_SHORT},
    {"tag without item", BYTES("\xc1"), TATU_ERR_SHORT},
    {"text that is not UTF-8", BYTES("\x61\xff"), TATU_ERR_FORMAT},
    {"overlong UTF-8", BYTES("\x62\xc0\x80"), TATU_ERR_FORMAT},
    {"overlong UTF-8 of three", BYTES("\x63\xe0\x80\x80"), TATU_ERR_FORMAT},
    {"a surrogate", BYTES("\x63\xed\xa0\x80"), TATU_ERR_FORMAT},
    {"above U+10FFFF", BYTES("\x64\xf4\x90\x80\x80"), TATU_ERR_FORMAT},
    {"UTF-8 cut off", BYTES("\x62\xe2\x82"), TATU_ERR_FORMAT},
    {"the last character", BYTES("\x64\xf4\x8f\xbf\xbf"), TATU_OK},
    {"eight levels", BYTES("\x81\x81\x81\x81\x81\x81\x81\x81\x00"), TATU_OK},
    {"nine levels", BYTES("\x81\x81\x81\x81\x81\x81\x81\x81\x81\x00"), TATU_ERR_LONG},
    {"nine levels of tags", BYTES("\xc1\xc1\xc1\xc1\xc1\xc1\xc1\xc1\xc1\x00"), TATU_ERR_LONG},
    {"rising keys", BYTES("\xa3\x01\x00\x18\x20\x00\x20\x00"), TATU_OK},
    {"falling keys", BYTES("\xa2\x02\x00\x01\x00"), TATU_ERR_FORMAT},
    {"a key twice", BYTES("\xa2\x01\x00\x01\x00"), TATU_ERR_FORMAT},
    {"a text key before a number", BYTES("\xa2\x61x\x00\x01\x00"), TATU_ERR_FORMAT},
    {"array keys that fall", BYTES("\xa2\x81\x02\x00\x81\x01\x00"), TATU_ERR_FORMAT},
    {"array keys that rise", BYTES("\xa2\x81\x01\x00\x81\x02\x00"), TATU_OK},
    {"a spoiled map deep inside", BYTES("\x82\x00\xa1\x00\xa2\x01\x00\x01\x00"), TATU_ERR_FORMAT},
    {"empty containers", BYTES("\x82\x80\xa0"), TATU_OK},
};

static void skip_refuses_what_is_not_deterministic(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(skips); i++) {
        struct tatu_cbor_reader r = open_span(skips[i].bytes);
        tatu_cbor_skip(&r);
        expect_err(skips[i].promise, tatu_cbor_close(&r), skips[i].err);
    }
}

static void bytes_left_over_are_refused(void **state)
{
    (void)state;
    struct tatu_cbor_reader r = open_span((struct tatu_span)BYTES("\x01\x02"));
    assert_int_equal(tatu_cbor_get_uint(&r), 1);
    assert_int_equal(tatu_cbor_close(&r), TATU_ERR_FORMAT);
}

static void get_uint(struct tatu_cbor_reader *r)
{
    assert_int_equal(tatu_cbor_get_uint(r), 0);
}
static void get_int(struct tatu_cbor_reader *r)
{
    assert_int_equal(tatu_cbor_get_int(r), 0);
}
static void get_bytes(struct tatu_cbor_reader *r)
{
    assert_int_equal(tatu_cbor_get_bytes(r).len, 0);
}
static void get_text(struct tatu_cbor_reader *r)
{
    assert_int_equal(tatu_cbor_get_text(r).len, 0);
}
static void get_array(struct tatu_cbor_reader *r)
{
    assert_int_equal(tatu_cbor_get_array(r), 0);
}
static void get_map(struct tatu_cbor_reader *r)
{
    assert_int_equal(tatu_cbor_get_map(r), 0);
}
static void get_tag(struct tatu_cbor_reader *r)
{
    assert_int_equal(tatu_cbor_get_tag(r), 0);
}
static void get_bool(struct tatu_cbor_reader *r)
{
    assert_false(tatu_cbor_get_bool(r));
}
static void get_fixed(struct tatu_cbor_reader *r)
{
    uint8_t out[2] = {UNTOUCHED, UNTOUCHED};
    tatu_cbor_get_fixed(r, out, 2);
    assert_true(is_untouched(out, 2));
}
static void get_key(struct tatu_cbor_reader *r)
{
    struct tatu_cbor_key key = {true, 5};
    assert_int_equal(tatu_cbor_get_key(r, &key), 0);
    assert_int_equal(key.value, 5);
}

static const struct {
    const char *promise;
    void (*get)(struct tatu_cbor_reader *r);
    struct tatu_span bytes;
    enum tatu_err err;
} getters[] = {
    {"uint of a negative", get_uint, BYTES("\x20"), TATU_ERR_FORMAT},
    {"uint at the end", get_uint, BYTES(""), TATU_ERR_SHORT},
    {"int of text", get_int, BYTES("\x60"), TATU_ERR_FORMAT},
    {"int above its range", get_int, BYTES("\x1b\x80\0\0\0\0\0\0\0"), TATU_ERR_FORMAT},
    {"int below its range", get_int, BYTES("\x3b\x80\0\0\0\0\0\0\0"), TATU_ERR_FORMAT},
    {"bytes of text", get_bytes, BYTES("\x61x"), TATU_ERR_FORMAT},
    {"bytes cut off", get_bytes, BYTES("\x42x"), TATU_ERR_SHORT},
    {"text of bytes", get_text, BYTES("\x41x"), TATU_ERR_FORMAT},
    {"text cut off", get_text, BYTES("\x62x"), TATU_ERR_SHORT},
    {"text that is not UTF-8", get_text, BYTES("\x61\x80"), TATU_ERR_FORMAT},
    {"array of a map", get_array, BYTES("\xa0"), TATU_ERR_FORMAT},
    {"array longer than the input", get_array, BYTES("\x82\x01"), TATU_ERR_SHORT},
    {"map of an array", get_map, BYTES("\x80"), TATU_ERR_FORMAT},
    {"map longer than the input", get_map, BYTES("\xa1\x01"), TATU_ERR_SHORT},
    {"tag of a number", get_tag, BYTES("\x12"), TATU_ERR_FORMAT},
    {"bool of null", get_bool, BYTES("\xf6"), TATU_ERR_FORMAT},
    {"bool of a number", get_bool, BYTES("\x01"), TATU_ERR_FORMAT},
    {"fixed of one less", get_fixed, BYTES("\x41x"), TATU_ERR_FORMAT},
    {"fixed of one more", get_fixed, BYTES("\x43xyz"), TATU_ERR_FORMAT},
    {"key that does not rise", get_key, BYTES("\x05"), TATU_ERR_FORMAT},
    {"key that falls", get_key, BYTES("\x04"), TATU_ERR_FORMAT},
    {"key that is text", get_key, BYTES("\x60"), TATU_ERR_FORMAT},
};

static void getters_refuse_other_kinds_and_the_error_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(getters); i++) {
        struct tatu_cbor_reader r = open_span(getters[i].bytes);
        getters[i].get(&r);
        expect_err(getters[i].promise, tatu_cbor_close(&r), getters[i].err);
        for (size_t k = 0; k < TATU_COUNT_OF(getters); k++) {
            getters[k].get(&r);
        }
        tatu_cbor_skip(&r);
        expect_err(getters[i].promise, tatu_cbor_close(&r), getters[i].err);
    }
}

static void keys_rise_in_the_order_of_their_encoding(void **state)
{
    (void)state;
    struct tatu_cbor_reader r = open_span((struct tatu_span)BYTES("\x00\x18\x20\x20\x21\x38\x20"));
    struct tatu_cbor_key key = {0};
    static const int64_t keys[] = {0, 32, -1, -2, -33};
    for (size_t i = 0; i < TATU_COUNT_OF(keys); i++) {
        assert_int_equal(tatu_cbor_get_key(&r, &key), keys[i]);
    }
    assert_int_equal(tatu_cbor_close(&r), TATU_OK);
    static const struct tatu_span others[] = {
        BYTES("\x20\x00"), BYTES("\x05\x00"), BYTES("\x00\x00"),
        BYTES("\x20\x20"), BYTES("\x21\x20"),
    };
    for (size_t i = 0; i < TATU_COUNT_OF(others); i++) {
        r = open_span(others[i]);
        key = (struct tatu_cbor_key){0};
        (void)tatu_cbor_get_key(&r, &key);
        (void)tatu_cbor_get_key(&r, &key);
        assert_int_equal(tatu_cbor_close(&r), TATU_ERR_FORMAT);
    }
}

static void writer_keeps_its_first_error(void **state)
{
    (void)state;
    uint8_t room[4];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_cbor_writer w;
    tatu_cbor_init(&w, &buf);
    tatu_cbor_put_bytes(&w, (struct tatu_span)BYTES("abcd"));
    assert_int_equal(tatu_cbor_done(&w), TATU_ERR_FULL);
    tatu_cbor_put_bool(&w, true);
    assert_int_equal(tatu_cbor_done(&w), TATU_ERR_FULL);
    assert_int_equal(buf.len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_the_standard_encoding),
        cmocka_unit_test(every_kind_reads_what_was_written),
        cmocka_unit_test(skip_refuses_what_is_not_deterministic),
        cmocka_unit_test(bytes_left_over_are_refused),
        cmocka_unit_test(getters_refuse_other_kinds_and_the_error_stays),
        cmocka_unit_test(keys_rise_in_the_order_of_their_encoding),
        cmocka_unit_test(writer_keeps_its_first_error),
    };
    return cmocka_run_group_tests_name("cbor", tests, NULL, NULL);
}
