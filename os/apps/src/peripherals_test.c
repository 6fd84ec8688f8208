/* Peripherals: the manifest decides, the device is held by one descriptor, a controller by one
 * connection. UARTs are pseudo terminals; sysfs is a folder, with the kernel's rules about the
 * order of PWM's files in the double below; of SPI the kernel's side is recorded. */
#include "peripherals.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/spi/spidev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"

#include <cmocka.h>

#define MANIFEST_ALL                                                                               \
    {                                                                                              \
        0x1f, 0x1f, 0x1f, 0x07, 0x01, 0                                                            \
    }
#define FORM_8N1 (8u | 1u << 16)

static char root[] = "/tmp/tatu-peripherals-XXXXXX";
static struct tatu_os_loop loop;
static struct tatu_apps_world world = {.devices = root, .loop = &loop};
static struct tatu_apps apps = {.world = &world};

/* ---- doubles of the kernel ---- */

char *ptsname(int fd); /* of stdlib.h, which a strict standard hides */
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
bool __wrap_tatu_os_write_in(const char *folder, const char *name, const char *text);

static uint32_t spi_mode, spi_speed;
static int spi_problem;

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (_IOC_TYPE(request) != SPI_IOC_MAGIC) {
        return __real_ioctl(fd, request, argument);
    }
    if (spi_problem != 0) {
        errno = spi_problem;
        return -1;
    }
    if (request == SPI_IOC_WR_MODE32) {
        memcpy(&spi_mode, argument, sizeof(spi_mode));
    }
    if (request == SPI_IOC_WR_MAX_SPEED_HZ) {
        memcpy(&spi_speed, argument, sizeof(spi_speed));
    }
    return 0;
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void read_line(const char *folder, const char *name, char out[32])
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(out, 32, file));
    assert_int_equal(fclose(file), 0);
}

/* As the driver counts: 4096 steps of so many millivolts, to the nearest microvolt. */
static unsigned long microvolts_of(const char *scale)
{
    unsigned int millivolts = 0, nano = 0;
    assert_int_equal(sscanf(scale, "%u.%9u", &millivolts, &nano), 2);
    const uint64_t step = millivolts * UINT64_C(1000000000) + nano;
    return (unsigned long)((step * 4096 + 500000) / 1000000);
}

static unsigned long get_file(const char *folder, const char *name)
{
    char text[32] = "";
    read_line(folder, name, text);
    return strcmp(text, "inversed") == 0 ? 1 : strtoul(text, NULL, 10);
}

static int sysfs_problem;
static unsigned int writes;

static void make_channel(const char *chip, const char *channel)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/pwm%s", chip, channel);
    assert_int_equal(mkdir(path, 0700), 0);
    put_file(path, "period", "0\n");
    put_file(path, "duty_cycle", "0\n");
    put_file(path, "polarity", "normal\n");
    put_file(path, "enable", "0\n");
}

static int check_write(const char *folder, const char *name, const char *text)
{
    const unsigned long number = strtoul(text, NULL, 10);
    if (strcmp(name, "period") == 0) {
        return number > 4000000000ul                     ? ERANGE
               : number < get_file(folder, "duty_cycle") ? EINVAL
                                                         : 0;
    }
    if (strcmp(name, "duty_cycle") == 0) {
        return number > get_file(folder, "period") ? EINVAL : 0;
    }
    if (strcmp(name, "polarity") == 0) {
        return get_file(folder, "enable") != 0 ? EBUSY : 0;
    }
    return strcmp(name, "enable") == 0 && number == 1 && get_file(folder, "period") == 0 ? EINVAL
                                                                                         : 0;
}

bool __wrap_tatu_os_write_in(const char *folder, const char *name, const char *text)
{
    writes++;
    errno = sysfs_problem;
    if (errno == 0 && strcmp(name, "export") == 0) {
        make_channel(folder, text);
        return true;
    }
    if (errno == 0) {
        errno = check_write(folder, name, text);
    }
    if (errno != 0) {
        return false;
    }
    put_file(folder, name, text);
    return true;
}

/* ---- asking ---- */

