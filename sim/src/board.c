/* One board: the vault's and the monitor's chip over the same memories and the same power. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/cose.h"
#include "silicon/vault/vault.h"

#define PAGE_AT (TATU_MAP_RAM_BASE + 0x10000u)
#define ALL_RIGHTS 0xffffffffu

/* The vault's part of the count of lasting operations, which is the monitor chip's. */
static bool persist(void *context)
{
    struct tatu_monitor_chip *chip = context;
    if (!chip->is_off && chip->cut_armed && chip->cut_after-- == 0) {
        chip->is_off = true;
    }
    return !chip->is_off;
}

static bool serve_vault(void *context, struct tatu_monitor_chip *chip)
{
    struct tatu_sim_board *board = context;
    uint32_t rings = board->vault_chip->rings;
    tatu_vault_serve(&board->vault);
    return board->vault_chip->rings != rings && !chip->is_off;
}

struct tatu_sim_board *tatu_sim_make(void)
{
    struct tatu_sim_board *board = calloc(1, sizeof(*board));
    struct tatu_monitor_chip *chip = sim_make();
    if (board == NULL || chip == NULL) {
        free(board);
        sim_free(chip);
        return NULL;
    }
    board->chip = chip;
    chip->serve = serve_vault;
    chip->serve_context = board;
    board->vault_chip =
        fake_chip_over(chip->flash, board->secram, chip->mail, chip->ram, sizeof(chip->ram));
    board->vault_chip->remembers = true;
    board->vault_chip->persist = persist;
    board->vault_chip->persist_context = chip;
    sim_make_packages(board);
    fake_chip_provision(board->vault_chip, board->root);
    tatu_sim_cut(board, UINT32_MAX, 0);
    return board;
}

void tatu_sim_free(struct tatu_sim_board *board)
{
    if (board == NULL) {
        return;
    }
    fake_chip_free(board->vault_chip);
    sim_free(board->chip);
    EVP_PKEY_free(board->root);
    EVP_PKEY_free(board->release);
    EVP_PKEY_free(board->next_release);
    EVP_PKEY_free(board->service);
    EVP_PKEY_free(board->owner);
    free(board);
}

void tatu_sim_save(struct tatu_sim_board *board)
{
    struct sim_kept *kept = &board->kept;
    memcpy(kept->flash, board->chip->flash, sizeof(kept->flash));
    memcpy(kept->fuses, board->vault_chip->fuses, sizeof(kept->fuses));
    memcpy(kept->counters, board->vault_chip->counters, sizeof(kept->counters));
    memcpy(kept->nvm, board->vault_chip->nvm, sizeof(kept->nvm));
}

void tatu_sim_restore(struct tatu_sim_board *board)
{
    const struct sim_kept *kept = &board->kept;
    memcpy(board->chip->flash, kept->flash, sizeof(kept->flash));
    memcpy(board->vault_chip->fuses, kept->fuses, sizeof(kept->fuses));
    memcpy(board->vault_chip->counters, kept->counters, sizeof(kept->counters));
    memcpy(board->vault_chip->nvm, kept->nvm, sizeof(kept->nvm));
    sim_restart(board->chip);
    tatu_sim_cut(board, UINT32_MAX, 0);
}

/* A cut that was not reached yet stays armed over a reset that the flow itself wants. */
static void restart(struct tatu_sim_board *board)
{
    struct tatu_monitor_chip *chip = board->chip;
    bool armed = chip->cut_armed && !chip->is_off;
    uint32_t after = armed ? chip->cut_after : UINT32_MAX;
    int style = chip->cut_style;
    sim_restart(chip);
    fake_chip_reset(board->vault_chip);
    tatu_sim_cut(board, after, style);
}

