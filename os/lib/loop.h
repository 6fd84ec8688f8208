/*
 * Event loop of a daemon: descriptors, one-shot timers, signals; one thread, no heap. What is
 * watched belongs to its owner and must stay until it is removed.
 */
#ifndef TATU_OS_LIB_LOOP_H
#define TATU_OS_LIB_LOOP_H

#include "base/base.h"

#define TATU_OS_LOOP_BATCH 16u

struct tatu_os_loop;

/** A watched descriptor. `ready` may remove any watch. */
struct tatu_os_watch {
    void (*ready)(struct tatu_os_watch *watch, uint32_t events); /* EPOLL* bits */
    void *context;
    int fd;
};

/** A timer; `fire` may set it again. */
struct tatu_os_timer {
    void (*fire)(struct tatu_os_timer *timer);
    void *context;
    uint64_t at_ms; /* on the boot clock; 0 is off */
    struct tatu_os_timer *next;
};

struct tatu_os_loop {
    int epoll_fd;
    bool stopped;
    struct tatu_os_timer *timers; /* soonest first */
    /* events being delivered: removing a watch takes its events away */
    struct tatu_os_watch *batch[TATU_OS_LOOP_BATCH];
};

/** Errors: IO. */
enum tatu_err tatu_os_init_loop(struct tatu_os_loop *loop);
void tatu_os_done_loop(struct tatu_os_loop *loop);

/** Errors: IO. */
enum tatu_err tatu_os_add_watch(struct tatu_os_loop *loop, struct tatu_os_watch *watch,
                                uint32_t events);
void tatu_os_remove_watch(struct tatu_os_loop *loop, struct tatu_os_watch *watch);

/** Milliseconds since boot. */
uint64_t tatu_os_now_ms(void);

/** How long to wait after so many failures in a row: first_ms, doubled for each more, at most
 * max_ms. */
uint64_t tatu_os_get_backoff(uint32_t failures, uint64_t first_ms, uint64_t max_ms);

void tatu_os_set_timer(struct tatu_os_loop *loop, struct tatu_os_timer *timer, uint64_t at_ms);
void tatu_os_clear_timer(struct tatu_os_loop *loop, struct tatu_os_timer *timer);

/** Until `tatu_os_stop_loop`. Errors: IO. */
enum tatu_err tatu_os_run_loop(struct tatu_os_loop *loop);
void tatu_os_stop_loop(struct tatu_os_loop *loop);

#endif
