#include "slot.h"

#include "ask.h"

#define PIECE_SIZE 1024u
#define PROGRESS_STEP 0x10000u

static const struct tatu_recovery_slot slots[] = {
    {TATU_IMAGE_VAULT_RUNTIME, TATU_FLASH_VAULT_AT, TATU_FLASH_VAULT_SIZE},
    {TATU_IMAGE_MONITOR, TATU_FLASH_MONITOR_AT, TATU_FLASH_MONITOR_SIZE},
    {TATU_IMAGE_DTB, TATU_FLASH_DTB_AT, TATU_FLASH_DTB_SIZE},
    {TATU_IMAGE_KERNEL, TATU_FLASH_KERNEL_AT, TATU_FLASH_KERNEL_SIZE},
    {TATU_IMAGE_ROOT, TATU_FLASH_ROOT_AT, TATU_FLASH_ROOT_SIZE},
    {TATU_IMAGE_KEYSTORE, TATU_FLASH_KEYSTORE_AT, TATU_FLASH_KEYSTORE_SIZE},
};
_Static_assert(TATU_COUNT_OF(slots) == TATU_RECOVERY_PART_COUNT, "a slot for each part");
_Static_assert(TATU_FLASH_SET_SIZE <= TATU_MAP_RAM_SIZE_DEFAULT, "a whole set fits into memory");

const struct tatu_recovery_slot *tatu_recovery_slot_of(uint16_t image_type)
{
    size_t i = 0;
    while (i + 1 < TATU_COUNT_OF(slots) && slots[i].image_type != image_type) {
        i++;
    }
    return &slots[i];
}

uint32_t tatu_recovery_memory_of(const struct tatu_recovery_part *part)
{
    return TATU_MAP_RAM_BASE + tatu_recovery_slot_of(part->image_type)->at;
}

static uint32_t flash_of(const struct tatu_recovery_part *part, uint8_t set)
{
    return set * TATU_FLASH_SET_STRIDE + tatu_recovery_slot_of(part->image_type)->at;
}

enum tatu_err tatu_recovery_check_part(struct tatu_recovery_state *state,
                                       const struct tatu_recovery_part *part, uint32_t address)
{
    struct tatu_verified_image image;
    /* a keystore must be the one that verified all the rest: a set with another may not start */
    uint16_t flags = part->image_type == TATU_IMAGE_KEYSTORE ? TATU_VERIFY_MEASURE : 0;
    TATU_TRY(tatu_monitor_verify_image(&state->vault, address, part->len,
                                       (enum tatu_image_type)part->image_type, flags, &image));
    return tatu_base_equal_ct(image.digest, part->digest, sizeof(part->digest)) ? TATU_OK
                                                                                : TATU_ERR_DIGEST;
}

enum tatu_err tatu_recovery_check_slot(struct tatu_recovery_state *state,
                                       const struct tatu_recovery_part *part, uint8_t set)
{
    uint32_t len = 0;
    uint32_t at = flash_of(part, set);
    TATU_TRY(tatu_monitor_read_footer(state->chip, at,
                                      tatu_recovery_slot_of(part->image_type)->size, &len));
    return len != part->len ? TATU_ERR_DIGEST
                            : tatu_recovery_check_part(state, part, TATU_MAP_FLASH_BASE + at);
}

enum tatu_err tatu_recovery_erase(struct tatu_recovery_state *state, uint32_t at, uint32_t size)
{
    for (uint32_t done = 0; done < size; done += TATU_FLASH_SECTOR_SIZE) {
        TATU_TRY(tatu_monitor_make_blank(state->chip, at + done));
    }
    return TATU_OK;
}

/* What is to be written: every part twice. */
static uint32_t whole_len(const struct tatu_recovery_state *state)
{
    uint32_t len = 0;
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        len += TATU_FLASH_SET_COUNT * state->manifest.parts[i].len;
    }
    return len;
}

void tatu_recovery_tell_progress(struct tatu_recovery_state *state,
                                 const struct tatu_recovery_part *part)
{
    const struct tatu_recovery_message progress = {
        .kind = TATU_RECOVERY_PROGRESS,
        .image_type = part->image_type,
        .done = state->written,
        .total = whole_len(state),
    };
    tatu_recovery_say(state, &progress);
}

static enum tatu_err write_body(struct tatu_recovery_state *state,
                                const struct tatu_recovery_part *part, uint32_t at)
{
    uint32_t from = tatu_recovery_memory_of(part);
    for (uint32_t done = 0; done < part->len; done += PIECE_SIZE) {
        uint8_t piece[PIECE_SIZE];
        uint32_t len = part->len - done < PIECE_SIZE ? part->len - done : PIECE_SIZE;
        uint32_t whole = (len + 3u) & ~3u;
        for (uint32_t i = len; i < whole; i++) {
            piece[i] = 0xff;
        }
        TATU_TRY(tatu_monitor_read_normal(state->chip, from + done, piece, len));
        TATU_TRY(tatu_monitor_program_flash(state->chip, at + done, piece, whole));
        if (done % PROGRESS_STEP == 0) {
            tatu_recovery_tell_progress(state, part);
        }
        state->written += len;
    }
    return TATU_OK;
}

enum tatu_err tatu_recovery_write_slot(struct tatu_recovery_state *state,
                                       const struct tatu_recovery_part *part, uint8_t set)
{
    uint32_t at = flash_of(part, set);
    uint32_t size = tatu_recovery_slot_of(part->image_type)->size;
    TATU_TRY(tatu_recovery_erase(state, at, size));
    TATU_TRY(write_body(state, part, at));
    TATU_TRY(tatu_monitor_write_footer(state->chip, at, size, part->len));
    return tatu_recovery_check_slot(state, part, set);
}
