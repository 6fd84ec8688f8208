#include "os/apps/apps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "control.h"
#include "deviceauth.h"
#include "os/launch/launch.h"
#include "os/lib/loop.h"
#include "proto/asxipfs.h"
#include "proto/image.h"
#include "proto/map.h"

#define FIRST_UID 1000u
#define GRACE_MS 3000
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS 60000
#define HEALTHY_MS 30000 /* an application that lived this long starts with a fresh back-off */
#define EVENTS_AT_ONCE 8

enum source { SOURCE_CONTROL, SOURCE_PENDING, SOURCE_OUTPUT, SOURCE_COUNT };

enum tatu_err tatu_apps_init(struct tatu_apps *apps, const struct tatu_os_monitor *monitor,
                             const struct tatu_os_log *log)
{
    memset(apps, 0, sizeof(*apps));
    apps->monitor = monitor;
    apps->log = log;
    apps->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        apps->apps[i].control_fd = apps->apps[i].pending_fd = -1;
        apps->apps[i].output_fd = apps->apps[i].status_fd = -1;
        apps->apps[i].uid = FIRST_UID + (uint32_t)i;
    }
    return apps->epoll_fd >= 0 ? TATU_OK : TATU_ERR_IO;
}

int tatu_apps_descriptor(const struct tatu_apps *apps)
{
    return apps->epoll_fd;
}

static void watch(struct tatu_apps *apps, const struct tatu_app *app, enum source source, int fd)
{
    const uint64_t key = (uint64_t)(app - apps->apps) * SOURCE_COUNT + (uint64_t)source;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = key};
    if (epoll_ctl(apps->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        tatu_os_log(apps->log, TATU_OS_LOG_NOTICE, "app %s: cannot be watched", app->manifest.name);
    }
}

/* ---- what an application says ---- */

static void say_line(const struct tatu_apps *apps, struct tatu_app *app)
{
    app->line[app->line_len] = '\0';
    tatu_os_log(apps->log, TATU_OS_LOG_NOTICE, "app %s: %s", app->manifest.name, app->line);
    app->line_len = 0;
}

/* Takes a piece of what is there. False: there is nothing more for now. */
static bool take_output(const struct tatu_apps *apps, struct tatu_app *app)
{
    char bytes[256];
    if (app->output_fd < 0) {
        return false;
    }
    const ssize_t got = read(app->output_fd, bytes, sizeof(bytes));
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        (void)close(app->output_fd);
        app->output_fd = -1;
        return false;
    }
    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] == '\n' || app->line_len == sizeof(app->line) - 1) {
            say_line(apps, app);
        }
        if (bytes[i] != '\n') {
            app->line[app->line_len++] = bytes[i];
        }
    }
    return got > 0;
}

/* ---- what it asks for ---- */

static void take_connection(struct tatu_apps *apps, struct tatu_app *app)
{
    /* one at a time: who connects and says nothing gives way to the next */
    if (app->pending_fd >= 0 && !tatu_apps_answer_control(app, app->pending_fd)) {
        (void)close(app->pending_fd);
    }
    app->pending_fd = tatu_apps_accept_control(app);
    if (app->pending_fd >= 0) {
        watch(apps, app, SOURCE_PENDING, app->pending_fd);
    }
}

void tatu_apps_dispatch(struct tatu_apps *apps)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    const int count = epoll_wait(apps->epoll_fd, events, EVENTS_AT_ONCE, 0);
    for (int i = 0; i < count; i++) {
        struct tatu_app *app = &apps->apps[events[i].data.u64 / SOURCE_COUNT];
        switch ((enum source)(events[i].data.u64 % SOURCE_COUNT)) {
        case SOURCE_CONTROL:
            if (app->control_fd >= 0) {
                take_connection(apps, app);
            }
            break;
        case SOURCE_PENDING:
            if (app->pending_fd >= 0 && tatu_apps_answer_control(app, app->pending_fd)) {
                app->pending_fd = -1;
            }
            break;
        case SOURCE_OUTPUT:
            (void)take_output(apps, app);
            break;
        case SOURCE_COUNT:
            break;
        }
    }
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

