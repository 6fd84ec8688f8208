/* System events: an update that is ready tells the applications first, and those that may can put
 * it off; at most a day from when the device learned of it. No clock, no sockets: times are given,
 * messages go out by a function. Source: docs/protocol/requests.md. */
#ifndef TATU_APPS_EVENTS_H
#define TATU_APPS_EVENTS_H

#include "base/base.h"
#include "proto/request.h"

#define TATU_APPS_WARNING_MS 10000u
#define TATU_APPS_DEFER_MAX_MIN 1440u

struct tatu_apps_event {
    uint32_t event;  /* TATU_SYSTEM_EVENT_* */
    uint32_t status; /* TATU_SYSTEM_EVENT_PENDING... */
    uint32_t minutes;
    uint32_t type;
};

enum tatu_apps_events_state {
    TATU_APPS_EVENTS_IDLE = 0,
    TATU_APPS_EVENTS_WARNED,   /* PENDING was told; may be put off until until_ms */
    TATU_APPS_EVENTS_DEFERRED, /* until until_ms */
    TATU_APPS_EVENTS_FINAL,    /* FINAL was told */
    TATU_APPS_EVENTS_GO,       /* it was let go on */
};

struct tatu_apps_events {
    /** Tells everybody who listens to the event. Returns how many. */
    size_t (*tell)(void *context, const struct tatu_apps_event *event);
    void *context;
    enum tatu_apps_events_state state;
    uint32_t type;
    uint64_t learned_ms;
    uint64_t until_ms;
};

/** What the updater is answered. */
struct tatu_apps_go {
    bool go;
    uint32_t wait_s; /* when to ask again, if not */
};

/**
 * The updater tells of an event. READY without a status asks whether the update may go on; with
 * COMPLETE it is over. Other events are passed on. Errors: ARGUMENT.
 */
enum tatu_err tatu_apps_note_event(struct tatu_apps_events *events, uint32_t event, uint32_t status,
                                   uint32_t type, uint64_t now_ms, struct tatu_apps_go *out);

/* Of an application; an errno, 0 is success. */
/** EINVAL another event than READY, or no minutes; ERANGE more than is left; ENOENT there is
 *  nothing to put off (now). */
int tatu_apps_defer_event(struct tatu_apps_events *events, uint32_t event, uint32_t minutes,
                          uint64_t now_ms);
/** EINVAL; ENOENT nothing was put off. */
int tatu_apps_resume_event(struct tatu_apps_events *events, uint32_t event, uint64_t now_ms);

#endif
