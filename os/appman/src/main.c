/* Process 1. It holds the state, and connects the parts to one loop; each part is in a file of its
 * own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "machine.h"
#include "os/appman/appman.h"
#include "os/apps/apps.h"
#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "os/lib/sm.h"
#include "table.h"

#define RELEASE_FILE "/etc/tatu-release"
#define WATCHDOG_MS 30000u
#define WATCHDOG_FEED_MS 10000u
#define MEMINFO_MAX 2048u
#define RELEASE_MAX 64u
#define RESTART_DELAY_S 1u /* the last line has to leave the UART */

struct appman {
    struct tatu_os_log log;
    struct tatu_os_loop loop;
    struct tatu_os_monitor monitor;
    struct tatu_appman_services services;
    int sockets[TATU_APPMAN_SERVICE_MAX]; /* in the order of the table */
    struct tatu_appman_control control;
    struct tatu_apps apps;
    struct tatu_os_watch signals;
    struct tatu_os_watch apps_ready;
    struct tatu_os_timer services_due;
    struct tatu_os_timer apps_due;
    struct tatu_os_timer watchdog_due;
    struct tatu_os_timer healthy_due;
    struct tatu_appman_boot boot;
    bool launching; /* applications are started in this boot */
};

static _Noreturn void give_up(const struct appman *appman, const char *why)
{
    tatu_os_log(&appman->log, TATU_OS_LOG_ERROR, "cannot go on: %s; restarting", why);
    (void)sleep(RESTART_DELAY_S);
    tatu_appman_restart_machine();
}

static _Noreturn void give_up_at(const struct appman *appman,
                                 const struct tatu_appman_failure *failure)
{
    char why[160];

    (void)snprintf(why, sizeof(why), "%s %s: %s", failure->what, failure->path,
                   strerror(failure->number));
    give_up(appman, why);
}

/* ---- the monitor ---- */

static enum tatu_err no_monitor(void *context, uint32_t number, struct tatu_span in,
                                struct tatu_buf *out)
{
    (void)context;
    (void)number;
    (void)in;
    (void)out;
    return TATU_ERR_IO;
}

static void feed_watchdog(struct tatu_os_timer *timer)
{
    struct appman *appman = timer->context;
    enum tatu_err err = tatu_os_feed_watchdog(&appman->monitor, WATCHDOG_MS);

    if (err != TATU_OK) {
        tatu_os_log(&appman->log, TATU_OS_LOG_WARNING, "watchdog not fed: %s", tatu_err_name(err));
    }
    tatu_os_set_timer(&appman->loop, timer, tatu_os_now_ms() + WATCHDOG_FEED_MS);
}

static void open_monitor(struct appman *appman)
{
    appman->boot = (struct tatu_appman_boot){
        .monitor = &appman->monitor, .log = &appman->log, .mode = TATU_BOOT_NORMAL};
    if (tatu_os_open_monitor(TATU_OS_MONITOR_PATH, &appman->monitor) != TATU_OK) {
        tatu_os_log(&appman->log, TATU_OS_LOG_ERROR, "no security monitor: %s", strerror(errno));
        appman->monitor = (struct tatu_os_monitor){.call = no_monitor, .fd = -1};
        return;
    }
    tatu_appman_read_boot(&appman->boot);
    appman->watchdog_due = (struct tatu_os_timer){.fire = feed_watchdog, .context = appman};
    feed_watchdog(&appman->watchdog_due);
}

/* ---- services ---- */

static enum tatu_err start_service(void *context, const struct tatu_appman_service *service,
                                   pid_t *out_pid)
{
    struct appman *appman = context;
    enum tatu_err err =
        tatu_appman_spawn(service, appman->sockets[service - tatu_appman_table], out_pid);

    if (err == TATU_OK) {
        tatu_os_log(&appman->log, TATU_OS_LOG_INFO, "%s started, pid %d", service->name,
                    (int)*out_pid);
    } else {
        tatu_os_log(&appman->log, TATU_OS_LOG_ERROR, "%s not started: %s", service->name,
                    tatu_err_name(err));
    }
    return err;
}

/* This boot came up when all services are up together for a while. One that ended meanwhile starts
 * the wait again. */
static void watch_health(struct appman *appman)
{
    uint64_t at_ms = tatu_appman_steady_at(&appman->services);

    if (!appman->boot.healthy && at_ms != 0) {
        tatu_os_set_timer(&appman->loop, &appman->healthy_due, at_ms);
    } else {
        tatu_os_clear_timer(&appman->loop, &appman->healthy_due);
    }
}

