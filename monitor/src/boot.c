#include "chip.h"
#include "flash.h"
#include "mem.h"
#include "proto/report.h"
#include "state.h"

/* The images of an OS set, in the order in which they are verified. */
static const struct part {
    enum tatu_image_type type;
    const char *name;
    uint32_t slot_at; /* within the set */
    uint32_t slot_size;
    uint32_t load_at; /* where it runs; 0: verified and used in flash */
} parts[] = {
    {TATU_IMAGE_DTB, "device tree", TATU_FLASH_DTB_AT, TATU_FLASH_DTB_SIZE, TATU_LOAD_DTB},
    {TATU_IMAGE_KERNEL, "kernel", TATU_FLASH_KERNEL_AT, TATU_FLASH_KERNEL_SIZE, TATU_LOAD_KERNEL},
    {TATU_IMAGE_ROOT, "root file system", TATU_FLASH_ROOT_AT, TATU_FLASH_ROOT_SIZE, 0},
};
#define PART_COUNT TATU_COUNT_OF(parts)

/* What the normal world may see of the flash; all other windows are locked closed. */
static const struct {
    uint32_t at;
    uint32_t len;
    bool of_set; /* `at` counts from the running set */
} windows[] = {
    [TATU_WINDOW_ROOT] = {TATU_FLASH_ROOT_AT, TATU_FLASH_ROOT_SIZE, true},
    [TATU_WINDOW_APPS0] = {TATU_FLASH_APPS0_AT, TATU_FLASH_APPS0_SIZE, false},
    [TATU_WINDOW_APPS1] = {TATU_FLASH_APPS1_AT, TATU_FLASH_APPS1_SIZE, false},
};

_Static_assert(TATU_LOAD_KERNEL + TATU_FLASH_KERNEL_SIZE <= TATU_LOAD_DTB,
               "the kernel's package ends before the device tree's");
_Static_assert(TATU_LOAD_DTB + TATU_FLASH_DTB_SIZE <= TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT,
               "the device tree's package ends within RAM");

/* ---- the log ----------------------------------------------------------------------------------
 */

static void say(struct tatu_monitor *m, const char *a, const char *b, const char *c)
{
    tatu_monitor_print(m->chip, "[MON] ");
    tatu_monitor_print(m->chip, a);
    tatu_monitor_print(m->chip, b);
    tatu_monitor_print(m->chip, c);
    tatu_monitor_print(m->chip, "\n");
}

static void say_set(struct tatu_monitor *m, uint32_t set, const char *what, const char *result)
{
    tatu_monitor_print(m->chip, set == 0 ? "[MON] set A: " : "[MON] set B: ");
    tatu_monitor_print(m->chip, what);
    tatu_monitor_print(m->chip, result);
    tatu_monitor_print(m->chip, "\n");
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
        say(m, "record not kept: ", tatu_err_name(kept), "");
    }
}

static void refuse(struct tatu_monitor *m, uint32_t set, uint16_t type, const char *name,
                   enum tatu_err err)
{
    tatu_monitor_print(m->chip, set == 0 ? "[MON] set A: " : "[MON] set B: ");
    tatu_monitor_print(m->chip, name);
    tatu_monitor_print(m->chip, " refused, ");
    tatu_monitor_print(m->chip, tatu_err_name(err));
    tatu_monitor_print(m->chip, "\n");
    keep_refusal(m, set, type, err);
}

/* ---- one OS set -------------------------------------------------------------------------------
 */

/* Where the vault is to verify a part of a set. */
struct place {
    uint32_t address; /* physical, secure view */
    uint32_t len;
};

static enum tatu_err load_part(struct tatu_monitor *m, uint32_t set, const struct part *part,
                               struct place *out)
{
    uint32_t at = set * TATU_FLASH_SET_STRIDE + part->slot_at;
    uint32_t len = 0;
    TATU_TRY(tatu_monitor_read_footer(m->chip, at, part->slot_size, &len));
    if (part->load_at != 0) {
        TATU_TRY(tatu_monitor_load_flash(m->chip, at, part->load_at, len));
    }
    *out = (struct place){part->load_at != 0 ? part->load_at : TATU_MAP_FLASH_BASE + at, len};
    return TATU_OK;
}

/* One pass over a set: every part is verified where it will run, with the vault's flags. */
static enum tatu_err verify_set(struct tatu_monitor *m, uint32_t set,
                                const struct place places[PART_COUNT], uint16_t flags,
                                uint32_t *out_version, size_t *out_part)
{
    uint32_t version = UINT32_MAX;
    for (size_t i = 0; i < PART_COUNT; i++) {
        struct tatu_verified_image image = {0};
        *out_part = i;
        TATU_TRY(tatu_monitor_verify_image(&m->vault, places[i].address, places[i].len,
                                           parts[i].type, flags, &image));
        version = image.security_version < version ? image.security_version : version;
        if (flags == 0) {
            say_set(m, set, parts[i].name, " verified");
        }
    }
    *out_version = version;
    return TATU_OK;
}

/* Loads and verifies all parts, then verifies them again and measures: nothing is measured of a set
 * that will not run, and the decision is taken twice. */
