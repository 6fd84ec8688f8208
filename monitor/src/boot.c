#include "call.h"
#include "chip.h"
#include "flash.h"
#include "mem.h"
#include "proto/report.h"
#include "set.h"
#include "state.h"
#include "table.h"

#define RENEWAL_MIN_S 600u
#define RENEWAL_HALVES_EVERY 4u /* boots without a new ticket */
#define RENEWAL_HALVES_MAX 10u
/* Boot records of this type tell of the board, not of an image: docs/protocol/smc.md §4. */
#define NO_IMAGE 0u

/* What the normal world may see of the flash; all other windows are locked closed. */
static const struct {
    uint32_t at;
    uint32_t len;
    bool of_set; /* `at` counts from the running set */
} windows[] = {
    [TATU_WINDOW_ROOT] = {TATU_FLASH_ROOT_AT, TATU_FLASH_ROOT_SIZE, true},
    [TATU_WINDOW_APPS0] = {TATU_FLASH_APPS0_AT, TATU_FLASH_APPS0_SIZE, false},
    [TATU_WINDOW_APPS1] = {TATU_FLASH_APPS1_AT, TATU_FLASH_APPS1_SIZE, false},
    [TATU_WINDOW_STORE] = {TATU_FLASH_STORE_AT, TATU_FLASH_STORE_SIZE, false},
};

_Static_assert(TATU_LOAD_KERNEL + TATU_FLASH_KERNEL_SIZE <= TATU_LOAD_DTB,
               "the kernel's package ends before the device tree's");
_Static_assert(TATU_LOAD_DTB + TATU_FLASH_DTB_SIZE <= TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT,
               "the device tree's package ends within RAM");

/* ---- the log ----------------------------------------------------------------------------------
 */

static const char *set_name(uint32_t set)
{
    return set == 0 ? "set A: " : "set B: ";
}

static void say(struct tatu_monitor *m, const char *a, const char *b, const char *c, const char *d)
{
    const char *const texts[] = {"[MON] ", a, b, c, d, "\n"};
    for (size_t i = 0; i < TATU_COUNT_OF(texts); i++) {
        tatu_monitor_print(m->chip, texts[i]);
    }
}

/* Keeps what was refused, for the owner. A ring that fails must not keep the board from booting. */
static void keep_refusal(struct tatu_monitor *m, uint32_t set, uint16_t type, uint32_t err)
{
    uint8_t bytes[32];
    uint32_t id = 0;
    struct tatu_buf payload = TATU_BUF_OF(bytes);
    const struct tatu_boot_failure failure = {
        .set = (uint8_t)set,
        .image_type = type,
        .err = err,
        .boot_count = m->boot_count,
    };
    enum tatu_err kept = tatu_proto_encode_boot_failure(&failure, &payload);
    if (kept == TATU_OK) {
        kept = tatu_monitor_append_record(&m->records, TATU_RECORD_BOOT,
                                          (struct tatu_span){payload.data, payload.len}, &id);
    }
    if (kept != TATU_OK) {
        say(m, "record not kept: ", tatu_err_name(kept), "", "");
    }
}

static void refuse(struct tatu_monitor *m, uint32_t set, uint16_t type, const char *name,
                   enum tatu_err err)
{
    say(m, set_name(set), name, " refused, ", tatu_err_name(err));
    keep_refusal(m, set, type, err);
}

/* ---- one OS set -------------------------------------------------------------------------------
 */

/* Where the vault is to verify a part of a set. */
struct place {
    uint32_t address; /* physical, secure view */
    uint32_t len;
};

static enum tatu_err load_part(struct tatu_monitor *m, uint32_t set, uint32_t index,
                               struct place *out)
{
    const struct tatu_monitor_part *part = &tatu_monitor_parts[index];
    uint32_t at = tatu_monitor_part_at(set, index);
    uint32_t len = 0;
    TATU_TRY(tatu_monitor_read_footer(m->chip, at, part->size, &len));
    if (part->load_at != 0) {
        TATU_TRY(tatu_monitor_load_flash(m->chip, at, part->load_at, len));
    }
    *out = (struct place){part->load_at != 0 ? part->load_at : TATU_MAP_FLASH_BASE + at, len};
    return TATU_OK;
}

