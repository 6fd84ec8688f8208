#include "chip_sim.h"

#include <stdlib.h>
#include <string.h>

#include "proto/image.h"

#define SECTOR TATU_FLASH_SECTOR_SIZE
#define PACKAGE_MAGIC 0x474b5046u /* "FPKG" */
#define TRAILER 64u

/* ---- making ------------------------------------------------------------------------------------
 */

struct tatu_monitor_chip *sim_make(void)
{
    struct tatu_monitor_chip *chip = calloc(1, sizeof(*chip));
    if (chip != NULL) {
        memset(chip->flash, 0xff, sizeof(chip->flash));
        sim_restart(chip);
    }
    return chip;
}

void sim_free(struct tatu_monitor_chip *chip)
{
    free(chip);
}

void sim_restart(struct tatu_monitor_chip *chip)
{
    size_t from = offsetof(struct tatu_monitor_chip, erase_count);
    memset((uint8_t *)chip + from, 0, sizeof(*chip) - from);
    memset(chip->mail, 0, sizeof(chip->mail));
    chip->reset_reason = TATU_RESET_POWER_ON;
}

void sim_blank(struct tatu_monitor_chip *chip)
{
    for (uint32_t i = 0; i < SIM_SECTORS; i++) {
        if (chip->touched[i]) {
            memset(chip->flash + i * SECTOR, 0xff, SECTOR);
            chip->touched[i] = false;
        }
    }
    size_t from = offsetof(struct tatu_monitor_chip, counter);
    memset((uint8_t *)chip + from, 0, offsetof(struct tatu_monitor_chip, erase_count) - from);
    sim_restart(chip);
}

void sim_put(struct tatu_monitor_chip *chip, uint32_t at, const void *data, uint32_t len)
{
    memcpy(chip->flash + at, data, len);
    for (uint32_t i = at / SECTOR; i <= (at + len - 1) / SECTOR; i++) {
        chip->touched[i] = true;
    }
}

void sim_make_package(const struct sim_package *package, uint8_t *out)
{
    uint8_t *trailer = out + package->len - TRAILER;
    for (uint32_t i = 0; i < package->len - TRAILER; i++) {
        out[i] = (uint8_t)(i * 7u + package->image);
    }
    memset(trailer, 0, TRAILER);
    tatu_put_le32(trailer, PACKAGE_MAGIC);
    tatu_put_le16(trailer + 4, package->type);
    trailer[6] = package->component;
    trailer[7] = package->image;
    tatu_put_le32(trailer + 8, package->version);
    tatu_put_le32(trailer + 12, package->len);
    struct tatu_span covered = {out, package->len - 4};
    tatu_put_le32(out + package->len - 4, tatu_base_crc32(covered));
}

void sim_put_slot(struct tatu_monitor_chip *chip, uint32_t at, uint32_t size,
                  const struct sim_package *package)
{
    uint8_t bytes[4096];
    uint8_t footer[TATU_FLASH_FOOTER_SIZE] = {0};
    if (package->len > sizeof(bytes)) {
        abort();
    }
    sim_make_package(package, bytes);
    sim_put(chip, at, bytes, package->len);
    tatu_put_le32(footer, TATU_FLASH_FOOTER_MAGIC);
    tatu_put_le32(footer + 4, package->len);
    tatu_put_le32(footer + 8, ~package->len);
    sim_put(chip, at + size - sizeof(footer), footer, sizeof(footer));
}

