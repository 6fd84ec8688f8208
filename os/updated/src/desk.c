#include "desk.h"

#include <string.h>

#include "admit.h"
#include "proto/device_errors.h"
#include "proto/image.h"

#define ID_SIZE 16u

/* What an error of the monitor is to the owner, at each step. */
struct meaning {
    enum tatu_err err; /* OK: all others */
    uint32_t number;
};
static const struct meaning begin_meanings[] = {
    {TATU_ERR_FULL, TATU_NUMBER_IMAGE_UPDATE_FAILED_TO_FIND_FREE_SPACE},
    {TATU_ERR_LONG, TATU_NUMBER_IMAGE_UPDATE_IMAGE_EXCEEDS_IMAGE_TYPE_SIZE_LIMIT},
    {TATU_ERR_ARGUMENT, TATU_NUMBER_IMAGE_UPDATE_INVALID_PARAMETER},
    {TATU_ERR_BUSY, TATU_NUMBER_REST_APP_IS_BUSY},
    {TATU_OK, TATU_NUMBER_IMAGE_UPDATE_IMAGE_STAGING_FAILED},
};
static const struct meaning data_meanings[] = {
    {TATU_ERR_STATE, TATU_NUMBER_IMAGE_UPDATE_BAD_HANDLE},
    {TATU_ERR_ARGUMENT, TATU_NUMBER_IMAGE_UPDATE_OFFSET_OUT_OF_BOUNDS},
    {TATU_OK, TATU_NUMBER_IMAGE_UPDATE_WRITE_FAILED},
};
static const struct meaning end_meanings[] = {
    {TATU_ERR_MEMORY, TATU_NUMBER_REST_OUT_OF_MEMORY},
    {TATU_ERR_STATE, TATU_NUMBER_IMAGE_UPDATE_BAD_HANDLE},
    {TATU_ERR_SHORT, TATU_NUMBER_REST_UPDATE_INVALID_IMAGE},
    {TATU_ERR_LONG, TATU_NUMBER_REST_UPDATE_INVALID_IMAGE},
    {TATU_ERR_FORMAT, TATU_NUMBER_REST_UPDATE_INVALID_IMAGE},
    {TATU_ERR_VERSION, TATU_NUMBER_REST_UPDATE_INVALID_IMAGE},
    {TATU_ERR_TYPE, TATU_NUMBER_REST_UPDATE_UNSUPPORTED_IMAGE_TYPE},
    {TATU_ERR_TIMEOUT, TATU_NUMBER_IMAGE_UPDATE_VERIFICATION_TIMED_OUT},
    {TATU_OK, TATU_NUMBER_IMAGE_UPDATE_VERIFICATION_FAILED},
};
static const struct meaning commit_meanings[] = {
    {TATU_ERR_MEMORY, TATU_NUMBER_REST_OUT_OF_MEMORY},
    {TATU_ERR_ARGUMENT, TATU_NUMBER_IMAGE_UPDATE_BAD_IMAGE_COUNT},
    {TATU_ERR_BUSY, TATU_NUMBER_REST_APP_IS_BUSY},
    {TATU_OK, TATU_NUMBER_IMAGE_UPDATE_IMAGE_INSTALL_FAILED},
};

/* Passes the error on, with its number when it has none yet. */
static enum tatu_err tell(enum tatu_err err, const struct meaning *meanings,
                          struct tatu_os_reply *reply)
{
    if (err == TATU_OK || reply->number != 0) {
        return err;
    }
    while (meanings->err != TATU_OK && meanings->err != err) {
        meanings++;
    }
    reply->number = meanings->number;
    return err;
}

/* ---- what is staged ---- */

static void close_stage(struct tatu_desk *desk)
{
    if (desk->is_open) {
        (void)tatu_os_abort_stage(desk->monitor, desk->handle);
    }
    desk->is_open = false;
}

/* Leaves out one that is staged; its place in flash is free again. */
static void drop_staged(struct tatu_desk *desk, size_t index)
{
    (void)tatu_os_abort_stage(desk->monitor, desk->staged[index].handle);
    desk->staged_count--;
    memmove(&desk->staged[index], &desk->staged[index + 1],
            (desk->staged_count - index) * sizeof(desk->staged[0]));
}

