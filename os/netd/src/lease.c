#include "lease.h"

#include <string.h>

#include "addresses.h"

#define RETRY_FIRST_MS 500u
#define RETRY_MAX_MS 60000u
#define RENEW_RETRY_MIN_MS 5000u
#define REQUEST_TRIES_MAX 4u
#define STATES (TATU_LEASE_REBINDING + 1)

enum event { EVENT_OFFER, EVENT_ACK, EVENT_NAK, EVENT_AGAIN, EVENT_HALF, EVENT_LATE, EVENT_LOST };
#define EVENTS (EVENT_LOST + 1)

enum action { IGNORE, ASK_ALL, TAKE_OFFER, REPEAT, BIND, RENEW, REBIND, LOSE };

/* What is not in the table is ignored. */
static const struct {
    enum action action;
    enum tatu_lease_state next;
} table[STATES][EVENTS] = {
    [TATU_LEASE_SELECTING] = {[EVENT_OFFER] = {TAKE_OFFER, TATU_LEASE_REQUESTING},
                              [EVENT_AGAIN] = {ASK_ALL, TATU_LEASE_SELECTING}},
    [TATU_LEASE_REQUESTING] = {[EVENT_ACK] = {BIND, TATU_LEASE_BOUND},
                               [EVENT_NAK] = {ASK_ALL, TATU_LEASE_SELECTING},
                               [EVENT_AGAIN] = {REPEAT, TATU_LEASE_REQUESTING},
                               [EVENT_LOST] = {ASK_ALL, TATU_LEASE_SELECTING}},
    [TATU_LEASE_BOUND] = {[EVENT_HALF] = {RENEW, TATU_LEASE_RENEWING},
                          [EVENT_LATE] = {REBIND, TATU_LEASE_REBINDING},
                          [EVENT_LOST] = {LOSE, TATU_LEASE_SELECTING}},
    [TATU_LEASE_RENEWING] = {[EVENT_ACK] = {BIND, TATU_LEASE_BOUND},
                             [EVENT_NAK] = {LOSE, TATU_LEASE_SELECTING},
                             [EVENT_AGAIN] = {REPEAT, TATU_LEASE_RENEWING},
                             [EVENT_LATE] = {REBIND, TATU_LEASE_REBINDING},
                             [EVENT_LOST] = {LOSE, TATU_LEASE_SELECTING}},
    [TATU_LEASE_REBINDING] = {[EVENT_ACK] = {BIND, TATU_LEASE_BOUND},
                              [EVENT_NAK] = {LOSE, TATU_LEASE_SELECTING},
                              [EVENT_AGAIN] = {REPEAT, TATU_LEASE_REBINDING},
                              [EVENT_LOST] = {LOSE, TATU_LEASE_SELECTING}},
};

static uint64_t half_at(const struct tatu_lease_client *client)
{
    return client->bound_at_ms + (uint64_t)client->lease.lease_s * 500;
}

static uint64_t late_at(const struct tatu_lease_client *client)
{
    return client->bound_at_ms + (uint64_t)client->lease.lease_s * 875;
}

static uint64_t end_at(const struct tatu_lease_client *client)
{
    return client->bound_at_ms + (uint64_t)client->lease.lease_s * 1000;
}

/* 0.5, 1, 2 ... 60 s, and up to a quarter more so that devices do not ask in step. */
static uint64_t retry_at(const struct tatu_lease_client *client, uint64_t now_ms, uint32_t random)
{
    uint64_t wait_ms = (uint64_t)RETRY_FIRST_MS << (client->tries < 8 ? client->tries : 8);
    wait_ms = wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS;
    return now_ms + wait_ms + random % (wait_ms / 4);
}

/* Half of what is left until the next state, but not too often. */
static uint64_t renew_again_at(uint64_t now_ms, uint64_t limit_ms)
{
    const uint64_t half_ms = (limit_ms - now_ms) / 2;
    const uint64_t at_ms = now_ms + (half_ms > RENEW_RETRY_MIN_MS ? half_ms : RENEW_RETRY_MIN_MS);
    return at_ms < limit_ms ? at_ms : limit_ms;
}

static void fill_ask(const struct tatu_lease_client *client, struct tatu_lease_step *out)
{
    out->send = true;
    out->ask.type = client->state == TATU_LEASE_SELECTING ? TATU_DHCP_DISCOVER : TATU_DHCP_REQUEST;
    out->ask.xid = client->xid;
    memcpy(out->ask.mac, client->mac, sizeof(client->mac));
    if (client->state == TATU_LEASE_REQUESTING) {
        out->ask.wanted = client->lease.address;
        out->ask.server = client->lease.server;
    } else if (client->state != TATU_LEASE_SELECTING) {
        out->ask.own = client->lease.address;
    }
    out->to = client->state == TATU_LEASE_RENEWING ? client->lease.server : 0;
}

