/* main VERSION: counts its starts in its mutable file, fills the next bytes of it, and lives. */
#include <applibs/log.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STORAGE_OPEN 0x10u /* docs/protocol/requests.md */
#define FILLED_BYTES 3000  /* and the word before them: what a quota of 8 KiB shows as 3 */

/* The mutable file, by the wire itself; -1 when there is none. */
static int open_file(void)
{
    const uint32_t request[4] = {STORAGE_OPEN, 0, 0, 0};
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/control"};
    uint32_t answer[2] = {1, 0};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {answer, sizeof(answer)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    const int link = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    int fd = -1;
    if (connect(link, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        send(link, request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request) &&
        recvmsg(link, &message, MSG_CMSG_CLOEXEC) == (ssize_t)sizeof(answer) && answer[0] == 0 &&
        CMSG_FIRSTHDR(&message) != NULL) {
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    }
    (void)close(link);
    return fd;
}

static uint32_t count_start(int fd)
{
    static uint8_t filling[FILLED_BYTES];
    uint32_t starts = 0;
    memset(filling, 0x5a, sizeof(filling));
    (void)pread(fd, &starts, sizeof(starts), 0);
    starts++;
    if (pwrite(fd, &starts, sizeof(starts), 0) != (ssize_t)sizeof(starts) ||
        pwrite(fd, filling, sizeof(filling), sizeof(starts)) != (ssize_t)sizeof(filling)) {
        return 0;
    }
    return starts;
}

int main(int argc, char **argv)
{
    sigset_t asked;
    const int fd = open_file();
    const uint32_t starts = fd < 0 ? 0 : count_start(fd);
    int got;
    (void)close(fd);
    (void)sigemptyset(&asked);
    (void)sigaddset(&asked, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &asked, NULL);
    (void)Log_Debug("version %s, start %u\n", argc > 1 ? argv[1] : "?", (unsigned)starts);
    (void)sigwait(&asked, &got);
    (void)Log_Debug("asked to stop\n");
    return 0;
}
