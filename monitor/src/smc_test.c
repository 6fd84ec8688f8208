#include "sim_fixture.h"
#include "state.h"

#define PAGE (TATU_MAP_RAM_BASE + 0x5000u)
#define HEAD TATU_SMC_HEADER_SIZE
#define ALL_RIGHTS 0xffffffffu
#define ENDORSEMENT_LEN 300u

static struct tatu_monitor m;
static uint8_t page[TATU_SMC_PAGE_SIZE + 1];
static uint32_t answer_len;
static uint32_t rights; /* of the caller */

static int fixture(void **state)
{
    struct tatu_monitor_entry entry;
    int failed = fixture_blank(state);
    rights = ALL_RIGHTS;
    sim_put_set(chip, 0, 5);
    sim_put_set(chip, 1, 5);
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
    tatu_put_le32(ram + 4, rights);
    if (len > 0) {
        memcpy(ram + HEAD, arguments, len < TATU_SMC_ARGUMENT_MAX ? len : TATU_SMC_ARGUMENT_MAX);
    }
    memcpy(page, ram, TATU_SMC_PAGE_SIZE);
    uint32_t err = raw(TATU_SMC_CALL, PAGE, HEAD + len);
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
        assert_int_equal(raw(TATU_SMC_CALL, addresses[i], HEAD), TATU_ERR_ARGUMENT);
    }
    uint8_t *last = chip->ram + sizeof(chip->ram) - TATU_SMC_PAGE_SIZE;
    for (int i = 0; i < 2; i++) {
        tatu_put_le32(i == 0 ? chip->ram : last, TATU_SMC_GET_BOOT);
        tatu_put_le32((i == 0 ? chip->ram : last) + 4, TATU_RIGHT_QUERY);
    }
    assert_int_equal(raw(TATU_SMC_CALL, TATU_MAP_RAM_BASE, HEAD), TATU_OK);
    assert_int_equal(raw(TATU_SMC_CALL,
                         TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT - TATU_SMC_PAGE_SIZE, HEAD),
                     TATU_OK);
}

static void a_request_shorter_than_its_head_or_longer_than_a_page_is_refused(void **state)
{
    (void)state;
    assert_int_equal(raw(TATU_SMC_CALL, PAGE, 0), TATU_ERR_SHORT);
    assert_int_equal(raw(TATU_SMC_CALL, PAGE, HEAD - 1), TATU_ERR_SHORT);
    assert_int_equal(raw(TATU_SMC_CALL, PAGE, TATU_SMC_PAGE_SIZE + 1), TATU_ERR_LONG);
    assert_int_equal(raw(TATU_SMC_CALL, PAGE, UINT32_MAX), TATU_ERR_LONG);
}

static void unknown_calls_are_refused(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {0, 28, 0x101, 0x80000001, UINT32_MAX};
    for (size_t i = 0; i < TATU_COUNT_OF(numbers); i++) {
        assert_int_equal(call(numbers[i], NULL, 0), TATU_ERR_UNKNOWN_COMMAND);
        rights = 0;
        assert_int_equal(call(numbers[i], NULL, 0), TATU_ERR_UNKNOWN_COMMAND);
        rights = ALL_RIGHTS;
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
        {TATU_SMC_HEALTHY, 0, 0},
        {TATU_SMC_STAGE_COPY, 4, 4},
        {TATU_SMC_INSTALL_SET, 0, 0},
        {TATU_SMC_REPAIR, 0, 0},
        {TATU_SMC_POWER_DOWN, 4, 4},
        {TATU_SMC_SET_OWNER, 8, 8},
        {TATU_SMC_LOCK_OWNERS, 0, 0},
        {TATU_SMC_RT_START, 28, 28},
        {TATU_SMC_RT_STOP, 4, 4},
        {TATU_SMC_RT_STATUS, 4, 4},
        {TATU_SMC_STORE_ERASE, 4, 4},
        {TATU_SMC_STORE_WRITE, 5, TATU_SMC_ARGUMENT_MAX},
        {TATU_SMC_READ_APP, 24, 24},
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
        {TATU_SMC_STAGE_COPY, {TATU_IMAGE_KERNEL, 0, 1, 0}, 4},
        {TATU_SMC_STAGE_COPY, {TATU_IMAGE_KERNEL, 0, 0, 1}, 4},
        {TATU_SMC_COMMIT_APPS, {0, 1, 0, 0}, 4},
        {TATU_SMC_COMMIT_APPS, {0, 0, 1, 0}, 4},
        {TATU_SMC_COMMIT_APPS, {0, 0, 0, 1}, 4},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(call(rows[i].number, rows[i].bytes, rows[i].len), TATU_ERR_FORMAT);
    }
}

/* ---- rights ------------------------------------------------------------------------------------
 */

