/*
 * The power fails before each persistent operation of each flow, and then again before each one of
 * the boot that follows. What is left is the old state or the new one, it boots, and what may only
 * rise has not fallen.
 */
#include "command_fixture.h"

#include "record.h"

struct memory {
    uint32_t fuses[TATU_FUSE_SECRET_COMMAND / 4];
    uint64_t counters[TATU_FUSE_COUNTER_COUNT];
    uint8_t nvm[TATU_MAP_VNVM_SIZE];
};

static void keep(struct memory *out)
{
    memcpy(out->fuses, world->chip->fuses, sizeof(out->fuses));
    memcpy(out->counters, world->chip->counters, sizeof(out->counters));
    memcpy(out->nvm, world->chip->nvm, sizeof(out->nvm));
}

static void restore(const struct memory *memory)
{
    memcpy(world->chip->fuses, memory->fuses, sizeof(memory->fuses));
    memcpy(world->chip->counters, memory->counters, sizeof(memory->counters));
    memcpy(world->chip->nvm, memory->nvm, sizeof(memory->nvm));
}

/* What a flow may change, as the next boot finds it. */
struct state {
    bool claimed;
    uint32_t capabilities;
    uint32_t grace_s;
    uint64_t time_s;
    uint32_t lifecycle;
    uint32_t floors[4];
    uint64_t user;
    uint64_t storage;
    bool good; /* the next boot starts at attempt 0 */
};

static struct state find(void)
{
    struct state state = {
        .claimed = vault.record.claimed,
        .capabilities = vault.evidence.capabilities,
        .grace_s = vault.record.grace_s,
        .time_s = vault.record.time_floor_s,
        .lifecycle = vault.evidence.lifecycle,
        .user = world->chip->counters[TATU_FUSE_COUNTER_USER],
        .storage = world->chip->counters[TATU_FUSE_COUNTER_STORAGE],
    };
    for (uint32_t n = 0; n < 4; n++) {
        state.floors[n] = tatu_vault_floor(world->chip, n);
    }
    return state;
}

/* ---- flows: what they ask for, errors and all ---- */

static void order(uint16_t command, EVP_PKEY *key, const char *aad, const struct tatu_buf *payload)
{
    (void)ask_signed(command, key, aad, (struct tatu_span){payload->data, payload->len});
}

static void claim_it(void)
{
    (void)claim(7, world->owner, 1);
}
static void set_time(void)
{
    uint8_t payload[128];
    struct tatu_buf buf = TATU_BUF_OF(payload);
    struct tatu_signed_time at = {.unix_s = 1900000000};
    get_nonce(TATU_VAULT_TIME_NONCE, at.nonce);
    assert_int_equal(tatu_proto_encode_time(&at, &buf), TATU_OK);
    order(TATU_VAULT_SET_TIME, world->time_key, TATU_COSE_AAD_TIME, &buf);
}
static void set_ticket(void)
{
    uint8_t payload[160];
    struct tatu_buf buf = TATU_BUF_OF(payload);
    struct tatu_ticket ticket = {.grace_s = 7200};
    get_nonce(TATU_VAULT_TICKET_NONCE, ticket.nonce);
    memcpy(ticket.device_id, vault.evidence.device_id, 64);
    assert_int_equal(tatu_proto_encode_ticket(&ticket, &buf), TATU_OK);
    order(TATU_VAULT_SET_TICKET, world->director, TATU_COSE_AAD_TICKET, &buf);
}
static void confirm(void)
{
    uint8_t payload[128];
    struct tatu_buf buf = TATU_BUF_OF(payload);
    struct tatu_confirmation confirmation = {.floors = {40, 39, 0, 0}};
    memcpy(confirmation.implementation, vault.evidence.implementation, 32);
    assert_int_equal(tatu_proto_encode_confirmation(&confirmation, &buf), TATU_OK);
    order(TATU_VAULT_CONFIRM, world->release, TATU_COSE_AAD_CONFIRM, &buf);
}
static void store_capability(void)
{
    (void)set_capability(1, TATU_CAPABILITY_DEBUG_ACORE, world->owner);
}
static void drop_capability(void)
{
    (void)ask(NORMAL, TATU_VAULT_DROP_CAPABILITY, NOTHING);
}
static void complete(void)
{
    (void)ask_word(NORMAL, TATU_VAULT_SET_LIFECYCLE, 3);
}
static void boot_good(void)
{
    (void)ask(MONITOR, TATU_VAULT_BOOT_GOOD, NOTHING);
}
static void add_to_counters(void)
{
    const uint8_t add[2] = {0, 1};
    (void)ask(NORMAL, TATU_VAULT_COUNTER, TATU_SPAN_OF(add));
    (void)ask_word(MONITOR, TATU_VAULT_COUNT, 1);
}