/* After a commit the monitor has given back what it did not name: then the aborts find nothing. */
static void give_back(struct tatu_desk *desk)
{
    close_stage(desk);
    while (desk->staged_count > 0) {
        drop_staged(desk, desk->staged_count - 1);
    }
    desk->was_there = false;
    tatu_hold_give(desk->hold, TATU_HOLDER_DESK);
}

static size_t find_staged(const struct tatu_desk *desk, const uint8_t component[ID_SIZE])
{
    size_t i = 0;
    while (i < desk->staged_count &&
           memcmp(desk->staged[i].image.component, component, ID_SIZE) != 0) {
        i++;
    }
    return i;
}

static enum tatu_err put_image(const struct tatu_verified_image *image, struct tatu_buf *out)
{
    uint8_t words[8];
    tatu_put_le32(words, image->image_type);
    tatu_put_le32(words + 4, image->body_len);
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(image->component)));
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(image->image)));
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(words)));
    return tatu_base_put_bytes(out, TATU_SPAN_OF(image->name));
}
_Static_assert(sizeof(((struct tatu_verified_image *)NULL)->name) + 2 * ID_SIZE + 8 ==
                   TATU_UPDATED_IMAGE_SIZE,
               "what is told of an image");

/* ---- the requests ---- */

static enum tatu_err get_state(struct tatu_desk *desk, const struct tatu_ask *ask,
                               struct tatu_os_reply *reply)
{
    const bool updating = tatu_hold_who(desk->hold) == TATU_HOLDER_ROUND;
    uint8_t words[8];
    (void)ask;
    tatu_put_le32(words, (updating ? TATU_UPDATED_IS_UPDATING : 0) |
                             (desk->staged_count > 0 ? TATU_UPDATED_IS_STAGED : 0));
    tatu_put_le32(words + 4, (uint32_t)desk->staged_count);
    TATU_TRY(tatu_base_put_bytes(&reply->payload, TATU_SPAN_OF(words)));
    for (size_t i = 0; i < desk->staged_count; i++) {
        TATU_TRY(put_image(&desk->staged[i].image, &reply->payload));
    }
    return TATU_OK;
}

static enum tatu_err begin(struct tatu_desk *desk, const struct tatu_ask *ask,
                           struct tatu_os_reply *reply)
{
    uint32_t handle = 0;
    close_stage(desk);
    if (desk->staged_count == TATU_DESK_STAGED_MAX) {
        return tell(TATU_ERR_FULL, begin_meanings, reply);
    }
    TATU_TRY(tell(tatu_os_begin_stage(desk->monitor, TATU_IMAGE_APPLICATION, ask->a, &handle),
                  begin_meanings, reply));
    desk->is_open = true;
    desk->handle = handle;
    desk->len = ask->a;
    desk->written = 0;
    reply->stays = true; /* its bytes follow */
    return TATU_OK;
}

static enum tatu_err take_data(struct tatu_desk *desk, const struct tatu_ask *ask,
                               struct tatu_os_reply *reply)
{
    if (!desk->is_open) {
        return tell(TATU_ERR_STATE, data_meanings, reply);
    }
    if (ask->a != desk->written || ask->payload.len == 0 ||
        ask->payload.len > desk->len - desk->written) {
        return tell(TATU_ERR_ARGUMENT, data_meanings, reply);
    }
    TATU_TRY(tell(tatu_os_write_stage(desk->monitor, desk->handle, ask->a, ask->payload),
                  data_meanings, reply));
    desk->written += (uint32_t)ask->payload.len;
    reply->stays = true;
    return TATU_OK;
}

/* It was verified: only what its manifest asks for can be wrong with it now. */
static enum tatu_err keep_staged(struct tatu_desk *desk, const struct tatu_verified_image *image,
                                 struct tatu_os_reply *reply)
{
    const struct tatu_update_image wanted = tatu_update_image_of_stage(image);
    const size_t same = find_staged(desk, image->component);
    TATU_TRY(tatu_update_check_image(desk->monitor, &wanted, &reply->number));
    TATU_TRY(put_image(image, &reply->payload));
    if (same < desk->staged_count) {
        drop_staged(desk, same);
    }
    desk->staged[desk->staged_count].handle = desk->handle;
    desk->staged[desk->staged_count++].image = *image;
    desk->is_open = false;
    return TATU_OK;
}