static const struct {
    uint32_t number;
    uint32_t right;
    uint32_t len; /* of good arguments: zeros */
} call_rights[] = {
    {TATU_SMC_GET_BOOT, TATU_RIGHT_QUERY, 0},
    {TATU_SMC_RECORD_APPEND, TATU_RIGHT_RECORD, 4},
    {TATU_SMC_RECORD_READ, TATU_RIGHT_RECORDS, 4},
    {TATU_SMC_RECORD_ACK, TATU_RIGHT_RECORDS, 4},
    {TATU_SMC_STAGE_BEGIN, TATU_RIGHT_UPDATE, 8},
    {TATU_SMC_STAGE_WRITE, TATU_RIGHT_UPDATE, 12},
    {TATU_SMC_STAGE_FINISH, TATU_RIGHT_UPDATE, 4},
    {TATU_SMC_STAGE_ABORT, TATU_RIGHT_UPDATE, 4},
    {TATU_SMC_COMMIT_APPS, TATU_RIGHT_UPDATE, 4},
    {TATU_SMC_LIST_APPS, TATU_RIGHT_QUERY, 0},
    {TATU_SMC_READ_FACTORY, TATU_RIGHT_QUERY, 0},
    {TATU_SMC_KEYSTORE, TATU_RIGHT_QUERY, 0},
    {TATU_SMC_WATCHDOG, TATU_RIGHT_POWER, 4},
    {TATU_SMC_HEALTHY, TATU_RIGHT_POWER, 0},
    {TATU_SMC_STAGE_COPY, TATU_RIGHT_UPDATE, 4},
    {TATU_SMC_INSTALL_SET, TATU_RIGHT_UPDATE, 0},
    {TATU_SMC_REPAIR, TATU_RIGHT_UPDATE, 0},
    {TATU_SMC_POWER_DOWN, TATU_RIGHT_POWER, 4},
    {TATU_SMC_SET_OWNER, TATU_RIGHT_PERIPHERAL, 8},
    {TATU_SMC_LOCK_OWNERS, TATU_RIGHT_PERIPHERAL, 0},
    {TATU_SMC_RT_START, TATU_RIGHT_PERIPHERAL, 28},
    {TATU_SMC_RT_STOP, TATU_RIGHT_PERIPHERAL, 4},
    {TATU_SMC_RT_STATUS, TATU_RIGHT_PERIPHERAL, 4},
    {TATU_SMC_STORE_ERASE, TATU_RIGHT_STORAGE, 4},
    {TATU_SMC_STORE_WRITE, TATU_RIGHT_STORAGE, 8},
    {TATU_SMC_READ_APP, TATU_RIGHT_UPDATE, 24},
};

static void every_call_needs_its_one_right(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    for (size_t i = 0; i < TATU_COUNT_OF(call_rights); i++) {
        rights = ~call_rights[i].right;
        assert_int_equal(call(call_rights[i].number, zeros, call_rights[i].len), TATU_ERR_DENIED);
        rights = 0;
        assert_int_equal(call(call_rights[i].number, zeros, call_rights[i].len), TATU_ERR_DENIED);
        rights = call_rights[i].right;
        assert_int_not_equal(call(call_rights[i].number, zeros, call_rights[i].len),
                             TATU_ERR_DENIED);
    }
    /* VAULT and the table above are all the calls there are */
    assert_int_equal(TATU_COUNT_OF(call_rights) + 1, TATU_SMC_READ_APP);
}

static const struct {
    uint16_t command;
    uint32_t right;
} command_rights[] = {
    {TATU_VAULT_GET_INFO, TATU_RIGHT_QUERY},
    {TATU_VAULT_TIME_NONCE, TATU_RIGHT_ATTEST},
    {TATU_VAULT_SET_TIME, TATU_RIGHT_ATTEST},
    {TATU_VAULT_MAKE_KEY, TATU_RIGHT_ATTEST},
    {TATU_VAULT_MAKE_EVIDENCE, TATU_RIGHT_ATTEST},
    {TATU_VAULT_SIGN_TLS, TATU_RIGHT_ATTEST},
    {TATU_VAULT_CLAIM, TATU_RIGHT_SECURITY},
    {TATU_VAULT_RANDOM, TATU_RIGHT_RANDOM},
    {TATU_VAULT_COMMIT_KEY, TATU_RIGHT_ATTEST},
    {TATU_VAULT_CONFIRM, TATU_RIGHT_UPDATE},
    {TATU_VAULT_SEAL, TATU_RIGHT_STORAGE},
    {TATU_VAULT_UNSEAL, TATU_RIGHT_STORAGE},
    {TATU_VAULT_DERIVE, TATU_RIGHT_STORAGE},
    {TATU_VAULT_COUNTER, TATU_RIGHT_STORAGE},
    {TATU_VAULT_GET_STATE, TATU_RIGHT_QUERY},
    {TATU_VAULT_SET_CAPABILITY, TATU_RIGHT_SECURITY},
    {TATU_VAULT_DROP_CAPABILITY, TATU_RIGHT_SECURITY},
    {TATU_VAULT_SET_LIFECYCLE, TATU_RIGHT_SECURITY},
    {TATU_VAULT_TICKET_NONCE, TATU_RIGHT_UPDATE},
    {TATU_VAULT_SET_TICKET, TATU_RIGHT_UPDATE},
};

