#include "dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HEAD(flags, answers) "\x12\x34" flags "\x00\x01\x00" answers "\x00\x00\x00\x00"
#define QUERY "\x01\x00"
#define ANSWER "\x81\x80"
#define NAME "\x04node\x04tatu\x03org\x00"
#define OF_A "\x00\x01\x00\x01"
#define OF_AAAA "\x00\x1c\x00\x01"
#define TTL "\x00\x00\x01\x2c" /* 300 */
#define IP4 "\x00\x04\xc0\x00\x02\x07"
#define SPAN(text) ((struct tatu_span){(const uint8_t *)(text), sizeof(text) - 1})

static struct tatu_dns_question ask(uint16_t type)
{
    return (struct tatu_dns_question){.id = 0x1234, .type = type, .name = "node.tatu.org"};
}

static void a_query_is_read(void **state)
{
    struct tatu_dns_question question;
    (void)state;
    assert_int_equal(tatu_netd_decode_dns_query(SPAN(HEAD(QUERY, "\x00") NAME OF_A), &question),
                     TATU_OK);
    assert_int_equal(question.id, 0x1234);
    assert_int_equal(question.type, TATU_DNS_A);
    assert_string_equal(question.name, "node.tatu.org");
}

static void a_bad_query_is_refused(void **state)
{
    static const struct {
        struct tatu_span in;
        enum tatu_err err;
    } rows[] = {
        {SPAN("\x12\x34"), TATU_ERR_SHORT},
        {SPAN(HEAD(QUERY, "\x00") "\x04nod"), TATU_ERR_SHORT},
        {SPAN(HEAD(QUERY, "\x00") NAME "\x00"), TATU_ERR_SHORT},
        {SPAN(HEAD(ANSWER, "\x00") NAME OF_A), TATU_ERR_FORMAT},
        {SPAN(HEAD("\x29\x00", "\x00") NAME OF_A), TATU_ERR_FORMAT}, /* opcode */
        {SPAN("\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00" NAME), TATU_ERR_FORMAT},
        {SPAN(HEAD(QUERY, "\x00") "\x04n de\x00" OF_A), TATU_ERR_FORMAT},
        {SPAN(HEAD(QUERY, "\x00") "\x80node\x00" OF_A), TATU_ERR_FORMAT},
        {SPAN(HEAD(QUERY, "\x00") "\xc0\x0c" OF_A), TATU_ERR_FORMAT},         /* at itself */
        {SPAN(HEAD(QUERY, "\x00") NAME "\x00\x01\x00\x03"), TATU_ERR_FORMAT}, /* class */
    };
    static const uint8_t zero[TATU_DNS_MESSAGE_MAX + 1];
    struct tatu_dns_question question;
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(tatu_netd_decode_dns_query(rows[i].in, &question), rows[i].err);
    }
    assert_int_equal(tatu_netd_decode_dns_query(TATU_SPAN_OF(zero), &question), TATU_ERR_LONG);
}

static void an_address_is_found(void **state)
{
    struct tatu_dns_answer answer;
    const struct tatu_dns_question question = ask(TATU_DNS_A);
    static const uint8_t wanted[16] = {[10] = 0xff, 0xff, 192, 0, 2, 7};
    (void)state;
    assert_int_equal(
        tatu_netd_decode_dns_answer(SPAN(HEAD(ANSWER, "\x01") NAME OF_A "\xc0\x0c" OF_A TTL IP4),
                                    &question, &answer),
        TATU_OK);
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.ttl_s, 300);
    assert_memory_equal(answer.found[0], wanted, 16);
}

static void aliases_are_followed_in_any_order(void **state)
{
    struct tatu_dns_answer answer;
    const struct tatu_dns_question question = ask(TATU_DNS_A);
    (void)state;
    /* "x.<question>" has the address, and comes first; the question's name is an alias of it */
    assert_int_equal(
        tatu_netd_decode_dns_answer(SPAN(HEAD(ANSWER, "\x02") NAME OF_A
                                         "\x01x\xc0\x0c" OF_A TTL IP4
                                         "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x09\x00\x04"
                                         "\x01x\xc0\x0c"),
                                    &question, &answer),
        TATU_OK);
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.ttl_s, 9);
}

static void an_address_of_another_name_is_not_taken(void **state)
{
    struct tatu_dns_answer answer;
    const struct tatu_dns_question question = ask(TATU_DNS_A);
    (void)state;
    assert_int_equal(
        tatu_netd_decode_dns_answer(
            SPAN(HEAD(ANSWER, "\x01") NAME OF_A "\x01x\xc0\x0c" OF_A TTL IP4), &question, &answer),
        TATU_OK);
    assert_int_equal(answer.count, 0);
    assert_int_equal(answer.ttl_s, 0);
}

static void aliases_in_a_circle_end(void **state)
{
    struct tatu_dns_answer answer;
    const struct tatu_dns_question question = ask(TATU_DNS_A);
    (void)state;
    assert_int_equal(tatu_netd_decode_dns_answer(
                         SPAN(HEAD(ANSWER, "\x01") NAME OF_A
                              "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x09\x00\x02\xc0\x0c"),
                         &question, &answer),
                     TATU_OK);
    assert_int_equal(answer.count, 0);
}

