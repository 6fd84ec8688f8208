#include "sim_fixture.h"
#include "state.h"

#define PAGE (TATU_MAP_RAM_BASE + 0x5000u)
#define ENDORSEMENT_LEN 300u

static struct tatu_monitor m;
static uint8_t page[TATU_SMC_PAGE_SIZE + 1];
static uint32_t answer_len;

static int fixture(void **state)
{
    struct tatu_monitor_entry entry;
    int failed = fixture_blank(state);
    sim_put_set(chip, 0, 5);
    return failed || tatu_monitor_boot(&m, chip, &entry) != TATU_OK;
}

static uint32_t raw(uint32_t r0, uint32_t r1, uint32_t r2)
{
    struct tatu_monitor_registers registers = {{r0, r1, r2, 0xdead}};
    tatu_monitor_handle_smc(&m, &registers);
    answer_len = registers.r[1];
    assert_int_equal(registers.r[3], 0xdead);
    return registers.r[0];
}

/* Calls with len bytes of arguments; page holds the answer afterwards. */
static uint32_t call(uint32_t number, const void *arguments, uint32_t len)
{
    uint8_t *ram = chip->ram + (PAGE - TATU_MAP_RAM_BASE);
    memset(ram, 0xee, TATU_SMC_PAGE_SIZE);
    tatu_put_le32(ram, number);
    if (len > 0) {
        memcpy(ram + 4, arguments, len);
    }
    memcpy(page, ram, TATU_SMC_PAGE_SIZE);
    uint32_t err = raw(TATU_SMC_CALL, PAGE, 4 + len);
    if (err != TATU_OK) {
        assert_int_equal(answer_len, 0);
        assert_memory_equal(page, ram, TATU_SMC_PAGE_SIZE); /* untouched on failure */
    }
    memcpy(page, ram, TATU_SMC_PAGE_SIZE);
    return err;
}

static uint32_t call_word(uint32_t number, uint32_t word)
{
    uint8_t bytes[4];
    tatu_put_le32(bytes, word);
    return call(number, bytes, sizeof(bytes));
}

static uint32_t call_kind(uint32_t number, uint16_t kind, const void *bytes, uint32_t len)
{
    static uint8_t arguments[TATU_SMC_ARGUMENT_MAX];
    memset(arguments, 0, 4);
    tatu_put_le16(arguments, kind);
    if (len > 0) {
        memcpy(arguments + 4, bytes, len);
    }
    return call(number, arguments, 4 + len);
}

static uint32_t stage_begin(uint16_t type, uint32_t len, uint32_t *out_handle)
{
    uint8_t bytes[4];
    tatu_put_le32(bytes, len);
    uint32_t err = call_kind(TATU_SMC_STAGE_BEGIN, type, bytes, sizeof(bytes));
    *out_handle = tatu_get_le32(page);
    return err;
}

static uint32_t stage_write(uint32_t handle, uint32_t offset, const void *bytes, uint32_t len)
{
    static uint8_t arguments[TATU_SMC_ARGUMENT_MAX];
    tatu_put_le32(arguments, handle);
    tatu_put_le32(arguments + 4, offset);
    memcpy(arguments + 8, bytes, len);
    return call(TATU_SMC_STAGE_WRITE, arguments, 8 + len);
}

static void install(uint8_t name)
{
    const struct sim_package package = {TATU_IMAGE_APPLICATION, name, name, 3000, 1};
    uint8_t bytes[3000];
    uint8_t ids[20] = {1};
    uint32_t handle = 0;
    sim_make_package(&package, bytes);
    assert_int_equal(stage_begin(TATU_IMAGE_APPLICATION, sizeof(bytes), &handle), TATU_OK);
    assert_int_equal(stage_write(handle, 0, bytes, sizeof(bytes)), TATU_OK);
    assert_int_equal(answer_len, 0);
    assert_int_equal(call_word(TATU_SMC_STAGE_FINISH, handle), TATU_OK);
    assert_int_equal(answer_len, TATU_VERIFIED_IMAGE_SIZE);
    assert_int_equal(page[16], name);
    memset(ids + 4, name, 16);
    assert_int_equal(call(TATU_SMC_COMMIT_APPS, ids, sizeof(ids)), TATU_OK);
}