static void every_command_to_the_vault_needs_its_one_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(command_rights); i++) {
        uint16_t command = command_rights[i].command;
        assert_int_equal(command, TATU_VAULT_GET_INFO + i); /* none is forgotten */
        chip->last_command = 0;
        rights = ~command_rights[i].right;
        assert_int_equal(call_kind(TATU_SMC_VAULT, command, NULL, 0), TATU_ERR_DENIED);
        rights = 0;
        assert_int_equal(call_kind(TATU_SMC_VAULT, command, NULL, 0), TATU_ERR_DENIED);
        assert_int_equal(chip->last_command, 0);
        rights = command_rights[i].right;
        assert_int_equal(call_kind(TATU_SMC_VAULT, command, NULL, 0), TATU_OK);
        assert_int_equal(chip->last_command, command);
        assert_int_equal(chip->last_caller, TATU_VAULT_CALLER_NORMAL);
    }
}

/* ---- each call ---------------------------------------------------------------------------------
 */

static void get_boot_tells_what_runs(void **state)
{
    (void)state;
    assert_int_equal(call(TATU_SMC_GET_BOOT, NULL, 0), TATU_OK);
    assert_int_equal(answer_len, TATU_SMC_BOOT_SIZE);
    assert_memory_equal(page, "\0\0\0\0", 4);
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
    for (uint16_t command = TATU_VAULT_VERIFY_IMAGE; command <= TATU_VAULT_GET_TICKET; command++) {
        assert_int_equal(call_kind(TATU_SMC_VAULT, command, NULL, 0), TATU_ERR_DENIED);
    }
    static const uint16_t unknown[] = {0, 10, 15, 36, 0x110, 0xffff};
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

static uint32_t read_app(uint8_t image, uint32_t offset, uint32_t len)
{
    uint8_t bytes[24];
    tatu_put_le32(bytes, offset);
    tatu_put_le32(bytes + 4, len);
    memset(bytes + 8, image, 16);
    return call(TATU_SMC_READ_APP, bytes, sizeof(bytes));
}

static void the_body_of_what_was_verified_can_be_read_and_nothing_else(void **state)
{
    (void)state;
    const struct sim_package package = {TATU_IMAGE_APPLICATION, 'k', 'k', 3000, 1};
    const uint32_t body_len = 3000 - 64;
    uint8_t bytes[3000];
    uint32_t handle = 0;
    sim_make_package(&package, bytes);
    assert_int_equal(stage_begin(TATU_IMAGE_APPLICATION, sizeof(bytes), &handle), TATU_OK);
    assert_int_equal(stage_write(handle, 0, bytes, sizeof(bytes)), TATU_OK);
    assert_int_equal(read_app('k', 0, 4), TATU_ERR_NOT_FOUND); /* not verified yet */
    assert_int_equal(call_word(TATU_SMC_STAGE_FINISH, handle), TATU_OK);
    assert_int_equal(read_app('k', 0, body_len), TATU_OK);
    assert_int_equal(answer_len, body_len);
    assert_memory_equal(page, bytes, body_len);
    assert_int_equal(read_app('k', body_len - 3, 3), TATU_OK);
    assert_memory_equal(page, bytes + body_len - 3, 3);
    assert_int_equal(read_app('k', body_len, 0), TATU_OK);
    assert_int_equal(answer_len, 0);
    assert_int_equal(read_app('k', body_len - 3, 4), TATU_ERR_ARGUMENT);
    assert_int_equal(read_app('k', body_len + 1, 0), TATU_ERR_ARGUMENT);
    assert_int_equal(read_app('k', 4, UINT32_MAX), TATU_ERR_ARGUMENT);
    assert_int_equal(read_app('k', UINT32_MAX, 4), TATU_ERR_ARGUMENT);
    assert_int_equal(read_app('x', 0, 4), TATU_ERR_NOT_FOUND);
    assert_int_equal(call_word(TATU_SMC_STAGE_ABORT, handle), TATU_OK);
    assert_int_equal(read_app('k', 0, 4), TATU_ERR_NOT_FOUND);
    install('k');
    assert_int_equal(read_app('k', 0, 4), TATU_OK);
    assert_memory_equal(page, bytes, 4);
}

static void staging_errors_reach_the_caller(void **state)
{
    (void)state;
    uint32_t handle = 0;
    assert_int_equal(stage_begin(TATU_IMAGE_RECOVERY, 1000, &handle), TATU_ERR_TYPE);
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
    ids[0] = 255;
    assert_int_equal(call(TATU_SMC_COMMIT_APPS, ids, 4), TATU_ERR_ARGUMENT);
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

/* ---- daily keys --------------------------------------------------------------------------------
 */

/* u8 purpose, tenant, component, digest: enough for each of the three */
static uint32_t ask_daily(uint16_t command, uint8_t purpose, uint8_t component, uint32_t len)
{
    uint8_t bytes[1 + 16 + 16 + 32] = {purpose};
    memset(bytes + 1, 0x77, 16);
    memset(bytes + 17, component, 16);
    chip->last_command = 0;
    return call_kind(TATU_SMC_VAULT, command, bytes, len);
}

static void a_tenants_key_is_made_and_used_for_installed_components_only(void **state)
{
    (void)state;
    static const uint16_t commands[] = {TATU_VAULT_MAKE_KEY, TATU_VAULT_COMMIT_KEY,
                                        TATU_VAULT_SIGN_TLS};
    install('k');
    for (size_t i = 0; i < TATU_COUNT_OF(commands); i++) {
        assert_int_equal(ask_daily(commands[i], TATU_KEY_TENANT, 'k', 65), TATU_OK);
        assert_int_equal(chip->last_command, commands[i]);
        assert_int_equal(ask_daily(commands[i], TATU_KEY_TENANT, 'x', 65), TATU_ERR_NOT_FOUND);
        assert_int_equal(ask_daily(commands[i], TATU_KEY_TENANT, 0, 33), TATU_ERR_NOT_FOUND);
        assert_int_equal(chip->last_command, 0);
        /* these the vault decides */
        assert_int_equal(ask_daily(commands[i], TATU_KEY_UPDATE, 0, 65), TATU_OK);
        assert_int_equal(ask_daily(commands[i], TATU_KEY_TENANT, 'x', 32), TATU_OK);
        assert_int_equal(ask_daily(commands[i], TATU_KEY_TENANT, 'x', 0), TATU_OK);
        assert_int_equal(chip->last_command, commands[i]);
    }
    static const uint8_t none[4];
    assert_int_equal(call(TATU_SMC_COMMIT_APPS, none, 4), TATU_OK);
    assert_int_equal(ask_daily(TATU_VAULT_SIGN_TLS, TATU_KEY_TENANT, 'k', 65), TATU_ERR_NOT_FOUND);
}

static void a_ticket_that_the_vault_takes_restarts_the_count_down(void **state)
{
    (void)state;
    /* this vault answers with what it is asked */
    assert_int_equal(call_kind(TATU_SMC_VAULT, TATU_VAULT_SET_TICKET, "\x58\x02\0\0", 4), TATU_OK);
    assert_int_equal(chip->renewal_s, 600);
    assert_int_equal(answer_len, 4);
    assert_int_equal(call_kind(TATU_SMC_VAULT, TATU_VAULT_SET_TICKET, "\0\0\0\0", 4), TATU_OK);
    assert_int_equal(chip->renewal_s, 600);
    assert_int_equal(call_kind(TATU_SMC_VAULT, TATU_VAULT_SET_TICKET, "\1\2\3", 3), TATU_OK);
    assert_int_equal(call_kind(TATU_SMC_VAULT, TATU_VAULT_CONFIRM, "\1\2\3\4", 4), TATU_OK);
    assert_int_equal(chip->renewal_s, 600);
    chip->vault_err = TATU_ERR_SIGNATURE;
    assert_int_equal(call_kind(TATU_SMC_VAULT, TATU_VAULT_SET_TICKET, "\x59\x02\0\0", 4),
                     TATU_ERR_SIGNATURE);
    assert_int_equal(chip->renewal_s, 600);
}

/* ---- limits ------------------------------------------------------------------------------------
 */

static void records_are_limited_and_boot_records_are_not(void **state)
{
    (void)state;
    uint32_t id = 0;
    for (int i = 0; i < 16; i++) {
        assert_int_equal(call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_EVENT, "x", 1), TATU_OK);
    }
    uint32_t programmed = chip->program_count;
    assert_int_equal(call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_EVENT, "x", 1), TATU_ERR_BUSY);
    assert_int_equal(chip->program_count, programmed);
    assert_int_equal(tatu_monitor_append_record(&m.records, TATU_RECORD_BOOT,
                                                (struct tatu_span){(const uint8_t *)"b", 1}, &id),
                     TATU_OK);
    chip->uptime_s = 9;
    assert_int_equal(call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_EVENT, "x", 1), TATU_ERR_BUSY);
    chip->uptime_s = 10;
    assert_int_equal(call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_EVENT, "x", 1), TATU_OK);
    assert_int_equal(call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_EVENT, "x", 1), TATU_ERR_BUSY);
    assert_int_equal(call_word(TATU_SMC_RECORD_READ, 0), TATU_OK);
}