void sim_put_set(struct tatu_monitor_chip *chip, uint32_t set, uint32_t version)
{
    static const struct {
        uint16_t type;
        uint32_t at;
        uint32_t size;
    } slots[] = {
        {TATU_IMAGE_MONITOR, TATU_FLASH_MONITOR_AT, TATU_FLASH_MONITOR_SIZE},
        {TATU_IMAGE_KEYSTORE, TATU_FLASH_KEYSTORE_AT, TATU_FLASH_KEYSTORE_SIZE},
        {TATU_IMAGE_DTB, TATU_FLASH_DTB_AT, TATU_FLASH_DTB_SIZE},
        {TATU_IMAGE_KERNEL, TATU_FLASH_KERNEL_AT, TATU_FLASH_KERNEL_SIZE},
        {TATU_IMAGE_ROOT, TATU_FLASH_ROOT_AT, TATU_FLASH_ROOT_SIZE},
        {TATU_IMAGE_VAULT_RUNTIME, TATU_FLASH_VAULT_AT, TATU_FLASH_VAULT_SIZE},
    };
    for (uint8_t i = 0; i < TATU_COUNT_OF(slots); i++) {
        struct sim_package package = {slots[i].type, 0x80, (uint8_t)(0x80 + i), 400, version + i};
        sim_put_slot(chip, set * TATU_FLASH_SET_STRIDE + slots[i].at, slots[i].size, &package);
    }
}

/* ---- flash -------------------------------------------------------------------------------------
 */

/* Counts one flash operation. What of it happens: SIM_CUT_STYLES stands for all of it. */
static int begin_operation(struct tatu_monitor_chip *chip)
{
    if (chip->is_off) {
        return SIM_CUT_BEFORE;
    }
    if (chip->cut_armed && chip->cut_after-- == 0) {
        chip->is_off = true;
        return chip->cut_style;
    }
    return SIM_CUT_STYLES;
}

static bool is_refused(struct tatu_monitor_chip *chip)
{
    return chip->flash_fails > 0 && --chip->flash_fails == 0;
}

enum tatu_err tatu_monitor_read_flash(struct tatu_monitor_chip *chip, uint32_t at, void *out,
                                      uint32_t len)
{
    if (at > TATU_FLASH_SIZE || len > TATU_FLASH_SIZE - at) {
        return TATU_ERR_ARGUMENT;
    }
    memcpy(out, chip->flash + at, len);
    return TATU_OK;
}

enum tatu_err tatu_monitor_erase_flash(struct tatu_monitor_chip *chip, uint32_t at)
{
    uint8_t *sector = chip->flash + at;
    if (at >= TATU_FLASH_SIZE || at % SECTOR != 0) {
        return TATU_ERR_ARGUMENT;
    }
    if (is_refused(chip)) {
        return TATU_ERR_IO;
    }
    chip->erase_count++;
    chip->touched[at / SECTOR] = true;
    switch (begin_operation(chip)) {
    case SIM_CUT_BEFORE:
        break;
    case SIM_CUT_FIRST_HALF:
        memset(sector, 0xff, SECTOR / 2);
        break;
    case SIM_CUT_SECOND_HALF:
        memset(sector + SECTOR / 2, 0xff, SECTOR / 2);
        break;
    case SIM_CUT_SCATTERED:
        for (uint32_t i = 0; i < SECTOR; i += 8) {
            memset(sector + i, 0xff, 4);
        }
        break;
    default:
        memset(sector, 0xff, SECTOR);
    }
    return chip->is_off ? TATU_ERR_IO : TATU_OK;
}

static void program_word(struct tatu_monitor_chip *chip, uint8_t *cell, uint32_t value)
{
    static const uint32_t not_programmed[SIM_CUT_STYLES + 1] = {
        [SIM_CUT_BEFORE] = 0xffffffffu,
        [SIM_CUT_FIRST_HALF] = 0xffff0000u,
        [SIM_CUT_SECOND_HALF] = 0x0000ffffu,
        [SIM_CUT_SCATTERED] = 0x55555555u,
        [SIM_CUT_STYLES] = 0,
    };
    value |= not_programmed[begin_operation(chip)];
    tatu_put_le32(cell, tatu_get_le32(cell) & value);
}

