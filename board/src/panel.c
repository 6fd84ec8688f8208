#include "panel.h"

#include "folder.h"

#include "proto/map.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    TURN_TIMEOUT_MS = 500, /* a press by another command is over by then, an open panel is not */
    TURN_POLL_MS = 5,
    ORDER_MAX = 64, /* bytes of a line, with its end */
};

_Static_assert(TATU_BOARD_LINE_MAX == TATU_MAP_GPIO_COUNT * TATU_MAP_GPIO_LINES, "the chip's");
_Static_assert(TATU_BOARD_ADC_MAX == TATU_ADC_CHANNEL_COUNT, "the chip's");
_Static_assert(TATU_BOARD_UART_MAX == TATU_MAP_ISU_COUNT, "the chip's");
_Static_assert(TATU_BOARD_PWM_MAX == TATU_MAP_PWM_COUNT, "the chip's");
_Static_assert(TATU_BOARD_PWM_CHANNEL_MAX == TATU_PWM_CHANNEL_COUNT, "the chip's");

/* ---- What the chip says ---- */

/* Takes " N": one space, no zero in front, at most max. */
static bool take_number(struct tatu_span *line, uint32_t max, uint32_t *out)
{
    uint64_t number = 0;
    size_t at = 1;
    if (line->len < 2 || line->data[0] != ' ') {
        return false;
    }
    for (; at < line->len && line->data[at] >= '0' && line->data[at] <= '9'; at++) {
        number = number * 10 + (unsigned)(line->data[at] - '0');
        if (number > max || (at > 1 && line->data[1] == '0')) {
            return false;
        }
    }
    if (at == 1) {
        return false;
    }
    *line = (struct tatu_span){line->data + at, line->len - at};
    *out = (uint32_t)number;
    return true;
}

static bool take_word(struct tatu_span *line, const char *word)
{
    const size_t len = strlen(word);
    if (line->len < len || memcmp(line->data, word, len) != 0) {
        return false;
    }
    *line = (struct tatu_span){line->data + len, line->len - len};
    return true;
}

/* A whole line: a word and its numbers. */
static bool read_line(struct tatu_span line, const char *word, const uint32_t *max, size_t count,
                      uint32_t *out)
{
    if (!take_word(&line, word)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!take_number(&line, max[i], &out[i])) {
            return false;
        }
    }
    return line.len == 0;
}

enum tatu_err tatu_board_decode_event(struct tatu_span line, struct tatu_board_event *out)
{
    static const uint32_t gpio_max[] = {TATU_BOARD_LINE_MAX - 1, 1};
    static const uint32_t pwm_max[] = {
        TATU_BOARD_PWM_MAX - 1, TATU_BOARD_PWM_CHANNEL_MAX - 1, UINT32_MAX, UINT32_MAX, 1, 1};
    uint32_t n[TATU_COUNT_OF(pwm_max)];
    if (read_line(line, "gpio", gpio_max, TATU_COUNT_OF(gpio_max), n)) {
        *out = (struct tatu_board_event){
            .kind = TATU_BOARD_EVENT_LINE,
            .line = {.line = (uint8_t)n[0], .high = n[1] != 0},
        };
        return TATU_OK;
    }
    if (read_line(line, "pwm", pwm_max, TATU_COUNT_OF(pwm_max), n)) {
        *out = (struct tatu_board_event){
            .kind = TATU_BOARD_EVENT_PWM,
            .pwm = {.controller = (uint8_t)n[0],
                    .channel = (uint8_t)n[1],
                    .period_ns = n[2],
                    .duty_ns = n[3],
                    .inversed = n[4] != 0,
                    .enabled = n[5] != 0},
        };
        return TATU_OK;
    }
    return TATU_ERR_FORMAT;
}

/* ---- Ways in ---- */

/* A socket of the chip: its file, the lock beside it, and its name for the operator. */
struct door {
    const char *socket, *lock, *what;
};

static const struct door panel_door = {BOARD_PANEL, BOARD_PANEL_LOCK, "panel"};

