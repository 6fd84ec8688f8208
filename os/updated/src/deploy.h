/* A deployment: what is missing is staged, all of it admitted, then committed in one step. What was
 * staged and cannot be committed yet, because applications have put the update off, is kept.
 *
 * The monitor holds four packages, and flash has no room for any number of old and new ones. What
 * does not go in at once goes in rounds, each committed in one step: after each of them every
 * component of the deployment is there in its old or its new image. Before the first everything was
 * downloaded, verified and admitted as a whole once; after it only power and network can stand in
 * the way, and when they are back it goes on. */
#ifndef TATU_UPDATED_DEPLOY_H
#define TATU_UPDATED_DEPLOY_H

#include "admit.h"
#include "hold.h"
#include "kept.h"
#include "os/updated/updated.h"

struct tatu_deploy {
    const struct tatu_os_monitor *monitor;
    struct tatu_hold *hold;
    const struct tatu_kept *kept;
    /** Brings the package of an image into an open stage. */
    enum tatu_err (*fetch)(void *context, const struct tatu_deployment_image *image,
                           uint32_t handle);
    /** Keeps an event for the owner. */
    void (*note)(void *context, enum tatu_event_kind kind,
                 const struct tatu_deployment_image *image, uint32_t code);
    /** Whether the applications let it go on now; if not, when to ask again. */
    bool (*may_go)(void *context, uint32_t *out_wait_s);
    /** Other images are installed now. is_last: no round follows; else what was replaced reads its
     *  flash no more when this returns. */
    void (*changed)(void *context, bool is_last);
    void *context;

    bool is_ready; /* what is missing is staged as far as it goes, and the whole is admitted */
    uint8_t ready[16];
    size_t staged_count;
    uint32_t handles[TATU_EVIDENCE_APP_MAX];
    struct tatu_update_image staged[TATU_EVIDENCE_APP_MAX];

    bool knows_half; /* the store was asked */
    bool is_half;    /* a round was committed, and it was not the last */
    uint8_t half[16];

    uint8_t told_image[16]; /* the last one that could not be installed; told once */
    bool was_refused;       /* the deployment below asks for what cannot be granted */
    uint8_t refused[16];
    uint32_t refused_commits; /* of the desk, then */
};

/**
 * Installs what the deployment says, or goes on with it.
 *
 * deployment  checked
 * out_wait_s  0, or it is put off: when to ask again
 *
 * Errors      BUSY    the desk is at it; later
 *             FULL    flash has no room for one image even alone
 *             DIGEST  the service brought another image
 *             those of admission (it is not tried again before it or the device changed), of the
 *             download, of the monitor and the vault; nothing is staged, and nothing was installed
 *             since the last whole round
 */
enum tatu_err tatu_deploy_run(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                              uint32_t *out_wait_s);

#endif