enum tatu_err tatu_monitor_program_flash(struct tatu_monitor_chip *chip, uint32_t at,
                                         const void *data, uint32_t len)
{
    const uint8_t *bytes = data;
    if (at % 4 != 0 || len % 4 != 0 || at > TATU_FLASH_SIZE || len > TATU_FLASH_SIZE - at) {
        return TATU_ERR_ARGUMENT;
    }
    for (uint32_t i = 0; i < len; i += 4) {
        if (is_refused(chip)) {
            return TATU_ERR_IO;
        }
        chip->touched[(at + i) / SECTOR] = true;
        chip->program_count++;
        program_word(chip, chip->flash + at + i, tatu_get_le32(bytes + i));
        if (chip->is_off) {
            return TATU_ERR_IO;
        }
    }
    return TATU_OK;
}

enum tatu_err tatu_monitor_lock_window(struct tatu_monitor_chip *chip, uint32_t number, uint32_t at,
                                       uint32_t len)
{
    if (number >= TATU_MAP_WINDOW_COUNT || chip->windows[number].locked) {
        return TATU_ERR_ARGUMENT;
    }
    chip->windows[number].at = at;
    chip->windows[number].len = len;
    chip->windows[number].locked = true;
    return TATU_OK;
}

/* ---- RAM, system, console
 * ------------------------------------------------------------------------ */

static uint8_t *find_ram(struct tatu_monitor_chip *chip, uint32_t address, uint32_t len)
{
    if (address < TATU_MAP_RAM_BASE || len > sizeof(chip->ram) ||
        address - TATU_MAP_RAM_BASE > sizeof(chip->ram) - len) {
        return NULL;
    }
    return chip->ram + (address - TATU_MAP_RAM_BASE);
}

enum tatu_err tatu_monitor_load_flash(struct tatu_monitor_chip *chip, uint32_t at, uint32_t ram,
                                      uint32_t len)
{
    uint8_t *to = find_ram(chip, ram, len);
    return to == NULL ? TATU_ERR_ARGUMENT : tatu_monitor_read_flash(chip, at, to, len);
}

enum tatu_err tatu_monitor_read_normal(struct tatu_monitor_chip *chip, uint32_t address, void *out,
                                       uint32_t len)
{
    const uint8_t *from = find_ram(chip, address, len);
    if (from == NULL) {
        return TATU_ERR_ARGUMENT;
    }
    memcpy(out, from, len);
    return TATU_OK;
}

enum tatu_err tatu_monitor_write_normal(struct tatu_monitor_chip *chip, uint32_t address,
                                        const void *data, uint32_t len)
{
    uint8_t *to = find_ram(chip, address, len);
    if (to == NULL) {
        return TATU_ERR_ARGUMENT;
    }
    memcpy(to, data, len);
    return TATU_OK;
}

uint32_t tatu_monitor_get_uptime_s(struct tatu_monitor_chip *chip)
{
    return chip->uptime_s;
}

void tatu_monitor_power_down(struct tatu_monitor_chip *chip)
{
    chip->power_down = true;
}

/* ---- registers ---------------------------------------------------------------------------------
 */

#define SYSCTL(name) (TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_##name)
#define PFW(name) (TATU_MAP_PFW_BASE + TATU_PFW_##name)
#define PFW_REFUSED 2u

static uint32_t *find_system_register(struct tatu_monitor_chip *chip, uint32_t address)
{
    switch (address) {
    case SYSCTL(REASON):
        return &chip->reset_reason;
    case SYSCTL(WATCHDOG_MS):
        return &chip->watchdog_ms;
    case SYSCTL(SCRATCH):
        return &chip->panic;
    case SYSCTL(WAKE):
        return &chip->wake;
    case SYSCTL(RENEWAL_S):
        return &chip->renewal_s;
    case PFW(LOCK):
        return &chip->owners_locked;
    case PFW(STATUS):
        return &chip->owner_refused;
    default:
        return NULL;
    }
}

