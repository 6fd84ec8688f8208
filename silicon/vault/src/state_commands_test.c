#include "command_fixture.h"

static void info_says_what_the_chip_is(void **state)
{
    (void)state;
    struct tatu_vault_info info;
    uint8_t key[64];
    fake_chip_burn_floor(world->chip, TATU_FUSE_FLOOR_OS, 33);
    world->chip->uptime_ms = 0x1122334455ull;
    assert_int_equal(ask(MONITOR, TATU_VAULT_GET_INFO, NOTHING), TATU_OK);
    assert_int_equal(tatu_proto_decode_info(answer, &info), TATU_OK);
    fake_public(world->chip->secrets[0], key);
    assert_memory_equal(info.device_id, key, 64);
    fake_public(world->chip->secrets[1], key);
    assert_memory_equal(info.attestation, key, 64);
    assert_int_equal(info.implementation[31], 29); /* what fake_chip_provision burns */
    assert_int_equal(info.floors[TATU_FUSE_FLOOR_OS], 33);
    assert_int_equal(info.boot_count, 1);
    assert_int_equal(info.uptime_ms, 0x1122334455ull);
    assert_int_equal(info.lifecycle, 1);
    assert_int_equal(info.board_class, 1);
    assert_int_equal(info.tenant[0] | info.owner_key[0], 0);
}

/* ---- lifecycle ---- */

static void lifecycle_only_rises(void **state)
{
    (void)state;
    static const struct {
        uint32_t word;
        enum tatu_err err;
        uint32_t after;
    } rows[] = {
        {4, TATU_ERR_ARGUMENT, 1},
        {0x80000001, TATU_ERR_ARGUMENT, 1},
        {0, TATU_ERR_LIFECYCLE, 1},
        {2, TATU_ERR_LIFECYCLE, 1},
        {1, TATU_OK, 1},
        {3, TATU_OK, 3},
        {1, TATU_ERR_LIFECYCLE, 3},
        {3, TATU_OK, 3},
    };
    end_boot();
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(ask_word(NORMAL, TATU_VAULT_SET_LIFECYCLE, rows[i].word), rows[i].err);
        assert_int_equal(world->chip->fuses[TATU_FUSE_LIFECYCLE / 4], rows[i].after);
        assert_int_equal(vault.evidence.lifecycle, rows[i].after);
    }
}

static void a_lifecycle_that_does_not_burn_is_an_error(void **state)
{
    (void)state;
    end_boot();
    world->chip->weak_fuse = TATU_FUSE_LIFECYCLE + 1;
    assert_int_equal(ask_word(NORMAL, TATU_VAULT_SET_LIFECYCLE, 3), TATU_ERR_IO);
    assert_int_equal(vault.evidence.lifecycle, 1);
}

/* ---- capabilities ---- */

static void check_state(uint32_t lifecycle, uint32_t stored, uint32_t session)
{
    assert_int_equal(ask(NORMAL, TATU_VAULT_GET_STATE, NOTHING), TATU_OK);
    assert_int_equal(answer.len, 12);
    assert_int_equal(tatu_get_le32(answer.data), lifecycle);
    assert_int_equal(tatu_get_le32(answer.data + 4), stored);
    assert_int_equal(tatu_get_le32(answer.data + 8), session);
    assert_int_equal(vault.evidence.capabilities, stored | session);
}

static void start_owned(void)
{
    end_boot();
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
}

