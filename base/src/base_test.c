#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void hex_reads_what_it_wrote(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x00, 0x7f, 0x80, 0xff};
    char text[9];
    uint8_t back[4];
    tatu_base_encode_hex(TATU_SPAN_OF(bytes), text);
    assert_string_equal(text, "007f80ff");
    assert_int_equal(tatu_base_decode_hex(text, 8, back, 4), TATU_OK);
    assert_memory_equal(back, bytes, 4);
}

static void hex_refuses_wrong_length_and_digits(void **state)
{
    (void)state;
    uint8_t out[2] = {1, 2};
    assert_int_equal(tatu_base_decode_hex("abc", 3, out, 2), TATU_ERR_FORMAT);
    assert_int_equal(tatu_base_decode_hex("abcg", 4, out, 2), TATU_ERR_FORMAT);
    assert_int_equal(out[0], 1);
}

static void span_part_stays_inside(void **state)
{
    (void)state;
    const uint8_t bytes[4] = {1, 2, 3, 4};
    struct tatu_span part;
    assert_int_equal(tatu_base_take_span(TATU_SPAN_OF(bytes), 1, 3, &part), TATU_OK);
    assert_ptr_equal(part.data, bytes + 1);
    assert_int_equal(tatu_base_take_span(TATU_SPAN_OF(bytes), 2, 3, &part), TATU_ERR_SHORT);
    assert_int_equal(tatu_base_take_span(TATU_SPAN_OF(bytes), 5, 0, &part), TATU_ERR_SHORT);
    assert_int_equal(tatu_base_take_span(TATU_SPAN_OF(bytes), 1, SIZE_MAX, &part), TATU_ERR_SHORT);
}

static void put_writes_all_or_nothing(void **state)
{
    (void)state;
    uint8_t room[4];
    struct tatu_buf buf = TATU_BUF_OF(room);
    assert_int_equal(tatu_base_put_bytes(&buf, (struct tatu_span){(const uint8_t *)"abc", 3}),
                     TATU_OK);
    assert_int_equal(tatu_base_put_bytes(&buf, (struct tatu_span){(const uint8_t *)"de", 2}),
                     TATU_ERR_FULL);
    assert_int_equal(buf.len, 3);
}

static void crc_is_the_known_one(void **state)
{
    (void)state;
    struct tatu_span check = {(const uint8_t *)"123456789", 9};
    assert_int_equal(tatu_base_crc32(check), 0xcbf43926u);
}

static void wipe_and_compare(void **state)
{
    (void)state;
    uint8_t secret[5] = "abcd";
    assert_true(tatu_base_equal_ct(secret, "abcd", 5));
    tatu_base_wipe(secret, sizeof(secret));
    assert_false(tatu_base_equal_ct(secret, "abcd", 5));
    assert_int_equal(secret[0] | secret[1] | secret[2] | secret[3], 0);
}

static void every_error_has_name_and_sentence(void **state)
{
    (void)state;
    assert_string_equal(tatu_err_name(TATU_ERR_ROLLBACK), "ROLLBACK");
    assert_string_equal(tatu_err_name((enum tatu_err)999), "UNKNOWN");
    assert_string_equal(tatu_err_name(TATU_OK), "OK");
    assert_non_null(strstr(tatu_err_text(TATU_ERR_ROLLBACK), "floor"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_reads_what_it_wrote),
        cmocka_unit_test(hex_refuses_wrong_length_and_digits),
        cmocka_unit_test(span_part_stays_inside),
        cmocka_unit_test(put_writes_all_or_nothing),
        cmocka_unit_test(crc_is_the_known_one),
        cmocka_unit_test(wipe_and_compare),
        cmocka_unit_test(every_error_has_name_and_sentence),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
