#include "peripherals.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/spi/spidev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "control.h"
#include "os/lib/file.h"

#define UNIT_COUNT 5u /* serial units, each UART, I2C or SPI master */
#define SELECT_COUNT 2u
#define PWM_COUNT 3u
#define PWM_CHANNELS 4u
#define ADC_COUNT 1u
#define ADC_BITS 12u
#define ADC_STEPS (1u << ADC_BITS)
#define ADC_HIGHEST (ADC_STEPS - 1)
#define ADC_CHANNELS 8u
#define ADC_MICROVOLTS 2500000u
#define PATH_SIZE 160u
#define NUMBER_SIZE 16u
#define NAME_SIZE 24u
#define NANO 1000000000u
#define SPI_FIRST_HZ 1000000u
#define BAUD_OFF_PERCENT 3u /* a receiver loses the last bits of a byte when it is off by more */

_Static_assert(TATU_APPS_HOLD_COUNT == PWM_COUNT + ADC_COUNT, "as the chip has them");

/* ---- who may have what ---- */

struct kind {
    uint32_t op;
    enum tatu_manifest_peripheral peripheral;
    uint32_t first; /* its number of instance 0 */
    uint32_t count;
    bool (*is_form)(const struct tatu_ask *ask); /* whether b and c are possible */
};

static bool has_no_form(const struct tatu_ask *ask)
{
    return ask->b == 0 && ask->c == 0;
}

static bool is_uart_form(const struct tatu_ask *ask)
{
    const uint32_t bits = ask->c & 0xff, parity = ask->c >> 8 & 0xff, stop = ask->c >> 16 & 0xff,
                   flow = ask->c >> 24;
    return ask->b != 0 && ask->b <= INT32_MAX && bits >= 5 && bits <= 8 && parity <= 2 &&
           stop >= 1 && stop <= 2 && flow <= 2;
}

static bool is_spi_form(const struct tatu_ask *ask)
{
    return ask->c <= 1;
}

static const struct kind kinds[] = {
    {TATU_REQUEST_UART_OPEN, TATU_MANIFEST_UART, TATU_REQUEST_UART_FIRST, UNIT_COUNT, is_uart_form},
    {TATU_REQUEST_I2C_OPEN, TATU_MANIFEST_I2C, 0, UNIT_COUNT, has_no_form},
    {TATU_REQUEST_SPI_OPEN, TATU_MANIFEST_SPI, 0, UNIT_COUNT, is_spi_form},
    {TATU_REQUEST_PWM_OPEN, TATU_MANIFEST_PWM, 0, PWM_COUNT, has_no_form},
    {TATU_REQUEST_ADC_OPEN, TATU_MANIFEST_ADC, 0, ADC_COUNT, has_no_form},
};

static const struct kind *find_kind(uint32_t op)
{
    for (size_t i = 0; i < TATU_COUNT_OF(kinds); i++) {
        if (kinds[i].op == op) {
            return &kinds[i];
        }
    }
    return NULL;
}

int tatu_apps_check_peripheral(const struct tatu_manifest *manifest, const struct tatu_ask *ask)
{
    const struct kind *kind = find_kind(ask->op);
    if (kind == NULL) {
        return EINVAL;
    }
    if (ask->a < kind->first || ask->a - kind->first >= kind->count ||
        (ask->op == TATU_REQUEST_SPI_OPEN && ask->b >= SELECT_COUNT)) {
        return ENODEV;
    }
    if ((manifest->peripherals[kind->peripheral] >> (ask->a - kind->first) & 1) == 0) {
        return EACCES;
    }
    return ask->payload.len == 0 && kind->is_form(ask) ? 0 : EINVAL;
}

/* ---- devices ---- */

/* The node of a device. -1 and errno: ENODEV, EBUSY another descriptor of it is open. */
static int open_node(const char *path)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        errno = errno == ENOENT || errno == ENXIO ? ENODEV : errno;
        return -1;
    }
    /* TIOCEXCL does not count for root, and the others have nothing like it */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(fd);
        errno = EBUSY;
        return -1;
    }
    return fd;
}