/* The manifest inside an installed image, read through the flash window. */
static enum tatu_err read_manifest(const struct tatu_smc_app *image, struct tatu_manifest *out)
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
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_node file;
    TATU_TRY(tatu_proto_open_asxipfs((struct tatu_span){mapping.at, len}, &fs));
    TATU_TRY(tatu_proto_find_asxipfs(&fs, "app_manifest.json", &file));
    TATU_TRY(tatu_apps_decode_manifest(file.data, out));
    return memcmp(out->component, image->component, sizeof(out->component)) == 0
               ? TATU_OK
               : TATU_ERR_MANIFEST;
}

static struct tatu_app *find_component(struct tatu_apps *apps, const uint8_t component[16])
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

static void stop(struct tatu_app *app, int64_t now_ms)
{
    if (app->state == TATU_APP_RUNNING) {
        tatu_apps_signal_container(app, SIGTERM);
        app->state = TATU_APP_STOPPING;
        app->next_ms = now_ms + GRACE_MS;
    } else if (app->state == TATU_APP_WAITING) {
        app->state = TATU_APP_ABSENT;
    }
}

static void install(struct tatu_apps *apps, const struct tatu_smc_app *image, int64_t now_ms)
{
    struct tatu_manifest manifest;
    const enum tatu_err err = read_manifest(image, &manifest);
    if (err != TATU_OK) {
        tatu_os_log(apps->log, TATU_OS_LOG_NOTICE, "app %.31s: not started: %s: %s",
                    (const char *)image->name, tatu_err_name(err), tatu_err_text(err));
        return;
    }
    struct tatu_app *app = find_free(apps);
    if (app == NULL) {
        tatu_os_log(apps->log, TATU_OS_LOG_NOTICE, "app %s: not started: FULL", manifest.name);
        return;
    }
    app->image = *image;
    app->manifest = manifest;
    app->wanted = true;
    app->failures = 0;
    app->line_len = 0;
    app->next_ms = now_ms;
    tatu_proto_format_guid(image->component, app->component);
    app->state = TATU_APP_WAITING;
}

/* Other applications are to have certificates: attestd proves again. It may be busy with the
 * service or not be up yet; it finds the word when it comes to it, and nobody waits. */
static void tell_attestd(const struct tatu_apps *apps)
{
    static const char word[] = "renew";
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/attestd.sock"};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        send(fd, word, strlen(word), MSG_NOSIGNAL) != (ssize_t)strlen(word)) {
        tatu_os_log(apps->log, TATU_OS_LOG_WARNING, "attestd cannot be told");
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

enum tatu_err tatu_apps_reload(struct tatu_apps *apps, int64_t now_ms)
{
    struct tatu_smc_app images[TATU_SMC_APPS_MAX];
    size_t count = 0;
    TATU_TRY(tatu_os_list_apps(apps->monitor, images, &count));
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        apps->apps[i].wanted = false;
    }
    for (size_t i = 0; i < count; i++) {
        struct tatu_app *app = find_component(apps, images[i].component);
        if (app != NULL && memcmp(app->image.image, images[i].image, 16) == 0) {
            app->wanted = true;
        } else if (app == NULL) {
            install(apps, &images[i], now_ms);
        }
        /* another image of a component that still runs is installed when the old one has stopped */
    }
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        if (apps->apps[i].state != TATU_APP_ABSENT && !apps->apps[i].wanted) {
            stop(&apps->apps[i], now_ms);
        }
    }
    if (tatu_apps_sync_deviceauth(apps, TATU_APPS_DEVICEAUTH)) {
        tell_attestd(apps);
    }
    return TATU_OK;
}

/* ---- life and death ---- */

