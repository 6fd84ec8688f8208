#include "os/apps/apps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "container.h"
#include "control.h"
#include "deviceauth.h"
#include "os/launch/launch.h"
#include "os/manifest/admission.h"
#include "peripherals.h"
#include "proto/map.h"
#include "proto/report.h"
#include "state.h"
#include "users.h"

#define GRACE_MS 3000u
#define BACKOFF_FIRST_MS 500u
#define BACKOFF_MAX_MS 60000u
#define HEALTHY_MS 30000u /* an application that lived this long starts with a fresh back-off */
#define REPORT_EVERY_MS 30000u
#define EVENT_SIZE_MAX 128u
#define OUTPUT_PIECE 256u
/* What is still read after an end. A pipe can be made to hold a mebibyte, each byte a line for the
 * console, and meanwhile nobody feeds the watchdog; the ring keeps half of this. */
#define LAST_OUTPUT_MAX 16384u

static const struct tatu_os_log *log_of(const struct tatu_app *app)
{
    return app->apps->world->log;
}

/* ---- what an application says ---- */

static void say_line(struct tatu_app *app)
{
    static const uint8_t newline = '\n';
    tatu_apps_put_ring(&app->ring, (struct tatu_span){(const uint8_t *)app->line, app->line_len});
    tatu_apps_put_ring(&app->ring, (struct tatu_span){&newline, 1});
    app->line[app->line_len] = '\0';
    tatu_os_log(log_of(app), TATU_OS_LOG_NOTICE, "app %s: %s", app->manifest.name, app->line);
    app->line_len = 0;
}

static void close_watch(struct tatu_app *app, struct tatu_os_watch *watch)
{
    if (watch->fd >= 0) {
        tatu_os_remove_watch(app->apps->world->loop, watch);
        (void)close(watch->fd);
        watch->fd = -1;
    }
}

/* Takes a piece of what is there. False: there is nothing more for now. */
static bool take_output(struct tatu_app *app)
{
    char bytes[OUTPUT_PIECE];
    if (app->output.fd < 0) {
        return false;
    }
    const ssize_t got = read(app->output.fd, bytes, sizeof(bytes));
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        close_watch(app, &app->output);
        return false;
    }
    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] == '\n' || app->line_len == sizeof(app->line) - 1) {
            say_line(app);
        }
        if (bytes[i] != '\n') {
            app->line[app->line_len++] = bytes[i];
        }
    }
    return got > 0;
}

static void output_ready(struct tatu_os_watch *watch, uint32_t events)
{
    (void)events;
    (void)take_output(watch->context);
}

/* ---- what it asks for ---- */

static void pending_ready(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_app *app = watch->context;
    const int fd = watch->fd;
    (void)events;
    /* taken out first: whoever answers may keep the descriptor */
    tatu_os_remove_watch(app->apps->world->loop, watch);
    watch->fd = -1;
    if (!tatu_os_answer(fd, false, tatu_apps_answer, app)) {
        watch->fd = fd;
        if (tatu_os_add_watch(app->apps->world->loop, watch, EPOLLIN) != TATU_OK) {
            (void)close(fd);
            watch->fd = -1;
        }
    }
}

static void control_ready(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_app *app = watch->context;
    (void)events;
    /* one at a time: who connects and says nothing gives way to the next */
    if (app->pending.fd >= 0) {
        pending_ready(&app->pending, 0);
        close_watch(app, &app->pending);
    }
    app->pending.fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (app->pending.fd >= 0 &&
        tatu_os_add_watch(app->apps->world->loop, &app->pending, EPOLLIN) != TATU_OK) {
        (void)close(app->pending.fd);
        app->pending.fd = -1;
    }
}

/* It went away, or says something: there is nothing to say here. */
static void listener_ready(struct tatu_os_watch *watch, uint32_t events)
{
    (void)events;
    close_watch(watch->context, watch);
}

