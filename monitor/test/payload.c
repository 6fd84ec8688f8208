/*
 * A kernel that attacks: boots where Linux would, in the normal world, uses every call of the
 * monitor and tries every door that must be shut. One line per test on the UART.
 *
 * What it needs to know lies where the device tree would: struct parameters.
 */
#include "proto/image.h"
#include "proto/mailbox.h"
#include "silicon/harness/bare/bare.h"

#define MAGIC 0x54535454u
#define RTC_DR 0x00u
#define RTC_MR 0x04u
#define RTC_IMSC 0x10u
#define APP_AREA_END (TATU_FLASH_APPS0_AT + TATU_FLASH_APPS0_SIZE)

enum {
    MODE_FULL,
    MODE_FALLBACK,
    MODE_PANIC,
    MODE_UPDATE,
    MODE_ROLLBACK,
    MODE_SAFE,
    MODE_RENEW,
    MODE_SLEEP,
    MODE_LATE,
    MODE_WAKE,
};

struct parameters {
    uint32_t magic;
    uint32_t mode;
    uint8_t owner[64];
    uint8_t tenant[16];
    uint8_t app_image[16];
    uint32_t root_word; /* first of the root file system */
    uint32_t app_len;
    uint8_t
        app[]; /* then bad applications, each struct bad_app and its bytes; the last has len 0 */
};

struct bad_app {
    uint32_t len;
    uint32_t err; /* what the vault must call it */
    char name[32];
};

/* ---- doors that must be shut -------------------------------------------------------------------
 */

static bool read_faults(uint32_t address)
{
    fault = FAULT_NONE;
    (void)attack_read(address);
    return fault == FAULT_DATA;
}

static bool write_faults(uint32_t address)
{
    fault = FAULT_NONE;
    attack_write(address, 0x5a5a5a5a);
    return fault == FAULT_DATA;
}

static bool jump_faults(uint32_t address)
{
    fault = FAULT_NONE;
    attack_jump(address);
    return fault == FAULT_FETCH;
}

static bool is_undefined(void (*instruction)(void))
{
    fault = FAULT_NONE;
    instruction();
    return fault == FAULT_UNDEFINED;
}

static void attack_memory(const struct parameters *p)
{
    static const struct {
        uint32_t address;
        const char *name;
    } secure[] = {
        {TATU_MAP_AROM_BASE, "ROM faults"},
        {TATU_MAP_FLASH_BASE, "flash faults"},
        {TATU_MAP_FLASH_BASE + TATU_FLASH_KEYSTORE_AT, "flash behind the windows faults"},
        {TATU_MAP_FLASHCTL_BASE + TATU_FLASHCTL_ADDRESS, "flash controller faults"},
        {TATU_MAP_FLASHCTL_BASE + TATU_FLASHCTL_WINDOW, "window register faults"},
        {TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_REASON, "system controller faults"},
        {TATU_MAP_MAILBOX_BASE + TATU_MAILBOX_STATUS, "mailbox faults"},
        {TATU_MAP_MAILRAM_BASE, "mailbox memory faults"},
        {TATU_MAP_PFW_BASE, "peripheral firewall faults"},
        {TATU_MAP_PFW_BASE + TATU_PFW_LOCK, "its lock faults"},
        {TATU_MAP_RTCTL_BASE, "control of core 0 faults"},
        {TATU_MAP_RTCTL_BASE + TATU_RTCTL_STRIDE + TATU_RTCTL_XIP_OFFSET,
         "flash view of core 1 faults"},
        {TATU_MAP_RTTCM_BASE, "memory of core 0 faults"},
        {TATU_MAP_RTTCM_BASE + TATU_MAP_RTTCM_STRIDE, "memory of core 1 faults"},
        {TATU_MAP_RECOVERY_BASE, "recovery port faults"},
        {TATU_MAP_SECRAM_BASE, "secure RAM faults"},
        {TATU_MAP_SECRAM_BASE + TATU_MAP_SECRAM_SIZE - 4, "end of secure RAM faults"},
        {TATU_MAP_WINDOW_BASE + 4 * TATU_MAP_WINDOW_STRIDE, "closed window faults"},
        {TATU_MAP_WINDOW_BASE + 7 * TATU_MAP_WINDOW_STRIDE, "last window faults"},
        {TATU_MAP_WINDOW_BASE + TATU_FLASH_ROOT_SIZE, "behind the root window faults"},
        {TATU_MAP_WINDOW_BASE + TATU_MAP_WINDOW_STRIDE + TATU_FLASH_APPS0_SIZE,
         "behind the application window faults"},
    };
    for (size_t i = 0; i < sizeof(secure) / sizeof(secure[0]); i++) {
        check(read_faults(secure[i].address) && write_faults(secure[i].address), secure[i].name);
    }
    check(jump_faults(TATU_MAP_SECRAM_BASE), "jump into the monitor faults");
    fault = FAULT_NONE;
    check(attack_read(TATU_MAP_WINDOW_BASE) == p->root_word && fault == FAULT_NONE,
          "root window shows the root file system");
    check(write_faults(TATU_MAP_WINDOW_BASE), "root window is read-only");
    check(write_faults(TATU_MAP_WINDOW_BASE + TATU_MAP_WINDOW_STRIDE),
          "application window is read-only");
    check(attack_read(TATU_MAP_GICD_BASE + 0x80) == 0, "interrupt groups read as zero");
    check(is_undefined(attack_scr), "reading SCR is undefined");
    check(is_undefined(attack_set_scr), "writing SCR is undefined");
    check(is_undefined(attack_nsacr), "writing NSACR is undefined");
    check(is_undefined(attack_mvbar), "reading MVBAR is undefined");
    check(attack_monitor_mode() != 0x16, "monitor mode cannot be entered");
}

