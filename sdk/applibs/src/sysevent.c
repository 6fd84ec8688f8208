#include "applibs/sysevent.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "eventloop.h"

APPLIBS_SAME(SysEvent_Events_UpdateReadyForInstall, TATU_SYSTEM_EVENT_READY);
APPLIBS_SAME(SysEvent_Events_UpdateStarted, TATU_SYSTEM_EVENT_STARTED);
APPLIBS_SAME(SysEvent_Events_NoUpdateAvailable, TATU_SYSTEM_EVENT_NO_UPDATE);
APPLIBS_SAME(SysEvent_Events_Mask, TATU_SYSTEM_EVENT_ALL);

struct SysEvent_Info {
    uint32_t event;
    uint32_t status;
    uint32_t minutes;
    uint32_t type;
};

struct registration {
    struct registration *next;
    EventLoop *loop;
    EventRegistration *io;
    int fd; /* the connection that brings events */
    SysEvent_EventsCallback callback;
    void *context;
};

/* Those of all threads. */
static struct {
    pthread_mutex_t lock;
    struct registration *first;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the list ---- */

static void add(struct registration *one)
{
    (void)pthread_mutex_lock(&all.lock);
    one->next = all.first;
    all.first = one;
    (void)pthread_mutex_unlock(&all.lock);
}

/* Takes out the registration that is known as io. */
static struct registration *take(const EventRegistration *io)
{
    struct registration *found = NULL;
    (void)pthread_mutex_lock(&all.lock);
    for (struct registration **place = &all.first; *place != NULL; place = &(*place)->next) {
        if ((*place)->io == io) {
            found = *place;
            *place = found->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&all.lock);
    return found;
}

static bool has_loop(const EventLoop *loop)
{
    bool found = false;
    (void)pthread_mutex_lock(&all.lock);
    for (const struct registration *one = all.first; one != NULL; one = one->next) {
        found |= one->loop == loop;
    }
    (void)pthread_mutex_unlock(&all.lock);
    return found;
}

static EventLoop *find_loop(const EventRegistration *io)
{
    EventLoop *found = NULL;
    (void)pthread_mutex_lock(&all.lock);
    for (const struct registration *one = all.first; one != NULL; one = one->next) {
        found = one->io == io ? one->loop : found;
    }
    (void)pthread_mutex_unlock(&all.lock);
    return found;
}

/* Its loop ended, or it did: nothing stays behind under its address. */
static void on_end(const EventRegistration *io)
{
    struct registration *one = take(io);
    if (one != NULL) {
        (void)close(one->fd);
        free(one);
    }
}

/* ---- events ---- */

/* The system took the connection away. Its number stays taken until the registration ends, so that
 * no other descriptor is taken for it; what stands there never is ready. */
static void fall_silent(int fd)
{
    const int quiet = eventfd(0, EFD_CLOEXEC);
    if (quiet >= 0) {
        (void)dup3(quiet, fd, O_CLOEXEC);
        (void)close(quiet);
    }
}

static void on_ready(EventLoop *el, int fd, EventLoop_IoEvents events, void *context)
{
    const struct registration *one = context;
    uint8_t bytes[TATU_REQUEST_EVENT_SIZE];
    (void)el;
    (void)events;
    const ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got != (ssize_t)sizeof(bytes)) {
        fall_silent(fd);
        return;
    }
    const SysEvent_Info info = {tatu_get_le32(bytes), tatu_get_le32(bytes + 4),
                                tatu_get_le32(bytes + 8), tatu_get_le32(bytes + 12)};
    /* it may end the registration: nothing is looked at after it */
    one->callback(info.event, (SysEvent_Status)info.status, &info, one->context);
}

static struct registration *open_registration(EventLoop *el, SysEvent_Events mask)
{
    const struct applibs_request request = {.op = TATU_REQUEST_EVENTS, .a = mask};
    struct registration *one = calloc(1, sizeof(*one));
    if (one == NULL) {
        return NULL;
    }
    one->fd = tatu_applibs_ask_connection(&request);
    one->loop = el;
    one->io =
        one->fd < 0 ? NULL : EventLoop_RegisterIo(el, one->fd, EventLoop_Input, on_ready, one);
    if (one->io == NULL) {
        const int saved = errno;
        if (one->fd >= 0) {
            (void)close(one->fd);
        }
        free(one);
        errno = saved;
        return NULL;
    }
    return one;
}

EventRegistration *SysEvent_RegisterForEventNotifications(EventLoop *el,
                                                          SysEvent_Events eventBitmask,
                                                          SysEvent_EventsCallback callback,
                                                          void *context)
{
    int problem = 0;
    if (el == NULL || callback == NULL) {
        problem = EFAULT;
    } else if (eventBitmask == 0 || (eventBitmask & ~(SysEvent_Events)SysEvent_Events_Mask) != 0) {
        problem = EINVAL;
    } else if (has_loop(el)) {
        problem = EBUSY;
    }
    if (problem != 0) {
        errno = problem;
        return NULL;
    }
    struct registration *one = open_registration(el, eventBitmask);
    if (one == NULL) {
        return NULL;
    }
    one->callback = callback;
    one->context = context;
    tatu_applibs_on_end(one->io, on_end);
    add(one);
    return one->io;
}

int SysEvent_UnregisterForEventNotifications(EventRegistration *reg)
{
    if (reg == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    EventLoop *loop = find_loop(reg);
    return loop == NULL ? tatu_applibs_fail(EINVAL) : EventLoop_UnregisterIo(loop, reg);
}

/* ---- about events ---- */

int SysEvent_Info_GetUpdateData(const SysEvent_Info *info, SysEvent_Info_UpdateData *update_info)
{
    if (info == NULL || update_info == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (info->event != SysEvent_Events_UpdateReadyForInstall) {
        return tatu_applibs_fail(EINVAL);
    }
    *update_info = (SysEvent_Info_UpdateData){.max_deferral_time_in_minutes = info->minutes,
                                              .update_type = (SysEvent_UpdateType)info->type};
    return 0;
}

int SysEvent_DeferEvent(SysEvent_Events event, uint32_t requestedDefermentTimeInMinutes)
{
    const struct applibs_request request = {
        .op = TATU_REQUEST_DEFER, .a = event, .b = requestedDefermentTimeInMinutes};
    return tatu_applibs_do(&request);
}

int SysEvent_ResumeEvent(SysEvent_Events event)
{
    const struct applibs_request request = {.op = TATU_REQUEST_RESUME, .a = event};
    return tatu_applibs_do(&request);
}