/* ---- the register level -------------------------------------------------------------------- */

static void unknown_functions_are_not_supported(void **state)
{
    (void)state;
    static const uint32_t functions[] = {0,          1,          0x84000001, 0x84000006, 0x80000000,
                                         0x83000000, 0x83000002, 0xc4000008, UINT32_MAX};
    for (size_t i = 0; i < TATU_COUNT_OF(functions); i++) {
        assert_int_equal(raw(functions[i], PAGE, 4), UINT32_MAX);
    }
    assert_false(chip->power_off || chip->reset);
}

static void psci_tells_its_version_and_features(void **state)
{
    (void)state;
    static const uint32_t known[] = {TATU_SMC_PSCI_VERSION, TATU_SMC_PSCI_OFF, TATU_SMC_PSCI_RESET,
                                     TATU_SMC_PSCI_FEATURES};
    assert_int_equal(raw(TATU_SMC_PSCI_VERSION, 0, 0), 0x10000);
    for (size_t i = 0; i < TATU_COUNT_OF(known); i++) {
        assert_int_equal(raw(TATU_SMC_PSCI_FEATURES, known[i], 0), 0);
    }
    assert_int_equal(raw(TATU_SMC_PSCI_FEATURES, 0x84000003, 0), UINT32_MAX);
}

static void psci_switches_off_and_resets(void **state)
{
    (void)state;
    (void)raw(TATU_SMC_PSCI_OFF, 0, 0);
    assert_true(chip->power_off && !chip->reset);
    chip->power_off = false;
    (void)raw(TATU_SMC_PSCI_RESET, 0, 0);
    assert_true(chip->reset && !chip->power_off);
}

static void a_page_that_is_not_normal_ram_is_refused(void **state)
{
    (void)state;
    static const uint32_t addresses[] = {
        0,
        TATU_MAP_AROM_BASE,
        TATU_MAP_FLASH_BASE,
        TATU_MAP_FLASHCTL_BASE,
        TATU_MAP_MAILRAM_BASE,
        TATU_MAP_SECRAM_BASE,
        TATU_MAP_SECRAM_BASE + 0x3f000,
        TATU_MAP_WINDOW_BASE,
        TATU_MAP_RAM_BASE - TATU_SMC_PAGE_SIZE,
        TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT,
        0xfffff000u,
        PAGE + 1,
        PAGE + 4,
        PAGE + 2048,
    };
    for (size_t i = 0; i < TATU_COUNT_OF(addresses); i++) {
        assert_int_equal(raw(TATU_SMC_CALL, addresses[i], 4), TATU_ERR_ARGUMENT);
    }
    tatu_put_le32(chip->ram, TATU_SMC_GET_BOOT);
    assert_int_equal(raw(TATU_SMC_CALL, TATU_MAP_RAM_BASE, 4), TATU_OK);
    uint8_t *last = chip->ram + sizeof(chip->ram) - TATU_SMC_PAGE_SIZE;
    tatu_put_le32(last, TATU_SMC_GET_BOOT);
    assert_int_equal(
        raw(TATU_SMC_CALL, TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT - TATU_SMC_PAGE_SIZE, 4),
        TATU_OK);
}

static void a_request_shorter_than_its_head_or_longer_than_a_page_is_refused(void **state)
{
    (void)state;
    assert_int_equal(raw(TATU_SMC_CALL, PAGE, 0), TATU_ERR_SHORT);
    assert_int_equal(raw(TATU_SMC_CALL, PAGE, 3), TATU_ERR_SHORT);
    assert_int_equal(raw(TATU_SMC_CALL, PAGE, TATU_SMC_PAGE_SIZE + 1), TATU_ERR_LONG);
    assert_int_equal(raw(TATU_SMC_CALL, PAGE, UINT32_MAX), TATU_ERR_LONG);
}

static void unknown_calls_are_refused(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {0, 15, 0x101, 0x80000001, UINT32_MAX};
    for (size_t i = 0; i < TATU_COUNT_OF(numbers); i++) {
        assert_int_equal(call(numbers[i], NULL, 0), TATU_ERR_UNKNOWN_COMMAND);
    }
}