static const struct door port_doors[] = {
    [TATU_BOARD_PORT_RECOVERY] = {BOARD_RECOVERY, BOARD_RECOVERY_LOCK, "recovery port"},
    [TATU_BOARD_PORT_DEBUG] = {BOARD_DEBUG, BOARD_DEBUG_LOCK, "debug port"},
    [TATU_BOARD_PORT_UART] = {BOARD_UART(0), BOARD_UART_LOCK(0), "connection to UART 0"},
    [TATU_BOARD_PORT_UART + 1] = {BOARD_UART(1), BOARD_UART_LOCK(1), "connection to UART 1"},
    [TATU_BOARD_PORT_UART + 2] = {BOARD_UART(2), BOARD_UART_LOCK(2), "connection to UART 2"},
    [TATU_BOARD_PORT_UART + 3] = {BOARD_UART(3), BOARD_UART_LOCK(3), "connection to UART 3"},
    [TATU_BOARD_PORT_UART + 4] = {BOARD_UART(4), BOARD_UART_LOCK(4), "connection to UART 4"},
};
_Static_assert(TATU_COUNT_OF(port_doors) == TATU_BOARD_PORT_UART + TATU_BOARD_UART_MAX, "each");

/* The chip serves one caller and lets others wait for ever, so they queue here instead. */
static enum tatu_err take_turn(struct tatu_board *board, const struct door *door, int *out_lock)
{
    int lock __attribute__((cleanup(tatu_board_close_fd))) =
        openat(board->dir_fd, door->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (uint64_t end = tatu_board_now_ms() + TURN_TIMEOUT_MS; lock >= 0;) {
        if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
            *out_lock = lock;
            lock = -1;
            return TATU_OK;
        }
        if (tatu_board_now_ms() >= end) {
            break;
        }
        tatu_board_sleep_ms(TURN_POLL_MS);
    }
    return tatu_board_note(board, TATU_ERR_BUSY,
                           "another %s is open on this board; use that one or close it",
                           door->what);
}

static enum tatu_err open_door(struct tatu_board *board, const struct door *door, int *out_fd,
                               int *out_lock)
{
    if (tatu_board_find_process(board) == 0) {
        return tatu_board_note(board, TATU_ERR_STATE,
                               "the board is off; start it with 'tatu board start %s'", board->dir);
    }
    int lock __attribute__((cleanup(tatu_board_close_fd))) = -1;
    TATU_TRY(take_turn(board, door, &lock));
    if (tatu_board_connect(board, door->socket, out_fd) != TATU_OK) {
        return tatu_board_note(board, TATU_ERR_IO,
                               "the board's %s does not answer; stop and start the board",
                               door->what);
    }
    *out_lock = lock;
    lock = -1; /* the caller's now */
    return TATU_OK;
}

enum tatu_err tatu_board_open_panel(struct tatu_board *board, struct tatu_board_panel *out)
{
    int fd, lock;
    TATU_TRY(open_door(board, &panel_door, &fd, &lock));
    *out = (struct tatu_board_panel){.fd = fd, .lock_fd = lock};
    return TATU_OK;
}

void tatu_board_close_panel(struct tatu_board_panel *panel)
{
    tatu_board_close_fd(&panel->fd);
    tatu_board_close_fd(&panel->lock_fd);
}

/* ---- Orders ---- */