static struct tatu_app *fresh_app(size_t index)
{
    static const uint8_t all[TATU_MANIFEST_PERIPHERAL_COUNT] = MANIFEST_ALL;
    struct tatu_app *app = &apps.apps[index];
    memset(app, 0, sizeof(*app));
    app->apps = &apps;
    memcpy(app->manifest.peripherals, all, sizeof(all));
    return app;
}

struct answer {
    uint32_t err;
    uint32_t number;
    uint8_t payload[16];
    size_t len;
    int fd;
};

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

static void put_ask(uint8_t out[16], const uint32_t words[4])
{
    for (size_t i = 0; i < 4; i++) {
        tatu_put_le32(out + 4 * i, words[i]);
    }
}

/* The application's end of a connection whose first request was answered with *out. */
static int ask(struct tatu_app *app, uint32_t op, uint32_t a, uint32_t b, uint32_t c,
               struct answer *out)
{
    int ends[2];
    uint8_t bytes[16];
    put_ask(bytes, (const uint32_t[]){op, a, b, c});
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(send(ends[0], bytes, sizeof(bytes), 0), sizeof(bytes));
    assert_true(tatu_os_answer(ends[1], false, tatu_apps_answer, app));
    *out = take(ends[0]);
    return ends[0];
}

static struct answer ask_once(struct tatu_app *app, uint32_t op, uint32_t a, uint32_t b, uint32_t c)
{
    struct answer answer;
    (void)close(ask(app, op, a, b, c, &answer));
    return answer;
}

static int open_controller(struct tatu_app *app, uint32_t op, uint32_t a)
{
    struct answer answer;
    const int fd = ask(app, op, a, 0, 0, &answer);
    assert_int_equal(answer.number, 0);
    return fd;
}

static struct tatu_apps_hold *hold_of(const struct tatu_app *app)
{
    for (size_t i = 0; i < TATU_COUNT_OF(apps.holds); i++) {
        if (apps.holds[i].app == app) {
            return &apps.holds[i];
        }
    }
    return NULL;
}

/* Another request on a connection that stays. */
static struct answer ask_more(int fd, struct tatu_app *app, const uint32_t words[4],
                              const void *payload, size_t len)
{
    uint8_t bytes[64];
    struct tatu_apps_hold *hold = hold_of(app);
    assert_non_null(hold);
    put_ask(bytes, words);
    if (len != 0) {
        memcpy(bytes + 16, payload, len);
    }
    assert_int_equal(send(fd, bytes, 16 + len, 0), (ssize_t)(16 + len));
    hold->watch.ready(&hold->watch, EPOLLIN);
    return take(fd);
}

/* ---- who may ---- */