bool tatu_sim_boot(struct tatu_sim_board *board)
{
    uint8_t image[TATU_FLASH_VAULT_SIZE];
    uint8_t code[4] = {0}; /* the ROM's own bytes: none, whose CRC-32 is 0 */
    struct tatu_vault_handover handover;
    struct tatu_monitor_entry entry;
    restart(board);
    return tatu_vault_run_rom(board->vault_chip, TATU_SPAN_OF(code), TATU_BUF_OF(image),
                              &handover) == TATU_VAULT_RUN &&
           tatu_vault_start(board->vault_chip, &handover, &board->vault) == TATU_OK &&
           board->vault_chip->acore_released &&
           tatu_monitor_boot(&board->monitor, board->chip, &entry) == TATU_OK &&
           !board->chip->is_off;
}

void tatu_sim_cut(struct tatu_sim_board *board, uint32_t after, int style)
{
    board->chip->cut_armed = true;
    board->chip->cut_after = after;
    board->chip->cut_style = style;
}

bool tatu_sim_is_off(const struct tatu_sim_board *board)
{
    return board->chip->is_off;
}

uint32_t tatu_sim_operations(const struct tatu_sim_board *board)
{
    return UINT32_MAX - board->chip->cut_after;
}

/* ---- the normal world -------------------------------------------------------------------------
 */

enum tatu_err sim_call(struct tatu_sim_board *board, uint32_t call, struct tatu_span arguments,
                       struct tatu_buf *out)
{
    uint8_t *page = board->chip->ram + (PAGE_AT - TATU_MAP_RAM_BASE);
    struct tatu_monitor_registers registers = {
        {TATU_SMC_CALL, PAGE_AT, (uint32_t)(TATU_SMC_HEADER_SIZE + arguments.len), 0}};
    if (board->chip->is_off) {
        return TATU_ERR_IO;
    }
    tatu_put_le32(page, call);
    tatu_put_le32(page + 4, ALL_RIGHTS);
    if (arguments.len > 0) {
        memcpy(page + TATU_SMC_HEADER_SIZE, arguments.data, arguments.len);
    }
    tatu_monitor_handle_smc(&board->monitor, &registers);
    if (registers.r[0] != TATU_OK) {
        return (enum tatu_err)registers.r[0];
    }
    return board->chip->is_off ? TATU_ERR_IO /* nobody is there any more to see the answer */
                               : tatu_base_put_bytes(out, (struct tatu_span){page, registers.r[1]});
}

enum tatu_err sim_order(struct tatu_sim_board *board, uint32_t call, struct tatu_span arguments)
{
    uint8_t answer[TATU_SMC_PAGE_SIZE];
    struct tatu_buf out = TATU_BUF_OF(answer);
    return sim_call(board, call, arguments, &out);
}

enum tatu_err sim_ask(struct tatu_sim_board *board, uint16_t command, struct tatu_span payload,
                      struct tatu_buf *out)
{
    uint8_t bytes[TATU_SMC_ARGUMENT_MAX];
    struct tatu_buf request = TATU_BUF_OF(bytes);
    uint8_t head[4] = {0};
    tatu_put_le16(head, command);
    TATU_TRY(tatu_base_put_bytes(&request, TATU_SPAN_OF(head)));
    TATU_TRY(tatu_base_put_bytes(&request, payload));
    return sim_call(board, TATU_SMC_VAULT, (struct tatu_span){request.data, request.len}, out);
}

enum tatu_err sim_ask_signed(struct tatu_sim_board *board, uint16_t command, EVP_PKEY *key,
                             const char *aad, struct tatu_span payload)
{
    uint8_t bytes[1024];
    uint8_t hashed[1024];
    uint8_t public_key[64];
    uint8_t digest[32];
    uint8_t kid[32];
    uint8_t signature[64];
    struct tatu_buf message = TATU_BUF_OF(bytes);
    struct tatu_buf covered = TATU_BUF_OF(hashed);
    TATU_TRY(tatu_proto_put_sig_head(tatu_cose_protected_es256, aad, payload.len, &covered));
    TATU_TRY(tatu_base_put_bytes(&covered, payload));
    fake_digest((struct tatu_span){covered.data, covered.len}, digest);
    fake_sign(key, digest, signature);
    fake_public(key, public_key);
    fake_digest(TATU_SPAN_OF(public_key), kid);
    TATU_TRY(tatu_proto_encode_sign1(payload, (struct tatu_span){kid, TATU_IMAGE_THUMBPRINT_SIZE},
                                     signature, &message));
    covered.len = 0;
    return sim_ask(board, command, (struct tatu_span){message.data, message.len}, &covered);
}

