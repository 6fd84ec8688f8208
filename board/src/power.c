#include "power.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    END_TIMEOUT_MS = 30000, /* an orderly end closes files only; a busy host takes its time */
    POLL_MS = 10,
    WORDS_MAX = 300, /* of the program's last words, for the operator */
};

/* The chip's process holds a lock on its pid file for as long as it lives, so the kernel knows
 * whether it runs; a stale file after a power cut of the host misleads nobody. */
int tatu_board_find_process(const struct tatu_board *board)
{
    int fd __attribute__((cleanup(tatu_board_close_fd))) =
        openat(board->dir_fd, BOARD_PID, O_RDONLY | O_CLOEXEC);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) {
        return 0;
    }
    return lock.l_pid;
}

static enum tatu_err tell_last_words(struct tatu_board *board)
{
    char words[WORDS_MAX + 1] = "";
    int fd __attribute__((cleanup(tatu_board_close_fd))) =
        openat(board->dir_fd, BOARD_WORDS, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, words, WORDS_MAX);
    while (len > 0 && words[len - 1] == '\n') {
        len--;
    }
    words[len > 0 ? len : 0] = '\0';
    return tatu_board_note(board, TATU_ERR_IO, "the chip did not start: %s; see %s/" BOARD_WORDS,
                           words[0] == '\0' ? "it said nothing" : words, board->dir);
}

static enum tatu_err prepare_files(struct tatu_board *board)
{
    (void)unlinkat(board->dir_fd, BOARD_WORDS, 0);
    (void)renameat(board->dir_fd, BOARD_LOG, board->dir_fd, BOARD_LOG_BEFORE);
    TATU_TRY(tatu_board_make_file(board, BOARD_WORDS, (struct tatu_span){NULL, 0}));
    return tatu_board_make_file(board, BOARD_LOG, (struct tatu_span){NULL, 0});
}

static int start_program(struct tatu_board *board, const struct board_command *command,
                         pid_t *out_pid)
{
    static char *no_environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0) {
        return failed;
    }
    (void)posix_spawn_file_actions_addfchdir_np(&actions, board->dir_fd);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 1, BOARD_WORDS, O_WRONLY | O_APPEND, 0600);
    (void)posix_spawn_file_actions_adddup2(&actions, 1, 2);
    failed = posix_spawn(out_pid, command->argv[0], &actions, NULL, command->argv, no_environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* The program chooses its own umask; the folder is closed anyway, this closes the files too. */
static void close_to_others(const struct tatu_board *board)
{
    static const char *const names[] = {
        BOARD_PANEL,   BOARD_FAB,     BOARD_GDB,     BOARD_QMP,      BOARD_QTEST, BOARD_FUSES,
        BOARD_PID,     BOARD_LOG,     BOARD_RTC,     BOARD_RECOVERY, BOARD_DEBUG, BOARD_UART(0),
        BOARD_UART(1), BOARD_UART(2), BOARD_UART(3), BOARD_UART(4)};
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        (void)fchmodat(board->dir_fd, names[i], 0600, 0);
    }
}

enum tatu_err tatu_board_spawn(struct tatu_board *board, const struct board_command *command)
{
    TATU_TRY(prepare_files(board));
    pid_t pid;
    int failed = start_program(board, command, &pid);
    if (failed != 0) {
        return tatu_board_note(board, TATU_ERR_IO, "%s cannot be started: %s; check the program",
                               command->argv[0], strerror(failed));
    }
    /* the program's first process ends when the chip is up, and says how it went */
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return tell_last_words(board);
    }
    close_to_others(board);
    return TATU_OK;
}

static enum tatu_err wait_gone(struct tatu_board *board)
{
    for (uint64_t end = tatu_board_now_ms() + END_TIMEOUT_MS; tatu_board_now_ms() < end;) {
        if (tatu_board_find_process(board) == 0) {
            return TATU_OK;
        }
        tatu_board_sleep_ms(POLL_MS);
    }
    return tatu_board_note(board, TATU_ERR_TIMEOUT,
                           "the board does not go off; try 'tatu board stop --now'");
}

enum tatu_err tatu_board_end_process(struct tatu_board *board, int signal_number)
{
    int pid = tatu_board_find_process(board);
    if (pid != 0) {
        (void)kill(pid, signal_number);
    }
    return wait_gone(board);
}

/* Whether the address is free now. */
static bool can_listen(uint32_t address, uint16_t port)
{
    int fd __attribute__((cleanup(tatu_board_close_fd))) =
        socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
    int on = 1;
    return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           bind(fd, (const struct sockaddr *)&name, sizeof(name)) == 0 && listen(fd, 1) == 0;
}

