#include <unistd.h>

#include "os/lib/loop.h"
#include "updater.h"

struct updated {
    struct tatu_os_loop loop;
    struct tatu_os_monitor monitor;
    struct tatu_os_log log;
    struct tatu_updater updater;
    struct tatu_os_timer due;
};

static void on_due(struct tatu_os_timer *timer)
{
    struct updated *updated = timer->context;
    const uint64_t wait_ms = tatu_updater_advance(&updated->updater);
    tatu_os_set_timer(&updated->loop, timer, tatu_os_now_ms() + wait_ms);
}

int main(void)
{
    static struct updated updated;
    tatu_os_init_log(&updated.log, "updated", STDERR_FILENO);
    updated.updater = (struct tatu_updater){.monitor = &updated.monitor, .log = &updated.log};
    updated.due = (struct tatu_os_timer){.fire = on_due, .context = &updated};
    enum tatu_err err = tatu_os_open_monitor(TATU_OS_MONITOR_PATH, &updated.monitor);
    err = err == TATU_OK ? tatu_os_init_loop(&updated.loop) : err;
    if (err == TATU_OK) {
        tatu_os_set_timer(&updated.loop, &updated.due, tatu_os_now_ms() + 1);
        err = tatu_os_run_loop(&updated.loop);
    }
    tatu_os_log(&updated.log, TATU_OS_LOG_ERROR, "ends: %s", tatu_err_name(err));
    return 1;
}
