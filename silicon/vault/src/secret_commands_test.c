#include "command_fixture.h"

#include <openssl/hmac.h>

static void random_gives_what_was_asked_for_and_no_more(void **state)
{
    (void)state;
    uint8_t first[64];
    const uint8_t bad[][2] = {{0, 0}, {65, 0}, {0, 1}};
    for (size_t i = 0; i < TATU_COUNT_OF(bad); i++) {
        assert_int_equal(ask(MONITOR, TATU_VAULT_RANDOM, TATU_SPAN_OF(bad[i])), TATU_ERR_ARGUMENT);
    }
    const uint8_t five[2] = {5, 0};
    assert_int_equal(ask(MONITOR, TATU_VAULT_RANDOM, TATU_SPAN_OF(five)), TATU_OK);
    assert_int_equal(answer.len, 5);
    const uint8_t all[2] = {64, 0};
    assert_int_equal(ask(MONITOR, TATU_VAULT_RANDOM, TATU_SPAN_OF(all)), TATU_OK);
    memcpy(first, answer.data, 64);
    assert_int_equal(ask(MONITOR, TATU_VAULT_RANDOM, TATU_SPAN_OF(all)), TATU_OK);
    assert_memory_not_equal(first, answer.data, 64);
}

static void without_good_random_numbers_nothing_is_made(void **state)
{
    (void)state;
    uint8_t key[64];
    const uint8_t len[2] = {8, 0};
    uint8_t request[32] = {0};
    const uint32_t update = 1u << TATU_ENGINE_SLOT_UPDATE;
    end_boot();
    assert_int_equal(make_key(TATU_KEY_UPDATE, 0, 0, key), TATU_OK);
    assert_int_equal(ask_key(TATU_VAULT_COMMIT_KEY, TATU_KEY_UPDATE, 0, 0, NOTHING), TATU_OK);
    world->chip->random_fails = true;
    assert_int_equal(ask_key(TATU_VAULT_SIGN_TLS, TATU_KEY_UPDATE, 0, 0, TATU_SPAN_OF(request)),
                     TATU_ERR_ENTROPY);
    assert_int_equal(ask(NORMAL, TATU_VAULT_MAKE_EVIDENCE, TATU_SPAN_OF(request)),
                     TATU_ERR_ENTROPY);
    assert_int_equal(ask(NORMAL, TATU_VAULT_RANDOM, TATU_SPAN_OF(len)), TATU_ERR_ENTROPY);
    assert_int_equal(ask(NORMAL, TATU_VAULT_TIME_NONCE, NOTHING), TATU_ERR_ENTROPY);
    assert_int_equal(ask(NORMAL, TATU_VAULT_TICKET_NONCE, NOTHING), TATU_ERR_ENTROPY);
    assert_int_equal(ask(NORMAL, TATU_VAULT_SEAL, TATU_SPAN_OF(request)), TATU_ERR_ENTROPY);
    assert_int_equal(make_key(TATU_KEY_UPDATE, 0, 0, key), TATU_ERR_ENTROPY);
    assert_false(vault.time_nonce.open || vault.ticket_nonce.open);
    assert_int_equal(vault.filled, update);
}

static enum tatu_err authenticate(uint32_t purpose, const char *text, uint8_t mac[32])
{
    uint8_t request[64];
    tatu_put_le32(request, purpose);
    memcpy(request + 4, text, strlen(text));
    enum tatu_err err =
        ask(MONITOR, TATU_VAULT_AUTHENTICATE, (struct tatu_span){request, 4 + strlen(text)});
    if (err == TATU_OK) {
        assert_int_equal(answer.len, 32);
        memcpy(mac, answer.data, 32);
    }
    return err;
}

static void a_mac_is_of_this_chip_and_these_bytes(void **state)
{
    (void)state;
    uint8_t first[32];
    uint8_t mac[32];
    assert_int_equal(authenticate(0, "table", mac), TATU_ERR_ARGUMENT);
    assert_int_equal(authenticate(2, "table", mac), TATU_ERR_ARGUMENT);
    assert_int_equal(authenticate(1, "table", first), TATU_OK);
    assert_int_equal(authenticate(1, "tablf", mac), TATU_OK);
    assert_memory_not_equal(mac, first, 32);
    assert_int_equal(authenticate(1, "", mac), TATU_OK);
    assert_memory_not_equal(mac, first, 32);
    assert_true(fake_world_boot(world, &vault));
    assert_int_equal(authenticate(1, "table", mac), TATU_OK);
    assert_memory_equal(mac, first, 32);
    world->chip->device_secret[0] ^= 1; /* another chip */
    assert_int_equal(authenticate(1, "table", mac), TATU_OK);
    assert_memory_not_equal(mac, first, 32);
}

