#include "deploy.h"

#include <string.h>

#include "os/manifest/manifest.h"
#include "proto/image.h"

#define ID_SIZE 16u

static void give_back(struct tatu_deploy *deploy)
{
    for (size_t i = 0; i < deploy->staged_count; i++) {
        (void)tatu_os_abort_stage(deploy->monitor, deploy->handles[i]);
    }
    deploy->staged_count = 0;
    deploy->is_ready = false;
    tatu_hold_give(deploy->hold, TATU_HOLDER_ROUND);
}

/* Once for the same image: it is tried again and again. */
static void note_once(struct tatu_deploy *deploy, enum tatu_event_kind kind,
                      const struct tatu_deployment_image *image, uint32_t code)
{
    if (memcmp(deploy->told_image, image->image, ID_SIZE) != 0) {
        memcpy(deploy->told_image, image->image, ID_SIZE);
        deploy->note(deploy->context, kind, image, code);
    }
}

/* ---- staging ---- */

/* Downloaded, and verified in flash by the vault. */
static enum tatu_err fill_stage(struct tatu_deploy *deploy,
                                const struct tatu_deployment_image *image, uint32_t handle,
                                struct tatu_verified_image *out)
{
    struct tatu_verified_image verified;
    TATU_TRY(deploy->fetch(deploy->context, image, handle));
    TATU_TRY(tatu_os_finish_stage(deploy->monitor, handle, &verified));
    if (memcmp(verified.digest, image->digest, sizeof(image->digest)) != 0 ||
        memcmp(verified.image, image->image, ID_SIZE) != 0) {
        return TATU_ERR_DIGEST;
    }
    *out = verified;
    return TATU_OK;
}

static enum tatu_err begin(struct tatu_deploy *deploy, const struct tatu_deployment_image *image)
{
    uint32_t handle = 0;
    TATU_TRY(
        tatu_os_begin_stage(deploy->monitor, TATU_IMAGE_APPLICATION, image->size_bytes, &handle));
    deploy->handles[deploy->staged_count] = handle;
    deploy->staged[deploy->staged_count] = (struct tatu_update_image){.body_len = 0};
    deploy->staged_count++;
    return TATU_OK;
}

static enum tatu_err fill_last(struct tatu_deploy *deploy,
                               const struct tatu_deployment_image *image)
{
    struct tatu_verified_image verified;
    const size_t last = deploy->staged_count - 1;
    TATU_TRY(fill_stage(deploy, image, deploy->handles[last], &verified));
    deploy->staged[last] = tatu_update_image_of_stage(&verified);
    return TATU_OK;
}

static void drop_last(struct tatu_deploy *deploy)
{
    deploy->staged_count--;
    (void)tatu_os_abort_stage(deploy->monitor, deploy->handles[deploy->staged_count]);
}

static const struct tatu_update_image *find_staged(const struct tatu_deploy *deploy,
                                                   const uint8_t id[ID_SIZE])
{
    for (size_t i = 0; i < deploy->staged_count; i++) {
        if (memcmp(deploy->staged[i].image, id, ID_SIZE) == 0) {
            return &deploy->staged[i];
        }
    }
    return NULL;
}

/* One after the other, until there is no more room; then the rest is for another round. */
static enum tatu_err stage_missing(struct tatu_deploy *deploy,
                                   const struct tatu_deployment *deployment,
                                   const struct tatu_update_plan *plan)
{
    for (size_t i = 0; i < plan->missing_count; i++) {
        const struct tatu_deployment_image *image = &deployment->images[plan->missing[i]];
        if (find_staged(deploy, image->image) != NULL) {
            continue;
        }
        enum tatu_err err = begin(deploy, image);
        if (err == TATU_ERR_FULL && deploy->staged_count > 0) {
            return TATU_OK;
        }
        err = err == TATU_OK ? fill_last(deploy, image) : err;
        if (err != TATU_OK) {
            note_once(deploy, TATU_EVENT_INSTALL_FAILED, image, (uint32_t)err);
            return err;
        }
    }
    return TATU_OK;
}

/* Stages one of a later round, in the place of others if it must, to be looked at and dropped. */
static enum tatu_err stage_ahead(struct tatu_deploy *deploy,
                                 const struct tatu_deployment_image *image)
{
    enum tatu_err err = begin(deploy, image);
    while (err == TATU_ERR_FULL && deploy->staged_count > 0) {
        drop_last(deploy);
        err = begin(deploy, image);
    }
    err = err == TATU_OK ? fill_last(deploy, image) : err;
    if (err != TATU_OK) {
        note_once(deploy, TATU_EVENT_INSTALL_FAILED, image, (uint32_t)err);
    }
    return err;
}