static void every_call_refuses_arguments_of_another_length(void **state)
{
    (void)state;
    static const struct {
        uint32_t number;
        uint32_t min;
        uint32_t max;
    } rows[] = {
        {TATU_SMC_GET_BOOT, 0, 0},
        {TATU_SMC_VAULT, 4, TATU_SMC_ARGUMENT_MAX},
        {TATU_SMC_RECORD_APPEND, 4, 4 + TATU_RECORD_MAX},
        {TATU_SMC_RECORD_READ, 4, 4},
        {TATU_SMC_RECORD_ACK, 4, 4},
        {TATU_SMC_STAGE_BEGIN, 8, 8},
        {TATU_SMC_STAGE_WRITE, 9, TATU_SMC_ARGUMENT_MAX},
        {TATU_SMC_STAGE_FINISH, 4, 4},
        {TATU_SMC_STAGE_ABORT, 4, 4},
        {TATU_SMC_COMMIT_APPS, 4, 4 + 256},
        {TATU_SMC_LIST_APPS, 0, 0},
        {TATU_SMC_READ_FACTORY, 0, 0},
        {TATU_SMC_KEYSTORE, 0, 0},
        {TATU_SMC_WATCHDOG, 4, 4},
    };
    static const uint8_t zeros[TATU_SMC_ARGUMENT_MAX];
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(rows[i].number, i + 1); /* no call is forgotten */
        if (rows[i].min > 0) {
            assert_int_equal(call(rows[i].number, zeros, rows[i].min - 1), TATU_ERR_SHORT);
            assert_int_equal(call(rows[i].number, NULL, 0), TATU_ERR_SHORT);
        }
        if (rows[i].max < TATU_SMC_ARGUMENT_MAX) {
            assert_int_equal(call(rows[i].number, zeros, rows[i].max + 1), TATU_ERR_LONG);
            assert_int_equal(call(rows[i].number, zeros, TATU_SMC_ARGUMENT_MAX), TATU_ERR_LONG);
        }
    }
}

static void reserved_bytes_must_be_zero(void **state)
{
    (void)state;
    static const struct {
        uint32_t number;
        uint8_t bytes[8];
        uint32_t len;
    } rows[] = {
        {TATU_SMC_VAULT, {TATU_VAULT_GET_INFO, 0, 1, 0}, 4},
        {TATU_SMC_VAULT, {TATU_VAULT_GET_INFO, 0, 0, 1}, 4},
        {TATU_SMC_RECORD_APPEND, {TATU_RECORD_EVENT, 0, 0, 1}, 4},
        {TATU_SMC_STAGE_BEGIN, {TATU_IMAGE_APPLICATION, 0, 1, 0, 100, 0, 0, 0}, 8},
        {TATU_SMC_COMMIT_APPS, {0, 1, 0, 0}, 4},
        {TATU_SMC_COMMIT_APPS, {0, 0, 1, 0}, 4},
        {TATU_SMC_COMMIT_APPS, {0, 0, 0, 1}, 4},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(call(rows[i].number, rows[i].bytes, rows[i].len), TATU_ERR_FORMAT);
    }
}

/* ---- each call ---------------------------------------------------------------------------------
 */

static void get_boot_tells_what_runs(void **state)
{
    (void)state;
    assert_int_equal(call(TATU_SMC_GET_BOOT, NULL, 0), TATU_OK);
    assert_int_equal(answer_len, TATU_SMC_BOOT_SIZE);
    assert_int_equal(page[0], 0);
    assert_int_equal(page[1], 0);
    assert_int_equal(tatu_get_le32(page + 4), TATU_RESET_POWER_ON);
    assert_int_equal(tatu_get_le32(page + 8), 5);
    assert_int_equal(tatu_get_le32(page + 12), 7);
}

static void vault_commands_pass_as_the_normal_world(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3, 4, 5};
    assert_int_equal(call_kind(TATU_SMC_VAULT, TATU_VAULT_MAKE_KEY, bytes, 5), TATU_OK);
    assert_int_equal(answer_len, 5);
    assert_memory_equal(page, bytes, 5);
    assert_int_equal(chip->last_caller, TATU_VAULT_CALLER_NORMAL);
    assert_int_equal(chip->last_command, TATU_VAULT_MAKE_KEY);
    assert_int_equal(call_kind(TATU_SMC_VAULT, TATU_VAULT_GET_INFO, NULL, 0), TATU_OK);
    assert_int_equal(answer_len, TATU_VAULT_INFO_SIZE);
}