/* ---- what lasts -------------------------------------------------------------------------------
 */

struct text {
    char *at;
    size_t room;
};

__attribute__((format(printf, 2, 3))) static void put_text(struct text *text, const char *format,
                                                           ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text->at, text->room, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= text->room) {
        abort(); /* the limit of sim.h is too small */
    }
    text->at += len;
    text->room -= (size_t)len;
}

static void put_reports(struct tatu_sim_board *board, struct text *text)
{
    uint32_t after = 0;
    enum tatu_err err = TATU_OK;
    put_text(text, " reports");
    while (err == TATU_OK) {
        uint8_t answer[TATU_SMC_PAGE_SIZE];
        uint8_t argument[4];
        struct tatu_buf out = TATU_BUF_OF(answer);
        tatu_put_le32(argument, after);
        err = sim_call(board, TATU_SMC_RECORD_READ, TATU_SPAN_OF(argument), &out);
        if (err == TATU_OK) {
            after = tatu_get_le32(answer);
            if (tatu_get_le16(answer + 4) != TATU_RECORD_BOOT) { /* those come of the cuts */
                put_text(text, " %02x*%u", answer[8], tatu_get_le16(answer + 6));
            }
        }
    }
}

static void put_applications(struct tatu_sim_board *board, struct text *text)
{
    uint8_t answer[TATU_SMC_PAGE_SIZE];
    struct tatu_buf out = TATU_BUF_OF(answer);
    enum tatu_err err = sim_call(board, TATU_SMC_LIST_APPS, (struct tatu_span){NULL, 0}, &out);
    put_text(text, " apps");
    for (uint32_t i = 0; err == TATU_OK && i < answer[0]; i++) {
        put_text(text, " %02x", answer[4 + i * TATU_SMC_APP_SIZE + 16]);
    }
}

void tatu_sim_describe(struct tatu_sim_board *board, char out[TATU_SIM_STATE_MAX])
{
    struct text text = {out, TATU_SIM_STATE_MAX};
    const struct tatu_vault_record *record = &board->vault.record;
    put_text(&text, "os %u keystore %u", board->monitor.boot.os_version,
             board->vault.keystore.count);
    put_applications(board, &text);
    put_reports(board, &text);
    put_text(&text, " lifecycle %u owner %02x%02x capabilities %x grace %u",
             tatu_vault_chip_fuse(board->vault_chip, TATU_FUSE_LIFECYCLE), record->claimed,
             record->tenant[0], record->capabilities, record->grace_s);
}

void tatu_sim_read_ratchets(const struct tatu_sim_board *board, struct tatu_sim_ratchets *out)
{
    struct tatu_vault_chip *chip = board->vault_chip;
    size_t at = 0;
    for (uint32_t floor = 0; floor < 4; floor++) {
        out->value[at++] = tatu_vault_floor(chip, floor);
    }
    for (uint32_t n = 0; n < TATU_FUSE_COUNTER_COUNT; n++) {
        out->value[at++] = tatu_vault_chip_counter(chip, n);
    }
    out->value[at++] = tatu_vault_chip_fuse(chip, TATU_FUSE_LIFECYCLE);
    out->value[at++] = board->vault.record.time_floor_s;
    out->value[at++] = board->vault.record.claimed;
    out->value[at] = tatu_vault_chip_fuse(chip, TATU_FUSE_ROOT_REVOKED);
}