static void each_number_opens_its_own_debug_port(void **state)
{
    (void)state;
    static const uint32_t ports[14] = {
        [TATU_CAPABILITY_DEBUG_VAULT] = TATU_DEBUG_VAULT,
        [TATU_CAPABILITY_DEBUG_ACORE] = TATU_DEBUG_ACORE,
        [TATU_CAPABILITY_GDB_ACORE] = TATU_DEBUG_ACORE,
        [TATU_CAPABILITY_DEBUG_RT0] = TATU_DEBUG_RT0,
        [TATU_CAPABILITY_DEBUG_RT1] = TATU_DEBUG_RT1,
    };
    start_owned();
    assert_int_equal(world->chip->debug, 0);
    for (uint32_t number = 1; number <= 13; number++) {
        bool exists = number != TATU_CAPABILITY_DEBUG_WIFI &&
                      number != TATU_CAPABILITY_SLT_LOADER && number != TATU_CAPABILITY_RF_TEST;
        uint32_t before = world->chip->debug;
        assert_int_equal(set_capability(0, number, world->owner),
                         exists ? TATU_OK : TATU_ERR_CAPABILITY);
        assert_int_equal(world->chip->debug, exists ? ports[number] : before);
        assert_int_equal(vault.evidence.debug_open, world->chip->debug != 0);
    }
}

/* MAKE_EVIDENCE, CLAIM and SIGN_TLS of the daily keys there are; COMMIT_KEY of a pending one. */
static void check_signing(enum tatu_err err)
{
    static const uint8_t bytes[32];
    assert_int_equal(ask(NORMAL, TATU_VAULT_MAKE_EVIDENCE, TATU_SPAN_OF(bytes)), err);
    assert_int_equal(claim(7, world->owner, 2), err);
    assert_int_equal(ask_key(TATU_VAULT_SIGN_TLS, TATU_KEY_UPDATE, 0, 0, TATU_SPAN_OF(bytes)), err);
}

static void an_open_vault_core_does_not_sign_as_the_device(void **state)
{
    (void)state;
    uint8_t key[64];
    start_owned();
    assert_int_equal(make_key(TATU_KEY_UPDATE, 0, 0, key), TATU_OK);
    assert_int_equal(ask_key(TATU_VAULT_COMMIT_KEY, TATU_KEY_UPDATE, 0, 0, NOTHING), TATU_OK);
    assert_int_equal(make_key(TATU_KEY_TENANT, 7, 1, key), TATU_OK);
    assert_int_equal(make_key(TATU_KEY_TENANT, 7, 2, key), TATU_OK);
    check_signing(TATU_OK);
    assert_int_equal(set_capability(0, TATU_CAPABILITY_DEBUG_ACORE, world->owner), TATU_OK);
    check_signing(TATU_OK); /* another core's port takes nothing */
    assert_int_equal(set_capability(1, TATU_CAPABILITY_DEBUG_VAULT, world->owner), TATU_OK);
    check_signing(TATU_ERR_NOT_FOUND);
    assert_int_equal(ask_key(TATU_VAULT_COMMIT_KEY, TATU_KEY_TENANT, 7, 1, NOTHING),
                     TATU_ERR_NOT_FOUND);
    static const uint8_t none = 0;
    assert_int_equal(ask(MONITOR, TATU_VAULT_MEASURE_APPS, (struct tatu_span){&none, 1}), TATU_OK);
    boot_again(); /* stored: before the monitor runs */
    assert_int_equal(make_key(TATU_KEY_UPDATE, 0, 0, key), TATU_OK);
    assert_int_equal(ask_key(TATU_VAULT_COMMIT_KEY, TATU_KEY_UPDATE, 0, 0, NOTHING), TATU_OK);
    assert_int_equal(ask(NORMAL, TATU_VAULT_DROP_CAPABILITY, NOTHING), TATU_OK);
    assert_int_equal(claim(7, world->owner, 2), TATU_ERR_NOT_FOUND); /* until it starts anew */
    boot_again();
    assert_int_equal(claim(7, world->owner, 2), TATU_OK);
}

static void a_capability_of_the_session_ends_with_it(void **state)
{
    (void)state;
    start_owned();
    assert_int_equal(set_capability(0, TATU_CAPABILITY_DEBUG_ACORE, world->owner), TATU_OK);
    check_state(1, 0, 1u << 3);
    boot_again();
    check_state(1, 0, 0);
    assert_int_equal(world->chip->debug, 0);
}

