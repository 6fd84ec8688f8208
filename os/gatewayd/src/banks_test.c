#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "banks.h"
#include "proto/device_log.h"

static struct tatu_reply banks_of(const char *text)
{
    struct tatu_reply reply = {.status = 200};
    tatu_banks_put((struct tatu_span){(const uint8_t *)text, strlen(text)}, &reply);
    return reply;
}

static void lines_keep_their_level_source_and_time(void **state)
{
    struct tatu_reply reply = banks_of("<6>[    1.500000] kernel\n<13>[  754.123456] netd: up\n"
                                       "goes on\n\n<999>[1.0] odd");
    const uint8_t *p = (const uint8_t *)reply.data;
    (void)state;
    assert_int_equal(reply.len, TATU_LOG_BANK_SIZE);
    assert_int_equal(tatu_get_le32(p), TATU_LOG_MAGIC);
    assert_int_equal(tatu_get_le16(p + 10), 4);
    const uint16_t used = tatu_get_le16(p + 8);
    assert_int_equal(tatu_get_le32(p + 12),
                     tatu_base_crc32((struct tatu_span){p + TATU_LOG_HEADER_SIZE, used}));
    p += TATU_LOG_HEADER_SIZE;
    assert_int_equal(tatu_get_le16(p), 6);
    assert_int_equal(p[2], 6);
    assert_int_equal(p[3], 0);
    assert_int_equal(tatu_get_le32(p + 4), 1500);
    assert_memory_equal(p + 8, "kernel", 6);
    p += 8 + 6;
    assert_int_equal(p[2], 5);
    assert_int_equal(p[3], 1);
    assert_int_equal(tatu_get_le32(p + 4), 754123);
    p += 8 + 8;
    assert_int_equal(p[3], 1);
    assert_memory_equal(p + 8, "goes on", 7);
    tatu_reply_free(&reply);
}

static void a_full_bank_is_followed_by_the_next(void **state)
{
    static char text[40000];
    size_t len = 0, entries = 0;
    (void)state;
    for (int i = 0; i < 300; i++) {
        len += (size_t)sprintf(text + len, "<6>[%5d.000000] %0*d\n", i, 1 + i % 97, i);
    }
    struct tatu_reply reply = banks_of(text);
    assert_true(reply.len > TATU_LOG_BANK_SIZE && reply.len % TATU_LOG_BANK_SIZE == 0);
    for (size_t at = 0; at < reply.len; at += TATU_LOG_BANK_SIZE) {
        const uint8_t *p = (const uint8_t *)reply.data + at;
        assert_int_equal(tatu_get_le16(p + 6), at / TATU_LOG_BANK_SIZE);
        assert_true(tatu_get_le16(p + 8) + TATU_LOG_HEADER_SIZE <= TATU_LOG_BANK_SIZE);
        entries += tatu_get_le16(p + 10);
    }
    assert_int_equal(entries, 300);
    tatu_reply_free(&reply);
}

static void a_line_that_is_too_long_is_cut(void **state)
{
    static char text[6000];
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "<6>[0.1] ", 9);
    struct tatu_reply reply = banks_of(text);
    assert_int_equal(reply.len, TATU_LOG_BANK_SIZE);
    assert_int_equal(tatu_get_le16((const uint8_t *)reply.data + TATU_LOG_HEADER_SIZE),
                     TATU_LOG_TEXT_MAX);
    tatu_reply_free(&reply);
    reply = banks_of("");
    assert_int_equal(reply.len, 0);
    tatu_reply_free(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_keep_their_level_source_and_time),
        cmocka_unit_test(a_full_bank_is_followed_by_the_next),
        cmocka_unit_test(a_line_that_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
