#include "command_fixture.h"

static enum tatu_err set_time(EVP_PKEY *key, const char *aad, const uint8_t nonce[32],
                              uint64_t at_s)
{
    struct tatu_signed_time signed_time = {.unix_s = at_s};
    uint8_t payload[64];
    struct tatu_buf buf = TATU_BUF_OF(payload);
    memcpy(signed_time.nonce, nonce, 32);
    assert_int_equal(tatu_proto_encode_time(&signed_time, &buf), TATU_OK);
    return ask_signed(TATU_VAULT_SET_TIME, key, aad, (struct tatu_span){payload, buf.len});
}

static void time_needs_the_key_the_nonce_and_the_floor(void **state)
{
    (void)state;
    uint8_t nonce[32] = {0};
    uint8_t older[32];
    end_boot();
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1000), TATU_ERR_REPLAY);
    get_nonce(TATU_VAULT_TIME_NONCE, older);
    get_nonce(TATU_VAULT_TIME_NONCE, nonce);
    assert_int_equal(set_time(world->owner, TATU_COSE_AAD_TIME, nonce, 1000), TATU_ERR_SIGNATURE);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_CLAIM, nonce, 1000),
                     TATU_ERR_SIGNATURE);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, older, 1000), TATU_ERR_REPLAY);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1000), TATU_OK);
    assert_int_equal(tatu_get_le64(answer.data), 1000);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1001), TATU_ERR_REPLAY);
    get_nonce(TATU_VAULT_TIME_NONCE, nonce);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 999), TATU_ERR_CLOCK);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1002), TATU_ERR_REPLAY);
    const uint8_t junk[3] = {1, 2, 3};
    assert_int_equal(ask(NORMAL, TATU_VAULT_SET_TIME, TATU_SPAN_OF(junk)), TATU_ERR_FORMAT);
}

static void signed_time_that_was_held_back_is_refused(void **state)
{
    (void)state;
    uint8_t nonce[32];
    end_boot();
    world->chip->uptime_ms = 5000;
    get_nonce(TATU_VAULT_TIME_NONCE, nonce);
    world->chip->uptime_ms += TATU_VAULT_NONCE_LIFE_MS + 1;
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1000), TATU_ERR_REPLAY);
    get_nonce(TATU_VAULT_TIME_NONCE, nonce);
    world->chip->uptime_ms += TATU_VAULT_NONCE_LIFE_MS;
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1000), TATU_OK);
}

static void time_floor_outlives_the_power(void **state)
{
    (void)state;
    uint8_t nonce[32];
    end_boot();
    get_nonce(TATU_VAULT_TIME_NONCE, nonce);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 0x200000000ull), TATU_OK);
    assert_int_equal(tatu_get_le64(answer.data), 0x200000000ull);
    assert_true(fake_world_boot(world, &vault));
    end_boot();
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 0x200000001ull),
                     TATU_ERR_REPLAY);
    get_nonce(TATU_VAULT_TIME_NONCE, nonce);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 0x1ffffffffull),
                     TATU_ERR_CLOCK);
}

static void time_moves_by_bounded_steps(void **state)
{
    (void)state;
    const uint64_t step = 5ull * 31557600;
    const uint64_t first = 1800000000;
    static const struct {
        uint64_t ahead;
        uint64_t moved;
    } rows[] = {{0, 0},
                {1, 1},
                {157788000, 157788000},
                {157788001, 157788000},
                {UINT64_MAX / 2, 157788000}};
    uint8_t nonce[32];
    assert_int_equal(step, 157788000);
    end_boot();
    get_nonce(TATU_VAULT_TIME_NONCE, nonce);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, first), TATU_OK);
    uint64_t floor = first;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        get_nonce(TATU_VAULT_TIME_NONCE, nonce);
        assert_int_equal(
            set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, floor + rows[i].ahead), TATU_OK);
        floor += rows[i].moved;
        assert_int_equal(tatu_get_le64(answer.data), floor);
        assert_int_equal(vault.record.time_floor_s, floor);
    }
}