static void the_vault_never_sees_the_monitors_own_commands_from_outside(void **state)
{
    (void)state;
    chip->last_command = 0;
    for (uint16_t command = TATU_VAULT_VERIFY_IMAGE; command <= TATU_VAULT_GET_BOOT; command++) {
        assert_int_equal(call_kind(TATU_SMC_VAULT, command, NULL, 0), TATU_ERR_DENIED);
    }
    static const uint16_t unknown[] = {0, 6, 15, 24, 0x110, 0xffff};
    for (size_t i = 0; i < TATU_COUNT_OF(unknown); i++) {
        assert_int_equal(call_kind(TATU_SMC_VAULT, unknown[i], NULL, 0), TATU_ERR_UNKNOWN_COMMAND);
    }
    assert_int_equal(chip->last_command, 0);
}

static void the_vaults_errors_reach_the_caller(void **state)
{
    (void)state;
    chip->vault_err = TATU_ERR_PURPOSE;
    assert_int_equal(call_kind(TATU_SMC_VAULT, TATU_VAULT_SIGN_TLS, NULL, 0), TATU_ERR_PURPOSE);
    chip->vault_err = 0;
    chip->vault_dumb = true;
    assert_int_equal(call_kind(TATU_SMC_VAULT, TATU_VAULT_SIGN_TLS, NULL, 0), TATU_ERR_TIMEOUT);
}

static void records_go_in_and_out(void **state)
{
    (void)state;
    static uint8_t bytes[TATU_RECORD_MAX];
    memset(bytes, 0x42, sizeof(bytes));
    assert_int_equal(call_word(TATU_SMC_RECORD_READ, 0), TATU_ERR_NOT_FOUND);
    assert_int_equal(call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_CRASH, bytes, sizeof(bytes)),
                     TATU_OK);
    assert_int_equal(answer_len, 4);
    assert_int_equal(tatu_get_le32(page), 1);
    assert_int_equal(call_word(TATU_SMC_RECORD_READ, 0), TATU_OK);
    assert_int_equal(answer_len, 8 + TATU_RECORD_MAX);
    assert_int_equal(tatu_get_le32(page), 1);
    assert_int_equal(tatu_get_le16(page + 4), TATU_RECORD_CRASH);
    assert_int_equal(tatu_get_le16(page + 6), TATU_RECORD_MAX);
    assert_memory_equal(page + 8, bytes, sizeof(bytes));
    assert_int_equal(call_word(TATU_SMC_RECORD_READ, 1), TATU_ERR_NOT_FOUND);
    assert_int_equal(call_word(TATU_SMC_RECORD_ACK, 2), TATU_ERR_NOT_FOUND);
    assert_int_equal(call_word(TATU_SMC_RECORD_ACK, 1), TATU_OK);
    assert_int_equal(call_word(TATU_SMC_RECORD_READ, 0), TATU_ERR_NOT_FOUND);
}

static void the_normal_world_cannot_forge_a_boot_record(void **state)
{
    (void)state;
    static const uint16_t kinds[] = {0, TATU_RECORD_BOOT, 4, 0xffff};
    for (size_t i = 0; i < TATU_COUNT_OF(kinds); i++) {
        assert_int_equal(call_kind(TATU_SMC_RECORD_APPEND, kinds[i], "x", 1), TATU_ERR_ARGUMENT);
    }
}

static void applications_are_staged_committed_and_listed(void **state)
{
    (void)state;
    assert_int_equal(call(TATU_SMC_LIST_APPS, NULL, 0), TATU_OK);
    assert_int_equal(answer_len, 4);
    assert_int_equal(tatu_get_le32(page), 0);
    install('k');
    assert_int_equal(call(TATU_SMC_LIST_APPS, NULL, 0), TATU_OK);
    assert_int_equal(answer_len, 4 + TATU_SMC_APP_SIZE);
    assert_int_equal(tatu_get_le32(page), 1);
    assert_int_equal(page[4], 'k');
    assert_int_equal(page[4 + 16], 'k');
    uint32_t offset = tatu_get_le32(page + 4 + 96);
    assert_int_equal(offset, TATU_FLASH_APPS0_AT);
    assert_int_equal(tatu_get_le32(page + 4 + 100), 3000 - 64);
    assert_int_equal(tatu_get_le32(page + 4 + 104), 3000 - 64);
    static const uint8_t none[4];
    assert_int_equal(call(TATU_SMC_COMMIT_APPS, none, 4), TATU_OK);
    assert_int_equal(call(TATU_SMC_LIST_APPS, NULL, 0), TATU_OK);
    assert_int_equal(answer_len, 4);
}

