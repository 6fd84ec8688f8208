#include "os/lib/vault.h"

#include "fake_monitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static uint16_t asked_command(const struct fake_monitor *fake)
{
    return tatu_get_le16(fake->request);
}

static void a_key_is_asked_for_by_purpose_and_tenant(void **state)
{
    static const uint8_t tenant[16] = {0xaa, 0xbb};
    struct fake_monitor fake = {.answer = {0x11}, .answer_len = 64};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t public_key[64];

    (void)state;
    assert_int_equal(tatu_os_make_key(&monitor, TATU_KEY_TENANT, tenant, public_key), TATU_OK);
    assert_int_equal(fake.number, TATU_SMC_VAULT);
    assert_int_equal(asked_command(&fake), TATU_VAULT_MAKE_KEY);
    assert_int_equal(fake.request_len, 4 + 17);
    assert_int_equal(fake.request[4], TATU_KEY_TENANT);
    assert_memory_equal(fake.request + 5, tenant, 16);
    assert_int_equal(public_key[0], 0x11);
}

static void an_answer_of_another_length_is_format_and_changes_nothing(void **state)
{
    struct fake_monitor fake = {.answer = {1}, .answer_len = 31};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t nonce[32] = {0x77};

    (void)state;
    assert_int_equal(tatu_os_make_time_nonce(&monitor, nonce), TATU_ERR_FORMAT);
    fake.answer_len = TATU_SMC_PAGE_SIZE;
    assert_int_equal(tatu_os_make_time_nonce(&monitor, nonce), TATU_ERR_FORMAT);
    assert_int_equal(nonce[0], 0x77);
    fake.answer_len = 32;
    assert_int_equal(tatu_os_make_time_nonce(&monitor, nonce), TATU_OK);
    assert_int_equal(nonce[0], 1);
}

static void signing_sends_the_digest_and_returns_the_signature(void **state)
{
    static const uint8_t none[16];
    static const uint8_t digest[32] = {0xd1};
    struct fake_monitor fake = {.answer = {0x51}, .answer_len = 64};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t signature[64];

    (void)state;
    assert_int_equal(tatu_os_sign_tls(&monitor, TATU_KEY_UPDATE, none, digest, signature), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_SIGN_TLS);
    assert_int_equal(fake.request_len, 4 + 1 + 16 + 32);
    assert_int_equal(fake.request[21], 0xd1);
    assert_int_equal(signature[0], 0x51);
}

static void the_vaults_error_comes_through(void **state)
{
    static const uint8_t zero[64];
    struct fake_monitor fake = {.err = TATU_ERR_OWNED};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t room[64];
    struct tatu_buf out = TATU_BUF_OF(room);

    (void)state;
    assert_int_equal(tatu_os_claim(&monitor, zero, zero, zero, &out), TATU_ERR_OWNED);
    assert_int_equal(asked_command(&fake), TATU_VAULT_CLAIM);
    assert_int_equal(fake.request_len, 4 + 32 + 16 + 64);
    assert_int_equal(out.len, 0);
}

static void evidence_is_passed_on_as_it_is(void **state)
{
    static const uint8_t nonce[32] = {5};
    struct fake_monitor fake = {.answer = {0xd2, 0x84}, .answer_len = 300};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t room[TATU_OS_COSE_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);

    (void)state;
    assert_int_equal(tatu_os_make_evidence(&monitor, nonce, &out), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_MAKE_EVIDENCE);
    assert_int_equal(out.len, 300);
    assert_int_equal(room[0], 0xd2);
}

static void time_comes_back_as_seconds(void **state)
{
    static const uint8_t object[] = {1, 2, 3};
    struct fake_monitor fake = {.answer = {0, 0, 0, 0, 1}, .answer_len = 8};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint64_t seconds = 0;

    (void)state;
    assert_int_equal(tatu_os_set_time(&monitor, TATU_SPAN_OF(object), &seconds), TATU_OK);
    assert_true(seconds == UINT64_C(1) << 32);
}

static void an_object_longer_than_the_page_is_long_and_not_sent(void **state)
{
    static const uint8_t object[TATU_SMC_ARGUMENT_MAX];
    struct fake_monitor fake = {.answer_len = 8};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint64_t seconds = 0;

    (void)state;
    assert_int_equal(tatu_os_set_time(&monitor, TATU_SPAN_OF(object), &seconds), TATU_ERR_LONG);
    assert_int_equal(fake.calls, 0);
}

static void random_bytes_are_1_to_64(void **state)
{
    struct fake_monitor fake = {.answer = {9}, .answer_len = 64};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t out[65];

    (void)state;
    assert_int_equal(tatu_os_get_random(&monitor, out, 0), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_os_get_random(&monitor, out, 65), TATU_ERR_ARGUMENT);
    assert_int_equal(fake.calls, 0);
    assert_int_equal(tatu_os_get_random(&monitor, out, 64), TATU_OK);
    assert_int_equal(out[0], 9);
}

static void vault_info_is_decoded(void **state)
{
    struct fake_monitor fake = {.answer = {0x42}, .answer_len = TATU_VAULT_INFO_SIZE};
    struct tatu_os_monitor monitor = fake_open(&fake);
    struct tatu_vault_info info;

    (void)state;
    assert_int_equal(tatu_os_get_vault_info(&monitor, &info), TATU_OK);
    assert_int_equal(info.device_id[0], 0x42);
    fake.answer[TATU_VAULT_INFO_SIZE - 1] = 1; /* padding that must be zero */
    assert_int_equal(tatu_os_get_vault_info(&monitor, &info), TATU_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_asked_for_by_purpose_and_tenant),
        cmocka_unit_test(an_answer_of_another_length_is_format_and_changes_nothing),
        cmocka_unit_test(signing_sends_the_digest_and_returns_the_signature),
        cmocka_unit_test(the_vaults_error_comes_through),
        cmocka_unit_test(evidence_is_passed_on_as_it_is),
        cmocka_unit_test(time_comes_back_as_seconds),
        cmocka_unit_test(an_object_longer_than_the_page_is_long_and_not_sent),
        cmocka_unit_test(random_bytes_are_1_to_64),
        cmocka_unit_test(vault_info_is_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