static void attack_entry(const uint32_t *early, uint32_t dtb)
{
    bool clean = early[0] == 0 && early[1] == 0xffffffffu && early[2] == dtb;
    for (int i = 3; i < 14; i++) {
        clean = clean && early[i] == 0;
    }
    check(clean, "no register tells anything of the secure world");
}

/* ---- calls that must be refused
 * ------------------------------------------------------------------ */

static void attack_pages(void)
{
    static const uint32_t addresses[] = {
        0,
        TATU_MAP_FLASH_BASE,
        TATU_MAP_UART_BASE,
        TATU_MAP_FLASHCTL_BASE,
        TATU_MAP_MAILRAM_BASE,
        TATU_MAP_SECRAM_BASE,
        TATU_MAP_SECRAM_BASE + 0x10000,
        TATU_MAP_WINDOW_BASE,
        TATU_MAP_RAM_BASE - 0x1000,
        TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT,
        0xfffff000u,
        PAGE_AT + 4,
        PAGE_AT + 0x800,
    };
    bool refused = true;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        refused = refused && call_at(addresses[i], HEAD) == TATU_ERR_ARGUMENT && answer_len == 0;
    }
    check(refused, "pages outside of normal RAM are refused");
    check(call_at(PAGE_AT, HEAD - 1) == TATU_ERR_SHORT && call_at(PAGE_AT, 4097) == TATU_ERR_LONG &&
              call_at(PAGE_AT, 0xffffffffu) == TATU_ERR_LONG,
          "impossible lengths are refused");
    check(call(0, page, 0) == TATU_ERR_UNKNOWN_COMMAND &&
              call(28, page, 0) == TATU_ERR_UNKNOWN_COMMAND,
          "unknown calls are refused");
}

static void attack_vault(void)
{
    bool denied = true;
    for (uint16_t command = TATU_VAULT_VERIFY_IMAGE; command <= TATU_VAULT_GET_TICKET; command++) {
        denied = denied && call_kind(TATU_SMC_VAULT, command, page, 0) == TATU_ERR_DENIED;
    }
    check(denied, "the monitor's own commands to the vault are denied");
    check(call_kind(TATU_SMC_VAULT, 99, page, 0) == TATU_ERR_UNKNOWN_COMMAND,
          "unknown commands to the vault are refused");
    check(call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_BOOT, "x", 1) == TATU_ERR_ARGUMENT,
          "boot records cannot be forged");
}

/* A call or a command to the vault with a right missing, all others held. */
static bool is_denied(uint32_t number, uint16_t command, uint32_t len, uint32_t right)
{
    static const uint8_t zeros[32];
    rights = ~right;
    uint32_t err = number == TATU_SMC_VAULT ? call_kind(number, command, zeros, len)
                                            : call(number, zeros, len);
    rights = ALL_RIGHTS;
    return err == TATU_ERR_DENIED && answer_len == 0;
}

