#include "os/attestd/attestd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t answer_bytes[] = {
    0xa4, 1,    0,  2, 0x42, 7,  8, 3, 0x81, 0xa4, /* verdict, update certificate, one entry */
    1,    0x50, 1,  2, 3,    4,  5, 6, 7,    8,    9, 10, 11, 12, 13, 14, 15, 16, /* tenant */
    2,    0x41, 9,  3, 0x41, 10, /* certificate, authority */
    4,    0x50, 31, 2, 3,    4,  5, 6, 7,    8,    9, 10, 11, 12, 13, 14, 15, 46, /* component */
    4,    2};

static void answer_with_a_tenant_is_read(void **state)
{
    (void)state;
    struct tatu_attest_answer answer;
    assert_int_equal(tatu_attestd_decode_answer(TATU_SPAN_OF(answer_bytes), &answer), TATU_OK);
    assert_int_equal(answer.verdict, 0);
    assert_int_equal(answer.update_certificate.len, 2);
    assert_int_equal(answer.tenant_count, 1);
    assert_int_equal(answer.tenants[0].tenant[15], 16);
    assert_int_equal(answer.tenants[0].authority.data[0], 10);
    assert_int_equal(answer.tenants[0].component[0], 31);
    assert_int_equal(answer.tenants[0].component[15], 46);
    assert_int_equal(answer.poll_s, 2);
}

static void answer_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct tatu_attest_answer answer = {.poll_s = 99};
    for (size_t len = 0; len < sizeof(answer_bytes); len++) {
        assert_int_not_equal(
            tatu_attestd_decode_answer((struct tatu_span){answer_bytes, len}, &answer), TATU_OK);
    }
    assert_int_equal(answer.poll_s, 99);
}

static void answer_with_wrong_content_is_refused(void **state)
{
    (void)state;
    struct tatu_attest_answer answer;
    uint8_t bad[sizeof(answer_bytes) + 1];
    const struct {
        size_t at;
        uint8_t value;
        enum tatu_err err;
    } rows[] = {
        {0, 0xa5, TATU_ERR_FORMAT},  /* five pairs */
        {1, 2, TATU_ERR_FORMAT},     /* another key */
        {8, 0x89, TATU_ERR_LONG},    /* nine tenants */
        {53, 0, TATU_ERR_FORMAT},    /* never polling */
        {9, 0xa3, TATU_ERR_FORMAT},  /* an entry without its component */
        {35, 0x4f, TATU_ERR_FORMAT}, /* a component of 15 bytes */
        {11, 0x4f, TATU_ERR_FORMAT}, /* a tenant of 15 bytes */
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        memcpy(bad, answer_bytes, sizeof(answer_bytes));
        bad[rows[i].at] = rows[i].value;
        assert_int_equal(
            tatu_attestd_decode_answer((struct tatu_span){bad, sizeof(answer_bytes)}, &answer),
            rows[i].err);
    }
    bad[sizeof(answer_bytes)] = 0;
    memcpy(bad, answer_bytes, sizeof(answer_bytes));
    assert_int_equal(tatu_attestd_decode_answer(TATU_SPAN_OF(bad), &answer), TATU_ERR_FORMAT);
}

static void nonce_reads_what_it_wrote(void **state)
{
    (void)state;
    uint8_t nonce[TATU_NONCE_SIZE], back[TATU_NONCE_SIZE], room[64];
    struct tatu_buf buf = TATU_BUF_OF(room);
    memset(nonce, 0x5a, sizeof(nonce));
    assert_int_equal(tatu_attestd_encode_nonce(nonce, &buf), TATU_OK);
    assert_int_equal(tatu_attestd_decode_nonce((struct tatu_span){room, buf.len}, back), TATU_OK);
    assert_memory_equal(nonce, back, sizeof(nonce));
    assert_int_equal(tatu_attestd_decode_nonce((struct tatu_span){room, buf.len - 1}, back),
                     TATU_ERR_SHORT);
    struct tatu_buf small = {room, 0, 8};
    assert_int_equal(tatu_attestd_encode_nonce(nonce, &small), TATU_ERR_FULL);
}

static void refusal_names_the_services_error(void **state)
{
    (void)state;
    const uint8_t replay[] = {0xa2, 1, 20, 2, 0x66, 'R', 'E', 'P', 'L', 'A', 'Y'};
    const uint8_t ok[] = {0xa2, 1, 0, 2, 0x60};
    const uint8_t last[] = {0xa2, 1, 0x18, TATU_ERR_STALE, 2, 0x60};
    const uint8_t newer[] = {0xa2, 1, 0x18, 0xff, 2, 0x60};
    assert_int_equal(tatu_attestd_decode_refusal(TATU_SPAN_OF(replay)), TATU_ERR_REPLAY);
    assert_int_equal(tatu_attestd_decode_refusal(TATU_SPAN_OF(ok)), TATU_ERR_REJECTED);
    assert_int_equal(tatu_attestd_decode_refusal(TATU_SPAN_OF(last)), TATU_ERR_STALE);
    assert_int_equal(tatu_attestd_decode_refusal(TATU_SPAN_OF(newer)), TATU_ERR_REJECTED);
    assert_int_equal(tatu_attestd_decode_refusal((struct tatu_span){NULL, 0}), TATU_ERR_REJECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_with_a_tenant_is_read),
        cmocka_unit_test(answer_cut_anywhere_is_refused),
        cmocka_unit_test(answer_with_wrong_content_is_refused),
        cmocka_unit_test(nonce_reads_what_it_wrote),
        cmocka_unit_test(refusal_names_the_services_error),
    };
    return cmocka_run_group_tests_name("attestd messages", tests, NULL, NULL);
}