static void time_that_cannot_be_kept_does_not_count(void **state)
{
    (void)state;
    uint8_t nonce[32];
    end_boot();
    get_nonce(TATU_VAULT_TIME_NONCE, nonce);
    world->chip->power_left = 0;
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 1000), TATU_ERR_IO);
    assert_int_equal(vault.record.time_floor_s, 0);
}

/* Whatever is signed, by the right key, is read as strictly as if it were not. */
static void each_order_that_is_cut_off_is_short(void **state)
{
    (void)state;
    const uint8_t cut[1] = {0xa2}; /* two claims, and then nothing */
    const uint8_t cut3[1] = {0xa3};
    end_boot();
    assert_int_equal(
        ask_signed(TATU_VAULT_SET_TIME, world->time_key, TATU_COSE_AAD_TIME, TATU_SPAN_OF(cut)),
        TATU_ERR_SHORT);
    assert_int_equal(ask_signed(TATU_VAULT_SET_TICKET, world->director, TATU_COSE_AAD_TICKET,
                                TATU_SPAN_OF(cut3)),
                     TATU_ERR_SHORT);
    assert_int_equal(
        ask_signed(TATU_VAULT_CONFIRM, world->release, TATU_COSE_AAD_CONFIRM, TATU_SPAN_OF(cut)),
        TATU_ERR_SHORT);
    assert_int_equal(
        ask(NORMAL, TATU_VAULT_CONFIRM, (struct tatu_span){(const uint8_t *)"\xd2", 1}),
        TATU_ERR_SHORT);
}

/* ---- ticket ---- */

static enum tatu_err set_ticket(EVP_PKEY *key, const char *aad, const uint8_t nonce[32],
                                uint8_t device_flip, uint32_t grace_s)
{
    struct tatu_ticket ticket = {.grace_s = grace_s};
    uint8_t payload[160];
    struct tatu_buf buf = TATU_BUF_OF(payload);
    memcpy(ticket.nonce, nonce, 32);
    memcpy(ticket.device_id, vault.evidence.device_id, 64);
    ticket.device_id[63] ^= device_flip;
    assert_int_equal(tatu_proto_encode_ticket(&ticket, &buf), TATU_OK);
    return ask_signed(TATU_VAULT_SET_TICKET, key, aad, (struct tatu_span){payload, buf.len});
}

static void check_ticket(uint32_t grace_s, uint32_t boots)
{
    assert_int_equal(ask(MONITOR, TATU_VAULT_GET_TICKET, NOTHING), TATU_OK);
    assert_int_equal(answer.len, 8);
    assert_int_equal(tatu_get_le32(answer.data), grace_s);
    assert_int_equal(tatu_get_le32(answer.data + 4), boots);
}

static void a_ticket_needs_director_device_and_nonce(void **state)
{
    (void)state;
    uint8_t nonce[32];
    uint8_t time_nonce[32];
    const char *aad = TATU_COSE_AAD_TICKET;
    EVP_PKEY *director = world->director;
    const uint8_t junk[3] = {1, 2, 3};
    end_boot();
    get_nonce(TATU_VAULT_TIME_NONCE, time_nonce);
    assert_int_equal(set_ticket(director, aad, time_nonce, 0, 600), TATU_ERR_REPLAY);
    get_nonce(TATU_VAULT_TICKET_NONCE, nonce);
    assert_int_equal(set_time(world->time_key, TATU_COSE_AAD_TIME, nonce, 9), TATU_ERR_REPLAY);
    assert_int_equal(set_ticket(world->time_key, aad, nonce, 0, 600), TATU_ERR_SIGNATURE);
    assert_int_equal(set_ticket(director, TATU_COSE_AAD_TIME, nonce, 0, 600), TATU_ERR_SIGNATURE);
    assert_int_equal(set_ticket(director, aad, nonce, 1, 600), TATU_ERR_FOREIGN);
    assert_int_equal(set_ticket(director, aad, time_nonce, 0, 600), TATU_ERR_REPLAY);
    assert_int_equal(ask(NORMAL, TATU_VAULT_SET_TICKET, TATU_SPAN_OF(junk)), TATU_ERR_FORMAT);
    check_ticket(0, 1);
    assert_int_equal(set_ticket(director, aad, nonce, 0, 600), TATU_OK);
    assert_int_equal(answer.len, 4);
    assert_int_equal(tatu_get_le32(answer.data), 600);
    check_ticket(600, 0);
    assert_int_equal(set_ticket(director, aad, nonce, 0, 700), TATU_ERR_REPLAY);
    get_nonce(TATU_VAULT_TICKET_NONCE, nonce);
    world->chip->uptime_ms += TATU_VAULT_NONCE_LIFE_MS + 1;
    assert_int_equal(set_ticket(director, aad, nonce, 0, 700), TATU_ERR_REPLAY);
    check_ticket(600, 0);
}