static void attack_rights(void)
{
    static const struct {
        uint16_t number;
        uint16_t command;
        uint16_t len;
        uint16_t right;
    } rows[] = {
        {TATU_SMC_GET_BOOT, 0, 0, TATU_RIGHT_QUERY},
        {TATU_SMC_RECORD_APPEND, 0, 4, TATU_RIGHT_RECORD},
        {TATU_SMC_RECORD_READ, 0, 4, TATU_RIGHT_RECORDS},
        {TATU_SMC_RECORD_ACK, 0, 4, TATU_RIGHT_RECORDS},
        {TATU_SMC_STAGE_BEGIN, 0, 8, TATU_RIGHT_UPDATE},
        {TATU_SMC_STAGE_WRITE, 0, 12, TATU_RIGHT_UPDATE},
        {TATU_SMC_STAGE_FINISH, 0, 4, TATU_RIGHT_UPDATE},
        {TATU_SMC_STAGE_ABORT, 0, 4, TATU_RIGHT_UPDATE},
        {TATU_SMC_COMMIT_APPS, 0, 4, TATU_RIGHT_UPDATE},
        {TATU_SMC_LIST_APPS, 0, 0, TATU_RIGHT_QUERY},
        {TATU_SMC_READ_FACTORY, 0, 0, TATU_RIGHT_QUERY},
        {TATU_SMC_KEYSTORE, 0, 0, TATU_RIGHT_QUERY},
        {TATU_SMC_WATCHDOG, 0, 4, TATU_RIGHT_POWER},
        {TATU_SMC_HEALTHY, 0, 0, TATU_RIGHT_POWER},
        {TATU_SMC_STAGE_COPY, 0, 4, TATU_RIGHT_UPDATE},
        {TATU_SMC_INSTALL_SET, 0, 0, TATU_RIGHT_UPDATE},
        {TATU_SMC_REPAIR, 0, 0, TATU_RIGHT_UPDATE},
        {TATU_SMC_POWER_DOWN, 0, 4, TATU_RIGHT_POWER},
        {TATU_SMC_SET_OWNER, 0, 8, TATU_RIGHT_PERIPHERAL},
        {TATU_SMC_LOCK_OWNERS, 0, 0, TATU_RIGHT_PERIPHERAL},
        {TATU_SMC_RT_START, 0, 28, TATU_RIGHT_PERIPHERAL},
        {TATU_SMC_RT_STOP, 0, 4, TATU_RIGHT_PERIPHERAL},
        {TATU_SMC_RT_STATUS, 0, 4, TATU_RIGHT_PERIPHERAL},
        {TATU_SMC_STORE_ERASE, 0, 4, TATU_RIGHT_STORAGE},
        {TATU_SMC_STORE_WRITE, 0, 8, TATU_RIGHT_STORAGE},
        {TATU_SMC_READ_APP, 0, 24, TATU_RIGHT_UPDATE},
        {TATU_SMC_VAULT, TATU_VAULT_GET_INFO, 0, TATU_RIGHT_QUERY},
        {TATU_SMC_VAULT, TATU_VAULT_MAKE_KEY, 0, TATU_RIGHT_ATTEST},
        {TATU_SMC_VAULT, TATU_VAULT_MAKE_EVIDENCE, 0, TATU_RIGHT_ATTEST},
        {TATU_SMC_VAULT, TATU_VAULT_SIGN_TLS, 0, TATU_RIGHT_ATTEST},
        {TATU_SMC_VAULT, TATU_VAULT_CLAIM, 0, TATU_RIGHT_SECURITY},
        {TATU_SMC_VAULT, TATU_VAULT_RANDOM, 2, TATU_RIGHT_RANDOM},
        {TATU_SMC_VAULT, TATU_VAULT_CONFIRM, 0, TATU_RIGHT_UPDATE},
        {TATU_SMC_VAULT, TATU_VAULT_SEAL, 16, TATU_RIGHT_STORAGE},
        {TATU_SMC_VAULT, TATU_VAULT_DERIVE, 16, TATU_RIGHT_STORAGE},
        {TATU_SMC_VAULT, TATU_VAULT_SET_CAPABILITY, 4, TATU_RIGHT_SECURITY},
        {TATU_SMC_VAULT, TATU_VAULT_SET_LIFECYCLE, 4, TATU_RIGHT_SECURITY},
        {TATU_SMC_VAULT, TATU_VAULT_SET_TICKET, 0, TATU_RIGHT_UPDATE},
    };
    bool denied = true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        denied = denied && is_denied(rows[i].number, rows[i].command, rows[i].len, rows[i].right);
    }
    check(denied, "without its right each call is denied");
}

static uint32_t next_random(void)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* Noise on every register and argument; what survives is that the monitor still answers. */
static void attack_noise(void)
{
    for (int i = 0; i < 20000; i++) {
        uint32_t r[4] = {next_random(), next_random(), next_random(), next_random()};
        if (r[0] == TATU_SMC_PSCI_OFF || r[0] == TATU_SMC_PSCI_RESET) {
            continue;
        }
        if (i % 4 != 0) {
            r[0] = TATU_SMC_CALL;
            r[1] = i % 4 == 1 ? r[1] : PAGE_AT;
            r[2] %= 64;
            for (int j = 0; j < 16; j++) {
                tatu_put_le32(page + 4 * j, next_random() % (j == 0 ? 27 : 40));
            }
            tatu_put_le32(page + 4, i % 8 == 2 ? next_random() : ALL_RIGHTS);
            if (tatu_get_le32(page) == TATU_SMC_WATCHDOG ||
                tatu_get_le32(page) == TATU_SMC_POWER_DOWN) {
                continue;
            }
        }
        smc(r);
    }
    check(call(TATU_SMC_GET_BOOT, page, 0) == TATU_OK, "the monitor answers after noise");
}

/* ---- calls that must work
 * -------------------------------------------------------------------------- */

static uint32_t boot_reason(void)
{
    return call(TATU_SMC_GET_BOOT, page, 0) == TATU_OK && answer_len == TATU_SMC_BOOT_SIZE
               ? tatu_get_le32(page + 4)
               : 0;
}

static void use_psci(void)
{
    uint32_t version[4] = {TATU_SMC_PSCI_VERSION, 0, 0, 0};
    uint32_t known[4] = {TATU_SMC_PSCI_FEATURES, TATU_SMC_PSCI_RESET, 0, 0};
    uint32_t unknown[4] = {TATU_SMC_PSCI_FEATURES, 0x84000003u, 0, 0};
    uint32_t kept[4] = {TATU_SMC_PSCI_VERSION, 1, 2, 3};
    smc(version);
    smc(known);
    smc(unknown);
    check(version[0] == 0x10000 && known[0] == 0 && unknown[0] == 0xffffffffu, "PSCI answers");
    check(smc_keeps_registers(kept) == 1 && kept[0] == 0x10000, "an SMC keeps all other registers");
    uint32_t page_call[4] = {TATU_SMC_CALL, PAGE_AT, HEAD, 0};
    tatu_put_le32(page, TATU_SMC_LIST_APPS);
    tatu_put_le32(page + 4, rights);
    check(smc_keeps_registers(page_call) == 1, "a page call keeps all other registers");
}

