/* ROM and runtime at the recovery port: a host that answers, and what it may not do. */
#include "recover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_chip.h"
#include "handover.h"
#include "proto/mailbox.h"
#include "runtime.h"
#include "silicon/vault/vault.h"

#define PATIENCE_MS 30000u
#define ROM_LEN 20u

static struct fake_world *world;
static uint8_t image[TATU_FLASH_VAULT_SIZE];
static struct tatu_vault_handover handover;
static struct tatu_vault vault;

/* A host with one package per type. */
static struct {
    struct {
        uint16_t type;
        size_t len;
        uint8_t bytes[TATU_FLASH_KEYSTORE_SIZE];
    } packages[3];
    bool silent;
    uint32_t hellos_max; /* patience counted so; 0: any number */
    bool flips;          /* every second answer is damaged on the line */
    uint32_t hellos;
    uint32_t reads;
    uint32_t last_err;
    uint8_t last_stage;
    struct tatu_recovery_line line;
    uint8_t queue[2 * TATU_RECOVERY_FRAME_MAX];
    size_t queue_at;
    size_t queue_len;
    jmp_buf gone; /* patience is over */
} host;

static void answer(const struct tatu_recovery_message *read)
{
    struct tatu_recovery_message message = {
        .kind = TATU_RECOVERY_REFUSE, .image_type = read->image_type, .err = TATU_ERR_NOT_FOUND};
    for (size_t i = 0; i < TATU_COUNT_OF(host.packages); i++) {
        if (host.packages[i].type == read->image_type && read->offset < host.packages[i].len) {
            size_t left = host.packages[i].len - read->offset;
            message =
                (struct tatu_recovery_message){.kind = TATU_RECOVERY_DATA,
                                               .image_type = read->image_type,
                                               .total = (uint32_t)host.packages[i].len,
                                               .offset = read->offset,
                                               .bytes = {host.packages[i].bytes + read->offset,
                                                         left < read->max ? left : read->max}};
        }
    }
    struct tatu_buf buf = TATU_BUF_OF(host.queue);
    assert_int_equal(tatu_proto_encode_recovery(&message, &buf), TATU_OK);
    host.queue_at = 0;
    host.queue_len = buf.len;
    if (host.flips && host.reads % 2 == 1) {
        host.queue[buf.len / 2] ^= 4;
    }
}

static void hear(void *context, uint8_t byte)
{
    struct tatu_recovery_message message;
    (void)context;
    if (!tatu_proto_take_recovery(&host.line, byte, &message)) {
        return;
    }
    if (message.kind == TATU_RECOVERY_HELLO) {
        assert_int_equal(message.version, TATU_RECOVERY_VERSION);
        host.hellos++;
        host.last_err = message.err;
        host.last_stage = message.stage;
        if (host.hellos == host.hellos_max) {
            longjmp(host.gone, 1);
        }
        return;
    }
    assert_int_equal(message.kind, TATU_RECOVERY_READ);
    host.reads++;
    if (!host.silent) {
        answer(&message);
    }
}

static int speak(void *context)
{
    (void)context;
    if (host.queue_at < host.queue_len) {
        return host.queue[host.queue_at++];
    }
    if (++world->chip->uptime_ms > PATIENCE_MS) {
        longjmp(host.gone, 1);
    }
    return -1;
}

static void have(size_t place, uint16_t type, uint32_t version, struct tatu_span body,
                 EVP_PKEY *signer)
{
    host.packages[place].type = type;
    host.packages[place].len = fake_pack(type, version, body, signer, host.packages[place].bytes,
                                         sizeof(host.packages[place].bytes));
}

static void have_keystore(EVP_PKEY *root)
{
    uint8_t body[TATU_KEYSTORE_MAX];
    size_t len = fake_keystore(root, world->release, world->time_key, 0, body, sizeof(body));
    have(0, TATU_IMAGE_KEYSTORE, 1, (struct tatu_span){body, len}, root);
}