static void a_ticket_with_a_grace_that_may_not_be_is_refused(void **state)
{
    (void)state;
    uint8_t nonce[32];
    uint8_t payload[160];
    struct tatu_buf buf = TATU_BUF_OF(payload);
    struct tatu_ticket ticket = {.grace_s = TATU_TICKET_GRACE_MAX_S};
    end_boot();
    get_nonce(TATU_VAULT_TICKET_NONCE, nonce);
    memcpy(ticket.nonce, nonce, 32);
    memcpy(ticket.device_id, vault.evidence.device_id, 64);
    assert_int_equal(tatu_proto_encode_ticket(&ticket, &buf), TATU_OK);
    payload[buf.len - 1]++;
    assert_int_equal(ask_signed(TATU_VAULT_SET_TICKET, world->director, TATU_COSE_AAD_TICKET,
                                (struct tatu_span){payload, buf.len}),
                     TATU_ERR_FORMAT);
}

static void arm(uint32_t grace_s)
{
    uint8_t nonce[32];
    get_nonce(TATU_VAULT_TICKET_NONCE, nonce);
    assert_int_equal(set_ticket(world->director, TATU_COSE_AAD_TICKET, nonce, 0, grace_s), TATU_OK);
}

static void boots_count_from_the_last_ticket(void **state)
{
    (void)state;
    end_boot();
    arm(7200);
    for (uint32_t boots = 1; boots <= 42; boots++) {
        boot_again();
        assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_GOOD, NOTHING), TATU_OK);
        check_ticket(7200, boots);
        assert_int_equal(vault.evidence.mode, boots > 40 ? TATU_BOOT_RENEW : TATU_BOOT_NORMAL);
    }
    arm(7200);
    boot_again();
    check_ticket(7200, 1);
    assert_int_equal(vault.evidence.mode, TATU_BOOT_NORMAL);
}

static void a_reset_by_the_renewal_watchdog_is_a_boot_to_renew(void **state)
{
    (void)state;
    end_boot();
    world->chip->reason = TATU_RESET_RENEWAL;
    boot_again(); /* not armed: whatever reset it, it was not that */
    assert_int_equal(vault.evidence.mode, TATU_BOOT_NORMAL);
    arm(600);
    boot_again();
    assert_int_equal(vault.evidence.mode, TATU_BOOT_RENEW);
    arm(0);
    boot_again();
    assert_int_equal(vault.evidence.mode, TATU_BOOT_NORMAL);
}

static void a_ticket_that_cannot_be_kept_does_not_count(void **state)
{
    (void)state;
    uint8_t nonce[32];
    end_boot();
    get_nonce(TATU_VAULT_TICKET_NONCE, nonce);
    world->chip->power_left = 0;
    assert_int_equal(set_ticket(world->director, TATU_COSE_AAD_TICKET, nonce, 0, 600), TATU_ERR_IO);
    check_ticket(0, 1);
}

/* ---- confirmation ---- */

static enum tatu_err confirm(EVP_PKEY *key, const char *aad, const uint32_t floors[4],
                             uint8_t implementation_flip)
{
    struct tatu_confirmation order;
    uint8_t payload[128];
    struct tatu_buf buf = TATU_BUF_OF(payload);
    memcpy(order.implementation, vault.evidence.implementation, 32);
    order.implementation[0] ^= implementation_flip;
    memcpy(order.floors, floors, sizeof(order.floors));
    assert_int_equal(tatu_proto_encode_confirmation(&order, &buf), TATU_OK);
    return ask_signed(TATU_VAULT_CONFIRM, key, aad, (struct tatu_span){payload, buf.len});
}

