#include "sntp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000000000)
#define MS INT64_C(1000000)

static const struct tatu_sntp_ask ask = {.cookie = UINT64_C(0x0102030405060708), .sent_ns = NOW};

/* The answer of a server whose clock is `ahead` of ours, 10 ms away, and that needs 5 ms. */
static void make_answer(int64_t ahead_ns, uint8_t out[TATU_SNTP_SIZE])
{
    const struct tatu_sntp_clock clock = {.set = true,
                                          .stratum = 2,
                                          .set_at_ns = NOW - 1,
                                          .got_ns = NOW + ahead_ns + 10 * MS,
                                          .now_ns = NOW + ahead_ns + 15 * MS};
    uint8_t question[TATU_SNTP_SIZE];
    tatu_netd_encode_sntp_ask(&ask, question);
    assert_int_equal(tatu_netd_answer_sntp(TATU_SPAN_OF(question), &clock, out), TATU_OK);
}

static enum tatu_err decode(const uint8_t answer[TATU_SNTP_SIZE], struct tatu_sntp_answer *out)
{
    return tatu_netd_decode_sntp_answer((struct tatu_span){answer, TATU_SNTP_SIZE}, &ask,
                                        NOW + 25 * MS, out);
}

static bool is_near(int64_t a, int64_t b)
{
    return a - b < 10 && b - a < 10; /* ns: a stamp is as fine as a quarter */
}

static void an_answer_tells_how_wrong_the_clock_is(void **state)
{
    static const int64_t aheads[] = {0, 3600 * 1000 * MS, -3600 * 1000 * MS,
                                     INT64_C(600000000000000000)}; /* past 2036 */
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(aheads); i++) {
        uint8_t bytes[TATU_SNTP_SIZE];
        struct tatu_sntp_answer answer;
        make_answer(aheads[i], bytes);
        assert_int_equal(decode(bytes, &answer), TATU_OK);
        assert_true(is_near(answer.offset_ns, aheads[i]));
        assert_true(is_near(answer.delay_ns, 20 * MS));
        assert_int_equal(answer.stratum, 2);
    }
}

static void an_answer_that_cannot_be_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum tatu_err err;
    } rows[] = {
        {0, 4 << 3 | 3, TATU_ERR_TYPE},         /* a client's */
        {0, 3 << 3 | 4, TATU_ERR_TYPE},         /* of another version */
        {0, 0xc0 | 4 << 3 | 4, TATU_ERR_STATE}, /* alarm */
        {1, 0, TATU_ERR_STATE},                 /* kiss of death */
        {1, 16, TATU_ERR_STATE},
        {24, 0xff, TATU_ERR_FOREIGN}, /* origin */
    };
    struct tatu_sntp_answer answer = {.stratum = 77};
    uint8_t bytes[TATU_SNTP_SIZE + 1];
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        make_answer(0, bytes);
        bytes[rows[i].at] = rows[i].value;
        assert_int_equal(decode(bytes, &answer), rows[i].err);
    }
    make_answer(0, bytes);
    memset(bytes + 32, 0, 8);
    assert_int_equal(decode(bytes, &answer), TATU_ERR_FORMAT);
    make_answer(0, bytes);
    memset(bytes + 40, 0, 8);
    assert_int_equal(decode(bytes, &answer), TATU_ERR_FORMAT);
    assert_int_equal(tatu_netd_decode_sntp_answer(TATU_SPAN_OF(bytes), &ask, NOW, &answer),
                     TATU_ERR_SHORT);
    assert_int_equal(answer.stratum, 77);
}

static void an_answer_must_take_a_time_that_can_be(void **state)
{
    struct tatu_sntp_answer answer;
    uint8_t bytes[TATU_SNTP_SIZE];
    const struct tatu_span in = TATU_SPAN_OF(bytes);
    (void)state;
    make_answer(0, bytes);
    assert_int_equal(tatu_netd_decode_sntp_answer(in, &ask, NOW + 4 * MS, &answer), TATU_ERR_CLOCK);
    assert_int_equal(tatu_netd_decode_sntp_answer(in, &ask, NOW + 2004 * MS, &answer), TATU_OK);
    assert_int_equal(tatu_netd_decode_sntp_answer(in, &ask, NOW + 2006 * MS, &answer),
                     TATU_ERR_TIMEOUT);
}

static void a_server_without_time_says_so(void **state)
{
    const struct tatu_sntp_clock clock = {.set = false, .stratum = 2, .now_ns = NOW};
    struct tatu_sntp_answer answer;
    uint8_t question[TATU_SNTP_SIZE], bytes[TATU_SNTP_SIZE];
    (void)state;
    tatu_netd_encode_sntp_ask(&ask, question);
    assert_int_equal(tatu_netd_answer_sntp(TATU_SPAN_OF(question), &clock, bytes), TATU_OK);
    assert_int_equal(decode(bytes, &answer), TATU_ERR_STATE);
}

static void a_question_that_is_none_is_not_answered(void **state)
{
    const struct tatu_sntp_clock clock = {.set = true};
    uint8_t question[TATU_SNTP_SIZE], bytes[TATU_SNTP_SIZE];
    (void)state;
    tatu_netd_encode_sntp_ask(&ask, question);
    question[0] = 4 << 3 | 4; /* a server's: two servers must not answer each other */
    assert_int_equal(tatu_netd_answer_sntp(TATU_SPAN_OF(question), &clock, bytes), TATU_ERR_TYPE);
    question[0] = 0 << 3 | 3;
    assert_int_equal(tatu_netd_answer_sntp(TATU_SPAN_OF(question), &clock, bytes), TATU_ERR_TYPE);
    assert_int_equal(tatu_netd_answer_sntp((struct tatu_span){question, 47}, &clock, bytes),
                     TATU_ERR_SHORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_tells_how_wrong_the_clock_is),
        cmocka_unit_test(an_answer_that_cannot_be_is_refused),
        cmocka_unit_test(an_answer_must_take_a_time_that_can_be),
        cmocka_unit_test(a_server_without_time_says_so),
        cmocka_unit_test(a_question_that_is_none_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