static size_t tell_event(void *context, const struct tatu_apps_event *event)
{
    struct tatu_apps *apps = context;
    uint8_t bytes[TATU_REQUEST_EVENT_SIZE];
    size_t count = 0;
    tatu_put_le32(bytes, event->event);
    tatu_put_le32(bytes + 4, event->status);
    tatu_put_le32(bytes + 8, event->minutes);
    tatu_put_le32(bytes + 12, event->type);
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        struct tatu_app *app = &apps->apps[i];
        if (app->listener.fd < 0 || (app->listens_to & event->event) == 0) {
            continue;
        }
        if (send(app->listener.fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) ==
            (ssize_t)sizeof(bytes)) {
            count++;
        } else {
            close_watch(app, &app->listener);
        }
    }
    return count;
}

/* ---- what is installed ---- */

struct mapping {
    void *at;
    size_t len;
};

static void unmap(struct mapping *mapping)
{
    if (mapping->at != MAP_FAILED) {
        (void)munmap(mapping->at, mapping->len);
    }
}

/* What an installed image asks for and costs, read through the flash window. */
static enum tatu_err read_image(const struct tatu_smc_app *image, struct tatu_manifest *out,
                                struct tatu_manifest_cost *out_cost, uint32_t *out_number)
{
    const bool second = image->offset >= TATU_FLASH_APPS1_AT;
    const off_t at = image->offset - (second ? TATU_FLASH_APPS1_AT : TATU_FLASH_APPS0_AT);
    int fd = open(second ? "/dev/mtdblock2" : "/dev/mtdblock1", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return TATU_ERR_IO;
    }
    /* The monitor writes flash behind the kernel's back: while another application holds the device
     * open, pages that were read ahead show what was there before this image. */
    if (ioctl(fd, BLKFLSBUF, 0) != 0) {
        (void)close(fd);
        return TATU_ERR_IO;
    }
    struct mapping mapping __attribute__((cleanup(unmap))) = {
        mmap(NULL, image->body_len, PROT_READ, MAP_PRIVATE, fd, at), image->body_len};
    (void)close(fd);
    if (mapping.at == MAP_FAILED) {
        return TATU_ERR_IO;
    }
    const size_t len = image->verity_data_len != 0 ? image->verity_data_len : image->body_len;
    return tatu_manifest_read_body((struct tatu_span){mapping.at, len}, image->component, out,
                                   out_cost, out_number);
}

struct tatu_app *tatu_apps_find(struct tatu_apps *apps, const uint8_t component[16])
{
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        struct tatu_app *app = &apps->apps[i];
        if (app->state != TATU_APP_ABSENT &&
            memcmp(app->image.component, component, sizeof(app->image.component)) == 0) {
            return app;
        }
    }
    return NULL;
}

static struct tatu_app *find_free(struct tatu_apps *apps)
{
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        if (apps->apps[i].state == TATU_APP_ABSENT) {
            return &apps->apps[i];
        }
    }
    return NULL;
}

static void stop(struct tatu_app *app, uint64_t now_ms)
{
    if (app->state == TATU_APP_RUNNING) {
        tatu_apps_signal_container(app, SIGTERM);
        app->state = TATU_APP_STOPPING;
        app->next_ms = now_ms + GRACE_MS;
    } else if (app->state != TATU_APP_STOPPING) {
        app->state = app->wanted ? TATU_APP_STOPPED : TATU_APP_ABSENT;
    }
}

static void reset_app(struct tatu_apps *apps, struct tatu_app *app)
{
    *app = (struct tatu_app){.apps = apps, .status_fd = -1};
    app->control = (struct tatu_os_watch){.ready = control_ready, .context = app, .fd = -1};
    app->pending = (struct tatu_os_watch){.ready = pending_ready, .context = app, .fd = -1};
    app->output = (struct tatu_os_watch){.ready = output_ready, .context = app, .fd = -1};
    app->listener = (struct tatu_os_watch){.ready = listener_ready, .context = app, .fd = -1};
}

/* Whether there is room beside those that are there already. The update service asked the same
 * before it installed anything; a board that holds two anyway starts the first. */
static enum tatu_err check_grant(const struct tatu_apps *apps, const struct tatu_app *app,
                                 uint32_t *out_number)
{
    struct tatu_admission admission = {0};
    uint32_t number;
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        const struct tatu_app *other = &apps->apps[i];
        if (other != app && other->state != TATU_APP_ABSENT && other->state != TATU_APP_REFUSED) {
            TATU_TRY(tatu_manifest_admit(&admission, &other->manifest, &other->cost, &number));
        }
    }
    return tatu_manifest_admit(&admission, &app->manifest, &app->cost, out_number);
}