static void have_program(uint16_t type, uint32_t version, EVP_PKEY *signer)
{
    uint8_t body[2000];
    memset(body, 0x77, sizeof(body));
    have(2, type, version, TATU_SPAN_OF(body), signer);
}

static int make_world(void **state)
{
    (void)state;
    world = fake_world_new();
    memset(&host, 0, sizeof(host));
    have_keystore(world->root);
    have(1, TATU_IMAGE_VAULT_RUNTIME, 1, (struct tatu_span){(const uint8_t *)"of the port", 11},
         world->release);
    have_program(TATU_IMAGE_RECOVERY, 1, world->release);
    world->chip->recovery_get = speak;
    world->chip->recovery_put = hear;
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    fake_world_free(world);
    return 0;
}

static enum tatu_vault_next call_rom(void)
{
    uint8_t code[ROM_LEN] = "sixteen bytes of R";
    tatu_put_le32(code + 16, tatu_base_crc32((struct tatu_span){code, 16}));
    return tatu_vault_run_rom(world->chip, TATU_SPAN_OF(code), TATU_BUF_OF(image), &handover);
}

/* False when the firmware still asks after all that time. */
static bool run_rom(void)
{
    return setjmp(host.gone) == 0 && call_rom() == TATU_VAULT_RUN;
}

static bool run_runtime(void)
{
    return setjmp(host.gone) == 0 && tatu_vault_start(world->chip, &handover, &vault) == TATU_OK;
}

static void spoil_sets(void)
{
    world->chip->flash[TATU_FLASH_KEYSTORE_AT + 50] ^= 1;
    world->chip->flash[TATU_FLASH_SET_STRIDE + TATU_FLASH_VAULT_AT + 3] ^= 1;
}

static bool said(const char *line)
{
    world->chip->log[world->chip->log_len] = '\0';
    return strstr(world->chip->log, line) != NULL;
}

/* ---- ROM ---- */

static void strap_reads_the_set_of_the_port(void **state)
{
    (void)state;
    world->chip->straps = TATU_STRAP_RECOVERY;
    assert_true(run_rom());
    assert_int_equal(handover.mode, TATU_BOOT_RECOVERY);
    assert_memory_equal(image, "of the port", 11);
    assert_true(world->chip->locked);
    assert_true(said("[ROM] recovery, strap\n"));
    assert_true(said("[ROM] recovery: runtime verified, version 1\n"));
    assert_int_equal(host.last_stage, TATU_RECOVERY_STAGE_ROM);
    assert_int_equal(host.last_err, TATU_OK);
}

static void without_the_strap_nobody_asks(void **state)
{
    (void)state;
    assert_true(run_rom());
    assert_int_equal(handover.mode, TATU_BOOT_NORMAL);
    assert_int_equal(host.hellos + host.reads, 0);
}

static void without_a_good_set_the_port_is_asked(void **state)
{
    (void)state;
    spoil_sets();
    assert_true(run_rom());
    assert_int_equal(handover.mode, TATU_BOOT_RECOVERY);
    assert_int_equal(handover.refused_count, 2);
    assert_true(said("[ROM] recovery, NO_BOOT_SET\n"));
    /* and the next boot's log says that it was so */
    fake_chip_reset(world->chip);
    world->chip->straps = TATU_STRAP_RECOVERY;
    assert_true(run_rom());
    assert_true(said("[ROM] last boot halted, NO_BOOT_SET\n"));
}

static enum tatu_err wish_for_recovery(void)
{
    struct tatu_span answered;
    return fake_ask(&vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_RECOVER,
                    (struct tatu_span){NULL, 0}, &answered);
}

