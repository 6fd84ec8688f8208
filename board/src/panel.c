#include "panel.h"

#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    TURN_TIMEOUT_MS = 500, /* a press by another command is over by then, an open panel is not */
    TURN_POLL_MS = 5,
};

enum tatu_err tatu_board_decode_change(struct tatu_span line, struct tatu_board_change *out)
{
    static const char head[] = "gpio ";
    const size_t head_len = sizeof(head) - 1;
    const size_t digits = line.len < head_len + 3 ? 0 : line.len - head_len - 2;
    if (digits == 0 || digits > 2 || memcmp(line.data, head, head_len) != 0) {
        return TATU_ERR_FORMAT;
    }
    const uint8_t *text = line.data + head_len;
    unsigned number = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return TATU_ERR_FORMAT;
        }
        number = number * 10 + (unsigned)(text[i] - '0');
    }
    uint8_t level = text[digits + 1];
    if (number >= TATU_BOARD_LINE_MAX || text[digits] != ' ' || (level != '0' && level != '1')) {
        return TATU_ERR_FORMAT;
    }
    *out = (struct tatu_board_change){.line = (uint8_t)number, .high = level == '1'};
    return TATU_OK;
}

/* A socket of the chip: its file, the lock beside it, and its name for the operator. */
struct door {
    const char *socket, *lock, *what;
};

static const struct door panel_door = {BOARD_PANEL, BOARD_PANEL_LOCK, "panel"};

static const struct door port_doors[] = {
    [TATU_BOARD_PORT_RECOVERY] = {BOARD_RECOVERY, BOARD_RECOVERY_LOCK, "recovery port"},
    [TATU_BOARD_PORT_DEBUG] = {BOARD_DEBUG, BOARD_DEBUG_LOCK, "debug port"},
};

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

enum tatu_err tatu_board_set_line(struct tatu_board_panel *panel, uint8_t line, bool high)
{
    if (line >= TATU_BOARD_LINE_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    char order[32];
    int len = snprintf(order, sizeof(order), "set %u %d\n", (unsigned)line, (int)high);
    return tatu_board_write_all(panel->fd, order, (size_t)len);
}

enum tatu_err tatu_board_set_pin(struct tatu_board_panel *panel, enum tatu_board_pin pin, bool high)
{
    static const char *const names[] = {
        [TATU_BOARD_PIN_WAKEUP] = "wakeup",
        [TATU_BOARD_PIN_TAMPER] = "tamper",
        [TATU_BOARD_PIN_RECOVERY] = "recovery",
    };
    char order[32];
    int len = snprintf(order, sizeof(order), "%s %d\n", names[pin], (int)high);
    return tatu_board_write_all(panel->fd, order, (size_t)len);
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

enum tatu_err tatu_board_next_change(struct tatu_board_panel *panel, int timeout_ms,
                                     struct tatu_board_change *out)
{
    for (;;) {
        char line[sizeof(panel->text)];
        size_t len;
        while (take_line(panel, line, &len)) {
            struct tatu_span span = {(const uint8_t *)line, len};
            if (tatu_board_decode_change(span, out) == TATU_OK) {
                return TATU_OK;
            }
        }
        TATU_TRY(receive(panel, timeout_ms));
    }
}