static void use_vault(const struct parameters *p)
{
    uint8_t claim[32 + 16 + 64];
    uint8_t len[2] = {32, 0};
    check(call_kind(TATU_SMC_VAULT, TATU_VAULT_GET_INFO, page, 0) == TATU_OK &&
              answer_len == TATU_VAULT_INFO_SIZE,
          "the vault tells its facts");
    check(call_kind(TATU_SMC_VAULT, TATU_VAULT_RANDOM, len, 2) == TATU_OK && answer_len == 32,
          "the vault gives random bytes");
    memset(claim, 0x11, 32);
    memcpy(claim + 32, p->tenant, 16);
    memcpy(claim + 48, p->owner, 64);
    check(call_kind(TATU_SMC_VAULT, TATU_VAULT_CLAIM, claim, sizeof(claim)) == TATU_OK &&
              answer_len > 64,
          "the vault signs a claim");
}

static void use_factory(void)
{
    check(call(TATU_SMC_READ_FACTORY, page, 0) == TATU_OK && answer_len == 300 && page[0] == 0xe7,
          "the endorsement is read");
    check(call(TATU_SMC_KEYSTORE, page, 0) == TATU_OK && is_same(page, "TKEY", 4),
          "the keystore is read");
}

static void use_records(uint32_t expected_first)
{
    static uint8_t bytes[TATU_RECORD_MAX];
    memset(bytes, 0x42, sizeof(bytes));
    bool good =
        call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_CRASH, bytes, sizeof(bytes)) == TATU_OK;
    uint32_t id = tatu_get_le32(page);
    check(good && id == expected_first, "a record gets the next id");
    check(call_word(TATU_SMC_RECORD_READ, id - 1) == TATU_OK && answer_len == 8 + TATU_RECORD_MAX &&
              tatu_get_le32(page) == id && is_same(page + 8, bytes, sizeof(bytes)),
          "a record is read back whole");
    check(call_word(TATU_SMC_RECORD_READ, id) == TATU_ERR_NOT_FOUND, "records end");
}

static uint32_t begin_stage(uint16_t type, uint32_t app_len)
{
    uint8_t len[4];
    tatu_put_le32(len, app_len);
    return call_kind(TATU_SMC_STAGE_BEGIN, type, len, sizeof(len));
}

static bool stage_app(const uint8_t *app, uint32_t app_len, uint32_t *out_handle)
{
    static uint8_t arguments[8 + 2048];
    if (begin_stage(TATU_IMAGE_APPLICATION, app_len) != TATU_OK) {
        return false;
    }
    *out_handle = tatu_get_le32(page);
    for (uint32_t at = 0; at < app_len; at += 2048) {
        uint32_t len = app_len - at < 2048 ? app_len - at : 2048;
        tatu_put_le32(arguments, *out_handle);
        tatu_put_le32(arguments + 4, at);
        memcpy(arguments + 8, app + at, len);
        if (call(TATU_SMC_STAGE_WRITE, arguments, 8 + len) != TATU_OK) {
            return false;
        }
    }
    return true;
}

static bool is_app_listed(const struct parameters *p)
{
    return call(TATU_SMC_LIST_APPS, page, 0) == TATU_OK && answer_len == 4 + TATU_SMC_APP_SIZE &&
           is_same(page + 4 + 16, p->app_image, 16);
}

static bool is_app_visible(const struct parameters *p)
{
    uint32_t offset = is_app_listed(p) ? tatu_get_le32(page + 4 + 96) : 0;
    bool inside = offset >= TATU_FLASH_APPS0_AT && offset < APP_AREA_END;
    return inside && is_same((const void *)(TATU_MAP_WINDOW_BASE + TATU_MAP_WINDOW_STRIDE + offset -
                                            TATU_FLASH_APPS0_AT),
                             p->app, p->app_len);
}

/* Each is staged, refused by its name, not to be committed, and its room is given back. */
static void refuse_apps(const struct parameters *p, const uint8_t *ids, uint32_t ids_len)
{
    const uint8_t *at = p->app + p->app_len;
    struct bad_app bad;
    for (memcpy(&bad, at, sizeof(bad)); bad.len != 0; memcpy(&bad, at, sizeof(bad))) {
        uint32_t handle = 0;
        check(stage_app(at + sizeof(bad), bad.len, &handle) &&
                  call_word(TATU_SMC_STAGE_FINISH, handle) == bad.err &&
                  call(TATU_SMC_COMMIT_APPS, ids, ids_len) == TATU_ERR_NOT_FOUND &&
                  call_word(TATU_SMC_STAGE_ABORT, handle) == TATU_OK,
              bad.name);
        at += sizeof(bad) + bad.len;
    }
    check(begin_stage(TATU_IMAGE_APPLICATION, TATU_IMAGE_PACKAGE_MAX + 1) == TATU_ERR_LONG &&
              begin_stage(TATU_IMAGE_APPLICATION, TATU_FLASH_APPS0_SIZE + 1) == TATU_ERR_FULL,
          "an application larger than its region is not begun");
    check(begin_stage(TATU_IMAGE_RECOVERY, 4096) == TATU_ERR_TYPE &&
              begin_stage(TATU_IMAGE_CAPABILITY, 4096) == TATU_ERR_TYPE &&
              begin_stage(0, 4096) == TATU_ERR_TYPE,
          "nothing but applications and parts of a set is staged");
    check(call(TATU_SMC_LIST_APPS, page, 0) == TATU_OK && tatu_get_le32(page) == 0,
          "after all that nothing is installed");
}

