#include "lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ADDRESS 0x0a00020fu
#define SERVER 0x0a000202u
static const uint8_t mac[6] = {2, 2, 2, 2, 2, 2};

static struct tatu_dhcp_answer answer_of(enum tatu_dhcp_type type)
{
    return (struct tatu_dhcp_answer){
        .type = type,
        .lease = {.address = ADDRESS, .mask = 0xffffff00, .server = SERVER, .lease_s = 800}};
}

/* From nothing to a lease of 800 s asked for at 1000 ms. */
static void bind_lease(struct tatu_lease_client *client, struct tatu_lease_step *step)
{
    const struct tatu_dhcp_answer offer = answer_of(TATU_DHCP_OFFER);
    const struct tatu_dhcp_answer ack = answer_of(TATU_DHCP_ACK);
    tatu_netd_start_lease(client, mac, 0, 77, step);
    tatu_netd_answer_lease(client, &offer, 1000, 0, step);
    tatu_netd_answer_lease(client, &ack, 1200, 0, step);
}

static void the_way_to_a_lease_is_discover_offer_request_ack(void **state)
{
    struct tatu_lease_client client;
    struct tatu_lease_step step;
    const struct tatu_dhcp_answer offer = answer_of(TATU_DHCP_OFFER);
    const struct tatu_dhcp_answer ack = answer_of(TATU_DHCP_ACK);
    (void)state;
    tatu_netd_start_lease(&client, mac, 0, 77, &step);
    assert_true(step.send);
    assert_int_equal(step.ask.type, TATU_DHCP_DISCOVER);
    assert_int_equal(step.ask.xid, 77);
    assert_int_equal(step.to, 0);
    tatu_netd_answer_lease(&client, &offer, 1000, 5, &step);
    assert_int_equal(step.ask.type, TATU_DHCP_REQUEST);
    assert_int_equal(step.ask.xid, 77);
    assert_int_equal(step.ask.wanted, ADDRESS);
    assert_int_equal(step.ask.server, SERVER);
    assert_int_equal(step.ask.own, 0);
    tatu_netd_answer_lease(&client, &ack, 1200, 5, &step);
    assert_true(step.apply);
    assert_false(step.send);
    assert_int_equal(client.state, TATU_LEASE_BOUND);
    assert_int_equal(step.next_ms, 1000 + 400000);
}

static void an_unanswered_discover_is_repeated_with_back_off(void **state)
{
    struct tatu_lease_client client;
    struct tatu_lease_step step;
    uint64_t now = 0, wait = 0;
    (void)state;
    tatu_netd_start_lease(&client, mac, 0, 0, &step);
    for (size_t i = 0; i < 12; i++) {
        assert_true(step.next_ms - now >= wait);
        assert_in_range(step.next_ms - now, 500, 75000);
        wait = step.next_ms - now;
        now = step.next_ms;
        tatu_netd_wake_lease(&client, now, 0, &step);
        assert_int_equal(step.ask.type, TATU_DHCP_DISCOVER);
    }
    assert_int_equal(wait, 60000);
}

static void an_unanswered_request_goes_back_to_discover(void **state)
{
    struct tatu_lease_client client;
    struct tatu_lease_step step;
    const struct tatu_dhcp_answer offer = answer_of(TATU_DHCP_OFFER);
    (void)state;
    tatu_netd_start_lease(&client, mac, 0, 1, &step);
    tatu_netd_answer_lease(&client, &offer, 0, 0, &step);
    for (size_t i = 0; i < 3; i++) {
        tatu_netd_wake_lease(&client, step.next_ms, 9, &step);
        assert_int_equal(step.ask.type, TATU_DHCP_REQUEST);
    }
    tatu_netd_wake_lease(&client, step.next_ms, 9, &step);
    assert_int_equal(step.ask.type, TATU_DHCP_DISCOVER);
    assert_int_equal(client.xid, 9);
}

static void only_the_chosen_server_and_address_are_taken(void **state)
{
    struct tatu_lease_client client;
    struct tatu_lease_step step;
    const struct tatu_dhcp_answer offer = answer_of(TATU_DHCP_OFFER);
    struct tatu_dhcp_answer other_server = answer_of(TATU_DHCP_ACK);
    struct tatu_dhcp_answer other_address = answer_of(TATU_DHCP_ACK);
    struct tatu_dhcp_answer foreign_nak = answer_of(TATU_DHCP_NAK);
    (void)state;
    other_server.lease.server++;
    other_address.lease.address++;
    foreign_nak.lease.server++;
    tatu_netd_start_lease(&client, mac, 0, 1, &step);
    tatu_netd_answer_lease(&client, &other_address, 0, 0, &step); /* an ACK before any offer */
    assert_int_equal(client.state, TATU_LEASE_SELECTING);
    tatu_netd_answer_lease(&client, &offer, 0, 0, &step);
    tatu_netd_answer_lease(&client, &other_server, 0, 0, &step);
    tatu_netd_answer_lease(&client, &other_address, 0, 0, &step);
    tatu_netd_answer_lease(&client, &foreign_nak, 0, 0, &step);
    assert_int_equal(client.state, TATU_LEASE_REQUESTING);
    assert_false(step.send || step.apply || step.drop);
    assert_int_equal(step.next_ms, 0);
}