/* ---- admission ---- */

/* What is installed, and what is to do about it. */
struct look {
    struct tatu_smc_app installed[TATU_SMC_APPS_MAX];
    size_t count;
    struct tatu_update_plan plan;
    bool is_needed;
};

static bool find_image(const struct tatu_deploy *deploy, const struct look *seen,
                       const uint8_t id[ID_SIZE], struct tatu_update_image *out)
{
    const struct tatu_update_image *staged = find_staged(deploy, id);
    if (staged != NULL) {
        *out = *staged;
        return true;
    }
    for (size_t i = 0; i < seen->count; i++) {
        if (memcmp(seen->installed[i].image, id, ID_SIZE) == 0) {
            *out = tatu_update_image_of_app(&seen->installed[i]);
            return true;
        }
    }
    return false;
}

static void note_refused(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                         const struct tatu_deployment_image *image, uint32_t number)
{
    const bool is_news =
        !deploy->was_refused || memcmp(deploy->refused, deployment->deployment, ID_SIZE) != 0;
    deploy->was_refused = true;
    memcpy(deploy->refused, deployment->deployment, ID_SIZE);
    deploy->refused_commits = tatu_hold_commits(deploy->hold);
    if (is_news) {
        deploy->note(deploy->context, TATU_EVENT_INSTALL_REFUSED, image, number);
    }
}

static enum tatu_err admit_one(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                               const struct tatu_deployment_image *image,
                               const struct tatu_update_image *there,
                               struct tatu_admission *admission)
{
    uint32_t number = 0;
    const enum tatu_err err = tatu_update_admit_one(deploy->monitor, there, admission, &number);
    if (err != TATU_OK && number == TATU_NUMBER_NONE) { /* nothing was said about it: again later */
        note_once(deploy, TATU_EVENT_INSTALL_FAILED, image, (uint32_t)err);
    } else if (err != TATU_OK) {
        note_refused(deploy, deployment, image, number);
    }
    return err;
}

/* All of it together, also what can be staged in a later round only. */
static enum tatu_err admit(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                           const struct look *seen)
{
    struct tatu_admission admission = {0};
    for (size_t i = 0; i < deployment->image_count; i++) {
        const struct tatu_deployment_image *image = &deployment->images[i];
        struct tatu_update_image there;
        const bool is_there = find_image(deploy, seen, image->image, &there);
        if (!is_there) {
            TATU_TRY(stage_ahead(deploy, image));
            there = deploy->staged[deploy->staged_count - 1];
        }
        TATU_TRY(admit_one(deploy, deployment, image, &there, &admission));
        if (!is_there) {
            drop_last(deploy);
        }
    }
    return TATU_OK;
}

/* ---- what is half done ---- */

static bool is_half(struct tatu_deploy *deploy)
{
    if (!deploy->knows_half) {
        /* what cannot be read is as if there were none: applications are asked once more */
        deploy->is_half = tatu_kept_load_half(deploy->kept, deploy->half) == TATU_OK;
        deploy->knows_half = true;
    }
    return deploy->is_half;
}

/* A store that is full must not hold up what is to be installed. */
static void begin_half(struct tatu_deploy *deploy, const struct tatu_deployment *deployment)
{
    if (is_half(deploy) && memcmp(deploy->half, deployment->deployment, ID_SIZE) == 0) {
        return;
    }
    memcpy(deploy->half, deployment->deployment, ID_SIZE);
    deploy->is_half = true;
    (void)tatu_kept_save_half(deploy->kept, deploy->half);
}

static void end_half(struct tatu_deploy *deploy)
{
    if (is_half(deploy)) {
        deploy->is_half = false;
        (void)tatu_kept_drop_half(deploy->kept);
    }
}

/* ---- the whole ---- */

/* What was admitted before the first round is admitted. */
static enum tatu_err make_ready(struct tatu_deploy *deploy,
                                const struct tatu_deployment *deployment, const struct look *seen)
{
    const bool goes_on =
        is_half(deploy) && memcmp(deploy->half, deployment->deployment, ID_SIZE) == 0;
    TATU_TRY(stage_missing(deploy, deployment, &seen->plan));
    if (!goes_on) {
        TATU_TRY(admit(deploy, deployment, seen));
        TATU_TRY(stage_missing(deploy, deployment, &seen->plan));
    }
    deploy->is_ready = true;
    memcpy(deploy->ready, deployment->deployment, ID_SIZE);
    return TATU_OK;
}