static void put_form(uint32_t baud, uint32_t form, struct termios2 *out)
{
    static const tcflag_t sizes[] = {CS5, CS6, CS7, CS8};
    static const tcflag_t parities[] = {0, PARENB, PARENB | PARODD};
    const uint32_t flow = form >> 24;
    *out = (struct termios2){
        .c_cflag = CREAD | CLOCAL | BOTHER | sizes[(form & 0xff) - 5] | parities[form >> 8 & 0xff] |
                   ((form >> 16 & 0xff) == 2 ? CSTOPB : 0u) | (flow == 1 ? CRTSCTS : 0u),
        .c_iflag = flow == 2 ? IXON | IXOFF : 0u,
        .c_ispeed = baud,
        .c_ospeed = baud,
    };
    out->c_cc[VMIN] = 1;
    if (flow == 2) {
        out->c_cc[VSTART] = 0x11;
        out->c_cc[VSTOP] = 0x13;
    }
}

/* A driver takes what it can do and tells what it made of it. */
static bool is_as_wanted(const struct termios2 *wanted, const struct termios2 *made)
{
    const tcflag_t mattering = CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS;
    const uint64_t wanted_baud = wanted->c_ospeed, baud = made->c_ospeed;
    const uint64_t off = baud > wanted_baud ? baud - wanted_baud : wanted_baud - baud;
    return (wanted->c_cflag & mattering) == (made->c_cflag & mattering) &&
           off * 100 <= wanted_baud * BAUD_OFF_PERCENT;
}

static int set_up_uart(int fd, const struct tatu_ask *ask)
{
    struct termios2 wanted, made;
    put_form(ask->b, ask->c, &wanted);
    if (ioctl(fd, TCSETS2, &wanted) != 0 || ioctl(fd, TCGETS2, &made) != 0) {
        return errno == EINVAL ? EINVAL : EIO;
    }
    if (!is_as_wanted(&wanted, &made)) {
        return EINVAL;
    }
    return ioctl(fd, TCFLSH, TCIOFLUSH) == 0 ? 0 : EIO;
}

/* What who had it before has set is gone. */
static int set_up_spi(int fd, const struct tatu_ask *ask)
{
    uint32_t mode = ask->c == 1 ? SPI_CS_HIGH : 0, speed = SPI_FIRST_HZ;
    uint8_t bits = 8;
    return ioctl(fd, SPI_IOC_WR_MODE32, &mode) == 0 &&
                   ioctl(fd, SPI_IOC_WR_BITS_PER_WORD, &bits) == 0 &&
                   ioctl(fd, SPI_IOC_WR_MAX_SPEED_HZ, &speed) == 0
               ? 0
               : errno;
}

static int set_up_nothing(int fd, const struct tatu_ask *ask)
{
    (void)fd;
    (void)ask;
    return 0;
}

static int put_path(const struct tatu_app *app, const struct tatu_ask *ask, char *out, size_t size,
                    int (**out_set_up)(int fd, const struct tatu_ask *ask))
{
    const char *root = app->apps->world->devices;
    if (ask->op == TATU_REQUEST_UART_OPEN) {
        *out_set_up = set_up_uart;
        /* ttyAMA0 is the console */
        return snprintf(out, size, "%s/dev/ttyAMA%u", root, ask->a - TATU_REQUEST_UART_FIRST + 1);
    }
    if (ask->op == TATU_REQUEST_SPI_OPEN) {
        *out_set_up = set_up_spi;
        return snprintf(out, size, "%s/dev/spidev%u.%u", root, ask->a, ask->b);
    }
    *out_set_up = set_up_nothing;
    return snprintf(out, size, "%s/dev/i2c-%u", root, ask->a);
}