/* Takes the address if it is free; who may not open 443 gets the other port. */
static bool take_address(struct tatu_board *board, uint32_t address)
{
    static const uint16_t ports[] = {443, 8443};
    const struct in_addr in = {htonl(address)};
    for (size_t i = 0; i < TATU_COUNT_OF(ports); i++) {
        if (can_listen(address, ports[i])) {
            (void)inet_ntop(AF_INET, &in, board->address, sizeof(board->address));
            board->port = ports[i];
            return true;
        }
        if (errno != EACCES) {
            return false;
        }
    }
    return false;
}

static bool read_loopback(const char *text, uint32_t *out)
{
    struct in_addr in;
    if (inet_pton(AF_INET, text, &in) != 1 || ntohl(in.s_addr) >> 24 != IN_LOOPBACKNET) {
        return false;
    }
    *out = ntohl(in.s_addr);
    return true;
}

/* What is free now may be gone when the chip wants it: then that says so. */
static enum tatu_err choose_address(struct tatu_board *board, const char *wanted)
{
    uint32_t address;
    if (wanted != NULL && !read_loopback(wanted, &address)) {
        return tatu_board_note(board, TATU_ERR_ARGUMENT,
                               "%s is not an address of the loopback; name one like 127.0.35.2",
                               wanted);
    }
    if (wanted != NULL) {
        return take_address(board, address)
                   ? TATU_OK
                   : tatu_board_note(board, TATU_ERR_BUSY,
                                     "%s is in use; name another with --address", wanted);
    }
    if (read_loopback(board->address, &address) && take_address(board, address)) {
        return TATU_OK;
    }
    for (address = BOARD_FIRST_ADDRESS; address <= BOARD_LAST_ADDRESS; address++) {
        if (take_address(board, address)) {
            return TATU_OK;
        }
    }
    return tatu_board_note(
        board, TATU_ERR_FULL,
        "all addresses from 127.0.35.2 to 127.0.35.254 are in use; stop a board");
}

static enum tatu_err check_startable(struct tatu_board *board)
{
    int pid = tatu_board_find_process(board);
    if (pid != 0) {
        return tatu_board_note(board, TATU_ERR_STATE,
                               "the board is already running (process %d); stop it with 'tatu "
                               "board stop %s'",
                               pid, board->dir);
    }
    if (!board->endorsed) {
        return tatu_board_note(board, TATU_ERR_STATE,
                               "the board never got its endorsement; remove %s and create it anew",
                               board->dir);
    }
    return TATU_OK;
}

enum tatu_err tatu_board_power_on(struct tatu_board *board, const struct tatu_board_power *how)
{
    int lock __attribute__((cleanup(tatu_board_close_fd))) = -1;
    TATU_TRY(check_startable(board));
    TATU_TRY(tatu_board_lock(board, &lock));
    TATU_TRY(choose_address(board, how->address));
    struct board_command command;
    TATU_TRY(tatu_board_build_command(board, BOARD_RUN_NORMAL, how, &command));
    TATU_TRY(tatu_board_spawn(board, &command));
    return tatu_board_save(board);
}

static enum tatu_err check_running(struct tatu_board *board)
{
    if (tatu_board_find_process(board) == 0) {
        return tatu_board_note(board, TATU_ERR_STATE,
                               "the board is off; start it with 'tatu board start %s'", board->dir);
    }
    return TATU_OK;
}

static enum tatu_err tell_panel(struct tatu_board *board, const char *order)
{
    struct tatu_board_panel panel;
    TATU_TRY(tatu_board_open_panel(board, &panel));
    enum tatu_err err = tatu_board_write_all(panel.fd, order, strlen(order));
    tatu_board_close_panel(&panel);
    return err;
}

enum tatu_err tatu_board_power_off(struct tatu_board *board)
{
    TATU_TRY(check_running(board));
    if (tell_panel(board, "power-off\n") == TATU_OK && wait_gone(board) == TATU_OK) {
        return TATU_OK;
    }
    /* the panel is taken or the chip does not listen: the process's own orderly end */
    return tatu_board_end_process(board, SIGTERM);
}

enum tatu_err tatu_board_reset(struct tatu_board *board)
{
    TATU_TRY(check_running(board));
    return tell_panel(board, "reset\n");
}

enum tatu_err tatu_board_kill(struct tatu_board *board)
{
    TATU_TRY(check_running(board));
    return tatu_board_end_process(board, SIGKILL);
}