static void a_refused_caller_does_not_spend_what_others_may(void **state)
{
    (void)state;
    rights = ALL_RIGHTS & ~TATU_RIGHT_RECORD;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_EVENT, "x", 1),
                         TATU_ERR_DENIED);
    }
    rights = ALL_RIGHTS;
    assert_int_equal(call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_EVENT, "x", 1), TATU_OK);
}

static void packages_and_commits_are_limited(void **state)
{
    (void)state;
    static const uint8_t none[4];
    uint32_t handle = 0;
    for (int i = 0; i < 64; i++) {
        assert_int_equal(stage_begin(TATU_IMAGE_APPLICATION, 100, &handle), TATU_OK);
        assert_int_equal(call_word(TATU_SMC_STAGE_ABORT, handle), TATU_OK);
    }
    assert_int_equal(stage_begin(TATU_IMAGE_APPLICATION, 100, &handle), TATU_ERR_BUSY);
    assert_int_equal(call_kind(TATU_SMC_STAGE_COPY, TATU_IMAGE_DTB, NULL, 0), TATU_ERR_BUSY);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(call(TATU_SMC_COMMIT_APPS, none, 4), TATU_OK);
    }
    assert_int_equal(call(TATU_SMC_COMMIT_APPS, none, 4), TATU_ERR_BUSY);
    assert_int_equal(call(TATU_SMC_INSTALL_SET, NULL, 0), TATU_ERR_BUSY);
    chip->uptime_s = 60;
    assert_int_equal(call(TATU_SMC_INSTALL_SET, NULL, 0), TATU_ERR_STATE);
    assert_int_equal(call_kind(TATU_SMC_STAGE_COPY, TATU_IMAGE_DTB, NULL, 0), TATU_OK);
}

