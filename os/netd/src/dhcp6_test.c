#include "dhcp6.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "addresses.h"

static const struct tatu_dhcp6_client me = {
    .duid = {.len = 10, .bytes = {0, 3, 0, 1, 2, 2, 2, 2, 2, 2}}, .iaid = 7, .xid = 0x112233};

struct message {
    uint8_t bytes[TATU_DHCP6_MESSAGE_MAX + 1];
    size_t len;
};

static void put(struct message *m, const void *bytes, size_t len)
{
    memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
}

static void put16(struct message *m, uint32_t value)
{
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    put(m, bytes, 2);
}

static void put32(struct message *m, uint32_t value)
{
    put16(m, value >> 16);
    put16(m, value);
}

static void put_option(struct message *m, uint16_t code, const void *bytes, size_t len)
{
    put16(m, code);
    put16(m, (uint32_t)len);
    put(m, bytes, len);
}

static void put_text(struct message *m, const char *text)
{
    uint8_t address[16];
    assert_int_equal(tatu_netd_decode_address(text, address), TATU_OK);
    put(m, address, 16);
}

/* IA_NA 7 with T1 100, T2 160, and so many bytes of options behind. */
static void put_ia(struct message *m, uint32_t renew_s, uint32_t rebind_s, size_t more)
{
    put16(m, 3);
    put16(m, (uint32_t)(12 + more));
    put32(m, 7);
    put32(m, renew_s);
    put32(m, rebind_s);
}

static void put_address(struct message *m, const char *text, uint32_t preferred_s, uint32_t valid_s)
{
    put16(m, 5);
    put16(m, 24);
    put_text(m, text);
    put32(m, preferred_s);
    put32(m, valid_s);
}

static const uint8_t server[] = {0, 3, 0, 1, 9, 9, 9, 9, 9, 9};

static void start(struct message *m, uint8_t type)
{
    m->len = 0;
    put32(m, (uint32_t)type << 24 | me.xid);
    put_option(m, 1, me.duid.bytes, me.duid.len);
    put_option(m, 2, server, sizeof(server));
}

static enum tatu_err decode(const struct message *m, struct tatu_dhcp6_answer *out)
{
    return tatu_netd_decode_dhcp6((struct tatu_span){m->bytes, m->len}, &me, out);
}

static void start_full(struct message *m)
{
    start(m, TATU_DHCP6_REPLY);
    put_option(m, 7, "\x09", 1);
    put_ia(m, 100, 160, 28);
    put_address(m, "2001:db8::5", 200, 300);
    put16(m, 23);
    put16(m, 64);
    put_text(m, "2001:db8::53");
    put_text(m, "fe80::1");
    put_text(m, "fd00::53");
    put_text(m, "ff02::1");
    put16(m, 31);
    put16(m, 16);
    put_text(m, "2001:db8::7b");
    put_option(m, 82, "\0\0\1\0", 4);
    put_option(m, 83, "\0\0\2\0", 4);
    put_option(m, 32, "\0\0\3\0", 4);
}

static void an_answer_gives_what_it_says(void **state)
{
    struct message m;
    struct tatu_dhcp6_answer answer;
    (void)state;
    start_full(&m);
    put_option(&m, 17, "maker", 5); /* what is not read may be there often */
    put_option(&m, 17, "maker", 5);
    assert_int_equal(decode(&m, &answer), TATU_OK);
    assert_int_equal(answer.type, TATU_DHCP6_REPLY);
    assert_int_equal(answer.status, TATU_DHCP6_SUCCESS);
    assert_int_equal(answer.preference, 9);
    assert_true(answer.lease.has_address);
    assert_int_equal(answer.lease.address[15], 5);
    assert_int_equal(answer.lease.preferred_s, 200);
    assert_int_equal(answer.lease.valid_s, 300);
    assert_int_equal(answer.lease.renew_s, 100);
    assert_int_equal(answer.lease.rebind_s, 160);
    assert_int_equal(answer.lease.dns_count, 2); /* of the link and of groups are left out */
    assert_int_equal(answer.lease.dns[1][0], 0xfd);
    assert_int_equal(answer.lease.ntp_count, 1);
    assert_int_equal(answer.lease.ntp[0][15], 0x7b);
    assert_int_equal(answer.lease.refresh_s, 768);
    assert_int_equal(answer.solicit_max_s, 256);
    assert_int_equal(answer.information_max_s, 512);
    assert_int_equal(answer.lease.server.len, sizeof(server));
}

/* Every length: a message that is cut is refused, whatever is lost. */
static void a_message_that_is_cut_is_refused(void **state)
{
    struct message m;
    struct tatu_dhcp6_answer answer = {.preference = 77};
    (void)state;
    start_full(&m);
    const size_t whole = m.len;
    size_t good = 0;
    for (m.len = 0; m.len < whole; m.len++) {
        /* between two options it is only shorter */
        const enum tatu_err err = decode(&m, &answer);
        good += err == TATU_OK;
        assert_true(err == TATU_OK || err == TATU_ERR_SHORT || err == TATU_ERR_FORMAT);
        assert_true(err == TATU_OK || good != 0 || answer.preference == 77);
    }
    assert_int_equal(good, 7);
    m.len = sizeof(m.bytes);
    assert_int_equal(decode(&m, &answer), TATU_ERR_LONG);
}