static enum tatu_err give_order(struct tatu_board_panel *panel, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum tatu_err give_order(struct tatu_board_panel *panel, const char *format, ...)
{
    char order[3 * ORDER_MAX];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(order, sizeof(order), format, arguments);
    va_end(arguments);
    return tatu_board_write_all(panel->fd, order, (size_t)len);
}

enum tatu_err tatu_board_set_line(struct tatu_board_panel *panel, uint8_t line, bool high)
{
    if (line >= TATU_BOARD_LINE_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    return give_order(panel, "set %u %d\n", (unsigned)line, (int)high);
}

enum tatu_err tatu_board_set_voltage(struct tatu_board_panel *panel, uint8_t channel,
                                     uint32_t microvolts)
{
    if (channel >= TATU_BOARD_ADC_MAX || microvolts > TATU_BOARD_VOLTAGE_MAX_UV) {
        return TATU_ERR_ARGUMENT;
    }
    return give_order(panel, "adc %u %u\n", (unsigned)channel, (unsigned)microvolts);
}

static bool is_within(const int32_t *axes, int32_t max)
{
    for (size_t i = 0; i < 3; i++) {
        if (axes[i] < -max || axes[i] > max) {
            return false;
        }
    }
    return true;
}

enum tatu_err tatu_board_set_motion(struct tatu_board_panel *panel,
                                    const struct tatu_board_motion *motion)
{
    const int32_t *a = motion->acceleration_mg, *r = motion->rotation_mdps;
    if (!is_within(a, TATU_BOARD_ACCELERATION_MAX_MG) ||
        !is_within(r, TATU_BOARD_ROTATION_MAX_MDPS) ||
        motion->temperature_mc < TATU_BOARD_TEMPERATURE_MIN_MC ||
        motion->temperature_mc > TATU_BOARD_TEMPERATURE_MAX_MC) {
        return TATU_ERR_ARGUMENT;
    }
    return give_order(panel, "accel %d %d %d\ngyro %d %d %d\ntemperature %d\n", (int)a[0],
                      (int)a[1], (int)a[2], (int)r[0], (int)r[1], (int)r[2],
                      (int)motion->temperature_mc);
}

enum tatu_err tatu_board_set_loop(struct tatu_board_panel *panel, uint8_t uart, bool loop)
{
    if (uart >= TATU_BOARD_UART_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    return give_order(panel, "loop %u %d\n", (unsigned)uart, (int)loop);
}

enum tatu_err tatu_board_set_pin(struct tatu_board_panel *panel, enum tatu_board_pin pin, bool high)
{
    static const char *const names[] = {
        [TATU_BOARD_PIN_WAKEUP] = "wakeup",
        [TATU_BOARD_PIN_TAMPER] = "tamper",
        [TATU_BOARD_PIN_RECOVERY] = "recovery",
    };
    return give_order(panel, "%s %d\n", names[pin], (int)high);
}

enum tatu_err tatu_board_open_wire(struct tatu_board *board, enum tatu_board_port port,
                                   struct tatu_board_wire *out)
{
    if (port == TATU_BOARD_PORT_DEBUG && !board->lab) {
        return tatu_board_note(board, TATU_ERR_STATE,
                               "this board has no debug port; make one with 'tatu board create "
                               "--lab'");
    }
    int fd, lock;
    TATU_TRY(open_door(board, &port_doors[port], &fd, &lock));
    *out = (struct tatu_board_wire){.fd = fd, .lock_fd = lock};
    return TATU_OK;
}

void tatu_board_close_wire(struct tatu_board_wire *wire)
{
    tatu_board_close_fd(&wire->fd);
    tatu_board_close_fd(&wire->lock_fd);
}

enum tatu_err tatu_board_press_button(struct tatu_board_panel *panel, uint8_t line,
                                      uint32_t hold_ms)
{
    TATU_TRY(tatu_board_set_line(panel, line, false));
    tatu_board_sleep_ms(hold_ms);
    return tatu_board_set_line(panel, line, true);
}

/* Takes one whole line out of what was received. */
static bool take_line(struct tatu_board_panel *panel, char *out, size_t *out_len)
{
    char *end = memchr(panel->text, '\n', panel->used);
    if (end == NULL) {
        return false;
    }
    size_t len = (size_t)(end - panel->text);
    memcpy(out, panel->text, len);
    *out_len = len;
    panel->used -= len + 1;
    memmove(panel->text, end + 1, panel->used);
    return true;
}

static enum tatu_err receive(struct tatu_board_panel *panel, int timeout_ms)
{
    if (panel->used == sizeof(panel->text)) {
        panel->used = 0; /* a line of nonsense: drop it, the next one starts clean */
    }
    struct pollfd wait = {.fd = panel->fd, .events = POLLIN};
    int ready = poll(&wait, 1, timeout_ms);
    if (ready == 0 || (ready < 0 && errno == EINTR)) {
        return TATU_ERR_TIMEOUT;
    }
    ssize_t len = read(panel->fd, panel->text + panel->used, sizeof(panel->text) - panel->used);
    if (len <= 0) {
        return TATU_ERR_IO;
    }
    panel->used += (size_t)len;
    return TATU_OK;
}

enum tatu_err tatu_board_next_event(struct tatu_board_panel *panel, int timeout_ms,
                                    struct tatu_board_event *out)
{
    for (;;) {
        char line[sizeof(panel->text)];
        size_t len;
        while (take_line(panel, line, &len)) {
            struct tatu_span span = {(const uint8_t *)line, len};
            if (tatu_board_decode_event(span, out) == TATU_OK) {
                return TATU_OK;
            }
        }
        TATU_TRY(receive(panel, timeout_ms));
    }
}

enum tatu_err tatu_board_next_change(struct tatu_board_panel *panel, int timeout_ms,
                                     struct tatu_board_change *out)
{
    struct tatu_board_event event;
    do {
        TATU_TRY(tatu_board_next_event(panel, timeout_ms, &event));
    } while (event.kind != TATU_BOARD_EVENT_LINE);
    *out = event.line;
    return TATU_OK;
}