static void derive(uint8_t label, uint8_t out[32])
{
    uint8_t request[16];
    memset(request, label, sizeof(request));
    assert_int_equal(ask(NORMAL, TATU_VAULT_DERIVE, TATU_SPAN_OF(request)), TATU_OK);
    assert_int_equal(answer.len, 32);
    memcpy(out, answer.data, 32);
}

static void a_derived_key_is_of_this_chip_and_label(void **state)
{
    (void)state;
    uint8_t first[32];
    uint8_t key[32];
    end_boot();
    derive(1, first);
    derive(2, key);
    assert_memory_not_equal(key, first, 32);
    boot_again();
    derive(1, key);
    assert_memory_equal(key, first, 32);
    world->chip->device_secret[31] ^= 0x80;
    derive(1, key);
    assert_memory_not_equal(key, first, 32);
}

static void expect_mac(const char *use, struct tatu_span what)
{
    uint8_t text[64];
    uint8_t wanted[32];
    unsigned len = 0;
    memcpy(text, use, strlen(use));
    memcpy(text + strlen(use), what.data, what.len);
    assert_non_null(HMAC(EVP_sha256(), world->chip->device_secret, 32, text, strlen(use) + what.len,
                         wanted, &len));
    assert_memory_equal(answer.data, wanted, 32);
}

/* A later firmware must make the same ones, and no use may get another's. */
static void each_use_of_the_device_key_stays_what_it_is(void **state)
{
    (void)state;
    uint8_t request[16];
    uint8_t digest[32];
    uint8_t table[9] = {1, 0, 0, 0, 't', 'a', 'b', 'l', 'e'};
    memset(request, 0x31, sizeof(request));
    assert_int_equal(ask(MONITOR, TATU_VAULT_AUTHENTICATE, TATU_SPAN_OF(table)), TATU_OK);
    fake_digest(TATU_SPAN_OF(table), digest);
    expect_mac("tatu authenticate", TATU_SPAN_OF(digest));
    end_boot();
    assert_int_equal(ask(NORMAL, TATU_VAULT_DERIVE, TATU_SPAN_OF(request)), TATU_OK);
    expect_mac("tatu derive", TATU_SPAN_OF(request));
}

static void a_wiped_chip_has_no_device_key(void **state)
{
    (void)state;
    uint8_t request[17] = {0};
    end_boot();
    fake_chip_wipe(world->chip);
    assert_int_equal(ask(NORMAL, TATU_VAULT_DERIVE, (struct tatu_span){request, 16}),
                     TATU_ERR_NOT_FOUND);
    assert_int_equal(ask(NORMAL, TATU_VAULT_SEAL, TATU_SPAN_OF(request)), TATU_ERR_NOT_FOUND);
}

/* label and text; the sealed bytes stay in room */
static struct tatu_span seal(uint8_t label, struct tatu_span text, uint8_t room[1200])
{
    uint8_t request[16 + 1024];
    memset(request, label, 16);
    memcpy(request + 16, text.data, text.len);
    assert_int_equal(ask(NORMAL, TATU_VAULT_SEAL, (struct tatu_span){request, 16 + text.len}),
                     TATU_OK);
    assert_int_equal(answer.len, text.len + 28);
    memcpy(room, answer.data, answer.len);
    return (struct tatu_span){room, answer.len};
}

static enum tatu_err unseal(uint8_t label, struct tatu_span sealed)
{
    uint8_t request[16 + 28 + 1024];
    memset(request, label, 16);
    memcpy(request + 16, sealed.data, sealed.len);
    return ask(NORMAL, TATU_VAULT_UNSEAL, (struct tatu_span){request, 16 + sealed.len});
}