static void an_address_of_the_desks_net_is_not_taken(void **state)
{
    struct tatu_lease_client client;
    struct tatu_lease_step step;
    struct tatu_dhcp_answer offer = answer_of(TATU_DHCP_OFFER);
    (void)state;
    tatu_netd_start_lease(&client, mac, 0, 1, &step);
    for (uint32_t host = 0; host < 256; host++) {
        offer.lease.address = 0xc0a82300u + host;
        tatu_netd_answer_lease(&client, &offer, 0, 0, &step);
        assert_int_equal(client.state, TATU_LEASE_SELECTING);
        assert_int_equal(step.refused, offer.lease.address);
        assert_false(step.send || step.apply || step.drop);
    }
    offer.lease.address = 0xc0a82400u + 5; /* the net beside it; another server's */
    tatu_netd_answer_lease(&client, &offer, 0, 0, &step);
    assert_int_equal(client.state, TATU_LEASE_REQUESTING);
    assert_int_equal(step.refused, 0);
}

static void a_lease_is_renewed_at_half_with_its_server(void **state)
{
    struct tatu_lease_client client;
    struct tatu_lease_step step;
    const struct tatu_dhcp_answer ack = answer_of(TATU_DHCP_ACK);
    (void)state;
    bind_lease(&client, &step);
    const uint64_t half_ms = step.next_ms;
    tatu_netd_wake_lease(&client, half_ms, 88, &step);
    assert_true(step.send);
    assert_false(step.drop);
    assert_int_equal(step.to, SERVER);
    assert_int_equal(step.ask.own, ADDRESS);
    assert_int_equal(step.ask.wanted, 0);
    assert_int_equal(step.ask.server, 0);
    assert_int_equal(step.ask.xid, 88);
    tatu_netd_answer_lease(&client, &ack, half_ms + 5, 0, &step);
    assert_true(step.apply);
    assert_int_equal(step.next_ms, half_ms + 400000);
}

static void a_silent_server_costs_the_lease_only_at_its_end(void **state)
{
    struct tatu_lease_client client;
    struct tatu_lease_step step;
    const uint64_t late_ms = 1000 + 700000, end_ms = 1000 + 800000;
    uint64_t now;
    size_t asked = 0;
    (void)state;
    bind_lease(&client, &step);
    for (now = step.next_ms; !step.drop; now = step.next_ms) {
        assert_true(asked++ < 100);
        tatu_netd_wake_lease(&client, now, 3, &step);
        assert_int_equal(step.drop, now >= end_ms);
        assert_int_equal(step.to, now < late_ms ? SERVER : 0);
        assert_true(step.next_ms > now);
    }
    assert_int_equal(client.state, TATU_LEASE_SELECTING);
    assert_int_equal(step.ask.type, TATU_DHCP_DISCOVER);
    assert_int_equal(step.ask.own, 0);
    assert_true(asked > 4);
}

static void a_nak_while_renewing_gives_the_address_up(void **state)
{
    struct tatu_lease_client client;
    struct tatu_lease_step step;
    const struct tatu_dhcp_answer nak = answer_of(TATU_DHCP_NAK);
    (void)state;
    bind_lease(&client, &step);
    tatu_netd_answer_lease(&client, &nak, 1300, 0, &step); /* bound: nobody was asked */
    assert_false(step.drop);
    tatu_netd_wake_lease(&client, 401000, 0, &step);
    tatu_netd_answer_lease(&client, &nak, 401001, 0, &step);
    assert_true(step.drop);
    assert_true(step.send);
    assert_int_equal(step.ask.type, TATU_DHCP_DISCOVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_way_to_a_lease_is_discover_offer_request_ack),
        cmocka_unit_test(an_unanswered_discover_is_repeated_with_back_off),
        cmocka_unit_test(an_unanswered_request_goes_back_to_discover),
        cmocka_unit_test(only_the_chosen_server_and_address_are_taken),
        cmocka_unit_test(an_address_of_the_desks_net_is_not_taken),
        cmocka_unit_test(a_lease_is_renewed_at_half_with_its_server),
        cmocka_unit_test(a_silent_server_costs_the_lease_only_at_its_end),
        cmocka_unit_test(a_nak_while_renewing_gives_the_address_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