static uint64_t next_time(const struct tatu_lease_client *client, uint64_t now_ms, uint32_t random)
{
    switch (client->state) {
    case TATU_LEASE_SELECTING:
    case TATU_LEASE_REQUESTING:
        return retry_at(client, now_ms, random);
    case TATU_LEASE_BOUND:
        return half_at(client);
    case TATU_LEASE_RENEWING:
        return renew_again_at(now_ms, late_at(client));
    case TATU_LEASE_REBINDING:
        return renew_again_at(now_ms, end_at(client));
    }
    return now_ms;
}

static void take_event(struct tatu_lease_client *client, enum event event,
                       const struct tatu_dhcp_lease *lease, uint64_t now_ms, uint32_t random,
                       struct tatu_lease_step *out)
{
    const enum action action = table[client->state][event].action;
    *out = (struct tatu_lease_step){.send = false};
    if (action == IGNORE) {
        return;
    }
    client->tries =
        action == REPEAT || (action == ASK_ALL && event == EVENT_AGAIN) ? client->tries + 1 : 0;
    client->state = table[client->state][event].next;
    /* a new exchange has a new number; taking an offer and repeating stay in theirs */
    if (action != REPEAT && action != TAKE_OFFER && action != BIND) {
        client->xid = random;
    }
    if (action == TAKE_OFFER || action == BIND) {
        client->lease = *lease;
    }
    out->apply = action == BIND;
    out->drop = action == LOSE;
    if (action == BIND) {
        client->bound_at_ms = client->asked_at_ms;
    } else {
        fill_ask(client, out);
        client->asked_at_ms = action == REPEAT ? client->asked_at_ms : now_ms;
    }
    out->next_ms = next_time(client, now_ms, random);
}

void tatu_netd_start_lease(struct tatu_lease_client *client, const uint8_t mac[6], uint64_t now_ms,
                           uint32_t random, struct tatu_lease_step *out)
{
    *client = (struct tatu_lease_client){.state = TATU_LEASE_SELECTING};
    memcpy(client->mac, mac, sizeof(client->mac));
    take_event(client, EVENT_AGAIN, NULL, now_ms, random, out);
    client->tries = 0;
}

static enum event time_event(const struct tatu_lease_client *client, uint64_t now_ms)
{
    switch (client->state) {
    case TATU_LEASE_SELECTING:
        return EVENT_AGAIN;
    case TATU_LEASE_REQUESTING:
        return client->tries + 1 < REQUEST_TRIES_MAX ? EVENT_AGAIN : EVENT_LOST;
    case TATU_LEASE_BOUND:
    case TATU_LEASE_RENEWING:
    case TATU_LEASE_REBINDING:
        break;
    }
    if (now_ms >= end_at(client)) {
        return EVENT_LOST;
    }
    if (now_ms >= late_at(client) && client->state != TATU_LEASE_REBINDING) {
        return EVENT_LATE;
    }
    return client->state == TATU_LEASE_BOUND ? EVENT_HALF : EVENT_AGAIN;
}

void tatu_netd_wake_lease(struct tatu_lease_client *client, uint64_t now_ms, uint32_t random,
                          struct tatu_lease_step *out)
{
    take_event(client, time_event(client, now_ms), NULL, now_ms, random, out);
}

/* Past the offer only the chosen server counts, and only the address it offered; when rebinding any
 * server that knows the address. */
static bool is_expected(const struct tatu_lease_client *client,
                        const struct tatu_dhcp_answer *answer)
{
    if (client->state == TATU_LEASE_SELECTING) {
        return true;
    }
    const bool same_server =
        client->state == TATU_LEASE_REBINDING || answer->lease.server == client->lease.server;
    return same_server &&
           (answer->type == TATU_DHCP_NAK || answer->lease.address == client->lease.address);
}

void tatu_netd_answer_lease(struct tatu_lease_client *client, const struct tatu_dhcp_answer *answer,
                            uint64_t now_ms, uint32_t random, struct tatu_lease_step *out)
{
    *out = (struct tatu_lease_step){.send = false};
    if (answer->type != TATU_DHCP_NAK && tatu_netd_is_of_desk(answer->lease.address)) {
        out->refused = answer->lease.address; /* another server may offer a better one */
    } else if (is_expected(client, answer)) {
        const enum event event = answer->type == TATU_DHCP_OFFER ? EVENT_OFFER
                                 : answer->type == TATU_DHCP_ACK ? EVENT_ACK
                                                                 : EVENT_NAK;
        take_event(client, event, &answer->lease, now_ms, random, out);
    }
}