static void healthy_due(struct tatu_os_timer *timer)
{
    struct appman *appman = timer->context;
    enum tatu_err err = tatu_appman_tell_healthy(&appman->boot, TATU_APPMAN_HEALTHY_FILE);

    if (err != TATU_OK) {
        tatu_os_log(&appman->log, TATU_OS_LOG_WARNING, "the monitor was not told of health: %s",
                    tatu_err_name(err));
        tatu_os_set_timer(&appman->loop, timer, tatu_os_now_ms() + TATU_APPMAN_STEADY_MS);
    }
}

static void start_due(struct tatu_os_timer *timer)
{
    struct appman *appman = timer->context;
    uint64_t next = tatu_appman_start_due(&appman->services, tatu_os_now_ms());

    if (next != 0) {
        tatu_os_set_timer(&appman->loop, timer, next);
    }
    watch_health(appman);
}

static void prepare_services(struct appman *appman)
{
    appman->services.start = start_service;
    appman->services.context = appman;
    appman->services_due = (struct tatu_os_timer){.fire = start_due, .context = appman};
    appman->healthy_due = (struct tatu_os_timer){.fire = healthy_due, .context = appman};
    for (size_t i = 0; i < tatu_appman_table_count; i++) {
        const struct tatu_appman_service *service = &tatu_appman_table[i];
        struct tatu_appman_failure failure;

        if (access(service->path, X_OK) != 0) {
            tatu_os_log(&appman->log, TATU_OS_LOG_NOTICE, "%s is not on this system",
                        service->name);
            continue;
        }
        if (tatu_appman_prepare_service(service, &appman->sockets[i], &failure) != TATU_OK) {
            give_up_at(appman, &failure);
        }
        if (tatu_appman_add_service(&appman->services, service, tatu_os_now_ms()) != TATU_OK) {
            give_up(appman, "more services than room");
        }
    }
}

static void service_ended(struct appman *appman, const struct tatu_appman_slot *slot, int status)
{
    char why[64];

    tatu_os_log(&appman->log, TATU_OS_LOG_WARNING, "%s ended, %s %d", slot->service->name,
                WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (slot->state == TATU_APPMAN_LOST) {
        (void)snprintf(why, sizeof(why), "%s does not live", slot->service->name);
        give_up(appman, why);
    }
    tatu_os_set_timer(&appman->loop, &appman->services_due, tatu_os_now_ms());
    watch_health(appman);
}

/* ---- applications ---- */

static void advance_apps(struct appman *appman)
{
    int64_t next = tatu_apps_advance(&appman->apps, (int64_t)tatu_os_now_ms());

    if (next >= 0) {
        tatu_os_set_timer(&appman->loop, &appman->apps_due, (uint64_t)next);
    }
}

static void apps_due(struct tatu_os_timer *timer)
{
    advance_apps(timer->context);
}

static void apps_ready(struct tatu_os_watch *watch, uint32_t events)
{
    struct appman *appman = watch->context;

    (void)events;
    tatu_apps_dispatch(&appman->apps);
    advance_apps(appman);
}

static enum tatu_err reload_apps(struct appman *appman)
{
    if (!appman->launching) {
        return TATU_OK;
    }
    enum tatu_err err = tatu_apps_reload(&appman->apps, (int64_t)tatu_os_now_ms());

    if (err != TATU_OK) {
        tatu_os_log(&appman->log, TATU_OS_LOG_ERROR, "applications not read: %s",
                    tatu_err_name(err));
    }
    advance_apps(appman);
    return err;
}

static void start_apps(struct appman *appman)
{
    if (tatu_apps_init(&appman->apps, &appman->monitor, &appman->log) != TATU_OK) {
        give_up(appman, "no room for applications");
    }
    appman->apps_due = (struct tatu_os_timer){.fire = apps_due, .context = appman};
    appman->apps_ready = (struct tatu_os_watch){
        .ready = apps_ready, .context = appman, .fd = tatu_apps_descriptor(&appman->apps)};
    if (tatu_os_add_watch(&appman->loop, &appman->apps_ready, EPOLLIN) != TATU_OK) {
        give_up(appman, "applications cannot be watched");
    }
    appman->launching = tatu_appman_may_launch(&appman->boot, (uint64_t)time(NULL));
    /* An error was logged; the system goes on without them and can be updated. */
    (void)reload_apps(appman);
}

/* ---- what comes from outside: children, requests ---- */

static void child_ended(struct appman *appman, pid_t pid, int status)
{
    const struct tatu_appman_slot *slot =
        tatu_appman_note_end(&appman->services, pid, tatu_os_now_ms());

    if (slot != NULL) {
        service_ended(appman, slot, status);
    } else if (tatu_apps_child_ended(&appman->apps, pid, status, (int64_t)tatu_os_now_ms())) {
        advance_apps(appman);
    }
    /* Anybody else is an orphan that became ours, and it was reaped. */
}

static void signal_ready(struct tatu_os_watch *watch, uint32_t events)
{
    struct appman *appman = watch->context;
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    (void)events;
    /* One signal may stand for several children, so all of them are asked for. */
    while (read(watch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
    }
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        child_ended(appman, pid, status);
    }
}

static void watch_signals(struct appman *appman)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    appman->signals = (struct tatu_os_watch){.ready = signal_ready,
                                             .context = appman,
                                             .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || appman->signals.fd < 0 ||
        tatu_os_add_watch(&appman->loop, &appman->signals, EPOLLIN) != TATU_OK) {
        give_up(appman, "children cannot be watched");
    }
}

