/* A deployment: what is missing is staged, all of it admitted, then committed in one step. What was
 * staged and cannot be committed yet, because applications have put the update off, is kept. */
#ifndef TATU_UPDATED_DEPLOY_H
#define TATU_UPDATED_DEPLOY_H

#include "admit.h"
#include "hold.h"
#include "os/updated/updated.h"

struct tatu_deploy {
    const struct tatu_os_monitor *monitor;
    struct tatu_hold *hold;
    /** Brings the package of an image into an open stage. */
    enum tatu_err (*fetch)(void *context, const struct tatu_deployment_image *image,
                           uint32_t handle);
    /** Keeps an event for the owner. */
    void (*note)(void *context, enum tatu_event_kind kind,
                 const struct tatu_deployment_image *image, uint32_t code);
    /** Whether the applications let it go on now; if not, when to ask again. */
    bool (*may_go)(void *context, uint32_t *out_wait_s);
    /** Other images are installed now. */
    void (*changed)(void *context);
    void *context;

    bool is_ready; /* all that is missing is staged, and the whole is admitted */
    uint8_t ready[16];
    size_t staged_count;
    uint32_t handles[TATU_EVIDENCE_APP_MAX];
    struct tatu_update_image staged[TATU_EVIDENCE_APP_MAX];

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
 *             DIGEST  the service brought another image
 *             those of admission (it is not tried again before it or the device changed), of the
 *             download, of the monitor and the vault; nothing was installed and nothing is staged
 */
enum tatu_err tatu_deploy_run(struct tatu_deploy *deploy, const struct tatu_deployment *deployment,
                              uint32_t *out_wait_s);

#endif