static void staging_errors_reach_the_caller(void **state)
{
    (void)state;
    uint32_t handle = 0;
    assert_int_equal(stage_begin(TATU_IMAGE_KERNEL, 1000, &handle), TATU_ERR_TYPE);
    assert_int_equal(stage_begin(TATU_IMAGE_APPLICATION, 0, &handle), TATU_ERR_ARGUMENT);
    assert_int_equal(stage_begin(TATU_IMAGE_APPLICATION, UINT32_MAX, &handle), TATU_ERR_LONG);
    assert_int_equal(stage_begin(TATU_IMAGE_APPLICATION, TATU_IMAGE_PACKAGE_MAX, &handle),
                     TATU_ERR_FULL);
    assert_int_equal(stage_begin(TATU_IMAGE_APPLICATION, 1000, &handle), TATU_OK);
    assert_int_equal(stage_write(handle, 1000, "1234", 4), TATU_ERR_ARGUMENT);
    assert_int_equal(stage_write(handle + 1, 0, "1234", 4), TATU_ERR_NOT_FOUND);
    assert_int_equal(stage_write(handle, 0, "1234", 4), TATU_OK);
    assert_int_equal(stage_write(handle, 0, "1234", 4), TATU_ERR_EXISTS);
    assert_int_equal(call_word(TATU_SMC_STAGE_FINISH, handle), TATU_ERR_FORMAT);
    assert_int_equal(call_word(TATU_SMC_STAGE_FINISH, handle + 1), TATU_ERR_NOT_FOUND);
    assert_int_equal(call_word(TATU_SMC_STAGE_ABORT, handle + 1), TATU_ERR_NOT_FOUND);
    assert_int_equal(call_word(TATU_SMC_STAGE_ABORT, handle), TATU_OK);
    assert_int_equal(call_word(TATU_SMC_STAGE_ABORT, handle), TATU_ERR_NOT_FOUND);
}

static void commit_refuses_a_list_of_the_wrong_shape(void **state)
{
    (void)state;
    uint8_t ids[4 + 17 * 16] = {0};
    ids[0] = 17;
    assert_int_equal(call(TATU_SMC_COMMIT_APPS, ids, 4 + 16 * 16), TATU_ERR_ARGUMENT);
    ids[0] = 2;
    assert_int_equal(call(TATU_SMC_COMMIT_APPS, ids, 4 + 16), TATU_ERR_SHORT);
    ids[0] = 1;
    assert_int_equal(call(TATU_SMC_COMMIT_APPS, ids, 4 + 15), TATU_ERR_SHORT);
    assert_int_equal(call(TATU_SMC_COMMIT_APPS, ids, 4 + 17), TATU_ERR_LONG);
    assert_int_equal(call(TATU_SMC_COMMIT_APPS, ids, 4 + 16), TATU_ERR_NOT_FOUND);
}

static void the_endorsement_is_read_when_there_is_one(void **state)
{
    (void)state;
    uint8_t bytes[4 + ENDORSEMENT_LEN];
    assert_int_equal(call(TATU_SMC_READ_FACTORY, NULL, 0), TATU_ERR_NOT_FOUND);
    memset(bytes, 0x77, sizeof(bytes));
    tatu_put_le32(bytes, ENDORSEMENT_LEN);
    sim_put(chip, TATU_FLASH_FACTORY_AT, bytes, sizeof(bytes));
    assert_int_equal(call(TATU_SMC_READ_FACTORY, NULL, 0), TATU_OK);
    assert_int_equal(answer_len, ENDORSEMENT_LEN);
    assert_memory_equal(page, bytes + 4, ENDORSEMENT_LEN);
    tatu_put_le32(bytes, TATU_SMC_PAGE_SIZE + 1);
    sim_put(chip, TATU_FLASH_FACTORY_AT, bytes, 4);
    assert_int_equal(call(TATU_SMC_READ_FACTORY, NULL, 0), TATU_ERR_LONG);
    tatu_put_le32(bytes, 0xfffffffeu);
    sim_put(chip, TATU_FLASH_FACTORY_AT, bytes, 4);
    assert_int_equal(call(TATU_SMC_READ_FACTORY, NULL, 0), TATU_ERR_LONG);
}

