#include "control.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/network.h"

#define INPUT TATU_REQUEST_GPIO_INPUT
#define OUTPUT TATU_REQUEST_GPIO_OUTPUT

static void a_pin_is_given_as_the_manifest_names_it(void **state)
{
    static const struct tatu_manifest manifest = {.gpio = {[8] = true, [12] = true}};
    static const struct {
        struct tatu_ask ask;
        int problem;
    } rows[] = {
        {{INPUT, 12, 0, 0, {0}}, 0},
        {{OUTPUT, 8, 2, 1, {0}}, 0},
        {{INPUT, 9, 0, 0, {0}}, EACCES},
        {{INPUT, TATU_MANIFEST_GPIO_MAX, 0, 0, {0}}, ENODEV},
        {{INPUT, UINT32_MAX, 0, 0, {0}}, ENODEV},
        {{OUTPUT, 8, 3, 0, {0}}, EINVAL},
        {{OUTPUT, 8, 0, 2, {0}}, EINVAL},
        {{INPUT, 12, 0, 0, {(const uint8_t *)"x", 1}}, EINVAL},
    };
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(tatu_apps_check_gpio(&manifest, &rows[i].ask), rows[i].problem);
    }
}

/* One row for each family: what it takes, and who answers. */
static const struct {
    uint32_t op;
    uint32_t needs;
    const char *server;
} families[] = {
    {INPUT, 0, NULL},
    {OUTPUT, 0, NULL},
    {TATU_REQUEST_STORAGE_OPEN, TATU_CAN_MUTABLE_STORAGE, NULL},
    {TATU_REQUEST_STORAGE_DELETE, TATU_CAN_MUTABLE_STORAGE, NULL},
    {TATU_REQUEST_STORAGE_QUOTA, TATU_CAN_MUTABLE_STORAGE, NULL},
    {TATU_REQUEST_MEMORY, 0, NULL},
    {TATU_REQUEST_OS_VERSION, 0, NULL},
    {TATU_REQUEST_REBOOT, TATU_CAN_FORCE_REBOOT, NULL},
    {TATU_REQUEST_POWER_DOWN, TATU_CAN_FORCE_POWER_DOWN, NULL},
    {TATU_REQUEST_POWER_PROFILE, TATU_CAN_SET_POWER_PROFILE, NULL},
    {TATU_REQUEST_EVENTS, TATU_CAN_SYSTEM_EVENT_NOTIFICATIONS, NULL},
    {TATU_REQUEST_DEFER, TATU_CAN_SOFTWARE_UPDATE_DEFERRAL, NULL},
    {TATU_REQUEST_RESUME, TATU_CAN_SOFTWARE_UPDATE_DEFERRAL, NULL},
    {TATU_REQUEST_SET_TIME, TATU_CAN_SYSTEM_TIME, NULL},
    {TATU_REQUEST_SET_RTC, TATU_CAN_SYSTEM_TIME, NULL},
    {TATU_REQUEST_DEVICEAUTH_READY, 0, NULL},
    {TATU_REQUEST_UART_OPEN, 0, NULL},
    {TATU_REQUEST_I2C_OPEN, 0, NULL},
    {TATU_REQUEST_SPI_OPEN, 0, NULL},
    {TATU_REQUEST_PWM_OPEN, 0, NULL},
    {TATU_REQUEST_ADC_OPEN, 0, NULL},
    {TATU_REQUEST_CONNECT, 0, NULL},
    {TATU_NET_READY, 0, TATU_NETD_SOCKET},
    {TATU_NET_INTERFACES, 0, TATU_NETD_SOCKET},
    {TATU_NET_SET_UP, TATU_CAN_NETWORK_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_STATUS, 0, TATU_NETD_SOCKET},
    {TATU_NET_APPLY_IP, TATU_CAN_NETWORK_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_RELEASE_IP, TATU_CAN_NETWORK_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_RENEW_IP, TATU_CAN_NETWORK_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_SET_MAC, TATU_CAN_HARDWARE_ADDRESS_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_GET_MAC, 0, TATU_NETD_SOCKET},
    {TATU_NET_SET_TIME_SYNC, TATU_CAN_TIME_SYNC_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_GET_TIME_SYNC, TATU_CAN_TIME_SYNC_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_SET_NTP, TATU_CAN_TIME_SYNC_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_LAST_SYNC, 0, TATU_NETD_SOCKET},
    {TATU_NET_SERVE_SNTP, TATU_CAN_SNTP_SERVICE, TATU_NETD_SOCKET},
    {TATU_NET_SERVE_DHCP, TATU_CAN_DHCP_SERVICE, TATU_NETD_SOCKET},
    {TATU_NET_SET_PROXY, TATU_CAN_NETWORK_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_GET_PROXY, TATU_CAN_NETWORK_CONFIG | TATU_CAN_READ_NETWORK_PROXY_CONFIG,
     TATU_NETD_SOCKET},
    {TATU_NET_PROXY_STATUS, 0, TATU_NETD_SOCKET},
    {TATU_NET_WIFI_ADD, TATU_CAN_WIFI_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_WIFI_POWER_SAVING, TATU_CAN_WIFI_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_WIFI_STORE, TATU_CAN_WIFI_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_WIFI_ENTERPRISE_GET, TATU_CAN_ENTERPRISE_WIFI_CONFIG, TATU_NETD_SOCKET},
    {TATU_NET_WIFI_ENTERPRISE_SET, TATU_CAN_ENTERPRISE_WIFI_CONFIG, TATU_NETD_SOCKET},
    {TATU_REQUEST_GATEWAYD_FIRST, TATU_CAN_CERT_STORE, TATU_GATEWAYD_SOCKET},
    {TATU_REQUEST_APP_END - 1, TATU_CAN_CERT_STORE, TATU_GATEWAYD_SOCKET},
};

