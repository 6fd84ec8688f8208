#include "dhcpd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define OWN 0x0a090001u
#define FIRST 0x0a090010u

static const struct tatu_dhcpd_range range = {.own = OWN,
                                              .mask = 0xffffff00,
                                              .first = FIRST,
                                              .count = 2,
                                              .router = OWN,
                                              .lease_s = 3600,
                                              .ntp = {OWN},
                                              .ntp_count = 1};
static struct tatu_dhcpd server;
static uint32_t now_s;

/* What a client of ours gets, told by our own client's decoder. */
struct told {
    enum tatu_err err;
    struct tatu_dhcp_answer answer;
    uint32_t to;
    size_t len;
};

static struct told say(uint8_t who, struct tatu_dhcp_ask ask)
{
    uint8_t in[TATU_DHCP_ASK_SIZE], room[TATU_DHCPD_ANSWER_SIZE];
    struct tatu_buf asked = TATU_BUF_OF(in), out = TATU_BUF_OF(room);
    struct told told = {.to = 77};
    ask.xid = 0x11223344;
    memset(ask.mac, who, sizeof(ask.mac));
    assert_int_equal(tatu_netd_encode_dhcp(&ask, &asked), TATU_OK);
    const enum tatu_err err = tatu_netd_serve_dhcp(
        &server, (struct tatu_span){asked.data, asked.len}, now_s, &out, &told.to);
    told.len = out.len;
    told.err = err;
    if (err == TATU_OK && out.len != 0) {
        assert_int_equal(tatu_netd_decode_dhcp((struct tatu_span){out.data, out.len}, ask.xid,
                                               ask.mac, &told.answer),
                         TATU_OK);
    }
    return told;
}

static struct told discover(uint8_t who)
{
    return say(who, (struct tatu_dhcp_ask){.type = TATU_DHCP_DISCOVER});
}

static struct told take(uint8_t who, uint32_t address)
{
    return say(who,
               (struct tatu_dhcp_ask){.type = TATU_DHCP_REQUEST, .wanted = address, .server = OWN});
}

static int set_up(void **state)
{
    (void)state;
    now_s = 100;
    return tatu_netd_start_dhcpd(&server, &range) == TATU_OK ? 0 : -1;
}

static void a_client_gets_an_address_and_all_it_needs(void **state)
{
    (void)state;
    struct told told = discover(1);
    assert_int_equal(told.answer.type, TATU_DHCP_OFFER);
    assert_int_equal(told.to, 0);
    told = take(1, told.answer.lease.address);
    assert_int_equal(told.answer.type, TATU_DHCP_ACK);
    assert_int_equal(told.answer.lease.address, FIRST);
    assert_int_equal(told.answer.lease.mask, 0xffffff00);
    assert_int_equal(told.answer.lease.router, OWN);
    assert_int_equal(told.answer.lease.lease_s, 3600);
    assert_int_equal(told.answer.lease.ntp_count, 1);
    assert_int_equal(told.answer.lease.ntp[0], OWN);
    assert_int_equal(told.answer.lease.dns_count,
                     0); /* this board routes nothing and asks nobody */
}

static void each_client_has_its_own_and_keeps_it(void **state)
{
    (void)state;
    assert_int_equal(take(1, FIRST).answer.type, TATU_DHCP_ACK);
    assert_int_equal(discover(2).answer.lease.address, FIRST + 1);
    assert_int_equal(take(2, FIRST + 1).answer.type, TATU_DHCP_ACK);
    now_s += 4000; /* both are over, and both come back */
    assert_int_equal(discover(2).answer.lease.address, FIRST + 1);
    assert_int_equal(discover(1).answer.lease.address, FIRST);
}

static void an_address_of_another_is_refused(void **state)
{
    (void)state;
    assert_int_equal(take(1, FIRST).answer.type, TATU_DHCP_ACK);
    assert_int_equal(take(2, FIRST).answer.type, TATU_DHCP_NAK);
    assert_int_equal(take(2, FIRST + 2).answer.type, TATU_DHCP_NAK); /* out of the range */
    assert_int_equal(take(2, OWN).answer.type, TATU_DHCP_NAK);
}

static void a_full_range_says_so_until_one_is_over(void **state)
{
    (void)state;
    (void)take(1, FIRST);
    (void)take(2, FIRST + 1);
    assert_int_equal(discover(3).err, TATU_ERR_FULL);
    now_s += 3600;
    assert_int_equal(discover(3).answer.lease.address, FIRST);
}