static enum tatu_err end(struct tatu_desk *desk, const struct tatu_ask *ask,
                         struct tatu_os_reply *reply)
{
    struct tatu_verified_image image;
    (void)ask;
    if (!desk->is_open) {
        return tell(TATU_ERR_STATE, end_meanings, reply);
    }
    enum tatu_err err = desk->written == desk->len
                            ? tatu_os_finish_stage(desk->monitor, desk->handle, &image)
                            : TATU_ERR_SHORT;
    if (err == TATU_ERR_EXISTS) { /* who brings an image again has what he wants */
        close_stage(desk);
        desk->was_there = true;
        return TATU_OK;
    }
    err = err == TATU_OK ? keep_staged(desk, &image, reply) : err;
    close_stage(desk);
    return tell(err, end_meanings, reply);
}

/* Makes exactly these the installed ones. */
static enum tatu_err commit(struct tatu_desk *desk, const struct tatu_update_image *images,
                            size_t count, struct tatu_os_reply *reply)
{
    uint8_t ids[TATU_SMC_APPS_MAX][ID_SIZE];
    for (size_t i = 0; i < count; i++) {
        memcpy(ids[i], images[i].image, ID_SIZE);
    }
    TATU_TRY(tell(tatu_os_commit_apps(desk->monitor, ids, count), commit_meanings, reply));
    tatu_hold_count_commit(desk->hold);
    return TATU_OK;
}

/* The installed images but those of which a newer one is staged, and of one component. */
static enum tatu_err list_kept(struct tatu_desk *desk, const uint8_t *without,
                               struct tatu_update_image out[TATU_SMC_APPS_MAX], size_t *out_count,
                               bool *out_found)
{
    struct tatu_smc_app installed[TATU_SMC_APPS_MAX];
    size_t count = 0, kept = 0;
    TATU_TRY(tatu_os_list_apps(desk->monitor, installed, &count));
    for (size_t i = 0; i < count; i++) {
        const bool named = without != NULL && memcmp(installed[i].component, without, ID_SIZE) == 0;
        const bool replaced =
            without == NULL && find_staged(desk, installed[i].component) < desk->staged_count;
        if (!named && !replaced) {
            out[kept++] = tatu_update_image_of_app(&installed[i]);
        }
    }
    *out_found = kept < count;
    *out_count = kept;
    return TATU_OK;
}

static enum tatu_err install_staged(struct tatu_desk *desk, struct tatu_os_reply *reply)
{
    struct tatu_update_image images[TATU_SMC_APPS_MAX];
    size_t count = 0, kept = 0, refused = 0;
    bool found = false;
    TATU_TRY(tell(list_kept(desk, NULL, images, &kept, &found), commit_meanings, reply));
    count = kept + desk->staged_count;
    if (count > TATU_SMC_APPS_MAX) {
        return tell(TATU_ERR_ARGUMENT, commit_meanings, reply);
    }
    for (size_t i = 0; i < desk->staged_count; i++) {
        images[kept + i] = tatu_update_image_of_stage(&desk->staged[i].image);
    }
    TATU_TRY(tell(tatu_update_admit(desk->monitor, images, count, kept, &refused, &reply->number),
                  commit_meanings, reply));
    TATU_TRY(commit(desk, images, count, reply));
    for (size_t i = 0; i < desk->staged_count; i++) {
        desk->installed(desk->context, &desk->staged[i].image);
    }
    return TATU_OK;
}