/* Whether the address is a register of a real-time core; then which of which. */
static bool is_of_core(uint32_t address, uint32_t *out_core, uint32_t *out_register)
{
    uint32_t at = address - TATU_MAP_RTCTL_BASE;
    *out_core = at / TATU_RTCTL_STRIDE;
    *out_register = at % TATU_RTCTL_STRIDE;
    return *out_core < TATU_RT_COUNT;
}

uint32_t tatu_monitor_get_register(struct tatu_monitor_chip *chip, uint32_t address)
{
    const uint32_t *found = find_system_register(chip, address);
    uint32_t core = 0;
    uint32_t which = 0;
    if (!is_of_core(address, &core, &which)) {
        return found != NULL ? *found : 0;
    }
    if (which == TATU_RTCTL_STATUS) {
        chip->cores[core].busy -= chip->cores[core].busy > 0;
        return (chip->cores[core].busy > 0 ? TATU_RTCTL_BUSY : 0u) |
               (chip->cores[core].runs ? TATU_RTCTL_RUNNING : 0u) |
               (chip->cores[core].fault_at != 0 ? TATU_RTCTL_FAULTED : 0u);
    }
    return which == TATU_RTCTL_FAULT_AT ? chip->cores[core].fault_at : 0;
}

static void put_core_register(struct tatu_monitor_chip *chip, uint32_t core, uint32_t which,
                              uint32_t value)
{
    if (which == TATU_RTCTL_CONTROL) {
        chip->cores[core].runs = value == 1;
    } else if (which == TATU_RTCTL_XIP_LENGTH && !chip->cores[core].runs) {
        chip->cores[core].xip_len = value;
    }
}

void tatu_monitor_put_register(struct tatu_monitor_chip *chip, uint32_t address, uint32_t value)
{
    uint32_t *found = find_system_register(chip, address);
    uint32_t core = 0;
    uint32_t which = 0;
    uint32_t peripheral = (address - PFW(OWNER)) / 4;
    if (is_of_core(address, &core, &which)) {
        put_core_register(chip, core, which, value);
    } else if (peripheral < 32) {
        bool refused = peripheral >= TATU_PFW_COUNT || value > TATU_PFW_TO_SECURE ||
                       (chip->owners_locked >> peripheral & 1u) != 0;
        chip->owner_refused = refused ? PFW_REFUSED : 0;
        if (!refused) {
            chip->owners[peripheral] = (uint8_t)value;
        }
    } else if (found == &chip->owners_locked) {
        *found |= value;
    } else if (found != NULL && (found != &chip->renewal_s || value != 0)) {
        *found = value;
    }
}

enum tatu_err tatu_monitor_load_core(struct tatu_monitor_chip *chip, uint32_t core, uint32_t at,
                                     uint32_t len)
{
    if (core >= TATU_RT_COUNT || len == 0 || len > TATU_RT_TCM_SIZE || (at | len) % 4 != 0 ||
        at > TATU_FLASH_SIZE || len > TATU_FLASH_SIZE - at) {
        return TATU_ERR_ARGUMENT;
    }
    memset(chip->tcm[core], 0, TATU_RT_TCM_SIZE);
    memcpy(chip->tcm[core], chip->flash + at, len);
    return TATU_OK;
}

/* ---- power -------------------------------------------------------------------------------------
 */

void tatu_monitor_power_off(struct tatu_monitor_chip *chip)
{
    chip->power_off = true;
}

void tatu_monitor_reset_chip(struct tatu_monitor_chip *chip)
{
    chip->reset = true;
}

void tatu_monitor_print(struct tatu_monitor_chip *chip, const char *text)
{
    for (; *text != '\0' && chip->log_len < sizeof(chip->log) - 1; text++) {
        chip->log[chip->log_len++] = *text;
    }
}

/* ---- mailbox and vault
 * ---------------------------------------------------------------------------- */