static void an_offer_that_is_not_taken_is_free_again(void **state)
{
    (void)state;
    (void)discover(1);
    (void)discover(2);
    assert_int_equal(discover(3).err, TATU_ERR_FULL);
    now_s += TATU_DHCPD_OFFER_S;
    assert_int_equal(discover(3).err, TATU_OK);
}

static void a_lease_is_renewed_and_given_back(void **state)
{
    (void)state;
    (void)take(1, FIRST);
    now_s += 1800;
    struct told told = say(1, (struct tatu_dhcp_ask){.type = TATU_DHCP_REQUEST, .own = FIRST});
    assert_int_equal(told.answer.type, TATU_DHCP_ACK);
    assert_int_equal(told.to, FIRST);
    now_s += 3599;
    assert_int_equal(take(2, FIRST).answer.type, TATU_DHCP_NAK);
    told = say(1, (struct tatu_dhcp_ask){.type = TATU_DHCP_RELEASE, .own = FIRST, .server = OWN});
    assert_int_equal(told.err, TATU_OK);
    assert_int_equal(told.len, 0);
    assert_int_equal(take(2, FIRST).answer.type, TATU_DHCP_ACK);
}

static void what_another_server_is_asked_is_not_answered(void **state)
{
    (void)state;
    assert_int_equal(
        say(1,
            (struct tatu_dhcp_ask){.type = TATU_DHCP_REQUEST, .wanted = FIRST, .server = OWN + 1})
            .err,
        TATU_ERR_FOREIGN);
}

static void a_message_that_is_none_is_refused(void **state)
{
    static const uint8_t zero[TATU_DHCP_MESSAGE_MAX + 1];
    uint8_t in[TATU_DHCP_ASK_SIZE], room[TATU_DHCPD_ANSWER_SIZE];
    struct tatu_buf asked = TATU_BUF_OF(in), out = TATU_BUF_OF(room);
    const struct tatu_dhcp_ask ask = {.type = TATU_DHCP_NAK};
    uint32_t to = 0;
    (void)state;
    assert_int_equal(tatu_netd_encode_dhcp(&ask, &asked), TATU_OK);
    static const struct {
        size_t at;
        uint8_t value;
        enum tatu_err err;
    } rows[] = {
        {0, 1, TATU_ERR_TYPE},      {0, 2, TATU_ERR_FORMAT},   {2, 8, TATU_ERR_FORMAT},
        {26, 1, TATU_ERR_FOREIGN},  {236, 0, TATU_ERR_FORMAT}, {240, 12, TATU_ERR_FORMAT},
        {241, 255, TATU_ERR_SHORT},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint8_t bad[TATU_DHCP_ASK_SIZE];
        memcpy(bad, in, sizeof(bad));
        bad[rows[i].at] = rows[i].value;
        assert_int_equal(tatu_netd_serve_dhcp(&server, TATU_SPAN_OF(bad), now_s, &out, &to),
                         rows[i].err);
    }
    assert_int_equal(tatu_netd_serve_dhcp(&server, (struct tatu_span){zero, 239}, now_s, &out, &to),
                     TATU_ERR_SHORT);
    assert_int_equal(tatu_netd_serve_dhcp(&server, TATU_SPAN_OF(zero), now_s, &out, &to),
                     TATU_ERR_LONG);
    assert_int_equal(out.len, 0);
}

static void a_range_that_cannot_be_is_refused(void **state)
{
    (void)state;
#define ROW(field, value)                                                                          \
    do {                                                                                           \
        struct tatu_dhcpd_range bad = range;                                                       \
        bad.field = (value);                                                                       \
        assert_int_equal(tatu_netd_start_dhcpd(&server, &bad), TATU_ERR_ARGUMENT);                 \
    } while (0)
    ROW(count, 0);
    ROW(count, 256);
    ROW(count, 0xf0); /* to everybody's */
    ROW(first, 0x0a090000);
    ROW(first, 0x0a080010);
    ROW(own, FIRST + 1);
    ROW(router, FIRST);
    ROW(router, 0x0a080001);
    ROW(lease_s, 0);
#undef ROW
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
        TEST(a_client_gets_an_address_and_all_it_needs),
        TEST(each_client_has_its_own_and_keeps_it),
        TEST(an_address_of_another_is_refused),
        TEST(a_full_range_says_so_until_one_is_over),
        TEST(an_offer_that_is_not_taken_is_free_again),
        TEST(a_lease_is_renewed_and_given_back),
        TEST(what_another_server_is_asked_is_not_answered),
        TEST(a_message_that_is_none_is_refused),
        TEST(a_range_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
