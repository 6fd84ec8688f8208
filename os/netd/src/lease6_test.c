#include "lease6.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1000u

static const struct tatu_dhcp6_duid duid = {.len = 4, .bytes = {0, 3, 0, 1}};
static struct tatu_lease6_client client;
static struct tatu_lease6_step step;

/* Preferred 400 s, valid 1000 s, T1 200, T2 320. */
static struct tatu_dhcp6_answer answer_of(enum tatu_dhcp6_type type, uint8_t server)
{
    struct tatu_dhcp6_answer answer = {.type = type};
    answer.lease = (struct tatu_dhcp6_lease){
        .has_address = true,
        .address = {0x20, 1, [15] = server},
        .preferred_s = 400,
        .valid_s = 1000,
        .renew_s = 200,
        .rebind_s = 320,
        .server = {.len = 3, .bytes = {0, 9, server}},
        .dns_count = 1,
    };
    return answer;
}

static void answer(const struct tatu_dhcp6_answer *what, uint64_t now_ms)
{
    tatu_netd_answer_lease6(&client, what, now_ms, 0x42424242, &step);
}

static void wake(uint64_t now_ms)
{
    tatu_netd_wake_lease6(&client, now_ms, 0x43434343, &step);
}

/* The first message has been sent, at NOW. */
static void solicit(bool address)
{
    tatu_netd_start_lease6(&client, &duid, 5, address, 0, NOW - 1, &step);
    assert_false(step.send);
    assert_int_equal(step.next_ms, NOW);
    wake(NOW);
    assert_true(step.send);
}

/* Bound to server 1 at NOW. */
static void bind_lease(void)
{
    struct tatu_dhcp6_answer offer = answer_of(TATU_DHCP6_ADVERTISE, 1);
    const struct tatu_dhcp6_answer reply = answer_of(TATU_DHCP6_REPLY, 1);
    offer.preference = UINT8_MAX;
    solicit(true);
    answer(&offer, NOW);
    assert_int_equal(step.ask.type, TATU_DHCP6_REQUEST);
    answer(&reply, NOW + 5);
    assert_true(step.apply);
    assert_int_equal(client.state, TATU_LEASE6_BOUND);
}

static void the_way_to_an_address_is_solicit_advertise_request_reply(void **state)
{
    const struct tatu_dhcp6_answer offer = answer_of(TATU_DHCP6_ADVERTISE, 1);
    const struct tatu_dhcp6_answer reply = answer_of(TATU_DHCP6_REPLY, 1);
    (void)state;
    solicit(true);
    assert_int_equal(step.ask.type, TATU_DHCP6_SOLICIT);
    assert_true(step.ask.has_ia && !step.ask.has_address && step.ask.server.len == 0);
    assert_int_equal(step.ask.elapsed_cs, 0);
    assert_in_range(step.next_ms, NOW + 1000, NOW + 1100); /* the first is never shorter */
    const uint32_t xid = client.who.xid;
    answer(&offer, NOW + 10);
    assert_false(step.send || step.apply); /* a better one may come within the second */
    wake(NOW + 1050);
    assert_int_equal(step.ask.type, TATU_DHCP6_REQUEST);
    assert_int_equal(step.ask.server.bytes[2], 1);
    assert_int_equal(step.ask.address[15], 1);
    assert_int_not_equal(client.who.xid, xid);
    assert_in_range(client.who.xid, 0, TATU_DHCP6_XID_MASK);
    answer(&reply, NOW + 1060);
    assert_true(step.apply);
    assert_false(step.send || step.drop);
    assert_int_equal(step.next_ms, NOW + 1050 + 200000); /* T1, from when it was asked for */
}

static void of_several_offers_the_preferred_is_taken(void **state)
{
    struct tatu_dhcp6_answer offer = answer_of(TATU_DHCP6_ADVERTISE, 1);
    (void)state;
    solicit(true);
    answer(&offer, NOW + 10);
    offer = answer_of(TATU_DHCP6_ADVERTISE, 2);
    offer.preference = 7;
    answer(&offer, NOW + 20);
    offer = answer_of(TATU_DHCP6_ADVERTISE, 3);
    offer.preference = 6;
    answer(&offer, NOW + 30);
    wake(NOW + 1050);
    assert_int_equal(step.ask.server.bytes[2], 2);
    solicit(true);
    offer.preference = UINT8_MAX; /* it must be taken at once */
    answer(&offer, NOW + 10);
    assert_int_equal(step.ask.type, TATU_DHCP6_REQUEST);
    solicit(true); /* after the first second any is taken at once */
    wake(NOW + 1050);
    offer.preference = 0;
    answer(&offer, NOW + 1060);
    assert_int_equal(step.ask.type, TATU_DHCP6_REQUEST);
}