static enum tatu_err act(void *context, enum tatu_appman_request request, char *out, size_t size)
{
    struct appman *appman = context;
    size_t used;

    switch (request) {
    case TATU_APPMAN_RELOAD:
        return reload_apps(appman);
    case TATU_APPMAN_RESTART:
        tatu_os_log(&appman->log, TATU_OS_LOG_NOTICE, "asked to restart");
        (void)sleep(RESTART_DELAY_S);
        tatu_appman_restart_machine();
    case TATU_APPMAN_STATUS:
        tatu_appman_describe_services(&appman->services, out, size);
        used = strnlen(out, size);
        if (used < size) {
            tatu_apps_describe(&appman->apps, out + used, size - used);
        }
        return TATU_OK;
    }
    return TATU_ERR_UNKNOWN_COMMAND;
}

static void serve_control(struct appman *appman)
{
    static const struct tatu_appman_place place = {"/run/appman.sock", 0660, 0,
                                                   TATU_APPMAN_GROUP_UPDATE};
    int fd = tatu_appman_listen(&place);

    appman->control = (struct tatu_appman_control){.act = act, .context = appman};
    if (fd < 0 || tatu_appman_serve_control(&appman->control, &appman->loop, fd) != TATU_OK) {
        give_up(appman, "no control socket");
    }
}

/* ---- the story a boot tells ---- */

static size_t read_file(const char *path, uint8_t *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, size);

    if (fd >= 0) {
        (void)close(fd);
    }
    return got < 0 ? 0 : (size_t)got;
}

static void say_versions(const struct appman *appman)
{
    char release[RELEASE_MAX + 1] = {0};
    struct utsname kernel;

    (void)read_file(RELEASE_FILE, (uint8_t *)release, RELEASE_MAX);
    release[strcspn(release, "\n")] = '\0';
    if (uname(&kernel) != 0) {
        kernel.release[0] = '\0';
    }
    tatu_os_log(&appman->log, TATU_OS_LOG_NOTICE, "tatu %s, linux %s", release, kernel.release);
}

static void say_reached(const struct appman *appman)
{
    uint8_t text[MEMINFO_MAX];
    struct tatu_span info = {text, read_file("/proc/meminfo", text, sizeof(text))};
    uint32_t total = 0;
    uint32_t available = 0;

    if (tatu_appman_find_kib(info, "MemTotal", &total) != TATU_OK ||
        tatu_appman_find_kib(info, "MemAvailable", &available) != TATU_OK) {
        tatu_os_log(&appman->log, TATU_OS_LOG_WARNING, "memory unknown");
    }
    tatu_os_log(&appman->log, TATU_OS_LOG_NOTICE,
                "reached, %u services, %u of %u KiB available, %u ms after the kernel's start",
                (unsigned)appman->services.count, (unsigned)available, (unsigned)total,
                (unsigned)tatu_os_now_ms());
}

/* Descriptors 0, 1, 2 of process 1 are the console; from here on 2 is the kernel's log. */
static void open_log(struct appman *appman)
{
    int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)dup2(fd, STDERR_FILENO);
        (void)close(fd);
    }
    tatu_os_init_log(&appman->log, "appman", STDERR_FILENO);
}

int main(void)
{
    static struct appman appman;
    struct tatu_appman_failure failure;

    open_log(&appman);
    if (getpid() != 1) {
        tatu_os_log(&appman.log, TATU_OS_LOG_ERROR, "only runs as process 1");
        return 1;
    }
    for (size_t i = 0; i < TATU_APPMAN_SERVICE_MAX; i++) {
        appman.sockets[i] = -1;
    }
    if (tatu_appman_set_up_machine(&failure) != TATU_OK) {
        give_up_at(&appman, &failure);
    }
    say_versions(&appman);
    if (tatu_os_init_loop(&appman.loop) != TATU_OK) {
        give_up(&appman, "no event loop");
    }
    open_monitor(&appman);
    watch_signals(&appman);
    prepare_services(&appman);
    start_due(&appman.services_due);
    serve_control(&appman);
    start_apps(&appman);
    say_reached(&appman);
    if (tatu_os_run_loop(&appman.loop) != TATU_OK) {
        give_up(&appman, "the event loop failed");
    }
    give_up(&appman, "the event loop ended");
}
