#include "vault.h"

#include "sim_fixture.h"

static struct tatu_monitor_vault vault;
static uint8_t bytes[TATU_MAILBOX_PAYLOAD_MAX];
static struct tatu_buf answer;

static int fixture(void **state)
{
    vault = (struct tatu_monitor_vault){.chip = NULL};
    answer = TATU_BUF_OF(bytes);
    int failed = fixture_blank(state);
    vault.chip = chip;
    return failed;
}

static enum tatu_err ask(uint16_t command, struct tatu_span payload)
{
    chip->boot_done = true;
    return tatu_monitor_ask_vault(&vault, TATU_VAULT_CALLER_NORMAL, command, payload, &answer);
}

static void question_and_answer_pass_unchanged(void **state)
{
    (void)state;
    static uint8_t question[TATU_MAILBOX_PAYLOAD_MAX];
    memset(question, 0x3c, sizeof(question));
    assert_int_equal(ask(TATU_VAULT_CLAIM, TATU_SPAN_OF(question)), TATU_OK);
    assert_int_equal(answer.len, sizeof(question));
    assert_memory_equal(bytes, question, sizeof(question));
    assert_int_equal(chip->last_command, TATU_VAULT_CLAIM);
    assert_int_equal(chip->last_caller, TATU_VAULT_CALLER_NORMAL);
}

static void question_over_the_limit_is_not_sent(void **state)
{
    (void)state;
    static const uint8_t question[TATU_MAILBOX_PAYLOAD_MAX + 1];
    assert_int_equal(ask(TATU_VAULT_CLAIM, TATU_SPAN_OF(question)), TATU_ERR_LONG);
    assert_int_equal(chip->last_command, 0);
}

static void silence_is_a_time_out_and_the_next_question_works(void **state)
{
    (void)state;
    chip->vault_dumb = true;
    assert_int_equal(ask(TATU_VAULT_GET_INFO, (struct tatu_span){NULL, 0}), TATU_ERR_TIMEOUT);
    assert_int_equal(answer.len, 0);
    chip->vault_dumb = false;
    assert_int_equal(ask(TATU_VAULT_GET_INFO, (struct tatu_span){NULL, 0}), TATU_OK);
}

static void late_answers_to_older_questions_are_passed_over(void **state)
{
    (void)state;
    chip->vault_stale = 3;
    assert_int_equal(ask(TATU_VAULT_GET_INFO, (struct tatu_span){NULL, 0}), TATU_OK);
    assert_int_equal(answer.len, TATU_VAULT_INFO_SIZE);
    chip->vault_stale = 100;
    assert_int_equal(ask(TATU_VAULT_GET_INFO, (struct tatu_span){NULL, 0}), TATU_ERR_TIMEOUT);
}

static void the_vaults_refusal_is_the_answer(void **state)
{
    (void)state;
    chip->vault_err = TATU_ERR_ROLLBACK;
    assert_int_equal(ask(TATU_VAULT_GET_INFO, (struct tatu_span){NULL, 0}), TATU_ERR_ROLLBACK);
    assert_int_equal(answer.len, 0);
}

static void an_answer_longer_than_the_room_is_refused(void **state)
{
    (void)state;
    answer.cap = TATU_VAULT_INFO_SIZE - 1;
    assert_int_equal(ask(TATU_VAULT_GET_INFO, (struct tatu_span){NULL, 0}), TATU_ERR_LONG);
    assert_int_equal(answer.len, 0);
}

static uint32_t put_package(uint16_t type)
{
    const struct sim_package package = {type, 1, 2, 600, 9};
    uint8_t package_bytes[600];
    sim_make_package(&package, package_bytes);
    sim_put(chip, TATU_FLASH_APPS0_AT, package_bytes, sizeof(package_bytes));
    return TATU_MAP_FLASH_BASE + TATU_FLASH_APPS0_AT;
}