static void each_request_needs_its_capability(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(families); i++) {
        for (uint32_t bit = 0; bit < 32; bit++) {
            const struct tatu_manifest manifest = {.capabilities = 1u << bit};
            const bool may = families[i].needs == 0 || (families[i].needs >> bit & 1) != 0;
            const char *server = "nobody";
            assert_int_equal(tatu_apps_check_request(&manifest, families[i].op, &server),
                             may ? 0 : EACCES);
            if (may && families[i].server != NULL) {
                assert_string_equal(server, families[i].server);
            } else {
                assert_true(may ? server == NULL : strcmp(server, "nobody") == 0);
            }
        }
    }
}

static void what_is_in_no_row_is_refused_to_everybody(void **state)
{
    static const uint32_t ops[] = {0,      3,      0xf,    0x13,   0x23,      0x33,  0x43,   0x52,
                                   0x5f,   0x64,   0x66,   0x67,   0x68,      0x69,  0x6f,   0x71,
                                   0xff,   0x10a,  0x123,  0x151,  0x1ff,     0x300, 0x1000, 0x1001,
                                   0x1004, 0x2000, 0x3000, 0x8000, UINT32_MAX};
    static const struct tatu_manifest manifest = {.capabilities = UINT32_MAX};
    const char *server;
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(ops); i++) {
        assert_int_equal(tatu_apps_check_request(&manifest, ops[i], &server), EINVAL);
    }
}

/* ---- through a connection ---- */

static char storage[] = "/tmp/tatu-control-XXXXXX";
static struct tatu_os_loop loop;
static const struct tatu_os_log silent = {.fd = -1};
static int64_t time_set;
static int machine_problem;

static int note_time(void *context, int64_t seconds, uint32_t nanoseconds)
{
    (void)context;
    (void)nanoseconds;
    time_set = seconds;
    return machine_problem;
}

static int note_seconds(void *context, uint32_t seconds)
{
    (void)context;
    time_set = seconds;
    return machine_problem;
}

static int note_call(void *context)
{
    (void)context;
    time_set = -1;
    return machine_problem;
}

static struct tatu_apps_world world = {
    .storage = storage,
    .loop = &loop,
    .log = &silent,
    .machine = {.restart = note_call,
                .power_down = note_seconds,
                .set_time = note_time,
                .set_rtc = note_call,
                .limit_processor = note_seconds,
                .version = "1.2"},
};
static struct tatu_apps apps = {.world = &world};

