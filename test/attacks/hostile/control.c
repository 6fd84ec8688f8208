#include "control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "attack.h"

#define PATH "/run/control"
#define PATIENCE_MS 5000

int control_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        const int problem = errno;
        (void)close(fd);
        errno = problem;
        return -1;
    }
    return fd;
}

static int take_fd(struct msghdr *message)
{
    int fd = -1;
    const struct cmsghdr *head = CMSG_FIRSTHDR(message);
    if (head != NULL && head->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(head), sizeof(fd));
    }
    return fd;
}

int64_t control_ask(const uint32_t args[4], const void *payload, size_t len, uint32_t *out_number,
                    int *out_fd)
{
    uint32_t answer[8] = {0};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec out[2] = {{(void *)args, 16}, {(void *)payload, len}};
    struct iovec in = {answer, sizeof(answer)};
    struct msghdr request = {.msg_iov = out, .msg_iovlen = len == 0 ? 1 : 2};
    struct msghdr reply = {.msg_iov = &in,
                           .msg_iovlen = 1,
                           .msg_control = control.room,
                           .msg_controllen = sizeof(control.room)};
    const int fd = control_connect(PATH);
    ssize_t got = -1;
    if (fd >= 0 && sendmsg(fd, &request, MSG_NOSIGNAL) >= 0 &&
        attack_wait(fd, POLLIN, PATIENCE_MS)) {
        got = recvmsg(fd, &reply, MSG_CMSG_CLOEXEC);
    }
    const int given = got > 0 ? take_fd(&reply) : -1;
    (void)close(fd);
    if (out_fd != NULL) {
        *out_fd = given;
    } else if (given >= 0) {
        (void)close(given);
    }
    *out_number = got >= 8 ? answer[1] : 0;
    return got >= 4 ? (int64_t)answer[0] : -1;
}
