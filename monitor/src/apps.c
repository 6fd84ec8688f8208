#include "apps.h"

#include "chip.h"
#include "mem.h"
#include "vault.h"

#define ID_SIZE 16u

static const uint32_t table_at[2] = {TATU_FLASH_TABLE0_AT, TATU_FLASH_TABLE1_AT};

static bool is_same_id(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, ID_SIZE) == 0;
}

enum tatu_err tatu_monitor_open_apps(struct tatu_monitor_apps *apps, struct tatu_monitor_chip *chip,
                                     struct tatu_monitor_vault *vault)
{
    uint8_t copies[2][TATU_TABLE_SIZE];
    memset(apps, 0, sizeof(*apps));
    apps->chip = chip;
    apps->vault = vault;
    for (int i = 0; i < 2; i++) {
        TATU_TRY(tatu_monitor_read_flash(chip, table_at[i], copies[i], TATU_TABLE_SIZE));
    }
    apps->table_copy =
        tatu_proto_choose_table(TATU_SPAN_OF(copies[0]), TATU_SPAN_OF(copies[1]), &apps->table);
    if (apps->table_copy < 0) {
        memset(&apps->table, 0, sizeof(apps->table));
    }
    return TATU_OK;
}

/* Whether one of `count` applications is this image, or another image of this component. */
static bool is_among(const struct tatu_monitor_app *list, uint32_t count,
                     const struct tatu_verified_image *image)
{
    for (uint32_t i = 0; i < count; i++) {
        if (is_same_id(list[i].image.image, image->image) ||
            is_same_id(list[i].image.component, image->component)) {
            return true;
        }
    }
    return false;
}

enum tatu_err tatu_monitor_verify_app(struct tatu_monitor_apps *apps, uint32_t index)
{
    if (index >= apps->table.app_count || apps->installed_count >= TATU_TABLE_APP_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_monitor_app app = {.place = apps->table.apps[index]};
    TATU_TRY(tatu_monitor_verify_image(apps->vault, TATU_MAP_FLASH_BASE + app.place.offset,
                                       app.place.len, TATU_IMAGE_APPLICATION, 0, &app.image));
    if (is_among(apps->installed, apps->installed_count, &app.image)) {
        return TATU_ERR_EXISTS;
    }
    /* The name in the table is a hint; the signed one counts. */
    memcpy(app.place.image, app.image.image, ID_SIZE);
    apps->installed[apps->installed_count++] = app;
    return TATU_OK;
}

static enum tatu_err measure(struct tatu_monitor_apps *apps, const struct tatu_monitor_app *list,
                             uint32_t count)
{
    struct tatu_buf message = TATU_BUF_OF(apps->message);
    struct tatu_buf nothing = {NULL, 0, 0};
    message.data[message.len++] = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++) {
        TATU_TRY(tatu_base_put_bytes(&message, TATU_SPAN_OF(list[i].image.component)));
        TATU_TRY(tatu_base_put_bytes(&message, TATU_SPAN_OF(list[i].image.image)));
        TATU_TRY(tatu_base_put_bytes(&message, TATU_SPAN_OF(list[i].image.digest)));
    }
    return tatu_monitor_ask_vault(apps->vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_MEASURE_APPS,
                                  (struct tatu_span){message.data, message.len}, &nothing);
}

enum tatu_err tatu_monitor_measure_apps(struct tatu_monitor_apps *apps)
{
    return measure(apps, apps->installed, apps->installed_count);
}

static const struct tatu_monitor_app *find_verified(const struct tatu_monitor_apps *apps,
                                                    const uint8_t *id)
{
    for (uint32_t i = 0; i < apps->installed_count; i++) {
        if (is_same_id(apps->installed[i].image.image, id)) {
            return &apps->installed[i];
        }
    }
    for (uint32_t i = 0; i < TATU_MONITOR_STAGE_MAX; i++) {
        const struct tatu_monitor_stage *stage = &apps->staged[i];
        if (stage->state == TATU_MONITOR_STAGE_VERIFIED && is_same_id(stage->app.image.image, id)) {
            return &stage->app;
        }
    }
    return NULL;
}

/* Fills apps->next with what the ids stand for. */
static enum tatu_err select_next(struct tatu_monitor_apps *apps, const uint8_t *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct tatu_monitor_app *app = find_verified(apps, ids + i * ID_SIZE);
        if (app == NULL) {
            return TATU_ERR_NOT_FOUND;
        }
        if (is_among(apps->next, i, &app->image)) {
            return TATU_ERR_ARGUMENT;
        }
        apps->next[i] = *app;
    }
    return TATU_OK;
}

static bool lists_next(const struct tatu_monitor_apps *apps, uint32_t count)
{
    bool same = apps->table_copy >= 0 && apps->table.app_count == count;
    for (uint32_t i = 0; same && i < count; i++) {
        const struct tatu_table_app *a = &apps->table.apps[i];
        const struct tatu_table_app *b = &apps->next[i].place;
        same = is_same_id(a->image, b->image) && a->offset == b->offset && a->len == b->len;
    }
    return same;
}

/* Writes the copy that does not count and so makes it the one that does. */
static enum tatu_err write_table(struct tatu_monitor_apps *apps, const struct tatu_table *table)
{
    /* Programming is by words; the padding stays blank. */
    uint8_t bytes[(TATU_TABLE_SIZE + 3u) & ~3u];
    uint8_t check[TATU_TABLE_SIZE];
    struct tatu_buf buf = {bytes, 0, TATU_TABLE_SIZE};
    int copy = apps->table_copy == 0 ? 1 : 0;
    memset(bytes, 0xff, sizeof(bytes));
    TATU_TRY(tatu_proto_encode_table(table, &buf));
    TATU_TRY(tatu_monitor_erase_flash(apps->chip, table_at[copy]));
    TATU_TRY(tatu_monitor_program_flash(apps->chip, table_at[copy], bytes, sizeof(bytes)));
    TATU_TRY(tatu_monitor_read_flash(apps->chip, table_at[copy], check, sizeof(check)));
    if (memcmp(check, bytes, sizeof(check)) != 0) {
        return TATU_ERR_IO;
    }
    apps->table = *table;
    apps->table_copy = copy;
    return TATU_OK;
}

static enum tatu_err commit_table(struct tatu_monitor_apps *apps, uint32_t count)
{
    struct tatu_table table = {
        .sequence = apps->table.sequence + 1,
        .preferred_set = apps->table.preferred_set,
        .app_count = (uint8_t)count,
    };
    if (lists_next(apps, count)) {
        return TATU_OK;
    }
    if (table.sequence == 0) {
        return TATU_ERR_FULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        table.apps[i] = apps->next[i].place;
    }
    return write_table(apps, &table);
}

enum tatu_err tatu_monitor_commit_apps(struct tatu_monitor_apps *apps, const uint8_t *ids,
                                       uint32_t count)
{
    if (count > TATU_TABLE_APP_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(select_next(apps, ids, count));
    TATU_TRY(commit_table(apps, count));
    /* If this fails, LIST_APPS goes on telling what the evidence tells; flash is ahead of both
     * until the caller repeats the commit or the board restarts. */
    TATU_TRY(measure(apps, apps->next, count));
    memcpy(apps->installed, apps->next, sizeof(apps->installed));
    apps->installed_count = count;
    for (uint32_t i = 0; i < TATU_MONITOR_STAGE_MAX; i++) {
        if (apps->staged[i].state == TATU_MONITOR_STAGE_VERIFIED) {
            apps->staged[i].state = TATU_MONITOR_STAGE_FREE;
        }
    }
    return TATU_OK;
}