static void start(struct tatu_apps *apps, struct tatu_app *app, int64_t now_ms)
{
    const enum tatu_err err = tatu_apps_start_container(app);
    if (err != TATU_OK) {
        app->failures++;
        app->next_ms =
            now_ms + (int64_t)tatu_os_get_backoff(app->failures, BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
        tatu_os_log(apps->log, TATU_OS_LOG_NOTICE, "app %s: cannot start: %s", app->manifest.name,
                    tatu_err_name(err));
        return;
    }
    app->state = TATU_APP_RUNNING;
    app->started_ms = now_ms;
    watch(apps, app, SOURCE_CONTROL, app->control_fd);
    watch(apps, app, SOURCE_OUTPUT, app->output_fd);
    tatu_os_log(apps->log, TATU_OS_LOG_NOTICE, "app %s: started", app->manifest.name);
}

static int64_t advance_one(struct tatu_apps *apps, struct tatu_app *app, int64_t now_ms)
{
    if (app->state == TATU_APP_WAITING && now_ms >= app->next_ms) {
        start(apps, app, now_ms);
    }
    if (app->state == TATU_APP_STOPPING && now_ms >= app->next_ms) {
        tatu_apps_signal_container(app, SIGKILL);
        app->next_ms = now_ms + GRACE_MS;
    }
    return app->state == TATU_APP_WAITING || app->state == TATU_APP_STOPPING ? app->next_ms : -1;
}

int64_t tatu_apps_advance(struct tatu_apps *apps, int64_t now_ms)
{
    int64_t next_ms = -1;
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        const int64_t due_ms = advance_one(apps, &apps->apps[i], now_ms);
        if (due_ms >= 0 && (next_ms < 0 || due_ms < next_ms)) {
            next_ms = due_ms;
        }
    }
    return next_ms;
}

static void say_end(const struct tatu_apps *apps, const struct tatu_app *app, int status)
{
    if (WIFSIGNALED(status)) {
        tatu_os_log(apps->log, TATU_OS_LOG_NOTICE, "app %s: ended by signal %d", app->manifest.name,
                    WTERMSIG(status));
    } else {
        tatu_os_log(apps->log, TATU_OS_LOG_NOTICE, "app %s: ended with status %d",
                    app->manifest.name, WEXITSTATUS(status));
    }
}

bool tatu_apps_child_ended(struct tatu_apps *apps, pid_t pid, int status, int64_t now_ms)
{
    struct tatu_app *app = NULL;
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        if (apps->apps[i].state != TATU_APP_ABSENT && apps->apps[i].pid == pid) {
            app = &apps->apps[i];
        }
    }
    if (app == NULL) {
        return false;
    }
    while (take_output(apps, app)) {
    }
    if (app->line_len > 0) {
        say_line(apps, app);
    }
    say_end(apps, app, tatu_apps_read_end(app, status));
    const bool was_stopping = app->state == TATU_APP_STOPPING;
    tatu_apps_clean_container(app);
    if (was_stopping || !app->wanted) {
        app->state = TATU_APP_ABSENT;
        if (tatu_apps_reload(apps, now_ms) != TATU_OK) {
            tatu_os_log(apps->log, TATU_OS_LOG_NOTICE,
                        "app %s: the monitor does not list the applications", app->manifest.name);
        }
        return true;
    }
    app->failures = now_ms - app->started_ms >= HEALTHY_MS ? 1 : app->failures + 1;
    app->state = TATU_APP_WAITING;
    app->next_ms =
        now_ms + (int64_t)tatu_os_get_backoff(app->failures, BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
    return true;
}

void tatu_apps_describe(const struct tatu_apps *apps, char *out, size_t size)
{
    static const char *const words[] = {"absent", "waiting", "running", "stopping"};
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        const struct tatu_app *app = &apps->apps[i];
        if (app->state != TATU_APP_ABSENT && len < size) {
            len += (size_t)snprintf(out + len, size - len, "%s %s %s\n", app->component,
                                    words[app->state], app->manifest.name);
        }
    }
}
