#include "recovery/recovery.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "fake_bench.h"

#include <cmocka.h>

#define BODY_LEN 5000u

static struct tatu_monitor_chip *chip;
static struct tatu_recovery_port host;

static int make_bench(void **state)
{
    (void)state;
    chip = fake_chip_new(0xff);
    fake_host_init(&host, chip, 1, BODY_LEN);
    return 0;
}

static int end_bench(void **state)
{
    (void)state;
    fake_chip_free(chip);
    return 0;
}

static void expect_installed(void)
{
    for (uint8_t set = 0; set < TATU_FLASH_SET_COUNT; set++) {
        for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
            assert_true(fake_holds(chip, &host.packages[i], set));
        }
    }
}

static bool is_all(uint32_t at, uint32_t size, uint8_t byte)
{
    for (uint32_t i = 0; i < size; i++) {
        if (chip->flash[at + i] != byte) {
            return false;
        }
    }
    return true;
}

static void wiped_flash_gets_both_sets(void **state)
{
    (void)state;
    assert_true(fake_run(chip, &host));
    assert_true(host.done);
    assert_int_equal(host.done_err, TATU_OK);
    assert_int_equal(host.hellos, FAKE_COUNT);
    assert_true(host.progress > 0);
    expect_installed();
    assert_non_null(strstr(chip->log, "[REC] installed\n"));
}

static void applications_store_and_tables_go_and_records_and_factory_stay(void **state)
{
    (void)state;
    memset(chip->flash, 0x3c, TATU_FLASH_SIZE);
    assert_true(fake_run(chip, &host));
    expect_installed();
    assert_true(is_all(TATU_FLASH_APPS0_AT, TATU_FLASH_APPS0_SIZE, 0xff));
    assert_true(is_all(TATU_FLASH_APPS1_AT, TATU_FLASH_APPS1_SIZE, 0xff));
    assert_true(is_all(TATU_FLASH_STORE_AT, TATU_FLASH_STORE_SIZE, 0xff));
    assert_true(is_all(TATU_FLASH_TABLE0_AT, TATU_FLASH_SECTOR_SIZE, 0xff));
    assert_true(is_all(TATU_FLASH_TABLE1_AT, TATU_FLASH_SECTOR_SIZE, 0xff));
    assert_true(is_all(TATU_FLASH_FACTORY_AT, TATU_FLASH_FACTORY_SIZE, 0x3c));
    assert_true(is_all(TATU_FLASH_RECORDS_AT, TATU_FLASH_RECORDS_SIZE, 0x3c));
}

static void vault_forgets_before_any_set_can_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        fake_install(chip, &host.packages[i], 0);
        fake_install(chip, &host.packages[i], 1);
    }
    assert_true(fake_run(chip, &host));
    assert_true(chip->forgot && chip->dropped);
    assert_false(chip->keystore_before_forgetting);
    expect_installed();
}

static void parts_that_are_there_are_not_sent_again(void **state)
{
    (void)state;
    assert_true(fake_run(chip, &host));
    uint32_t whole = host.sent;
    host.sent = 0;
    assert_true(fake_run(chip, &host));
    assert_int_equal(host.sent, fake_package_of(&host, TATU_IMAGE_RECOVERY_MANIFEST)->len);
    expect_installed();
    /* one damaged in one set comes from the other */
    chip->flash[TATU_FLASH_KERNEL_AT + 77] ^= 1;
    host.sent = 0;
    assert_true(fake_run(chip, &host));
    assert_int_equal(host.sent, fake_package_of(&host, TATU_IMAGE_RECOVERY_MANIFEST)->len);
    assert_true(host.sent < whole);
    expect_installed();
}

/* ---- what is refused; the flash stays as it was ---- */

static void flip(uint16_t type, uint32_t at)
{
    fake_package_of(&host, type)->bytes[at] ^= 1;
}

