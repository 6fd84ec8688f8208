#include "users.h"

#include <string.h>
#include <time.h>

#include "os/lib/store.h"
#include "proto/report.h"
#include "storage.h"

#define LABEL "users of apps"
#define EVENT_SIZE_MAX 128u

static void keep_event(const struct tatu_apps *apps, enum tatu_err why)
{
    const struct tatu_event event = {
        .kind = TATU_EVENT_USERS_REFUSED, .code = (uint32_t)why, .unix_s = (uint64_t)time(NULL)};
    uint8_t bytes[EVENT_SIZE_MAX];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    uint32_t id;
    if (tatu_proto_encode_event(&event, &buf) != TATU_OK ||
        tatu_os_append_record(apps->world->monitor, TATU_RECORD_EVENT,
                              (struct tatu_span){buf.data, buf.len}, &id) != TATU_OK) {
        tatu_os_log(apps->world->log, TATU_OS_LOG_WARNING, "an event was not kept");
    }
}

static void save(struct tatu_apps *apps)
{
    uint8_t bytes[TATU_APPS_UIDS_SIZE_MAX];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    enum tatu_err err = tatu_apps_encode_uids(&apps->uids, &buf);
    if (err == TATU_OK) {
        err = tatu_os_save_sealed(apps->world->monitor, apps->world->uids_file, LABEL,
                                  (struct tatu_span){buf.data, buf.len});
    }
    apps->keeps_uids = err == TATU_OK;
    if (err != TATU_OK) {
        tatu_os_log(apps->world->log, TATU_OS_LOG_ERROR, "users of applications not kept: %s",
                    tatu_err_name(err));
    }
}

static bool keeps_nobody(void *context, const char *name)
{
    (void)context;
    (void)name;
    return false;
}

static enum tatu_err read_map(struct tatu_apps *apps)
{
    uint8_t bytes[TATU_APPS_UIDS_SIZE_MAX];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    TATU_TRY(tatu_os_load_sealed(apps->world->monitor, apps->world->uids_file, LABEL, &buf));
    return tatu_apps_decode_uids((struct tatu_span){buf.data, buf.len}, &apps->uids);
}

/* What no reading of the same bytes will mend. */
static bool is_final(enum tatu_err err)
{
    return err == TATU_ERR_SIGNATURE || err == TATU_ERR_FORMAT || err == TATU_ERR_SHORT ||
           err == TATU_ERR_LONG || err == TATU_ERR_FULL || err == TATU_ERR_NOT_FOUND;
}

static void begin_anew(struct tatu_apps *apps, enum tatu_err why)
{
    enum tatu_err err;
    const size_t count = tatu_apps_sweep_storage(apps->world->storage, keeps_nobody, NULL, &err);
    /* files without a map are as bad as a map that is wrong */
    if (why != TATU_ERR_NOT_FOUND || count != 0) {
        tatu_os_log(apps->world->log, TATU_OS_LOG_ERROR,
                    "users of applications refused: %s; %u applications lost their files",
                    tatu_err_name(why), (unsigned)count);
        keep_event(apps, why);
    }
    apps->uids = (struct tatu_apps_uids){.next = TATU_APPS_UID_FIRST};
    apps->has_uids = err == TATU_OK;
    if (apps->has_uids) {
        save(apps);
    }
}

void tatu_apps_load_users(struct tatu_apps *apps)
{
    const enum tatu_err err = read_map(apps);
    if (err == TATU_OK) {
        apps->has_uids = apps->keeps_uids = true;
    } else if (is_final(err)) {
        begin_anew(apps, err);
    } else {
        tatu_os_log(apps->world->log, TATU_OS_LOG_ERROR, "users of applications not read: %s",
                    tatu_err_name(err));
    }
}

/* Who is to be there afterwards. */
struct kept {
    const struct tatu_apps *apps;
    const struct tatu_smc_app *images;
    size_t count;
};

static bool keeps_component(const struct kept *kept, const uint8_t component[16])
{
    for (size_t i = 0; i < kept->count; i++) {
        if (memcmp(kept->images[i].component, component, 16) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < TATU_COUNT_OF(kept->apps->apps); i++) {
        const struct tatu_app *app = &kept->apps->apps[i];
        if (app->state != TATU_APP_ABSENT && memcmp(app->image.component, component, 16) == 0) {
            return true;
        }
    }
    return false;
}

/* Files are only of who has a user. */
static bool keeps_name(void *context, const char *name)
{
    const struct kept *kept = context;
    uint8_t component[16];
    return tatu_proto_parse_guid(name, strlen(name), component) == TATU_OK &&
           tatu_apps_find_uid(&kept->apps->uids, component) != 0 &&
           keeps_component(kept, component);
}

static bool drop_others(struct tatu_apps_uids *uids, const struct kept *kept)
{
    bool changed = false;
    for (size_t i = uids->count; i > 0; i--) {
        if (!keeps_component(kept, uids->entries[i - 1].component)) {
            tatu_apps_drop_uid(uids, uids->entries[i - 1].component);
            changed = true;
        }
    }
    return changed;
}

static bool give_new(struct tatu_apps *apps, const struct kept *kept)
{
    bool changed = false;
    for (size_t i = 0; i < kept->count; i++) {
        uint32_t uid;
        const enum tatu_err err = tatu_apps_give_uid(&apps->uids, kept->images[i].component, &uid);
        changed |= err == TATU_OK;
        if (err == TATU_ERR_FULL) {
            tatu_os_log(apps->world->log, TATU_OS_LOG_ERROR, "no user is left for an application");
        }
    }
    return changed;
}

void tatu_apps_sync_users(struct tatu_apps *apps, const struct tatu_smc_app *images, size_t count)
{
    struct kept kept = {apps, images, count};
    enum tatu_err err;
    if (!apps->has_uids) {
        tatu_apps_load_users(apps);
    }
    if (!apps->has_uids) {
        return;
    }
    /* the files first: were power to go in between, a user without files is the safe rest */
    (void)tatu_apps_sweep_storage(apps->world->storage, keeps_name, &kept, &err);
    const bool dropped = err == TATU_OK && drop_others(&apps->uids, &kept);
    const bool given = give_new(apps, &kept);
    if (dropped || given || !apps->keeps_uids) {
        save(apps);
    }
}

enum tatu_err tatu_apps_find_user(const struct tatu_apps *apps, const uint8_t component[16],
                                  uint32_t *out_uid)
{
    const uint32_t uid = tatu_apps_find_uid(&apps->uids, component);
    if (!apps->has_uids || !apps->keeps_uids) {
        return TATU_ERR_IO;
    }
    if (uid == 0) {
        return TATU_ERR_NOT_FOUND;
    }
    *out_uid = uid;
    return TATU_OK;
}
