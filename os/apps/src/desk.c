/* What the rest of the system asks appman about applications. */
#include <stdio.h>
#include <string.h>

#include "container.h"
#include "proto/device_errors.h"
#include "state.h"
#include "storage.h"

static struct tatu_span component_of(const struct tatu_os_asked *asked)
{
    return asked->ask.payload;
}

static enum tatu_err find_asked(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                                struct tatu_os_reply *reply, struct tatu_app **out)
{
    const struct tatu_span component = component_of(asked);
    if (component.len != 16) {
        return TATU_ERR_FORMAT;
    }
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        struct tatu_app *app = &apps->apps[i];
        if (app->state != TATU_APP_ABSENT &&
            memcmp(app->image.component, component.data, component.len) == 0) {
            *out = app;
            return TATU_OK;
        }
    }
    reply->number = TATU_NUMBER_REST_APP_APP_NOT_PRESENT;
    return TATU_ERR_NOT_FOUND;
}

static uint32_t state_of(const struct tatu_app *app)
{
    switch (app->state) {
    case TATU_APP_WAITING:
        return TATU_APPMAN_APP_WAITING;
    case TATU_APP_RUNNING:
        return TATU_APPMAN_APP_RUNNING;
    case TATU_APP_STOPPING:
        return TATU_APPMAN_APP_STOPPING;
    case TATU_APP_REFUSED:
        return TATU_APPMAN_APP_REFUSED;
    case TATU_APP_ABSENT:
    case TATU_APP_STOPPED:
        break;
    }
    return TATU_APPMAN_APP_STOPPED;
}

static enum tatu_err put_app(const struct tatu_app *app, struct tatu_os_reply *reply)
{
    uint8_t bytes[TATU_APPMAN_APP_SIZE] = {0};
    memcpy(bytes, app->image.component, 16);
    memcpy(bytes + 16, app->image.image, 16);
    tatu_put_le32(bytes + 32, state_of(app));
    tatu_put_le32(bytes + 36, app->uid);
    tatu_put_le32(bytes + 40, app->starts);
    tatu_put_le32(bytes + 44, app->restart_ms);
    (void)snprintf((char *)bytes + 48, 32, "%s", app->manifest.name);
    return tatu_base_put_bytes(&reply->payload, TATU_SPAN_OF(bytes));
}

static enum tatu_err list(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                          struct tatu_os_reply *reply)
{
    (void)asked;
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        if (apps->apps[i].state != TATU_APP_ABSENT) {
            TATU_TRY(put_app(&apps->apps[i], reply));
        }
    }
    return TATU_OK;
}

static enum tatu_err tell_state(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                                struct tatu_os_reply *reply)
{
    struct tatu_app *app;
    TATU_TRY(find_asked(apps, asked, reply, &app));
    return put_app(app, reply);
}

static enum tatu_err trigger(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                             struct tatu_os_reply *reply)
{
    struct tatu_app *app;
    TATU_TRY(find_asked(apps, asked, reply, &app));
    switch (asked->ask.a) {
    case TATU_APPMAN_TRIGGER_START:
        if (app->state == TATU_APP_REFUSED) {
            reply->number = TATU_NUMBER_REST_APP_CANNOT_START_APP;
            return TATU_ERR_STATE;
        }
        tatu_apps_start_app(app);
        break;
    case TATU_APPMAN_TRIGGER_STOP:
        tatu_apps_stop_app(app);
        break;
    case TATU_APPMAN_TRIGGER_START_DEBUG:
        /* there is no debugger on this system */
        reply->number = TATU_NUMBER_REST_APP_CANNOT_START_DEBUG;
        return TATU_ERR_STATE;
    default:
        reply->number = TATU_NUMBER_REST_APP_TRIGGER_DOES_NOT_EXIST;
        return TATU_ERR_ARGUMENT;
    }
    return put_app(app, reply);
}

static enum tatu_err put_word(struct tatu_os_reply *reply, uint32_t word)
{
    uint8_t bytes[4];
    tatu_put_le32(bytes, word);
    return tatu_base_put_bytes(&reply->payload, TATU_SPAN_OF(bytes));
}

static enum tatu_err tell_quota(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                                struct tatu_os_reply *reply)
{
    struct tatu_app *app;
    TATU_TRY(find_asked(apps, asked, reply, &app));
    const uint64_t used = tatu_apps_get_stored(apps->world->storage, app->component);
    TATU_TRY(put_word(reply, (uint32_t)((used + 1023) / 1024)));
    return put_word(reply, app->manifest.storage_kb);
}

enum tatu_err tatu_apps_put_memory(struct tatu_apps *apps, struct tatu_os_reply *reply)
{
    struct tatu_apps_memory memory = {0};
    uint8_t bytes[TATU_REQUEST_MEMORY_SIZE];
    /* before the first application there is no control group, and nothing is used */
    (void)tatu_apps_measure(apps, &memory);
    tatu_put_le64(bytes, memory.total);
    tatu_put_le64(bytes + 8, memory.user);
    tatu_put_le64(bytes + 16, apps->user_peak);
    return tatu_base_put_bytes(&reply->payload, TATU_SPAN_OF(bytes));
}

static enum tatu_err tell_profile(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                                  struct tatu_os_reply *reply)
{
    (void)asked;
    TATU_TRY(put_word(reply, apps->profile));
    return put_word(reply, tatu_apps_get_percent(apps->profile));
}

static enum tatu_err tell_memory(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                                 struct tatu_os_reply *reply)
{
    (void)asked;
    return tatu_apps_put_memory(apps, reply);
}

static enum tatu_err tell_log(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                              struct tatu_os_reply *reply)
{
    struct tatu_app *app;
    TATU_TRY(find_asked(apps, asked, reply, &app));
    struct tatu_buf bytes = {reply->payload.data + 4, 0, reply->payload.cap - 4};
    const uint32_t next = tatu_apps_read_ring(&app->ring, asked->ask.a, &bytes);
    TATU_TRY(put_word(reply, next));
    reply->payload.len += bytes.len;
    return TATU_OK;
}

static enum tatu_err note_event(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                                struct tatu_os_reply *reply)
{
    struct tatu_apps_go go;
    TATU_TRY(tatu_apps_note_event(&apps->events, asked->ask.a, asked->ask.b, asked->ask.c,
                                  tatu_os_now_ms(), &go));
    TATU_TRY(put_word(reply, go.go));
    return put_word(reply, go.wait_s);
}

static enum tatu_err reload(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                            struct tatu_os_reply *reply)
{
    (void)reply;
    return asked->ask.a > 1 ? TATU_ERR_ARGUMENT : tatu_apps_reload(apps, asked->ask.a == 1);
}

enum tatu_err tatu_apps_act(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                            struct tatu_os_reply *reply)
{
    static const struct {
        uint32_t op;
        enum tatu_err (*act)(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                             struct tatu_os_reply *reply);
    } acts[] = {
        {TATU_APPMAN_RELOAD, reload},
        {TATU_APPMAN_LIST, list},
        {TATU_APPMAN_APP_STATE, tell_state},
        {TATU_APPMAN_APP_TRIGGER, trigger},
        {TATU_APPMAN_QUOTA, tell_quota},
        {TATU_APPMAN_MEMORY, tell_memory},
        {TATU_APPMAN_APP_LOG, tell_log},
        {TATU_APPMAN_UPDATE_EVENT, note_event},
        {TATU_APPMAN_POWER_PROFILE, tell_profile},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(acts); i++) {
        if (acts[i].op == asked->ask.op) {
            return acts[i].act(apps, asked, reply);
        }
    }
    return TATU_ERR_UNKNOWN_COMMAND;
}