static void break_manifest_signature(void)
{
    flip(TATU_IMAGE_RECOVERY_MANIFEST, host.packages[FAKE_COUNT - 1].len - 1);
}
static void make_manifest_of_another_version(void)
{
    uint8_t body[TATU_RECOVERY_MANIFEST_SIZE] = {2};
    fake_pack(&host, TATU_IMAGE_RECOVERY_MANIFEST, TATU_SPAN_OF(body));
}
static void send_kernel_as_manifest(void)
{
    struct fake_package *manifest = fake_package_of(&host, TATU_IMAGE_RECOVERY_MANIFEST);
    *manifest = *fake_package_of(&host, TATU_IMAGE_KERNEL);
    manifest->type = TATU_IMAGE_RECOVERY_MANIFEST;
    manifest->len = TATU_RECOVERY_PACKAGE_MAX < manifest->len ? 0 : manifest->len;
}
static void send_short_kernel_as_manifest(void)
{
    fake_host_init(&host, chip, 1, 100);
    send_kernel_as_manifest();
}
static void send_huge_manifest(void)
{
    fake_package_of(&host, TATU_IMAGE_RECOVERY_MANIFEST)->len = TATU_RECOVERY_PACKAGE_MAX + 1;
}
static void break_kernel(void)
{
    flip(TATU_IMAGE_KERNEL, 10);
}
static void sign_kernel_badly(void)
{
    struct fake_package *kernel = fake_package_of(&host, TATU_IMAGE_KERNEL);
    flip(TATU_IMAGE_KERNEL, kernel->len - 1);
    fake_pack_manifest(&host); /* which names it as it is */
}
static void send_another_kernel(void)
{
    struct tatu_recovery_port other;
    fake_host_init(&other, chip, 2, BODY_LEN);
    *fake_package_of(&host, TATU_IMAGE_KERNEL) = *fake_package_of(&other, TATU_IMAGE_KERNEL);
    fake_host_init(&other, chip, 1, 10); /* the keystore in use again */
}
static void send_longer_kernel(void)
{
    fake_package_of(&host, TATU_IMAGE_KERNEL)->len += 4;
}
static void send_another_keystore(void)
{
    fake_pack(&host, TATU_IMAGE_KEYSTORE, (struct tatu_span){(const uint8_t *)"another", 7});
}
static void make_tree_too_large(void)
{
    static const uint8_t body[FAKE_PACKAGE_MAX - 400];
    fake_pack(&host, TATU_IMAGE_KEYSTORE, TATU_SPAN_OF(body));
}
static void have_no_monitor(void)
{
    fake_package_of(&host, TATU_IMAGE_MONITOR)->len = 0;
}
static void change_root_meanwhile(void)
{
    host.grows = TATU_IMAGE_ROOT;
}

static const struct refusal {
    const char *promise;
    void (*spoil)(void);
    enum tatu_err err;
} refusals[] = {
    {"manifest_without_signature", break_manifest_signature, TATU_ERR_SIGNATURE},
    {"manifest_of_another_version", make_manifest_of_another_version, TATU_ERR_VERSION},
    {"another_image_as_manifest", send_short_kernel_as_manifest, TATU_ERR_TYPE},
    {"manifest_that_has_no_room", send_huge_manifest, TATU_ERR_LONG},
    {"part_that_is_damaged", break_kernel, TATU_ERR_DIGEST},
    {"part_without_signature", sign_kernel_badly, TATU_ERR_SIGNATURE},
    {"part_of_another_manifest", send_another_kernel, TATU_ERR_DIGEST},
    {"part_of_another_length", send_longer_kernel, TATU_ERR_DIGEST},
    {"keystore_that_is_not_in_use", send_another_keystore, TATU_ERR_DIGEST},
    {"part_over_its_slot", make_tree_too_large, TATU_ERR_LONG},
    {"part_that_the_host_has_not", have_no_monitor, TATU_ERR_REJECTED},
    {"part_that_changes_meanwhile", change_root_meanwhile, TATU_ERR_FORMAT},
};

static void refuses(void **state)
{
    const struct refusal *refusal = *state;
    make_bench(NULL);
    memset(chip->flash, 0x3c, TATU_FLASH_SIZE);
    refusal->spoil();
    assert_false(fake_run(chip, &host));
    assert_true(host.done);
    if (host.done_err != refusal->err) {
        fail_msg("%s: %s instead of %s", refusal->promise,
                 tatu_err_name((enum tatu_err)host.done_err), tatu_err_name(refusal->err));
    }
    assert_int_equal(chip->operations, 0);
    assert_false(chip->forgot || chip->dropped);
    assert_non_null(strstr(chip->log, " refused, "));
    end_bench(NULL);
}

