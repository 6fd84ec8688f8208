/* What a hostile application sends: requests as { u16 length, bytes }, the first on its socket,
 * those behind it on the connection that stays. It may ask for everything. Sysfs is a folder that
 * has controllers, without channels of PWM. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "peripherals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[] = "/tmp/tatu-control-fuzz-XXXXXX";
static struct tatu_os_loop loop;

static int do_nothing(void *context)
{
    (void)context;
    return 0;
}

static int take_seconds(void *context, uint32_t seconds)
{
    (void)context;
    (void)seconds;
    return 0;
}

static int take_percent(void *context, uint32_t percent)
{
    (void)context;
    assert(percent > 0 && percent <= 100);
    return 0;
}

static int take_time(void *context, int64_t seconds, uint32_t nanoseconds)
{
    (void)context;
    (void)seconds;
    assert(nanoseconds < 1000000000);
    return 0;
}

static size_t tell_nobody(void *context, const struct tatu_apps_event *event)
{
    (void)context;
    (void)event;
    return 0;
}

static struct tatu_apps_world world = {
    .loop = &loop,
    .storage = "/nowhere/store",
    .devices = root,
    .machine = {do_nothing, take_seconds, take_time, do_nothing, take_percent, NULL, "1.2"},
};
static struct tatu_apps apps = {.world = &world, .events = {.tell = tell_nobody}};

static void remove_root(void)
{
    char command[96];
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
    (void)!system(command);
}

static void set_up(void)
{
    static bool ready;
    char command[320];
    if (ready) {
        return;
    }
    ready = true;
    assert(mkdtemp(root) != NULL && tatu_os_init_loop(&loop) == TATU_OK);
    (void)snprintf(command, sizeof(command),
                   "cd '%s' && mkdir -p sys/class/pwm/pwmchip0 sys/bus/iio/devices/iio:device0 && "
                   "cd sys/bus/iio/devices/iio:device0 && for n in 0 1 2 3 4 5 6 7; do "
                   "echo 5 >in_voltage${n}_raw; : >in_voltage${n}_scale; done",
                   root);
    assert(system(command) == 0);
    (void)atexit(remove_root);
}

static struct tatu_app *fresh_app(void)
{
    struct tatu_app *app = &apps.apps[0];
    memset(app, 0, sizeof(*app));
    app->apps = &apps;
    app->listener = (struct tatu_os_watch){.context = app, .fd = -1};
    memset(app->manifest.peripherals, 0xff, sizeof(app->manifest.peripherals));
    app->manifest.capabilities = UINT32_MAX;
    app->manifest.has_tenant = true;
    app->manifest.peer_count = 1;
    return app;
}

/* The next request of the input, at most of the length that it says. */
static struct tatu_span take_request(struct tatu_span *input)
{
    if (input->len < 2) {
        return (struct tatu_span){NULL, 0};
    }
    const size_t said = tatu_get_le16(input->data), left = input->len - 2;
    const struct tatu_span one = {input->data + 2, said < left ? said : left};
    *input = (struct tatu_span){one.data + one.len, left - one.len};
    return one;
}

/* Its answer is an errno and nothing with it, or none; never both. */
static void check_answer(int fd)
{
    uint8_t bytes[TATU_ANSWER_MAX];
    const ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    assert(got < 0 || got >= 8 || got == 0);
    if (got >= 8 && tatu_get_le32(bytes) != TATU_OK) {
        assert(got == 8);
    }
}

static void ask_on_holds(int fd, struct tatu_span input)
{
    while (input.len != 0) {
        const struct tatu_span one = take_request(&input);
        if (one.data == NULL || send(fd, one.data, one.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            return;
        }
        for (size_t i = 0; i < TATU_COUNT_OF(apps.holds); i++) {
            if (apps.holds[i].app != NULL) {
                apps.holds[i].watch.ready(&apps.holds[i].watch, EPOLLIN);
            }
        }
        check_answer(fd);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int ends[2];
    struct tatu_span input = {data, size};
    set_up();
    struct tatu_app *app = fresh_app();
    const struct tatu_span first = take_request(&input);
    assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    if (first.len == 0 || send(ends[0], first.data, first.len, MSG_DONTWAIT) < 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return 0;
    }
    assert(tatu_os_answer(ends[1], false, tatu_apps_answer, app));
    check_answer(ends[0]);
    ask_on_holds(ends[0], input);
    tatu_apps_drop_controllers(app);
    if (app->listener.fd >= 0) {
        tatu_os_remove_watch(&loop, &app->listener);
        (void)close(app->listener.fd);
    }
    (void)close(ends[0]);
    return 0;
}
