#include "applibs/eventloop.h"

#include "eventloop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 8
#define ALL_EVENTS (EventLoop_Input | EventLoop_Output | EventLoop_Error)

struct EventRegistration {
    EventRegistration *next;
    EventLoop *loop; /* NULL once unregistered inside a callback */
    int fd;
    EventLoopIoCallback *callback;
    void *context;
    void (*ended)(const EventRegistration *reg); /* NULL: nobody is told */
};

struct EventLoop {
    int epoll_fd;
    int stop_fd;
    bool running;
    bool stopped;
    EventRegistration *live;
    EventRegistration *dead; /* unregistered while running; freed when the run ends */
};

static uint32_t to_epoll(EventLoop_IoEvents events)
{
    return ((events & EventLoop_Input) != 0 ? (uint32_t)EPOLLIN : 0u) |
           ((events & EventLoop_Output) != 0 ? (uint32_t)EPOLLOUT : 0u) |
           ((events & EventLoop_Error) != 0 ? (uint32_t)EPOLLERR : 0u);
}

static EventLoop_IoEvents from_epoll(uint32_t events)
{
    return ((events & (EPOLLIN | EPOLLHUP)) != 0 ? EventLoop_Input : 0u) |
           ((events & EPOLLOUT) != 0 ? EventLoop_Output : 0u) |
           ((events & (EPOLLERR | EPOLLHUP)) != 0 ? EventLoop_Error : 0u);
}

void tatu_applibs_on_end(EventRegistration *reg, void (*ended)(const EventRegistration *reg))
{
    reg->ended = ended;
}

static void tell_ended(const EventRegistration *reg)
{
    if (reg->ended != NULL) {
        reg->ended(reg);
    }
}

static void free_list(EventRegistration *list)
{
    while (list != NULL) {
        EventRegistration *next = list->next;
        free(list);
        list = next;
    }
}

EventLoop *EventLoop_Create(void)
{
    EventLoop *el = calloc(1, sizeof(*el));
    if (el == NULL) {
        return NULL;
    }
    el->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    el->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (el->epoll_fd < 0 || el->stop_fd < 0 ||
        epoll_ctl(el->epoll_fd, EPOLL_CTL_ADD, el->stop_fd, &event) != 0) {
        int saved = errno;
        EventLoop_Close(el);
        errno = saved;
        return NULL;
    }
    return el;
}