static void a_good_image_is_told_with_its_facts(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    uint32_t at = put_package(TATU_IMAGE_APPLICATION);
    assert_int_equal(tatu_monitor_verify_image(&vault, at, 600, TATU_IMAGE_APPLICATION, 0, &image),
                     TATU_OK);
    assert_int_equal(image.security_version, 9);
    assert_int_equal(image.component[0], 1);
    assert_int_equal(image.image[15], 2);
    assert_int_equal(chip->last_caller, TATU_VAULT_CALLER_MONITOR);
}

static void an_image_the_vault_refuses_leaves_the_answer_untouched(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    struct tatu_verified_image before;
    memset(&image, 0x55, sizeof(image));
    before = image;
    uint32_t at = put_package(TATU_IMAGE_APPLICATION);
    assert_int_equal(tatu_monitor_verify_image(&vault, at, 600, TATU_IMAGE_KERNEL, 0, &image),
                     TATU_ERR_TYPE);
    chip->flash[TATU_FLASH_APPS0_AT] ^= 1;
    assert_int_equal(tatu_monitor_verify_image(&vault, at, 600, TATU_IMAGE_APPLICATION, 0, &image),
                     TATU_ERR_SIGNATURE);
    assert_memory_equal(&image, &before, sizeof(image));
}

static void a_vault_that_vouches_for_something_else_is_not_believed(void **state)
{
    (void)state;
    struct tatu_verified_image image;
    uint32_t at = put_package(TATU_IMAGE_APPLICATION);
    chip->vault_wrong_type = TATU_IMAGE_KERNEL;
    assert_int_equal(tatu_monitor_verify_image(&vault, at, 600, TATU_IMAGE_APPLICATION, 0, &image),
                     TATU_ERR_TYPE);
    chip->vault_wrong_type = 0;
    chip->vault_cut_len = 1;
    assert_int_equal(tatu_monitor_verify_image(&vault, at, 600, TATU_IMAGE_APPLICATION, 0, &image),
                     TATU_ERR_FORMAT);
    /* A yes without a word about what. */
    chip->vault_cut_len = TATU_VERIFIED_IMAGE_SIZE;
    assert_int_equal(tatu_monitor_verify_image(&vault, at, 600, TATU_IMAGE_APPLICATION, 0, &image),
                     TATU_ERR_FORMAT);
}

static void the_vaults_refusals_before_us_are_told(void **state)
{
    (void)state;
    struct tatu_monitor_vault_boot boot;
    chip->boot_set = 1;
    chip->refused_count = 2;
    assert_int_equal(tatu_monitor_get_vault_boot(&vault, &boot), TATU_OK);
    assert_int_equal(boot.set, 1);
    assert_int_equal(boot.refused_count, 2);
    assert_int_equal(boot.refused[1].image_type, TATU_IMAGE_MONITOR);
    assert_int_equal(boot.refused[1].err, TATU_ERR_ROLLBACK);
}

static void the_mode_of_the_boot_is_told(void **state)
{
    (void)state;
    struct tatu_monitor_vault_boot boot;
    chip->boot_mode = TATU_BOOT_SAFE;
    chip->boot_fallback = 1;
    assert_int_equal(tatu_monitor_get_vault_boot(&vault, &boot), TATU_OK);
    assert_int_equal(boot.mode, TATU_BOOT_SAFE);
    assert_true(boot.fallback);
    chip->boot_mode = TATU_BOOT_RECOVERY + 1;
    assert_int_equal(tatu_monitor_get_vault_boot(&vault, &boot), TATU_ERR_FORMAT);
}

