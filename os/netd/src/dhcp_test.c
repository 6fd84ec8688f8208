#include "dhcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define XID 0x01020304u
static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

struct message {
    uint8_t bytes[1600];
    size_t len;
};

static void put(struct message *m, size_t len, const char *bytes)
{
    memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
}

static void start(struct message *m)
{
    static const uint8_t header[] = {2, 1, 6, 0, 1, 2, 3, 4};
    static const uint8_t yours[] = {10, 0, 2, 15};
    memset(m, 0, sizeof(*m));
    memcpy(m->bytes, header, sizeof(header));
    memcpy(m->bytes + 16, yours, sizeof(yours));
    memcpy(m->bytes + 28, mac, sizeof(mac));
    m->len = 236;
    put(m, 4, "\x63\x82\x53\x63");
}

#define TYPE(n) 3, "\x35\x01" n
#define SERVER 6, "\x36\x04\x0a\x00\x02\x02"
#define MASK 6, "\x01\x04\xff\xff\xff\x00"
#define ROUTER 6, "\x03\x04\x0a\x00\x02\x02"
#define DNS 6, "\x06\x04\x0a\x00\x02\x03"
#define LEASE 6, "\x33\x04\x00\x01\x51\x80"
#define END 1, "\xff"

static void start_offer(struct message *m)
{
    start(m);
    put(m, TYPE("\x02"));
    put(m, SERVER);
    put(m, MASK);
    put(m, ROUTER);
    put(m, DNS);
    put(m, LEASE);
}

static enum tatu_err decode(const struct message *m, struct tatu_dhcp_answer *out)
{
    return tatu_netd_decode_dhcp((struct tatu_span){m->bytes, m->len}, XID, mac, out);
}

static void an_offer_is_read(void **state)
{
    struct message m;
    struct tatu_dhcp_answer answer;
    (void)state;
    start_offer(&m);
    put(&m, 10, "\x2a\x08\x0a\x00\x02\x09\x0a\x00\x02\x0a");
    put(&m, 3, "\0\0\0"); /* padding */
    put(&m, END);
    assert_int_equal(decode(&m, &answer), TATU_OK);
    assert_int_equal(answer.type, TATU_DHCP_OFFER);
    assert_int_equal(answer.lease.address, 0x0a00020f);
    assert_int_equal(answer.lease.mask, 0xffffff00);
    assert_int_equal(answer.lease.router, 0x0a000202);
    assert_int_equal(answer.lease.server, 0x0a000202);
    assert_int_equal(answer.lease.dns_count, 1);
    assert_int_equal(answer.lease.dns[0], 0x0a000203);
    assert_int_equal(answer.lease.ntp_count, 2);
    assert_int_equal(answer.lease.ntp[1], 0x0a00020a);
    assert_int_equal(answer.lease.lease_s, 86400);
}

static void a_nak_needs_no_lease(void **state)
{
    struct message m;
    struct tatu_dhcp_answer answer;
    (void)state;
    start(&m);
    put(&m, TYPE("\x06"));
    put(&m, SERVER);
    put(&m, END);
    assert_int_equal(decode(&m, &answer), TATU_OK);
    assert_int_equal(answer.type, TATU_DHCP_NAK);
}

static void an_offer_cut_anywhere_is_short_and_changes_nothing(void **state)
{
    struct message m;
    struct tatu_dhcp_answer answer = {.type = TATU_DHCP_ACK};
    (void)state;
    start_offer(&m);
    put(&m, END);
    for (size_t len = 0; len < m.len; len++) {
        assert_int_equal(tatu_netd_decode_dhcp((struct tatu_span){m.bytes, len}, XID, mac, &answer),
                         TATU_ERR_SHORT);
    }
    assert_int_equal(answer.type, TATU_DHCP_ACK);
}

/* One byte of a good offer changed. */
static void an_offer_that_cannot_be_is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum tatu_err err;
    } rows[] = {
        {0, 1, TATU_ERR_FORMAT},                                  /* a request */
        {1, 6, TATU_ERR_FORMAT},                                  /* not Ethernet */
        {2, 16, TATU_ERR_FORMAT},                                 /* a long hardware address */
        {4, 9, TATU_ERR_FOREIGN},                                 /* another exchange */
        {33, 9, TATU_ERR_FOREIGN},                                /* another interface */
        {236, 0, TATU_ERR_FORMAT},                                /* no cookie */
        {16, 0, TATU_ERR_FORMAT},                                 /* address of nobody */
        {16, 127, TATU_ERR_FORMAT},                               /* of loopback */
        {16, 224, TATU_ERR_FORMAT},                               /* of a group */
        {242, 1, TATU_ERR_TYPE},                                  /* DISCOVER */
        {242, 9, TATU_ERR_TYPE},      {241, 31, TATU_ERR_FORMAT}, /* a type that hides the rest */
        {245, 0, TATU_ERR_FORMAT},                                /* server of nobody */
        {249, 54, TATU_ERR_FORMAT},                               /* the server twice */
        {249, 90, TATU_ERR_FORMAT},                               /* no mask */
        {251, 0x7f, TATU_ERR_FORMAT},                             /* a mask that begins late */
        {257, 11, TATU_ERR_FORMAT},                               /* router off the link */
        {256, 10, TATU_ERR_FORMAT},                               /* two and a half routers */
        {263, 127, TATU_ERR_FORMAT},                              /* DNS on loopback */
        {267, 90, TATU_ERR_FORMAT},                               /* no lease */
        {268, 200, TATU_ERR_SHORT}, /* an option longer than the message */
    };
    struct message m;
    struct tatu_dhcp_answer answer;
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        start_offer(&m);
        put(&m, END);
        m.bytes[rows[i].at] = rows[i].value;
        assert_int_equal(decode(&m, &answer), rows[i].err);
    }
}

