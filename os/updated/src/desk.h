/* Sideloading: one image after the other is staged, then all of them are installed beside what is
 * there. Who may is gatewayd's to know; that an image is one of the owner's, the vault's. */
#ifndef TATU_UPDATED_DESK_H
#define TATU_UPDATED_DESK_H

#include "hold.h"
#include "os/lib/request.h"
#include "os/lib/sm.h"

#define TATU_DESK_STAGED_MAX 4u     /* the monitor holds no more */
#define TATU_DESK_IDLE_MS 300000u   /* who begins and says nothing more gives its place back */
#define TATU_DESK_GATEWAYD_UID 113u /* besides root, who may ask */

struct tatu_desk {
    const struct tatu_os_monitor *monitor;
    struct tatu_hold *hold;
    /* What follows a commit and a check; the program's, so that tests can look. */
    void (*changed)(void *context, bool manual);
    void (*installed)(void *context, const struct tatu_verified_image *image);
    void (*check)(void *context);
    void *context;

    uint64_t last_ms; /* of the last request about staging */
    bool is_open;
    uint32_t handle;
    uint32_t len;
    uint32_t written;
    bool was_there; /* an image that is installed already was brought */
    size_t staged_count;
    struct {
        uint32_t handle;
        struct tatu_verified_image image;
    } staged[TATU_DESK_STAGED_MAX];
};

/** Answers one request of proto/request.h's TATU_UPDATED_*; a tatu_os_act with the desk as context.
 *  Errors: DENIED, UNKNOWN_COMMAND, ARGUMENT, STATE, BUSY; those of admission; the monitor's. */
enum tatu_err tatu_desk_act(void *desk, const struct tatu_os_asked *asked,
                            struct tatu_os_reply *reply);

/** Gives everything back when nothing was heard for TATU_DESK_IDLE_MS. When to call again, in
 *  milliseconds since boot; 0 when there is nothing to wait for. */
uint64_t tatu_desk_tick(struct tatu_desk *desk, uint64_t now_ms);

#endif