static void an_offer_of_nothing_is_none(void **state)
{
    struct tatu_dhcp6_answer offer = answer_of(TATU_DHCP6_ADVERTISE, 1);
    (void)state;
    offer.preference = UINT8_MAX;
    solicit(true);
    offer.status = TATU_DHCP6_NO_ADDRESS;
    answer(&offer, NOW + 10);
    offer.status = TATU_DHCP6_SUCCESS;
    offer.lease.has_address = false;
    answer(&offer, NOW + 10);
    offer = answer_of(TATU_DHCP6_REPLY, 1); /* nobody has asked for that yet */
    answer(&offer, NOW + 10);
    assert_int_equal(client.state, TATU_LEASE6_SOLICITING);
    wake(NOW + 1050);
    assert_int_equal(step.ask.type, TATU_DHCP6_SOLICIT);
    assert_int_equal(step.ask.elapsed_cs, 105);
}

/* 1, 2, 4 ... 3600 s, a tenth more or less; or what servers tell. */
static void an_unanswered_solicit_is_repeated_with_back_off(void **state)
{
    uint64_t now = NOW, wanted = 1000;
    (void)state;
    solicit(true);
    const uint32_t xid = client.who.xid;
    for (size_t i = 0; i < 20; i++) {
        const uint64_t wait = step.next_ms - now;
        assert_in_range(wait, wanted * 7 / 10, wanted * 13 / 10);
        now = step.next_ms;
        wake(now);
        assert_int_equal(step.ask.type, TATU_DHCP6_SOLICIT);
        assert_int_equal(client.who.xid, xid);
        wanted = 2 * wait < 3600000 ? 2 * wait : 3600000;
    }
    struct tatu_dhcp6_answer offer = answer_of(TATU_DHCP6_ADVERTISE, 1);
    offer.status = TATU_DHCP6_NO_ADDRESS;
    offer.solicit_max_s = 60;
    answer(&offer, now);
    offer.solicit_max_s = 59; /* less and more than the RFC lets them */
    answer(&offer, now);
    offer.solicit_max_s = 86401;
    answer(&offer, now);
    wake(now);
    assert_in_range(step.next_ms - now, 54000, 66000);
}

static void an_unanswered_request_goes_back_to_solicit(void **state)
{
    struct tatu_dhcp6_answer offer = answer_of(TATU_DHCP6_ADVERTISE, 1);
    size_t sent = 1;
    (void)state;
    offer.preference = UINT8_MAX;
    solicit(true);
    answer(&offer, NOW);
    for (wake(step.next_ms); step.send; wake(step.next_ms)) {
        assert_int_equal(step.ask.type, TATU_DHCP6_REQUEST);
        sent++;
    }
    assert_int_equal(sent, 10);
    assert_int_equal(client.state, TATU_LEASE6_SOLICITING);
    wake(step.next_ms);
    assert_int_equal(step.ask.type, TATU_DHCP6_SOLICIT);
}

/* A server that offers and then refuses is not asked without end. */
static void refusals_are_waited_for_longer_each_time(void **state)
{
    struct tatu_dhcp6_answer offer = answer_of(TATU_DHCP6_ADVERTISE, 1);
    struct tatu_dhcp6_answer refusal = answer_of(TATU_DHCP6_REPLY, 1);
    uint64_t now = NOW, last = 0;
    (void)state;
    offer.preference = UINT8_MAX;
    refusal.status = TATU_DHCP6_NOT_ON_LINK;
    solicit(true);
    for (size_t i = 0; i < 12; i++) {
        answer(&offer, now);
        answer(&refusal, now);
        assert_false(step.send || step.apply);
        assert_in_range(step.next_ms - now, 1000, 132000);
        assert_true(step.next_ms - now >= last);
        last = step.next_ms - now;
        now = step.next_ms;
        answer(&offer, now - 1); /* of nobody who asked */
        assert_false(step.send);
        wake(now);
    }
    assert_true(last >= 120000);
}

static void an_address_is_renewed_with_its_server(void **state)
{
    struct tatu_dhcp6_answer reply = answer_of(TATU_DHCP6_REPLY, 1);
    (void)state;
    bind_lease();
    const uint64_t t1 = step.next_ms;
    wake(t1);
    assert_int_equal(step.ask.type, TATU_DHCP6_RENEW);
    assert_int_equal(step.ask.server.bytes[2], 1);
    assert_true(step.ask.has_address);
    assert_in_range(step.next_ms - t1, 9000, 11000);
    reply.lease.server.bytes[2] = 2; /* another server's word about it */
    answer(&reply, t1 + 10);
    assert_false(step.apply);
    reply = answer_of(TATU_DHCP6_REPLY, 1);
    answer(&reply, t1 + 20);
    assert_true(step.apply);
    assert_false(step.drop);
    assert_int_equal(step.next_ms, t1 + 200000);
}