static enum tatu_err install(struct tatu_desk *desk, const struct tatu_ask *ask,
                             struct tatu_os_reply *reply)
{
    const bool nothing_new = desk->staged_count == 0 && desk->was_there;
    if (ask->a != TATU_UPDATED_AUTO && ask->a != TATU_UPDATED_MANUAL) {
        reply->number = TATU_NUMBER_IMAGE_UPDATE_INVALID_PARAMETER;
        return TATU_ERR_ARGUMENT;
    }
    if (desk->staged_count == 0 && !nothing_new) {
        reply->number = TATU_NUMBER_PARTITION_NO_IMAGES_TO_INSTALL;
        return TATU_ERR_STATE;
    }
    const enum tatu_err err = nothing_new ? TATU_OK : install_staged(desk, reply);
    if (err == TATU_OK && !nothing_new) {
        desk->changed(desk->context, ask->a == TATU_UPDATED_MANUAL);
    }
    /* also when it was refused: it would be in the way of the next deployment */
    give_back(desk);
    return err;
}

static enum tatu_err remove_app(struct tatu_desk *desk, const struct tatu_ask *ask,
                                struct tatu_os_reply *reply)
{
    struct tatu_update_image images[TATU_SMC_APPS_MAX];
    size_t count = 0;
    bool found = false;
    if (ask->payload.len != ID_SIZE) {
        reply->number = TATU_NUMBER_REST_APP_CANNOT_PARSE_COMPONENT_ID;
        return TATU_ERR_ARGUMENT;
    }
    enum tatu_err err =
        tell(list_kept(desk, ask->payload.data, images, &count, &found), commit_meanings, reply);
    if (err == TATU_OK && found) {
        err = commit(desk, images, count, reply);
        if (err == TATU_OK) {
            desk->changed(desk->context, false);
        }
    }
    give_back(desk);
    return err;
}

static enum tatu_err check(struct tatu_desk *desk, const struct tatu_ask *ask,
                           struct tatu_os_reply *reply)
{
    (void)ask;
    (void)reply;
    desk->check(desk->context);
    return TATU_OK;
}

static const struct {
    uint32_t op;
    bool holds; /* not while a deployment is under way */
    enum tatu_err (*act)(struct tatu_desk *desk, const struct tatu_ask *ask,
                         struct tatu_os_reply *reply);
} ops[] = {
    {TATU_UPDATED_STATE, false, get_state},     {TATU_UPDATED_STAGE_BEGIN, true, begin},
    {TATU_UPDATED_STAGE_DATA, true, take_data}, {TATU_UPDATED_STAGE_END, true, end},
    {TATU_UPDATED_INSTALL, true, install},      {TATU_UPDATED_REMOVE, true, remove_app},
    {TATU_UPDATED_CHECK, false, check},
};

static bool is_in_use(const struct tatu_desk *desk)
{
    return desk->is_open || desk->staged_count > 0 || desk->was_there;
}

enum tatu_err tatu_desk_act(void *context, const struct tatu_os_asked *asked,
                            struct tatu_os_reply *reply)
{
    struct tatu_desk *desk = context;
    if (asked->introduced || (asked->uid != 0 && asked->uid != TATU_DESK_GATEWAYD_UID)) {
        return TATU_ERR_DENIED;
    }
    for (size_t i = 0; i < TATU_COUNT_OF(ops); i++) {
        if (ops[i].op != asked->ask.op) {
            continue;
        }
        if (ops[i].holds && !tatu_hold_take(desk->hold, TATU_HOLDER_DESK)) {
            reply->number = TATU_NUMBER_IMAGE_UPDATE_OTA_UPDATE_IN_PROGRESS;
            return TATU_ERR_BUSY;
        }
        const enum tatu_err err = ops[i].act(desk, &asked->ask, reply);
        if (ops[i].holds) {
            desk->last_ms = tatu_os_now_ms();
            if (!is_in_use(desk)) {
                tatu_hold_give(desk->hold, TATU_HOLDER_DESK);
            }
        }
        return err;
    }
    return TATU_ERR_UNKNOWN_COMMAND;
}

uint64_t tatu_desk_tick(struct tatu_desk *desk, uint64_t now_ms)
{
    if (!is_in_use(desk)) {
        return 0;
    }
    if (now_ms >= desk->last_ms + TATU_DESK_IDLE_MS) {
        give_back(desk);
        return 0;
    }
    return desk->last_ms + TATU_DESK_IDLE_MS;
}
