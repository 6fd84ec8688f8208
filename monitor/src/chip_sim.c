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
    uint8_t boot_set = chip->boot_set;
    uint8_t refused_count = chip->refused_count;
    memset((uint8_t *)chip + from, 0, sizeof(*chip) - from);
    memset(chip->mail, 0, sizeof(chip->mail));
    chip->boot_set = boot_set;
    chip->refused_count = refused_count;
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
    chip->boot_set = 0;
    chip->refused_count = 0;
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

uint32_t tatu_monitor_get_reset_reason(struct tatu_monitor_chip *chip)
{
    return chip->reset_reason;
}

uint32_t tatu_monitor_take_panic(struct tatu_monitor_chip *chip)
{
    uint32_t panic = chip->panic;
    chip->panic = 0;
    return panic;
}

void tatu_monitor_set_watchdog(struct tatu_monitor_chip *chip, uint32_t ms)
{
    chip->watchdog_ms = ms;
}

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
    const uint8_t head[4] = {chip->boot_set, 0, chip->refused_count, 0};
    const uint8_t refused[8] = {0, 0, TATU_IMAGE_MONITOR, 0, TATU_ERR_ROLLBACK, 0, 0, 0};
    TATU_TRY(tatu_base_put_bytes(answer, TATU_SPAN_OF(head)));
    for (int i = 0; i < chip->refused_count; i++) {
        TATU_TRY(tatu_base_put_bytes(answer, TATU_SPAN_OF(refused)));
    }
    return TATU_OK;
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
    if (!chip->vault_dumb && !chip->is_off) {
        serve(chip);
    }
}

bool tatu_monitor_wait_vault(struct tatu_monitor_chip *chip, uint32_t timeout_ms)
{
    (void)timeout_ms;
    if (!chip->vault_rings) {
        return false;
    }
    /* Answers to an older question come first, the right one behind them. */
    bool stale = chip->vault_stale > 0;
    tatu_put_le32(chip->mail + TATU_MAILRAM_RESPONSE, chip->answer_sequence - stale);
    chip->vault_stale -= stale;
    chip->vault_rings = stale;
    return true;
}
