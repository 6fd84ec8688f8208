#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "desk.h"
#include "os/lib/loop.h"
#include "updater.h"

#define LISTENING_FD 3      /* appman's gift */
#define ROUND_STACK 131072u /* a TLS handshake; a manifest */
#define RETRY_MS 1000u
#define HANDLE_MAX 65536u /* eleven days of as many stages as the monitor begins */

/* The socket is served by the loop. A round, which waits for the network, is a thread of its own
 * that lives as long as the round does; meanwhile all that changes in the updater is its alone. */
struct updated {
    struct tatu_os_loop loop;
    struct tatu_os_monitor monitor;
    struct tatu_os_log log;
    struct tatu_hold hold;
    struct tatu_updater updater;
    struct tatu_desk desk;
    struct tatu_os_server server;
    struct tatu_os_timer due;
    struct tatu_os_timer idle;
    struct tatu_os_watch done;
    pthread_t round;
    bool is_running;
    bool is_wanted; /* a check was asked for while a round ran */
    uint64_t wait_ms;
};

/* ---- rounds ---- */

static void *run_round(void *context)
{
    struct updated *updated = context;
    const uint64_t one = 1;
    updated->wait_ms = tatu_updater_advance(&updated->updater);
    if (write(updated->done.fd, &one, sizeof(one)) != sizeof(one)) {
        _exit(1); /* nobody would ever begin another round; appman starts us again */
    }
    return NULL;
}

static void on_due(struct tatu_os_timer *timer)
{
    struct updated *updated = timer->context;
    pthread_attr_t small;
    if (updated->is_running) {
        return;
    }
    updated->is_running = pthread_attr_init(&small) == 0 &&
                          pthread_attr_setstacksize(&small, ROUND_STACK) == 0 &&
                          pthread_create(&updated->round, &small, run_round, updated) == 0;
    if (!updated->is_running) {
        tatu_os_set_timer(&updated->loop, timer, tatu_os_now_ms() + RETRY_MS);
    }
}

static void on_done(struct tatu_os_watch *watch, uint32_t events)
{
    struct updated *updated = watch->context;
    uint64_t count;
    (void)events;
    if (read(watch->fd, &count, sizeof(count)) != sizeof(count) ||
        pthread_join(updated->round, NULL) != 0) {
        return;
    }
    updated->is_running = false;
    tatu_os_set_timer(&updated->loop, &updated->due,
                      tatu_os_now_ms() + (updated->is_wanted ? 1 : updated->wait_ms));
    updated->is_wanted = false;
}

/* ---- the desk ---- */

static void on_idle(struct tatu_os_timer *timer)
{
    struct updated *updated = timer->context;
    const uint64_t at_ms = tatu_desk_tick(&updated->desk, tatu_os_now_ms());
    if (at_ms != 0) {
        tatu_os_set_timer(&updated->loop, timer, at_ms);
    }
}

static enum tatu_err act(void *context, const struct tatu_os_asked *asked,
                         struct tatu_os_reply *reply)
{
    struct updated *updated = context;
    const enum tatu_err err = tatu_desk_act(&updated->desk, asked, reply);
    on_idle(&updated->idle);
    return err;
}

static void on_changed(void *context, bool manual)
{
    const struct updated *updated = context;
    tatu_updater_tell_changed(&updated->updater, manual);
}

static void on_installed(void *context, const struct tatu_verified_image *image)
{
    const struct updated *updated = context;
    struct tatu_deployment_image named = {.size_bytes = 0};
    memcpy(named.image, image->image, sizeof(named.image));
    memcpy(named.component, image->component, sizeof(named.component));
    tatu_updater_add_event(&updated->updater, TATU_EVENT_INSTALLED, &named, 0);
}

static void on_check(void *context)
{
    struct updated *updated = context;
    updated->is_wanted = updated->is_running;
    if (!updated->is_running) {
        tatu_os_set_timer(&updated->loop, &updated->due, tatu_os_now_ms() + 1);
    }
}

/* ---- the program ---- */

/* An earlier life of this process may have left packages behind: they would be in the way. Handles
 * count from 1 on at each reset; a new one says how far. */
static void give_back_all(const struct updated *updated)
{
    uint32_t handle = HANDLE_MAX;
    (void)tatu_os_begin_stage(&updated->monitor, TATU_IMAGE_APPLICATION, 1, &handle);
    for (; handle > 0; handle--) {
        (void)tatu_os_abort_stage(&updated->monitor, handle);
    }
}

static enum tatu_err start(struct updated *updated)
{
    TATU_TRY(tatu_os_open_monitor(TATU_OS_MONITOR_PATH, &updated->monitor));
    TATU_TRY(tatu_os_init_loop(&updated->loop));
    give_back_all(updated);
    updated->done.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (updated->done.fd < 0) {
        return TATU_ERR_IO;
    }
    TATU_TRY(tatu_os_add_watch(&updated->loop, &updated->done, EPOLLIN));
    TATU_TRY(tatu_os_serve(&updated->server, &updated->loop, LISTENING_FD, act, updated));
    tatu_os_set_timer(&updated->loop, &updated->due, tatu_os_now_ms() + 1);
    return TATU_OK;
}

int main(void)
{
    static struct updated updated = {.hold = TATU_HOLD_INIT};
    tatu_os_init_log(&updated.log, "updated", STDERR_FILENO);
    tatu_updater_init(&updated.updater, &updated.monitor, &updated.log, &updated.hold);
    updated.desk = (struct tatu_desk){.monitor = &updated.monitor,
                                      .hold = &updated.hold,
                                      .changed = on_changed,
                                      .installed = on_installed,
                                      .check = on_check,
                                      .context = &updated};
    updated.due = (struct tatu_os_timer){.fire = on_due, .context = &updated};
    updated.idle = (struct tatu_os_timer){.fire = on_idle, .context = &updated};
    updated.done = (struct tatu_os_watch){.ready = on_done, .context = &updated, .fd = -1};
    enum tatu_err err = start(&updated);
    err = err == TATU_OK ? tatu_os_run_loop(&updated.loop) : err;
    tatu_os_log(&updated.log, TATU_OS_LOG_ERROR, "ends: %s", tatu_err_name(err));
    return 1;
}
