/*
 * Secrets that pass through the vault are nowhere afterwards: not in its state, not on its stack.
 * It runs on a stack of its own here, which is searched behind each command.
 */
#define _GNU_SOURCE /* memmem */
#include "command_fixture.h"

#include <stdlib.h>
#include <ucontext.h>

#define STACK_SIZE (1u << 20) /* the engines behind the model need much more than the firmware */
#define SECRETS_MAX 16u
#define PIECE 8u /* bytes in a row that are no accident */

static uint8_t *stack;
static ucontext_t outside;
static ucontext_t inside;
static uint8_t secrets[SECRETS_MAX][64]; /* what the engines gave out */
static size_t secret_len[SECRETS_MAX];
static size_t secret_count;

static void note(const void *secret, size_t len)
{
    assert_true(secret_count < SECRETS_MAX && len <= sizeof(secrets[0]));
    memcpy(secrets[secret_count], secret, len);
    secret_len[secret_count++] = len;
}

static void serve(void)
{
    tatu_vault_serve(&vault);
}

static bool holds(const void *memory, size_t len, const uint8_t *secret, size_t secret_size)
{
    for (size_t at = 0; at + PIECE <= secret_size; at++) {
        if (memmem(memory, len, secret + at, PIECE) != NULL) {
            return true;
        }
    }
    return false;
}

static enum tatu_err ask_on_stack(uint16_t caller, uint16_t command, struct tatu_span payload)
{
    uint8_t *request = world->chip->mail + TATU_MAILRAM_REQUEST;
    tatu_put_le32(request, 1);
    tatu_put_le16(request + 4, command);
    tatu_put_le16(request + 6, caller);
    tatu_put_le32(request + 8, (uint32_t)payload.len);
    memcpy(request + TATU_MAILBOX_HEADER_SIZE, payload.data, payload.len);
    secret_count = 0;
    memset(stack, 0, STACK_SIZE);
    assert_int_equal(getcontext(&inside), 0);
    inside.uc_stack.ss_sp = stack;
    inside.uc_stack.ss_size = STACK_SIZE;
    inside.uc_link = &outside;
    makecontext(&inside, serve, 0);
    assert_int_equal(swapcontext(&outside, &inside), 0);
    return (enum tatu_err)tatu_get_le16(world->chip->mail + TATU_MAILRAM_RESPONSE + 6);
}

static int start_noted(void **state)
{
    int err = start(state);
    stack = malloc(STACK_SIZE);
    end_boot();
    world->chip->taint = note;
    return err != 0 || stack == NULL;
}

static int end_noted(void **state)
{
    free(stack);
    return end(state);
}

static void expect_nowhere(const char *what)
{
    assert_true(secret_count > 0);
    for (size_t n = 0; n < secret_count; n++) {
        if (holds(&vault, sizeof(vault), secrets[n], secret_len[n])) {
            fail_msg("%s: left in the vault's state", what);
        }
        if (holds(stack, STACK_SIZE, secrets[n], secret_len[n])) {
            fail_msg("%s: left on the stack", what);
        }
    }
}

static void secrets_are_gone_behind_each_command(void **state)
{
    (void)state;
    uint8_t request[128] = {0};
    request[0] = 64;
    assert_int_equal(ask_on_stack(NORMAL, TATU_VAULT_RANDOM, (struct tatu_span){request, 2}),
                     TATU_OK);
    expect_nowhere("random bytes");
    assert_int_equal(ask_on_stack(NORMAL, TATU_VAULT_DERIVE, (struct tatu_span){request, 16}),
                     TATU_OK);
    expect_nowhere("derived key");
    request[0] = 1;
    assert_int_equal(
        ask_on_stack(MONITOR, TATU_VAULT_AUTHENTICATE, (struct tatu_span){request, 60}), TATU_OK);
    expect_nowhere("MAC");
    /* plain text, on its way in and on its way out */
    memset(request, 0, 16);
    for (uint8_t i = 16; i < 80; i++) {
        request[i] = (uint8_t)(0xc0 ^ i);
    }
    assert_int_equal(ask_on_stack(NORMAL, TATU_VAULT_SEAL, (struct tatu_span){request, 80}),
                     TATU_OK);
    note(request + 16, 64);
    expect_nowhere("plain text to be sealed");
    memcpy(request + 16, world->chip->mail + TATU_MAILRAM_RESPONSE + TATU_MAILBOX_HEADER_SIZE, 92);
    assert_int_equal(ask_on_stack(NORMAL, TATU_VAULT_UNSEAL, (struct tatu_span){request, 108}),
                     TATU_OK);
    expect_nowhere("unsealed plain text");
}

/* The search finds what is there. */
static void the_search_itself_finds_a_secret(void **state)
{
    (void)state;
    const uint8_t request[16] = {0};
    assert_int_equal(ask_on_stack(NORMAL, TATU_VAULT_DERIVE, TATU_SPAN_OF(request)), TATU_OK);
    memcpy(stack + STACK_SIZE - 100, secrets[0] + 3, PIECE);
    assert_true(holds(stack, STACK_SIZE, secrets[0], secret_len[0]));
    assert_int_equal(ask_on_stack(NORMAL, TATU_VAULT_TIME_NONCE, NOTHING), TATU_OK);
    assert_true(holds(&vault, sizeof(vault), secrets[0], secret_len[0])); /* waits for its answer */
}

#define NOTED(test) cmocka_unit_test_setup_teardown(test, start_noted, end_noted)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NOTED(secrets_are_gone_behind_each_command),
        NOTED(the_search_itself_finds_a_secret),
    };
    return cmocka_run_group_tests_name("vault wipe", tests, NULL, NULL);
}