static void a_peripheral_is_given_as_the_manifest_names_it(void **state)
{
    static const struct tatu_manifest manifest = {.peripherals = {0x01, 0x02, 0x10, 0x04, 0x01, 0}};
    static const uint8_t byte = 0;
    static const struct {
        struct tatu_ask ask;
        int problem;
    } rows[] = {
        {{TATU_REQUEST_UART_OPEN, 4, 115200, FORM_8N1, {0}}, 0},
        {{TATU_REQUEST_UART_OPEN, 4, 1, 5 | 2 << 8 | 2 << 16 | 2u << 24, {0}}, 0},
        {{TATU_REQUEST_UART_OPEN, 5, 115200, FORM_8N1, {0}}, EACCES},
        {{TATU_REQUEST_UART_OPEN, 3, 115200, FORM_8N1, {0}}, ENODEV},
        {{TATU_REQUEST_UART_OPEN, 9, 115200, FORM_8N1, {0}}, ENODEV},
        {{TATU_REQUEST_UART_OPEN, UINT32_MAX, 115200, FORM_8N1, {0}}, ENODEV},
        {{TATU_REQUEST_UART_OPEN, 4, 0, FORM_8N1, {0}}, EINVAL},
        {{TATU_REQUEST_UART_OPEN, 4, 0x80000000u, FORM_8N1, {0}}, EINVAL},
        {{TATU_REQUEST_UART_OPEN, 4, 115200, 4 | 1 << 16, {0}}, EINVAL},
        {{TATU_REQUEST_UART_OPEN, 4, 115200, 9 | 1 << 16, {0}}, EINVAL},
        {{TATU_REQUEST_UART_OPEN, 4, 115200, FORM_8N1 | 3 << 8, {0}}, EINVAL},
        {{TATU_REQUEST_UART_OPEN, 4, 115200, 8, {0}}, EINVAL},
        {{TATU_REQUEST_UART_OPEN, 4, 115200, 8 | 3 << 16, {0}}, EINVAL},
        {{TATU_REQUEST_UART_OPEN, 4, 115200, FORM_8N1 | 3u << 24, {0}}, EINVAL},
        {{TATU_REQUEST_UART_OPEN, 4, 115200, FORM_8N1, {&byte, 1}}, EINVAL},
        {{TATU_REQUEST_SPI_OPEN, 1, 1, 1, {0}}, 0},
        {{TATU_REQUEST_SPI_OPEN, 0, 0, 0, {0}}, EACCES},
        {{TATU_REQUEST_SPI_OPEN, 5, 0, 0, {0}}, ENODEV},
        {{TATU_REQUEST_SPI_OPEN, 1, 2, 0, {0}}, ENODEV},
        {{TATU_REQUEST_SPI_OPEN, 1, 0, 2, {0}}, EINVAL},
        {{TATU_REQUEST_I2C_OPEN, 4, 0, 0, {0}}, 0},
        {{TATU_REQUEST_I2C_OPEN, 0, 0, 0, {0}}, EACCES},
        {{TATU_REQUEST_I2C_OPEN, 5, 0, 0, {0}}, ENODEV},
        {{TATU_REQUEST_I2C_OPEN, 4, 1, 0, {0}}, EINVAL},
        {{TATU_REQUEST_PWM_OPEN, 2, 0, 0, {0}}, 0},
        {{TATU_REQUEST_PWM_OPEN, 0, 0, 0, {0}}, EACCES},
        {{TATU_REQUEST_PWM_OPEN, 3, 0, 0, {0}}, ENODEV},
        {{TATU_REQUEST_PWM_OPEN, 2, 0, 1, {0}}, EINVAL},
        {{TATU_REQUEST_ADC_OPEN, 0, 0, 0, {0}}, 0},
        {{TATU_REQUEST_ADC_OPEN, 1, 0, 0, {0}}, ENODEV},
        {{TATU_REQUEST_ADC_OPEN, 0, 1, 0, {0}}, EINVAL},
        {{TATU_REQUEST_PWM_APPLY, 0, 0, 0, {0}}, EINVAL},
    };
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(tatu_apps_check_peripheral(&manifest, &rows[i].ask), rows[i].problem);
    }
}

/* ---- devices ---- */

static int open_terminal(const char *name)
{
    char path[256];
    const int other_end = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    int locked = 0;
    assert_true(other_end >= 0);
    assert_int_equal(__real_ioctl(other_end, TIOCSPTLCK, &locked), 0);
    (void)snprintf(path, sizeof(path), "%s/dev/%s", root, name);
    (void)unlink(path);
    assert_int_equal(symlink(ptsname(other_end), path), 0);
    return other_end;
}