/* One pass over a set: every part is verified where it will run, with the vault's flags. */
static enum tatu_err verify_set(struct tatu_monitor *m, uint32_t set, const struct place *places,
                                uint16_t flags, uint32_t *out_part)
{
    m->boot.os_version = UINT32_MAX;
    for (uint32_t i = TATU_MONITOR_PART_DTB; i <= TATU_MONITOR_PART_ROOT; i++) {
        struct tatu_verified_image image = {0};
        *out_part = i;
        TATU_TRY(tatu_monitor_verify_image(&m->vault, places[i].address, places[i].len,
                                           tatu_monitor_parts[i].type, flags, &image));
        if (image.security_version < m->boot.os_version) {
            m->boot.os_version = image.security_version;
        }
        if (flags == 0) {
            say(m, set_name(set), tatu_monitor_parts[i].name, " verified", "");
        }
    }
    return TATU_OK;
}

/* Loads and verifies all parts, then verifies them again and measures: nothing is measured of a set
 * that will not run, and the decision is taken twice. A set without its keystore is half written:
 * its parts may be of two versions. */
static enum tatu_err try_set(struct tatu_monitor *m, uint32_t set)
{
    struct place places[TATU_MONITOR_PART_COUNT] = {0};
    enum tatu_err err = TATU_OK;
    uint32_t part = 0;
    for (uint32_t i = TATU_MONITOR_PART_DTB; i <= TATU_MONITOR_PART_KEYSTORE && err == TATU_OK;
         i++) {
        part = i;
        err = load_part(m, set, i, &places[i]);
    }
    if (err == TATU_OK) {
        err = verify_set(m, set, places, 0, &part);
    }
    if (err == TATU_OK) {
        err = verify_set(m, set, places, TATU_VERIFY_MEASURE, &part);
    }
    if (err != TATU_OK) {
        refuse(m, set, (uint16_t)tatu_monitor_parts[part].type, tatu_monitor_parts[part].name, err);
        m->refused_sets |= (uint8_t)(1u << set);
        return err;
    }
    say(m, set_name(set), "measured", "", "");
    return TATU_OK;
}

/* The set the monitor itself came from first, then the other. */
static enum tatu_err choose_set(struct tatu_monitor *m, uint32_t first)
{
    for (uint32_t i = 0; i < TATU_FLASH_SET_COUNT; i++) {
        uint32_t set = (first + i) % TATU_FLASH_SET_COUNT;
        if (try_set(m, set) == TATU_OK) {
            m->boot.set = (uint8_t)set;
            m->boot.fallback = set != m->apps.table.preferred_set;
            m->apps.set = (uint8_t)set;
            m->apps.was_rolled_back = m->boot.fallback != 0;
            m->apps.is_backup_good = (m->refused_sets & 1u << (set ^ 1u)) == 0 &&
                                     tatu_monitor_is_set_whole(m->chip, set ^ 1u);
            return TATU_OK;
        }
    }
    return TATU_ERR_NO_BOOT_SET;
}

/* ---- the steps --------------------------------------------------------------------------------
 */

/* Verified in RAM while nothing else runs, and kept: the flash is not asked a second time. */
static enum tatu_err keep_keystore(struct tatu_monitor *m, uint32_t set)
{
    struct tatu_verified_image image = {0};
    struct place place = {0};
    TATU_TRY(load_part(m, set, TATU_MONITOR_PART_KEYSTORE, &place));
    TATU_TRY(tatu_monitor_verify_image(&m->vault, place.address, place.len, TATU_IMAGE_KEYSTORE,
                                       TATU_VERIFY_MEASURE, &image));
    if (image.body_len > sizeof(m->keystore)) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(tatu_monitor_read_normal(m->chip, place.address, m->keystore, image.body_len));
    m->keystore_len = image.body_len;
    return TATU_OK;
}

/* The keystore that the normal world gets to read. The vault measures only the one it trusts
 * itself: when the runtime came from the other set, that is the other set's. */
static void find_keystore(struct tatu_monitor *m, uint32_t first)
{
    for (uint32_t i = 0; i < TATU_FLASH_SET_COUNT && m->keystore_len == 0; i++) {
        uint32_t set = (first + i) % TATU_FLASH_SET_COUNT;
        enum tatu_err err = keep_keystore(m, set);
        if (err != TATU_OK) {
            refuse(m, set, TATU_IMAGE_KEYSTORE, "keystore", err);
        }
    }
}

