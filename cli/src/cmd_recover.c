/* tatu device recover: writes a whole release to a board that does not start any more. */
#include "attached.h"
#include "chip.h"
#include "config.h"
#include "print.h"
#include "recovery.h"

#include "board/board.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    LISTEN_MS = 2500,   /* one that recovers asks each second */
    START_MS = 15000,   /* from reset to the first question */
    SILENCE_MS = 30000, /* longest pause: the board checks what is in its flash */
};

/* ---- a board of the bench -------------------------------------------------------------------- */

static enum tatu_err pass(struct tatu_cli *cli, const struct tatu_board *board, enum tatu_err err)
{
    return err == TATU_OK ? TATU_OK : tatu_cli_fail(cli, err, "%s", board->detail);
}

static enum tatu_err set_strap(struct tatu_cli *cli, struct tatu_board *board, bool high)
{
    struct tatu_board_panel panel;
    TATU_TRY(pass(cli, board, tatu_board_open_panel(board, &panel)));
    enum tatu_err err = tatu_board_set_pin(&panel, TATU_BOARD_PIN_RECOVERY, high);
    tatu_board_close_panel(&panel);
    return err;
}

static enum tatu_err switch_on(struct tatu_cli *cli, struct tatu_board *board)
{
    char chip[PATH_MAX];
    struct tatu_board_power how = {.qemu = chip, .recovery = true};
    TATU_TRY(tatu_cli_find_chip(cli, chip));
    return pass(cli, board, tatu_board_power_on(board, &how));
}

static enum tatu_err serve(struct tatu_cli_recovery *recovery)
{
    while (!recovery->done) {
        enum tatu_err err = tatu_cli_step_recovery(recovery, SILENCE_MS);
        if (err == TATU_ERR_TIMEOUT && recovery->cli->failure[0] == '\0') {
            return tatu_cli_fail(recovery->cli, err,
                                 "the board stopped asking; look at its log, then run the command "
                                 "again");
        }
        TATU_TRY(err);
    }
    return TATU_OK;
}

/* The strap is down again before the board has anything to start, so that its reset at the end
 * starts it. */
static enum tatu_err serve_board(struct tatu_cli_recovery *recovery, struct tatu_board *board,
                                 bool listening)
{
    struct tatu_cli *cli = recovery->cli;
    enum tatu_err err = tatu_cli_step_recovery(recovery, listening ? START_MS : LISTEN_MS);
    if (err == TATU_ERR_TIMEOUT && cli->failure[0] == '\0' && !listening) {
        TATU_TRY(set_strap(cli, board, true));
        TATU_TRY(pass(cli, board, tatu_board_reset(board)));
        err = tatu_cli_step_recovery(recovery, START_MS);
    }
    if (err == TATU_ERR_TIMEOUT && cli->failure[0] == '\0') {
        return tatu_cli_fail(cli, err,
                             "the board does not ask for anything; look at its log with 'tatu "
                             "board log'");
    }
    TATU_TRY(err);
    TATU_TRY(set_strap(cli, board, false));
    return serve(recovery);
}

static enum tatu_err recover_board(struct tatu_cli_recovery *recovery, const char *dir)
{
    struct tatu_cli *cli = recovery->cli;
    struct tatu_board board __attribute__((cleanup(tatu_board_close))) = {.dir_fd = -1};
    struct tatu_board_wire wire;
    TATU_TRY(tatu_cli_open_board(cli, dir, &board));
    enum tatu_err err;
    bool was_off = tatu_board_find_process(&board) == 0;
    if (was_off) {
        TATU_TRY(switch_on(cli, &board));
    }
    err = tatu_board_open_wire(&board, TATU_BOARD_PORT_RECOVERY, &wire);
    TATU_TRY(pass(cli, &board, err));
    recovery->fd = wire.fd;
    err = serve_board(recovery, &board, was_off);
    tatu_board_close_wire(&wire);
    tatu_board_forget_certificate(&board); /* it makes another one */
    return err;
}

/* ---- any port -------------------------------------------------------------------------------- */

static void close_port(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static bool connect_socket(const char *path, int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    (void)strcpy(address.sun_path, path);
    return connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool make_raw(int fd)
{
    struct termios settings;
    if (!isatty(fd)) {
        return true;
    }
    if (tcgetattr(fd, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    return cfsetspeed(&settings, B115200) == 0 && tcsetattr(fd, TCSAFLUSH, &settings) == 0;
}

static enum tatu_err recover_port(struct tatu_cli_recovery *recovery, const char *path)
{
    struct stat st;
    bool is_socket = stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
    int fd __attribute__((cleanup(close_port))) =
        is_socket ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)
                  : open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || !(is_socket ? connect_socket(path, fd) : make_raw(fd))) {
        return tatu_cli_fail(recovery->cli, TATU_ERR_IO,
                             "%s cannot be opened: %s; name the board's recovery port", path,
                             strerror(errno));
    }
    recovery->fd = fd;
    return serve(recovery);
}

/* ---- the command ----------------------------------------------------------------------------- */

/* The release that this host registered last, if none is named. */
static enum tatu_err choose_images(struct tatu_cli *cli, const char **out)
{
    const char *named = tatu_cli_option(cli, "--images");
    if (named == NULL) {
        TATU_TRY(tatu_cli_load_config(cli));
        named = json_string_value(json_object_get(cli->config, "release"));
    }
    if (named == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND,
                             "no release was registered from here; name the folder of one with "
                             "--images");
    }
    *out = named;
    return TATU_OK;
}

static json_int_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum tatu_err recover(struct tatu_cli *cli)
{
    const char *board = tatu_cli_option(cli, "--board");
    const char *port = tatu_cli_option(cli, "--port");
    struct tatu_cli_recovery recovery
        __attribute__((cleanup(tatu_cli_end_recovery))) = {.cli = cli, .fd = -1};
    const json_int_t started_ms = now_ms();
    struct tatu_cli_target target;
    if (board != NULL && port != NULL) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "a recovery is over a board's port or any other; give --board NAME or "
                             "--port FILE");
    }
    if (board == NULL && port == NULL) {
        TATU_TRY(tatu_cli_find_target(cli, &target)); /* the only one attached */
        board = target.dir;
    }
    TATU_TRY(choose_images(cli, &recovery.dir));
    TATU_TRY(board != NULL ? recover_board(&recovery, board) : recover_port(&recovery, port));
    return tatu_cli_give(cli,
                         json_pack("{s:s, s:s, s:I, s:I}", "recovered",
                                   board != NULL ? board : port, "images", recovery.dir, "bytes",
                                   (json_int_t)recovery.sent_len, "ms", now_ms() - started_ms));
}

static const struct tatu_cli_option options[] = {
    {"--board", CLI_OPTIONAL, "NAME|DIR", "a board, on or off; the only one attached",
     "--device -d"},
    {"--port", CLI_OPTIONAL, "FILE", "recovery port of another board: serial device or socket"},
    {"--images", CLI_OPTIONAL, "DIR", "folder of a signed release; the one registered last"},
    {"--capability", CLI_OPTIONAL, "FILE", "taken for scripts of the original; not needed"},
    {"--qemu", CLI_OPTIONAL, "FILE", "the chip's program"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "device recover",
     CLI_OPTIONS(options),
     .run = recover,
     .summary = "Write a whole release to a device, applications and settings go"},
};
CLI_CHAPTER(tatu_cli_recover, commands);