enum tatu_err tatu_monitor_write_mail(struct tatu_monitor_chip *chip, uint32_t at, const void *data,
                                      uint32_t len)
{
    if (at > sizeof(chip->mail) || len > sizeof(chip->mail) - at) {
        return TATU_ERR_ARGUMENT;
    }
    if (len > 0) {
        memcpy(chip->mail + at, data, len);
    }
    return TATU_OK;
}

enum tatu_err tatu_monitor_read_mail(struct tatu_monitor_chip *chip, uint32_t at, void *out,
                                     uint32_t len)
{
    if (at > sizeof(chip->mail) || len > sizeof(chip->mail) - at) {
        return TATU_ERR_ARGUMENT;
    }
    if (len > 0) {
        memcpy(out, chip->mail + at, len);
    }
    return TATU_OK;
}

static const uint8_t *find_package(struct tatu_monitor_chip *chip, uint32_t address, uint32_t len)
{
    if (address >= TATU_MAP_FLASH_BASE && address - TATU_MAP_FLASH_BASE <= TATU_FLASH_SIZE &&
        len <= TATU_FLASH_SIZE - (address - TATU_MAP_FLASH_BASE)) {
        return chip->flash + (address - TATU_MAP_FLASH_BASE);
    }
    if (!chip->boot_done && address >= chip->dma_base && len <= chip->dma_size &&
        address - chip->dma_base <= chip->dma_size - len) {
        return find_ram(chip, address, len);
    }
    return NULL;
}

static enum tatu_err verify(struct tatu_monitor_chip *chip, const uint8_t *request,
                            struct tatu_buf *answer)
{
    uint32_t len = tatu_get_le32(request + 4);
    uint16_t type = tatu_get_le16(request + 8);
    uint16_t flags = tatu_get_le16(request + 10);
    const uint8_t *package = find_package(chip, tatu_get_le32(request), len);
    if (package == NULL) {
        return TATU_ERR_ARGUMENT;
    }
    if (len < SIM_PACKAGE_MIN) {
        return TATU_ERR_SHORT;
    }
    const uint8_t *trailer = package + len - TRAILER;
    struct tatu_span covered = {package, len - 4};
    if (tatu_get_le32(trailer) != PACKAGE_MAGIC || tatu_get_le32(trailer + 12) != len) {
        return TATU_ERR_FORMAT;
    }
    if (tatu_base_crc32(covered) != tatu_get_le32(package + len - 4)) {
        return TATU_ERR_SIGNATURE;
    }
    if (tatu_get_le16(trailer + 4) != type) {
        return TATU_ERR_TYPE;
    }
    if ((flags & TATU_VERIFY_MEASURE) != 0) {
        if (type == TATU_IMAGE_KEYSTORE && chip->other_keystore != 0 &&
            memcmp(package, chip->flash + chip->other_keystore, len) == 0) {
            return TATU_ERR_DIGEST;
        }
        if (chip->boot_done || chip->measured_count == TATU_COUNT_OF(chip->measured)) {
            return TATU_ERR_STATE;
        }
        chip->measured[chip->measured_count++] = type;
    }
    struct tatu_verified_image image = {
        .body_len = len - TRAILER,
        .verity_data_len = len - TRAILER,
        .security_version = tatu_get_le32(trailer + 8),
        .image_type = chip->vault_wrong_type != 0 ? chip->vault_wrong_type : type,
    };
    memset(image.component, trailer[6], sizeof(image.component));
    memset(image.image, trailer[7], sizeof(image.image));
    memset(image.digest, trailer[7] ^ 0xff, sizeof(image.digest));
    return tatu_proto_encode_verified(&image, answer);
}

static enum tatu_err measure_apps(struct tatu_monitor_chip *chip, const uint8_t *request,
                                  uint32_t len)
{
    if (len < 1 || request[0] > 16 || len != 1u + request[0] * 64u) {
        return TATU_ERR_ARGUMENT;
    }
    chip->app_count = request[0];
    memcpy(chip->apps, request + 1, len - 1);
    return TATU_OK;
}