static void a_monitor_without_an_os_gets_the_port_asked_once(void **state)
{
    (void)state;
    for (uint32_t straps = 0; straps <= TATU_STRAP_RECOVERY; straps += TATU_STRAP_RECOVERY) {
        fake_chip_reset(world->chip);
        assert_true(run_rom());
        assert_true(run_runtime());
        assert_int_equal(wish_for_recovery(), TATU_OK);
        assert_int_equal(world->chip->resets, 1);
        fake_chip_reset(world->chip);
        world->chip->straps = straps;
        assert_true(run_rom());
        assert_int_equal(handover.mode, TATU_BOOT_RECOVERY);
        assert_int_equal(handover.refused_count, 0);
        assert_true(straps != 0 || said("[ROM] recovery, NO_BOOT_SET\n"));
        fake_chip_reset(world->chip);
        world->chip->straps = 0;
        world->chip->resets = 0;
        assert_true(run_rom());
        assert_int_equal(handover.mode, TATU_BOOT_NORMAL);
    }
}

static void with_a_normal_world_nobody_gets_the_port_asked(void **state)
{
    static const uint8_t done[2];
    struct tatu_span answered;
    (void)state;
    assert_true(run_rom());
    assert_true(run_runtime());
    assert_int_equal(fake_ask(&vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_BOOT_DONE,
                              TATU_SPAN_OF(done), &answered),
                     TATU_OK);
    assert_int_equal(wish_for_recovery(), TATU_ERR_STATE);
    assert_int_equal(world->chip->resets, 0);
    assert_false(tatu_vault_load_wish(world->chip));
}

static void silent_host_is_asked_every_second(void **state)
{
    (void)state;
    host.silent = true;
    world->chip->straps = TATU_STRAP_RECOVERY;
    assert_false(run_rom());
    assert_in_range(host.reads, 29, 31);
    assert_in_range(host.hellos, 29, 31);
}

static void damaged_answers_are_asked_for_again(void **state)
{
    (void)state;
    host.flips = true;
    world->chip->straps = TATU_STRAP_RECOVERY;
    assert_true(run_rom());
    assert_memory_equal(image, "of the port", 11);
}

static const struct refusal {
    const char *promise;
    size_t place;
    uint16_t type;
    uint32_t version;
    enum { BY_RELEASE, BY_STRANGER } signer;
    enum tatu_err err;
} rom_refusals[] = {
    {"port_runtime_of_a_stranger", 1, 2, 1, BY_STRANGER, TATU_ERR_KEY_UNKNOWN},
    {"port_runtime_of_another_type", 1, 4, 1, BY_RELEASE, TATU_ERR_TYPE},
    {"port_runtime_below_the_floor", 1, 2, 0, BY_RELEASE, TATU_ERR_ROLLBACK},
};

/* What was refused is told and asked for again, from the keystore on; it never runs. */
static void rom_refuses(void **state)
{
    const struct refusal *refusal = *state;
    make_world(NULL);
    EVP_PKEY *stranger = fake_key();
    fake_chip_burn_floor(world->chip, TATU_FUSE_FLOOR_VAULT, 1);
    have(refusal->place, refusal->type, refusal->version,
         (struct tatu_span){(const uint8_t *)"evil", 4},
         refusal->signer == BY_STRANGER ? stranger : world->release);
    host.packages[refusal->place].type = TATU_IMAGE_VAULT_RUNTIME; /* what it is sent as */
    world->chip->straps = TATU_STRAP_RECOVERY;
    host.hellos_max = 9; /* it would go on for ever */
    assert_false(run_rom());
    assert_int_equal(host.last_err, refusal->err);
    assert_false(world->chip->acore_released);
    EVP_PKEY_free(stranger);
    end_world(NULL);
}

static void rom_refuses_a_keystore_of_another_root(void **state)
{
    (void)state;
    EVP_PKEY *stranger = fake_key();
    have_keystore(stranger);
    world->chip->straps = TATU_STRAP_RECOVERY;
    host.hellos_max = 4;
    assert_false(run_rom());
    assert_int_equal(host.last_err, TATU_ERR_KEY_UNKNOWN);
    assert_true(said("[ROM] recovery: keystore refused, KEY_UNKNOWN\n"));
    EVP_PKEY_free(stranger);
}

