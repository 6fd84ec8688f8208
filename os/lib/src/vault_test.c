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

static void a_key_is_named_by_purpose_tenant_and_component(void **state)
{
    static const uint8_t tenant[16] = {0xaa, 0xbb};
    static const uint8_t component[16] = {0xcc, 0xdd};
    struct fake_monitor fake = {.answer = {0x11}, .answer_len = 64};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t public_key[64];

    (void)state;
    assert_int_equal(tatu_os_make_key(&monitor, TATU_KEY_TENANT, tenant, component, public_key),
                     TATU_OK);
    assert_int_equal(fake.number, TATU_SMC_VAULT);
    assert_int_equal(asked_command(&fake), TATU_VAULT_MAKE_KEY);
    assert_int_equal(fake.request_len, 4 + 33);
    assert_int_equal(fake.request[4], TATU_KEY_TENANT);
    assert_memory_equal(fake.request + 5, tenant, 16);
    assert_memory_equal(fake.request + 21, component, 16);
    assert_int_equal(public_key[0], 0x11);
    fake.answer_len = 0;
    assert_int_equal(tatu_os_commit_key(&monitor, TATU_KEY_TENANT, tenant, component), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_COMMIT_KEY);
    assert_int_equal(fake.request_len, 4 + 33);
    assert_memory_equal(fake.request + 21, component, 16);
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
    static const uint8_t component[16] = {0xc0};
    static const uint8_t digest[32] = {0xd1};
    struct fake_monitor fake = {.answer = {0x51}, .answer_len = 64};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t signature[64];

    (void)state;
    assert_int_equal(
        tatu_os_sign_tls(&monitor, TATU_KEY_UPDATE, none, component, digest, signature), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_SIGN_TLS);
    assert_int_equal(fake.request_len, 4 + 1 + 16 + 16 + 32);
    assert_int_equal(fake.request[21], 0xc0);
    assert_int_equal(fake.request[37], 0xd1);
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

static void floors_come_back_in_their_order(void **state)
{
    static const uint8_t object[] = {1, 2};
    struct fake_monitor fake = {.answer = {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 1},
                                .answer_len = 16};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint32_t floors[4] = {0};

    (void)state;
    assert_int_equal(tatu_os_confirm(&monitor, TATU_SPAN_OF(object), floors), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_CONFIRM);
    assert_memory_equal(fake.request + 4, object, 2);
    assert_int_equal(floors[0], 1);
    assert_int_equal(floors[3], 0x104);
    floors[0] = 77;
    fake.answer_len = 15;
    assert_int_equal(tatu_os_confirm(&monitor, TATU_SPAN_OF(object), floors), TATU_ERR_FORMAT);
    assert_int_equal(floors[0], 77);
}

static void a_ticket_brings_its_grace_period(void **state)
{
    static const uint8_t object[] = {1, 2};
    struct fake_monitor fake = {.answer = {0x58, 2}, .answer_len = 4};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t nonce[32];
    uint32_t grace_s = 0;

    (void)state;
    assert_int_equal(tatu_os_set_ticket(&monitor, TATU_SPAN_OF(object), &grace_s), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_SET_TICKET);
    assert_int_equal(grace_s, 600);
    fake.answer_len = 32;
    assert_int_equal(tatu_os_make_ticket_nonce(&monitor, nonce), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_TICKET_NONCE);
    assert_int_equal(fake.request_len, 4);
    assert_int_equal(nonce[0], 0x58);
}

static void sealing_sends_label_and_bytes_within_the_limit(void **state)
{
    static const uint8_t label[TATU_OS_LABEL_SIZE] = {'l'};
    static const uint8_t bytes[TATU_OS_SEAL_MAX + TATU_OS_SEAL_MORE + 1] = {0xb0};
    struct fake_monitor fake = {.answer = {5}, .answer_len = 30};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t room[64];
    struct tatu_buf out = TATU_BUF_OF(room);

    (void)state;
    assert_int_equal(tatu_os_seal(&monitor, label, (struct tatu_span){bytes, 2}, &out), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_SEAL);
    assert_int_equal(fake.request_len, 4 + 16 + 2);
    assert_int_equal(fake.request[4], 'l');
    assert_int_equal(fake.request[20], 0xb0);
    assert_int_equal(out.len, 30);
    assert_int_equal(
        tatu_os_unseal(&monitor, label, (struct tatu_span){bytes, TATU_OS_SEAL_MAX + 28}, &out),
        TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_UNSEAL);
    assert_int_equal(out.len, 60);
    assert_int_equal(tatu_os_seal(&monitor, label, (struct tatu_span){bytes, 1025}, &out),
                     TATU_ERR_LONG);
    assert_int_equal(tatu_os_unseal(&monitor, label, TATU_SPAN_OF(bytes), &out), TATU_ERR_LONG);
    assert_int_equal(fake.calls, 2);
    assert_int_equal(tatu_os_seal(&monitor, label, (struct tatu_span){bytes, 2}, &out),
                     TATU_ERR_FULL);
    assert_int_equal(out.len, 60);
}

static void keys_and_counters_of_the_chip_are_asked_for(void **state)
{
    static const uint8_t label[TATU_OS_LABEL_SIZE] = {'l'};
    struct fake_monitor fake = {.answer = {7, 0, 0, 0, 1}, .answer_len = 32};
    struct tatu_os_monitor monitor = fake_open(&fake);
    uint8_t key[32];
    uint64_t value = 0;

    (void)state;
    assert_int_equal(tatu_os_derive_key(&monitor, label, key), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_DERIVE);
    assert_int_equal(fake.request_len, 4 + 16);
    assert_int_equal(key[0], 7);
    fake.answer_len = 8;
    assert_int_equal(tatu_os_count(&monitor, 3, 1, &value), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_COUNTER);
    assert_int_equal(fake.request_len, 4 + 2);
    assert_int_equal(fake.request[4], 3);
    assert_int_equal(fake.request[5], 1);
    assert_true(value == UINT64_C(0x100000007));
}

static void capabilities_and_lifecycle_are_told_and_changed(void **state)
{
    static const uint8_t file[392] = {0xca};
    struct fake_monitor fake = {.answer = {1, 0, 0, 0, 2, 0, 0, 0, 0, 8}, .answer_len = 12};
    struct tatu_os_monitor monitor = fake_open(&fake);
    struct tatu_os_vault_state vault;

    (void)state;
    assert_int_equal(tatu_os_get_vault_state(&monitor, &vault), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_GET_STATE);
    assert_int_equal(vault.lifecycle, 1);
    assert_int_equal(vault.stored_capabilities, 2);
    assert_int_equal(vault.session_capabilities, 0x800);
    fake.answer_len = 0;
    assert_int_equal(tatu_os_set_capability(&monitor, true, TATU_SPAN_OF(file)), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_SET_CAPABILITY);
    assert_int_equal(fake.request_len, 4 + 4 + 392);
    assert_memory_equal(fake.request + 4, "\1\0\0\0\xca", 5);
    assert_int_equal(tatu_os_set_capability(&monitor, false, TATU_SPAN_OF(file)), TATU_OK);
    assert_int_equal(fake.request[4], 0);
    assert_int_equal(tatu_os_drop_capabilities(&monitor), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_DROP_CAPABILITY);
    assert_int_equal(tatu_os_set_lifecycle(&monitor, 3), TATU_OK);
    assert_int_equal(asked_command(&fake), TATU_VAULT_SET_LIFECYCLE);
    assert_int_equal(fake.request_len, 4 + 4);
    assert_int_equal(fake.request[4], 3);
}

static void a_capability_file_longer_than_the_page_is_long_and_not_sent(void **state)
{
    static const uint8_t file[TATU_SMC_ARGUMENT_MAX];
    struct fake_monitor fake = {.answer_len = 0};
    struct tatu_os_monitor monitor = fake_open(&fake);

    (void)state;
    assert_int_equal(tatu_os_set_capability(&monitor, true, TATU_SPAN_OF(file)), TATU_ERR_LONG);
    assert_int_equal(fake.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_named_by_purpose_tenant_and_component),
        cmocka_unit_test(an_answer_of_another_length_is_format_and_changes_nothing),
        cmocka_unit_test(signing_sends_the_digest_and_returns_the_signature),
        cmocka_unit_test(the_vaults_error_comes_through),
        cmocka_unit_test(evidence_is_passed_on_as_it_is),
        cmocka_unit_test(time_comes_back_as_seconds),
        cmocka_unit_test(an_object_longer_than_the_page_is_long_and_not_sent),
        cmocka_unit_test(random_bytes_are_1_to_64),
        cmocka_unit_test(vault_info_is_decoded),
        cmocka_unit_test(floors_come_back_in_their_order),
        cmocka_unit_test(a_ticket_brings_its_grace_period),
        cmocka_unit_test(sealing_sends_label_and_bytes_within_the_limit),
        cmocka_unit_test(keys_and_counters_of_the_chip_are_asked_for),
        cmocka_unit_test(capabilities_and_lifecycle_are_told_and_changed),
        cmocka_unit_test(a_capability_file_longer_than_the_page_is_long_and_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