static enum tatu_err put_info(const struct tatu_monitor_chip *chip, struct tatu_buf *answer)
{
    const struct tatu_vault_info info = {.boot_count = 7, .boot_set = chip->boot_set};
    return tatu_proto_encode_info(&info, answer);
}

static enum tatu_err put_boot(const struct tatu_monitor_chip *chip, struct tatu_buf *answer)
{
    const uint8_t head[4] = {chip->boot_set, chip->boot_fallback, chip->refused_count,
                             chip->boot_mode};
    const uint8_t refused[8] = {0, 0, TATU_IMAGE_MONITOR, 0, TATU_ERR_ROLLBACK, 0, 0, 0};
    TATU_TRY(tatu_base_put_bytes(answer, TATU_SPAN_OF(head)));
    for (int i = 0; i < chip->refused_count; i++) {
        TATU_TRY(tatu_base_put_bytes(answer, TATU_SPAN_OF(refused)));
    }
    return TATU_OK;
}

/* Not a good MAC; another one for each chip and each content, which is what the tests need. */
static void authenticate(const struct tatu_monitor_chip *chip, const uint8_t *bytes, uint32_t len,
                         uint8_t out_mac[TATU_TABLE_MAC_SIZE])
{
    uint64_t state = tatu_base_crc32((struct tatu_span){bytes, len}) +
                     ((uint64_t)chip->device_key << 32) + 0x9e3779b97f4a7c15u;
    for (int i = 0; i < 4; i++) {
        state = (state ^ state >> 31) * 0xbf58476d1ce4e5b9u;
        tatu_put_le64(out_mac + 8 * i, state ^ state >> 29);
    }
}