/* ---- sets --------------------------------------------------------------------------------------
 */

static uint32_t copy_and_finish(uint16_t type)
{
    uint32_t err = call_kind(TATU_SMC_STAGE_COPY, type, NULL, 0);
    return err != TATU_OK ? err : call_word(TATU_SMC_STAGE_FINISH, tatu_get_le32(page));
}

static void a_set_is_staged_installed_and_told(void **state)
{
    (void)state;
    static const uint16_t types[] = {TATU_IMAGE_VAULT_RUNTIME, TATU_IMAGE_MONITOR,
                                     TATU_IMAGE_DTB,           TATU_IMAGE_KERNEL,
                                     TATU_IMAGE_ROOT,          TATU_IMAGE_KEYSTORE};
    assert_int_equal(call(TATU_SMC_INSTALL_SET, NULL, 0), TATU_ERR_STATE);
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        assert_int_equal(copy_and_finish(types[i]), TATU_OK);
        assert_int_equal(answer_len, TATU_VERIFIED_IMAGE_SIZE);
        assert_int_equal(call(TATU_SMC_GET_BOOT, NULL, 0), TATU_OK);
        assert_int_equal(page[3], 1); /* the other set is none now */
    }
    assert_int_equal(call(TATU_SMC_REPAIR, NULL, 0), TATU_ERR_STATE);
    assert_int_equal(call(TATU_SMC_INSTALL_SET, NULL, 0), TATU_OK);
    assert_int_equal(answer_len, 0);
    assert_int_equal(m.apps.table.preferred_set, 1);
    assert_int_equal(call(TATU_SMC_GET_BOOT, NULL, 0), TATU_OK);
    assert_int_equal(page[3], 0);
    assert_int_equal(call(TATU_SMC_INSTALL_SET, NULL, 0), TATU_ERR_STATE);
    assert_int_equal(call_kind(TATU_SMC_STAGE_COPY, TATU_IMAGE_APPLICATION, NULL, 0),
                     TATU_ERR_TYPE);
}

static void the_other_set_is_repaired_call_by_call(void **state)
{
    (void)state;
    uint32_t calls = 0;
    chip->flash[TATU_FLASH_SET_STRIDE + TATU_FLASH_KERNEL_AT] ^= 1;
    do {
        assert_int_equal(call(TATU_SMC_REPAIR, NULL, 0), TATU_OK);
        assert_int_equal(answer_len, 4);
        assert_true(++calls < 20);
    } while (page[0] != 0);
    assert_int_equal(tatu_get_le32(page), 0);
    assert_memory_equal(chip->flash + TATU_FLASH_KERNEL_AT,
                        chip->flash + TATU_FLASH_SET_STRIDE + TATU_FLASH_KERNEL_AT, 400);
}