/* Which build of the monitor this is. */
static void look_up_version(struct tatu_monitor *m, uint32_t set)
{
    struct tatu_verified_image image = {0};
    struct place place = {0};
    enum tatu_err err = load_part(m, set, TATU_MONITOR_PART_MONITOR, &place);
    if (err == TATU_OK) {
        err = tatu_monitor_verify_image(&m->vault, place.address, place.len, TATU_IMAGE_MONITOR, 0,
                                        &image);
    }
    if (err == TATU_OK) {
        m->boot.monitor_version = image.security_version;
    } else {
        refuse(m, set, TATU_IMAGE_MONITOR, "monitor", err);
    }
}

/* Lets the vault see normal RAM, and asks it what happened before us. */
static enum tatu_err meet_vault(struct tatu_monitor *m, struct tatu_monitor_vault_boot *out_boot)
{
    static const struct tatu_span nothing = {NULL, 0};
    uint8_t range[8];
    uint8_t bytes[TATU_VAULT_INFO_SIZE];
    struct tatu_vault_info info;
    tatu_put_le32(range, TATU_MAP_RAM_BASE);
    tatu_put_le32(range + 4, TATU_MAP_RAM_SIZE_DEFAULT);
    TATU_TRY(tatu_monitor_order_vault(&m->vault, TATU_VAULT_SET_DMA, TATU_SPAN_OF(range), NULL, 0));
    TATU_TRY(
        tatu_monitor_order_vault(&m->vault, TATU_VAULT_GET_INFO, nothing, bytes, sizeof(bytes)));
    TATU_TRY(tatu_proto_decode_info(TATU_SPAN_OF(bytes), &info));
    m->boot_count = info.boot_count;
    TATU_TRY(tatu_monitor_get_vault_boot(&m->vault, out_boot));
    m->boot.mode = out_boot->mode;
    for (size_t i = 0; i < out_boot->refused_count; i++) {
        keep_refusal(m, out_boot->refused[i].set, out_boot->refused[i].image_type,
                     out_boot->refused[i].err);
        m->refused_sets |= (uint8_t)(1u << (out_boot->refused[i].set & 1u));
    }
    return TATU_OK;
}

/* Without a table that counts, the ROM's choice is the preferred set. Before the first commit there
 * is none to be lost. */
static enum tatu_err open_table(struct tatu_monitor *m, const struct tatu_monitor_vault_boot *boot)
{
    enum tatu_err refused[2];
    tatu_monitor_init_apps(&m->apps, m->chip, &m->vault);
    TATU_TRY(tatu_monitor_open_table(&m->apps, refused));
    if (m->apps.table_copy >= 0) {
        return TATU_OK;
    }
    m->apps.table.preferred_set = boot->set ^ (boot->fallback ? 1u : 0u);
    for (uint32_t i = 0; i < TATU_COUNT_OF(refused) && m->apps.count > 0; i++) {
        refuse(m, i, NO_IMAGE, "image table", refused[i]);
    }
    return TATU_OK;
}

/* A panic of the run before this one is kept as a refusal of the monitor by itself. */
static void report_panic(struct tatu_monitor *m, uint32_t set)
{
    if (tatu_monitor_get_register(m->chip, TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_SCRATCH) != 0) {
        tatu_monitor_put_register(m->chip, TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_SCRATCH, 0);
        refuse(m, set, TATU_IMAGE_MONITOR, "last run of the monitor", TATU_ERR_STATE);
    }
}

static enum tatu_err lock_windows(struct tatu_monitor *m)
{
    uint32_t set_at = m->boot.set * TATU_FLASH_SET_STRIDE;
    for (uint32_t i = 0; i < TATU_MAP_WINDOW_COUNT; i++) {
        bool open = i < TATU_COUNT_OF(windows);
        uint32_t at = open ? windows[i].at + (windows[i].of_set ? set_at : 0) : 0;
        TATU_TRY(tatu_monitor_lock_window(m->chip, i, at, open ? windows[i].len : 0));
    }
    return TATU_OK;
}

static enum tatu_err verify_apps(struct tatu_monitor *m)
{
    for (uint32_t i = 0; i < m->apps.table.app_count; i++) {
        enum tatu_err err = tatu_monitor_verify_app(&m->apps, i);
        if (err != TATU_OK) {
            refuse(m, m->boot.set, TATU_IMAGE_APPLICATION, "application", err);
        } else {
            say(m, "application verified", "", "", "");
        }
    }
    return tatu_monitor_measure_apps(&m->apps);
}

