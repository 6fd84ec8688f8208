/* The steps of docs/protocol/recovery.md §4. Each is safe to do again, and a cut in any of them
 * leaves a board that is as it was, or that has no keystore and so comes back here, or that is
 * whole. */
#include "recovery/recovery.h"

#include "ask.h"
#include "slot.h"

void tatu_recovery_log(struct tatu_recovery_state *state, const char *what, uint16_t image_type,
                       enum tatu_err err)
{
    tatu_monitor_print(state->chip, "[REC] ");
    if (image_type != 0) {
        tatu_monitor_print(state->chip, tatu_proto_image_type_name(image_type));
        tatu_monitor_print(state->chip, " ");
    }
    tatu_monitor_print(state->chip, what);
    if (err != TATU_OK) {
        tatu_monitor_print(state->chip, ", ");
        tatu_monitor_print(state->chip, tatu_err_name(err));
    }
    tatu_monitor_print(state->chip, "\n");
}

/* ---- what to install ---- */

static enum tatu_err get_manifest(struct tatu_recovery_state *state)
{
    const struct tatu_recovery_place place = {.local = state->package,
                                              .len_max = sizeof(state->package)};
    uint32_t at = (uint32_t)(uintptr_t)state->package;
    uint32_t len = 0;
    struct tatu_verified_image image;
    TATU_TRY(tatu_recovery_read(state, TATU_IMAGE_RECOVERY_MANIFEST, &place, &len));
    tatu_monitor_clean_cache(state->chip, at, len);
    TATU_TRY(
        tatu_monitor_verify_image(&state->vault, at, len, TATU_IMAGE_RECOVERY_MANIFEST, 0, &image));
    return tatu_proto_decode_recovery_manifest((struct tatu_span){state->package, image.body_len},
                                               &state->manifest);
}

/* ---- all of it into memory, before anything is erased ---- */

/* A cut or an earlier update may have left the part in one of the sets. */
static enum tatu_err load_part(struct tatu_recovery_state *state,
                               const struct tatu_recovery_part *part)
{
    const struct tatu_recovery_slot *slot = tatu_recovery_slot_of(part->image_type);
    enum tatu_err err = TATU_ERR_NOT_FOUND;
    for (uint8_t set = 0; set < TATU_FLASH_SET_COUNT && err != TATU_OK; set++) {
        err = tatu_recovery_check_slot(state, part, set);
        if (err == TATU_OK) {
            err = tatu_monitor_load_flash(state->chip, set * TATU_FLASH_SET_STRIDE + slot->at,
                                          tatu_recovery_memory_of(part), part->len);
        }
    }
    return err;
}

static enum tatu_err read_part(struct tatu_recovery_state *state,
                               const struct tatu_recovery_part *part)
{
    const struct tatu_recovery_slot *slot = tatu_recovery_slot_of(part->image_type);
    const struct tatu_recovery_place place = {.normal = tatu_recovery_memory_of(part),
                                              .len_max = slot->size - TATU_FLASH_FOOTER_SIZE};
    uint32_t len = 0;
    TATU_TRY(tatu_recovery_read(state, part->image_type, &place, &len));
    tatu_monitor_clean_cache(state->chip, place.normal, len);
    return len == part->len ? TATU_OK : TATU_ERR_DIGEST;
}

static enum tatu_err get_part(struct tatu_recovery_state *state,
                              const struct tatu_recovery_part *part)
{
    const struct tatu_recovery_slot *slot = tatu_recovery_slot_of(part->image_type);
    if (part->len > slot->size - TATU_FLASH_FOOTER_SIZE) {
        return TATU_ERR_LONG;
    }
    if (load_part(state, part) != TATU_OK) {
        TATU_TRY(read_part(state, part));
    }
    return tatu_recovery_check_part(state, part, tatu_recovery_memory_of(part));
}

static enum tatu_err get_parts(struct tatu_recovery_state *state)
{
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        const struct tatu_recovery_part *part = &state->manifest.parts[i];
        enum tatu_err err = get_part(state, part);
        tatu_recovery_log(state, err == TATU_OK ? "verified" : "refused", part->image_type, err);
        TATU_TRY(err);
    }
    return TATU_OK;
}

/* ---- the flash ---- */

/* Keystores first: from here to their return no set starts, and the chip comes back here. Failure
 * records and the factory's endorsement stay. */