static void a_bad_answer_is_refused(void **state)
{
    static const struct {
        struct tatu_span in;
        enum tatu_err err;
    } rows[] = {
        {SPAN("\x12\x35" ANSWER "\x00\x01\x00\x00\x00\x00\x00\x00" NAME OF_A), TATU_ERR_FOREIGN},
        {SPAN(HEAD(ANSWER, "\x00") NAME OF_AAAA), TATU_ERR_FOREIGN},
        {SPAN(HEAD(ANSWER, "\x00") "\x04tatu\x00" OF_A), TATU_ERR_FOREIGN},
        {SPAN(HEAD(QUERY, "\x00") NAME OF_A), TATU_ERR_FORMAT},
        {SPAN(HEAD(ANSWER, "\x01") NAME OF_A), TATU_ERR_SHORT},
        {SPAN(HEAD(ANSWER, "\x01") NAME OF_A "\xc0\x0c" OF_A TTL "\x00\x04\xc0"), TATU_ERR_SHORT},
        {SPAN(HEAD(ANSWER, "\x01") NAME OF_A "\xc0\x0c" OF_A TTL "\x00\x01\xc0"), TATU_ERR_FORMAT},
        {SPAN(HEAD(ANSWER, "\x01") NAME OF_A "\xc0\x40" OF_A TTL IP4), TATU_ERR_FORMAT},
    };
    struct tatu_dns_answer answer;
    const struct tatu_dns_question question = ask(TATU_DNS_A);
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(tatu_netd_decode_dns_answer(rows[i].in, &question, &answer), rows[i].err);
    }
}

static void what_is_written_can_be_read(void **state)
{
    uint8_t room[TATU_DNS_MESSAGE_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);
    struct tatu_dns_question question = ask(TATU_DNS_AAAA), again;
    struct tatu_dns_answer answer = {.ttl_s = 7, .count = 2}, told;
    (void)state;
    assert_int_equal(tatu_netd_encode_dns_query(&question, &out), TATU_OK);
    assert_int_equal(tatu_netd_decode_dns_query((struct tatu_span){room, out.len}, &again),
                     TATU_OK);
    assert_string_equal(again.name, question.name);
    memset(answer.found[0], 0x20, 16);
    memcpy(answer.found[1], (uint8_t[16]){[10] = 0xff, 0xff, 1, 2, 3, 4},
           16); /* not of this type */
    out.len = 0;
    assert_int_equal(tatu_netd_encode_dns_answer(&question, &answer, &out), TATU_OK);
    assert_int_equal(
        tatu_netd_decode_dns_answer((struct tatu_span){room, out.len}, &question, &told), TATU_OK);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.ttl_s, 7);
    assert_memory_equal(told.found[0], answer.found[0], 16);
}

static void a_name_that_is_none_is_not_asked_for(void **state)
{
    static const char *const names[] = {
        "a..b", ".", "0123456789012345678901234567890123456789012345678901234567890123.org"};
    uint8_t room[TATU_DNS_MESSAGE_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);
    struct tatu_dns_question question = ask(TATU_DNS_A);
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        strcpy(question.name, names[i]);
        const enum tatu_err err = tatu_netd_encode_dns_query(&question, &out);
        assert_int_equal(err, i == 1 ? TATU_OK : TATU_ERR_FORMAT); /* "." is the root's name */
        out.len = 0;
    }
    out.cap = 20;
    question = ask(TATU_DNS_A);
    assert_int_equal(tatu_netd_encode_dns_query(&question, &out), TATU_ERR_FULL);
    assert_int_equal(out.len, 0);
}

static void capitals_are_not_passed_on(void **state)
{
    uint8_t room[TATU_DNS_MESSAGE_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);
    struct tatu_dns_question question = ask(TATU_DNS_A), told;
    (void)state;
    strcpy(question.name, "NoDe-Z9.TATU.org");
    assert_int_equal(tatu_netd_encode_dns_query(&question, &out), TATU_OK);
    assert_int_equal(tatu_netd_decode_dns_query((struct tatu_span){room, out.len}, &told), TATU_OK);
    assert_string_equal(told.name, "node-z9.tatu.org");
    assert_string_equal(question.name, "NoDe-Z9.TATU.org"); /* it is answered as it was asked */
}

static void names_are_the_same_in_any_case(void **state)
{
    (void)state;
    assert_true(tatu_netd_is_same_name("Node.Tatu.org.", "node.tatu.ORG"));
    assert_false(tatu_netd_is_same_name("node.tatu.org", "node.tatu.or"));
    assert_false(tatu_netd_is_same_name("node.tatu.org", "mode.tatu.org"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_read),
        cmocka_unit_test(a_bad_query_is_refused),
        cmocka_unit_test(an_address_is_found),
        cmocka_unit_test(aliases_are_followed_in_any_order),
        cmocka_unit_test(an_address_of_another_name_is_not_taken),
        cmocka_unit_test(aliases_in_a_circle_end),
        cmocka_unit_test(a_bad_answer_is_refused),
        cmocka_unit_test(what_is_written_can_be_read),
        cmocka_unit_test(a_name_that_is_none_is_not_asked_for),
        cmocka_unit_test(capitals_are_not_passed_on),
        cmocka_unit_test(names_are_the_same_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
