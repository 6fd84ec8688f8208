#include "stage.h"

#include "chip.h"
#include "flash.h"
#include "mem.h"
#include "set.h"
#include "vault.h"

#define SECTOR TATU_FLASH_SECTOR_SIZE

static const struct {
    uint32_t at;
    uint32_t size;
} areas[] = {
    {TATU_FLASH_APPS0_AT, TATU_FLASH_APPS0_SIZE},
    {TATU_FLASH_APPS1_AT, TATU_FLASH_APPS1_SIZE},
};
_Static_assert(TATU_FLASH_APPS0_SIZE <= TATU_FLASH_ROOT_SIZE &&
                   TATU_FLASH_APPS1_SIZE <= TATU_FLASH_ROOT_SIZE &&
                   TATU_FLASH_KERNEL_SIZE <= TATU_FLASH_ROOT_SIZE,
               "the erase map of a stage covers the largest place");

static uint32_t round_up(uint32_t len)
{
    return (len + SECTOR - 1) & ~(uint32_t)(SECTOR - 1);
}

/* Whether the place overlaps at..at+len; then *io_end rises to the place's end. */
static bool overlaps(const struct tatu_table_app *place, uint32_t at, uint32_t len,
                     uint32_t *io_end)
{
    uint32_t end = place->offset + round_up(place->len);
    if (place->len == 0 || place->offset >= at + len || end <= at) {
        return false;
    }
    *io_end = end > *io_end ? end : *io_end;
    return true;
}

/* The end of whatever occupies part of at..at+len; at itself when it is free. */
static uint32_t find_conflict(const struct tatu_monitor_apps *apps, uint32_t at, uint32_t len)
{
    uint32_t end = at;
    for (uint32_t i = 0; i < apps->table.app_count; i++) {
        (void)overlaps(&apps->table.apps[i], at, len, &end);
    }
    for (uint32_t i = 0; i < apps->installed_count; i++) {
        (void)overlaps(&apps->installed[i].place, at, len, &end);
    }
    for (uint32_t i = 0; i < TATU_MONITOR_STAGE_MAX; i++) {
        if (apps->staged[i].state != TATU_MONITOR_STAGE_FREE) {
            (void)overlaps(&apps->staged[i].app.place, at, len, &end);
        }
    }
    return end;
}

/* The first free room of len bytes. */
static enum tatu_err find_room(const struct tatu_monitor_apps *apps, uint32_t len, uint32_t *out_at)
{
    uint32_t need = round_up(len);
    for (size_t i = 0; i < TATU_COUNT_OF(areas); i++) {
        uint32_t at = areas[i].at;
        while (need <= areas[i].size && at <= areas[i].at + areas[i].size - need) {
            uint32_t end = find_conflict(apps, at, need);
            if (end == at) {
                *out_at = at;
                return TATU_OK;
            }
            at = end;
        }
    }
    return TATU_ERR_FULL;
}

static struct tatu_monitor_stage *find_stage(struct tatu_monitor_apps *apps, uint32_t handle)
{
    for (uint32_t i = 0; i < TATU_COUNT_OF(apps->staged); i++) {
        struct tatu_monitor_stage *stage = &apps->staged[i];
        if (stage->state != TATU_MONITOR_STAGE_FREE && stage->handle == handle) {
            return stage;
        }
    }
    return NULL;
}

/* A free stage, and room for an application of this length. */
static enum tatu_err find_place(struct tatu_monitor_apps *apps, uint32_t len,
                                struct tatu_monitor_stage **out_stage, uint32_t *out_at)
{
    if (len > TATU_IMAGE_PACKAGE_MAX) {
        return TATU_ERR_LONG;
    }
    for (uint32_t i = 0; i < TATU_MONITOR_STAGE_MAX; i++) {
        if (apps->staged[i].state == TATU_MONITOR_STAGE_FREE) {
            *out_stage = &apps->staged[i];
            return find_room(apps, len, out_at);
        }
    }
    return TATU_ERR_FULL;
}

