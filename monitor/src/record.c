#include "record.h"

#include "chip.h"
#include "flash.h"
#include "mem.h"
#include "proto/smc.h"

#define SECTOR TATU_FLASH_SECTOR_SIZE
#define HEADER 16u
#define CRC_AT 4u
#define COVERED_AT 8u /* the CRC covers everything from here on */
#define NOT_TAKEN 0xffffffffu
#define ID_END 0xffffffffu /* also what blank flash reads as */

static uint32_t sector_at(uint32_t index)
{
    return TATU_FLASH_RECORDS_AT + index * SECTOR;
}

static uint32_t size_of(uint32_t len)
{
    return HEADER + ((len + 3u) & ~3u);
}

static enum tatu_err read_sector(struct tatu_monitor_records *records, uint32_t index)
{
    return tatu_monitor_read_flash(records->chip, sector_at(index), records->sector, SECTOR);
}

/* Whether a whole record lies at `at` of the sector that was read. */
static bool parse_record(const struct tatu_monitor_records *records, uint32_t at,
                         struct tatu_monitor_record *out)
{
    if (at > SECTOR - HEADER) {
        return false;
    }
    const uint8_t *p = records->sector + at;
    uint32_t id = tatu_get_le32(p + 8);
    uint32_t len = tatu_get_le16(p + 14);
    if (id == 0 || id == ID_END || len > TATU_RECORD_MAX || size_of(len) > SECTOR - at) {
        return false;
    }
    struct tatu_span covered = {p + COVERED_AT, HEADER - COVERED_AT + len};
    if (tatu_base_crc32(covered) != tatu_get_le32(p + CRC_AT)) {
        return false;
    }
    *out = (struct tatu_monitor_record){id, tatu_get_le16(p + 12), {p + HEADER, len}};
    return true;
}

static bool is_blank_from(const struct tatu_monitor_records *records, uint32_t at)
{
    uint8_t all = 0xff;
    for (; at < SECTOR; at++) {
        all &= records->sector[at];
    }
    return all == 0xff;
}

/* Takes note of the records of one sector; the newest sector of all becomes the active one. */
static enum tatu_err scan_sector(struct tatu_monitor_records *records, uint32_t index)
{
    uint32_t at = 0;
    uint32_t last_id = 0;
    struct tatu_monitor_record record;
    TATU_TRY(read_sector(records, index));
    while (parse_record(records, at, &record) && record.id > last_id) {
        if (last_id == 0) {
            records->sectors[index].first_id = record.id;
        }
        last_id = record.id;
        if (record.kind == TATU_RECORD_BOOT) {
            records->sectors[index].boot_id = last_id;
        }
        if (tatu_get_le32(records->sector + at) != NOT_TAKEN && last_id > records->taken_id) {
            records->taken_id = last_id;
        }
        at += size_of((uint32_t)record.bytes.len);
    }
    records->sectors[index].last_id = last_id;
    if (last_id >= records->next_id) {
        records->next_id = last_id + 1;
        records->active = index;
        records->used = is_blank_from(records, at) ? at : SECTOR;
    }
    return TATU_OK;
}

enum tatu_err tatu_monitor_open_records(struct tatu_monitor_records *records,
                                        struct tatu_monitor_chip *chip)
{
    *records = (struct tatu_monitor_records){
        .chip = chip,
        .next_id = 1,
        .active = TATU_MONITOR_RECORD_SECTORS - 1,
        .used = SECTOR,
    };
    for (uint32_t i = 0; i < TATU_MONITOR_RECORD_SECTORS; i++) {
        TATU_TRY(scan_sector(records, i));
    }
    return TATU_OK;
}

static enum tatu_err start_next_sector(struct tatu_monitor_records *records, uint16_t kind)
{
    uint32_t next = (records->active + 1) % TATU_MONITOR_RECORD_SECTORS;
    if (kind != TATU_RECORD_BOOT && records->sectors[next].boot_id > records->taken_id) {
        return TATU_ERR_FULL;
    }
    records->sectors[next].first_id = 0;
    records->sectors[next].last_id = 0;
    records->sectors[next].boot_id = 0;
    TATU_TRY(tatu_monitor_make_blank(records->chip, sector_at(next)));
    records->active = next;
    records->used = 0;
    return TATU_OK;
}

/* Programs one record into the active sector and looks whether it is there. */
static enum tatu_err write_record(struct tatu_monitor_records *records, uint16_t kind,
                                  struct tatu_span bytes)
{
    uint32_t at = records->used;
    uint32_t size = size_of((uint32_t)bytes.len);
    uint8_t *p = records->sector + at;
    struct tatu_monitor_record check;
    memset(p, 0xff, size);
    tatu_put_le32(p + 8, records->next_id);
    tatu_put_le16(p + 12, kind);
    tatu_put_le16(p + 14, (uint16_t)bytes.len);
    if (bytes.len > 0) {
        memcpy(p + HEADER, bytes.data, bytes.len);
    }
    struct tatu_span covered = {p + COVERED_AT, HEADER - COVERED_AT + bytes.len};
    tatu_put_le32(p + CRC_AT, tatu_base_crc32(covered));