static void a_silent_server_costs_the_address_only_at_its_end(void **state)
{
    uint64_t now;
    (void)state;
    bind_lease();
    for (now = step.next_ms; now < NOW + 320000; now = step.next_ms) {
        wake(now);
        assert_int_equal(step.ask.type, TATU_DHCP6_RENEW);
        assert_true(step.next_ms > now && !step.drop);
    }
    assert_int_equal(now, NOW + 320000); /* T2 */
    for (; now < NOW + 1000000; now = step.next_ms) {
        wake(now);
        assert_int_equal(step.ask.type, TATU_DHCP6_REBIND);
        assert_int_equal(step.ask.server.len, 0);
        assert_true(step.ask.has_address && step.next_ms > now && !step.drop);
    }
    assert_int_equal(now, NOW + 1000000);
    wake(now);
    assert_true(step.drop);
    assert_int_equal(step.ask.type, TATU_DHCP6_SOLICIT);
}

static void when_rebinding_any_server_may_answer(void **state)
{
    struct tatu_dhcp6_answer reply = answer_of(TATU_DHCP6_REPLY, 1);
    (void)state;
    bind_lease();
    wake(NOW + 320000);
    assert_int_equal(step.ask.type, TATU_DHCP6_REBIND);
    reply.lease.server.bytes[2] = 2;
    answer(&reply, NOW + 320010);
    assert_true(step.apply && !step.drop);
    assert_int_equal(client.lease.server.bytes[2], 2);
}

static void another_address_takes_the_place_of_the_old(void **state)
{
    struct tatu_dhcp6_answer reply = answer_of(TATU_DHCP6_REPLY, 1);
    (void)state;
    bind_lease();
    wake(step.next_ms);
    reply.lease.address[14] = 9;
    answer(&reply, NOW + 200010);
    assert_true(step.apply && step.drop);
    assert_int_equal(client.lease.address[14], 9);
}

static void what_the_server_does_not_know_any_more_is_asked_for_anew(void **state)
{
    struct tatu_dhcp6_answer reply = answer_of(TATU_DHCP6_REPLY, 1);
    (void)state;
    bind_lease();
    wake(step.next_ms);
    reply.status = TATU_DHCP6_FAIL; /* it asks for patience */
    answer(&reply, NOW + 200010);
    assert_int_equal(client.state, TATU_LEASE6_RENEWING);
    reply.status = TATU_DHCP6_NO_BINDING;
    answer(&reply, NOW + 200020);
    assert_true(step.drop);
    assert_int_equal(step.ask.type, TATU_DHCP6_REQUEST);
    assert_int_equal(step.ask.server.bytes[2], 1);
    bind_lease();
    wake(step.next_ms);
    reply.status = TATU_DHCP6_SUCCESS; /* and no address in it */
    reply.lease.has_address = false;
    answer(&reply, NOW + 200020);
    assert_true(step.drop);
    assert_int_equal(step.ask.type, TATU_DHCP6_REQUEST);
}

static void an_address_of_another_machine_is_declined(void **state)
{
    const struct tatu_dhcp6_answer reply = answer_of(TATU_DHCP6_REPLY, 1);
    size_t sent = 1;
    (void)state;
    bind_lease();
    tatu_netd_decline_lease6(&client, NOW + 2000, 1, &step);
    assert_true(step.drop && step.send);
    assert_int_equal(step.ask.type, TATU_DHCP6_DECLINE);
    assert_int_equal(step.ask.address[15], 1);
    assert_int_equal(step.ask.server.bytes[2], 1);
    answer(&reply, NOW + 2010);
    assert_int_equal(client.state, TATU_LEASE6_SOLICITING);
    assert_false(step.apply);
    bind_lease();
    tatu_netd_decline_lease6(&client, NOW + 2000, 1, &step);
    for (wake(step.next_ms); step.send; wake(step.next_ms)) {
        sent++;
    }
    assert_int_equal(sent, 4);
    assert_int_equal(client.state, TATU_LEASE6_SOLICITING);
}