static void what_is_not_for_us_is_foreign(void **state)
{
    struct message m;
    struct tatu_dhcp6_answer answer;
    (void)state;
    start_full(&m);
    m.bytes[3] ^= 1;
    assert_int_equal(decode(&m, &answer), TATU_ERR_FOREIGN);
    start_full(&m);
    m.bytes[9] ^= 1; /* in the client's DUID */
    assert_int_equal(decode(&m, &answer), TATU_ERR_FOREIGN);
    start_full(&m);
    m.bytes[0] = TATU_DHCP6_REQUEST;
    assert_int_equal(decode(&m, &answer), TATU_ERR_TYPE);
}

static void an_answer_that_cannot_be_is_refused(void **state)
{
    struct message m;
    struct tatu_dhcp6_answer answer;
    (void)state;
#define ROW(what)                                                                                  \
    do {                                                                                           \
        start(&m, TATU_DHCP6_REPLY);                                                               \
        what;                                                                                      \
        assert_int_equal(decode(&m, &answer), TATU_ERR_FORMAT);                                    \
    } while (0)
    ROW(put_option(&m, 2, server, sizeof(server)));  /* twice */
    ROW((put_ia(&m, 0, 0, 0), put_ia(&m, 0, 0, 0))); /* the same */
    ROW((put_option(&m, 83, "\0\0\1\0", 4), put_option(&m, 83, "\0\0\1\0", 4)));
    ROW(put_option(&m, 23, "", 0));
    ROW(put_option(&m, 23, "12345678", 8));
    ROW(put_option(&m, 31, "12345678901234567", 17));
    ROW(put_option(&m, 56, "\0\1\0\4abcd", 8));
    ROW(put_option(&m, 7, "ab", 2));
    ROW(put_option(&m, 13, "a", 1));
    ROW(put_option(&m, 32, "abc", 3));
    ROW(put_option(&m, 82, "abcde", 5));
    ROW(put_option(&m, 3, "12345678901", 11));
    ROW((put_ia(&m, 0, 0, 8), put_option(&m, 5, "abcd", 4)));
    ROW((m.len = 0, put32(&m, 7u << 24 | me.xid), put_option(&m, 1, me.duid.bytes, me.duid.len)));
    ROW((m.len = 0, put32(&m, 7u << 24 | me.xid), put_option(&m, 2, server, sizeof(server))));
    ROW((m.len = 0, put32(&m, 7u << 24 | me.xid), put_option(&m, 1, "ab", 2)));
#undef ROW
    start(&m, TATU_DHCP6_REPLY);
    put_option(&m, 56, "\0\1\0\40abcd", 8);
    assert_int_equal(decode(&m, &answer), TATU_ERR_SHORT);
    start(&m, TATU_DHCP6_REPLY);
    put_ia(&m, 0, 0, 4);
    put(&m, "\0\5\0\1", 4);
    assert_int_equal(decode(&m, &answer), TATU_ERR_SHORT);
}

static bool gives(const char *address, uint32_t preferred_s, uint32_t valid_s, uint32_t renew_s,
                  uint32_t rebind_s)
{
    struct message m;
    struct tatu_dhcp6_answer answer;
    start(&m, TATU_DHCP6_REPLY);
    put_ia(&m, renew_s, rebind_s, 28);
    put_address(&m, address, preferred_s, valid_s);
    assert_int_equal(decode(&m, &answer), TATU_OK);
    return answer.lease.has_address;
}

static void an_address_that_cannot_be_is_none(void **state)
{
    (void)state;
    assert_true(gives("2001:db8::5", 200, 300, 0, 0));
    assert_true(gives("fd00::5", 0, 10, 5, 5));
    assert_true(gives("2001:db8::5", UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX));
    assert_false(gives("fe80::5", 200, 300, 0, 0));
    assert_false(gives("ff02::5", 200, 300, 0, 0));
    assert_false(gives("::1", 200, 300, 0, 0));
    assert_false(gives("::", 200, 300, 0, 0));
    assert_false(gives("::ffff:10.0.0.1", 200, 300, 0, 0));
    assert_false(gives("2001:db8::5", 301, 300, 0, 0));
    assert_false(gives("2001:db8::5", 0, 0, 0, 0));
    assert_false(gives("2001:db8::5", 9, 9, 0, 0));
    assert_false(gives("2001:db8::5", 200, 300, 161, 160));
}

