#include "record.h"

#define RECORD_MAGIC 0x32435256u /* "VRC2" */
#define RECORD_SIZE                                                                                \
    128u /* two of the memory's 64-byte units: it keeps a unit when its last word comes */
#define CRC_AT (RECORD_SIZE - 4u)
/* Notes: a magic and one number, each up to the end of a unit. */
#define HALT_AT 0xff0u
#define HALT_MAGIC 0x544c4148u /* "HALT" */
#define GOOD_AT 0xfb0u
#define GOOD_MAGIC 0x444f4f47u /* "GOOD" */
#define WISH_AT 0xf70u
#define WISH_MAGIC 0x48534957u /* "WISH" */
#define NOTE_SIZE 16u

static void encode(const struct tatu_vault_record *record, uint8_t out[RECORD_SIZE])
{
    struct tatu_buf buf = {out, 20, RECORD_SIZE};
    tatu_put_le32(out, RECORD_MAGIC);
    tatu_put_le32(out + 4, record->sequence);
    tatu_put_le64(out + 8, record->time_floor_s);
    tatu_put_le32(out + 16, record->owner_count << 1 | (record->claimed ? 1u : 0u));
    (void)tatu_base_put_bytes(&buf, TATU_SPAN_OF(record->tenant));
    (void)tatu_base_put_bytes(&buf, TATU_SPAN_OF(record->owner_key));
    tatu_put_le32(out + 100, record->capabilities);
    tatu_put_le32(out + 104, record->grace_s);
    tatu_put_le64(out + 108, record->ticket_boot);
    tatu_put_le32(out + CRC_AT, tatu_base_crc32((struct tatu_span){out, CRC_AT}));
}

static bool decode(const uint8_t in[RECORD_SIZE], struct tatu_vault_record *out)
{
    if (tatu_get_le32(in) != RECORD_MAGIC ||
        tatu_get_le32(in + CRC_AT) != tatu_base_crc32((struct tatu_span){in, CRC_AT})) {
        return false;
    }
    out->sequence = tatu_get_le32(in + 4);
    out->time_floor_s = tatu_get_le64(in + 8);
    out->owner_count = tatu_get_le32(in + 16) >> 1;
    out->claimed = (in[16] & 1) != 0;
    struct tatu_buf tenant = TATU_BUF_OF(out->tenant);
    struct tatu_buf key = TATU_BUF_OF(out->owner_key);
    (void)tatu_base_put_bytes(&tenant, (struct tatu_span){in + 20, 16});
    (void)tatu_base_put_bytes(&key, (struct tatu_span){in + 36, 64});
    out->capabilities = tatu_get_le32(in + 100);
    out->grace_s = tatu_get_le32(in + 104);
    out->ticket_boot = tatu_get_le64(in + 108);
    return true;
}

void tatu_vault_load_record(struct tatu_vault_chip *chip, struct tatu_vault_record *out)
{
    uint64_t owners = tatu_vault_chip_counter(chip, TATU_FUSE_COUNTER_OWNER);
    struct tatu_vault_record best = {.owner_count = (uint32_t)owners, .claimed = owners != 0};
    bool found = false;
    for (uint32_t copy = 0; copy < 2; copy++) {
        uint8_t raw[RECORD_SIZE];
        struct tatu_vault_record record;
        tatu_vault_chip_load(chip, copy * RECORD_SIZE, raw, sizeof(raw));
        if (!decode(raw, &record) || record.owner_count < owners) {
            continue;
        }
        if (!found || record.sequence > best.sequence) {
            best = record;
            found = true;
        }
    }
    /* the power went between record and counter: finish the step */
    if (best.owner_count > owners) {
        (void)tatu_vault_chip_count(chip, TATU_FUSE_COUNTER_OWNER);
    }
    *out = best;
}

enum tatu_err tatu_vault_store_record(struct tatu_vault_chip *chip,
                                      struct tatu_vault_record *record)
{
    uint8_t raw[RECORD_SIZE] = {0};
    uint8_t back[RECORD_SIZE];
    struct tatu_vault_record next = *record;
    next.sequence++;
    encode(&next, raw);
    uint32_t at = (next.sequence & 1) * RECORD_SIZE;
    tatu_vault_chip_store(chip, at, TATU_SPAN_OF(raw));
    tatu_vault_chip_load(chip, at, back, sizeof(back));
    if (!tatu_base_equal_ct(raw, back, sizeof(raw))) {
        return TATU_ERR_IO;
    }
    if (next.owner_count > tatu_vault_chip_counter(chip, TATU_FUSE_COUNTER_OWNER)) {
        (void)tatu_vault_chip_count(chip, TATU_FUSE_COUNTER_OWNER);
    }
    *record = next;
    return TATU_OK;
}

static void store_note(struct tatu_vault_chip *chip, uint32_t at, uint32_t magic, uint64_t number)
{
    uint8_t raw[NOTE_SIZE] = {0};
    tatu_put_le32(raw, magic);
    tatu_put_le64(raw + 4, number);
    tatu_vault_chip_store(chip, at, TATU_SPAN_OF(raw));
}

static bool load_note(struct tatu_vault_chip *chip, uint32_t at, uint32_t magic,
                      uint64_t *out_number)
{
    uint8_t raw[NOTE_SIZE];
    tatu_vault_chip_load(chip, at, raw, sizeof(raw));
    *out_number = tatu_get_le64(raw + 4);
    return tatu_get_le32(raw) == magic;
}

void tatu_vault_store_good(struct tatu_vault_chip *chip, uint64_t boot)
{
    store_note(chip, GOOD_AT, GOOD_MAGIC, boot);
}

uint32_t tatu_vault_failed_boots(struct tatu_vault_chip *chip, uint64_t boot)
{
    uint64_t good = 0;
    if (!load_note(chip, GOOD_AT, GOOD_MAGIC, &good) || good >= boot) {
        good = boot - 1;
        tatu_vault_store_good(chip, good);
    }
    return (uint32_t)(boot - 1 - good);
}

void tatu_vault_store_halt(struct tatu_vault_chip *chip, enum tatu_err err)
{
    store_note(chip, HALT_AT, HALT_MAGIC, (uint64_t)err);
}

enum tatu_err tatu_vault_load_halt(struct tatu_vault_chip *chip)
{
    uint64_t err = 0;
    return load_note(chip, HALT_AT, HALT_MAGIC, &err) ? (enum tatu_err)err : TATU_OK;
}

void tatu_vault_store_wish(struct tatu_vault_chip *chip, bool recovery)
{
    store_note(chip, WISH_AT, WISH_MAGIC, recovery);
}

bool tatu_vault_load_wish(struct tatu_vault_chip *chip)
{
    uint64_t recovery = 0;
    return load_note(chip, WISH_AT, WISH_MAGIC, &recovery) && recovery == 1;
}
