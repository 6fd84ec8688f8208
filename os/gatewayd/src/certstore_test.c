#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <psa/crypto.h>

#include "certstore.h"
#include "keys.h"
#include "proto/device_errors.h"
#include "world.h"

#define NUMBER(name) TATU_NUMBER_CERT_STORAGE_##name

static struct keys one, two;
static struct world world;
static char folder[32];
static struct tatu_certstore *store = &world.certs;

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/certstoreXXXXXX");
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    world_init(&world, folder);
    return 0;
}

static int tear_down(void **state)
{
    char command[64];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static int make_keys(void **state)
{
    (void)state;
    return psa_crypto_init() == PSA_SUCCESS && keys_make("one", &one) && keys_make("two", &two) ? 0
                                                                                                : 1;
}

static void restart(void)
{
    tatu_certstore_init(store, &world.monitor, folder);
}

static uint32_t add_root(const char *id, const struct keys *keys)
{
    const struct tatu_certstore_new new = {
        .type = TATU_CERT_ROOT, .id = id, .certificate = keys_text(keys->pem)};
    return tatu_certstore_install(store, &new);
}

static uint32_t add_client(const char *id, const struct keys *keys, const struct keys *of_key)
{
    const struct tatu_certstore_new new = {.type = TATU_CERT_CLIENT,
                                           .id = id,
                                           .certificate = keys_text(keys->pem),
                                           .key = keys_text(of_key->key)};
    return tatu_certstore_install(store, &new);
}

static void expect_ids(const char *expected)
{
    char list[256] = "", id[TATU_CERT_ID_MAX + 1];
    uint32_t count;
    assert_int_equal(tatu_certstore_count(store, &count), 0);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(tatu_certstore_id_at(store, i, id), 0);
        strcat(strcat(list, id), " ");
    }
    assert_string_equal(list, expected);
    assert_int_equal(tatu_certstore_id_at(store, count, id), NUMBER(CERT_INDEX_OUT_OF_RANGE));
}

static void certificates_outlive_a_restart(void **state)
{
    struct tatu_cert_info info;
    uint32_t before, after;
    (void)state;
    assert_int_equal(add_root("..", &one), 0);
    assert_int_equal(add_client("A-z_0.9", &two, &two), 0);
    assert_int_equal(tatu_certstore_space(store, &before), 0);
    restart();
    expect_ids(".. A-z_0.9 ");
    assert_int_equal(tatu_certstore_space(store, &after), 0);
    assert_int_equal(before, after);
    assert_int_equal(tatu_certstore_info(store, "A-z_0.9", &info), 0);
    assert_string_equal(info.subject, "/CN=two");
    assert_string_equal(info.not_after, "9999-12-31T23:59:59");
    assert_int_equal(tatu_certstore_delete(store, ".."), 0);
    restart();
    expect_ids("A-z_0.9 ");
    assert_int_equal(tatu_certstore_delete(store, "A-z_0.9"), 0);
    assert_int_equal(tatu_certstore_space(store, &after), 0);
    assert_int_equal(after, TATU_CERT_CAPACITY);
}

static void der_is_as_good_as_pem(void **state)
{
    const struct tatu_certstore_new new = {
        .type = TATU_CERT_ROOT, .id = "der", .certificate = {one.der, one.der_len}};
    uint32_t space;
    (void)state;
    assert_int_equal(tatu_certstore_install(store, &new), 0);
    assert_int_equal(tatu_certstore_space(store, &space), 0);
    assert_int_equal(space, TATU_CERT_CAPACITY - TATU_CERT_COST - one.der_len);
}

static void one_of_the_same_name_is_replaced(void **state)
{
    struct tatu_cert_info info;
    (void)state;
    assert_int_equal(add_root("a", &one), 0);
    assert_int_equal(add_client("a", &two, &two), 0);
    expect_ids("a ");
    assert_int_equal(tatu_certstore_info(store, "a", &info), 0);
    assert_string_equal(info.subject, "/CN=two");
    /* and not by what is refused */
    assert_int_equal(add_client("a", &one, &two), NUMBER(CERT_PRIVATE_KEY_MISMATCHED));
    assert_int_equal(tatu_certstore_info(store, "a", &info), 0);
    assert_string_equal(info.subject, "/CN=two");
}

static void a_move_takes_the_place_of_another(void **state)
{
    struct tatu_cert_info info;
    (void)state;
    assert_int_equal(add_root("a", &one), 0);
    assert_int_equal(add_root("b", &two), 0);
    assert_int_equal(tatu_certstore_move(store, "a", "b"), 0);
    assert_int_equal(tatu_certstore_move(store, "b", "b"), 0);
    expect_ids("b ");
    restart();
    expect_ids("b ");
    assert_int_equal(tatu_certstore_info(store, "b", &info), 0);
    assert_string_equal(info.subject, "/CN=one");
    assert_int_equal(tatu_certstore_move(store, "a", "c"), NUMBER(CERT_NOT_FOUND));
    assert_int_equal(tatu_certstore_move(store, "b", "not good"), NUMBER(CERT_IDENTIFIER_INVALID));
    assert_int_equal(tatu_certstore_move(store, "b", ""), NUMBER(CERT_IDENTIFIER_INVALID));
}