static void health_is_told_to_the_vault_and_completes_a_rollback(void **state)
{
    (void)state;
    struct tatu_monitor_entry entry;
    struct tatu_table table = {.sequence = 1, .preferred_set = 1};
    sim_put_table(chip, 0, &table);
    sim_restart(chip);
    chip->attempts = 4;
    chip->boot_fallback = 1;
    assert_int_equal(tatu_monitor_boot(&m, chip, &entry), TATU_OK);
    assert_int_equal(call(TATU_SMC_GET_BOOT, NULL, 0), TATU_OK);
    assert_memory_equal(page, "\0\1\0\0", 4);
    chip->vault_err = TATU_ERR_IO;
    chip->vault_err_for = TATU_VAULT_BOOT_GOOD;
    assert_int_equal(call(TATU_SMC_HEALTHY, NULL, 0), TATU_ERR_IO);
    assert_int_equal(m.apps.table.preferred_set, 1);
    chip->vault_err = 0;
    assert_int_equal(call(TATU_SMC_HEALTHY, NULL, 0), TATU_OK);
    assert_int_equal(chip->attempts, 0);
    assert_int_equal(m.apps.table.preferred_set, 0);
    uint32_t programmed = chip->program_count;
    assert_int_equal(call(TATU_SMC_HEALTHY, NULL, 0), TATU_OK);
    assert_int_equal(chip->program_count, programmed);
}

/* ---- power, peripherals, real-time cores -------------------------------------------------------
 */

static void power_goes_down_only_with_something_to_wake_by(void **state)
{
    (void)state;
    static const uint32_t wrong[] = {0, 4, 5, 0x80000000u, UINT32_MAX};
    for (size_t i = 0; i < TATU_COUNT_OF(wrong); i++) {
        assert_int_equal(call_word(TATU_SMC_POWER_DOWN, wrong[i]), TATU_ERR_ARGUMENT);
        assert_true(chip->wake == 0 && !chip->power_down);
    }
    for (uint32_t wake = 1; wake <= 3; wake++) {
        assert_int_equal(call_word(TATU_SMC_POWER_DOWN, wake), TATU_OK);
        assert_int_equal(chip->wake, wake);
        assert_true(chip->power_down);
    }
}

static uint32_t set_owner(uint32_t peripheral, uint32_t owner)
{
    uint8_t bytes[8];
    tatu_put_le32(bytes, peripheral);
    tatu_put_le32(bytes + 4, owner);
    return call(TATU_SMC_SET_OWNER, bytes, sizeof(bytes));
}

static void peripherals_are_given_until_the_owners_are_locked(void **state)
{
    (void)state;
    assert_int_equal(set_owner(TATU_PFW_COUNT - 1, TATU_PFW_TO_RT1), TATU_OK);
    assert_int_equal(chip->owners[TATU_PFW_COUNT - 1], TATU_PFW_TO_RT1);
    assert_int_equal(set_owner(TATU_PFW_COUNT, TATU_PFW_TO_RT1), TATU_ERR_ARGUMENT);
    assert_int_equal(set_owner(UINT32_MAX, 0), TATU_ERR_ARGUMENT);
    assert_int_equal(set_owner(0, TATU_PFW_TO_SECURE + 1), TATU_ERR_ARGUMENT);
    assert_int_equal(set_owner(0, UINT32_MAX), TATU_ERR_ARGUMENT);
    assert_int_equal(call(TATU_SMC_LOCK_OWNERS, NULL, 0), TATU_OK);
    assert_int_equal(set_owner(0, TATU_PFW_TO_RT0), TATU_ERR_STATE);
    assert_int_equal(chip->owners[0], TATU_PFW_TO_ACORE);
}

static uint32_t start_core(uint32_t core, uint32_t offset, uint32_t len, uint8_t image)
{
    uint8_t bytes[28];
    tatu_put_le32(bytes, core);
    tatu_put_le32(bytes + 4, offset);
    tatu_put_le32(bytes + 8, len);
    memset(bytes + 12, image, 16);
    return call(TATU_SMC_RT_START, bytes, sizeof(bytes));
}

static void a_core_runs_what_is_inside_an_installed_image_only(void **state)
{
    (void)state;
    static const struct {
        uint32_t core;
        uint32_t offset;
        uint32_t len;
        uint8_t image;
        enum tatu_err err;
    } rows[] = {
        {2, 0, 64, 'k', TATU_ERR_ARGUMENT},
        {UINT32_MAX, 0, 64, 'k', TATU_ERR_ARGUMENT},
        {0, 0, 64, 'x', TATU_ERR_NOT_FOUND},
        {0, 0, 0, 'k', TATU_ERR_ARGUMENT},
        {0, 2, 64, 'k', TATU_ERR_ARGUMENT},
        {0, 0, 63, 'k', TATU_ERR_ARGUMENT},
        {0, 0, 3000 - 64 + 4, 'k', TATU_ERR_ARGUMENT}, /* the body ends before the metadata */
        {0, 2936, 4, 'k', TATU_ERR_ARGUMENT},
        {0, 2940, 0xfffffffcu, 'k', TATU_ERR_ARGUMENT},
        {0, 0xfffffffcu, 8, 'k', TATU_ERR_ARGUMENT},
        {0, 0, UINT32_MAX, 'k', TATU_ERR_ARGUMENT},
    };
    install('k');
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(start_core(rows[i].core, rows[i].offset, rows[i].len, rows[i].image),
                         rows[i].err);
        assert_false(chip->cores[0].runs || chip->cores[1].runs);
    }
}

