#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "container.h"
#include "deviceauth.h"
#include "peripherals.h"
#include "proto/map.h"
#include "proto/network.h"
#include "storage.h"

#define GPIO_MODE_MAX 2u
#define LINES_PER_CHIP TATU_MAP_GPIO_LINES
#define POWER_DOWN_MAX_S (10u * 365 * 24 * 3600)
#define NANOSECONDS 1000000000u

int tatu_apps_open_control(const struct tatu_app *app, char *out_path, size_t path_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[96];
    (void)snprintf(folder, sizeof(folder), "/run/apps/%s", app->component);
    if ((mkdir("/run/apps", 0700) != 0 && errno != EEXIST) ||
        (mkdir(folder, 0700) != 0 && errno != EEXIST)) {
        return -1;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", folder);
    (void)unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* anyone who sees the socket may use it: only the one container and root can see it */
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
                    chmod(address.sun_path, 0666) != 0 || listen(fd, 4) != 0)) {
        (void)close(fd);
        return -1;
    }
    (void)snprintf(out_path, path_size, "%s", address.sun_path);
    return fd;
}

/* ---- pins ---- */

int tatu_apps_check_gpio(const struct tatu_manifest *manifest, const struct tatu_ask *ask)
{
    if (ask->payload.len != 0 ||
        (ask->op == TATU_REQUEST_GPIO_OUTPUT && (ask->b > GPIO_MODE_MAX || ask->c > 1))) {
        return EINVAL;
    }
    if (ask->a >= TATU_MANIFEST_GPIO_MAX) {
        return ENODEV;
    }
    return manifest->gpio[ask->a] ? 0 : EACCES;
}

/* A line request of exactly that line; -1 and errno. The kernel refuses a line that is held
 * (EBUSY). */
static int open_line(const struct tatu_app *app, const struct tatu_ask *ask)
{
    char path[32];
    (void)snprintf(path, sizeof(path), "/dev/gpiochip%u", ask->a / LINES_PER_CHIP);
    int chip = open(path, O_RDWR | O_CLOEXEC);
    if (chip < 0) {
        errno = ENODEV;
        return -1;
    }
    struct gpio_v2_line_request line = {.offsets = {ask->a % LINES_PER_CHIP}, .num_lines = 1};
    (void)snprintf(line.consumer, sizeof(line.consumer), "%s", app->manifest.name);
    if (ask->op == TATU_REQUEST_GPIO_INPUT) {
        line.config.flags = GPIO_V2_LINE_FLAG_INPUT;
    } else {
        static const uint64_t modes[] = {0, GPIO_V2_LINE_FLAG_OPEN_DRAIN,
                                         GPIO_V2_LINE_FLAG_OPEN_SOURCE};
        line.config.flags = GPIO_V2_LINE_FLAG_OUTPUT | modes[ask->b];
        line.config.num_attrs = 1;
        line.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
        line.config.attrs[0].attr.values = ask->c;
        line.config.attrs[0].mask = 1;
    }
    int result = ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &line);
    int saved = errno;
    (void)close(chip);
    errno = saved;
    return result == 0 ? line.fd : -1;
}

static int open_gpio(struct tatu_app *app, const struct tatu_ask *ask, struct tatu_os_reply *reply)
{
    const int problem = tatu_apps_check_gpio(&app->manifest, ask);
    if (problem != 0) {
        return problem;
    }
    reply->fd = open_line(app, ask);
    return reply->fd >= 0 ? 0 : errno;
}

/* ---- storage, memory ---- */

static int open_storage(struct tatu_app *app, const struct tatu_ask *ask,
                        struct tatu_os_reply *reply)
{
    (void)ask;
    return tatu_apps_open_storage(app->apps->world->storage, app->component, app->uid, &reply->fd);
}

static int delete_storage(struct tatu_app *app, const struct tatu_ask *ask,
                          struct tatu_os_reply *reply)
{
    (void)ask;
    (void)reply;
    return tatu_apps_delete_storage(app->apps->world->storage, app->component);
}