static enum tatu_err erase_all(struct tatu_recovery_state *state)
{
    static const struct {
        uint32_t at;
        uint32_t size;
    } ranges[] = {
        {TATU_FLASH_KEYSTORE_AT, TATU_FLASH_KEYSTORE_SIZE},
        {TATU_FLASH_SET_STRIDE + TATU_FLASH_KEYSTORE_AT, TATU_FLASH_KEYSTORE_SIZE},
        {TATU_FLASH_TABLE0_AT, TATU_FLASH_SECTOR_SIZE},
        {TATU_FLASH_TABLE1_AT, TATU_FLASH_SECTOR_SIZE},
        {TATU_FLASH_APPS0_AT, TATU_FLASH_APPS0_SIZE},
        {TATU_FLASH_APPS1_AT, TATU_FLASH_APPS1_SIZE},
        {TATU_FLASH_STORE_AT, TATU_FLASH_STORE_SIZE},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(ranges); i++) {
        TATU_TRY(tatu_recovery_erase(state, ranges[i].at, ranges[i].size));
    }
    return TATU_OK;
}

static enum tatu_err write_parts(struct tatu_recovery_state *state, bool keystores)
{
    for (uint8_t set = 0; set < TATU_FLASH_SET_COUNT; set++) {
        for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
            const struct tatu_recovery_part *part = &state->manifest.parts[i];
            if ((part->image_type == TATU_IMAGE_KEYSTORE) != keystores) {
                continue;
            }
            /* after a cut it may be there already */
            if (tatu_recovery_check_slot(state, part, set) == TATU_OK) {
                state->written += part->len;
            } else {
                TATU_TRY(tatu_recovery_write_slot(state, part, set));
            }
            tatu_recovery_tell_progress(state, part);
        }
    }
    return TATU_OK;
}

/* What the owner opened and what the service asked for goes; and the boots that failed are past. */
static enum tatu_err forget(struct tatu_recovery_state *state)
{
    static const uint16_t commands[] = {TATU_VAULT_DROP_CAPABILITY, TATU_VAULT_BOOT_GOOD};
    for (size_t i = 0; i < TATU_COUNT_OF(commands); i++) {
        struct tatu_buf nothing = {NULL, 0, 0};
        TATU_TRY(tatu_monitor_ask_vault(&state->vault, TATU_VAULT_CALLER_MONITOR, commands[i],
                                        (struct tatu_span){NULL, 0}, &nothing));
    }
    return TATU_OK;
}

static enum tatu_err install(struct tatu_recovery_state *state)
{
    state->written = 0;
    TATU_TRY(erase_all(state));
    TATU_TRY(write_parts(state, false));
    TATU_TRY(forget(state));
    return write_parts(state, true);
}

/* ---- attempts ---- */

static enum tatu_err attempt(struct tatu_recovery_state *state)
{
    enum tatu_err err = get_manifest(state);
    tatu_recovery_log(state, err == TATU_OK ? "verified" : "refused", TATU_IMAGE_RECOVERY_MANIFEST,
                      err);
    TATU_TRY(err);
    TATU_TRY(get_parts(state));
    err = install(state);
    tatu_recovery_log(state, err == TATU_OK ? "installed" : "not installed", 0, err);
    return err;
}

/* The vault verifies parts where they wait. */
static enum tatu_err open_memory(struct tatu_recovery_state *state)
{
    uint8_t request[8];
    struct tatu_buf nothing = {NULL, 0, 0};
    tatu_put_le32(request, TATU_MAP_RAM_BASE);
    tatu_put_le32(request + 4, TATU_FLASH_SET_SIZE);
    return tatu_monitor_ask_vault(&state->vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_SET_DMA,
                                  TATU_SPAN_OF(request), &nothing);
}

void tatu_recovery_run(struct tatu_recovery_state *state, struct tatu_monitor_chip *chip,
                       struct tatu_recovery_port *port)
{
    state->chip = chip;
    state->port = port;
    state->vault.chip = chip;
    state->last = open_memory(state);
    tatu_recovery_log(state, "started", 0, state->last);
    do {
        state->last = attempt(state);
        const struct tatu_recovery_message done = {.kind = TATU_RECOVERY_DONE,
                                                   .err = (uint32_t)state->last};
        tatu_recovery_say(state, &done);
    } while (state->last != TATU_OK);
}