static void cores_start_stop_and_tell_how_they_are(void **state)
{
    (void)state;
    install('k');
    uint32_t at = m.apps.installed[0].place.offset;
    memset(chip->tcm[1], 0x99, TATU_RT_TCM_SIZE);
    assert_int_equal(start_core(1, 128, 256, 'k'), TATU_OK);
    assert_true(chip->cores[1].runs && !chip->cores[0].runs);
    assert_memory_equal(chip->tcm[1], chip->flash + at + 128, 256);
    for (uint32_t i = 256; i < TATU_RT_TCM_SIZE; i++) {
        assert_int_equal(chip->tcm[1][i], 0); /* nothing of who ran before */
    }
    assert_int_equal(start_core(1, 0, 256, 'k'), TATU_ERR_STATE);
    chip->cores[1].fault_at = 0x40000000;
    assert_int_equal(call_word(TATU_SMC_RT_STATUS, 1), TATU_OK);
    assert_int_equal(answer_len, 8);
    assert_int_equal(tatu_get_le32(page), TATU_RTCTL_RUNNING | TATU_RTCTL_FAULTED);
    assert_int_equal(tatu_get_le32(page + 4), 0x40000000);
    assert_int_equal(call_word(TATU_SMC_RT_STOP, 1), TATU_OK);
    assert_false(chip->cores[1].runs);
    assert_int_equal(start_core(1, 0, 256, 'k'), TATU_OK);
    chip->cores[1].busy = 1000; /* an order takes a moment */
    assert_int_equal(call_word(TATU_SMC_RT_STOP, 1), TATU_OK);
    chip->cores[1].busy = UINT32_MAX;
    assert_int_equal(call_word(TATU_SMC_RT_STOP, 1), TATU_ERR_TIMEOUT);
    assert_int_equal(call_word(TATU_SMC_RT_STOP, 2), TATU_ERR_ARGUMENT);
    assert_int_equal(call_word(TATU_SMC_RT_STATUS, 2), TATU_ERR_ARGUMENT);
}

/* ---- the store ---------------------------------------------------------------------------------
 */

#define BLOCK TATU_FLASH_STORE_BLOCK

static uint32_t store_write(uint32_t offset, uint8_t byte, uint32_t len)
{
    uint8_t bytes[TATU_SMC_ARGUMENT_MAX];
    memset(bytes, byte, sizeof(bytes));
    tatu_put_le32(bytes, offset);
    return call(TATU_SMC_STORE_WRITE, bytes, 4 + len);
}

static bool is_all(uint32_t at, uint32_t len, uint8_t byte)
{
    const uint8_t *flash = chip->flash + at;
    return flash[0] == byte && memcmp(flash, flash + 1, len - 1) == 0;
}

static void the_store_is_written_by_words_and_erased_by_blocks(void **state)
{
    (void)state;
    uint32_t last = TATU_FLASH_STORE_SIZE - BLOCK;
    uint32_t most = TATU_SMC_ARGUMENT_MAX - 4;
    for (uint32_t at = last - BLOCK; at < TATU_FLASH_STORE_SIZE; at += 2048) {
        assert_int_equal(store_write(at, 0x5a, 2048), TATU_OK);
    }
    assert_int_equal(store_write(0, 0x33, most), TATU_OK);
    assert_true(is_all(TATU_FLASH_STORE_AT, most, 0x33));
    assert_true(is_all(TATU_FLASH_STORE_AT + last - BLOCK, 2 * BLOCK, 0x5a));
    assert_int_equal(store_write(last + 4, 0x0f, 8), TATU_OK); /* bits only fall */
    assert_true(is_all(TATU_FLASH_STORE_AT + last + 4, 8, 0x0a));
    assert_int_equal(call_word(TATU_SMC_STORE_ERASE, last), TATU_OK);
    assert_int_equal(answer_len, 0);
    assert_true(is_all(TATU_FLASH_STORE_AT + last, BLOCK, 0xff));
    assert_true(is_all(TATU_FLASH_STORE_AT + last - BLOCK, BLOCK, 0x5a));
    assert_true(is_all(TATU_FLASH_RECORDS_AT, TATU_FLASH_RECORDS_SIZE, 0xff));
}