int tatu_apps_open_device(struct tatu_app *app, const struct tatu_ask *ask,
                          struct tatu_os_reply *reply)
{
    char path[PATH_SIZE];
    int (*set_up)(int fd, const struct tatu_ask *ask) = NULL;
    int problem = tatu_apps_check_peripheral(&app->manifest, ask);
    if (problem != 0) {
        return problem;
    }
    if (put_path(app, ask, path, sizeof(path), &set_up) >= (int)sizeof(path)) {
        return ENODEV;
    }
    int fd = open_node(path);
    if (fd < 0) {
        return errno;
    }
    problem = set_up(fd, ask);
    if (problem != 0) {
        (void)close(fd);
        return problem;
    }
    reply->fd = fd;
    return 0;
}

/* ---- numbers in sysfs ---- */

/* 0, or an errno: that of the driver. */
static int write_number(const char *folder, const char *name, uint32_t number)
{
    char text[NUMBER_SIZE];
    (void)snprintf(text, sizeof(text), "%u", number);
    return tatu_os_write_in(folder, name, text) ? 0 : errno;
}

static int read_text(const char *folder, const char *name, char *out, size_t size)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
        return ENODEV;
    }
    TATU_OS_CLOSING int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);
    if (got < 0) {
        return errno;
    }
    out[got] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return 0;
}

static int read_number(const char *folder, const char *name, uint32_t *out)
{
    char text[NUMBER_SIZE], *end = NULL;
    const int problem = read_text(folder, name, text, sizeof(text));
    if (problem != 0) {
        return problem;
    }
    const unsigned long number = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || number > UINT32_MAX) {
        return EIO;
    }
    *out = (uint32_t)number;
    return 0;
}

/* ---- PWM ---- */

struct pwm_state {
    uint32_t period;
    uint32_t duty;
    uint32_t inversed;
    uint32_t enabled;
};

static const char *const polarities[] = {"normal", "inversed"};

static int decode_pwm(const struct tatu_ask *ask, struct pwm_state *out)
{
    const uint8_t *p = ask->payload.data;
    if (ask->a >= PWM_CHANNELS || ask->b != 0 || ask->c != 0 ||
        ask->payload.len != TATU_REQUEST_PWM_STATE_SIZE) {
        return EINVAL;
    }
    const struct pwm_state state = {tatu_get_le32(p), tatu_get_le32(p + 4), tatu_get_le32(p + 8),
                                    tatu_get_le32(p + 12)};
    if (state.inversed > 1 || state.enabled > 1 || state.duty > state.period ||
        (state.enabled != 0 && state.period == 0)) {
        return EINVAL;
    }
    *out = state;
    return 0;
}

/* The folder of a channel, which appears when it is asked for. */
static int open_channel(const char *chip, uint32_t channel, char *out, size_t size)
{
    if (snprintf(out, size, "%s/pwm%u", chip, channel) >= (int)size) {
        return ENODEV;
    }
    if (access(out, F_OK) == 0) {
        return 0;
    }
    const int problem = write_number(chip, "export", channel);
    return problem == 0 && access(out, F_OK) != 0 ? ENODEV : problem;
}

static int read_pwm(const char *folder, struct pwm_state *out)
{
    char polarity[NUMBER_SIZE];
    int problem = read_number(folder, "period", &out->period);
    problem = problem != 0 ? problem : read_number(folder, "duty_cycle", &out->duty);
    problem = problem != 0 ? problem : read_number(folder, "enable", &out->enabled);
    problem = problem != 0 ? problem : read_text(folder, "polarity", polarity, sizeof(polarity));
    out->inversed = problem == 0 && strcmp(polarity, polarities[1]) == 0;
    return problem;
}

/* Period and duty are two files, and never may the duty be over the period in between. */
static int write_times(const char *folder, const struct pwm_state *now,
                       const struct pwm_state *wanted)
{
    int problem = 0;
    if (wanted->period >= now->duty) {
        problem =
            wanted->period == now->period ? 0 : write_number(folder, "period", wanted->period);
        return problem != 0 ? problem : write_number(folder, "duty_cycle", wanted->duty);
    }
    problem = write_number(folder, "duty_cycle", wanted->duty);
    return problem != 0 ? problem : write_number(folder, "period", wanted->period);
}