static void use_apps(const struct parameters *p)
{
    uint8_t ids[20] = {1, 0, 0, 0};
    uint32_t handle = 0;
    memcpy(ids + 4, p->app_image, 16);
    check(call(TATU_SMC_LIST_APPS, page, 0) == TATU_OK && tatu_get_le32(page) == 0,
          "no application is installed at first");
    check(call(TATU_SMC_COMMIT_APPS, ids, sizeof(ids)) == TATU_ERR_NOT_FOUND,
          "an image that was never staged cannot be committed");
    refuse_apps(p, ids, sizeof(ids));
    check(stage_app(p->app, p->app_len, &handle) &&
              call_word(TATU_SMC_STAGE_FINISH, handle) == TATU_OK &&
              answer_len == TATU_VERIFIED_IMAGE_SIZE,
          "a good application is verified");
    check(call(TATU_SMC_COMMIT_APPS, ids, sizeof(ids)) == TATU_OK, "and committed");
    check(is_app_listed(p), "and listed");
    check(is_app_visible(p), "and shown in its window");
}

/* Peripherals: a GPIO block that a real-time core owns is gone, and comes back. */
static uint32_t set_owner(uint32_t peripheral, uint32_t owner)
{
    uint8_t bytes[8];
    tatu_put_le32(bytes, peripheral);
    tatu_put_le32(bytes + 4, owner);
    return call(TATU_SMC_SET_OWNER, bytes, sizeof(bytes));
}

static void use_peripherals(void)
{
    uint32_t block3 = TATU_MAP_GPIO_BASE + 3 * TATU_MAP_GPIO_STRIDE;
    check(!read_faults(block3) && set_owner(TATU_PFW_GPIO + 3, TATU_PFW_TO_RT0) == TATU_OK &&
              read_faults(block3) && write_faults(block3),
          "a peripheral that a core owns is out of reach");
    check(set_owner(TATU_PFW_GPIO + 3, TATU_PFW_TO_ACORE) == TATU_OK && !read_faults(block3),
          "and comes back");
    check(set_owner(TATU_PFW_GPIO + 3, TATU_PFW_TO_SECURE) == TATU_OK && read_faults(block3) &&
              set_owner(TATU_PFW_GPIO + 3, TATU_PFW_TO_ACORE) == TATU_OK,
          "the secure world may have it alone");
    check(set_owner(TATU_PFW_COUNT, 0) == TATU_ERR_ARGUMENT && set_owner(0, 4) == TATU_ERR_ARGUMENT,
          "owners and peripherals that do not exist are refused");
    check(call(TATU_SMC_LOCK_OWNERS, page, 0) == TATU_OK &&
              set_owner(TATU_PFW_GPIO + 3, TATU_PFW_TO_RT0) == TATU_ERR_STATE &&
              !read_faults(block3),
          "locked owners stay");
}

static uint32_t start_core(const struct parameters *p, uint32_t core, uint32_t offset, uint32_t len)
{
    uint8_t bytes[28];
    tatu_put_le32(bytes, core);
    tatu_put_le32(bytes + 4, offset);
    tatu_put_le32(bytes + 8, len);
    memcpy(bytes + 12, p->app_image, 16);
    return call(TATU_SMC_RT_START, bytes, sizeof(bytes));
}

static uint32_t core_status(uint32_t core)
{
    return call_word(TATU_SMC_RT_STATUS, core) == TATU_OK && answer_len == 8 ? tatu_get_le32(page)
                                                                             : 0xffffffffu;
}

/* The application begins with a program that counts for ever; at 64 one that reads what no core
 * may. */
static void use_cores(const struct parameters *p)
{
    check(core_status(0) == 0 && core_status(1) == 0, "both cores are held at first");
    check(start_core(p, 2, 0, 64) == TATU_ERR_ARGUMENT &&
              start_core(p, 0, 0, p->app_len) == TATU_ERR_ARGUMENT &&
              start_core(p, 0, 1, 64) == TATU_ERR_ARGUMENT &&
              start_core(p, 0, 0, 0) == TATU_ERR_ARGUMENT,
          "what is not inside an image is not started");
    check(start_core(p, 1, 0, 64) == TATU_OK && core_status(1) == TATU_RTCTL_RUNNING &&
              core_status(0) == 0,
          "a core runs part of an installed image");
    check(start_core(p, 1, 0, 64) == TATU_ERR_STATE, "and is not loaded while it runs");
    check(call_word(TATU_SMC_RT_STOP, 1) == TATU_OK && core_status(1) == 0, "and is stopped");
    bool started = start_core(p, 0, 64, 64) == TATU_OK;
    uint32_t status = 0;
    for (int i = 0; i < 100000 && (status & TATU_RTCTL_FAULTED) == 0; i++) {
        status = core_status(0);
    }
    check(started && (status & TATU_RTCTL_FAULTED) != 0 &&
              tatu_get_le32(page + 4) == TATU_MAP_RAM_BASE,
          "a core that reaches for RAM is told as faulted");
    check(call_word(TATU_SMC_RT_STOP, 0) == TATU_OK &&
              call_word(TATU_SMC_RT_STOP, 2) == TATU_ERR_ARGUMENT &&
              call_word(TATU_SMC_RT_STATUS, 2) == TATU_ERR_ARGUMENT,
          "cores that do not exist are refused");
}

