#include "lease6.h"

#include <string.h>

#define DELAY_MAX_MS 1000u /* SOL_MAX_DELAY, INF_MAX_DELAY */
#define RENEW_MIN_S 5u     /* whatever a server says */
#define REFRESH_MIN_S 600u
#define REFRESH_S 86400u /* also the most */
#define MAX_RT_MIN_S 60u
#define MAX_RT_MAX_S 86400u
#define FAILED_FIRST_MS 1000u
#define FAILED_MAX_MS 120000u
#define STATES (TATU_LEASE6_INFORMED + 1)

enum event {
    EVENT_OFFER,   /* the best there is, or it must not be waited for others */
    EVENT_REPLY,   /* with what was asked for */
    EVENT_NOTHING, /* a reply that says there is nothing */
    EVENT_AGAIN,   /* the time for an answer is over */
    EVENT_RENEW,
    EVENT_REBIND,
    EVENT_LOST, /* tried often enough, or the address has lived */
    EVENT_TAKEN,
    EVENT_UNWANTED,
};
#define EVENTS (EVENT_UNWANTED + 1)

/* ASK begins an exchange, WAIT one that begins later: what came to nothing is not hurried. */
enum action { IGNORE, ASK, REPEAT, WAIT, BIND, LOSE, LOSE_AND_ASK, STOP };

/* What is not in the table is ignored. */
static const struct {
    enum action action;
    enum tatu_lease6_state next;
} table[STATES][EVENTS] = {
    [TATU_LEASE6_SOLICITING] = {[EVENT_OFFER] = {ASK, TATU_LEASE6_REQUESTING},
                                [EVENT_AGAIN] = {REPEAT, TATU_LEASE6_SOLICITING},
                                [EVENT_UNWANTED] = {STOP, TATU_LEASE6_STOPPED}},
    [TATU_LEASE6_REQUESTING] = {[EVENT_REPLY] = {BIND, TATU_LEASE6_BOUND},
                                [EVENT_NOTHING] = {WAIT, TATU_LEASE6_SOLICITING},
                                [EVENT_AGAIN] = {REPEAT, TATU_LEASE6_REQUESTING},
                                [EVENT_LOST] = {WAIT, TATU_LEASE6_SOLICITING},
                                [EVENT_UNWANTED] = {STOP, TATU_LEASE6_STOPPED}},
    [TATU_LEASE6_BOUND] = {[EVENT_RENEW] = {ASK, TATU_LEASE6_RENEWING},
                           [EVENT_REBIND] = {ASK, TATU_LEASE6_REBINDING},
                           [EVENT_LOST] = {LOSE, TATU_LEASE6_SOLICITING},
                           [EVENT_TAKEN] = {LOSE_AND_ASK, TATU_LEASE6_DECLINING},
                           [EVENT_UNWANTED] = {LOSE_AND_ASK, TATU_LEASE6_RELEASING}},
    [TATU_LEASE6_RENEWING] = {[EVENT_REPLY] = {BIND, TATU_LEASE6_BOUND},
                              [EVENT_NOTHING] = {LOSE_AND_ASK, TATU_LEASE6_REQUESTING},
                              [EVENT_AGAIN] = {REPEAT, TATU_LEASE6_RENEWING},
                              [EVENT_REBIND] = {ASK, TATU_LEASE6_REBINDING},
                              [EVENT_LOST] = {LOSE, TATU_LEASE6_SOLICITING},
                              [EVENT_TAKEN] = {LOSE_AND_ASK, TATU_LEASE6_DECLINING},
                              [EVENT_UNWANTED] = {LOSE_AND_ASK, TATU_LEASE6_RELEASING}},
    [TATU_LEASE6_REBINDING] = {[EVENT_REPLY] = {BIND, TATU_LEASE6_BOUND},
                               [EVENT_AGAIN] = {REPEAT, TATU_LEASE6_REBINDING},
                               [EVENT_LOST] = {LOSE, TATU_LEASE6_SOLICITING},
                               [EVENT_TAKEN] = {LOSE_AND_ASK, TATU_LEASE6_DECLINING},
                               [EVENT_UNWANTED] = {LOSE_AND_ASK, TATU_LEASE6_RELEASING}},
    [TATU_LEASE6_DECLINING] = {[EVENT_REPLY] = {WAIT, TATU_LEASE6_SOLICITING},
                               [EVENT_NOTHING] = {WAIT, TATU_LEASE6_SOLICITING},
                               [EVENT_AGAIN] = {REPEAT, TATU_LEASE6_DECLINING},
                               [EVENT_LOST] = {WAIT, TATU_LEASE6_SOLICITING},
                               [EVENT_UNWANTED] = {STOP, TATU_LEASE6_STOPPED}},
    [TATU_LEASE6_RELEASING] = {[EVENT_REPLY] = {STOP, TATU_LEASE6_STOPPED},
                               [EVENT_NOTHING] = {STOP, TATU_LEASE6_STOPPED},
                               [EVENT_AGAIN] = {REPEAT, TATU_LEASE6_RELEASING},
                               [EVENT_LOST] = {STOP, TATU_LEASE6_STOPPED}},
    [TATU_LEASE6_INFORMING] = {[EVENT_REPLY] = {BIND, TATU_LEASE6_INFORMED},
                               [EVENT_AGAIN] = {REPEAT, TATU_LEASE6_INFORMING},
                               [EVENT_UNWANTED] = {STOP, TATU_LEASE6_STOPPED}},
    [TATU_LEASE6_INFORMED] = {[EVENT_AGAIN] = {ASK, TATU_LEASE6_INFORMING},
                              [EVENT_UNWANTED] = {STOP, TATU_LEASE6_STOPPED}},
};