static void a_uart_is_raw_and_as_it_was_asked_for(void **state)
{
    struct tatu_app *app = fresh_app(0);
    char bytes[8] = "";
    struct termios2 form;
    (void)state;
    const int other_end = open_terminal("ttyAMA1");
    const struct answer answer =
        ask_once(app, TATU_REQUEST_UART_OPEN, 4, 9600, 8 | 2 << 16 | 2u << 24);
    assert_int_equal(answer.number, 0);
    assert_true(answer.fd >= 0);
    assert_int_equal(__real_ioctl(answer.fd, TCGETS2, &form), 0);
    assert_int_equal(form.c_ospeed, 9600);
    assert_int_equal(form.c_lflag, 0);
    assert_int_equal(form.c_oflag, 0);
    assert_int_equal(form.c_iflag, IXON | IXOFF);
    assert_int_equal(form.c_cc[VSTOP], 0x13);
    assert_int_equal(read(answer.fd, bytes, sizeof(bytes)), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(write(answer.fd, "a\r\n\3", 4), 4);
    assert_int_equal(read(other_end, bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "a\r\n\3", 4);
    (void)close(answer.fd);
    (void)close(other_end);
}

static void a_form_that_the_uart_cannot_keep_is_refused(void **state)
{
    (void)state;
    const int other_end = open_terminal("ttyAMA1");
    /* a pseudo terminal has eight bits and no parity, and says so */
    assert_int_equal(
        ask_once(fresh_app(0), TATU_REQUEST_UART_OPEN, 4, 9600, FORM_8N1 | 1 << 8).number, EINVAL);
    assert_int_equal(ask_once(fresh_app(0), TATU_REQUEST_UART_OPEN, 4, 9600, 7 | 1 << 16).number,
                     EINVAL);
    const struct answer answer = ask_once(fresh_app(0), TATU_REQUEST_UART_OPEN, 4, 31250, FORM_8N1);
    assert_int_equal(answer.number, 0);
    assert_int_equal(ask_once(fresh_app(0), TATU_REQUEST_UART_OPEN, 4, 31250, FORM_8N1).number,
                     EBUSY);
    (void)close(answer.fd);
    (void)close(other_end);
}

static void a_device_is_open_once_until_its_last_descriptor_is_closed(void **state)
{
    struct tatu_app *app = fresh_app(0);
    (void)state;
    put_file(root, "dev/i2c-2", "");
    const struct answer first = ask_once(app, TATU_REQUEST_I2C_OPEN, 2, 0, 0);
    assert_int_equal(first.number, 0);
    assert_int_equal(ask_once(app, TATU_REQUEST_I2C_OPEN, 2, 0, 0).number, EBUSY);
    const int copy = dup(first.fd);
    (void)close(first.fd);
    assert_int_equal(ask_once(app, TATU_REQUEST_I2C_OPEN, 2, 0, 0).number, EBUSY);
    (void)close(copy);
    const struct answer again = ask_once(app, TATU_REQUEST_I2C_OPEN, 2, 0, 0);
    assert_int_equal(again.number, 0);
    (void)close(again.fd);
    assert_int_equal(ask_once(app, TATU_REQUEST_I2C_OPEN, 3, 0, 0).number, ENODEV);
}

static void spi_begins_anew_for_who_opens_it(void **state)
{
    struct tatu_app *app = fresh_app(0);
    (void)state;
    put_file(root, "dev/spidev1.0", "");
    put_file(root, "dev/spidev1.1", "");
    spi_mode = SPI_MODE_3 | SPI_LSB_FIRST;
    const struct answer a = ask_once(app, TATU_REQUEST_SPI_OPEN, 1, 0, 0);
    assert_int_equal(a.number, 0);
    assert_int_equal(spi_mode, 0);
    assert_int_equal(spi_speed, 1000000);
    const struct answer b = ask_once(app, TATU_REQUEST_SPI_OPEN, 1, 1, 1);
    assert_int_equal(b.number, 0);
    assert_int_equal(spi_mode, SPI_CS_HIGH);
    (void)close(a.fd);
    (void)close(b.fd);
    spi_problem = EINVAL;
    assert_int_equal(ask_once(app, TATU_REQUEST_SPI_OPEN, 1, 1, 1).number, EINVAL);
    spi_problem = 0;
}

/* ---- PWM ---- */

static void make_pwm(const char *chip)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "mkdir -p %s/sys/class/pwm/%s", root, chip);
    assert_int_equal(system(path), 0);
}

static int apply(int fd, struct tatu_app *app, uint32_t channel, const uint32_t state[4])
{
    uint8_t payload[16];
    put_ask(payload, state);
    return (int)ask_more(fd, app, (const uint32_t[]){TATU_REQUEST_PWM_APPLY, channel, 0, 0},
                         payload, sizeof(payload))
        .number;
}

static void assert_channel(const char *channel, const uint32_t state[4])
{
    char folder[256];
    (void)snprintf(folder, sizeof(folder), "%s/sys/class/pwm/pwmchip1/%s", root, channel);
    assert_int_equal(get_file(folder, "period"), state[0]);
    assert_int_equal(get_file(folder, "duty_cycle"), state[1]);
    assert_int_equal(get_file(folder, "polarity"), state[2]);
    assert_int_equal(get_file(folder, "enable"), state[3]);
}