static void an_order_takes_an_answer_of_its_length_only(void **state)
{
    (void)state;
    uint8_t out[8] = {0x55, 0x55};
    static const struct tatu_span none = {NULL, 0};
    chip->grace_s = 7;
    assert_int_equal(tatu_monitor_order_vault(&vault, TATU_VAULT_GET_TICKET, none, out, 7),
                     TATU_ERR_FORMAT);
    chip->vault_cut_len = 1;
    assert_int_equal(tatu_monitor_order_vault(&vault, TATU_VAULT_GET_TICKET, none, out, 8),
                     TATU_ERR_FORMAT);
    assert_int_equal(out[0], 0x55);
    chip->vault_cut_len = 0;
    assert_int_equal(tatu_monitor_order_vault(&vault, TATU_VAULT_GET_TICKET, none, out, 8),
                     TATU_OK);
    assert_int_equal(out[0], 7);
    assert_int_equal(tatu_monitor_order_vault(&vault, TATU_VAULT_BOOT_GOOD, none, NULL, 0),
                     TATU_OK);
    chip->vault_err = TATU_ERR_STATE;
    assert_int_equal(tatu_monitor_order_vault(&vault, TATU_VAULT_BOOT_GOOD, none, NULL, 0),
                     TATU_ERR_STATE);
}

/* The hook stands for the whole vault: what it writes is the answer, and silence is silence. */
static bool serve_echo(void *context, struct tatu_monitor_chip *served)
{
    uint32_t *calls = context;
    uint8_t *response = served->mail + TATU_MAILRAM_RESPONSE;
    memcpy(response, served->mail + TATU_MAILRAM_REQUEST, TATU_MAILBOX_HEADER_SIZE);
    tatu_put_le16(response + 6, TATU_OK);
    return ++*calls == 1;
}

static void a_test_may_bring_a_vault_of_its_own(void **state)
{
    (void)state;
    uint32_t calls = 0;
    chip->serve = serve_echo;
    chip->serve_context = &calls;
    assert_int_equal(ask(TATU_VAULT_DROP_CAPABILITY, (struct tatu_span){NULL, 0}), TATU_OK);
    assert_int_equal(ask(TATU_VAULT_DROP_CAPABILITY, (struct tatu_span){NULL, 0}),
                     TATU_ERR_TIMEOUT);
    assert_int_equal(calls, 2);
    chip->serve = NULL;
}

static void a_boot_answer_of_the_wrong_shape_is_refused(void **state)
{
    (void)state;
    struct tatu_monitor_vault_boot boot;
    chip->refused_count = 2;
    chip->vault_cut_len = 1;
    assert_int_equal(tatu_monitor_get_vault_boot(&vault, &boot), TATU_ERR_FORMAT);
    chip->vault_cut_len = 18;
    assert_int_equal(tatu_monitor_get_vault_boot(&vault, &boot), TATU_ERR_FORMAT);
    chip->vault_cut_len = 0;
    chip->refused_count = 5;
    assert_int_equal(tatu_monitor_get_vault_boot(&vault, &boot), TATU_ERR_LONG);
    chip->refused_count = 0;
    chip->boot_set = 2;
    assert_int_equal(tatu_monitor_get_vault_boot(&vault, &boot), TATU_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(question_and_answer_pass_unchanged, fixture),
        cmocka_unit_test_setup(question_over_the_limit_is_not_sent, fixture),
        cmocka_unit_test_setup(silence_is_a_time_out_and_the_next_question_works, fixture),
        cmocka_unit_test_setup(late_answers_to_older_questions_are_passed_over, fixture),
        cmocka_unit_test_setup(the_vaults_refusal_is_the_answer, fixture),
        cmocka_unit_test_setup(an_answer_longer_than_the_room_is_refused, fixture),
        cmocka_unit_test_setup(a_good_image_is_told_with_its_facts, fixture),
        cmocka_unit_test_setup(an_image_the_vault_refuses_leaves_the_answer_untouched, fixture),
        cmocka_unit_test_setup(a_vault_that_vouches_for_something_else_is_not_believed, fixture),
        cmocka_unit_test_setup(the_vaults_refusals_before_us_are_told, fixture),
        cmocka_unit_test_setup(the_mode_of_the_boot_is_told, fixture),
        cmocka_unit_test_setup(an_order_takes_an_answer_of_its_length_only, fixture),
        cmocka_unit_test_setup(a_test_may_bring_a_vault_of_its_own, fixture),
        cmocka_unit_test_setup(a_boot_answer_of_the_wrong_shape_is_refused, fixture),
    };
    return FIXTURE_RUN(tests);
}