/* What it needs before it can be started: a manifest that can be granted, a user. */
static enum tatu_err admit(struct tatu_apps *apps, struct tatu_app *app, uint32_t *out_number)
{
    TATU_TRY(read_image(&app->image, &app->manifest, &app->cost, out_number));
    TATU_TRY(check_grant(apps, app, out_number));
    return tatu_apps_find_user(apps, app->image.component, &app->uid);
}

static void install(struct tatu_apps *apps, const struct tatu_smc_app *image, bool manual)
{
    struct tatu_app *app = find_free(apps);
    uint32_t number = 0;
    if (app == NULL) {
        tatu_os_log(apps->world->log, TATU_OS_LOG_NOTICE, "app %.31s: not started: FULL",
                    (const char *)image->name);
        return;
    }
    reset_app(apps, app);
    app->image = *image;
    (void)snprintf(app->manifest.name, sizeof(app->manifest.name), "%.31s",
                   (const char *)image->name);
    tatu_proto_format_guid(image->component, app->component);
    const enum tatu_err err = admit(apps, app, &number);
    if (err != TATU_OK) {
        tatu_os_log(apps->world->log, TATU_OS_LOG_NOTICE, "app %s: not started: %s: %s (%u)",
                    app->manifest.name, tatu_err_name(err), tatu_err_text(err), (unsigned)number);
    }
    app->wanted = true;
    app->held = manual;
    app->next_ms = tatu_os_now_ms();
    app->state = err != TATU_OK ? TATU_APP_REFUSED : (manual ? TATU_APP_STOPPED : TATU_APP_WAITING);
}

static void advance(struct tatu_apps *apps);

/* The same image at another place was removed and came back: what runs reads where it was. */
static bool is_same_image(const struct tatu_smc_app *a, const struct tatu_smc_app *b)
{
    return memcmp(a->image, b->image, sizeof(a->image)) == 0 && a->offset == b->offset;
}

static void forget_unwanted(struct tatu_apps *apps, const struct tatu_smc_app *images, size_t count)
{
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        struct tatu_app *app = &apps->apps[i];
        app->wanted = false;
        /* who was refused is looked at anew: what was in its way may be gone */
        app->state = app->state == TATU_APP_REFUSED ? TATU_APP_ABSENT : app->state;
        for (size_t j = 0; j < count && app->state != TATU_APP_ABSENT; j++) {
            app->wanted |= is_same_image(&app->image, &images[j]);
        }
        if (app->state != TATU_APP_ABSENT && !app->wanted) {
            stop(app, tatu_os_now_ms());
        }
    }
}

/* What is installed. Who asked does not ask again, and an application that was to be replaced is
 * stopped already: so it is we who ask again. */