static void pwm_comes_from_any_state_to_any_other(void **state)
{
    static const uint32_t states[][4] = {
        {1000, 500, 0, 1}, {20000, 19999, 1, 1}, {10, 10, 0, 0},  {10, 0, 1, 1},
        {3000, 0, 0, 1},   {3000, 3000, 0, 1},   {2999, 1, 1, 0}, {4000000000u, 4000000000u, 0, 1},
    };
    struct tatu_app *app = fresh_app(0);
    (void)state;
    make_pwm("pwmchip1");
    const int fd = open_controller(app, TATU_REQUEST_PWM_OPEN, 1);
    for (size_t i = 0; i < TATU_COUNT_OF(states); i++) {
        for (size_t k = 0; k < TATU_COUNT_OF(states); k++) {
            assert_int_equal(apply(fd, app, 3, states[i]), 0);
            assert_channel("pwm3", states[i]);
            assert_int_equal(apply(fd, app, 3, states[k]), 0);
            assert_channel("pwm3", states[k]);
        }
    }
    /* what is so already is not written again: no pulse is cut */
    const uint32_t on[4] = {1000, 500, 0, 1}, less[4] = {1000, 400, 0, 1}, off[4] = {0, 0, 0, 0};
    assert_int_equal(apply(fd, app, 3, on), 0);
    writes = 0;
    assert_int_equal(apply(fd, app, 3, less), 0);
    assert_int_equal(writes, 1);
    assert_int_equal(apply(fd, app, 3, off), 0);
    assert_channel("pwm3", (const uint32_t[]){1000, 400, 0, 0});
    (void)close(fd);
    tatu_apps_drop_controllers(app);
}

static void pwm_refuses_what_is_no_state(void **state)
{
    static const struct {
        uint32_t channel;
        uint32_t state[4];
        int problem;
    } rows[] = {
        {0, {1000, 500, 0, 1}, 0},           {4, {1000, 500, 0, 1}, EINVAL},
        {0, {1000, 1001, 0, 1}, EINVAL},     {0, {1000, 500, 2, 1}, EINVAL},
        {0, {1000, 500, 0, 2}, EINVAL},      {0, {0, 0, 0, 1}, EINVAL},
        {0, {4000000001u, 0, 0, 1}, ERANGE}, {UINT32_MAX, {1, 1, 0, 1}, EINVAL},
    };
    struct tatu_app *app = fresh_app(0);
    const uint32_t op[4] = {TATU_REQUEST_PWM_APPLY, 0, 0, 0};
    static const uint8_t bytes[17] = {1};
    (void)state;
    make_pwm("pwmchip0");
    const int fd = open_controller(app, TATU_REQUEST_PWM_OPEN, 0);
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        assert_int_equal(apply(fd, app, rows[i].channel, rows[i].state), rows[i].problem);
    }
    assert_int_equal(ask_more(fd, app, op, bytes, 15).number, EINVAL);
    assert_int_equal(ask_more(fd, app, op, bytes, 17).number, EINVAL);
    assert_int_equal(
        ask_more(fd, app, (const uint32_t[]){TATU_REQUEST_ADC_READ, 0, 0, 0}, NULL, 0).number,
        EINVAL);
    assert_int_equal(
        ask_more(fd, app, (const uint32_t[]){TATU_REQUEST_PWM_OPEN, 0, 0, 0}, NULL, 0).number,
        EINVAL);
    sysfs_problem = EIO;
    assert_int_equal(apply(fd, app, 0, (const uint32_t[]){5, 1, 0, 1}), EIO);
    assert_int_equal(apply(fd, app, 1, (const uint32_t[]){5, 1, 0, 1}), EIO);
    sysfs_problem = 0;
    (void)close(fd);
    tatu_apps_drop_controllers(app);
}