void EventLoop_Close(EventLoop *el)
{
    if (el == NULL) {
        return;
    }
    if (el->epoll_fd >= 0) {
        (void)close(el->epoll_fd);
    }
    if (el->stop_fd >= 0) {
        (void)close(el->stop_fd);
    }
    for (const EventRegistration *reg = el->live; reg != NULL; reg = reg->next) {
        tell_ended(reg);
    }
    free_list(el->live);
    free_list(el->dead);
    free(el);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Calls back for each event; whether at least one callback ran. */
static bool dispatch(EventLoop *el, const struct epoll_event *events, int count, bool only_one)
{
    bool ran = false;
    for (int i = 0; i < count && !el->stopped; i++) {
        EventRegistration *reg = events[i].data.ptr;
        if (reg == NULL) {
            uint64_t ignored;
            (void)!read(el->stop_fd, &ignored, sizeof(ignored));
            el->stopped = true;
        } else if (reg->loop != NULL) {
            reg->callback(el, reg->fd, from_epoll(events[i].events), reg->context);
            ran = true;
            if (only_one) {
                break;
            }
        }
    }
    return ran;
}

static EventLoop_Run_Result run_until(EventLoop *el, int duration_ms, bool only_one)
{
    const int64_t end = now_ms() + duration_ms;
    bool ran = false;
    for (;;) {
        int64_t left = duration_ms < 0 ? -1 : end - now_ms();
        struct epoll_event events[EVENTS_AT_ONCE];
        int count = epoll_wait(el->epoll_fd, events, only_one ? 1 : EVENTS_AT_ONCE,
                               duration_ms < 0 ? -1 : (left > 0 ? (int)left : 0));
        if (count < 0) {
            return EventLoop_Run_Failed;
        }
        ran |= dispatch(el, events, count, only_one);
        if (el->stopped || (ran && only_one)) {
            return EventLoop_Run_Finished;
        }
        if (duration_ms >= 0 && now_ms() >= end) {
            return ran ? EventLoop_Run_Finished : EventLoop_Run_FinishedEmpty;
        }
    }
}

EventLoop_Run_Result EventLoop_Run(EventLoop *el, int durationInMilliseconds, bool processOneEvent)
{
    if (el == NULL) {
        errno = EFAULT;
        return EventLoop_Run_Failed;
    }
    if (durationInMilliseconds < -1 || el->running) {
        errno = el->running ? EBUSY : EINVAL;
        return EventLoop_Run_Failed;
    }
    el->running = true;
    el->stopped = false;
    EventLoop_Run_Result result = run_until(el, durationInMilliseconds, processOneEvent);
    int saved = errno;
    el->running = false;
    free_list(el->dead);
    el->dead = NULL;
    errno = saved;
    return result;
}

int EventLoop_GetWaitDescriptor(EventLoop *el)
{
    if (el == NULL) {
        errno = EFAULT;
        return -1;
    }
    return el->epoll_fd;
}

int EventLoop_Stop(EventLoop *el)
{
    if (el == NULL) {
        errno = EFAULT;
        return -1;
    }
    const uint64_t one = 1;
    return write(el->stop_fd, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}

EventRegistration *EventLoop_RegisterIo(EventLoop *el, int fd, EventLoop_IoEvents eventBitmask,
                                        EventLoopIoCallback *callback, void *context)
{
    if (el == NULL || callback == NULL) {
        errno = EFAULT;
        return NULL;
    }
    if ((eventBitmask & ~(EventLoop_IoEvents)ALL_EVENTS) != 0) {
        errno = EINVAL;
        return NULL;
    }
    EventRegistration *reg = calloc(1, sizeof(*reg));
    if (reg == NULL) {
        return NULL;
    }
    *reg = (EventRegistration){
        .next = el->live, .loop = el, .fd = fd, .callback = callback, .context = context};
    struct epoll_event event = {.events = to_epoll(eventBitmask), .data.ptr = reg};
    if (epoll_ctl(el->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        int saved = errno;
        free(reg);
        errno = saved;
        return NULL;
    }
    el->live = reg;
    return reg;
}

int EventLoop_ModifyIoEvents(EventLoop *el, EventRegistration *reg, EventLoop_IoEvents eventBitmask)
{
    if (el == NULL || reg == NULL) {
        errno = EFAULT;
        return -1;
    }
    if (reg->loop != el || (eventBitmask & ~(EventLoop_IoEvents)ALL_EVENTS) != 0) {
        errno = EINVAL;
        return -1;
    }
    struct epoll_event event = {.events = to_epoll(eventBitmask), .data.ptr = reg};
    return epoll_ctl(el->epoll_fd, EPOLL_CTL_MOD, reg->fd, &event);
}

int EventLoop_UnregisterIo(EventLoop *el, EventRegistration *reg)
{
    if (el == NULL || reg == NULL) {
        errno = EFAULT;
        return -1;
    }
    for (EventRegistration **place = &el->live; *place != NULL; place = &(*place)->next) {
        if (*place != reg) {
            continue;
        }
        *place = reg->next;
        /* a descriptor that was closed before has left the set already */
        (void)epoll_ctl(el->epoll_fd, EPOLL_CTL_DEL, reg->fd, NULL);
        reg->loop = NULL;
        tell_ended(reg);
        if (el->running) {
            reg->next = el->dead;
            el->dead = reg;
        } else {
            free(reg);
        }
        return 0;
    }
    errno = EINVAL;
    return -1;
}
