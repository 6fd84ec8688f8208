#include "apps.h"

#include "chip.h"
#include "mem.h"
#include "table.h"
#include "vault.h"

#define ID_SIZE 16u

static bool is_same_id(const uint8_t *a, const uint8_t *b)
{
    return b != NULL && memcmp(a, b, ID_SIZE) == 0;
}

const struct tatu_monitor_app *tatu_monitor_find_app(const struct tatu_monitor_app *list,
                                                     uint32_t count, const uint8_t *image,
                                                     const uint8_t *component)
{
    for (uint32_t i = 0; i < count; i++) {
        if (is_same_id(list[i].image.image, image) ||
            is_same_id(list[i].image.component, component)) {
            return &list[i];
        }
    }
    return NULL;
}

void tatu_monitor_init_apps(struct tatu_monitor_apps *apps, struct tatu_monitor_chip *chip,
                            struct tatu_monitor_vault *vault)
{
    memset(apps, 0, sizeof(*apps));
    apps->chip = chip;
    apps->vault = vault;
}

enum tatu_err tatu_monitor_verify_app(struct tatu_monitor_apps *apps, uint32_t index)
{
    if (index >= apps->table.app_count || apps->installed_count >= TATU_TABLE_APP_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_monitor_app app = {.place = apps->table.apps[index]};
    TATU_TRY(tatu_monitor_verify_image(apps->vault, TATU_MAP_FLASH_BASE + app.place.offset,
                                       app.place.len, TATU_IMAGE_APPLICATION, 0, &app.image));
    if (tatu_monitor_find_app(apps->installed, apps->installed_count, app.image.image,
                              app.image.component) != NULL) {
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
    message.data[message.len++] = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++) {
        TATU_TRY(tatu_base_put_bytes(&message, TATU_SPAN_OF(list[i].image.component)));
        TATU_TRY(tatu_base_put_bytes(&message, TATU_SPAN_OF(list[i].image.image)));
        TATU_TRY(tatu_base_put_bytes(&message, TATU_SPAN_OF(list[i].image.digest)));
    }
    return tatu_monitor_order_vault(apps->vault, TATU_VAULT_MEASURE_APPS,
                                    (struct tatu_span){message.data, message.len}, NULL, 0);
}

enum tatu_err tatu_monitor_measure_apps(struct tatu_monitor_apps *apps)
{
    return measure(apps, apps->installed, apps->installed_count);
}

const struct tatu_monitor_app *tatu_monitor_find_verified(const struct tatu_monitor_apps *apps,
                                                          const uint8_t *image)
{
    for (uint32_t i = 0; i < TATU_MONITOR_STAGE_MAX; i++) {
        const struct tatu_monitor_stage *stage = &apps->staged[i];
        if (stage->state == TATU_MONITOR_STAGE_VERIFIED &&
            is_same_id(stage->app.image.image, image)) {
            return &stage->app;
        }
    }
    return tatu_monitor_find_app(apps->installed, apps->installed_count, image, NULL);
}

/* Fills apps->next with what the ids stand for. */
static enum tatu_err select_next(struct tatu_monitor_apps *apps, const uint8_t *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct tatu_monitor_app *app = tatu_monitor_find_verified(apps, ids + i * ID_SIZE);
        if (app == NULL) {
            return TATU_ERR_NOT_FOUND;
        }
        if (tatu_monitor_find_app(apps->next, i, app->image.image, app->image.component) != NULL) {
            return TATU_ERR_ARGUMENT;
        }
        apps->next[i] = *app;
    }
    return TATU_OK;
}

static enum tatu_err commit_table(struct tatu_monitor_apps *apps, uint32_t count)
{
    struct tatu_table table = {
        .preferred_set = apps->table.preferred_set,
        .app_count = (uint8_t)count,
    };
    for (uint32_t i = 0; i < count; i++) {
        table.apps[i] = apps->next[i].place;
    }
    return tatu_monitor_write_table(apps, &table);
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