static void a_stored_capability_stays_until_it_is_dropped(void **state)
{
    (void)state;
    start_owned();
    assert_int_equal(set_capability(1, TATU_CAPABILITY_DEBUG_RT0, world->owner), TATU_OK);
    assert_int_equal(set_capability(0, TATU_CAPABILITY_FIELD_SERVICING, world->owner), TATU_OK);
    check_state(1, 1u << 6, 1u << 13);
    assert_int_equal(ask_word(NORMAL, TATU_VAULT_SET_LIFECYCLE, 3), TATU_OK);
    boot_again();
    check_state(3, 1u << 6, 0);
    assert_int_equal(world->chip->debug, TATU_DEBUG_RT0); /* open before the monitor runs */
    assert_true(vault.evidence.debug_open);
    assert_int_equal(set_capability(1, TATU_CAPABILITY_APP_DEVELOPMENT, world->owner), TATU_OK);
    check_state(3, 1u << 11, 0); /* a file says all, not one more */
    assert_int_equal(set_capability(0, TATU_CAPABILITY_DEBUG_RT1, world->owner), TATU_OK);
    assert_int_equal(ask(NORMAL, TATU_VAULT_DROP_CAPABILITY, NOTHING), TATU_OK);
    check_state(3, 0, 0);
    assert_int_equal(world->chip->debug, 0);
    boot_again();
    check_state(3, 0, 0);
}

static void a_dropped_capability_does_not_come_back_with_an_older_memory(void **state)
{
    (void)state;
    uint8_t before[TATU_MAP_VNVM_SIZE];
    start_owned();
    assert_int_equal(set_capability(1, TATU_CAPABILITY_DEBUG_ACORE, world->owner), TATU_OK);
    memcpy(before, world->chip->nvm, sizeof(before));
    assert_int_equal(ask(NORMAL, TATU_VAULT_DROP_CAPABILITY, NOTHING), TATU_OK);
    memcpy(world->chip->nvm, before, sizeof(before));
    boot_again();
    check_state(1, 0, 0);
    assert_true(vault.record.claimed);
}

static enum tatu_err give_file(struct tatu_span body, uint16_t type, EVP_PKEY *signer, size_t flip)
{
    uint8_t request[4 + 1024] = {0};
    size_t len = fake_pack(type, 0, body, signer, request + 4, 1024);
    request[4 + flip % len] ^= flip < len ? 1 : 0;
    return ask(NORMAL, TATU_VAULT_SET_CAPABILITY, (struct tatu_span){request, 4 + len});
}

static void a_capability_file_must_be_right(void **state)
{
    (void)state;
    const size_t none = SIZE_MAX;
    uint8_t file[TATU_CAPABILITY_SIZE + 1] = {0};
    uint8_t other[64] = {1};
    struct tatu_buf buf = TATU_BUF_OF(file);
    struct tatu_span body = {file, TATU_CAPABILITY_SIZE};
    end_boot();
    assert_int_equal(tatu_proto_encode_capability(1u << 3, vault.evidence.device_id, &buf),
                     TATU_OK);
    assert_int_equal(give_file(body, TATU_IMAGE_CAPABILITY, world->owner, none), TATU_ERR_DENIED);
    assert_int_equal(claim(7, world->owner, 1), TATU_OK);
    assert_int_equal(give_file(body, TATU_IMAGE_CAPABILITY, world->release, none),
                     TATU_ERR_SIGNATURE);
    assert_int_equal(give_file(body, TATU_IMAGE_APPLICATION, world->owner, none), TATU_ERR_TYPE);
    for (size_t at = 0; at < TATU_CAPABILITY_SIZE; at++) {
        assert_int_equal(give_file(body, TATU_IMAGE_CAPABILITY, world->owner, at),
                         TATU_ERR_SIGNATURE);
    }
    body.len++;
    assert_int_equal(give_file(body, TATU_IMAGE_CAPABILITY, world->owner, none), TATU_ERR_LONG);
    body.len -= 2;
    assert_int_equal(give_file(body, TATU_IMAGE_CAPABILITY, world->owner, none), TATU_ERR_SHORT);
    body.len++;
    file[4] = 2;
    assert_int_equal(give_file(body, TATU_IMAGE_CAPABILITY, world->owner, none), TATU_ERR_VERSION);
    file[4] = 1;
    file[0] ^= 1;
    assert_int_equal(give_file(body, TATU_IMAGE_CAPABILITY, world->owner, none), TATU_ERR_FORMAT);
    buf.len = 0;
    assert_int_equal(tatu_proto_encode_capability(1u << 3, other, &buf), TATU_OK);
    assert_int_equal(give_file(body, TATU_IMAGE_CAPABILITY, world->owner, none), TATU_ERR_FOREIGN);
    check_state(1, 0, 0);
    assert_int_equal(world->chip->debug, 0);
}