static enum tatu_err try_set(struct tatu_monitor *m, uint32_t set)
{
    struct place places[PART_COUNT] = {0};
    enum tatu_err err = TATU_OK;
    size_t part = 0;
    for (size_t i = 0; i < PART_COUNT && err == TATU_OK; i++) {
        part = i;
        err = load_part(m, set, &parts[i], &places[i]);
    }
    if (err == TATU_OK) {
        err = verify_set(m, set, places, 0, &m->boot.os_version, &part);
    }
    if (err == TATU_OK) {
        err = verify_set(m, set, places, TATU_VERIFY_MEASURE, &m->boot.os_version, &part);
    }
    if (err != TATU_OK) {
        refuse(m, set, (uint16_t)parts[part].type, parts[part].name, err);
        return err;
    }
    say_set(m, set, "measured", "");
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
    static const struct part part = {TATU_IMAGE_KEYSTORE, "keystore", TATU_FLASH_KEYSTORE_AT,
                                     TATU_FLASH_KEYSTORE_SIZE, TATU_LOAD_STAGE};
    struct tatu_verified_image image = {0};
    struct place place = {0};
    TATU_TRY(load_part(m, set, &part, &place));
    TATU_TRY(tatu_monitor_verify_image(&m->vault, place.address, place.len, part.type,
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
    static const struct part part = {TATU_IMAGE_MONITOR, "monitor", TATU_FLASH_MONITOR_AT,
                                     TATU_FLASH_MONITOR_SIZE, 0};
    struct tatu_verified_image image = {0};
    struct place place = {0};
    enum tatu_err err = load_part(m, set, &part, &place);
    if (err == TATU_OK) {
        err = tatu_monitor_verify_image(&m->vault, place.address, place.len, part.type, 0, &image);
    }
    if (err == TATU_OK) {
        m->boot.monitor_version = image.security_version;
    } else {
        refuse(m, set, TATU_IMAGE_MONITOR, part.name, err);
    }
}

/* Lets the vault see normal RAM, and asks it what happened before us. */
static enum tatu_err meet_vault(struct tatu_monitor *m, uint32_t *out_set)
{
    uint8_t range[8];
    uint8_t bytes[TATU_VAULT_INFO_SIZE];
    struct tatu_buf answer = TATU_BUF_OF(bytes);
    struct tatu_buf nothing = {NULL, 0, 0};
    struct tatu_vault_info info;
    struct tatu_monitor_vault_boot boot;
    tatu_put_le32(range, TATU_MAP_RAM_BASE);
    tatu_put_le32(range + 4, TATU_MAP_RAM_SIZE_DEFAULT);
    TATU_TRY(tatu_monitor_ask_vault(&m->vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_SET_DMA,
                                    TATU_SPAN_OF(range), &nothing));
    TATU_TRY(tatu_monitor_ask_vault(&m->vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_GET_INFO,
                                    (struct tatu_span){NULL, 0}, &answer));
    TATU_TRY(tatu_proto_decode_info((struct tatu_span){answer.data, answer.len}, &info));
    m->boot_count = info.boot_count;
    TATU_TRY(tatu_monitor_get_vault_boot(&m->vault, &boot));
    for (size_t i = 0; i < boot.refused_count; i++) {
        keep_refusal(m, boot.refused[i].set, boot.refused[i].image_type, boot.refused[i].err);
    }
    *out_set = boot.set;
    return TATU_OK;
}

/* A panic of the run before this one is kept as a refusal of the monitor by itself. */
static void report_panic(struct tatu_monitor *m, uint32_t set)
{
    if (tatu_monitor_take_panic(m->chip) != 0) {
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
            say(m, "application verified", "", "");
        }
    }
    return tatu_monitor_measure_apps(&m->apps);
}

static enum tatu_err end_boot_phase(struct tatu_monitor *m)
{
    const uint8_t done[2] = {m->boot.set, m->boot.fallback};
    struct tatu_buf nothing = {NULL, 0, 0};
    return tatu_monitor_ask_vault(&m->vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_BOOT_DONE,
                                  TATU_SPAN_OF(done), &nothing);
}

static enum tatu_err run_steps(struct tatu_monitor *m)
{
    uint32_t set = 0;
    TATU_TRY(tatu_monitor_open_records(&m->records, m->chip));
    TATU_TRY(tatu_monitor_open_apps(&m->apps, m->chip, &m->vault));
    TATU_TRY(meet_vault(m, &set));
    report_panic(m, set);
    find_keystore(m, set);
    look_up_version(m, set);
    TATU_TRY(choose_set(m, set));
    TATU_TRY(lock_windows(m));
    TATU_TRY(verify_apps(m));
    return end_boot_phase(m);
}

enum tatu_err tatu_monitor_boot(struct tatu_monitor *monitor, struct tatu_monitor_chip *chip,
                                struct tatu_monitor_entry *out)
{
    memset(monitor, 0, sizeof(*monitor));
    monitor->chip = chip;
    monitor->vault.chip = chip;
    monitor->boot.reset_reason = tatu_monitor_get_reset_reason(chip);
    say(monitor, "security monitor", "", "");
    enum tatu_err err = run_steps(monitor);
    if (err != TATU_OK) {
        say(monitor, "stopped, ", tatu_err_name(err), "");
        return err;
    }
    say_set(monitor, monitor->boot.set, "starting the normal world",
            monitor->boot.fallback ? ", fallback" : "");
    *out = (struct tatu_monitor_entry){TATU_LOAD_KERNEL, TATU_LOAD_DTB};
    return TATU_OK;
}