static void rom_takes_no_image_that_has_no_room(void **state)
{
    (void)state;
    host.packages[0].len = sizeof(host.packages[0].bytes); /* a slot less its footer is the most */
    world->chip->straps = TATU_STRAP_RECOVERY;
    host.hellos_max = 3;
    assert_false(run_rom());
    assert_int_equal(host.last_err, TATU_ERR_LONG);
}

static void rom_is_told_that_there_is_no_such_image(void **state)
{
    (void)state;
    host.packages[1].type = TATU_IMAGE_ROOT;
    world->chip->straps = TATU_STRAP_RECOVERY;
    host.hellos_max = 5;
    assert_false(run_rom());
    assert_true(said("[ROM] recovery: runtime refused, REJECTED\n"));
}

/* ---- runtime ---- */

static void runtime_puts_the_program_in_the_monitors_place(void **state)
{
    (void)state;
    world->chip->straps = TATU_STRAP_RECOVERY;
    assert_true(run_rom());
    assert_true(run_runtime());
    assert_true(world->chip->acore_released);
    assert_int_equal(host.last_stage, TATU_RECOVERY_STAGE_RUNTIME);
    assert_memory_equal(world->chip->secram, host.packages[2].bytes, host.packages[2].len);
    assert_true(said("[VAULT] recovery: program verified, version 1\n"));
}

/* The program has the monitor's commands; there is no normal world, and no end of the boot. */
static void recovery_has_no_normal_world(void **state)
{
    (void)state;
    static const uint8_t zeros[2];
    struct tatu_span nothing = {NULL, 0};
    struct tatu_span got;
    world->chip->straps = TATU_STRAP_RECOVERY;
    assert_true(run_rom());
    assert_true(run_runtime());
    assert_int_equal(
        fake_ask(&vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_GET_BOOT, nothing, &got), TATU_OK);
    assert_int_equal(got.data[3], TATU_BOOT_RECOVERY);
    assert_int_equal(fake_ask(&vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_BOOT_DONE,
                              TATU_SPAN_OF(zeros), &got),
                     TATU_ERR_STATE);
    assert_int_equal(fake_ask(&vault, TATU_VAULT_CALLER_NORMAL, TATU_VAULT_GET_INFO, nothing, &got),
                     TATU_ERR_STATE);
}

static void recovery_forgets_capabilities_ticket_and_failed_boots(void **state)
{
    (void)state;
    struct tatu_span nothing = {NULL, 0};
    struct tatu_span got;
    struct tatu_vault_record record;
    tatu_vault_load_record(world->chip, &record);
    record.capabilities = 1u << 5;
    record.grace_s = 3600;
    assert_int_equal(tatu_vault_store_record(world->chip, &record), TATU_OK);
    for (int boot = 0; boot < 7; boot++) {
        fake_chip_reset(world->chip);
        assert_true(run_rom());
    }
    assert_int_equal(handover.mode, TATU_BOOT_SAFE);
    fake_chip_reset(world->chip);
    world->chip->straps = TATU_STRAP_RECOVERY;
    assert_true(run_rom());
    assert_true(run_runtime());
    assert_int_equal(
        fake_ask(&vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_DROP_CAPABILITY, nothing, &got),
        TATU_OK);
    assert_int_equal(
        fake_ask(&vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_BOOT_GOOD, nothing, &got), TATU_OK);
    tatu_vault_load_record(world->chip, &record);
    assert_int_equal(record.capabilities, 0);
    assert_int_equal(record.grace_s, 0);
    fake_chip_reset(world->chip);
    world->chip->straps = 0;
    assert_true(run_rom());
    assert_int_equal(handover.mode, TATU_BOOT_NORMAL);
    assert_int_equal(handover.attempts, 0);
}