static void what_is_refused_is_told(void **state)
{
    struct message m;
    struct tatu_dhcp6_answer answer;
    (void)state;
    start(&m, TATU_DHCP6_REPLY);
    put_ia(&m, 0, 0, 6);
    put_option(&m, 13, "\0\2", 2);
    put_option(&m, 13, "\0\0fine", 6);
    assert_int_equal(decode(&m, &answer), TATU_OK);
    assert_int_equal(answer.status, TATU_DHCP6_NO_ADDRESS);
    assert_false(answer.lease.has_address);
    start(&m, TATU_DHCP6_REPLY);
    put_ia(&m, 0, 0, 34); /* at the address itself */
    put16(&m, 5);
    put16(&m, 30);
    put_text(&m, "2001:db8::5");
    put32(&m, 0);
    put32(&m, 0);
    put_option(&m, 13, "\0\4", 2);
    assert_int_equal(decode(&m, &answer), TATU_OK);
    assert_int_equal(answer.status, TATU_DHCP6_NOT_ON_LINK);
}

static void another_ia_is_not_ours(void **state)
{
    struct message m;
    struct tatu_dhcp6_answer answer;
    (void)state;
    start_full(&m);
    m.bytes[4 + 14 + 14 + 5 + 4 + 3] = 8; /* its number */
    assert_int_equal(decode(&m, &answer), TATU_OK);
    assert_false(answer.lease.has_address);
}

static void lists_end_at_their_limit(void **state)
{
    struct message m;
    struct tatu_dhcp6_answer answer;
    (void)state;
    start(&m, TATU_DHCP6_REPLY);
    put16(&m, 23);
    put16(&m, 16 * 9);
    for (size_t i = 0; i < 9; i++) {
        put_text(&m, "2001:db8::53");
    }
    put16(&m, 56); /* names and groups between addresses */
    put16(&m, 20 * 5 + 6);
    put_option(&m, 3, "\1a", 2);
    for (size_t i = 0; i < 5; i++) {
        put16(&m, 1);
        put16(&m, 16);
        put_text(&m, "2001:db8::7b");
    }
    assert_int_equal(decode(&m, &answer), TATU_OK);
    assert_int_equal(answer.lease.dns_count, TATU_DHCP6_DNS_MAX);
    assert_int_equal(answer.lease.ntp_count, TATU_DHCP6_NTP_MAX);
}

static void our_messages_are_as_the_rfc_has_them(void **state)
{
    struct tatu_dhcp6_ask ask = {.type = TATU_DHCP6_RENEW,
                                 .has_ia = true,
                                 .has_address = true,
                                 .address = {0x20, 1},
                                 .server = {.len = 3, .bytes = {0, 9, 1}},
                                 .elapsed_cs = 0x1234};
    static const uint8_t wanted[] = {
        5, 0x11, 0x22, 0x33,                                              /* type, exchange */
        0, 1,    0,    10,   0,    3,    0, 1, 2, 2,  2, 2,  2, 2,        /* we */
        0, 2,    0,    3,    0,    9,    1,                               /* the server */
        0, 8,    0,    2,    0x12, 0x34,                                  /* elapsed */
        0, 3,    0,    40,   0,    0,    0, 7, 0, 0,  0, 0,  0, 0,  0, 0, /* IA_NA */
        0, 5,    0,    24,   0x20, 1,    0, 0, 0, 0,  0, 0,  0, 0,  0, 0,  0, 0,  0, 0,  0, 0,
        0, 0,    0,    0,    0,    0,    0, 6, 0, 12, 0, 23, 0, 31, 0, 56, 0, 32, 0, 82, 0, 83,
    };
    uint8_t room[TATU_DHCP6_ASK_SIZE], small[40];
    struct tatu_buf out = TATU_BUF_OF(room), none = TATU_BUF_OF(small);
    (void)state;
    assert_int_equal(tatu_netd_encode_dhcp6(&ask, &me, &out), TATU_OK);
    assert_int_equal(out.len, sizeof(wanted));
    assert_memory_equal(room, wanted, sizeof(wanted));
    assert_int_equal(tatu_netd_encode_dhcp6(&ask, &me, &none), TATU_ERR_FULL);
    assert_int_equal(none.len, 0);
    ask.server.len = TATU_DHCP6_DUID_MAX; /* the longest there is fits */
    out.len = 0;
    assert_int_equal(tatu_netd_encode_dhcp6(&ask, &me, &out), TATU_OK);
    ask = (struct tatu_dhcp6_ask){.type = TATU_DHCP6_RELEASE, .has_ia = true};
    out.len = 0;
    assert_int_equal(tatu_netd_encode_dhcp6(&ask, &me, &out), TATU_OK);
    assert_int_equal(out.len, 4 + 14 + 6 + 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_gives_what_it_says),
        cmocka_unit_test(a_message_that_is_cut_is_refused),
        cmocka_unit_test(what_is_not_for_us_is_foreign),
        cmocka_unit_test(an_answer_that_cannot_be_is_refused),
        cmocka_unit_test(an_address_that_cannot_be_is_none),
        cmocka_unit_test(what_is_refused_is_told),
        cmocka_unit_test(another_ia_is_not_ours),
        cmocka_unit_test(lists_end_at_their_limit),
        cmocka_unit_test(our_messages_are_as_the_rfc_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