static enum tatu_err list(struct tatu_apps *apps, struct tatu_smc_app *out, size_t *out_count)
{
    const enum tatu_err err = tatu_os_list_apps(apps->world->monitor, out, out_count);
    if (err == TATU_OK) {
        apps->failures = 0;
        apps->retry_ms = 0;
        return TATU_OK;
    }
    apps->failures++;
    apps->retry_ms =
        tatu_os_now_ms() + tatu_os_get_backoff(apps->failures, BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
    advance(apps);
    return err;
}

enum tatu_err tatu_apps_reload(struct tatu_apps *apps, bool manual)
{
    struct tatu_smc_app images[TATU_SMC_APPS_MAX];
    size_t count = 0;
    apps->manual = manual;
    TATU_TRY(list(apps, images, &count));
    forget_unwanted(apps, images, count);
    tatu_apps_sync_users(apps, images, count);
    for (size_t i = 0; i < count; i++) {
        /* another image of a component that still runs is installed when the old one has stopped */
        if (tatu_apps_find(apps, images[i].component) == NULL) {
            install(apps, &images[i], manual);
        }
    }
    if (tatu_apps_sync_deviceauth(apps, TATU_APPS_DEVICEAUTH)) {
        /* other applications are to have certificates */
        if (!tatu_os_tell_attestd()) {
            tatu_os_log(apps->world->log, TATU_OS_LOG_WARNING, "attestd cannot be told");
        }
    }
    advance(apps);
    return TATU_OK;
}

/* ---- life and death ---- */

static uint64_t next_try(struct tatu_app *app, uint64_t now_ms)
{
    return now_ms + tatu_os_get_backoff(app->failures, BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
}

static void watch(struct tatu_app *app, struct tatu_os_watch *watch)
{
    if (tatu_os_add_watch(app->apps->world->loop, watch, EPOLLIN) != TATU_OK) {
        tatu_os_log(log_of(app), TATU_OS_LOG_NOTICE, "app %s: cannot be watched",
                    app->manifest.name);
    }
}

static void start(struct tatu_app *app)
{
    const enum tatu_err err = tatu_apps_start_container(app);
    const uint64_t now_ms = tatu_os_now_ms();
    if (err != TATU_OK) {
        app->failures++;
        app->next_ms = next_try(app, now_ms);
        tatu_os_log(log_of(app), TATU_OS_LOG_NOTICE, "app %s: cannot start: %s", app->manifest.name,
                    tatu_err_name(err));
        return;
    }
    app->state = TATU_APP_RUNNING;
    app->started_ms = now_ms;
    app->starts++;
    app->restart_ms = app->ended_ms == 0 ? 0 : (uint32_t)(now_ms - app->ended_ms);
    watch(app, &app->control);
    watch(app, &app->output);
    tatu_os_log(log_of(app), TATU_OS_LOG_NOTICE, "app %s: started", app->manifest.name);
}

static uint64_t advance_one(struct tatu_app *app, uint64_t now_ms)
{
    if (app->state == TATU_APP_WAITING && now_ms >= app->next_ms) {
        start(app);
    }
    if (app->state == TATU_APP_STOPPING && now_ms >= app->next_ms) {
        tatu_apps_signal_container(app, SIGKILL);
        app->next_ms = now_ms + GRACE_MS;
    }
    return app->state == TATU_APP_WAITING || app->state == TATU_APP_STOPPING ? app->next_ms : 0;
}

static void advance(struct tatu_apps *apps)
{
    uint64_t next_ms = apps->retry_ms;
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        const uint64_t due_ms = advance_one(&apps->apps[i], tatu_os_now_ms());
        if (due_ms != 0 && (next_ms == 0 || due_ms < next_ms)) {
            next_ms = due_ms;
        }
    }
    if (next_ms != 0) {
        tatu_os_set_timer(apps->world->loop, &apps->due, next_ms);
    }
}

static void due(struct tatu_os_timer *timer)
{
    struct tatu_apps *apps = timer->context;
    if (apps->retry_ms != 0 && tatu_os_now_ms() >= apps->retry_ms) {
        (void)tatu_apps_reload(apps,
                               apps->manual); /* it says itself when it is to be asked again */
    }
    advance(apps);
}

/* The owner is told, but not of every turn of a loop. */
static void report_end(struct tatu_app *app, uint32_t kind, uint32_t code)
{
    const uint64_t now_ms = tatu_os_now_ms();
    struct tatu_event event = {.kind = kind, .code = code, .unix_s = (uint64_t)time(NULL)};
    uint8_t bytes[EVENT_SIZE_MAX];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    uint32_t id;
    if (app->reported_ms != 0 && now_ms - app->reported_ms < REPORT_EVERY_MS) {
        return;
    }
    app->reported_ms = now_ms;
    memcpy(event.component, app->image.component, sizeof(event.component));
    memcpy(event.image, app->image.image, sizeof(event.image));
    if (tatu_proto_encode_event(&event, &buf) != TATU_OK ||
        tatu_os_append_record(app->apps->world->monitor, TATU_RECORD_EVENT,
                              (struct tatu_span){buf.data, buf.len}, &id) != TATU_OK) {
        tatu_os_log(log_of(app), TATU_OS_LOG_WARNING, "app %s: its end was not kept",
                    app->manifest.name);
    }
}

static void say_end(struct tatu_app *app, int status, bool over_memory)
{
    const bool killed = WIFSIGNALED(status);
    const int code = killed ? WTERMSIG(status) : WEXITSTATUS(status);
    tatu_os_log(log_of(app), TATU_OS_LOG_NOTICE, "app %s: ended %s %d%s", app->manifest.name,
                killed ? "by signal" : "with status", code, over_memory ? ", over its memory" : "");
    if (over_memory) {
        report_end(app, TATU_EVENT_APP_MEMORY, TATU_APPS_USER_KIB);
    } else if (app->state != TATU_APP_STOPPING && !(killed && WCOREDUMP(status))) {
        report_end(app, killed ? TATU_EVENT_APP_SIGNAL : TATU_EVENT_APP_EXIT, (uint32_t)code);
    }
}

static struct tatu_app *find_pid(struct tatu_apps *apps, pid_t pid)
{
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        if (apps->apps[i].state != TATU_APP_ABSENT && apps->apps[i].pid == pid) {
            return &apps->apps[i];
        }
    }
    return NULL;
}