static void what_was_sealed_comes_back_here_alone(void **state)
{
    (void)state;
    uint8_t room[1200];
    uint8_t again[1200];
    uint8_t text[1024];
    memset(text, 0x77, sizeof(text));
    end_boot();
    for (size_t len = 1; len <= sizeof(text); len += 341) {
        struct tatu_span sealed = seal(5, (struct tatu_span){text, len}, room);
        assert_int_equal(unseal(5, sealed), TATU_OK);
        assert_int_equal(answer.len, len);
        assert_memory_equal(answer.data, text, len);
        assert_int_equal(unseal(6, sealed), TATU_ERR_SIGNATURE);
        for (size_t at = 0; at < sealed.len; at++) {
            room[at] ^= 4;
            assert_int_equal(unseal(5, sealed), TATU_ERR_SIGNATURE);
            room[at] ^= 4;
        }
    }
    struct tatu_span sealed = seal(5, TATU_SPAN_OF(text), room);
    struct tatu_span twice = seal(5, TATU_SPAN_OF(text), again);
    assert_memory_not_equal(sealed.data, twice.data, sealed.len); /* another nonce */
    boot_again();
    assert_int_equal(unseal(5, sealed), TATU_OK);
    world->chip->device_secret[7] ^= 1;
    assert_int_equal(unseal(5, sealed), TATU_ERR_SIGNATURE);
}

static void counters_only_count(void **state)
{
    (void)state;
    const uint8_t bad[][2] = {{4, 0}, {255, 1}, {0, 2}, {3, 255}};
    end_boot();
    for (size_t i = 0; i < TATU_COUNT_OF(bad); i++) {
        assert_int_equal(ask(NORMAL, TATU_VAULT_COUNTER, TATU_SPAN_OF(bad[i])), TATU_ERR_ARGUMENT);
    }
    assert_int_equal(ask_word(MONITOR, TATU_VAULT_COUNT, 2), TATU_ERR_ARGUMENT);
    for (uint8_t n = 0; n < 4; n++) {
        for (uint8_t value = 0; value < 3; value++) {
            const uint8_t read[2] = {n, 0};
            const uint8_t add[2] = {n, 1};
            assert_int_equal(ask(NORMAL, TATU_VAULT_COUNTER, TATU_SPAN_OF(read)), TATU_OK);
            assert_int_equal(answer.len, 8);
            assert_int_equal(tatu_get_le64(answer.data), value);
            assert_int_equal(ask(NORMAL, TATU_VAULT_COUNTER, TATU_SPAN_OF(add)), TATU_OK);
            assert_int_equal(tatu_get_le64(answer.data), value + 1);
        }
    }
    assert_int_equal(ask_word(MONITOR, TATU_VAULT_COUNT, 1), TATU_OK);
    assert_int_equal(tatu_get_le64(answer.data), 1);
    assert_int_equal(ask_word(MONITOR, TATU_VAULT_COUNT, 0), TATU_OK);
    assert_int_equal(tatu_get_le64(answer.data), 1);
    const uint64_t wanted[] = {1, 1, 0, 0, 3, 3, 3, 3}; /* boot, storage, owner, -, user */
    assert_memory_equal(world->chip->counters, wanted, sizeof(wanted));
}

static void a_counter_over_32_bits_is_told_whole(void **state)
{
    (void)state;
    const uint8_t read[2] = {2, 0};
    end_boot();
    world->chip->counters[TATU_FUSE_COUNTER_USER + 2] = 0x123456789abcull;
    assert_int_equal(ask(NORMAL, TATU_VAULT_COUNTER, TATU_SPAN_OF(read)), TATU_OK);
    assert_int_equal(tatu_get_le64(answer.data), 0x123456789abcull);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOTED(random_gives_what_was_asked_for_and_no_more),
        BOOTED(without_good_random_numbers_nothing_is_made),
        BOOTED(a_mac_is_of_this_chip_and_these_bytes),
        BOOTED(a_derived_key_is_of_this_chip_and_label),
        BOOTED(each_use_of_the_device_key_stays_what_it_is),
        BOOTED(a_wiped_chip_has_no_device_key),
        BOOTED(what_was_sealed_comes_back_here_alone),
        BOOTED(counters_only_count),
        BOOTED(a_counter_over_32_bits_is_told_whole),
    };
    return cmocka_run_group_tests_name("vault secret commands", tests, NULL, NULL);
}