/* The image that this component has after the round: the new one as soon as it is there. */
static const uint8_t *choose_image(const struct tatu_deploy *deploy, const struct look *seen,
                                   const struct tatu_deployment_image *image)
{
    struct tatu_update_image there;
    if (find_image(deploy, seen, image->image, &there)) {
        return image->image;
    }
    for (size_t i = 0; i < seen->count; i++) {
        if (memcmp(seen->installed[i].component, image->component, ID_SIZE) == 0) {
            return seen->installed[i].image;
        }
    }
    return NULL;
}

static enum tatu_err commit(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                            const struct look *seen, bool is_last)
{
    uint8_t ids[TATU_EVIDENCE_APP_MAX][ID_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < deployment->image_count; i++) {
        const uint8_t *id = choose_image(deploy, seen, &deployment->images[i]);
        if (id != NULL) {
            memcpy(ids[count++], id, ID_SIZE);
        }
    }
    TATU_TRY(tatu_os_commit_apps(deploy->monitor, ids, count));
    for (size_t i = 0; i < seen->plan.missing_count; i++) {
        const struct tatu_deployment_image *image = &deployment->images[seen->plan.missing[i]];
        if (find_staged(deploy, image->image) != NULL) {
            deploy->note(deploy->context, TATU_EVENT_INSTALLED, image, 0);
        }
    }
    deploy->staged_count = 0; /* the monitor has none any more */
    deploy->changed(deploy->context, is_last);
    return TATU_OK;
}

/* It was refused, and neither it nor what is installed has changed since. */
static bool is_hopeless(const struct tatu_deploy *deploy, const struct tatu_deployment *deployment)
{
    return deploy->was_refused && memcmp(deploy->refused, deployment->deployment, ID_SIZE) == 0 &&
           deploy->refused_commits == tatu_hold_commits(deploy->hold);
}

static enum tatu_err look(const struct tatu_deploy *deploy,
                          const struct tatu_deployment *deployment, struct look *out)
{
    TATU_TRY(tatu_os_list_apps(deploy->monitor, out->installed, &out->count));
    tatu_updated_make_plan(deployment, out->installed, out->count, &out->plan);
    out->is_needed = out->plan.differs && !is_hopeless(deploy, deployment);
    return TATU_OK;
}

/* Each round installs at least one image: what is staged is never nothing while one is missing. */
static enum tatu_err run_rounds(struct tatu_deploy *deploy,
                                const struct tatu_deployment *deployment, struct look *seen)
{
    while (deploy->staged_count < seen->plan.missing_count) {
        begin_half(deploy, deployment);
        TATU_TRY(commit(deploy, deployment, seen, false));
        TATU_TRY(look(deploy, deployment, seen));
        TATU_TRY(stage_missing(deploy, deployment, &seen->plan));
    }
    return commit(deploy, deployment, seen, true);
}

/* Puts what is ready into place, unless the applications put it off. */
static enum tatu_err go_on(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                           struct look *seen, uint32_t *out_wait_s)
{
    uint32_t wait_s = 0;
    if (!is_half(deploy) && !deploy->may_go(deploy->context, &wait_s)) {
        *out_wait_s = wait_s;
        return TATU_OK;
    }
    const enum tatu_err err = run_rounds(deploy, deployment, seen);
    give_back(deploy);
    if (err == TATU_OK) {
        end_half(deploy);
        *out_wait_s = 0;
    }
    return err;
}

enum tatu_err tatu_deploy_run(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                              uint32_t *out_wait_s)
{
    struct look seen;
    if (deploy->is_ready && memcmp(deploy->ready, deployment->deployment, ID_SIZE) != 0) {
        give_back(deploy);
    }
    TATU_TRY(look(deploy, deployment, &seen));
    if (seen.is_needed && !tatu_hold_take(deploy->hold, TATU_HOLDER_ROUND)) {
        return TATU_ERR_BUSY;
    }
    /* once more: until now the desk may have changed what is installed */
    enum tatu_err err = seen.is_needed ? look(deploy, deployment, &seen) : TATU_OK;
    if (err == TATU_OK && seen.is_needed && !deploy->is_ready) {
        err = make_ready(deploy, deployment, &seen);
    }
    if (err == TATU_OK && seen.is_needed) {
        return go_on(deploy, deployment, &seen, out_wait_s);
    }
    give_back(deploy);
    if (err == TATU_OK) {
        end_half(deploy);
        *out_wait_s = 0;
    }
    return err;
}