static void a_mask_with_a_hole_or_a_short_lease_is_refused(void **state)
{
    struct message m;
    struct tatu_dhcp_answer answer;
    (void)state;
    start(&m);
    put(&m, TYPE("\x05"));
    put(&m, SERVER);
    put(&m, LEASE);
    put(&m, 6, "\x01\x04\xff\x00\xff\x00");
    put(&m, END);
    assert_int_equal(decode(&m, &answer), TATU_ERR_FORMAT);
    start(&m);
    put(&m, TYPE("\x05"));
    put(&m, SERVER);
    put(&m, MASK);
    put(&m, 6, "\x33\x04\0\0\0\x09");
    put(&m, END);
    assert_int_equal(decode(&m, &answer), TATU_ERR_FORMAT);
    m.bytes[m.len - 2] = 10;
    assert_int_equal(decode(&m, &answer), TATU_OK);
    assert_int_equal(answer.lease.router, 0);
    assert_int_equal(answer.lease.dns_count, 0);
}

static void more_name_servers_than_are_kept_are_passed_over(void **state)
{
    struct message m;
    struct tatu_dhcp_answer answer;
    (void)state;
    start(&m);
    put(&m, TYPE("\x05"));
    put(&m, SERVER);
    put(&m, MASK);
    put(&m, LEASE);
    put(&m, 18, "\x06\x10\x01\1\1\1\2\2\2\2\3\3\3\3\4\4\4\4");
    put(&m, END);
    assert_int_equal(decode(&m, &answer), TATU_OK);
    assert_int_equal(answer.lease.dns_count, TATU_DHCP_DNS_MAX);
    assert_int_equal(answer.lease.dns[2], 0x03030303);
}

static void a_message_over_the_limit_is_long(void **state)
{
    struct message m;
    struct tatu_dhcp_answer answer;
    (void)state;
    start_offer(&m);
    put(&m, END);
    m.len = TATU_DHCP_MESSAGE_MAX;
    assert_int_equal(decode(&m, &answer), TATU_OK); /* what follows END is not read */
    m.len++;
    assert_int_equal(decode(&m, &answer), TATU_ERR_LONG);
}

static void asking_has_the_shape_of_the_standard(void **state)
{
    static const uint8_t options[] = {53, 1, 3, 50, 4,  10, 0, 2, 15, 54, 4,
                                      10, 0, 2, 2,  55, 5,  1, 3, 6,  51, 42};
    struct tatu_dhcp_ask ask = {
        .type = TATU_DHCP_REQUEST, .xid = XID, .wanted = 0x0a00020f, .server = 0x0a000202};
    uint8_t room[TATU_DHCP_ASK_SIZE];
    struct tatu_buf out = TATU_BUF_OF(room);
    (void)state;
    memcpy(ask.mac, mac, sizeof(mac));
    assert_int_equal(tatu_netd_encode_dhcp(&ask, &out), TATU_OK);
    assert_int_equal(out.len, TATU_DHCP_ASK_SIZE);
    assert_int_equal(room[0], 1);
    assert_memory_equal(room + 4, "\1\2\3\4", 4);
    assert_int_equal(room[10], 0x80);
    assert_memory_equal(room + 28, mac, 6);
    assert_memory_equal(room + 240, options, sizeof(options));
    out.len = 1;
    assert_int_equal(tatu_netd_encode_dhcp(&ask, &out), TATU_ERR_FULL);
    out.len = 0;
    ask.own = 0x0a00020f;
    assert_int_equal(tatu_netd_encode_dhcp(&ask, &out), TATU_OK);
    assert_int_equal(room[10], 0);
    assert_memory_equal(room + 12, "\x0a\0\2\x0f", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_is_read),
        cmocka_unit_test(a_nak_needs_no_lease),
        cmocka_unit_test(an_offer_cut_anywhere_is_short_and_changes_nothing),
        cmocka_unit_test(an_offer_that_cannot_be_is_refused),
        cmocka_unit_test(a_mask_with_a_hole_or_a_short_lease_is_refused),
        cmocka_unit_test(more_name_servers_than_are_kept_are_passed_over),
        cmocka_unit_test(a_message_over_the_limit_is_long),
        cmocka_unit_test(asking_has_the_shape_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