static void what_is_not_wanted_is_given_back(void **state)
{
    const struct tatu_dhcp6_answer reply = answer_of(TATU_DHCP6_REPLY, 1);
    size_t sent = 1;
    (void)state;
    bind_lease();
    tatu_netd_release_lease6(&client, NOW + 2000, 1, &step);
    assert_true(step.drop && step.send);
    assert_int_equal(step.ask.type, TATU_DHCP6_RELEASE);
    assert_int_equal(step.ask.address[15], 1);
    answer(&reply, NOW + 2010);
    assert_int_equal(client.state, TATU_LEASE6_STOPPED);
    wake(NOW + 9999);
    assert_false(step.send);
    bind_lease();
    tatu_netd_release_lease6(&client, NOW + 2000, 1, &step);
    for (wake(step.next_ms); step.send; wake(step.next_ms)) {
        sent++;
    }
    assert_int_equal(sent, 4);
    assert_int_equal(client.state, TATU_LEASE6_STOPPED);
    solicit(true); /* nothing to give back: nothing is said */
    tatu_netd_release_lease6(&client, NOW + 2000, 1, &step);
    assert_false(step.send || step.drop);
    assert_int_equal(client.state, TATU_LEASE6_STOPPED);
}

static void servers_alone_are_asked_for_and_refreshed(void **state)
{
    struct tatu_dhcp6_answer reply = answer_of(TATU_DHCP6_REPLY, 1);
    static const struct {
        uint32_t told_s;
        uint32_t used_s;
    } rows[] = {{0, 86400}, {1, 600}, {7200, 7200}, {UINT32_MAX, 86400}};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        solicit(false);
        assert_int_equal(step.ask.type, TATU_DHCP6_INFORMATION);
        assert_false(step.ask.has_ia);
        reply.lease.refresh_s = rows[i].told_s;
        answer(&reply, NOW + 10);
        assert_true(step.apply);
        assert_false(client.lease.has_address); /* whatever the server says */
        assert_int_equal(step.next_ms, NOW + rows[i].used_s * UINT64_C(1000));
        wake(step.next_ms);
        assert_int_equal(step.ask.type, TATU_DHCP6_INFORMATION);
        assert_false(step.drop);
    }
}

/* T1 and T2 are the client's where they are 0; a server cannot make it ask all the time. */
static void times_that_are_not_told_are_chosen(void **state)
{
    struct tatu_dhcp6_answer offer = answer_of(TATU_DHCP6_ADVERTISE, 1);
    struct tatu_dhcp6_answer reply = answer_of(TATU_DHCP6_REPLY, 1);
    static const struct {
        uint32_t renew_s, rebind_s, preferred_s, valid_s, t1_s, t2_s;
    } rows[] = {
        {0, 0, 400, 1000, 200, 320}, {0, 0, 0, 1000, 500, 800},    {1, 1, 400, 1000, 5, 5},
        {0, 0, 5, 10, 5, 5},         {900, 0, 950, 950, 900, 900}, {2000, 2000, 100, 500, 500, 500},
    };
    (void)state;
    offer.preference = UINT8_MAX;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        reply.lease.renew_s = rows[i].renew_s;
        reply.lease.rebind_s = rows[i].rebind_s;
        reply.lease.preferred_s = rows[i].preferred_s;
        reply.lease.valid_s = rows[i].valid_s;
        solicit(true);
        answer(&offer, NOW);
        answer(&reply, NOW);
        assert_int_equal(step.next_ms, NOW + rows[i].t1_s * UINT64_C(1000));
        wake(NOW + rows[i].t2_s * UINT64_C(1000));
        assert_int_equal(step.ask.type,
                         rows[i].t2_s == rows[i].valid_s ? TATU_DHCP6_SOLICIT : TATU_DHCP6_REBIND);
    }
    reply.lease.renew_s = reply.lease.rebind_s = UINT32_MAX; /* for ever */
    reply.lease.preferred_s = reply.lease.valid_s = UINT32_MAX;
    solicit(true);
    answer(&offer, NOW);
    answer(&reply, NOW);
    assert_int_equal(step.next_ms, NOW + UINT32_MAX * UINT64_C(1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_way_to_an_address_is_solicit_advertise_request_reply),
        cmocka_unit_test(of_several_offers_the_preferred_is_taken),
        cmocka_unit_test(an_offer_of_nothing_is_none),
        cmocka_unit_test(an_unanswered_solicit_is_repeated_with_back_off),
        cmocka_unit_test(an_unanswered_request_goes_back_to_solicit),
        cmocka_unit_test(refusals_are_waited_for_longer_each_time),
        cmocka_unit_test(an_address_is_renewed_with_its_server),
        cmocka_unit_test(a_silent_server_costs_the_address_only_at_its_end),
        cmocka_unit_test(when_rebinding_any_server_may_answer),
        cmocka_unit_test(another_address_takes_the_place_of_the_old),
        cmocka_unit_test(what_the_server_does_not_know_any_more_is_asked_for_anew),
        cmocka_unit_test(an_address_of_another_machine_is_declined),
        cmocka_unit_test(what_is_not_wanted_is_given_back),
        cmocka_unit_test(servers_alone_are_asked_for_and_refreshed),
        cmocka_unit_test(times_that_are_not_told_are_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
