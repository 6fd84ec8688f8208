#include "command_fixture.h"

static const struct {
    uint16_t command;
    uint16_t len; /* a right one */
    bool exact;
    bool monitor;
    bool normal;
} table[] = {
    {TATU_VAULT_VERIFY_IMAGE, 12, true, true, false},
    {TATU_VAULT_MEASURE_APPS, 1, false, true, false},
    {TATU_VAULT_SET_DMA, 8, true, true, false},
    {TATU_VAULT_BOOT_DONE, 2, true, true, false},
    {TATU_VAULT_GET_BOOT, 0, true, true, false},
    {TATU_VAULT_AUTHENTICATE, 4, false, true, false},
    {TATU_VAULT_COUNT, 4, true, true, false},
    {TATU_VAULT_BOOT_GOOD, 0, true, true, false},
    {TATU_VAULT_GET_TICKET, 0, true, true, false},
    {TATU_VAULT_RECOVER, 0, true, true, false},
    {TATU_VAULT_GET_INFO, 0, true, true, true},
    {TATU_VAULT_TIME_NONCE, 0, true, false, true},
    {TATU_VAULT_SET_TIME, 1, false, false, true},
    {TATU_VAULT_MAKE_KEY, 33, true, false, true},
    {TATU_VAULT_MAKE_EVIDENCE, 32, true, false, true},
    {TATU_VAULT_SIGN_TLS, 65, true, false, true},
    {TATU_VAULT_CLAIM, 112, true, false, true},
    {TATU_VAULT_RANDOM, 2, true, true, true},
    {TATU_VAULT_COMMIT_KEY, 33, true, false, true},
    {TATU_VAULT_CONFIRM, 1, false, false, true},
    {TATU_VAULT_SEAL, 17, false, false, true},
    {TATU_VAULT_UNSEAL, 45, false, false, true},
    {TATU_VAULT_DERIVE, 16, true, false, true},
    {TATU_VAULT_COUNTER, 2, true, false, true},
    {TATU_VAULT_GET_STATE, 0, true, false, true},
    {TATU_VAULT_SET_CAPABILITY, 5, false, false, true},
    {TATU_VAULT_DROP_CAPABILITY, 0, true, true, true},
    {TATU_VAULT_SET_LIFECYCLE, 4, true, false, true},
    {TATU_VAULT_TICKET_NONCE, 0, true, false, true},
    {TATU_VAULT_SET_TICKET, 1, false, false, true},
};

static void each_caller_has_its_own_table(void **state)
{
    (void)state;
    uint8_t zero[256] = {0};
    end_boot();
    for (size_t i = 0; i < TATU_COUNT_OF(table); i++) {
        struct tatu_span payload = {zero, table[i].len};
        if (!table[i].monitor) {
            assert_int_equal(ask(MONITOR, table[i].command, payload), TATU_ERR_DENIED);
        }
        if (!table[i].normal) {
            assert_int_equal(ask(NORMAL, table[i].command, payload), TATU_ERR_DENIED);
        }
        assert_int_equal(ask(0, table[i].command, payload), TATU_ERR_DENIED);
        assert_int_equal(ask(3, table[i].command, payload), TATU_ERR_DENIED);
    }
}

static void commands_that_do_not_exist_are_named_so(void **state)
{
    (void)state;
    end_boot();
    for (uint32_t command = 0; command <= UINT16_MAX; command++) {
        bool known = false;
        for (size_t i = 0; i < TATU_COUNT_OF(table); i++) {
            known = known || table[i].command == command;
        }
        if (!known) {
            assert_int_equal(ask(MONITOR, (uint16_t)command, NOTHING), TATU_ERR_UNKNOWN_COMMAND);
            assert_int_equal(ask(NORMAL, (uint16_t)command, NOTHING), TATU_ERR_UNKNOWN_COMMAND);
        }
    }
}

