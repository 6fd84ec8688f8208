#include "proto/table.h"

#include "bytes.h"
#include "proto/image.h"
#include "proto/map.h"

#define SECTOR_SIZE 4096u
#define CRC_AT (TATU_TABLE_SIZE - 4u)

/* Sectors an application occupies; its length was checked first, so this cannot overflow. */
static uint32_t end_of(const struct tatu_table_app *app)
{
    return app->offset + (app->len + SECTOR_SIZE - 1) / SECTOR_SIZE * SECTOR_SIZE;
}

static bool is_inside(const struct tatu_table_app *app, uint32_t at, uint32_t size)
{
    return app->offset >= at && app->offset - at < size && end_of(app) <= at + size;
}

static bool is_app_placed(const struct tatu_table_app *app)
{
    return app->len != 0 && app->len <= TATU_IMAGE_PACKAGE_MAX && app->offset < TATU_FLASH_SIZE &&
           app->offset % SECTOR_SIZE == 0 &&
           (is_inside(app, TATU_FLASH_APPS0_AT, TATU_FLASH_APPS0_SIZE) ||
            is_inside(app, TATU_FLASH_APPS1_AT, TATU_FLASH_APPS1_SIZE));
}

static bool clash(const struct tatu_table_app *a, const struct tatu_table_app *b)
{
    return (a->offset < end_of(b) && b->offset < end_of(a)) ||
           same_bytes(a->image, b->image, sizeof(a->image));
}

static bool is_table_sound(const struct tatu_table *table)
{
    if (table->preferred_set >= TATU_FLASH_SET_COUNT || table->app_count > TATU_TABLE_APP_MAX) {
        return false;
    }
    for (size_t i = 0; i < table->app_count; i++) {
        if (!is_app_placed(&table->apps[i])) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (clash(&table->apps[i], &table->apps[j])) {
                return false;
            }
        }
    }
    return true;
}

enum tatu_err tatu_proto_decode_table(struct tatu_span in, struct tatu_table *out)
{
    if (in.len < TATU_TABLE_SIZE) {
        return TATU_ERR_SHORT;
    }
    const uint8_t *p = in.data;
    struct tatu_span checked = {in.data, CRC_AT};
    if (take_u32(&p) != TATU_TABLE_MAGIC ||
        tatu_base_crc32(checked) != tatu_get_le32(in.data + CRC_AT)) {
        return TATU_ERR_FORMAT;
    }
    struct tatu_table table = {.preferred_set = take_u8(&p)};
    table.app_count = take_u8(&p);
    if (take_u16(&p) != 0) {
        return TATU_ERR_FORMAT;
    }
    table.sequence = take_u64(&p);
    for (size_t i = 0; i < TATU_TABLE_APP_MAX; i++) {
        if (i >= table.app_count && !all_zero(p, TATU_TABLE_APP_SIZE)) {
            return TATU_ERR_FORMAT;
        }
        take_bytes(&p, table.apps[i].image, sizeof(table.apps[i].image));
        table.apps[i].offset = take_u32(&p);
        table.apps[i].len = take_u32(&p);
    }
    take_bytes(&p, table.mac, sizeof(table.mac));
    if (!is_table_sound(&table)) {
        return TATU_ERR_FORMAT;
    }
    *out = table;
    return TATU_OK;
}

enum tatu_err tatu_proto_encode_table(const struct tatu_table *table, struct tatu_buf *out)
{
    static const struct tatu_table_app unused;
    if (!is_table_sound(table)) {
        return TATU_ERR_ARGUMENT;
    }
    uint8_t *start = give_room(out, TATU_TABLE_SIZE);
    if (start == NULL) {
        return TATU_ERR_FULL;
    }
    uint8_t *p = start;
    give_u32(&p, TATU_TABLE_MAGIC);
    give_u8(&p, table->preferred_set);
    give_u8(&p, table->app_count);
    give_u16(&p, 0);
    give_u64(&p, table->sequence);
    for (size_t i = 0; i < TATU_TABLE_APP_MAX; i++) {
        const struct tatu_table_app *app = i < table->app_count ? &table->apps[i] : &unused;
        give_bytes(&p, app->image, sizeof(app->image));
        give_u32(&p, app->offset);
        give_u32(&p, app->len);
    }
    give_bytes(&p, table->mac, sizeof(table->mac));
    give_u32(&p, tatu_base_crc32((struct tatu_span){start, CRC_AT}));
    return TATU_OK;
}