static const struct refusal runtime_refusals[] = {
    {"port_program_of_a_stranger", 2, TATU_IMAGE_RECOVERY, 1, BY_STRANGER, TATU_ERR_KEY_UNKNOWN},
    {"port_program_of_another_type", 2, TATU_IMAGE_MONITOR, 1, BY_RELEASE, TATU_ERR_TYPE},
    {"port_program_below_the_floor", 2, TATU_IMAGE_RECOVERY, 0, BY_RELEASE, TATU_ERR_ROLLBACK},
};

static void runtime_refuses(void **state)
{
    const struct refusal *refusal = *state;
    make_world(NULL);
    EVP_PKEY *stranger = fake_key();
    fake_chip_burn_floor(world->chip, TATU_FUSE_FLOOR_MONITOR, 1);
    have_program(refusal->type, refusal->version,
                 refusal->signer == BY_STRANGER ? stranger : world->release);
    host.packages[2].type = TATU_IMAGE_RECOVERY; /* what it is sent as */
    world->chip->straps = TATU_STRAP_RECOVERY;
    assert_true(run_rom());
    host.hellos_max = host.hellos + 3;
    assert_false(run_runtime());
    assert_int_equal(host.last_err, refusal->err);
    assert_int_equal(host.last_stage, TATU_RECOVERY_STAGE_RUNTIME);
    assert_false(world->chip->acore_released);
    EVP_PKEY_free(stranger);
    end_world(NULL);
}

static void runtime_without_a_good_monitor_recovers(void **state)
{
    (void)state;
    world->chip->flash[TATU_FLASH_MONITOR_AT + 3] ^= 1;
    world->chip->flash[TATU_FLASH_SET_STRIDE + TATU_FLASH_MONITOR_AT + 3] ^= 1;
    assert_true(run_rom());
    assert_int_equal(handover.mode, TATU_BOOT_NORMAL);
    assert_true(run_runtime());
    assert_true(said("[VAULT] recovery, NO_BOOT_SET\n"));
    assert_memory_equal(world->chip->secram, host.packages[2].bytes, host.packages[2].len);
    assert_int_equal(vault.evidence.mode, TATU_BOOT_RECOVERY);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

static int run_rows(const char *name, const struct refusal *rows, size_t count,
                    CMUnitTestFunction test)
{
    struct CMUnitTest tests[4];
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){.name = rows[i].promise,
                                       .test_func = test,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    }
    return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(strap_reads_the_set_of_the_port),
        WITH_WORLD(without_the_strap_nobody_asks),
        WITH_WORLD(without_a_good_set_the_port_is_asked),
        WITH_WORLD(a_monitor_without_an_os_gets_the_port_asked_once),
        WITH_WORLD(with_a_normal_world_nobody_gets_the_port_asked),
        WITH_WORLD(silent_host_is_asked_every_second),
        WITH_WORLD(damaged_answers_are_asked_for_again),
        WITH_WORLD(rom_refuses_a_keystore_of_another_root),
        WITH_WORLD(rom_takes_no_image_that_has_no_room),
        WITH_WORLD(rom_is_told_that_there_is_no_such_image),
        WITH_WORLD(runtime_puts_the_program_in_the_monitors_place),
        WITH_WORLD(recovery_has_no_normal_world),
        WITH_WORLD(recovery_forgets_capabilities_ticket_and_failed_boots),
        WITH_WORLD(runtime_without_a_good_monitor_recovers),
    };
    int failed = cmocka_run_group_tests_name("recover", tests, NULL, NULL);
    failed += run_rows("recover rom", rom_refusals, TATU_COUNT_OF(rom_refusals), rom_refuses);
    return failed + run_rows("recover runtime", runtime_refusals, TATU_COUNT_OF(runtime_refusals),
                             runtime_refuses);
}
