#include "service/identity/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1795257840

struct world {
    char dir[64];
    struct tatu_store *store;
    struct tatu_identity *identity;
    struct tatu_arena arena;
};

static int open_world(void **state)
{
    static struct world world;
    (void)snprintf(world.dir, sizeof(world.dir), "/tmp/tatu-identity-XXXXXX");
    tatu_arena_init(&world.arena);
    *state = &world;
    return mkdtemp(world.dir) == NULL || tatu_store_open(world.dir, &world.store) != TATU_OK ||
           tatu_identity_open(world.store, NULL, 0, NOW, &world.identity) != TATU_OK;
}

static int close_world(void **state)
{
    struct world *world = *state;
    tatu_identity_close(world->identity);
    tatu_store_close(world->store);
    tatu_arena_done(&world->arena);
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", world->dir);
    return system(command);
}

static void keys_and_roots_stay_the_same_over_a_restart(void **state)
{
    struct world *world = *state;
    struct tatu_identity *again = NULL;
    const char *const hosts[] = {"service.example", "192.0.2.7", "2001:db8::1"};
    assert_int_equal(tatu_identity_open(world->store, hosts, 3, NOW + 9, &again), TATU_OK);
    const struct tatu_identity_facts *a = tatu_identity_facts(world->identity);
    const struct tatu_identity_facts *b = tatu_identity_facts(again);
    assert_memory_equal(a->root_public, b->root_public, 64);
    assert_memory_equal(a->time_public, b->time_public, 64);
    assert_memory_equal(a->director_public, b->director_public, 64);
    assert_int_equal(a->root_certificate.len, b->root_certificate.len);
    assert_memory_equal(a->root_certificate.data, b->root_certificate.data,
                        a->root_certificate.len);
    assert_memory_equal(a->update_certificate.data, b->update_certificate.data,
                        a->update_certificate.len);
    assert_true(b->tls_certificate.len > a->tls_certificate.len);
    tatu_identity_close(again);
}

static void host_that_is_no_host_is_refused(void **state)
{
    struct world *world = *state;
    struct tatu_identity *again = NULL;
    static const char *const bad[] = {"", "a b", "a,DNS:b", "x/y"};
    for (size_t i = 0; i < TATU_COUNT_OF(bad); i++) {
        assert_int_equal(tatu_identity_open(world->store, &bad[i], 1, NOW, &again),
                         TATU_ERR_ARGUMENT);
    }
    const char *many[TATU_HOST_MAX + 1];
    for (size_t i = 0; i < TATU_COUNT_OF(many); i++) {
        many[i] = "h";
    }
    assert_int_equal(tatu_identity_open(world->store, many, TATU_COUNT_OF(many), NOW, &again),
                     TATU_ERR_LONG);
    assert_null(again);
}

static void damaged_key_file_is_an_error_not_a_new_key(void **state)
{
    struct world *world = *state;
    struct tatu_identity *again = NULL;
    assert_int_equal(tatu_store_replace_file(world->store, "keys/root.pem", TATU_SPAN_OF("x")),
                     TATU_OK);
    assert_int_equal(tatu_identity_open(world->store, NULL, 0, NOW, &again), TATU_ERR_FORMAT);
    assert_null(again);
}

static void device_certificates_live_a_day_and_carry_the_device(void **state)
{
    struct world *world = *state;
    uint8_t device[64], tenant[16] = {1, 2, 3}, device_public[64], ca_public[64];
    memset(device, 0xab, sizeof(device));
    struct tatu_key *ca = NULL;
    struct tatu_key *key = NULL;
    assert_int_equal(tatu_crypto_make_key(&ca), TATU_OK);
    assert_int_equal(tatu_crypto_make_key(&key), TATU_OK);
    tatu_crypto_get_public(ca, ca_public);
    tatu_crypto_get_public(key, device_public);
    uint8_t room[3][TATU_CERTIFICATE_MAX];
    struct tatu_buf catalog = TATU_BUF_OF(room[0]), customer = TATU_BUF_OF(room[1]),
                    update = TATU_BUF_OF(room[2]);
    assert_int_equal(tatu_identity_issue_catalog(world->identity, tenant, ca_public, NOW, &catalog),
                     TATU_OK);
    assert_int_equal(
        tatu_identity_issue_customer(ca, tenant, device, device_public, NOW, &customer), TATU_OK);
    assert_int_equal(
        tatu_identity_issue_update(world->identity, device, device_public, NOW, &update), TATU_OK);
    struct tatu_certificate_info info;
    assert_int_equal(tatu_identity_read_certificate((struct tatu_span){customer.data, customer.len},
                                                    &world->arena, &info),
                     TATU_OK);
    assert_int_equal(info.not_before_s, NOW - 300);
    assert_int_equal(info.not_after_s, NOW + 86400);
    assert_int_equal(strlen(info.subject), 3 + 128);
    assert_int_equal(strlen(info.serial), 32);
    assert_int_equal(tatu_identity_read_certificate((struct tatu_span){update.data, update.len},
                                                    &world->arena, &info),
                     TATU_OK);
    assert_non_null(strstr(info.subject, "tatu update"));
    assert_int_equal(tatu_identity_read_certificate((struct tatu_span){update.data, update.len / 2},
                                                    &world->arena, &info),
                     TATU_ERR_CERTIFICATE);
    struct tatu_span chain;
    assert_int_equal(tatu_identity_chain(world->identity,
                                         (struct tatu_span){catalog.data, catalog.len},
                                         &world->arena, &chain),
                     TATU_OK);
    assert_true(chain.len > catalog.len);
    struct tatu_buf small = {room[0], 0, 16};
    assert_int_equal(tatu_identity_issue_catalog(world->identity, tenant, ca_public, NOW, &small),
                     TATU_ERR_FULL);
    assert_int_equal(
        tatu_identity_issue_catalog(world->identity, tenant, ca_public, INT64_MAX / 2, &catalog),
        TATU_ERR_ARGUMENT);
    tatu_crypto_free_key(ca);
    tatu_crypto_free_key(key);
}