static void a_capability_request_must_be_right(void **state)
{
    (void)state;
    uint8_t request[512];
    start_owned();
    memset(request, 0x5a, sizeof(request));
    for (uint32_t store = 2; store != 0; store <<= 1) {
        tatu_put_le32(request, store);
        assert_int_equal(ask(NORMAL, TATU_VAULT_SET_CAPABILITY, TATU_SPAN_OF(request)),
                         TATU_ERR_ARGUMENT);
    }
    tatu_put_le32(request, 0);
    assert_int_equal(ask(NORMAL, TATU_VAULT_SET_CAPABILITY, TATU_SPAN_OF(request)), TATU_ERR_LONG);
    assert_int_equal(ask(NORMAL, TATU_VAULT_SET_CAPABILITY, (struct tatu_span){request, 5}),
                     TATU_ERR_SHORT);
}

static void a_capability_that_cannot_be_kept_opens_nothing(void **state)
{
    (void)state;
    start_owned();
    world->chip->power_left = 0;
    assert_int_equal(set_capability(1, TATU_CAPABILITY_DEBUG_ACORE, world->owner), TATU_ERR_IO);
    check_state(1, 0, 0);
    assert_int_equal(world->chip->debug, 0);
    world->chip->is_off = false;
    world->chip->power_left = -1;
    assert_int_equal(set_capability(1, TATU_CAPABILITY_DEBUG_ACORE, world->owner), TATU_OK);
    world->chip->power_left = 0;
    assert_int_equal(ask(NORMAL, TATU_VAULT_DROP_CAPABILITY, NOTHING), TATU_ERR_IO);
    check_state(1, 1u << 3, 0);
}

static void recovery_forgets_capabilities_and_ticket(void **state)
{
    (void)state;
    start_owned();
    assert_int_equal(set_capability(1, TATU_CAPABILITY_DEBUG_ACORE, world->owner), TATU_OK);
    vault.record.grace_s = 7200;
    assert_int_equal(ask(MONITOR, TATU_VAULT_DROP_CAPABILITY, NOTHING), TATU_OK);
    assert_int_equal(vault.record.grace_s, 7200);
    vault.evidence.mode = TATU_BOOT_RECOVERY;
    assert_int_equal(ask(MONITOR, TATU_VAULT_DROP_CAPABILITY, NOTHING), TATU_OK);
    boot_again();
    check_state(1, 0, 0);
    assert_int_equal(vault.record.grace_s, 0);
    assert_true(vault.record.claimed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOTED(info_says_what_the_chip_is),
        BOOTED(lifecycle_only_rises),
        BOOTED(a_lifecycle_that_does_not_burn_is_an_error),
        BOOTED(each_number_opens_its_own_debug_port),
        BOOTED(an_open_vault_core_does_not_sign_as_the_device),
        BOOTED(a_capability_of_the_session_ends_with_it),
        BOOTED(a_stored_capability_stays_until_it_is_dropped),
        BOOTED(a_dropped_capability_does_not_come_back_with_an_older_memory),
        BOOTED(a_capability_file_must_be_right),
        BOOTED(a_capability_request_must_be_right),
        BOOTED(a_capability_that_cannot_be_kept_opens_nothing),
        BOOTED(recovery_forgets_capabilities_and_ticket),
    };
    return cmocka_run_group_tests_name("vault state commands", tests, NULL, NULL);
}