/* ---- hosts ---- */

static void silent_host_is_asked_every_second(void **state)
{
    (void)state;
    host.silent = true;
    host.patience_ms = 20500;
    assert_false(fake_run(chip, &host));
    assert_int_equal(host.reads, 21);
    assert_int_equal(host.hellos, 21);
    assert_int_equal(chip->operations, 0);
}

static void host_that_goes_and_comes_back_is_taken_up_where_it_left(void **state)
{
    (void)state;
    assert_true(fake_run(chip, &host));
    uint32_t whole = host.sent;
    end_bench(NULL);
    make_bench(NULL);
    host.goes_after = 12000;
    host.returns_ms = 20000;
    assert_true(fake_run(chip, &host));
    expect_installed();
    /* no more than what was answered into the void */
    assert_true(host.sent <= whole + 25 * TATU_RECOVERY_READ_MAX);
    assert_true(host.now_ms >= 20000);
}

static void noise_costs_time_only(void **state)
{
    (void)state;
    host.noise = 3000;
    host.patience_ms = 10 * 60000;
    assert_true(fake_run(chip, &host));
    expect_installed();
    assert_true(host.now_ms > 1000);
}

static void garbage_installs_nothing(void **state)
{
    (void)state;
    static uint8_t tape[200000];
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof(tape); i++) {
        random = random * 1103515245u + 12345u;
        tape[i] = (uint8_t)(random >> 16);
    }
    host.tape = TATU_SPAN_OF(tape);
    assert_false(fake_run(chip, &host));
    assert_false(host.done);
    assert_int_equal(chip->operations, 0);
}

static void next_attempt_tells_why_the_last_failed(void **state)
{
    (void)state;
    uint8_t tape[2 * TATU_RECOVERY_FRAME_MAX];
    struct tatu_buf buf = TATU_BUF_OF(tape);
    const struct tatu_recovery_message refuse = {.kind = TATU_RECOVERY_REFUSE,
                                                 .image_type = TATU_IMAGE_RECOVERY_MANIFEST,
                                                 .err = TATU_ERR_NOT_FOUND};
    assert_int_equal(tatu_proto_encode_recovery(&refuse, &buf), TATU_OK);
    host.tape = (struct tatu_span){tape, buf.len};
    host.keeps_going = true;
    assert_false(fake_run(chip, &host));
    assert_int_equal(host.done_err, TATU_ERR_REJECTED);
    assert_int_equal(host.last_err, TATU_ERR_REJECTED);
    assert_int_equal(host.hellos, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wiped_flash_gets_both_sets, make_bench, end_bench),
        cmocka_unit_test_setup_teardown(
            applications_store_and_tables_go_and_records_and_factory_stay, make_bench, end_bench),
        cmocka_unit_test_setup_teardown(vault_forgets_before_any_set_can_start, make_bench,
                                        end_bench),
        cmocka_unit_test_setup_teardown(parts_that_are_there_are_not_sent_again, make_bench,
                                        end_bench),
        cmocka_unit_test_setup_teardown(silent_host_is_asked_every_second, make_bench, end_bench),
        cmocka_unit_test_setup_teardown(host_that_goes_and_comes_back_is_taken_up_where_it_left,
                                        make_bench, end_bench),
        cmocka_unit_test_setup_teardown(noise_costs_time_only, make_bench, end_bench),
        cmocka_unit_test_setup_teardown(garbage_installs_nothing, make_bench, end_bench),
        cmocka_unit_test_setup_teardown(next_attempt_tells_why_the_last_failed, make_bench,
                                        end_bench),
    };
    struct CMUnitTest rows[TATU_COUNT_OF(refusals)];
    for (size_t i = 0; i < TATU_COUNT_OF(refusals); i++) {
        rows[i] = (struct CMUnitTest){.name = refusals[i].promise,
                                      .test_func = refuses,
                                      .initial_state = (void *)(uintptr_t)&refusals[i]};
    }
    int failed = cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("recovery refuses", rows, NULL, NULL);
}