static void attack_wear(void)
{
    uint32_t count = 0;
    uint32_t err = TATU_OK;
    while (err == TATU_OK && count < 100) {
        err = call_kind(TATU_SMC_RECORD_APPEND, TATU_RECORD_EVENT, "x", 1);
        count++;
    }
    check(err == TATU_ERR_BUSY && count <= 17, "records are not written as fast as one likes");
}

static void use_daily_keys(const struct parameters *p)
{
    uint8_t name[33 + 32] = {TATU_KEY_TENANT};
    memcpy(name + 1, p->tenant, 16);
    memset(name + 17, 'x', 16);
    check(call_kind(TATU_SMC_VAULT, TATU_VAULT_MAKE_KEY, name, 33) == TATU_ERR_NOT_FOUND &&
              call_kind(TATU_SMC_VAULT, TATU_VAULT_SIGN_TLS, name, 65) == TATU_ERR_NOT_FOUND,
          "a component that is not installed has no key");
    memset(name + 17, 'C', 16);
    check(call_kind(TATU_SMC_VAULT, TATU_VAULT_MAKE_KEY, name, 33) == TATU_OK && answer_len == 64,
          "one that is gets a key");
    check(call_kind(TATU_SMC_VAULT, TATU_VAULT_SIGN_TLS, name, 65) == TATU_ERR_NOT_FOUND &&
              call_kind(TATU_SMC_VAULT, TATU_VAULT_COMMIT_KEY, name, 33) == TATU_OK &&
              call_kind(TATU_SMC_VAULT, TATU_VAULT_SIGN_TLS, name, 65) == TATU_OK &&
              answer_len == 64,
          "which signs once it is committed");
}

/* ---- the runs
 * ---------------------------------------------------------------------------------------- */

static void first_run(const struct parameters *p)
{
    attack_memory(p);
    attack_pages();
    use_psci();
    use_vault(p);
    use_factory();
    use_records(1);
    use_apps(p);
    use_daily_keys(p);
    use_peripherals();
    use_cores(p);
    attack_vault();
    attack_rights();
    attack_wear();
    restart(TATU_SMC_PSCI_RESET);
}

static void second_run(const struct parameters *p)
{
    check(boot_reason() == TATU_RESET_SOFTWARE, "the reset is told");
    check(is_app_visible(p), "the application is there after the reset");
    check(call_word(TATU_SMC_RECORD_READ, 0) == TATU_OK && tatu_get_le32(page) == 1,
          "the record is there after the reset");
    uint32_t last = 0;
    while (call_word(TATU_SMC_RECORD_READ, last) == TATU_OK) {
        last = tatu_get_le32(page);
    }
    check(call_word(TATU_SMC_RECORD_ACK, last) == TATU_OK &&
              call_word(TATU_SMC_RECORD_READ, 0) == TATU_ERR_NOT_FOUND,
          "a taken record is gone");
    use_records(last + 1);
    attack_noise();
    check(call_word(TATU_SMC_WATCHDOG, 60001) == TATU_ERR_ARGUMENT &&
              call_word(TATU_SMC_WATCHDOG, 200) == TATU_OK,
          "the watchdog is set");
    print("[NS] waiting for the watchdog\n");
    for (;;) {
    }
}

static void third_run(void)
{
    check(boot_reason() == TATU_RESET_WATCHDOG, "the watchdog restarted the chip");
    restart(TATU_SMC_PSCI_OFF);
}

static void fallback_run(void)
{
    check(call(TATU_SMC_GET_BOOT, page, 0) == TATU_OK && page[0] == 1 && page[1] == 1,
          "the backup set runs and says so");
    check(call_word(TATU_SMC_RECORD_READ, 0) == TATU_OK &&
              tatu_get_le16(page + 4) == TATU_RECORD_BOOT && page[8] == 0x84,
          "the refusal is a record");
    restart(TATU_SMC_PSCI_OFF);
}

/* The monitor of this run was patched to fault when it is asked to switch off. */
static void panic_run(void)
{
    if (boot_reason() == TATU_RESET_POWER_ON) {
        restart(TATU_SMC_PSCI_OFF);
    }
    check(boot_reason() == TATU_RESET_SOFTWARE, "the fault restarted the chip");
    check(call_word(TATU_SMC_RECORD_READ, 0) == TATU_OK &&
              tatu_get_le16(page + 4) == TATU_RECORD_BOOT && page[10] == 4,
          "the fault is a record of the monitor");
    print("[NS] done\n");
    for (;;) {
    }
}

/* set, fallback, mode, backup */
static bool boot_is(uint8_t set, uint8_t fallback, uint8_t mode, uint8_t backup)
{
    const uint8_t head[4] = {set, fallback, mode, backup};
    return call(TATU_SMC_GET_BOOT, page, 0) == TATU_OK && is_same(page, head, sizeof(head));
}