/* The vault fails from the n-th call on, for all n; then it works again. */
static void a_store_that_fails_keeps_the_old_or_has_the_new(void **state)
{
    struct tatu_cert_info info;
    (void)state;
    assert_int_equal(add_root("a", &one), 0);
    assert_int_equal(add_root("b", &two), 0);
    for (int n = 1; n < 8; n++) {
        world.sealer.calls = 0;
        world.sealer.fail_at = n;
        const uint32_t number =
            n % 2 != 0 ? add_root("a", &two) : tatu_certstore_move(store, "a", "b");
        world.sealer.fail_at = 0;
        restart();
        if (number != 0) {
            expect_ids("a b ");
            assert_int_equal(tatu_certstore_info(store, "a", &info), 0);
            assert_string_equal(info.subject, "/CN=one");
            continue;
        }
        assert_true(n > 2); /* it needs the vault */
        return;
    }
    fail_msg("it never worked");
}

static void files_that_change_places_are_gone(void **state)
{
    char a[64], b[64], c[64];
    (void)state;
    assert_int_equal(add_root("a", &one), 0);
    assert_int_equal(add_root("b", &two), 0);
    assert_int_equal(add_root("c", &two), 0);
    (void)snprintf(a, sizeof(a), "%s/00", folder);
    (void)snprintf(b, sizeof(b), "%s/01", folder);
    (void)snprintf(c, sizeof(c), "%s/swap", folder);
    assert_int_equal(rename(a, c) + rename(b, a) + rename(c, b), 0);
    restart();
    expect_ids("c ");
}

static void two_of_a_name_are_settled_by_age(void **state)
{
    struct tatu_cert_info info;
    char path[64], kept[64];
    (void)state;
    assert_int_equal(add_root("new", &two), 0);
    assert_int_equal(add_root("old", &one), 0);
    (void)snprintf(path, sizeof(path), "%s/00", folder);
    (void)snprintf(kept, sizeof(kept), "%s/kept", folder);
    assert_int_equal(link(path, kept), 0);
    assert_int_equal(tatu_certstore_move(store, "old", "new"), 0);
    /* as if the power had failed before the replaced one was removed */
    assert_int_equal(rename(kept, path), 0);
    restart();
    expect_ids("new ");
    assert_int_equal(tatu_certstore_info(store, "new", &info), 0);
    assert_string_equal(info.subject, "/CN=one");
}

static void a_vault_that_says_no_deletes_nothing(void **state)
{
    uint32_t count;
    (void)state;
    assert_int_equal(add_root("a", &one), 0);
    for (enum tatu_err err = TATU_ERR_DENIED; err <= TATU_ERR_STATE; err++) {
        restart();
        world.vault_err = err;
        assert_int_not_equal(tatu_certstore_count(store, &count), 0);
        world.vault_err = TATU_OK;
        restart();
        expect_ids("a ");
    }
}

static void number_of_certificates_is_limited(void **state)
{
    char id[8];
    uint32_t number = 0, count;
    (void)state;
    for (unsigned i = 0; number == 0 && i <= TATU_CERT_MAX; i++) {
        const struct tatu_certstore_new new = {
            .type = TATU_CERT_ROOT, .id = id, .certificate = {one.der, one.der_len}};
        (void)snprintf(id, sizeof(id), "%u", i);
        number = tatu_certstore_install(store, &new);
    }
    assert_int_equal(number, NUMBER(OUT_OF_SPACE));
    assert_int_equal(tatu_certstore_count(store, &count), 0);
    assert_true(count <= TATU_CERT_MAX && count > 20);
}

static void identifiers_follow_their_rule(void **state)
{
    (void)state;
    assert_int_equal(tatu_certstore_check_id("ABCxyz089._-.x.x"), 0);
    assert_int_equal(tatu_certstore_check_id("ABCxyz089._-.x.xx"),
                     NUMBER(CERT_IDENTIFIER_TOO_LONG));
    assert_int_equal(tatu_certstore_check_id(""), NUMBER(CERT_IDENTIFIER_INVALID));
    assert_int_equal(tatu_certstore_check_id("a/b"), NUMBER(CERT_IDENTIFIER_INVALID));
    assert_int_equal(tatu_certstore_check_id("\xc3\xa9"), NUMBER(CERT_IDENTIFIER_INVALID));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(certificates_outlive_a_restart),
        TEST(der_is_as_good_as_pem),
        TEST(one_of_the_same_name_is_replaced),
        TEST(a_move_takes_the_place_of_another),
        TEST(a_store_that_fails_keeps_the_old_or_has_the_new),
        TEST(files_that_change_places_are_gone),
        TEST(two_of_a_name_are_settled_by_age),
        TEST(a_vault_that_says_no_deletes_nothing),
        TEST(number_of_certificates_is_limited),
        TEST(identifiers_follow_their_rule),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