/* What comes after its end: gone, stopped, or once more. */
static void go_on(struct tatu_app *app)
{
    if (!app->wanted) {
        app->state = TATU_APP_ABSENT;
        if (tatu_apps_reload(app->apps, app->apps->manual) != TATU_OK) {
            tatu_os_log(log_of(app), TATU_OS_LOG_NOTICE,
                        "app %s: the monitor does not list the applications; it is asked again",
                        app->manifest.name);
        }
        return;
    }
    if (app->held) {
        app->state = TATU_APP_STOPPED;
        return;
    }
    app->failures = app->ended_ms - app->started_ms >= HEALTHY_MS ? 1 : app->failures + 1;
    app->next_ms = app->state == TATU_APP_STOPPING ? app->ended_ms : next_try(app, app->ended_ms);
    app->state = TATU_APP_WAITING;
}

bool tatu_apps_child_ended(struct tatu_apps *apps, pid_t pid, int status)
{
    struct tatu_app *app = find_pid(apps, pid);
    if (app == NULL) {
        return false;
    }
    for (size_t i = 0; i < LAST_OUTPUT_MAX / OUTPUT_PIECE && take_output(app); i++) {
    }
    if (app->line_len > 0) {
        say_line(app);
    }
    tatu_apps_sample(apps);
    say_end(app, tatu_apps_read_end(app, status), tatu_apps_was_over_memory(app));
    close_watch(app, &app->control);
    close_watch(app, &app->pending);
    close_watch(app, &app->output);
    close_watch(app, &app->listener);
    tatu_apps_drop_controllers(app);
    tatu_apps_clean_container(app);
    app->ended_ms = tatu_os_now_ms();
    go_on(app);
    advance(apps);
    return true;
}

void tatu_apps_start_app(struct tatu_app *app)
{
    app->held = false;
    if (app->state == TATU_APP_STOPPED || app->state == TATU_APP_WAITING) {
        app->state = TATU_APP_WAITING;
        app->failures = 0;
        app->next_ms = tatu_os_now_ms();
    }
    advance(app->apps);
}

void tatu_apps_stop_app(struct tatu_app *app)
{
    app->held = true;
    if (app->state != TATU_APP_REFUSED) {
        stop(app, tatu_os_now_ms());
    }
    advance(app->apps);
}

void tatu_apps_sample(struct tatu_apps *apps)
{
    struct tatu_apps_memory memory;
    (void)tatu_apps_measure(apps, &memory);
}

void tatu_apps_listen(struct tatu_app *app, int fd, uint32_t mask)
{
    close_watch(app, &app->listener);
    app->listener.fd = fd;
    app->listens_to = mask;
    watch(app, &app->listener);
}

enum tatu_err tatu_apps_open(const struct tatu_apps_world *world, struct tatu_apps **out)
{
    struct tatu_apps *apps = calloc(1, sizeof(*apps));
    if (apps == NULL) {
        return TATU_ERR_MEMORY;
    }
    apps->world = world;
    apps->profile = TATU_POWER_BALANCED;
    apps->due = (struct tatu_os_timer){.fire = due, .context = apps};
    apps->events = (struct tatu_apps_events){.tell = tell_event, .context = apps};
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        reset_app(apps, &apps->apps[i]);
    }
    tatu_apps_load_users(apps);
    *out = apps;
    return TATU_OK;
}