static int write_pwm(const char *folder, const struct pwm_state *now,
                     const struct pwm_state *wanted)
{
    int problem = 0;
    /* polarity changes while it is off alone */
    if (now->enabled != 0 && (wanted->enabled == 0 || now->inversed != wanted->inversed)) {
        problem = write_number(folder, "enable", 0);
    }
    if (problem == 0 && wanted->period != 0) {
        problem = write_times(folder, now, wanted);
    }
    if (problem == 0 && now->inversed != wanted->inversed) {
        problem = tatu_os_write_in(folder, "polarity", polarities[wanted->inversed]) ? 0 : errno;
    }
    if (problem == 0 && wanted->enabled != 0 &&
        (now->enabled == 0 || now->inversed != wanted->inversed)) {
        problem = write_number(folder, "enable", 1);
    }
    return problem;
}

static int apply_pwm(const struct tatu_apps_hold *hold, const struct tatu_ask *ask)
{
    struct pwm_state wanted, now;
    char folder[PATH_SIZE];
    int problem = decode_pwm(ask, &wanted);
    if (problem != 0) {
        return problem;
    }
    problem = open_channel(hold->folder, ask->a, folder, sizeof(folder));
    problem = problem != 0 ? problem : read_pwm(folder, &now);
    if (problem != 0) {
        return EIO;
    }
    problem = write_pwm(folder, &now, &wanted);
    /* what is a state is checked: this controller cannot make it */
    return problem == EINVAL || problem == ERANGE ? ERANGE : problem != 0 ? EIO : 0;
}

/* ---- ADC ---- */

static int read_adc(const struct tatu_apps_hold *hold, uint32_t channel, uint32_t *out)
{
    char name[NAME_SIZE];
    uint32_t sample = 0;
    (void)snprintf(name, sizeof(name), "in_voltage%u_raw", channel);
    if (read_number(hold->folder, name, &sample) != 0 || sample > ADC_HIGHEST) {
        return EIO;
    }
    *out = sample;
    return 0;
}

/* The kernel has the reference as the millivolts of one step, in billionths. */
static int set_reference(const struct tatu_apps_hold *hold, uint32_t channel, uint32_t microvolts)
{
    const uint64_t nano =
        ((uint64_t)microvolts * (1000000u / 64) + ADC_STEPS / 64 / 2) / (ADC_STEPS / 64);
    char name[NAME_SIZE], scale[NAME_SIZE];
    if (microvolts == 0) {
        return EINVAL;
    }
    if (microvolts > ADC_MICROVOLTS) {
        return ERANGE;
    }
    (void)snprintf(name, sizeof(name), "in_voltage%u_scale", channel);
    (void)snprintf(scale, sizeof(scale), "%u.%09u", (unsigned)(nano / NANO),
                   (unsigned)(nano % NANO));
    return tatu_os_write_in(hold->folder, name, scale) ? 0 : EIO;
}

/* Who opens it begins with the converter's own reference, whatever was set before. */
static int begin_adc(const struct tatu_apps_hold *hold)
{
    int problem = 0;
    for (uint32_t i = 0; i < ADC_CHANNELS && problem == 0; i++) {
        problem = set_reference(hold, i, ADC_MICROVOLTS);
    }
    return problem;
}

static int act_adc(const struct tatu_apps_hold *hold, const struct tatu_ask *ask,
                   struct tatu_os_reply *reply)
{
    uint8_t bytes[4];
    uint32_t number = ADC_BITS;
    int problem = 0;
    if (ask->a >= ADC_CHANNELS || ask->payload.len != 0 || ask->c != 0 ||
        (ask->op != TATU_REQUEST_ADC_REFERENCE && ask->b != 0)) {
        return EINVAL;
    }
    if (ask->op == TATU_REQUEST_ADC_REFERENCE) {
        return set_reference(hold, ask->a, ask->b);
    }
    if (ask->op == TATU_REQUEST_ADC_READ) {
        problem = read_adc(hold, ask->a, &number);
    }
    tatu_put_le32(bytes, number);
    return problem == 0 && tatu_base_put_bytes(&reply->payload, TATU_SPAN_OF(bytes)) != TATU_OK
               ? EIO
               : problem;
}