static const struct flow {
    const char *name;
    void (*before[3])(void); /* makes the device it starts on */
    void (*run)(void);
    int cuts; /* persistent operations that it has */
} flows[] = {
    {"claim", {NULL}, claim_it, 3},
    {"time", {NULL}, set_time, 2},
    {"time of an owned device", {claim_it}, set_time, 2},
    {"ticket", {claim_it, set_time}, set_ticket, 2},
    {"capability", {claim_it, set_time, set_ticket}, store_capability, 3},
    {"no capability", {claim_it, store_capability}, drop_capability, 3},
    {"lifecycle", {claim_it}, complete, 1},
    {"confirmation", {boot_good}, confirm, 4},
    {"a healthy boot", {claim_it}, boot_good, 1},
    {"counters", {NULL}, add_to_counters, 2},
};

/* One of the two, or for floors something between. */
static void check_between(const struct state *before, const struct state *now,
                          const struct state *after)
{
    assert_true(now->claimed == before->claimed || now->claimed == after->claimed);
    assert_true(now->capabilities == before->capabilities ||
                now->capabilities == after->capabilities);
    assert_true(now->grace_s == before->grace_s || now->grace_s == after->grace_s);
    assert_true(now->time_s == before->time_s || now->time_s == after->time_s);
    assert_true(now->lifecycle == before->lifecycle || now->lifecycle == after->lifecycle);
    for (size_t n = 0; n < 4; n++) {
        assert_in_range(now->floors[n], before->floors[n], after->floors[n]);
    }
    assert_in_range(now->user, before->user, after->user);
    assert_in_range(now->storage, before->storage, after->storage);
    assert_true(now->good == before->good || now->good == after->good);
}

static struct state boot_and_find(void)
{
    boot_again();
    struct state now = find();
    now.good = tatu_vault_failed_boots(world->chip, vault.evidence.boot_count) == 0;
    return now;
}

/* From a memory: the power fails at `cut` of the flow (negative: not), then at `second` of the boot
 * behind it. Whether there was something to cut. */
static bool run(const struct flow *flow, const struct memory *memory, int cut, int second,
                struct state *out)
{
    restore(memory);
    boot_again();
    if (flow->before[0] == boot_good) {
        boot_good(); /* it is of this boot */
    }
    world->chip->power_left = cut;
    flow->run();
    bool was_cut = world->chip->is_off;
    fake_chip_reset(world->chip);
    if (second >= 0) {
        world->chip->power_left = second;
        struct tatu_vault_handover handover;
        uint8_t image[TATU_FLASH_VAULT_SIZE];
        const uint8_t code[4] = {0};
        if (tatu_vault_run_rom(world->chip, TATU_SPAN_OF(code), TATU_BUF_OF(image), &handover) ==
            TATU_VAULT_RUN) {
            (void)tatu_vault_start(world->chip, &handover, &vault);
        }
        was_cut = was_cut && world->chip->is_off;
    }
    *out = boot_and_find();
    return was_cut;
}

static void each_flow_leaves_the_old_or_the_new_state(void **state)
{
    (void)state;
    struct memory fresh;
    int cuts = 0;
    fake_world_install(world, 0, 40);
    fake_world_install(world, 1, 40);
    keep(&fresh);
    for (size_t i = 0; i < TATU_COUNT_OF(flows); i++) {
        const struct flow *flow = &flows[i];
        struct memory memory;
        struct state before;
        struct state after;
        struct state now;
        restore(&fresh);
        boot_again();
        for (size_t n = 0; n < TATU_COUNT_OF(flow->before) && flow->before[n] != NULL; n++) {
            flow->before[n]();
        }
        keep(&memory);
        assert_true(run(flow, &memory, 0, -1, &before));
        assert_false(run(flow, &memory, -1, -1, &after));
        for (int cut = 0; cut < flow->cuts; cut++) {
            assert_true(run(flow, &memory, cut, -1, &now));
            check_between(&before, &now, &after);
            cuts++;
            for (int second = 0; run(flow, &memory, cut, second, &now); second++) {
                check_between(&before, &now, &after);
                cuts++;
            }
        }
        assert_false(run(flow, &memory, flow->cuts, -1, &now)); /* there is no more to cut */
        print_message("  %s\n", flow->name);
    }
    print_message("  %d cuts\n", cuts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOTED(each_flow_leaves_the_old_or_the_new_state),
    };
    return cmocka_run_group_tests_name("vault power", tests, NULL, NULL);
}