static void check_floors(uint32_t runtime, uint32_t monitor, uint32_t os, uint32_t keystore)
{
    const uint32_t wanted[] = {runtime, monitor, os, keystore};
    for (uint32_t floor = 0; floor < 4; floor++) {
        assert_int_equal(tatu_vault_floor(world->chip, floor), wanted[floor]);
    }
}

/* Runtime and monitor 40, device tree 50, kernel 33, root 60, keystore 40; booted and healthy. */
static void boot_release(bool good)
{
    fake_world_install(world, 0, 40);
    assert_true(fake_world_boot(world, &vault));
    measure(TATU_IMAGE_DTB, 50);
    measure(TATU_IMAGE_KERNEL, 33);
    measure(TATU_IMAGE_ROOT, 60);
    uint32_t at = TATU_MAP_FLASH_BASE + TATU_FLASH_KEYSTORE_AT;
    const uint8_t *slot = world->chip->flash + TATU_FLASH_KEYSTORE_AT;
    uint32_t len = tatu_get_le32(slot + TATU_FLASH_KEYSTORE_SIZE - 12);
    assert_int_equal(verify_at(at, len, TATU_IMAGE_KEYSTORE, TATU_VERIFY_MEASURE), TATU_OK);
    end_boot();
    assert_int_equal(good ? ask(MONITOR, TATU_VAULT_BOOT_GOOD, NOTHING) : TATU_OK, TATU_OK);
}

static void a_confirmation_raises_floors_to_what_booted(void **state)
{
    (void)state;
    static const struct {
        uint32_t floors[4];
        enum tatu_err err;
        uint32_t after[4];
    } rows[] = {
        {{1, 0, 0, 0}, TATU_OK, {1, 0, 0, 0}},
        {{41, 40, 33, 40}, TATU_ERR_ARGUMENT, {1, 0, 0, 0}},
        {{40, 41, 33, 40}, TATU_ERR_ARGUMENT, {1, 0, 0, 0}},
        {{40, 40, 34, 40}, TATU_ERR_ARGUMENT, {1, 0, 0, 0}},
        {{40, 40, 33, 41}, TATU_ERR_ARGUMENT, {1, 0, 0, 0}},
        {{39, 32, 31, 40}, TATU_OK, {39, 32, 31, 40}},
        {{39, 32, 31, 40}, TATU_OK, {39, 32, 31, 40}},
        {{0, 40, 33, 1}, TATU_OK, {39, 40, 33, 40}}, /* lower ones change nothing */
        {{40, 0, 0, 0}, TATU_OK, {40, 40, 33, 40}},
    };
    boot_release(true);
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(confirm(world->release, TATU_COSE_AAD_CONFIRM, rows[i].floors, 0),
                         rows[i].err);
        const uint32_t *after = rows[i].after;
        check_floors(after[0], after[1], after[2], after[3]);
        for (size_t n = 0; n < 4 && rows[i].err == TATU_OK; n++) {
            assert_int_equal(answer.len, 16);
            assert_int_equal(tatu_get_le32(answer.data + 4 * n), after[n]);
        }
    }
    /* what booted still does; the set of version 1 does not any more */
    boot_again();
    fake_world_install(world, 0, 39);
    assert_false(fake_world_boot(world, &vault));
}

