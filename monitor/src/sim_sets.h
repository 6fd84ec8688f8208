/* Helpers of tests that change OS sets. */
#ifndef TATU_MONITOR_SIM_SETS_H
#define TATU_MONITOR_SIM_SETS_H

#include "set.h"
#include "sim_apps.h"

#define SIM_PART_MAX 10000u

/* Power on in set 0, with what is in flash. */
static inline void sets_open(void)
{
    apps_open();
    apps.set = 0;
    apps.is_backup_good = tatu_monitor_is_set_whole(chip, 1);
}

/* Two good sets; 0 runs. */
static inline int sets_fixture(void **state)
{
    int failed = fixture_blank(state);
    sim_put_set(chip, 0, 5);
    sim_put_set(chip, 1, 3);
    sets_open();
    return failed;
}

/* Bytes of a new package for part `index`: more than a sector but for the keystore. */
static inline uint32_t part_len(uint32_t index)
{
    return index == TATU_MONITOR_PART_KEYSTORE ? 500 : 4099 + 900 * index;
}

static inline const uint8_t *part_package(uint32_t index, uint32_t version)
{
    static uint8_t bytes[SIM_PART_MAX];
    const struct sim_package package = {(uint16_t)tatu_monitor_parts[index].type, 0x80,
                                        (uint8_t)(version + index), part_len(index), version};
    sim_make_package(&package, bytes);
    return bytes;
}

/* Begins and writes a new part; the handle. */
static inline enum tatu_err part_write(uint32_t index, uint32_t version, uint32_t *out_handle)
{
    const uint8_t *bytes = part_package(index, version);
    uint32_t len = part_len(index);
    TATU_TRY(
        tatu_monitor_begin_stage(&apps, (uint16_t)tatu_monitor_parts[index].type, len, out_handle));
    for (uint32_t at = 0; at < len; at += 4000) {
        struct tatu_span piece = {bytes + at, len - at < 4000 ? len - at : 4000};
        TATU_TRY(tatu_monitor_write_stage(&apps, *out_handle, at, piece));
    }
    return TATU_OK;
}

static inline enum tatu_err part_stage(uint32_t index, uint32_t version)
{
    struct tatu_verified_image image;
    uint32_t handle = 0;
    TATU_TRY(part_write(index, version, &handle));
    return tatu_monitor_finish_stage(&apps, handle, &image);
}

static inline enum tatu_err part_copy(uint32_t index)
{
    struct tatu_verified_image image;
    uint32_t handle = 0;
    TATU_TRY(tatu_monitor_copy_part(&apps, (uint16_t)tatu_monitor_parts[index].type, &handle));
    return tatu_monitor_finish_stage(&apps, handle, &image);
}

static inline bool has_footer(uint32_t set, uint32_t index)
{
    uint32_t len = 0;
    return tatu_monitor_read_footer(chip, tatu_monitor_part_at(set, index),
                                    tatu_monitor_parts[index].size, &len) == TATU_OK;
}

/* Whether two sets hold the same packages. */
static inline bool are_sets_same(void)
{
    bool same = true;
    for (uint32_t i = 0; i < TATU_MONITOR_PART_COUNT; i++) {
        const uint8_t *a = chip->flash + tatu_monitor_part_at(0, i);
        const uint8_t *b = chip->flash + tatu_monitor_part_at(1, i);
        uint32_t footer = tatu_monitor_parts[i].size - TATU_FLASH_FOOTER_SIZE;
        same = same && memcmp(a + footer, b + footer, 12) == 0 && /* what is read */
               memcmp(a, b, tatu_get_le32(a + footer + 4)) == 0;
    }
    return same;
}

#endif