/* How a message is repeated (RFC 8415 §7.6); 0: no limit. Those of SOLICIT and INFORMATION can be
 * told by servers. */
static const struct {
    enum tatu_dhcp6_type type;
    uint32_t first_ms;
    uint32_t max_ms;
    uint32_t tries;
} exchanges[STATES] = {
    [TATU_LEASE6_SOLICITING] = {TATU_DHCP6_SOLICIT, 1000, 3600000, 0},
    [TATU_LEASE6_REQUESTING] = {TATU_DHCP6_REQUEST, 1000, 30000, 10},
    [TATU_LEASE6_RENEWING] = {TATU_DHCP6_RENEW, 10000, 600000, 0},
    [TATU_LEASE6_REBINDING] = {TATU_DHCP6_REBIND, 10000, 600000, 0},
    [TATU_LEASE6_DECLINING] = {TATU_DHCP6_DECLINE, 1000, 0, 4},
    [TATU_LEASE6_RELEASING] = {TATU_DHCP6_RELEASE, 1000, 0, 4},
    [TATU_LEASE6_INFORMING] = {TATU_DHCP6_INFORMATION, 1000, 3600000, 0},
};

/* ---- times ---- */

static uint64_t after(const struct tatu_lease6_client *client, uint32_t seconds)
{
    return client->bound_at_ms + (uint64_t)seconds * 1000;
}