static void a_confirmation_must_be_right(void **state)
{
    (void)state;
    const char *aad = TATU_COSE_AAD_CONFIRM;
    const uint32_t floors[4] = {2, 2, 2, 2};
    const uint8_t junk[3] = {1, 2, 3};
    boot_release(true);
    assert_int_equal(confirm(world->owner, aad, floors, 0), TATU_ERR_KEY_UNKNOWN);
    assert_int_equal(confirm(world->release, TATU_COSE_AAD_REFERENCE, floors, 0),
                     TATU_ERR_SIGNATURE);
    assert_int_equal(confirm(world->release, aad, floors, 1), TATU_ERR_FOREIGN);
    assert_int_equal(ask(NORMAL, TATU_VAULT_CONFIRM, TATU_SPAN_OF(junk)), TATU_ERR_FORMAT);
    assert_int_equal(ask_signed(TATU_VAULT_CONFIRM, world->release, aad, TATU_SPAN_OF(junk)),
                     TATU_ERR_FORMAT);
    vault.keystore.keys[0].usage = 0;
    assert_int_equal(confirm(world->release, aad, floors, 0), TATU_ERR_KEY_UNKNOWN);
    vault.keystore.keys[0].usage = TATU_KEY_USAGE_FIRMWARE;
    vault.keystore.keys[0].revoked = 1;
    assert_int_equal(confirm(world->release, aad, floors, 0), TATU_ERR_KEY_REVOKED);
    check_floors(0, 0, 0, 0);
}

static void a_confirmation_waits_for_a_healthy_boot(void **state)
{
    (void)state;
    const uint32_t floors[4] = {2, 2, 2, 2};
    boot_release(false);
    assert_int_equal(confirm(world->release, TATU_COSE_AAD_CONFIRM, floors, 0), TATU_ERR_STATE);
    assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_GOOD, NOTHING), TATU_OK);
    assert_int_equal(confirm(world->release, TATU_COSE_AAD_CONFIRM, floors, 0), TATU_OK);
    check_floors(2, 2, 2, 2);
}

static void what_was_not_measured_is_not_confirmed(void **state)
{
    (void)state;
    const uint32_t os[4] = {0, 0, 1, 0};
    const uint32_t keystore[4] = {0, 0, 0, 1};
    const uint32_t runtime[4] = {1, 1, 0, 0};
    measure(TATU_IMAGE_DTB, 5);
    measure(TATU_IMAGE_KERNEL, 5);
    end_boot();
    assert_int_equal(ask(MONITOR, TATU_VAULT_BOOT_GOOD, NOTHING), TATU_OK);
    assert_int_equal(confirm(world->release, TATU_COSE_AAD_CONFIRM, os, 0), TATU_ERR_ARGUMENT);
    assert_int_equal(confirm(world->release, TATU_COSE_AAD_CONFIRM, keystore, 0),
                     TATU_ERR_ARGUMENT);
    assert_int_equal(confirm(world->release, TATU_COSE_AAD_CONFIRM, runtime, 0), TATU_OK);
    check_floors(1, 1, 0, 0);
}

static void a_floor_that_does_not_burn_is_an_error(void **state)
{
    (void)state;
    const uint32_t floors[4] = {0, 0, 33, 0};
    boot_release(true);
    world->chip->weak_fuse = TATU_FUSE_FLOOR + 8 * TATU_FUSE_FLOOR_OS + 4 + 1;
    assert_int_equal(confirm(world->release, TATU_COSE_AAD_CONFIRM, floors, 0), TATU_ERR_IO);
    check_floors(0, 0, 32, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOTED(time_needs_the_key_the_nonce_and_the_floor),
        BOOTED(signed_time_that_was_held_back_is_refused),
        BOOTED(time_floor_outlives_the_power),
        BOOTED(time_moves_by_bounded_steps),
        BOOTED(time_that_cannot_be_kept_does_not_count),
        BOOTED(each_order_that_is_cut_off_is_short),
        BOOTED(a_ticket_needs_director_device_and_nonce),
        BOOTED(a_ticket_with_a_grace_that_may_not_be_is_refused),
        BOOTED(boots_count_from_the_last_ticket),
        BOOTED(a_reset_by_the_renewal_watchdog_is_a_boot_to_renew),
        BOOTED(a_ticket_that_cannot_be_kept_does_not_count),
        BOOTED(a_confirmation_raises_floors_to_what_booted),
        BOOTED(a_confirmation_must_be_right),
        BOOTED(a_confirmation_waits_for_a_healthy_boot),
        BOOTED(what_was_not_measured_is_not_confirmed),
        BOOTED(a_floor_that_does_not_burn_is_an_error),
    };
    return cmocka_run_group_tests_name("vault order commands", tests, NULL, NULL);
}