static void payload_lengths_are_exact(void **state)
{
    (void)state;
    uint8_t zero[256] = {0};
    end_boot();
    for (size_t i = 0; i < TATU_COUNT_OF(table); i++) {
        uint16_t caller = table[i].monitor ? MONITOR : NORMAL;
        if (table[i].len > 0) {
            assert_int_equal(
                ask(caller, table[i].command, (struct tatu_span){zero, table[i].len - 1u}),
                TATU_ERR_SHORT);
        }
        if (table[i].exact) {
            assert_int_equal(
                ask(caller, table[i].command, (struct tatu_span){zero, table[i].len + 1u}),
                TATU_ERR_LONG);
        }
    }
}

static void payloads_of_bytes_have_a_limit(void **state)
{
    (void)state;
    static uint8_t zero[1200];
    static const struct {
        uint16_t command;
        uint16_t len_max;
        bool normal;
    } rows[] = {
        {TATU_VAULT_AUTHENTICATE, 4 + 1024, false},
        {TATU_VAULT_SEAL, 16 + 1024, true},
        {TATU_VAULT_UNSEAL, 16 + 28 + 1024, true},
    };
    zero[0] = 1; /* a purpose */
    end_boot();
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint16_t caller = rows[i].normal ? NORMAL : MONITOR;
        struct tatu_span payload = {zero, rows[i].len_max};
        enum tatu_err err = ask(caller, rows[i].command, payload);
        assert_int_equal(err, rows[i].command == TATU_VAULT_UNSEAL ? TATU_ERR_SIGNATURE : TATU_OK);
        payload.len++;
        assert_int_equal(ask(caller, rows[i].command, payload), TATU_ERR_LONG);
    }
}

static void a_header_that_lies_about_its_length_is_refused(void **state)
{
    (void)state;
    uint8_t *request = world->chip->mail + TATU_MAILRAM_REQUEST;
    const uint8_t *reply = world->chip->mail + TATU_MAILRAM_RESPONSE;
    const uint32_t lengths[] = {TATU_MAILBOX_PAYLOAD_MAX + 1, 0x7fffffffu, 0xffffffffu};
    for (size_t i = 0; i < TATU_COUNT_OF(lengths); i++) {
        tatu_put_le32(request, 0xabcd0000u + (uint32_t)i);
        tatu_put_le16(request + 4, TATU_VAULT_GET_INFO);
        tatu_put_le16(request + 6, MONITOR);
        tatu_put_le32(request + 8, lengths[i]);
        tatu_vault_serve(&vault);
        assert_int_equal(tatu_get_le32(reply), 0xabcd0000u + i);
        assert_int_equal(tatu_get_le16(reply + 6), TATU_ERR_LONG);
        assert_int_equal(tatu_get_le32(reply + 8), 0);
    }
}

static void normal_world_waits_for_the_end_of_boot(void **state)
{
    (void)state;
    assert_int_equal(ask(NORMAL, TATU_VAULT_GET_INFO, NOTHING), TATU_ERR_STATE);
    end_boot();
    assert_int_equal(ask(NORMAL, TATU_VAULT_GET_INFO, NOTHING), TATU_OK);
}

static void buffers_are_wiped_after_each_answer(void **state)
{
    (void)state;
    const uint8_t len[2] = {64, 0};
    assert_int_equal(ask(MONITOR, TATU_VAULT_RANDOM, TATU_SPAN_OF(len)), TATU_OK);
    for (size_t i = 0; i < sizeof(vault.answer); i++) {
        assert_int_equal(vault.answer[i] | vault.request[i] | vault.scratch[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOOTED(each_caller_has_its_own_table),
        BOOTED(commands_that_do_not_exist_are_named_so),
        BOOTED(payload_lengths_are_exact),
        BOOTED(payloads_of_bytes_have_a_limit),
        BOOTED(a_header_that_lies_about_its_length_is_refused),
        BOOTED(normal_world_waits_for_the_end_of_boot),
        BOOTED(buffers_are_wiped_after_each_answer),
    };
    return cmocka_run_group_tests_name("vault commands", tests, NULL, NULL);
}
