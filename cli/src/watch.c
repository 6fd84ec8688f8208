#include "watch.h"

#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
    BUTTON_LINE = 12,
    SHORT_MS = 120,
    LONG_MS = 2500,
    TICK_MS = 50,
};

/* The board's LEDs; each lights when its line is low. */
static const struct {
    const char *name;
    const char *colour; /* terminal colour */
    uint8_t line;
} leds[] = {
    {"LED1 red  ", "31", 8},  {"LED1 green", "32", 9},  {"LED1 blue ", "34", 10},
    {"LED2 red  ", "31", 15}, {"LED2 green", "32", 16}, {"LED2 blue ", "34", 17},
    {"LED3 red  ", "31", 18}, {"LED3 green", "32", 19}, {"LED3 blue ", "34", 20},
    {"LED4 red  ", "31", 21}, {"LED4 green", "32", 22}, {"LED4 blue ", "34", 23},
};

struct screen {
    bool high[TATU_BOARD_LINE_MAX];
    unsigned change_count;
    unsigned press_count;
    const char *doing;
    const char *note; /* shown below; NULL: none */
};

static void draw(FILE *out, const struct screen *screen)
{
    (void)fprintf(out, "\x1b[H\x1b[J  board panel\r\n\r\n");
    for (size_t i = 0; i < TATU_COUNT_OF(leds); i++) {
        bool lit = !screen->high[leds[i].line];
        (void)fprintf(out, "  %s \x1b[%sm%s\x1b[0m%s", leds[i].name, lit ? leds[i].colour : "90",
                      lit ? "\xe2\x97\x8f" : "\xe2\x97\x8b", i % 3 == 2 ? "\r\n" : "   ");
    }
    (void)fprintf(out, "\r\n  presses %u   LED changes %u   %s\r\n", screen->press_count,
                  screen->change_count, screen->doing);
    if (screen->note != NULL) {
        (void)fprintf(out, "  %s\r\n", screen->note);
    }
    (void)fprintf(out, "\r\n  press b to ring, l for a long press, q to quit\r\n");
    (void)fflush(out);
}

/* Returns once nothing has changed for `wait_ms`. */
static enum tatu_err take_changes(struct tatu_board_panel *panel, int wait_ms,
                                  struct screen *screen, bool *out_changed)
{
    for (*out_changed = false;;) {
        struct tatu_board_change change;
        enum tatu_err err = tatu_board_next_change(panel, wait_ms, &change);
        if (err == TATU_ERR_TIMEOUT) {
            return TATU_OK;
        }
        TATU_TRY(err);
        screen->high[change.line] = change.high;
        screen->change_count++;
        *out_changed = true;
        wait_ms = 0;
    }
}

static char read_key(void)
{
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    char key = 0;
    if (poll(&wait, 1, 0) == 1 && read(STDIN_FILENO, &key, 1) != 1) {
        return 'q'; /* the terminal is gone */
    }
    return key;
}

/* The LEDs stay alive while the button is held. */
static enum tatu_err hold_button(struct tatu_cli *cli, struct tatu_board_panel *panel,
                                 struct screen *screen, unsigned hold_ms)
{
    bool changed;
    screen->press_count++;
    screen->doing = "pressed";
    draw(cli->out, screen);
    TATU_TRY(tatu_board_set_line(panel, BUTTON_LINE, false));
    for (unsigned held = 0; held < hold_ms; held += TICK_MS) {
        (void)usleep(TICK_MS * 1000);
        TATU_TRY(take_changes(panel, 0, screen, &changed));
        if (changed) {
            draw(cli->out, screen);
        }
    }
    TATU_TRY(tatu_board_set_line(panel, BUTTON_LINE, true));
    screen->doing = "";
    draw(cli->out, screen);
    return TATU_OK;
}

static enum tatu_err run_screen(struct tatu_cli *cli, struct tatu_board_panel *panel)
{
    struct screen screen = {.doing = "", .note = tatu_cli_option(cli, "--note")};
    memset(screen.high, 1, sizeof(screen.high));
    draw(cli->out, &screen);
    for (;;) {
        bool changed;
        TATU_TRY(take_changes(panel, TICK_MS, &screen, &changed));
        if (changed) {
            draw(cli->out, &screen);
        }
        char key = read_key();
        if (key == 'q' || key == 3 || key == 4) {
            return TATU_OK;
        }
        if (key == 'b' || key == 'l') {
            TATU_TRY(hold_button(cli, panel, &screen, key == 'b' ? SHORT_MS : LONG_MS));
        }
    }
}

static enum tatu_err print_changes(struct tatu_cli *cli, struct tatu_board_panel *panel)
{
    for (;;) {
        struct tatu_board_change change;
        enum tatu_err err = tatu_board_next_change(panel, -1, &change);
        if (err == TATU_ERR_TIMEOUT) {
            continue;
        }
        if (err != TATU_OK) {
            return TATU_OK; /* the board went off: the stream ends */
        }
        (void)fprintf(cli->out, "{\"line\": %u, \"level\": %d}\n", (unsigned)change.line,
                      (int)change.high);
        if (fflush(cli->out) != 0) {
            return TATU_ERR_IO;
        }
    }
}

enum tatu_err tatu_cli_watch_panel(struct tatu_cli *cli, struct tatu_board_panel *panel)
{
    struct termios before;
    if (cli->json) {
        return print_changes(cli, panel);
    }
    if (tcgetattr(STDIN_FILENO, &before) != 0 || !isatty(fileno(cli->out))) {
        return tatu_cli_fail(cli, TATU_ERR_STATE,
                             "the panel needs a terminal; use 'tatu board "
                             "press', or '-o json' for a stream of changes");
    }
    struct termios raw = before;
    cfmakeraw(&raw);
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0) {
        return TATU_ERR_IO;
    }
    enum tatu_err err = run_screen(cli, panel);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    (void)fprintf(cli->out, "\n");
    return err == TATU_OK ? err
                          : tatu_cli_fail(cli, err,
                                          "the board went off; start it with 'tatu board "
                                          "start'");
}