static enum tatu_err end_boot_phase(struct tatu_monitor *m)
{
    const uint8_t done[2] = {m->boot.set, m->boot.fallback};
    return tatu_monitor_order_vault(&m->vault, TATU_VAULT_BOOT_DONE, TATU_SPAN_OF(done), NULL, 0);
}

/* Once a ticket has armed it, the count-down to renewal starts at each boot, and sooner ends when
 * boot after boot brings no new ticket. */
static enum tatu_err start_renewal(struct tatu_monitor *m)
{
    uint8_t bytes[8];
    TATU_TRY(tatu_monitor_order_vault(&m->vault, TATU_VAULT_GET_TICKET, (struct tatu_span){NULL, 0},
                                      bytes, sizeof(bytes)));
    uint32_t grace_s = tatu_get_le32(bytes);
    uint32_t boots = tatu_get_le32(bytes + 4);
    uint32_t halves = boots / RENEWAL_HALVES_EVERY;
    if (grace_s == 0) {
        return TATU_OK;
    }
    grace_s >>= halves < RENEWAL_HALVES_MAX ? halves : RENEWAL_HALVES_MAX;
    tatu_monitor_put_register(m->chip, TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_RENEWAL_S,
                              grace_s > RENEWAL_MIN_S ? grace_s : RENEWAL_MIN_S);
    return TATU_OK;
}

/* What the owner should know of this boot, though no image was refused. */
static void report_boot(struct tatu_monitor *m)
{
    uint32_t preferred = m->apps.table.preferred_set;
    if (m->boot.fallback && (m->refused_sets & 1u << preferred) == 0) {
        refuse(m, preferred, NO_IMAGE, "last starts", TATU_ERR_TIMEOUT);
    }
    if (m->boot.mode == TATU_BOOT_SAFE) {
        refuse(m, m->boot.set, NO_IMAGE, "applications", TATU_ERR_NO_BOOT_SET);
    }
    if (m->boot.reset_reason == TATU_RESET_RENEWAL) {
        refuse(m, m->boot.set, NO_IMAGE, "ticket", TATU_ERR_EXPIRED);
    }
}

static enum tatu_err run_steps(struct tatu_monitor *m)
{
    struct tatu_monitor_vault_boot boot;
    TATU_TRY(tatu_monitor_open_records(&m->records, m->chip));
    for (uint32_t core = 0; core < TATU_RT_COUNT; core++) {
        const struct tatu_monitor_request hold = {.words = {core}};
        TATU_TRY(tatu_monitor_call_rt_stop(m, &hold, NULL));
    }
    TATU_TRY(meet_vault(m, &boot));
    TATU_TRY(open_table(m, &boot));
    report_panic(m, boot.set);
    find_keystore(m, boot.set);
    look_up_version(m, boot.set);
    TATU_TRY(choose_set(m, boot.set));
    TATU_TRY(lock_windows(m));
    TATU_TRY(verify_apps(m));
    TATU_TRY(end_boot_phase(m));
    TATU_TRY(start_renewal(m));
    report_boot(m);
    return TATU_OK;
}

enum tatu_err tatu_monitor_boot(struct tatu_monitor *monitor, struct tatu_monitor_chip *chip,
                                struct tatu_monitor_entry *out)
{
    memset(monitor, 0, sizeof(*monitor));
    monitor->chip = chip;
    monitor->vault.chip = chip;
    monitor->boot.reset_reason =
        tatu_monitor_get_register(chip, TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_REASON);
    say(monitor, "security monitor", "", "", "");
    enum tatu_err err = run_steps(monitor);
    if (err != TATU_OK) {
        say(monitor, "stopped, ", tatu_err_name(err), "", "");
    }
    if (err == TATU_ERR_NO_BOOT_SET) { /* the vault resets the chip into recovery */
        (void)tatu_monitor_order_vault(&monitor->vault, TATU_VAULT_RECOVER,
                                       (struct tatu_span){NULL, 0}, NULL, 0);
    }
    if (err != TATU_OK) {
        return err;
    }
    say(monitor, set_name(monitor->boot.set), "starting the normal world",
        monitor->boot.fallback ? ", fallback" : "", "");
    *out = (struct tatu_monitor_entry){TATU_LOAD_KERNEL, TATU_LOAD_DTB};
    return TATU_OK;
}
