/* What is known of the applications; shared by the files of this room. */
#ifndef TATU_APPS_STATE_H
#define TATU_APPS_STATE_H

#include "events.h"
#include "os/apps/apps.h"
#include "os/manifest/admission.h"
#include "proto/image.h"
#include "proto/request.h"
#include "proto/smc.h"
#include "ring.h"
#include "uids.h"
#include "wear.h"

#define TATU_APPS_LINE_MAX 2048u

enum tatu_app_state {
    TATU_APP_ABSENT = 0,
    TATU_APP_WAITING, /* to be started at next_ms */
    TATU_APP_RUNNING,
    TATU_APP_STOPPING, /* SIGTERM is sent; SIGKILL at next_ms */
    TATU_APP_STOPPED,  /* until its owner starts it */
    TATU_APP_REFUSED,  /* it asks for what another has, or cannot be read */
};

struct tatu_app {
    struct tatu_apps *apps;
    enum tatu_app_state state;
    bool wanted; /* false: to be gone when it has stopped */
    bool held;   /* to stay stopped when it has */
    struct tatu_smc_app image;
    struct tatu_manifest manifest;
    struct tatu_manifest_cost cost;
    char component[TATU_GUID_TEXT_SIZE];
    uint32_t uid;
    pid_t pid;
    struct tatu_os_watch control; /* listening */
    struct tatu_os_watch pending; /* a connection whose request has not come yet; one at a time */
    struct tatu_os_watch output;
    struct tatu_os_watch listener; /* a connection that system events go to */
    uint32_t listens_to;           /* TATU_SYSTEM_EVENT_* */
    int status_fd;                 /* launch tells there how the application ended */
    struct tatu_apps_wear wear;
    bool wears_out; /* it was told to wait, and has not written since */
    uint64_t next_ms;
    uint64_t started_ms;
    uint64_t ended_ms;
    uint64_t reported_ms; /* when its end was last kept as an event */
    uint32_t failures;    /* in a row */
    uint32_t starts;      /* since it was installed or the board started */
    uint32_t restart_ms;  /* from its last end to its last start */
    char line[TATU_APPS_LINE_MAX];
    size_t line_len;
    struct tatu_apps_ring ring;
};

/* A controller that an application has open, by its connection. */
#define TATU_APPS_HOLD_COUNT 4u /* three of PWM, one ADC */
struct tatu_apps_hold {
    struct tatu_app *app; /* NULL: nobody */
    uint32_t op;          /* that opened it */
    struct tatu_os_watch watch;
    char folder[128]; /* of the kernel's */
};

struct tatu_apps {
    const struct tatu_apps_world *world;
    struct tatu_os_timer due;
    struct tatu_apps_events events;
    struct tatu_apps_uids uids;
    bool has_uids;     /* they were read */
    bool keeps_uids;   /* and what changed is written */
    bool manual;       /* what comes new stays stopped */
    uint64_t retry_ms; /* 0, or when the monitor is asked again what is installed */
    uint32_t failures; /* of that question, in a row */
    enum tatu_power_profile profile;
    uint64_t user_peak; /* bytes */
    struct tatu_apps_hold holds[TATU_APPS_HOLD_COUNT];
    struct tatu_app apps[TATU_SMC_APPS_MAX];
};

/* ---- life (apps.c) ---- */

/** By its owner: starts at once, or stops and stays so. */
void tatu_apps_start_app(struct tatu_app *app);
void tatu_apps_stop_app(struct tatu_app *app);
/** How much of the processor applications may use together. */
uint32_t tatu_apps_get_percent(enum tatu_power_profile profile);
/** An application that is installed, NULL for none. */
struct tatu_app *tatu_apps_find(struct tatu_apps *apps, const uint8_t component[16]);
/** From now on this connection gets the system events of mask. */
void tatu_apps_listen(struct tatu_app *app, int fd, uint32_t mask);

#endif
