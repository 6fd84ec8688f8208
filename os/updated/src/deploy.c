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

static enum tatu_err stage(struct tatu_deploy *deploy, const struct tatu_deployment_image *image)
{
    struct tatu_verified_image verified;
    uint32_t handle = 0;
    TATU_TRY(
        tatu_os_begin_stage(deploy->monitor, TATU_IMAGE_APPLICATION, image->size_bytes, &handle));
    deploy->handles[deploy->staged_count] = handle;
    deploy->staged[deploy->staged_count] = (struct tatu_update_image){.body_len = 0};
    deploy->staged_count++;
    TATU_TRY(fill_stage(deploy, image, handle, &verified));
    deploy->staged[deploy->staged_count - 1] = tatu_update_image_of_stage(&verified);
    return TATU_OK;
}

static enum tatu_err stage_missing(struct tatu_deploy *deploy,
                                   const struct tatu_deployment *deployment,
                                   const struct tatu_update_plan *plan)
{
    for (size_t i = 0; i < plan->missing_count; i++) {
        const struct tatu_deployment_image *image = &deployment->images[plan->missing[i]];
        const enum tatu_err err = stage(deploy, image);
        if (err != TATU_OK) {
            note_once(deploy, TATU_EVENT_INSTALL_FAILED, image, (uint32_t)err);
            return err;
        }
    }
    return TATU_OK;
}

/* ---- admission ---- */

static bool find_image(const struct tatu_deploy *deploy, const uint8_t id[ID_SIZE],
                       const struct tatu_smc_app *installed, size_t count,
                       struct tatu_update_image *out)
{
    for (size_t i = 0; i < deploy->staged_count; i++) {
        if (memcmp(deploy->staged[i].image, id, ID_SIZE) == 0) {
            *out = deploy->staged[i];
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (memcmp(installed[i].image, id, ID_SIZE) == 0) {
            *out = tatu_update_image_of_app(&installed[i]);
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

static enum tatu_err admit(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                           const struct tatu_smc_app *installed, size_t installed_count)
{
    struct tatu_update_image images[TATU_EVIDENCE_APP_MAX];
    size_t refused = 0;
    uint32_t number = 0;
    for (size_t i = 0; i < deployment->image_count; i++) {
        if (!find_image(deploy, deployment->images[i].image, installed, installed_count,
                        &images[i])) {
            return TATU_ERR_NOT_FOUND;
        }
    }
    const enum tatu_err err =
        tatu_update_admit(deploy->monitor, images, deployment->image_count, 0, &refused, &number);
    if (err != TATU_OK && number == TATU_NUMBER_NONE) { /* nothing was said about it: again later */
        note_once(deploy, TATU_EVENT_INSTALL_FAILED, &deployment->images[refused], (uint32_t)err);
    } else if (err != TATU_OK) {
        note_refused(deploy, deployment, &deployment->images[refused], number);
    }
    return err;
}

/* ---- the whole ---- */

/* What is installed, and what is to do about it. */
struct look {
    struct tatu_smc_app installed[TATU_SMC_APPS_MAX];
    size_t count;
    struct tatu_update_plan plan;
    bool is_needed;
};

static enum tatu_err make_ready(struct tatu_deploy *deploy,
                                const struct tatu_deployment *deployment, const struct look *seen)
{
    TATU_TRY(stage_missing(deploy, deployment, &seen->plan));
    TATU_TRY(admit(deploy, deployment, seen->installed, seen->count));
    deploy->is_ready = true;
    memcpy(deploy->ready, deployment->deployment, ID_SIZE);
    return TATU_OK;
}

static enum tatu_err commit(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                            const struct tatu_update_plan *plan)
{
    uint8_t ids[TATU_EVIDENCE_APP_MAX][ID_SIZE];
    for (size_t i = 0; i < deployment->image_count; i++) {
        memcpy(ids[i], deployment->images[i].image, ID_SIZE);
    }
    TATU_TRY(tatu_os_commit_apps(deploy->monitor, ids, deployment->image_count));
    for (size_t i = 0; i < plan->missing_count; i++) {
        deploy->note(deploy->context, TATU_EVENT_INSTALLED, &deployment->images[plan->missing[i]],
                     0);
    }
    deploy->changed(deploy->context);
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

/* Puts what is ready into place, unless the applications put it off. */
static enum tatu_err go_on(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                           const struct tatu_update_plan *plan, uint32_t *out_wait_s)
{
    uint32_t wait_s = 0;
    if (!deploy->may_go(deploy->context, &wait_s)) {
        *out_wait_s = wait_s;
        return TATU_OK;
    }
    const enum tatu_err err = commit(deploy, deployment, plan);
    give_back(deploy);
    if (err == TATU_OK) {
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
        return go_on(deploy, deployment, &seen.plan, out_wait_s);
    }
    give_back(deploy);
    if (err == TATU_OK) {
        *out_wait_s = 0;
    }
    return err;
}
