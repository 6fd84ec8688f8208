#include "set.h"

#include "chip.h"
#include "mem.h"
#include "proto/map.h"
#include "stage.h"
#include "table.h"
#include "vault.h"

#define SECTOR TATU_FLASH_SECTOR_SIZE
#define ALL_PARTS ((1u << TATU_MONITOR_PART_COUNT) - 1u)

#define PART(type, name, slot, load_at)                                                            \
    {                                                                                              \
        type, name, TATU_FLASH_##slot##_AT, TATU_FLASH_##slot##_SIZE, load_at                      \
    }
const struct tatu_monitor_part tatu_monitor_parts[TATU_MONITOR_PART_COUNT] = {
    PART(TATU_IMAGE_VAULT_RUNTIME, "vault runtime", VAULT, 0),
    PART(TATU_IMAGE_MONITOR, "monitor", MONITOR, 0),
    PART(TATU_IMAGE_DTB, "device tree", DTB, TATU_LOAD_DTB),
    PART(TATU_IMAGE_KERNEL, "kernel", KERNEL, TATU_LOAD_KERNEL),
    PART(TATU_IMAGE_ROOT, "root file system", ROOT, 0),
    PART(TATU_IMAGE_KEYSTORE, "keystore", KEYSTORE, TATU_LOAD_STAGE),
};
_Static_assert(TATU_FLASH_KEYSTORE_SIZE == SECTOR, "one erase ends a set");

static uint32_t other_set(const struct tatu_monitor_apps *apps)
{
    return apps->set ^ 1u;
}

/* The stage of part `index`. */
static struct tatu_monitor_stage *stage_of(struct tatu_monitor_apps *apps, uint32_t index)
{
    return &apps->staged[TATU_MONITOR_STAGE_MAX + index];
}

static enum tatu_err read_footer(struct tatu_monitor_chip *chip, uint32_t set, uint32_t index,
                                 uint32_t *out_len)
{
    return tatu_monitor_read_footer(chip, tatu_monitor_part_at(set, index),
                                    tatu_monitor_parts[index].size, out_len);
}

bool tatu_monitor_is_set_whole(struct tatu_monitor_chip *chip, uint32_t set)
{
    uint32_t len = 0;
    bool whole = true;
    for (uint32_t i = 0; i < TATU_MONITOR_PART_COUNT; i++) {
        whole &= read_footer(chip, set, i, &len) == TATU_OK;
    }
    return whole;
}

static enum tatu_err check_part(struct tatu_monitor_apps *apps, uint32_t set, uint32_t index)
{
    struct tatu_verified_image image;
    uint32_t len = 0;
    TATU_TRY(read_footer(apps->chip, set, index, &len));
    return tatu_monitor_verify_image(apps->vault,
                                     TATU_MAP_FLASH_BASE + tatu_monitor_part_at(set, index), len,
                                     tatu_monitor_parts[index].type, 0, &image);
}

static enum tatu_err find_part(uint16_t type, uint32_t *out_index)
{
    for (uint32_t i = 0; i < TATU_MONITOR_PART_COUNT; i++) {
        if (tatu_monitor_parts[i].type == type) {
            *out_index = i;
            return TATU_OK;
        }
    }
    return TATU_ERR_TYPE;
}

/* From here on the other set is none. Something of it may run, after a fallback; so this one must
 * be good as it lies in flash. */
static enum tatu_err give_up_other(struct tatu_monitor_apps *apps)
{
    struct tatu_monitor_stage *keystore = stage_of(apps, TATU_MONITOR_PART_KEYSTORE);
    uint32_t len = 0;
    if (keystore->state != TATU_MONITOR_STAGE_FREE &&
        read_footer(apps->chip, other_set(apps), TATU_MONITOR_PART_KEYSTORE, &len) != TATU_OK) {
        return TATU_OK; /* it is being staged: done before */
    }
    for (uint32_t i = 0; i < TATU_MONITOR_PART_COUNT; i++) {
        TATU_TRY(check_part(apps, apps->set, i));
    }
    keystore->state = TATU_MONITOR_STAGE_FREE;
    apps->is_backup_good = false;
    apps->good_parts &= (uint8_t) ~(1u << TATU_MONITOR_PART_KEYSTORE);
    return tatu_monitor_make_blank(
        apps->chip, tatu_monitor_part_at(other_set(apps), TATU_MONITOR_PART_KEYSTORE));
}

enum tatu_err tatu_monitor_open_slot(struct tatu_monitor_apps *apps, uint16_t type, uint32_t len,
                                     struct tatu_monitor_stage **out_stage, uint32_t *out_at)
{
    uint32_t index = 0;
    TATU_TRY(find_part(type, &index));
    uint32_t at = tatu_monitor_part_at(other_set(apps), index);
    uint32_t size = tatu_monitor_parts[index].size;
    if (len > size - TATU_FLASH_FOOTER_SIZE) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(give_up_other(apps));
    apps->good_parts &= (uint8_t) ~(1u << index);
    TATU_TRY(tatu_monitor_make_blank(apps->chip, at + size - SECTOR)); /* the footer's */
    *out_stage = stage_of(apps, index);
    *out_at = at;
    return TATU_OK;
}

static enum tatu_err put_footer(struct tatu_monitor_apps *apps, uint32_t index)
{
    return tatu_monitor_write_footer(apps->chip, tatu_monitor_part_at(other_set(apps), index),
                                     tatu_monitor_parts[index].size,
                                     stage_of(apps, index)->app.place.len);
}

