/* Process 1. It holds the state, and connects the parts to one loop; each part is in a file of its
 * own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"
#include "os/appman/appman.h"
#include "os/apps/apps.h"
#include "os/lib/file.h"
#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "os/lib/request.h"
#include "os/lib/sm.h"
#include "os/lib/store.h"
#include "os/lib/vault.h"
#include "table.h"

#define RELEASE_FILE "/etc/tatu-release"
#define WATCHDOG_MS 30000u
#define WATCHDOG_FEED_MS 10000u
#define MEMINFO_MAX 2048u
#define RELEASE_MAX 64u
#define SERVICES_TEXT_MAX 1024u
#define RESTART_DELAY_S 1u   /* the last line has to leave the UART */
#define ANSWER_DELAY_MS 200u /* an application that asked for the end gets its answer */
#define USERS_FILE TATU_OS_STORE "/uids"
#define STORAGE_FOLDER TATU_OS_STORE "/apps"
#define RESTARTS_FILE TATU_OS_STORE "/restarts"
#define TIME_FILE TATU_OS_STORE "/time"

struct appman {
    struct tatu_os_log log;
    struct tatu_os_loop loop;
    struct tatu_os_monitor monitor;
    struct tatu_appman_services services;
    int sockets[TATU_APPMAN_SERVICE_MAX]; /* in the order of the table */
    struct tatu_os_server server;
    struct tatu_apps_world world;
    struct tatu_apps *apps;
    struct tatu_os_watch signals;
    struct tatu_os_timer services_due;
    struct tatu_os_timer watchdog_due;
    struct tatu_os_timer end_due;
    struct tatu_os_timer healthy_due;
    struct tatu_os_timer lasting_due;
    struct tatu_appman_boot boot;
    bool launching; /* applications are started in this boot */
    bool alarm;     /* the end is power down until the alarm */
    bool off;       /* the end is power down */
    struct tatu_os_time_bounds bounds;
    char version[RELEASE_MAX + 1];
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

static void watch_clock(struct appman *appman);

/* The one timer that always runs; what is to be looked at now and then is looked at here. */
static void feed_watchdog(struct tatu_os_timer *timer)
{
    struct appman *appman = timer->context;
    enum tatu_err err = tatu_os_feed_watchdog(&appman->monitor, WATCHDOG_MS);

    if (err != TATU_OK) {
        tatu_os_log(&appman->log, TATU_OS_LOG_WARNING, "watchdog not fed: %s", tatu_err_name(err));
    }
    watch_clock(appman);
    if (appman->apps != NULL) {
        tatu_apps_sample(appman->apps);
    }
    tatu_os_set_timer(&appman->loop, timer, tatu_os_now_ms() + WATCHDOG_FEED_MS);
}

static void open_monitor(struct appman *appman)
{
    appman->boot = (struct tatu_appman_boot){
        .monitor = &appman->monitor, .log = &appman->log, .mode = TATU_BOOT_NORMAL};
    if (tatu_os_open_monitor(TATU_OS_MONITOR_PATH, &appman->monitor) != TATU_OK) {
        tatu_os_log(&appman->log, TATU_OS_LOG_ERROR, "no security monitor: %s", strerror(errno));
        tatu_os_have_no_monitor(&appman->monitor);
        return;
    }
    tatu_appman_read_boot(&appman->boot);
    appman->watchdog_due = (struct tatu_os_timer){.fire = feed_watchdog, .context = appman};
    feed_watchdog(&appman->watchdog_due);
}

/* ---- time and the end ---- */

static void keep_time(const struct appman *appman)
{
    const enum tatu_err err = tatu_appman_save_time(TIME_FILE, (uint64_t)time(NULL));
    if (err != TATU_OK) {
        tatu_os_log(&appman->log, TATU_OS_LOG_WARNING, "time not kept: %s", tatu_err_name(err));
    }
}

/* Whatever set the clock (an application, a time server, a battery), it stays within the bounds of
 * signed time; and when that has come anew, the time is kept. */
static void watch_clock(struct appman *appman)
{
    struct tatu_vault_info info;
    if (tatu_os_get_vault_info(&appman->monitor, &info) != TATU_OK) {
        return;
    }
    const uint64_t now_ms = tatu_os_now_ms();
    const bool moved = tatu_os_tell_floor(&appman->bounds, info.time_floor_s, now_ms);
    const time_t now_s = time(NULL);
    const struct timespec at = {.tv_sec =
                                    (time_t)tatu_os_correct_time(&appman->bounds, now_s, now_ms)};
    if (at.tv_sec != now_s) {
        tatu_os_log(&appman->log, TATU_OS_LOG_NOTICE, "%s",
                    "the clock was outside the bounds of signed time");
        if (clock_settime(CLOCK_REALTIME, &at) != 0) {
            tatu_os_log(&appman->log, TATU_OS_LOG_WARNING, "clock: %s", strerror(errno));
        }
    }
    if (moved) {
        keep_time(appman);
    }
}

/* The kernel has taken the hardware clock's time; one that lost its battery is behind. */
static void restore_time(struct appman *appman)
{
    uint64_t kept_s;
    const enum tatu_err err = tatu_appman_load_time(TIME_FILE, &kept_s);
    if (err == TATU_OK && (int64_t)kept_s > (int64_t)time(NULL)) {
        const struct timespec at = {.tv_sec = (time_t)kept_s};
        tatu_os_log(&appman->log, TATU_OS_LOG_NOTICE, "%s", "the clock was behind the time kept");
        if (clock_settime(CLOCK_REALTIME, &at) != 0) {
            tatu_os_log(&appman->log, TATU_OS_LOG_WARNING, "clock: %s", strerror(errno));
        }
    }
    watch_clock(appman);
}

static int set_time(void *context, int64_t seconds, uint32_t nanoseconds)
{
    struct appman *appman = context;
    const struct timespec at = {.tv_sec = (time_t)seconds, .tv_nsec = (long)nanoseconds};
    watch_clock(appman);
    if (!tatu_appman_may_set_time(&appman->bounds, seconds, tatu_os_now_ms())) {
        return ERANGE;
    }
    if (clock_settime(CLOCK_REALTIME, &at) != 0) {
        return errno;
    }
    watch_clock(appman); /* signed time that came meanwhile has the last word */
    return tatu_appman_may_set_time(&appman->bounds, seconds, tatu_os_now_ms()) ? 0 : ERANGE;
}

static int set_rtc(void *context)
{
    const int problem = tatu_appman_set_rtc();
    if (problem == 0) {
        keep_time(context);
    }
    return problem;
}

static int limit_processor(void *context, uint32_t percent)
{
    (void)context;
    return tatu_appman_limit_apps(percent);
}

static void end_due(struct tatu_os_timer *timer)
{
    struct appman *appman = timer->context;
    keep_time(appman);
    tatu_appman_forgive_restarts(&appman->boot, RESTARTS_FILE);
    if (appman->off) {
        const enum tatu_err err = tatu_appman_power_down(&appman->monitor, appman->alarm);
        tatu_os_log(&appman->log, TATU_OS_LOG_ERROR, "no power down: %s", tatu_err_name(err));
        appman->off = false;
        return;
    }
    (void)sleep(RESTART_DELAY_S);
    tatu_appman_restart_machine();
}

static void end_soon(struct appman *appman)
{
    appman->end_due = (struct tatu_os_timer){.fire = end_due, .context = appman};
    tatu_os_set_timer(&appman->loop, &appman->end_due, tatu_os_now_ms() + ANSWER_DELAY_MS);
}

static int restart(void *context)
{
    struct appman *appman = context;
    if (appman->end_due.at_ms != 0) {
        return EBUSY;
    }
    tatu_os_log(&appman->log, TATU_OS_LOG_NOTICE, "asked to restart");
    end_soon(appman);
    return 0;
}

static int power_down(void *context, uint32_t seconds)
{
    struct appman *appman = context;
    if (appman->end_due.at_ms != 0) {
        return EBUSY;
    }
    const int problem = seconds == 0 ? 0 : tatu_appman_set_alarm(seconds);
    if (problem != 0) {
        return problem;
    }
    tatu_os_log(&appman->log, TATU_OS_LOG_NOTICE, "asked to power down for %u s",
                (unsigned)seconds);
    appman->off = true;
    appman->alarm = seconds != 0;
    end_soon(appman);
    return 0;
}

/* ---- the store ---- */

static void lasting_due(struct tatu_os_timer *timer)
{
    struct appman *appman = timer->context;
    tatu_appman_forgive_restarts(&appman->boot, RESTARTS_FILE);
}

static void count_restart(struct appman *appman)
{
    tatu_appman_count_restart(&appman->boot, RESTARTS_FILE);
    appman->lasting_due = (struct tatu_os_timer){.fire = lasting_due, .context = appman};
    tatu_os_set_timer(&appman->loop, &appman->lasting_due,
                      tatu_os_now_ms() + TATU_APPMAN_LASTING_MS);
}

static void open_store(struct appman *appman)
{
    const enum tatu_err err =
        tatu_appman_open_store(&tatu_appman_store_flash, TATU_OS_STORE, &appman->monitor,
                               &appman->log, (uint64_t)time(NULL));
    if (err == TATU_OK) {
        return;
    }
    tatu_os_log(&appman->log, TATU_OS_LOG_ERROR,
                "the store cannot be used: %s; nothing is kept in this boot", tatu_err_name(err));
    if (tatu_appman_mount_memory_store() != TATU_OK) {
        give_up(appman, "no store");
    }
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
        if (tatu_appman_make_kept(service) != TATU_OK) {
            tatu_os_log(&appman->log, TATU_OS_LOG_ERROR, "%s has no folder in the store",
                        service->name);
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

static enum tatu_err ask_apps(struct appman *appman, const struct tatu_os_asked *asked,
                              struct tatu_os_reply *reply)
{
    /* in a boot without applications there is nothing to read */
    if (asked->ask.op == TATU_APPMAN_RELOAD && !appman->launching) {
        return TATU_OK;
    }
    const enum tatu_err err = tatu_apps_act(appman->apps, asked, reply);
    if (err != TATU_OK && asked->ask.op == TATU_APPMAN_RELOAD) {
        tatu_os_log(&appman->log, TATU_OS_LOG_ERROR, "applications not read: %s",
                    tatu_err_name(err));
    }
    return err;
}

static void start_apps(struct appman *appman)
{
    appman->world = (struct tatu_apps_world){.loop = &appman->loop,
                                             .monitor = &appman->monitor,
                                             .log = &appman->log,
                                             .uids_file = USERS_FILE,
                                             .storage = STORAGE_FOLDER,
                                             .devices = "",
                                             .machine = {.restart = restart,
                                                         .power_down = power_down,
                                                         .set_time = set_time,
                                                         .set_rtc = set_rtc,
                                                         .limit_processor = limit_processor,
                                                         .context = appman,
                                                         .version = appman->version}};
    if (tatu_apps_open(&appman->world, &appman->apps) != TATU_OK) {
        give_up(appman, "no room for applications");
    }
    appman->launching = tatu_appman_may_launch(&appman->boot, (uint64_t)time(NULL));
    const enum tatu_err err = appman->launching ? tatu_apps_reload(appman->apps, false) : TATU_OK;
    if (err != TATU_OK) {
        /* the system goes on without them and can be updated */
        tatu_os_log(&appman->log, TATU_OS_LOG_ERROR, "applications not read: %s",
                    tatu_err_name(err));
    }
}

/* ---- what comes from outside: children, requests ---- */

static void child_ended(struct appman *appman, pid_t pid, int status)
{
    const struct tatu_appman_slot *slot =
        tatu_appman_note_end(&appman->services, pid, tatu_os_now_ms());

    if (slot != NULL) {
        service_ended(appman, slot, status);
    } else if (appman->apps != NULL) {
        /* anybody else is an orphan that became ours, and it was reaped */
        (void)tatu_apps_child_ended(appman->apps, pid, status);
    }
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

static enum tatu_err put_text(struct tatu_os_reply *reply, const char *text)
{
    return tatu_base_put_bytes(&reply->payload,
                               (struct tatu_span){(const uint8_t *)text, strlen(text)});
}

static enum tatu_err act(void *context, const struct tatu_os_asked *asked,
                         struct tatu_os_reply *reply)
{
    struct appman *appman = context;
    char text[SERVICES_TEXT_MAX] = "";

    if (asked->introduced || !tatu_appman_may_ask(asked->uid, asked->ask.op)) {
        return TATU_ERR_DENIED;
    }
    switch (asked->ask.op) {
    case TATU_APPMAN_RESTART:
        return restart(appman) == 0 ? TATU_OK : TATU_ERR_BUSY;
    case TATU_APPMAN_SERVICES:
        tatu_appman_describe_services(&appman->services, text, sizeof(text));
        return put_text(reply, text);
    case TATU_APPMAN_OS_VERSION:
        return put_text(reply, appman->version);
    default:
        return ask_apps(appman, asked, reply);
    }
}

static void serve(struct appman *appman)
{
    static const struct tatu_appman_place place = {TATU_APPMAN_SOCKET, 0660, 0,
                                                   TATU_APPMAN_GROUP_ASK};
    int fd = tatu_appman_listen(&place);

    if (fd < 0 || tatu_os_serve(&appman->server, &appman->loop, fd, act, appman) != TATU_OK) {
        give_up(appman, "no control socket");
    }
}

/* ---- the story a boot tells ---- */

static void say_versions(struct appman *appman)
{
    struct utsname kernel;
    size_t len;

    (void)tatu_os_read_text(RELEASE_FILE, appman->version, RELEASE_MAX, &len);
    appman->version[strcspn(appman->version, "\n")] = '\0';
    if (uname(&kernel) != 0) {
        kernel.release[0] = '\0';
    }
    tatu_os_log(&appman->log, TATU_OS_LOG_NOTICE, "tatu %s, linux %s", appman->version,
                kernel.release);
}

static void say_reached(const struct appman *appman)
{
    char text[MEMINFO_MAX];
    struct tatu_span info = {(const uint8_t *)text, 0};
    uint64_t total = 0;
    uint64_t available = 0;

    if (tatu_os_read_text("/proc/meminfo", text, sizeof(text), &info.len) != TATU_OK ||
        tatu_os_find_number(info, "MemTotal:", &total) != TATU_OK ||
        tatu_os_find_number(info, "MemAvailable:", &available) != TATU_OK) {
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
    if (tatu_appman_restrict_itself() != TATU_OK) {
        give_up(&appman, "no walls");
    }
    say_versions(&appman);
    if (tatu_os_init_loop(&appman.loop) != TATU_OK) {
        give_up(&appman, "no event loop");
    }
    open_monitor(&appman);
    watch_signals(&appman);
    open_store(&appman);
    count_restart(&appman);
    restore_time(&appman);
    prepare_services(&appman);
    start_due(&appman.services_due);
    serve(&appman);
    start_apps(&appman);
    say_reached(&appman);
    if (tatu_os_run_loop(&appman.loop) != TATU_OK) {
        give_up(&appman, "the event loop failed");
    }
    give_up(&appman, "the event loop ended");
}
