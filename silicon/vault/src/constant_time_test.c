/*
 * No branch and no address depends on a secret. Each secret that the engines give out, and each
 * nonce that waits, is memory that memcheck takes for undefined: it reports whatever looks at its
 * value. What tatu_base_equal_ct answers is no secret any more (the linker's --wrap puts itself
 * between). Run under valgrind; outside of it nothing would be seen, so it fails.
 */
#include "command_fixture.h"

#include <valgrind/memcheck.h>

bool __real_tatu_base_equal_ct(const void *a, const void *b, size_t len);
bool __wrap_tatu_base_equal_ct(const void *a, const void *b, size_t len);

bool __wrap_tatu_base_equal_ct(const void *a, const void *b, size_t len)
{
    bool same = __real_tatu_base_equal_ct(a, b, len);
    (void)VALGRIND_MAKE_MEM_DEFINED(&same, sizeof(same));
    return same;
}

static void taint(const void *secret, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(secret, len);
}

static int start_tainted(void **state)
{
    int err = start(state);
    end_boot();
    world->chip->taint = taint;
    return err;
}

#define TAINTED(test) cmocka_unit_test_setup_teardown(test, start_tainted, end)
#define EXPECT_NO_REPORT(before) assert_int_equal(VALGRIND_COUNT_ERRORS, before)

/* What a test may see of an answer that holds secrets. */
static void reveal(void)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(answer.data, answer.len);
}

/* Without this the others would prove nothing. */
static void a_compare_that_ends_early_is_reported(void **state)
{
    (void)state;
    uint8_t secret[32] = {1};
    static const uint8_t guess[32] = {1};
    volatile bool same = true;
    assert_true(RUNNING_ON_VALGRIND != 0);
    unsigned before = VALGRIND_COUNT_ERRORS;
    print_message("the next report of memcheck is wanted\n");
    taint(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret) && same; i++) {
        same = secret[i] == guess[i];
    }
    assert_true(VALGRIND_COUNT_ERRORS > before);
}

static void compare_looks_at_no_value(void **state)
{
    (void)state;
    for (size_t differ = 0; differ <= 32; differ++) {
        uint8_t secret[32] = {0};
        uint8_t guess[32] = {0};
        guess[differ % 32] ^= differ < 32 ? 1 : 0;
        taint(secret, sizeof(secret));
        taint(guess, sizeof(guess));
        unsigned before = VALGRIND_COUNT_ERRORS;
        bool same = __wrap_tatu_base_equal_ct(secret, guess, sizeof(secret));
        EXPECT_NO_REPORT(before);
        assert_int_equal(same, differ == 32);
    }
}

static void secrets_pass_through_unseen(void **state)
{
    (void)state;
    uint8_t request[128] = {64};
    unsigned before = VALGRIND_COUNT_ERRORS;
    assert_int_equal(ask(NORMAL, TATU_VAULT_RANDOM, (struct tatu_span){request, 2}), TATU_OK);
    assert_int_equal(ask(NORMAL, TATU_VAULT_DERIVE, (struct tatu_span){request, 16}), TATU_OK);
    request[0] = 1;
    assert_int_equal(ask(MONITOR, TATU_VAULT_AUTHENTICATE, (struct tatu_span){request, 60}),
                     TATU_OK);
    assert_int_equal(ask(NORMAL, TATU_VAULT_SEAL, (struct tatu_span){request, 64}), TATU_OK);
    memcpy(request + 16, answer.data, answer.len);
    assert_int_equal(ask(NORMAL, TATU_VAULT_UNSEAL, (struct tatu_span){request, 16 + 48 + 28}),
                     TATU_OK);
    EXPECT_NO_REPORT(before);
}

static enum tatu_err set_time(const uint8_t nonce[32])
{
    uint8_t payload[64];
    struct tatu_signed_time at = {.unix_s = 1800000000};
    struct tatu_buf buf = TATU_BUF_OF(payload);
    memcpy(at.nonce, nonce, 32);
    assert_int_equal(tatu_proto_encode_time(&at, &buf), TATU_OK);
    return ask_signed(TATU_VAULT_SET_TIME, world->time_key, TATU_COSE_AAD_TIME,
                      (struct tatu_span){payload, buf.len});
}

/* The vault's own copy stays a secret for memcheck; the caller knows his. */
static void nonces_are_compared_unseen(void **state)
{
    (void)state;
    uint8_t nonce[32];
    unsigned before = VALGRIND_COUNT_ERRORS;
    assert_int_equal(ask(NORMAL, TATU_VAULT_TICKET_NONCE, NOTHING), TATU_OK);
    assert_int_equal(ask(NORMAL, TATU_VAULT_TIME_NONCE, NOTHING), TATU_OK);
    reveal();
    memcpy(nonce, answer.data, sizeof(nonce));
    for (size_t i = 0; i < sizeof(nonce); i++) {
        nonce[i] ^= 1;
        assert_int_equal(set_time(nonce), TATU_ERR_REPLAY);
        nonce[i] ^= 1;
    }
    assert_int_equal(set_time(nonce), TATU_OK);
    EXPECT_NO_REPORT(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TAINTED(a_compare_that_ends_early_is_reported),
        TAINTED(compare_looks_at_no_value),
        TAINTED(secrets_pass_through_unseen),
        TAINTED(nonces_are_compared_unseen),
    };
    return cmocka_run_group_tests_name("vault constant time", tests, NULL, NULL);
}