enum tatu_err tatu_monitor_close_slot(struct tatu_monitor_apps *apps,
                                      const struct tatu_monitor_stage *stage)
{
    uint32_t index = (uint32_t)(stage - stage_of(apps, 0));
    return index == TATU_MONITOR_PART_KEYSTORE ? TATU_OK : put_footer(apps, index);
}

/* Up to one sector, unless it is there already. */
static enum tatu_err copy_sector(struct tatu_monitor_apps *apps, uint32_t from, uint32_t to,
                                 uint32_t len)
{
    TATU_TRY(tatu_monitor_read_flash(apps->chip, from, apps->sectors[0], len));
    TATU_TRY(tatu_monitor_read_flash(apps->chip, to, apps->sectors[1], len));
    if (memcmp(apps->sectors[0], apps->sectors[1], len) == 0) {
        return TATU_OK;
    }
    TATU_TRY(tatu_monitor_make_blank(apps->chip, to));
    return tatu_monitor_program_flash(apps->chip, to, apps->sectors[0], len);
}

static enum tatu_err copy_slot(struct tatu_monitor_apps *apps, uint32_t index, uint32_t len)
{
    uint32_t from = tatu_monitor_part_at(apps->set, index);
    uint32_t to = tatu_monitor_part_at(other_set(apps), index);
    len = (len + 3u) & ~3u; /* programming is by words; what follows a package is blank */
    for (uint32_t at = 0; at < len; at += SECTOR) {
        TATU_TRY(copy_sector(apps, from + at, to + at, len - at < SECTOR ? len - at : SECTOR));
    }
    return TATU_OK;
}

enum tatu_err tatu_monitor_copy_part(struct tatu_monitor_apps *apps, uint16_t type,
                                     uint32_t *out_handle)
{
    uint32_t index = 0;
    uint32_t len = 0;
    uint32_t handle = 0;
    TATU_TRY(find_part(type, &index));
    TATU_TRY(read_footer(apps->chip, apps->set, index, &len));
    TATU_TRY(tatu_monitor_begin_stage(apps, type, len, &handle));
    struct tatu_monitor_stage *stage = stage_of(apps, index);
    memset(stage->erased, 0xff, sizeof(stage->erased)); /* nothing more is to be written there */
    enum tatu_err err = copy_slot(apps, index, len);
    if (err != TATU_OK) {
        stage->state = TATU_MONITOR_STAGE_FREE;
        return err;
    }
    *out_handle = handle;
    return TATU_OK;
}

/* Makes `set` the preferred one. */
static enum tatu_err prefer(struct tatu_monitor_apps *apps, uint32_t set)
{
    struct tatu_table next = apps->table;
    next.preferred_set = (uint8_t)set;
    TATU_TRY(tatu_monitor_write_table(apps, &next));
    apps->was_rolled_back = false;
    return TATU_OK;
}

enum tatu_err tatu_monitor_install_set(struct tatu_monitor_apps *apps)
{
    for (uint32_t i = 0; i < TATU_MONITOR_PART_COUNT; i++) {
        if (stage_of(apps, i)->state != TATU_MONITOR_STAGE_VERIFIED) {
            return TATU_ERR_STATE;
        }
    }
    TATU_TRY(put_footer(apps, TATU_MONITOR_PART_KEYSTORE));
    TATU_TRY(prefer(apps, other_set(apps)));
    for (uint32_t i = 0; i < TATU_MONITOR_PART_COUNT; i++) {
        stage_of(apps, i)->state = TATU_MONITOR_STAGE_FREE;
    }
    apps->good_parts = ALL_PARTS;
    apps->is_backup_good = true;
    apps->is_mending = false;
    return TATU_OK;
}

enum tatu_err tatu_monitor_keep_set(struct tatu_monitor_apps *apps)
{
    return apps->was_rolled_back ? prefer(apps, apps->set) : TATU_OK;
}

static enum tatu_err mend_part(struct tatu_monitor_apps *apps, uint32_t index)
{
    struct tatu_verified_image image;
    uint32_t handle = 0;
    TATU_TRY(tatu_monitor_copy_part(apps, (uint16_t)tatu_monitor_parts[index].type, &handle));
    enum tatu_err err = tatu_monitor_finish_stage(apps, handle, &image);
    if (err == TATU_OK && index == TATU_MONITOR_PART_KEYSTORE) {
        err = put_footer(apps, index);
    }
    stage_of(apps, index)->state = TATU_MONITOR_STAGE_FREE;
    return err;
}

enum tatu_err tatu_monitor_repair_set(struct tatu_monitor_apps *apps, uint32_t *out_left)
{
    uint32_t index = 0;
    uint32_t left = 0;
    for (uint32_t i = TATU_MONITOR_PART_COUNT; i-- > 0;) {
        if (stage_of(apps, i)->state != TATU_MONITOR_STAGE_FREE) {
            return TATU_ERR_STATE;
        }
        if ((apps->good_parts & 1u << i) == 0) {
            index = i;
            left++;
        }
    }
    if (left > 0 && apps->is_mending) {
        TATU_TRY(mend_part(apps, index));
    } else if (left > 0 && check_part(apps, other_set(apps), index) != TATU_OK) {
        apps->is_mending = true; /* parts of two versions make no set: all are copied */
        apps->is_backup_good = false;
        apps->good_parts = 0;
        *out_left = TATU_MONITOR_PART_COUNT;
        return TATU_OK;
    }
    apps->good_parts |= (uint8_t)(left > 0 ? 1u << index : 0);
    left -= left > 0;
    apps->is_backup_good |= left == 0;
    apps->is_mending &= left > 0;
    *out_left = left;
    return TATU_OK;
}