static void a_controller_is_held_by_one_connection(void **state)
{
    struct tatu_app *app = fresh_app(0), *other = fresh_app(1);
    char byte;
    (void)state;
    make_pwm("pwmchip2");
    int fd = open_controller(app, TATU_REQUEST_PWM_OPEN, 2);
    assert_int_equal(ask_once(app, TATU_REQUEST_PWM_OPEN, 2, 0, 0).number, EBUSY);
    assert_int_equal(ask_once(other, TATU_REQUEST_PWM_OPEN, 2, 0, 0).number, EBUSY);
    (void)close(fd);
    hold_of(app)->watch.ready(&hold_of(app)->watch, EPOLLIN);
    assert_null(hold_of(app));
    fd = open_controller(other, TATU_REQUEST_PWM_OPEN, 2);
    /* the application ends without a word */
    tatu_apps_drop_controllers(other);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    (void)close(fd);
    fd = open_controller(app, TATU_REQUEST_PWM_OPEN, 2);
    (void)close(fd);
    tatu_apps_drop_controllers(app);
    app->manifest.peripherals[TATU_MANIFEST_PWM] = 0;
    assert_int_equal(ask_once(app, TATU_REQUEST_PWM_OPEN, 2, 0, 0).number, EACCES);
}

/* ---- ADC ---- */

static struct answer read_channel(int fd, struct tatu_app *app, uint32_t op, uint32_t channel,
                                  uint32_t b)
{
    return ask_more(fd, app, (const uint32_t[]){op, channel, b, 0}, NULL, 0);
}

static void adc_samples_and_sets_its_reference(void **state)
{
    static const char folder[] = "sys/bus/iio/devices/iio:device0";
    static const uint32_t references[] = {2500000, 1250000, 4096, 2499999, 3, 1};
    struct tatu_app *app = fresh_app(0);
    char path[256], text[32];
    (void)state;
    assert_int_equal(ask_once(app, TATU_REQUEST_ADC_OPEN, 0, 0, 0).number, ENODEV);
    (void)snprintf(path, sizeof(path), "mkdir -p %s/%s", root, folder);
    assert_int_equal(system(path), 0);
    (void)snprintf(path, sizeof(path), "%s/%s", root, folder);
    put_file(path, "in_voltage0_raw", "1024\n");
    put_file(path, "in_voltage7_raw", "4095\n");
    put_file(path, "in_voltage6_raw", "4096\n");
    put_file(path, "in_voltage5_raw", "x\n");
    put_file(path, "in_voltage3_scale", "0.1\n");
    const int fd = open_controller(app, TATU_REQUEST_ADC_OPEN, 0);
    read_line(path, "in_voltage3_scale", text);
    assert_string_equal(text, "0.610351563");
    struct answer answer = read_channel(fd, app, TATU_REQUEST_ADC_BITS, 0, 0);
    assert_int_equal(answer.len, 4);
    assert_int_equal(tatu_get_le32(answer.payload), 12);
    assert_int_equal(tatu_get_le32(read_channel(fd, app, TATU_REQUEST_ADC_READ, 0, 0).payload),
                     1024);
    assert_int_equal(tatu_get_le32(read_channel(fd, app, TATU_REQUEST_ADC_READ, 7, 0).payload),
                     4095);
    for (size_t i = 0; i < TATU_COUNT_OF(references); i++) {
        answer = read_channel(fd, app, TATU_REQUEST_ADC_REFERENCE, 7, references[i]);
        assert_int_equal(answer.number, 0);
        read_line(path, "in_voltage7_scale", text);
        assert_int_equal(microvolts_of(text), references[i]);
    }
    const struct {
        uint32_t op, channel, b;
        int problem;
    } rows[] = {
        {TATU_REQUEST_ADC_READ, 8, 0, EINVAL},
        {TATU_REQUEST_ADC_READ, 0, 1, EINVAL},
        {TATU_REQUEST_ADC_BITS, 8, 0, EINVAL},
        {TATU_REQUEST_ADC_REFERENCE, 8, 1, EINVAL},
        {TATU_REQUEST_ADC_REFERENCE, 0, 0, EINVAL},
        {TATU_REQUEST_ADC_REFERENCE, 0, 2500000, 0},
        {TATU_REQUEST_ADC_REFERENCE, 0, 2500001, ERANGE},
        {TATU_REQUEST_ADC_READ, 6, 0, EIO},
        {TATU_REQUEST_ADC_READ, 5, 0, EIO},
        {TATU_REQUEST_ADC_READ, 4, 0, EIO},
        {TATU_REQUEST_PWM_APPLY, 0, 0, EINVAL},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        answer = read_channel(fd, app, rows[i].op, rows[i].channel, rows[i].b);
        assert_int_equal(answer.number, rows[i].problem);
    }
    sysfs_problem = EIO;
    assert_int_equal(read_channel(fd, app, TATU_REQUEST_ADC_REFERENCE, 0, 1).number, EIO);
    (void)close(fd);
    tatu_apps_drop_controllers(app);
    assert_int_equal(ask_once(app, TATU_REQUEST_ADC_OPEN, 0, 0, 0).number, EIO);
    sysfs_problem = 0;
}