static int put_words(struct tatu_os_reply *reply, const uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[4];
        tatu_put_le32(bytes, words[i]);
        if (tatu_base_put_bytes(&reply->payload, TATU_SPAN_OF(bytes)) != TATU_OK) {
            return EIO;
        }
    }
    return 0;
}

static int tell_quota(struct tatu_app *app, const struct tatu_ask *ask, struct tatu_os_reply *reply)
{
    const uint32_t words[] = {
        (uint32_t)tatu_apps_get_stored(app->apps->world->storage, app->component),
        app->manifest.storage_kb * 1024};
    (void)ask;
    return put_words(reply, words, TATU_COUNT_OF(words));
}

static int tell_memory(struct tatu_app *app, const struct tatu_ask *ask,
                       struct tatu_os_reply *reply)
{
    (void)ask;
    return tatu_apps_put_memory(app->apps, reply) == TATU_OK ? 0 : EIO;
}

static int tell_version(struct tatu_app *app, const struct tatu_ask *ask,
                        struct tatu_os_reply *reply)
{
    const char *version = app->apps->world->machine.version;
    (void)ask;
    return tatu_base_put_bytes(&reply->payload, (struct tatu_span){(const uint8_t *)version,
                                                                   strlen(version)}) == TATU_OK
               ? 0
               : EIO;
}

static int tell_deviceauth(struct tatu_app *app, const struct tatu_ask *ask,
                           struct tatu_os_reply *reply)
{
    (void)ask;
    if (!app->manifest.has_tenant) {
        return EACCES;
    }
    const uint32_t ready = tatu_apps_has_certificate(app, TATU_APPS_DEVICEAUTH, time(NULL));
    return put_words(reply, &ready, 1);
}

/* ---- power, time ---- */

static int restart(struct tatu_app *app, const struct tatu_ask *ask, struct tatu_os_reply *reply)
{
    const struct tatu_apps_machine *machine = &app->apps->world->machine;
    (void)ask;
    (void)reply;
    return machine->restart(machine->context);
}

static int power_down(struct tatu_app *app, const struct tatu_ask *ask, struct tatu_os_reply *reply)
{
    const struct tatu_apps_machine *machine = &app->apps->world->machine;
    (void)reply;
    return ask->a > POWER_DOWN_MAX_S ? EINVAL : machine->power_down(machine->context, ask->a);
}

/* This chip has one speed, and the most it can save is to stand still: while applications save
 * power they have half of the processor, and in the other half it waits for an interrupt. */
uint32_t tatu_apps_get_percent(enum tatu_power_profile profile)
{
    return profile == TATU_POWER_SAVER ? 50 : 100;
}

static int set_profile(struct tatu_app *app, const struct tatu_ask *ask,
                       struct tatu_os_reply *reply)
{
    struct tatu_apps *apps = app->apps;
    const struct tatu_apps_machine *machine = &apps->world->machine;
    const enum tatu_power_profile profile = (enum tatu_power_profile)ask->a;
    (void)reply;
    if (ask->a > TATU_POWER_HIGH_PERFORMANCE) {
        return EINVAL;
    }
    const int problem = machine->limit_processor(machine->context, tatu_apps_get_percent(profile));
    apps->profile = problem == 0 ? profile : apps->profile;
    return problem;
}

static int set_time(struct tatu_app *app, const struct tatu_ask *ask, struct tatu_os_reply *reply)
{
    const struct tatu_apps_machine *machine = &app->apps->world->machine;
    (void)reply;
    if (ask->payload.len != 16 || tatu_get_le32(ask->payload.data + 8) >= NANOSECONDS ||
        tatu_get_le32(ask->payload.data + 12) != 0) {
        return EINVAL;
    }
    return machine->set_time(machine->context, (int64_t)tatu_get_le64(ask->payload.data),
                             tatu_get_le32(ask->payload.data + 8));
}

static int set_rtc(struct tatu_app *app, const struct tatu_ask *ask, struct tatu_os_reply *reply)
{
    const struct tatu_apps_machine *machine = &app->apps->world->machine;
    (void)ask;
    (void)reply;
    return machine->set_rtc(machine->context);
}