static struct tatu_app *fresh_app(uint32_t capabilities)
{
    struct tatu_app *app = &apps.apps[0];
    memset(app, 0, sizeof(*app));
    app->apps = &apps;
    app->listener = (struct tatu_os_watch){.context = app, .fd = -1};
    app->manifest.gpio[8] = true;
    app->manifest.storage_kb = 8;
    app->manifest.capabilities = capabilities;
    strcpy(app->component, "00000000-0000-0000-0000-000000000001");
    return app;
}

struct answer {
    uint32_t err;
    uint32_t number;
    uint8_t payload[64];
    size_t len;
    int fd;
};

/* The application's end of a connection whose request was answered. */
static int ask(struct tatu_app *app, const void *bytes, size_t len)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(send(ends[0], bytes, len, 0), (ssize_t)len);
    assert_true(tatu_os_answer(ends[1], false, tatu_apps_answer, app));
    return ends[0];
}

static struct answer take(int fd)
{
    struct answer answer = {.err = 77, .fd = -1};
    uint8_t bytes[8 + sizeof(answer.payload)];
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct iovec part = {bytes, sizeof(bytes)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    const ssize_t got = recvmsg(fd, &message, 0);
    assert_true(got >= 8);
    answer.err = tatu_get_le32(bytes);
    answer.number = tatu_get_le32(bytes + 4);
    answer.len = (size_t)got - 8;
    memcpy(answer.payload, bytes + 8, answer.len);
    if (CMSG_FIRSTHDR(&message) != NULL) {
        memcpy(&answer.fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(answer.fd));
    }
    return answer;
}

static struct answer ask_words(struct tatu_app *app, uint32_t op, uint32_t a, uint32_t b)
{
    uint8_t bytes[16] = {0};
    tatu_put_le32(bytes, op);
    tatu_put_le32(bytes + 4, a);
    tatu_put_le32(bytes + 8, b);
    int fd = ask(app, bytes, sizeof(bytes));
    const struct answer answer = take(fd);
    (void)close(fd);
    return answer;
}

static void a_request_of_another_size_is_refused(void **state)
{
    static const uint8_t bytes[4096] = {INPUT, 0, 0, 0, 9};
    static const size_t sizes[] = {1, 4, 15, 17, 20, 32, sizeof(bytes)};
    struct tatu_app *app = fresh_app(0);
    (void)state;
    assert_int_equal(ask_words(app, INPUT, 9, 0).number, EACCES);
    for (size_t i = 0; i < TATU_COUNT_OF(sizes); i++) {
        int fd = ask(app, bytes, sizes[i]);
        const struct answer answer = take(fd);
        assert_int_equal(answer.err, sizes[i] < 16 ? TATU_ERR_SHORT : TATU_ERR_ARGUMENT);
        assert_int_equal(answer.number, sizes[i] < 16 ? 0 : EINVAL);
        (void)close(fd);
    }
}

static void the_mutable_file_comes_as_a_descriptor(void **state)
{
    struct tatu_app *app = fresh_app(TATU_CAN_MUTABLE_STORAGE);
    (void)state;
    assert_int_equal(ask_words(app, TATU_REQUEST_STORAGE_DELETE, 0, 0).number, ENOENT);
    struct answer answer = ask_words(app, TATU_REQUEST_STORAGE_OPEN, 0, 0);
    assert_int_equal(answer.err, TATU_OK);
    assert_true(answer.fd >= 0);
    assert_int_equal(write(answer.fd, "kept", 4), 4);
    (void)close(answer.fd);
    answer = ask_words(app, TATU_REQUEST_STORAGE_QUOTA, 0, 0);
    assert_int_equal(tatu_get_le32(answer.payload), 4);
    assert_int_equal(tatu_get_le32(answer.payload + 4), 8192);
    assert_int_equal(ask_words(app, TATU_REQUEST_STORAGE_DELETE, 0, 0).err, TATU_OK);
    app->manifest.capabilities = 0;
    answer = ask_words(app, TATU_REQUEST_STORAGE_OPEN, 0, 0);
    assert_int_equal(answer.number, EACCES);
    assert_int_equal(answer.fd, -1);
}

static void time_and_power_go_to_the_machine(void **state)
{
    struct tatu_app *app = fresh_app(UINT32_MAX);
    uint8_t bytes[32] = {TATU_REQUEST_SET_TIME};
    (void)state;
    tatu_put_le64(bytes + 16, 1700000000);
    tatu_put_le32(bytes + 24, 999999999);
    int fd = ask(app, bytes, sizeof(bytes));
    assert_int_equal(take(fd).err, TATU_OK);
    assert_int_equal(time_set, 1700000000);
    (void)close(fd);
    tatu_put_le32(bytes + 24, 1000000000);
    fd = ask(app, bytes, sizeof(bytes));
    assert_int_equal(take(fd).number, EINVAL);
    (void)close(fd);
    fd = ask(app, bytes, sizeof(bytes) - 1);
    assert_int_equal(take(fd).number, EINVAL);
    (void)close(fd);
    assert_int_equal(ask_words(app, TATU_REQUEST_POWER_DOWN, 60, 0).err, TATU_OK);
    assert_int_equal(time_set, 60);
    assert_int_equal(ask_words(app, TATU_REQUEST_POWER_DOWN, UINT32_MAX, 0).number, EINVAL);
    assert_int_equal(ask_words(app, TATU_REQUEST_REBOOT, 0, 0).err, TATU_OK);
    assert_int_equal(time_set, -1);
    assert_int_equal(ask_words(app, TATU_REQUEST_SET_RTC, 0, 0).err, TATU_OK);
    machine_problem = EBUSY;
    assert_int_equal(ask_words(app, TATU_REQUEST_SET_RTC, 0, 0).number, EBUSY);
    machine_problem = 0;
}

static void the_power_profile_is_what_applications_have_of_the_processor(void **state)
{
    struct tatu_app *app = fresh_app(TATU_CAN_SET_POWER_PROFILE);
    (void)state;
    apps.profile = TATU_POWER_BALANCED;
    assert_int_equal(ask_words(app, TATU_REQUEST_POWER_PROFILE, TATU_POWER_SAVER, 0).err, TATU_OK);
    assert_int_equal(time_set, 50);
    assert_int_equal(apps.profile, TATU_POWER_SAVER);
    assert_int_equal(ask_words(app, TATU_REQUEST_POWER_PROFILE, 3, 0).number, EINVAL);
    machine_problem = EIO;
    assert_int_equal(ask_words(app, TATU_REQUEST_POWER_PROFILE, TATU_POWER_BALANCED, 0).number,
                     EIO);
    assert_int_equal(apps.profile, TATU_POWER_SAVER);
    machine_problem = 0;
    assert_int_equal(ask_words(app, TATU_REQUEST_POWER_PROFILE, TATU_POWER_HIGH_PERFORMANCE, 0).err,
                     TATU_OK);
    assert_int_equal(time_set, 100);
    assert_int_equal(apps.profile, TATU_POWER_HIGH_PERFORMANCE);
}

/* Flash wears: who asks without end waits, and nobody else does. */
static void who_has_flash_written_too_often_is_told_to_wait(void **state)
{
    struct tatu_app *app = fresh_app(TATU_CAN_SYSTEM_TIME | TATU_CAN_NETWORK_CONFIG);
    (void)state;
    for (uint32_t i = 0; i < TATU_APPS_WEAR_AT_ONCE; i++) {
        assert_int_equal(ask_words(app, TATU_REQUEST_SET_RTC, 0, 0).err, TATU_OK);
    }
    time_set = 0;
    struct answer answer = ask_words(app, TATU_REQUEST_SET_RTC, 0, 0);
    assert_int_equal(answer.err, TATU_ERR_BUSY);
    assert_int_equal(answer.number, EAGAIN);
    assert_int_equal(time_set, 0); /* nothing was done */
    /* for all that others keep as well; what it may not at all it is still told */
    assert_int_equal(ask_words(app, TATU_NET_SET_UP, 0, 0).number, EAGAIN);
    assert_int_equal(ask_words(app, TATU_NET_SET_MAC, 0, 0).number, EACCES);
    assert_int_equal(ask_words(app, TATU_REQUEST_OS_VERSION, 0, 0).err, TATU_OK);
    app->wear.since_ms -= TATU_APPS_WEAR_EVERY_MS;
    assert_int_equal(ask_words(app, TATU_REQUEST_SET_RTC, 0, 0).err, TATU_OK);
    assert_int_equal(ask_words(app, TATU_REQUEST_SET_RTC, 0, 0).number, EAGAIN);
}

static void the_version_is_told_to_everybody(void **state)
{
    const struct answer answer = ask_words(fresh_app(0), TATU_REQUEST_OS_VERSION, 0, 0);
    (void)state;
    assert_int_equal(answer.len, 3);
    assert_memory_equal(answer.payload, "1.2", 3);
}

static void a_server_that_is_not_up_is_to_be_asked_again(void **state)
{
    (void)state;
    if (access(TATU_NETD_SOCKET, F_OK) == 0) {
        skip();
    }
    assert_int_equal(ask_words(fresh_app(0), TATU_NET_READY, 0, 0).number, EAGAIN);
}

static void who_has_no_tenant_has_no_certificate(void **state)
{
    struct tatu_app *app = fresh_app(0);
    (void)state;
    assert_int_equal(ask_words(app, TATU_REQUEST_DEVICEAUTH_READY, 0, 0).number, EACCES);
    app->manifest.has_tenant = true;
    const struct answer answer = ask_words(app, TATU_REQUEST_DEVICEAUTH_READY, 0, 0);
    assert_int_equal(answer.err, TATU_OK);
    assert_int_equal(answer.len, 4);
    assert_int_equal(tatu_get_le32(answer.payload), 0); /* there is none here */
}

static void events_come_on_the_connection_that_asked_for_them(void **state)
{
    static const uint8_t request[16] = {TATU_REQUEST_EVENTS, 0, 0, 0, 1};
    struct tatu_app *app = fresh_app(TATU_CAN_SYSTEM_EVENT_NOTIFICATIONS);
    (void)state;
    int fd = ask(app, request, sizeof(request));
    assert_int_equal(take(fd).err, TATU_OK);
    assert_true(app->listener.fd >= 0);
    assert_int_equal(app->listens_to, TATU_SYSTEM_EVENT_READY);
    (void)close(fd);
    tatu_os_remove_watch(&loop, &app->listener);
    (void)close(app->listener.fd);
    app->listener.fd = -1;
    assert_int_equal(ask_words(app, TATU_REQUEST_EVENTS, 0, 0).number, EINVAL);
    assert_int_equal(ask_words(app, TATU_REQUEST_EVENTS, 8, 0).number, EINVAL);
    app->manifest.capabilities = TATU_CAN_SOFTWARE_UPDATE_DEFERRAL;
    assert_int_equal(ask_words(app, TATU_REQUEST_EVENTS, 1, 0).number, EACCES);
    assert_int_equal(ask_words(app, TATU_REQUEST_DEFER, 1, 5).number, ENOENT);
    assert_int_equal(ask_words(app, TATU_REQUEST_RESUME, 1, 0).number, ENOENT);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(storage) == NULL || tatu_os_init_loop(&loop) != TATU_OK;
}

static int tear_down(void **state)
{
    char command[64];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", storage);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pin_is_given_as_the_manifest_names_it),
        cmocka_unit_test(each_request_needs_its_capability),
        cmocka_unit_test(what_is_in_no_row_is_refused_to_everybody),
        cmocka_unit_test(a_request_of_another_size_is_refused),
        cmocka_unit_test(the_mutable_file_comes_as_a_descriptor),
        cmocka_unit_test(time_and_power_go_to_the_machine),
        cmocka_unit_test(the_power_profile_is_what_applications_have_of_the_processor),
        cmocka_unit_test(who_has_flash_written_too_often_is_told_to_wait),
        cmocka_unit_test(the_version_is_told_to_everybody),
        cmocka_unit_test(a_server_that_is_not_up_is_to_be_asked_again),
        cmocka_unit_test(who_has_no_tenant_has_no_certificate),
        cmocka_unit_test(events_come_on_the_connection_that_asked_for_them),
    };
    return cmocka_run_group_tests_name("application control", tests, set_up, tear_down);
}