enum tatu_err tatu_monitor_begin_stage(struct tatu_monitor_apps *apps, uint16_t type, uint32_t len,
                                       uint32_t *out_handle)
{
    struct tatu_monitor_stage *stage = NULL;
    uint32_t at = 0;
    if (len == 0) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(type == TATU_IMAGE_APPLICATION ? find_place(apps, len, &stage, &at)
                                            : tatu_monitor_open_slot(apps, type, len, &stage, &at));
    memset(stage, 0, sizeof(*stage));
    stage->state = TATU_MONITOR_STAGE_OPEN;
    stage->handle = ++apps->last_handle;
    stage->type = (enum tatu_image_type)type;
    stage->app.place.offset = at;
    stage->app.place.len = len;
    *out_handle = stage->handle;
    return TATU_OK;
}

/* Erases the sectors of the place that offset..offset+len is the first to touch. */
static enum tatu_err erase_touched(struct tatu_monitor_apps *apps, struct tatu_monitor_stage *stage,
                                   uint32_t offset, uint32_t len)
{
    for (uint32_t n = offset / SECTOR; n <= (offset + len - 1) / SECTOR; n++) {
        uint8_t bit = (uint8_t)(1u << (n % 8u));
        if ((stage->erased[n / 8u] & bit) == 0) {
            TATU_TRY(tatu_monitor_make_blank(apps->chip, stage->app.place.offset + n * SECTOR));
            stage->erased[n / 8u] |= bit;
        }
    }
    return TATU_OK;
}

static enum tatu_err program(struct tatu_monitor_apps *apps, uint32_t at, struct tatu_span bytes)
{
    uint32_t whole = (uint32_t)bytes.len & ~3u;
    uint8_t last[4] = {0xff, 0xff, 0xff, 0xff};
    if (whole > 0) {
        TATU_TRY(tatu_monitor_program_flash(apps->chip, at, bytes.data, whole));
    }
    if (whole == bytes.len) {
        return TATU_OK;
    }
    memcpy(last, bytes.data + whole, bytes.len - whole);
    return tatu_monitor_program_flash(apps->chip, at + whole, last, sizeof(last));
}

enum tatu_err tatu_monitor_write_stage(struct tatu_monitor_apps *apps, uint32_t handle,
                                       uint32_t offset, struct tatu_span bytes)
{
    struct tatu_monitor_stage *stage = find_stage(apps, handle);
    bool blank = false;
    if (stage == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    if (stage->state != TATU_MONITOR_STAGE_OPEN) {
        return TATU_ERR_STATE;
    }
    uint32_t len = stage->app.place.len;
    if (bytes.len == 0 || offset % 4 != 0 || offset > len || bytes.len > len - offset ||
        (bytes.len % 4 != 0 && offset + bytes.len != len)) {
        return TATU_ERR_ARGUMENT;
    }
    uint32_t at = stage->app.place.offset + offset;
    TATU_TRY(erase_touched(apps, stage, offset, (uint32_t)bytes.len));
    TATU_TRY(tatu_monitor_check_blank(apps->chip, at, (uint32_t)bytes.len, &blank));
    return blank ? program(apps, at, bytes) : TATU_ERR_EXISTS;
}

enum tatu_err tatu_monitor_finish_stage(struct tatu_monitor_apps *apps, uint32_t handle,
                                        struct tatu_verified_image *out)
{
    struct tatu_monitor_stage *stage = find_stage(apps, handle);
    struct tatu_verified_image image;
    if (stage == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    if (stage->state != TATU_MONITOR_STAGE_OPEN) {
        return TATU_ERR_STATE;
    }
    TATU_TRY(tatu_monitor_verify_image(apps->vault, TATU_MAP_FLASH_BASE + stage->app.place.offset,
                                       stage->app.place.len, stage->type, 0, &image));
    if (stage->type != TATU_IMAGE_APPLICATION) {
        TATU_TRY(tatu_monitor_close_slot(apps, stage));
    } else if (tatu_monitor_find_verified(apps, image.image) != NULL) {
        return TATU_ERR_EXISTS;
    }
    memcpy(stage->app.place.image, image.image, sizeof(image.image));
    stage->app.image = image;
    stage->state = TATU_MONITOR_STAGE_VERIFIED;
    *out = image;
    return TATU_OK;
}

enum tatu_err tatu_monitor_abort_stage(struct tatu_monitor_apps *apps, uint32_t handle)
{
    struct tatu_monitor_stage *stage = find_stage(apps, handle);
    if (stage == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    stage->state = TATU_MONITOR_STAGE_FREE;
    return TATU_OK;
}