static enum tatu_err put_mac(const struct tatu_monitor_chip *chip, const uint8_t *request,
                             uint32_t len, struct tatu_buf *answer)
{
    uint8_t mac[TATU_TABLE_MAC_SIZE];
    if (len < 4 || len > 4 + 1024) {
        return len < 4 ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    if (tatu_get_le32(request) != 1) {
        return TATU_ERR_ARGUMENT;
    }
    authenticate(chip, request + 4, len - 4, mac);
    return tatu_base_put_bytes(answer, TATU_SPAN_OF(mac));
}

/* A write of the vault's own memory: power may fail before it, or before the answer. */
static bool keeps(struct tatu_monitor_chip *chip)
{
    return begin_operation(chip) != SIM_CUT_BEFORE;
}

static enum tatu_err put_count(struct tatu_monitor_chip *chip, uint32_t add,
                               struct tatu_buf *answer)
{
    uint8_t bytes[8];
    chip->counter += add == 1 && keeps(chip) ? 1 : 0;
    tatu_put_le64(bytes, chip->counter);
    return tatu_base_put_bytes(answer, TATU_SPAN_OF(bytes));
}

static enum tatu_err put_ticket(const struct tatu_monitor_chip *chip, struct tatu_buf *answer)
{
    uint8_t bytes[8];
    tatu_put_le32(bytes, chip->grace_s);
    tatu_put_le32(bytes + 4, chip->boots_since);
    return tatu_base_put_bytes(answer, TATU_SPAN_OF(bytes));
}

static enum tatu_err answer_monitor(struct tatu_monitor_chip *chip, uint16_t command,
                                    const uint8_t *request, uint32_t len, struct tatu_buf *answer)
{
    switch (command) {
    case TATU_VAULT_VERIFY_IMAGE:
        return len == 12 ? verify(chip, request, answer) : TATU_ERR_SHORT;
    case TATU_VAULT_MEASURE_APPS:
        return measure_apps(chip, request, len);
    case TATU_VAULT_SET_DMA:
        chip->dma_base = tatu_get_le32(request);
        chip->dma_size = tatu_get_le32(request + 4);
        return TATU_OK;
    case TATU_VAULT_BOOT_DONE:
        chip->boot_done = true;
        chip->boot_done_set = request[0];
        chip->boot_done_fallback = request[1];
        return TATU_OK;
    case TATU_VAULT_GET_BOOT:
        return put_boot(chip, answer);
    case TATU_VAULT_AUTHENTICATE:
        return put_mac(chip, request, len, answer);
    case TATU_VAULT_COUNT:
        return len == 4 ? put_count(chip, tatu_get_le32(request), answer) : TATU_ERR_SHORT;
    case TATU_VAULT_BOOT_GOOD:
        chip->attempts = keeps(chip) ? 0 : chip->attempts;
        return TATU_OK;
    case TATU_VAULT_GET_TICKET:
        return put_ticket(chip, answer);
    case TATU_VAULT_RECOVER:
        chip->recovery_asked = true;
        return TATU_OK;
    case TATU_VAULT_GET_INFO:
        return put_info(chip, answer);
    default:
        return TATU_ERR_UNKNOWN_COMMAND;
    }
}

static enum tatu_err answer_normal(struct tatu_monitor_chip *chip, uint16_t command,
                                   const uint8_t *request, uint32_t len, struct tatu_buf *answer)
{
    if (!chip->boot_done) {
        return TATU_ERR_STATE;
    }
    if (command == TATU_VAULT_GET_INFO) {
        return put_info(chip, answer);
    }
    /* The rest answers with what it was asked, which is enough to see it pass through. */
    return tatu_base_put_bytes(answer, (struct tatu_span){request, len});
}

static void put_answer(struct tatu_monitor_chip *chip, struct tatu_mailbox_header header)
{
    uint8_t *response = chip->mail + TATU_MAILRAM_RESPONSE;
    struct tatu_buf head = {response, 0, TATU_MAILBOX_HEADER_SIZE};
    if (tatu_proto_encode_mailbox(&header, &head) != TATU_OK) {
        abort();
    }
    chip->answer_sequence = header.sequence;
    chip->vault_rings = true;
}

static void serve(struct tatu_monitor_chip *chip)
{
    uint8_t request[TATU_MAILBOX_PAYLOAD_MAX];
    struct tatu_mailbox_header header;
    struct tatu_span mail = {chip->mail, TATU_MAILBOX_HEADER_SIZE};
    struct tatu_buf answer = {chip->mail + TATU_MAILRAM_RESPONSE + TATU_MAILBOX_HEADER_SIZE, 0,
                              TATU_MAILBOX_PAYLOAD_MAX};
    if (tatu_proto_decode_mailbox(mail, &header) != TATU_OK) {
        abort(); /* the monitor never sends one */
    }
    memcpy(request, chip->mail + TATU_MAILBOX_HEADER_SIZE, header.len);
    chip->last_command = header.command;
    chip->last_caller = header.status;
    enum tatu_err err = header.status == TATU_VAULT_CALLER_MONITOR
                            ? answer_monitor(chip, header.command, request, header.len, &answer)
                            : answer_normal(chip, header.command, request, header.len, &answer);
    if (chip->vault_err != 0 &&
        (chip->vault_err_for == 0 || chip->vault_err_for == header.command)) {
        err = (enum tatu_err)chip->vault_err;
    }
    header.status = (uint16_t)err;
    header.len = err == TATU_OK ? (uint32_t)answer.len : 0;
    header.len -= header.len < chip->vault_cut_len ? header.len : chip->vault_cut_len;
    put_answer(chip, header);
}

void tatu_monitor_ring_vault(struct tatu_monitor_chip *chip)
{
    if (chip->vault_dumb || chip->is_off) {
        return;
    }
    if (chip->serve != NULL) {
        chip->vault_rings = chip->serve(chip->serve_context, chip);
        return;
    }
    serve(chip);
    chip->vault_rings = chip->vault_rings && !chip->is_off;
}

bool tatu_monitor_wait_vault(struct tatu_monitor_chip *chip, uint32_t timeout_ms)
{
    (void)timeout_ms;
    if (!chip->vault_rings || chip->serve != NULL) {
        bool rings = chip->vault_rings;
        chip->vault_rings = false;
        return rings;
    }
    /* Answers to an older question come first, the right one behind them. */
    bool stale = chip->vault_stale > 0;
    tatu_put_le32(chip->mail + TATU_MAILRAM_RESPONSE, chip->answer_sequence - stale);
    chip->vault_stale -= stale;
    chip->vault_rings = stale;
    return true;
}

/* ---- before the monitor ------------------------------------------------------------------------
 */

static bool can_start(struct tatu_monitor_chip *chip, uint8_t set)
{
    static const struct {
        uint16_t type;
        uint32_t at;
        uint32_t size;
    } slots[] = {
        {TATU_IMAGE_KEYSTORE, TATU_FLASH_KEYSTORE_AT, TATU_FLASH_KEYSTORE_SIZE},
        {TATU_IMAGE_VAULT_RUNTIME, TATU_FLASH_VAULT_AT, TATU_FLASH_VAULT_SIZE},
        {TATU_IMAGE_MONITOR, TATU_FLASH_MONITOR_AT, TATU_FLASH_MONITOR_SIZE},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(slots); i++) {
        uint8_t request[12] = {0};
        uint8_t image[TATU_VERIFIED_IMAGE_SIZE];
        struct tatu_buf answer = TATU_BUF_OF(image);
        uint32_t at = set * TATU_FLASH_SET_STRIDE + slots[i].at;
        uint32_t len = 0;
        if (tatu_monitor_read_footer(chip, at, slots[i].size, &len) != TATU_OK) {
            return false;
        }
        tatu_put_le32(request, TATU_MAP_FLASH_BASE + at);
        tatu_put_le32(request + 4, len);
        tatu_put_le16(request + 8, slots[i].type);
        if (verify(chip, request, &answer) != TATU_OK) {
            return false;
        }
    }
    return true;
}

bool sim_run_rom(struct tatu_monitor_chip *chip)
{
    struct tatu_table table = {0};
    struct tatu_span copies[2] = {{chip->flash + TATU_FLASH_TABLE0_AT, TATU_TABLE_SIZE},
                                  {chip->flash + TATU_FLASH_TABLE1_AT, TATU_TABLE_SIZE}};
    uint8_t before = chip->attempts;
    (void)tatu_proto_choose_table(copies[0], copies[1], &table);
    chip->attempts += before < UINT8_MAX ? 1 : 0;
    chip->boot_mode = before >= 6 ? TATU_BOOT_SAFE : TATU_BOOT_NORMAL;
    chip->boots_since += chip->grace_s != 0 ? 1 : 0;
    for (uint8_t i = 0; i < TATU_FLASH_SET_COUNT; i++) {
        uint8_t set = table.preferred_set ^ (before / 3 & 1) ^ i;
        if (can_start(chip, set)) {
            chip->boot_set = set;
            chip->boot_fallback = set != table.preferred_set;
            return true;
        }
    }
    return false;
}

void sim_put_table(struct tatu_monitor_chip *chip, int copy, struct tatu_table *table)
{
    uint8_t bytes[TATU_TABLE_SIZE];
    for (int pass = 0; pass < 2; pass++) {
        struct tatu_buf buf = TATU_BUF_OF(bytes);
        if (tatu_proto_encode_table(table, &buf) != TATU_OK) {
            abort();
        }
        authenticate(chip, bytes, TATU_TABLE_MAC_AT, table->mac);
    }
    sim_put(chip, copy == 0 ? TATU_FLASH_TABLE0_AT : TATU_FLASH_TABLE1_AT, bytes, sizeof(bytes));
}