/* ---- connections that stay ---- */

static bool is_of_adc(uint32_t op)
{
    return op == TATU_REQUEST_ADC_READ || op == TATU_REQUEST_ADC_BITS ||
           op == TATU_REQUEST_ADC_REFERENCE;
}

static enum tatu_err act(void *context, const struct tatu_os_asked *asked,
                         struct tatu_os_reply *reply)
{
    struct tatu_apps_hold *hold = context;
    int problem = EINVAL;
    if (hold->op == TATU_REQUEST_PWM_OPEN && asked->ask.op == TATU_REQUEST_PWM_APPLY) {
        problem = apply_pwm(hold, &asked->ask);
    } else if (hold->op == TATU_REQUEST_ADC_OPEN && is_of_adc(asked->ask.op)) {
        problem = act_adc(hold, &asked->ask, reply);
    }
    reply->stays = true;
    reply->number = (uint32_t)problem;
    return tatu_apps_error_of(problem);
}

static void end_hold(struct tatu_apps_hold *hold)
{
    hold->app = NULL;
    hold->watch.fd = -1;
}

static void hold_ready(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_apps_hold *hold = watch->context;
    struct tatu_os_loop *loop = hold->app->apps->world->loop;
    const int fd = watch->fd;
    (void)events;
    /* taken out first: the answer may close it */
    tatu_os_remove_watch(loop, watch);
    if (tatu_os_answer(fd, false, act, hold)) {
        end_hold(hold);
    } else if (tatu_os_add_watch(loop, watch, EPOLLIN) != TATU_OK) {
        (void)close(fd);
        end_hold(hold);
    }
}

/* The place of a controller, and where the kernel shows it. */
static struct tatu_apps_hold *find_hold(struct tatu_app *app, const struct tatu_ask *ask)
{
    const bool pwm = ask->op == TATU_REQUEST_PWM_OPEN;
    struct tatu_apps_hold *hold = &app->apps->holds[pwm ? ask->a : PWM_COUNT + ask->a];
    if (hold->app == NULL) {
        (void)snprintf(hold->folder, sizeof(hold->folder),
                       pwm ? "%s/sys/class/pwm/pwmchip%u" : "%s/sys/bus/iio/devices/iio:device%u",
                       app->apps->world->devices, ask->a);
    }
    return hold;
}

int tatu_apps_hold_controller(struct tatu_app *app, const struct tatu_os_asked *asked,
                              struct tatu_os_reply *reply)
{
    const int problem = tatu_apps_check_peripheral(&app->manifest, &asked->ask);
    if (problem != 0) {
        return problem;
    }
    struct tatu_apps_hold *hold = find_hold(app, &asked->ask);
    if (hold->app != NULL) {
        return EBUSY;
    }
    if (access(hold->folder, F_OK) != 0) {
        return ENODEV;
    }
    hold->op = asked->ask.op;
    hold->watch = (struct tatu_os_watch){.ready = hold_ready, .context = hold, .fd = asked->fd};
    if (hold->op == TATU_REQUEST_ADC_OPEN && begin_adc(hold) != 0) {
        return EIO;
    }
    if (tatu_os_add_watch(app->apps->world->loop, &hold->watch, EPOLLIN) != TATU_OK) {
        return EIO;
    }
    hold->app = app;
    reply->keep = true;
    /* one that is gone already is found out by the watch */
    (void)tatu_os_send_answer(asked->fd, TATU_OK, 0, (struct tatu_span){NULL, 0}, -1);
    return 0;
}

void tatu_apps_drop_controllers(struct tatu_app *app)
{
    for (size_t i = 0; i < TATU_COUNT_OF(app->apps->holds); i++) {
        struct tatu_apps_hold *hold = &app->apps->holds[i];
        if (hold->app == app) {
            tatu_os_remove_watch(app->apps->world->loop, &hold->watch);
            (void)close(hold->watch.fd);
            end_hold(hold);
        }
    }
}