    /* Until it is known to be good, nothing more may be written behind it. */
    records->used = SECTOR;
    TATU_TRY(tatu_monitor_program_flash(records->chip, sector_at(records->active) + at, p, size));
    TATU_TRY(read_sector(records, records->active));
    if (!parse_record(records, at, &check) || check.id != records->next_id) {
        return TATU_ERR_IO;
    }
    records->used = at + size;
    return TATU_OK;
}

enum tatu_err tatu_monitor_append_record(struct tatu_monitor_records *records, uint16_t kind,
                                         struct tatu_span bytes, uint32_t *out_id)
{
    if (bytes.len > TATU_RECORD_MAX) {
        return TATU_ERR_LONG;
    }
    if (records->next_id == ID_END) {
        return TATU_ERR_FULL;
    }
    if (size_of((uint32_t)bytes.len) > SECTOR - records->used) {
        TATU_TRY(start_next_sector(records, kind));
    }
    TATU_TRY(write_record(records, kind, bytes));
    uint32_t id = records->next_id++;
    if (records->sectors[records->active].first_id == 0) {
        records->sectors[records->active].first_id = id;
    }
    records->sectors[records->active].last_id = id;
    if (kind == TATU_RECORD_BOOT) {
        records->sectors[records->active].boot_id = id;
    }
    *out_id = id;
    return TATU_OK;
}

enum tatu_err tatu_monitor_find_record(struct tatu_monitor_records *records, uint32_t after,
                                       struct tatu_monitor_record *out)
{
    uint32_t best = TATU_MONITOR_RECORD_SECTORS;
    struct tatu_monitor_record record;
    after = after > records->taken_id ? after : records->taken_id;
    for (uint32_t i = 0; i < TATU_MONITOR_RECORD_SECTORS; i++) {
        if (records->sectors[i].last_id > after &&
            (best == TATU_MONITOR_RECORD_SECTORS ||
             records->sectors[i].last_id < records->sectors[best].last_id)) {
            best = i;
        }
    }
    if (best == TATU_MONITOR_RECORD_SECTORS) {
        return TATU_ERR_NOT_FOUND;
    }
    TATU_TRY(read_sector(records, best));
    for (uint32_t at = 0; parse_record(records, at, &record);
         at += size_of((uint32_t)record.bytes.len)) {
        if (record.id > after) {
            *out = record;
            return TATU_OK;
        }
    }
    return TATU_ERR_IO; /* it was there when it was counted */
}

/* The place of the record with the highest id up to `id` that is still kept. */
static enum tatu_err find_last_until(struct tatu_monitor_records *records, uint32_t id,
                                     uint32_t *out_at, uint32_t *out_id)
{
    uint32_t best = TATU_MONITOR_RECORD_SECTORS;
    uint32_t found = 0;
    struct tatu_monitor_record record;
    for (uint32_t i = 0; i < TATU_MONITOR_RECORD_SECTORS; i++) {
        uint32_t first = records->sectors[i].first_id;
        if (first != 0 && first <= id &&
            (best == TATU_MONITOR_RECORD_SECTORS || first > records->sectors[best].first_id)) {
            best = i;
        }
    }
    if (best == TATU_MONITOR_RECORD_SECTORS) {
        return TATU_ERR_NOT_FOUND;
    }
    TATU_TRY(read_sector(records, best));
    for (uint32_t at = 0; parse_record(records, at, &record) && record.id <= id;
         at += size_of((uint32_t)record.bytes.len)) {
        found = sector_at(best) + at;
        *out_id = record.id;
    }
    if (found == 0) {
        return TATU_ERR_IO;
    }
    *out_at = found;
    return TATU_OK;
}

enum tatu_err tatu_monitor_take_records(struct tatu_monitor_records *records, uint32_t id)
{
    static const uint8_t taken[4] = {0, 0, 0, 0};
    uint32_t at = 0;
    uint32_t last = 0;
    if (id == 0 || id >= records->next_id) {
        return TATU_ERR_NOT_FOUND;
    }
    if (id <= records->taken_id) {
        return TATU_OK;
    }
    enum tatu_err err = find_last_until(records, id, &at, &last);
    if (err != TATU_OK && err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    /* Nothing to write when the ring has dropped them all, or only they were taken before. */
    if (err == TATU_OK && last > records->taken_id) {
        TATU_TRY(tatu_monitor_program_flash(records->chip, at, taken, sizeof(taken)));
    }
    records->taken_id = id;
    return TATU_OK;
}