static uint32_t bounded(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* Half and four fifths of the preferred life where the server leaves it to us. */
static uint32_t renew_s(const struct tatu_dhcp6_lease *lease)
{
    const uint32_t life_s = lease->preferred_s != 0 ? lease->preferred_s : lease->valid_s;
    return bounded(lease->renew_s != 0 ? lease->renew_s : life_s / 2, RENEW_MIN_S, lease->valid_s);
}

static uint32_t rebind_s(const struct tatu_dhcp6_lease *lease)
{
    const uint32_t life_s = lease->preferred_s != 0 ? lease->preferred_s : lease->valid_s;
    return bounded(lease->rebind_s != 0 ? lease->rebind_s : life_s / 5 * 4, renew_s(lease),
                   lease->valid_s);
}

/* When what is ours has to be asked for anew, at the latest, in this state. */
static uint64_t limit_of(const struct tatu_lease6_client *client)
{
    switch (client->state) {
    case TATU_LEASE6_BOUND:
        return after(client, renew_s(&client->lease));
    case TATU_LEASE6_RENEWING:
        return after(client, rebind_s(&client->lease));
    case TATU_LEASE6_REBINDING:
        return after(client, client->lease.valid_s);
    case TATU_LEASE6_INFORMED:
        return after(client, client->lease.refresh_s == 0
                                 ? REFRESH_S
                                 : bounded(client->lease.refresh_s, REFRESH_MIN_S, REFRESH_S));
    case TATU_LEASE6_STOPPED:
    case TATU_LEASE6_SOLICITING:
    case TATU_LEASE6_REQUESTING:
    case TATU_LEASE6_DECLINING:
    case TATU_LEASE6_RELEASING:
    case TATU_LEASE6_INFORMING:
        break;
    }
    return UINT64_MAX;
}

static uint64_t max_rt_ms(const struct tatu_lease6_client *client)
{
    return client->state == TATU_LEASE6_SOLICITING  ? client->solicit_max_ms
           : client->state == TATU_LEASE6_INFORMING ? client->information_max_ms
                                                    : exchanges[client->state].max_ms;
}

/* A tenth more or less, so that devices do not ask in step; the first SOLICIT only more. */
static uint64_t spread(uint64_t ms, uint32_t random, bool only_more)
{
    const uint64_t tenth = ms / 10;
    return only_more ? ms + random % (tenth + 1) : ms - tenth + random % (2 * tenth + 1);
}

/* RFC 8415 §15: the first, then twice the last, at most the maximum. */
static uint64_t next_rt(const struct tatu_lease6_client *client, uint32_t random)
{
    const bool first = client->tries == 0;
    const uint64_t max_ms = max_rt_ms(client);
    uint64_t ms = first ? exchanges[client->state].first_ms : 2 * client->rt_ms;
    if (max_ms != 0 && ms > max_ms) {
        ms = max_ms;
    }
    return spread(ms, random, first && client->state == TATU_LEASE6_SOLICITING);
}

/* ---- messages ---- */

static void fill_ask(const struct tatu_lease6_client *client, uint64_t now_ms,
                     struct tatu_lease6_step *out)
{
    const enum tatu_lease6_state state = client->state;
    const uint64_t elapsed_cs = client->tries == 0 ? 0 : (now_ms - client->asked_at_ms) / 10;
    const bool all = state == TATU_LEASE6_SOLICITING || state == TATU_LEASE6_INFORMING ||
                     state == TATU_LEASE6_REBINDING;
    out->send = true;
    out->ask = (struct tatu_dhcp6_ask){
        .type = exchanges[state].type,
        .has_ia = state != TATU_LEASE6_INFORMING,
        .has_address = state != TATU_LEASE6_INFORMING && state != TATU_LEASE6_SOLICITING,
        .elapsed_cs = elapsed_cs > UINT16_MAX ? UINT16_MAX : (uint16_t)elapsed_cs,
    };
    memcpy(out->ask.address, client->lease.address, sizeof(out->ask.address));
    if (!all) {
        out->ask.server = client->lease.server;
    }
}

static void send_next(struct tatu_lease6_client *client, uint64_t now_ms, uint32_t random,
                      struct tatu_lease6_step *out)
{
    if (client->tries == 0) {
        client->asked_at_ms = now_ms;
    }
    fill_ask(client, now_ms, out);
    client->rt_ms = next_rt(client, random);
    client->tries++;
    const uint64_t again_ms = now_ms + client->rt_ms, limit_ms = limit_of(client);
    out->next_ms = again_ms < limit_ms ? again_ms : limit_ms;
}

static void begin(struct tatu_lease6_client *client, uint32_t random)
{
    client->who.xid = random & TATU_DHCP6_XID_MASK;
    client->tries = 0;
    client->has_offer = false;
    client->preference = 0;
}

/* ---- the table at work ---- */

static uint64_t wait_ms(const struct tatu_lease6_client *client, uint32_t random)
{
    const uint32_t shift = client->failures < 8 ? client->failures : 8;
    const uint64_t ms = (uint64_t)FAILED_FIRST_MS << shift;
    return spread(ms < FAILED_MAX_MS ? ms : FAILED_MAX_MS, random, true);
}

static void take_event(struct tatu_lease6_client *client, enum event event, uint64_t now_ms,
                       uint32_t random, struct tatu_lease6_step *out)
{
    const enum action action = table[client->state][event].action;
    *out = (struct tatu_lease6_step){.send = false};
    if (action == IGNORE) {
        return;
    }
    client->state = table[client->state][event].next;
    out->drop = action == LOSE || action == LOSE_AND_ASK;
    switch (action) {
    case ASK:
    case LOSE:
    case LOSE_AND_ASK:
        begin(client, random);
        send_next(client, now_ms, random, out);
        break;
    case REPEAT:
        send_next(client, now_ms, random, out);
        break;
    case WAIT:
        begin(client, random);
        out->next_ms = now_ms + wait_ms(client, random);
        client->failures++;
        break;
    case BIND:
        client->failures = 0;
        client->bound_at_ms = client->asked_at_ms;
        out->apply = true;
        out->next_ms = limit_of(client);
        break;
    case STOP:
    case IGNORE:
        break;
    }
}

void tatu_netd_start_lease6(struct tatu_lease6_client *client, const struct tatu_dhcp6_duid *duid,
                            uint32_t iaid, bool address, uint64_t now_ms, uint32_t random,
                            struct tatu_lease6_step *out)
{
    *client = (struct tatu_lease6_client){
        .who = {.duid = *duid, .iaid = iaid},
        .state = address ? TATU_LEASE6_SOLICITING : TATU_LEASE6_INFORMING,
        .solicit_max_ms = exchanges[TATU_LEASE6_SOLICITING].max_ms,
        .information_max_ms = exchanges[TATU_LEASE6_INFORMING].max_ms,
    };
    begin(client, random);
    *out = (struct tatu_lease6_step){.next_ms = now_ms + 1 + random % DELAY_MAX_MS};
}

static enum event time_event(const struct tatu_lease6_client *client, uint64_t now_ms)
{
    const uint32_t tries = exchanges[client->state].tries;
    const bool ours = client->state == TATU_LEASE6_BOUND || client->state == TATU_LEASE6_RENEWING ||
                      client->state == TATU_LEASE6_REBINDING;
    if (client->state == TATU_LEASE6_SOLICITING && client->has_offer) {
        return EVENT_OFFER;
    }
    if (!ours) {
        return tries != 0 && client->tries >= tries ? EVENT_LOST : EVENT_AGAIN;
    }
    if (now_ms >= after(client, client->lease.valid_s)) {
        return EVENT_LOST;
    }
    if (client->state != TATU_LEASE6_REBINDING &&
        now_ms >= after(client, rebind_s(&client->lease))) {
        return EVENT_REBIND;
    }
    return client->state == TATU_LEASE6_BOUND ? EVENT_RENEW : EVENT_AGAIN;
}

void tatu_netd_wake_lease6(struct tatu_lease6_client *client, uint64_t now_ms, uint32_t random,
                           struct tatu_lease6_step *out)
{
    take_event(client, time_event(client, now_ms), now_ms, random, out);
}

/* ---- answers ---- */

static bool is_same_server(const struct tatu_lease6_client *client,
                           const struct tatu_dhcp6_answer *answer)
{
    const struct tatu_dhcp6_duid *ours = &client->lease.server;
    const struct tatu_dhcp6_duid *theirs = &answer->lease.server;
    return ours->len == theirs->len && memcmp(ours->bytes, theirs->bytes, ours->len) == 0;
}

static void take_limits(struct tatu_lease6_client *client, const struct tatu_dhcp6_answer *answer)
{
    if (answer->solicit_max_s >= MAX_RT_MIN_S && answer->solicit_max_s <= MAX_RT_MAX_S) {
        client->solicit_max_ms = (uint64_t)answer->solicit_max_s * 1000;
    }
    if (answer->information_max_s >= MAX_RT_MIN_S && answer->information_max_s <= MAX_RT_MAX_S) {
        client->information_max_ms = (uint64_t)answer->information_max_s * 1000;
    }
}

/* Within the first time for answers the best offer counts, unless one must be taken; then any. */
static void take_offer(struct tatu_lease6_client *client, const struct tatu_dhcp6_answer *answer,
                       uint64_t now_ms, uint32_t random, struct tatu_lease6_step *out)
{
    const bool good = answer->status == TATU_DHCP6_SUCCESS && answer->lease.has_address;
    if (!good || client->tries == 0 ||
        (client->has_offer && answer->preference <= client->preference)) {
        return;
    }
    client->has_offer = true;
    client->preference = answer->preference;
    client->lease = answer->lease;
    if (client->tries > 1 || answer->preference == UINT8_MAX) {
        take_event(client, EVENT_OFFER, now_ms, random, out);
    }
}

/* A reply to a Renew or Rebind may give another address: then the old one is given up first. */
static void take_lease(struct tatu_lease6_client *client, const struct tatu_dhcp6_answer *answer,
                       uint64_t now_ms, uint32_t random, struct tatu_lease6_step *out)
{
    const bool other =
        (client->state == TATU_LEASE6_RENEWING || client->state == TATU_LEASE6_REBINDING) &&
        memcmp(client->lease.address, answer->lease.address, sizeof(answer->lease.address)) != 0;
    client->lease = answer->lease;
    take_event(client, EVENT_REPLY, now_ms, random, out);
    out->drop = other;
}

static void take_reply(struct tatu_lease6_client *client, const struct tatu_dhcp6_answer *answer,
                       uint64_t now_ms, uint32_t random, struct tatu_lease6_step *out)
{
    const bool any =
        client->state == TATU_LEASE6_INFORMING || client->state == TATU_LEASE6_REBINDING;
    const bool gives = client->state == TATU_LEASE6_REQUESTING ||
                       client->state == TATU_LEASE6_RENEWING ||
                       client->state == TATU_LEASE6_REBINDING;
    if ((!any && !is_same_server(client, answer)) || answer->status == TATU_DHCP6_FAIL) {
        return; /* not of who was asked; or it asks for patience */
    }
    if (client->state == TATU_LEASE6_INFORMING) {
        client->lease = answer->lease;
        client->lease.has_address = false;
        take_event(client, EVENT_REPLY, now_ms, random, out);
    } else if (gives && answer->status == TATU_DHCP6_SUCCESS && answer->lease.has_address) {
        take_lease(client, answer, now_ms, random, out);
    } else {
        take_event(client, EVENT_NOTHING, now_ms, random, out);
    }
}

void tatu_netd_answer_lease6(struct tatu_lease6_client *client,
                             const struct tatu_dhcp6_answer *answer, uint64_t now_ms,
                             uint32_t random, struct tatu_lease6_step *out)
{
    *out = (struct tatu_lease6_step){.send = false};
    if (answer->type == TATU_DHCP6_ADVERTISE && client->state == TATU_LEASE6_SOLICITING) {
        take_limits(client, answer);
        take_offer(client, answer, now_ms, random, out);
    } else if (answer->type == TATU_DHCP6_REPLY) {
        take_limits(client, answer);
        take_reply(client, answer, now_ms, random, out);
    }
}

void tatu_netd_decline_lease6(struct tatu_lease6_client *client, uint64_t now_ms, uint32_t random,
                              struct tatu_lease6_step *out)
{
    take_event(client, EVENT_TAKEN, now_ms, random, out);
}

void tatu_netd_release_lease6(struct tatu_lease6_client *client, uint64_t now_ms, uint32_t random,
                              struct tatu_lease6_step *out)
{
    take_event(client, EVENT_UNWANTED, now_ms, random, out);
}