static void the_keystore_is_read_only_when_it_was_verified(void **state)
{
    (void)state;
    assert_int_equal(call(TATU_SMC_KEYSTORE, NULL, 0), TATU_OK);
    assert_int_equal(answer_len, 400 - 64);
    assert_memory_equal(page, chip->flash + TATU_FLASH_KEYSTORE_AT, 400 - 64);
    m.keystore_len = 0;
    assert_int_equal(call(TATU_SMC_KEYSTORE, NULL, 0), TATU_ERR_NOT_FOUND);
}

static void the_keystore_stays_as_verified_when_the_flash_changes(void **state)
{
    (void)state;
    chip->flash[TATU_FLASH_KEYSTORE_AT + 9] ^= 1;
    assert_int_equal(call(TATU_SMC_KEYSTORE, NULL, 0), TATU_OK);
    chip->flash[TATU_FLASH_KEYSTORE_AT + 9] ^= 1;
    assert_memory_equal(page, chip->flash + TATU_FLASH_KEYSTORE_AT, 400 - 64);
}

static void the_watchdog_is_fed_within_its_limit(void **state)
{
    (void)state;
    assert_int_equal(call_word(TATU_SMC_WATCHDOG, 60000), TATU_OK);
    assert_int_equal(chip->watchdog_ms, 60000);
    assert_int_equal(call_word(TATU_SMC_WATCHDOG, 60001), TATU_ERR_ARGUMENT);
    assert_int_equal(chip->watchdog_ms, 60000);
    assert_int_equal(call_word(TATU_SMC_WATCHDOG, 0), TATU_OK);
    assert_int_equal(chip->watchdog_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(unknown_functions_are_not_supported, fixture),
        cmocka_unit_test_setup(psci_tells_its_version_and_features, fixture),
        cmocka_unit_test_setup(psci_switches_off_and_resets, fixture),
        cmocka_unit_test_setup(a_page_that_is_not_normal_ram_is_refused, fixture),
        cmocka_unit_test_setup(a_request_shorter_than_its_head_or_longer_than_a_page_is_refused,
                               fixture),
        cmocka_unit_test_setup(unknown_calls_are_refused, fixture),
        cmocka_unit_test_setup(every_call_refuses_arguments_of_another_length, fixture),
        cmocka_unit_test_setup(reserved_bytes_must_be_zero, fixture),
        cmocka_unit_test_setup(get_boot_tells_what_runs, fixture),
        cmocka_unit_test_setup(vault_commands_pass_as_the_normal_world, fixture),
        cmocka_unit_test_setup(the_vault_never_sees_the_monitors_own_commands_from_outside,
                               fixture),
        cmocka_unit_test_setup(the_vaults_errors_reach_the_caller, fixture),
        cmocka_unit_test_setup(records_go_in_and_out, fixture),
        cmocka_unit_test_setup(the_normal_world_cannot_forge_a_boot_record, fixture),
        cmocka_unit_test_setup(applications_are_staged_committed_and_listed, fixture),
        cmocka_unit_test_setup(staging_errors_reach_the_caller, fixture),
        cmocka_unit_test_setup(commit_refuses_a_list_of_the_wrong_shape, fixture),
        cmocka_unit_test_setup(the_endorsement_is_read_when_there_is_one, fixture),
        cmocka_unit_test_setup(the_keystore_is_read_only_when_it_was_verified, fixture),
        cmocka_unit_test_setup(the_keystore_stays_as_verified_when_the_flash_changes, fixture),
        cmocka_unit_test_setup(the_watchdog_is_fed_within_its_limit, fixture),
    };
    return FIXTURE_RUN(tests);
}