/* ---- system events ---- */

static int defer(struct tatu_app *app, const struct tatu_ask *ask, struct tatu_os_reply *reply)
{
    (void)reply;
    return tatu_apps_defer_event(&app->apps->events, ask->a, ask->b, tatu_os_now_ms());
}

static int resume(struct tatu_app *app, const struct tatu_ask *ask, struct tatu_os_reply *reply)
{
    (void)reply;
    return tatu_apps_resume_event(&app->apps->events, ask->a, tatu_os_now_ms());
}

/* The connection stays, and brings the events. */
static int listen_to(struct tatu_app *app, const struct tatu_os_asked *asked,
                     struct tatu_os_reply *reply)
{
    if (asked->ask.a == 0 || (asked->ask.a & ~TATU_SYSTEM_EVENT_ALL) != 0) {
        return EINVAL;
    }
    reply->keep = true;
    if (tatu_os_send_answer(asked->fd, TATU_OK, 0, (struct tatu_span){NULL, 0}, -1)) {
        tatu_apps_listen(app, asked->fd, asked->ask.a);
    } else {
        (void)close(asked->fd);
    }
    return 0;
}

/* ---- other applications ---- */

static bool names_peer(const struct tatu_manifest *manifest, const uint8_t component[16])
{
    for (size_t i = 0; i < manifest->peer_count; i++) {
        if (memcmp(manifest->peers[i], component, sizeof(manifest->peers[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* A real-time application is reached when both manifests say so. Of those none runs yet: what is
 * installed refuses, as one that was stopped would. */
static int connect_peer(struct tatu_app *app, const struct tatu_ask *ask,
                        struct tatu_os_reply *reply)
{
    (void)reply;
    if (ask->payload.len != TATU_REQUEST_COMPONENT_SIZE) {
        return EINVAL;
    }
    if (!names_peer(&app->manifest, ask->payload.data)) {
        return EACCES;
    }
    const struct tatu_app *peer = tatu_apps_find(app->apps, ask->payload.data);
    if (peer == NULL) {
        return ENOENT;
    }
    return peer->manifest.type == TATU_MANIFEST_REAL_TIME &&
                   names_peer(&peer->manifest, app->image.component)
               ? ECONNREFUSED
               : EACCES;
}

/* ---- who may ask what ---- */

struct row {
    uint32_t first;
    uint32_t last;
    uint32_t needs;     /* one of these capabilities; 0: nobody is asked */
    const char *server; /* NULL: here */
    int (*handle)(struct tatu_app *app, const struct tatu_ask *ask, struct tatu_os_reply *reply);
    /* instead: the connection stays */
    int (*keep)(struct tatu_app *app, const struct tatu_os_asked *asked,
                struct tatu_os_reply *reply);
};

#define HERE(op, needs, handle)                                                                    \
    {                                                                                              \
        op, op, needs, NULL, handle, NULL                                                          \
    }
#define STAYS(op, needs, keep)                                                                     \
    {                                                                                              \
        op, op, needs, NULL, NULL, keep                                                            \
    }
#define AT(server, first, last, needs)                                                             \
    {                                                                                              \
        first, last, needs, server, NULL, NULL                                                     \
    }

static const struct row rows[] = {
    HERE(TATU_REQUEST_GPIO_INPUT, 0, open_gpio), /* the manifest names the pins */
    HERE(TATU_REQUEST_GPIO_OUTPUT, 0, open_gpio),
    HERE(TATU_REQUEST_STORAGE_OPEN, TATU_CAN_MUTABLE_STORAGE, open_storage),
    HERE(TATU_REQUEST_STORAGE_DELETE, TATU_CAN_MUTABLE_STORAGE, delete_storage),
    HERE(TATU_REQUEST_STORAGE_QUOTA, TATU_CAN_MUTABLE_STORAGE, tell_quota),
    HERE(TATU_REQUEST_MEMORY, 0, tell_memory),
    HERE(TATU_REQUEST_OS_VERSION, 0, tell_version),
    HERE(TATU_REQUEST_DEVICEAUTH_READY, 0, tell_deviceauth), /* with DeviceAuthentication */
    HERE(TATU_REQUEST_REBOOT, TATU_CAN_FORCE_REBOOT, restart),
    HERE(TATU_REQUEST_POWER_DOWN, TATU_CAN_FORCE_POWER_DOWN, power_down),
    HERE(TATU_REQUEST_POWER_PROFILE, TATU_CAN_SET_POWER_PROFILE, set_profile),
    STAYS(TATU_REQUEST_EVENTS, TATU_CAN_SYSTEM_EVENT_NOTIFICATIONS, listen_to),
    HERE(TATU_REQUEST_DEFER, TATU_CAN_SOFTWARE_UPDATE_DEFERRAL, defer),
    HERE(TATU_REQUEST_RESUME, TATU_CAN_SOFTWARE_UPDATE_DEFERRAL, resume),
    HERE(TATU_REQUEST_SET_TIME, TATU_CAN_SYSTEM_TIME, set_time),
    HERE(TATU_REQUEST_SET_RTC, TATU_CAN_SYSTEM_TIME, set_rtc),
    HERE(TATU_REQUEST_UART_OPEN, 0, tatu_apps_open_device), /* the manifest names them */
    HERE(TATU_REQUEST_I2C_OPEN, 0, tatu_apps_open_device),
    HERE(TATU_REQUEST_SPI_OPEN, 0, tatu_apps_open_device),
    STAYS(TATU_REQUEST_PWM_OPEN, 0, tatu_apps_hold_controller),
    STAYS(TATU_REQUEST_ADC_OPEN, 0, tatu_apps_hold_controller),
    HERE(TATU_REQUEST_CONNECT, 0, connect_peer), /* the same */
    AT(TATU_NETD_SOCKET, TATU_NET_READY, TATU_NET_INTERFACES, 0),
    AT(TATU_NETD_SOCKET, TATU_NET_SET_UP, TATU_NET_SET_UP, TATU_CAN_NETWORK_CONFIG),
    AT(TATU_NETD_SOCKET, TATU_NET_STATUS, TATU_NET_STATUS, 0),
    AT(TATU_NETD_SOCKET, TATU_NET_APPLY_IP, TATU_NET_RENEW_IP, TATU_CAN_NETWORK_CONFIG),
    AT(TATU_NETD_SOCKET, TATU_NET_SET_MAC, TATU_NET_SET_MAC, TATU_CAN_HARDWARE_ADDRESS_CONFIG),
    AT(TATU_NETD_SOCKET, TATU_NET_GET_MAC, TATU_NET_GET_MAC, 0),
    AT(TATU_NETD_SOCKET, TATU_NET_SET_TIME_SYNC, TATU_NET_SET_NTP, TATU_CAN_TIME_SYNC_CONFIG),
    AT(TATU_NETD_SOCKET, TATU_NET_LAST_SYNC, TATU_NET_LAST_SYNC, 0),
    AT(TATU_NETD_SOCKET, TATU_NET_SERVE_SNTP, TATU_NET_SERVE_SNTP, TATU_CAN_SNTP_SERVICE),
    AT(TATU_NETD_SOCKET, TATU_NET_SERVE_DHCP, TATU_NET_SERVE_DHCP, TATU_CAN_DHCP_SERVICE),
    AT(TATU_NETD_SOCKET, TATU_NET_SET_PROXY, TATU_NET_SET_PROXY, TATU_CAN_NETWORK_CONFIG),
    AT(TATU_NETD_SOCKET, TATU_NET_GET_PROXY, TATU_NET_GET_PROXY,
       TATU_CAN_NETWORK_CONFIG | TATU_CAN_READ_NETWORK_PROXY_CONFIG),
    AT(TATU_NETD_SOCKET, TATU_NET_PROXY_STATUS, TATU_NET_PROXY_STATUS, 0),
    AT(TATU_NETD_SOCKET, TATU_NET_WIFI_ADD, TATU_NET_WIFI_POWER_SAVING, TATU_CAN_WIFI_CONFIG),
    AT(TATU_NETD_SOCKET, TATU_NET_WIFI_ENTERPRISE_GET, TATU_NET_WIFI_ENTERPRISE_GET,
       TATU_CAN_ENTERPRISE_WIFI_CONFIG),
    AT(TATU_NETD_SOCKET, TATU_NET_WIFI_STORE, TATU_NET_WIFI_STORE, TATU_CAN_WIFI_CONFIG),
    AT(TATU_NETD_SOCKET, TATU_NET_WIFI_ENTERPRISE_SET, TATU_NET_WIFI_ENTERPRISE_SET,
       TATU_CAN_ENTERPRISE_WIFI_CONFIG),
    AT(TATU_GATEWAYD_SOCKET, TATU_REQUEST_GATEWAYD_FIRST, TATU_REQUEST_APP_END - 1,
       TATU_CAN_CERT_STORE),
};

static const struct row *find_row(uint32_t op)
{
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        if (op >= rows[i].first && op <= rows[i].last) {
            return &rows[i];
        }
    }
    return NULL;
}

static int check_row(const struct tatu_manifest *manifest, const struct row *row)
{
    if (row == NULL) {
        return EINVAL;
    }
    return row->needs == 0 || (manifest->capabilities & row->needs) != 0 ? 0 : EACCES;
}

int tatu_apps_check_request(const struct tatu_manifest *manifest, uint32_t op,
                            const char **out_server)
{
    const struct row *row = find_row(op);
    const int problem = check_row(manifest, row);
    if (problem == 0) {
        *out_server = row->server;
    }
    return problem;
}

/* The connection goes to who serves this, with what we know of the application. */
static int introduce(struct tatu_app *app, const struct row *row, const struct tatu_os_asked *asked,
                     struct tatu_os_reply *reply)
{
    const enum tatu_err err =
        tatu_os_introduce(row->server, app->uid, app->image.component, &asked->ask, asked->fd);
    if (err != TATU_OK) {
        /* who is not up comes up */
        return err == TATU_ERR_BUSY || err == TATU_ERR_UNREACHABLE ? EAGAIN : EIO;
    }
    reply->keep = true;
    (void)close(asked->fd);
    return 0;
}

/* Whether it may have flash written now; told once, until it may again. */
static int check_wear(struct tatu_app *app, uint32_t op)
{
    if (!tatu_apps_wears(op)) {
        return 0;
    }
    const bool may = tatu_apps_spend_wear(&app->wear, tatu_os_now_ms());
    if (!may && !app->wears_out) {
        tatu_os_log(app->apps->world->log, TATU_OS_LOG_WARNING,
                    "app %s: has flash written too often", app->manifest.name);
    }
    app->wears_out = !may;
    return may ? 0 : EAGAIN;
}

enum tatu_err tatu_apps_error_of(int problem)
{
    switch (problem) {
    case 0:
        return TATU_OK;
    case EACCES:
    case EPERM:
        return TATU_ERR_DENIED;
    case EINVAL:
    case ERANGE:
        return TATU_ERR_ARGUMENT;
    case ENOENT:
    case ENODEV:
    case ECONNREFUSED:
        return TATU_ERR_NOT_FOUND;
    case EBUSY:
    case EAGAIN:
        return TATU_ERR_BUSY;
    case ENOSPC:
        return TATU_ERR_FULL;
    default:
        return TATU_ERR_IO;
    }
}

enum tatu_err tatu_apps_answer(void *context, const struct tatu_os_asked *asked,
                               struct tatu_os_reply *reply)
{
    struct tatu_app *app = context;
    const struct row *row = find_row(asked->ask.op);
    int problem = check_row(&app->manifest, row);
    problem = problem == 0 ? check_wear(app, asked->ask.op) : problem;
    if (problem == 0 && row->server != NULL) {
        problem = introduce(app, row, asked, reply);
    } else if (problem == 0 && row->handle != NULL) {
        problem = row->handle(app, &asked->ask, reply);
    } else if (problem == 0) {
        problem = row->keep(app, asked, reply);
    }
    reply->number = (uint32_t)problem;
    return tatu_apps_error_of(problem);
}
