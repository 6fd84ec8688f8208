/* tatu board desk: runs a program where the board is 192.168.35.2, for tools that know no other
 * address. */
#include "attached.h"

#include "board/board.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESK_ADDRESS "192.168.35.2"
enum { DESK_PORT = 443, RELAY_BYTES = 16384, WAITING_MAX = 16 };

static struct sockaddr_in name_of(const char *address, uint16_t port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    (void)inet_pton(AF_INET, address, &name.sin_addr); /* ours, or the board's record */
    return name;
}

/* ---- the relay: accepts inside the namespace, connects outside --------------------------------
 */

/* False: one side is at its end. */
static bool pass_on(int from, int to)
{
    char bytes[RELAY_BYTES];
    const ssize_t got = read(from, bytes, sizeof(bytes));
    for (ssize_t at = 0; at < got;) {
        const ssize_t put = write(to, bytes + at, (size_t)(got - at));
        if (put <= 0) {
            return false;
        }
        at += put;
    }
    return got > 0;
}

static _Noreturn void relay(int inside, const struct sockaddr_in *board)
{
    int outside = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(outside, (const struct sockaddr *)board, sizeof(*board)) != 0) {
        _exit(1);
    }
    struct pollfd ends[] = {{.fd = inside, .events = POLLIN}, {.fd = outside, .events = POLLIN}};
    while (poll(ends, TATU_COUNT_OF(ends), -1) > 0) {
        if ((ends[0].revents != 0 && !pass_on(inside, outside)) ||
            (ends[1].revents != 0 && !pass_on(outside, inside))) {
            break;
        }
    }
    _exit(0);
}

/* Gets the listening socket and serves it until the tool, process `tool`, has ended. */
static _Noreturn void serve(int channel, const struct tatu_board *board, pid_t tool)
{
    const struct sockaddr_in name = name_of(board->address, board->port);
    int listening = -1;
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    /* a tool that ended before the signal was asked for sends none */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != tool ||
        recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&message) == NULL) {
        _exit(1);
    }
    memcpy(&listening, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(listening));
    (void)close(channel);
    (void)signal(SIGCHLD, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        const pid_t server = getpid();
        if (fd >= 0 && fork() == 0) {
            if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != server) {
                _exit(1);
            }
            relay(fd, &name);
        }
        if (fd >= 0) {
            (void)close(fd);
        }
    }
}

/* ---- the namespace ----------------------------------------------------------------------------
 */

static bool write_map(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    const bool ok = file != NULL && fputs(text, file) >= 0;
    return file != NULL && fclose(file) == 0 && ok;
}

/* Who is not root needs a user namespace to own a network one; he stays who he is. */
static bool enter_namespace(void)
{
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    char line[64];
    if (uid == 0) {
        return unshare(CLONE_NEWNET) == 0;
    }
    (void)snprintf(line, sizeof(line), "%u %u 1", (unsigned)uid, (unsigned)uid);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 || !write_map("/proc/self/setgroups", "deny") ||
        !write_map("/proc/self/uid_map", line)) {
        return false;
    }
    (void)snprintf(line, sizeof(line), "%u %u 1", (unsigned)gid, (unsigned)gid);
    return write_map("/proc/self/gid_map", line);
}

static bool give_loopback(void)
{
    const struct sockaddr_in name = name_of(DESK_ADDRESS, 0);
    struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    struct ifreq address = {.ifr_name = "lo:desk"};
    memcpy(&address.ifr_addr, &name, sizeof(name));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool ok =
        fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &up) == 0 && ioctl(fd, SIOCSIFADDR, &address) == 0;
    (void)close(fd);
    return ok;
}

static int listen_inside(void)
{
    const struct sockaddr_in name = name_of(DESK_ADDRESS, DESK_PORT);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (bind(fd, (const struct sockaddr *)&name, sizeof(name)) != 0 ||
                    listen(fd, WAITING_MAX) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool hand_over(int channel, int fd)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    char byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    return sendmsg(channel, &message, MSG_NOSIGNAL) == 1;
}

static enum tatu_err desk(struct tatu_cli *cli)
{
    struct tatu_board board = {.dir_fd = -1};
    int channel[2];
    TATU_TRY(tatu_cli_open_board(cli, cli->arguments[0], &board));
    if (tatu_board_find_process(&board) == 0) {
        return tatu_cli_fail(cli, TATU_ERR_STATE,
                             "the board is off; start it with 'tatu board start %s'", board.dir);
    }
    if (cli->many_count == 0) {
        return tatu_cli_fail(cli, TATU_ERR_ARGUMENT,
                             "no program is named; give one behind --, as in 'tatu board desk NAME "
                             "-- curl …'");
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0) {
        return tatu_cli_fail(cli, TATU_ERR_IO, "no sockets: %s; close some files", strerror(errno));
    }
    const pid_t tool = getpid();
    if (fork() == 0) {
        (void)close(channel[0]);
        serve(channel[1], &board, tool);
    }
    (void)close(channel[1]);
    int listening = -1;
    if (!enter_namespace() || !give_loopback() || (listening = listen_inside()) < 0 ||
        !hand_over(channel[0], listening)) {
        return tatu_cli_fail(cli, TATU_ERR_DENIED,
                             "no network namespace: %s; run it as root, or allow user namespaces",
                             strerror(errno));
    }
    (void)execvp(cli->many[0], (char *const *)cli->many);
    return tatu_cli_fail(cli, TATU_ERR_NOT_FOUND, "%s cannot be run: %s; check its name",
                         cli->many[0], strerror(errno));
}

static const struct tatu_cli_command commands[] = {
    {.words = "board desk",
     .arguments = "NAME|DIR -- PROGRAM [ARGUMENT...]",
     .argument_min = 1,
     .argument_max = 1,
     .tail = true,
     .run = desk,
     .summary = "Run a program where the board is " DESK_ADDRESS},
};
CLI_CHAPTER(tatu_cli_desk, commands);
