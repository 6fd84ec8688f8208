#include "events.h"

#include <errno.h>

#define MINUTE_MS 60000u
#define ASK_AGAIN_MAX_S 60u
/* An update that was let go and is not heard of again has failed; the next is a new one. */
#define GO_FOR_MS (10u * MINUTE_MS)

static uint32_t minutes_left(const struct tatu_apps_events *events, uint64_t now_ms)
{
    const uint64_t gone = (now_ms - events->learned_ms) / MINUTE_MS;
    return gone < TATU_APPS_DEFER_MAX_MIN ? TATU_APPS_DEFER_MAX_MIN - (uint32_t)gone : 0;
}

static size_t tell(const struct tatu_apps_events *events, uint32_t status, uint32_t minutes)
{
    const struct tatu_apps_event event = {TATU_SYSTEM_EVENT_READY, status, minutes, events->type};
    return events->tell(events->context, &event);
}

/* The ten seconds before it happens; at once when nobody listens. */
static void warn(struct tatu_apps_events *events, uint64_t now_ms)
{
    const uint32_t left = minutes_left(events, now_ms);
    const size_t count =
        tell(events, left != 0 ? TATU_SYSTEM_EVENT_PENDING : TATU_SYSTEM_EVENT_FINAL, left);
    events->state = left != 0 ? TATU_APPS_EVENTS_WARNED : TATU_APPS_EVENTS_FINAL;
    events->until_ms = now_ms + (count == 0 ? 0 : TATU_APPS_WARNING_MS);
}

static void advance(struct tatu_apps_events *events, uint32_t type, uint64_t now_ms)
{
    if (events->state == TATU_APPS_EVENTS_GO && now_ms - events->until_ms >= GO_FOR_MS) {
        events->state = TATU_APPS_EVENTS_IDLE;
    }
    switch (events->state) {
    case TATU_APPS_EVENTS_IDLE:
        events->type = type;
        events->learned_ms = now_ms;
        warn(events, now_ms);
        break;
    case TATU_APPS_EVENTS_DEFERRED:
        if (now_ms >= events->until_ms) {
            warn(events, now_ms);
        }
        break;
    case TATU_APPS_EVENTS_WARNED:
    case TATU_APPS_EVENTS_FINAL:
    case TATU_APPS_EVENTS_GO:
        break;
    }
    if ((events->state == TATU_APPS_EVENTS_WARNED || events->state == TATU_APPS_EVENTS_FINAL) &&
        now_ms >= events->until_ms) {
        events->state = TATU_APPS_EVENTS_GO;
    }
}

static void pass_on(const struct tatu_apps_events *events, uint32_t event, uint32_t status,
                    uint32_t type)
{
    const struct tatu_apps_event told = {event, status, 0, type};
    (void)events->tell(events->context, &told);
}

enum tatu_err tatu_apps_note_event(struct tatu_apps_events *events, uint32_t event, uint32_t status,
                                   uint32_t type, uint64_t now_ms, struct tatu_apps_go *out)
{
    const bool asks = event == TATU_SYSTEM_EVENT_READY && status == TATU_SYSTEM_EVENT_NO_STATUS;
    if ((event != TATU_SYSTEM_EVENT_READY && event != TATU_SYSTEM_EVENT_STARTED &&
         event != TATU_SYSTEM_EVENT_NO_UPDATE) ||
        (!asks && status != TATU_SYSTEM_EVENT_NO_STATUS && status != TATU_SYSTEM_EVENT_COMPLETE) ||
        type > TATU_SYSTEM_EVENT_SYSTEM) {
        return TATU_ERR_ARGUMENT;
    }
    if (!asks) {
        if (event != TATU_SYSTEM_EVENT_STARTED) {
            /* over, or no more wanted */
            events->state = TATU_APPS_EVENTS_IDLE;
        }
        pass_on(events, event, status, type);
        *out = (struct tatu_apps_go){.go = true};
        return TATU_OK;
    }
    advance(events, type, now_ms);
    if (events->state == TATU_APPS_EVENTS_GO) {
        *out = (struct tatu_apps_go){.go = true};
        return TATU_OK;
    }
    const uint64_t wait_s = (events->until_ms - now_ms + 999) / 1000;
    *out = (struct tatu_apps_go){.wait_s =
                                     wait_s < ASK_AGAIN_MAX_S ? (uint32_t)wait_s : ASK_AGAIN_MAX_S};
    return TATU_OK;
}

int tatu_apps_defer_event(struct tatu_apps_events *events, uint32_t event, uint32_t minutes,
                          uint64_t now_ms)
{
    if (event != TATU_SYSTEM_EVENT_READY || minutes == 0) {
        return EINVAL;
    }
    if (events->state != TATU_APPS_EVENTS_WARNED && events->state != TATU_APPS_EVENTS_DEFERRED) {
        return ENOENT;
    }
    const uint32_t left = minutes_left(events, now_ms);
    if (minutes > left) {
        return ERANGE;
    }
    const uint64_t until_ms = now_ms + (uint64_t)minutes * MINUTE_MS;
    /* of several applications the one that waits longest counts */
    if (events->state != TATU_APPS_EVENTS_DEFERRED || until_ms > events->until_ms) {
        events->until_ms = until_ms;
    }
    events->state = TATU_APPS_EVENTS_DEFERRED;
    (void)tell(events, TATU_SYSTEM_EVENT_DEFERRED, left);
    return 0;
}

int tatu_apps_resume_event(struct tatu_apps_events *events, uint32_t event, uint64_t now_ms)
{
    if (event != TATU_SYSTEM_EVENT_READY) {
        return EINVAL;
    }
    if (events->state != TATU_APPS_EVENTS_DEFERRED) {
        return ENOENT;
    }
    events->until_ms = now_ms;
    return 0;
}