static const uint16_t part_types[] = {TATU_IMAGE_KEYSTORE, TATU_IMAGE_VAULT_RUNTIME,
                                      TATU_IMAGE_MONITOR,  TATU_IMAGE_DTB,
                                      TATU_IMAGE_KERNEL,   TATU_IMAGE_ROOT};

/* The running set once more, as the other one. */
static bool install_copy(void)
{
    bool good = true;
    for (size_t i = 0; i < sizeof(part_types) / sizeof(part_types[0]); i++) {
        good = good && call_kind(TATU_SMC_STAGE_COPY, part_types[i], page, 0) == TATU_OK &&
               call_word(TATU_SMC_STAGE_FINISH, tatu_get_le32(page)) == TATU_OK;
    }
    return good && call(TATU_SMC_INSTALL_SET, page, 0) == TATU_OK;
}

/* How many calls it took; 0: it went wrong. */
static uint32_t repair(void)
{
    for (uint32_t calls = 1; calls < 20; calls++) {
        if (call(TATU_SMC_REPAIR, page, 0) != TATU_OK) {
            return 0;
        }
        if (page[0] == 0) {
            return calls;
        }
    }
    return 0;
}

/* Twice: from set A to set B, and back to A. */
static void update_run(void)
{
    bool first = boot_reason() == TATU_RESET_POWER_ON;
    uint8_t set = 0;
    (void)call(TATU_SMC_GET_BOOT, page, 0);
    set = page[0];
    check(boot_is(set, 0, TATU_BOOT_NORMAL, 0), "both sets are good");
    check(call(TATU_SMC_HEALTHY, page, 0) == TATU_OK, "health is told");
    if (!first) {
        check(repair() == 6 && boot_is(set, 0, TATU_BOOT_NORMAL, 0), "a good set is left alone");
        check(begin_stage(TATU_IMAGE_KERNEL, 4096) == TATU_OK &&
                  boot_is(set, 0, TATU_BOOT_NORMAL, 1) &&
                  call(TATU_SMC_REPAIR, page, 0) == TATU_ERR_STATE,
              "a set in change is none");
        (void)begin_stage(TATU_IMAGE_KERNEL, 4096);
        check(call_word(TATU_SMC_STAGE_ABORT, tatu_get_le32(page)) == TATU_OK && repair() > 6 &&
                  boot_is(set, 0, TATU_BOOT_NORMAL, 0),
              "and is mended");
    }
    check(call(TATU_SMC_INSTALL_SET, page, 0) == TATU_ERR_STATE,
          "nothing staged, nothing installed");
    check(install_copy(), "a set is installed");
    check(begin_stage(TATU_IMAGE_MONITOR, TATU_FLASH_MONITOR_SIZE) == TATU_ERR_LONG,
          "a part larger than its slot is not begun");
    restart(set == 0 ? TATU_SMC_PSCI_RESET : TATU_SMC_PSCI_OFF);
}

/* Set B is installed and never healthy: three boots later set A is back, and stays. */
static void rollback_run(void)
{
    if (boot_is(1, 0, TATU_BOOT_NORMAL, 0)) {
        restart(TATU_SMC_PSCI_RESET);
    }
    if (boot_is(0, 1, TATU_BOOT_NORMAL, 0)) {
        check(call_word(TATU_SMC_RECORD_READ, 0) == TATU_OK &&
                  tatu_get_le16(page + 4) == TATU_RECORD_BOOT && page[8] == 0x84 && page[9] == 1 &&
                  page[10] == 0 && page[11] == TATU_ERR_TIMEOUT,
              "the set that was never healthy is a record");
        check(call(TATU_SMC_HEALTHY, page, 0) == TATU_OK, "the old set is healthy");
        restart(TATU_SMC_PSCI_RESET);
    }
    check(boot_is(0, 0, TATU_BOOT_NORMAL, 0), "set A is preferred");
    if (boot_reason() == TATU_RESET_SOFTWARE) {
        restart(TATU_SMC_PSCI_OFF);
    }
    check(call(TATU_SMC_HEALTHY, page, 0) == TATU_OK && install_copy(), "set B is installed");
    restart(TATU_SMC_PSCI_RESET);
}

static void safe_run(void)
{
    (void)call(TATU_SMC_GET_BOOT, page, 0);
    if (page[2] != TATU_BOOT_SAFE) {
        restart(TATU_SMC_PSCI_RESET);
    }
    check(true, "boot after boot without health ends in safe mode");
    check(call(TATU_SMC_HEALTHY, page, 0) == TATU_OK, "health is told");
    restart(TATU_SMC_PSCI_OFF);
}

static uint8_t read_byte(void)
{
    while ((*(volatile uint32_t *)(TATU_MAP_UART_BASE + 0x18) & 0x10) != 0) {
    }
    return (uint8_t) * (volatile uint32_t *)TATU_MAP_UART_BASE;
}