/* ---- other applications ---- */

static struct answer ask_peer(struct tatu_app *app, const uint8_t *component, size_t len)
{
    int ends[2];
    uint8_t bytes[64];
    put_ask(bytes, (const uint32_t[]){TATU_REQUEST_CONNECT, 0, 0, 0});
    memcpy(bytes + 16, component, len);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(send(ends[0], bytes, 16 + len, 0), (ssize_t)(16 + len));
    assert_true(tatu_os_answer(ends[1], false, tatu_apps_answer, app));
    const struct answer answer = take(ends[0]);
    (void)close(ends[0]);
    return answer;
}

static void a_peer_is_reached_when_both_name_each_other(void **state)
{
    static const uint8_t own[17] = {1}, other[17] = {2};
    struct tatu_app *app = fresh_app(0), *peer = fresh_app(1);
    (void)state;
    memcpy(app->image.component, own, 16);
    app->state = TATU_APP_RUNNING;
    assert_int_equal(ask_peer(app, other, 15).number, EINVAL);
    assert_int_equal(ask_peer(app, other, 17).number, EINVAL);
    assert_int_equal(ask_peer(app, other, 16).number, EACCES);
    app->manifest.peer_count = 2;
    memcpy(app->manifest.peers[1], other, 16);
    assert_int_equal(ask_peer(app, other, 16).number, ENOENT);
    peer->state = TATU_APP_REFUSED;
    memcpy(peer->image.component, other, 16);
    peer->manifest.type = TATU_MANIFEST_REAL_TIME;
    assert_int_equal(ask_peer(app, other, 16).number, EACCES);
    peer->manifest.peer_count = 1;
    memcpy(peer->manifest.peers[0], own, 16);
    assert_int_equal(ask_peer(app, other, 16).number, ECONNREFUSED);
    peer->manifest.type = TATU_MANIFEST_DEFAULT;
    assert_int_equal(ask_peer(app, other, 16).number, EACCES);
    peer->state = app->state = TATU_APP_ABSENT;
}

static int set_up(void **state)
{
    char path[64];
    (void)state;
    if (mkdtemp(root) == NULL || tatu_os_init_loop(&loop) != TATU_OK) {
        return -1;
    }
    for (size_t i = 0; i < TATU_COUNT_OF(apps.holds); i++) {
        apps.holds[i].watch.fd = -1;
    }
    (void)snprintf(path, sizeof(path), "%s/dev", root);
    return mkdir(path, 0700);
}

static int tear_down(void **state)
{
    char command[64];
    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
    tatu_os_done_loop(&loop);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peripheral_is_given_as_the_manifest_names_it),
        cmocka_unit_test(a_uart_is_raw_and_as_it_was_asked_for),
        cmocka_unit_test(a_form_that_the_uart_cannot_keep_is_refused),
        cmocka_unit_test(a_device_is_open_once_until_its_last_descriptor_is_closed),
        cmocka_unit_test(spi_begins_anew_for_who_opens_it),
        cmocka_unit_test(pwm_comes_from_any_state_to_any_other),
        cmocka_unit_test(pwm_refuses_what_is_no_state),
        cmocka_unit_test(a_controller_is_held_by_one_connection),
        cmocka_unit_test(adc_samples_and_sets_its_reference),
        cmocka_unit_test(a_peer_is_reached_when_both_name_each_other),
    };
    return cmocka_run_group_tests_name("peripherals", tests, set_up, tear_down);
}