static void token_is_made_once_and_only_it_opens(void **state)
{
    struct world *world = *state;
    struct tatu_call call = {world->store, &world->arena, "service", NOW};
    char token[TATU_TOKEN_TEXT_SIZE], again[TATU_TOKEN_TEXT_SIZE] = "untouched";
    bool made = false;
    assert_int_equal(tatu_identity_first_token(&call, token, &made), TATU_OK);
    assert_true(made);
    assert_int_equal(tatu_identity_first_token(&call, again, &made), TATU_OK);
    assert_false(made);
    assert_string_equal(again, "untouched");
    const char *subject = NULL;
    assert_int_equal(tatu_identity_check_token(world->store, &world->arena, token, &subject),
                     TATU_OK);
    assert_string_equal(subject, "operator");
    subject = NULL;
    token[5] = token[5] == 'a' ? 'b' : 'a';
    assert_int_equal(tatu_identity_check_token(world->store, &world->arena, token, &subject),
                     TATU_ERR_DENIED);
    assert_int_equal(tatu_identity_check_token(world->store, &world->arena, "", &subject),
                     TATU_ERR_DENIED);
    assert_null(subject);
}

static void nonce_is_good_once_in_time_for_its_scope(void **state)
{
    (void)state;
    struct tatu_nonces *nonces = tatu_identity_nonces_open();
    uint8_t nonce[32], zero[32] = {0};
    tatu_identity_nonces_make(nonces, 7, 100, 120, nonce);
    assert_int_equal(tatu_identity_nonces_use(nonces, 8, 100, nonce), TATU_ERR_REPLAY);
    assert_int_equal(tatu_identity_nonces_use(nonces, 7, 220, nonce), TATU_OK);
    assert_int_equal(tatu_identity_nonces_use(nonces, 7, 220, nonce), TATU_ERR_REPLAY);
    tatu_identity_nonces_make(nonces, 7, 100, 120, nonce);
    assert_int_equal(tatu_identity_nonces_use(nonces, 7, 221, nonce), TATU_ERR_REPLAY);
    assert_int_equal(tatu_identity_nonces_use(nonces, 7, 110, nonce), TATU_ERR_REPLAY);
    assert_int_equal(tatu_identity_nonces_use(nonces, 0, 0, zero), TATU_ERR_REPLAY);
    tatu_identity_nonces_close(nonces);
}

static void flood_of_nonces_drops_old_ones_and_serves_new_ones(void **state)
{
    (void)state;
    struct tatu_nonces *nonces = tatu_identity_nonces_open();
    uint8_t first[32], nonce[32];
    tatu_identity_nonces_make(nonces, 0, 100, 120, first);
    for (unsigned i = 0; i < 4 * TATU_NONCE_LIMIT; i++) {
        tatu_identity_nonces_make(nonces, 0, 101, 120, nonce);
    }
    assert_int_equal(tatu_identity_nonces_use(nonces, 0, 102, first), TATU_ERR_REPLAY);
    assert_int_equal(tatu_identity_nonces_use(nonces, 0, 102, nonce), TATU_OK);
    tatu_identity_nonces_close(nonces);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_and_roots_stay_the_same_over_a_restart),
        TEST(host_that_is_no_host_is_refused),
        TEST(damaged_key_file_is_an_error_not_a_new_key),
        TEST(device_certificates_live_a_day_and_carry_the_device),
        TEST(token_is_made_once_and_only_it_opens),
        cmocka_unit_test(nonce_is_good_once_in_time_for_its_scope),
        cmocka_unit_test(flood_of_nonces_drops_old_ones_and_serves_new_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
