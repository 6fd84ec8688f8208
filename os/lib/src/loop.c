#include "os/lib/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum tatu_err tatu_os_init_loop(struct tatu_os_loop *loop)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);

    if (fd < 0) {
        return TATU_ERR_IO;
    }
    *loop = (struct tatu_os_loop){.epoll_fd = fd};
    return TATU_OK;
}

void tatu_os_done_loop(struct tatu_os_loop *loop)
{
    (void)close(loop->epoll_fd);
    loop->epoll_fd = -1;
}

enum tatu_err tatu_os_add_watch(struct tatu_os_loop *loop, struct tatu_os_watch *watch,
                                uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0 ? TATU_OK : TATU_ERR_IO;
}

void tatu_os_remove_watch(struct tatu_os_loop *loop, struct tatu_os_watch *watch)
{
    /* Fails only for what is not watched, and then there is nothing to do. */
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (size_t i = 0; i < TATU_OS_LOOP_BATCH; i++) {
        if (loop->batch[i] == watch) {
            loop->batch[i] = NULL;
        }
    }
}

uint64_t tatu_os_now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t tatu_os_get_backoff(uint32_t failures, uint64_t first_ms, uint64_t max_ms)
{
    uint64_t wait_ms = first_ms;

    for (uint32_t i = 1; i < failures && wait_ms < max_ms; i++) {
        wait_ms *= 2;
    }
    return wait_ms < max_ms ? wait_ms : max_ms;
}

void tatu_os_clear_timer(struct tatu_os_loop *loop, struct tatu_os_timer *timer)
{
    for (struct tatu_os_timer **at = &loop->timers; *at != NULL; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    }
    timer->at_ms = 0;
    timer->next = NULL;
}

void tatu_os_set_timer(struct tatu_os_loop *loop, struct tatu_os_timer *timer, uint64_t at_ms)
{
    struct tatu_os_timer **at = &loop->timers;

    tatu_os_clear_timer(loop, timer);
    while (*at != NULL && (*at)->at_ms <= at_ms) {
        at = &(*at)->next;
    }
    timer->at_ms = at_ms;
    timer->next = *at;
    *at = timer;
}

/* Fires what is due, each at most once per turn even if it is set to the past again. */
static void fire_timers(struct tatu_os_loop *loop)
{
    uint64_t now = tatu_os_now_ms();

    while (loop->timers != NULL && loop->timers->at_ms <= now && !loop->stopped) {
        struct tatu_os_timer *timer = loop->timers;

        tatu_os_clear_timer(loop, timer);
        timer->fire(timer);
        if (timer->at_ms != 0 && timer->at_ms <= now) {
            break;
        }
    }
}

static int time_to_wait(const struct tatu_os_loop *loop)
{
    uint64_t now = tatu_os_now_ms();

    if (loop->timers == NULL) {
        return -1;
    }
    if (loop->timers->at_ms <= now) {
        return 0;
    }
    return loop->timers->at_ms - now > INT_MAX ? INT_MAX : (int)(loop->timers->at_ms - now);
}

static void deliver(struct tatu_os_loop *loop, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        loop->batch[i] = events[i].data.ptr;
    }
    for (int i = 0; i < count && !loop->stopped; i++) {
        struct tatu_os_watch *watch = loop->batch[i];

        if (watch != NULL) {
            watch->ready(watch, events[i].events);
        }
    }
    for (int i = 0; i < count; i++) {
        loop->batch[i] = NULL;
    }
}

enum tatu_err tatu_os_run_loop(struct tatu_os_loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped) {
        struct epoll_event events[TATU_OS_LOOP_BATCH];
        int count = epoll_wait(loop->epoll_fd, events, TATU_OS_LOOP_BATCH, time_to_wait(loop));

        if (count < 0 && errno != EINTR) {
            return TATU_ERR_IO;
        }
        if (count > 0) {
            deliver(loop, events, count);
        }
        fire_timers(loop);
    }
    return TATU_OK;
}

void tatu_os_stop_loop(struct tatu_os_loop *loop)
{
    loop->stopped = true;
}