static void nothing_beside_the_store_is_written_through_it(void **state)
{
    (void)state;
    static const uint32_t erases[] = {1,
                                      4096,
                                      BLOCK - 4096,
                                      TATU_FLASH_STORE_SIZE,
                                      TATU_FLASH_STORE_AT,
                                      0u - BLOCK,
                                      0u - TATU_FLASH_STORE_AT,
                                      UINT32_MAX};
    static const struct {
        uint32_t offset;
        uint32_t len;
    } writes[] = {
        {1, 4},
        {0, 3},
        {2, 2},
        {BLOCK - 4, 8},
        {BLOCK - 2048, 2052},
        {TATU_FLASH_STORE_SIZE - 4, 8},
        {TATU_FLASH_STORE_SIZE, 4},
        {TATU_FLASH_STORE_AT, 4},
        {0u - 4, 4},
        {0u - BLOCK, 4},
        {0u - TATU_FLASH_STORE_AT, 4},
    };
    uint32_t done = chip->erase_count + chip->program_count;
    for (size_t i = 0; i < TATU_COUNT_OF(erases); i++) {
        assert_int_equal(call_word(TATU_SMC_STORE_ERASE, erases[i]), TATU_ERR_ARGUMENT);
    }
    for (size_t i = 0; i < TATU_COUNT_OF(writes); i++) {
        assert_int_equal(store_write(writes[i].offset, 0, writes[i].len), TATU_ERR_ARGUMENT);
    }
    assert_int_equal(chip->erase_count + chip->program_count, done);
}

static void a_flash_that_fails_is_told_by_the_store(void **state)
{
    (void)state;
    for (uint32_t nth = 1; nth <= BLOCK / TATU_FLASH_SECTOR_SIZE; nth++) {
        chip->flash_fails = nth;
        assert_int_equal(call_word(TATU_SMC_STORE_ERASE, 0), TATU_ERR_IO);
    }
    chip->flash_fails = 2;
    assert_int_equal(store_write(0, 0, 8), TATU_ERR_IO);
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
        cmocka_unit_test_setup(every_call_needs_its_one_right, fixture),
        cmocka_unit_test_setup(every_command_to_the_vault_needs_its_one_right, fixture),
        cmocka_unit_test_setup(get_boot_tells_what_runs, fixture),
        cmocka_unit_test_setup(vault_commands_pass_as_the_normal_world, fixture),
        cmocka_unit_test_setup(the_vault_never_sees_the_monitors_own_commands_from_outside,
                               fixture),
        cmocka_unit_test_setup(the_vaults_errors_reach_the_caller, fixture),
        cmocka_unit_test_setup(records_go_in_and_out, fixture),
        cmocka_unit_test_setup(the_normal_world_cannot_forge_a_boot_record, fixture),
        cmocka_unit_test_setup(applications_are_staged_committed_and_listed, fixture),
        cmocka_unit_test_setup(the_body_of_what_was_verified_can_be_read_and_nothing_else, fixture),
        cmocka_unit_test_setup(staging_errors_reach_the_caller, fixture),
        cmocka_unit_test_setup(commit_refuses_a_list_of_the_wrong_shape, fixture),
        cmocka_unit_test_setup(the_endorsement_is_read_when_there_is_one, fixture),
        cmocka_unit_test_setup(the_keystore_is_read_only_when_it_was_verified, fixture),
        cmocka_unit_test_setup(the_keystore_stays_as_verified_when_the_flash_changes, fixture),
        cmocka_unit_test_setup(the_watchdog_is_fed_within_its_limit, fixture),
        cmocka_unit_test_setup(a_tenants_key_is_made_and_used_for_installed_components_only,
                               fixture),
        cmocka_unit_test_setup(a_ticket_that_the_vault_takes_restarts_the_count_down, fixture),
        cmocka_unit_test_setup(records_are_limited_and_boot_records_are_not, fixture),
        cmocka_unit_test_setup(a_refused_caller_does_not_spend_what_others_may, fixture),
        cmocka_unit_test_setup(packages_and_commits_are_limited, fixture),
        cmocka_unit_test_setup(a_set_is_staged_installed_and_told, fixture),
        cmocka_unit_test_setup(the_other_set_is_repaired_call_by_call, fixture),
        cmocka_unit_test_setup(health_is_told_to_the_vault_and_completes_a_rollback, fixture),
        cmocka_unit_test_setup(power_goes_down_only_with_something_to_wake_by, fixture),
        cmocka_unit_test_setup(peripherals_are_given_until_the_owners_are_locked, fixture),
        cmocka_unit_test_setup(a_core_runs_what_is_inside_an_installed_image_only, fixture),
        cmocka_unit_test_setup(cores_start_stop_and_tell_how_they_are, fixture),
        cmocka_unit_test_setup(the_store_is_written_by_words_and_erased_by_blocks, fixture),
        cmocka_unit_test_setup(nothing_beside_the_store_is_written_through_it, fixture),
        cmocka_unit_test_setup(a_flash_that_fails_is_told_by_the_store, fixture),
    };
    return FIXTURE_RUN(tests);
}