/* Asks the test for a ticket over a fresh nonce: its length comes in two bytes, then the ticket. */
static bool take_ticket(uint32_t grace_s)
{
    static uint8_t ticket[1024];
    bool good =
        call_kind(TATU_SMC_VAULT, TATU_VAULT_TICKET_NONCE, page, 0) == TATU_OK && answer_len == 32;
    print("[NS] nonce ");
    for (uint32_t i = 0; i < 64; i++) {
        char digit[2] = {"0123456789abcdef"[page[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15], '\0'};
        print(digit);
    }
    print("\n");
    uint32_t len = read_byte();
    len |= (uint32_t)read_byte() << 8;
    for (uint32_t i = 0; i < len && i < sizeof(ticket); i++) {
        ticket[i] = read_byte();
    }
    return good && call_kind(TATU_SMC_VAULT, TATU_VAULT_SET_TICKET, ticket, len) == TATU_OK &&
           answer_len == 4 && tatu_get_le32(page) == grace_s;
}

/* One ticket, and then healthy boot after boot without another. */
static void renew_run(void)
{
    if (boot_reason() == TATU_RESET_POWER_ON) {
        check(take_ticket(31536000), "a ticket arms the count-down");
    }
    (void)call(TATU_SMC_GET_BOOT, page, 0);
    if (page[2] == TATU_BOOT_RENEW) {
        check(true, "too many boots without a ticket are for renewal only");
        restart(TATU_SMC_PSCI_OFF);
    }
    if (call(TATU_SMC_HEALTHY, page, 0) != TATU_OK) {
        check(false, "health is told");
    }
    restart(TATU_SMC_PSCI_RESET);
}

/* The claim of evidence that names the mode: CBOR -75009, then a small number. */
static bool evidence_says(uint8_t mode)
{
    static const uint8_t nonce[32];
    static const uint8_t update_key[33] = {TATU_KEY_UPDATE};
    const uint8_t claim[] = {0x3a, 0x00, 0x01, 0x25, 0x00, mode};
    bool found = false;
    if (call_kind(TATU_SMC_VAULT, TATU_VAULT_MAKE_KEY, update_key, sizeof(update_key)) != TATU_OK ||
        call_kind(TATU_SMC_VAULT, TATU_VAULT_MAKE_EVIDENCE, nonce, sizeof(nonce)) != TATU_OK) {
        return false;
    }
    for (uint32_t i = 0; i + sizeof(claim) <= answer_len; i++) {
        found = found || is_same(page + i, claim, sizeof(claim));
    }
    return found;
}

/* One ticket of the shortest grace, and then none. */
static void late_run(void)
{
    if (boot_reason() == TATU_RESET_POWER_ON) {
        check(evidence_says(TATU_BOOT_NORMAL), "evidence says that all is well");
        check(take_ticket(600), "a ticket arms the count-down");
        for (;;) {
            __asm__ volatile("wfi");
        }
    }
    check(boot_reason() == TATU_RESET_RENEWAL && boot_is(0, 0, TATU_BOOT_RENEW, 0),
          "the end of the count-down restarts the chip for renewal");
    check(evidence_says(TATU_BOOT_RENEW), "evidence says so");
    check(call_word(TATU_SMC_RECORD_READ, 0) == TATU_OK &&
              tatu_get_le16(page + 4) == TATU_RECORD_BOOT && page[11] == TATU_ERR_EXPIRED,
          "and a record");
    restart(TATU_SMC_PSCI_OFF);
}

/* Sleeps until the WAKEUP pin falls. */
static void wake_run(void)
{
    if (boot_reason() != TATU_RESET_POWER_ON) {
        check(boot_reason() == TATU_RESET_WAKEUP, "the pin woke the chip");
        restart(TATU_SMC_PSCI_OFF);
    }
    (void)call_word(TATU_SMC_POWER_DOWN, TATU_SYSCTL_WAKE_PIN);
    check(false, "power down does not return");
}

/* Sleeps until the alarm of the clock. */
static void sleep_run(void)
{
    volatile uint32_t *rtc = (volatile uint32_t *)TATU_MAP_RTC_BASE;
    if (boot_reason() != TATU_RESET_POWER_ON) {
        check(boot_reason() == TATU_RESET_ALARM, "the alarm woke the chip");
        restart(TATU_SMC_PSCI_OFF);
    }
    check(call_word(TATU_SMC_POWER_DOWN, 0) == TATU_ERR_ARGUMENT &&
              call_word(TATU_SMC_POWER_DOWN, 4) == TATU_ERR_ARGUMENT,
          "there is no sleep without an alarm clock");
    rtc[RTC_MR / 4] = rtc[RTC_DR / 4] + 1;
    rtc[RTC_IMSC / 4] = 1;
    (void)call_word(TATU_SMC_POWER_DOWN, TATU_SYSCTL_WAKE_ALARM);
    check(false, "power down does not return");
}

void main(const struct parameters *p, const uint32_t *early)
{
    check(p->magic == MAGIC, "the device tree's body is where r2 points");
    attack_entry(early, (uint32_t)p);
    static void (*const runs[])(void) = {
        [MODE_FALLBACK] = fallback_run, [MODE_PANIC] = panic_run, [MODE_UPDATE] = update_run,
        [MODE_ROLLBACK] = rollback_run, [MODE_SAFE] = safe_run,   [MODE_RENEW] = renew_run,
        [MODE_SLEEP] = sleep_run,       [MODE_LATE] = late_run,   [MODE_WAKE] = wake_run,
    };
    if (p->mode != MODE_FULL) {
        runs[p->mode]();
    }
    switch (boot_reason()) {
    case TATU_RESET_SOFTWARE:
        second_run(p);
        break;
    case TATU_RESET_WATCHDOG:
        third_run();
        break;
    default:
        first_run(p);
    }
}
