#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

const char *tatu_applibs_control_path = "/run/control";

static int connect_control(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(tatu_applibs_control_path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, tatu_applibs_control_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* Takes the answer {err, errno} and the one descriptor that comes with a good one. */
static int take_answer(int fd)
{
    uint32_t answer[2] = {0, 0};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {answer, sizeof(answer)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (got < (ssize_t)sizeof(answer[0])) {
        errno = EIO;
        return -1;
    }
    if (answer[0] != 0) {
        errno = got >= (ssize_t)sizeof(answer) && answer[1] != 0 ? (int)answer[1] : EIO;
        return -1;
    }
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head == NULL || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int))) {
        errno = EIO;
        return -1;
    }
    int given;
    memcpy(&given, CMSG_DATA(head), sizeof(given));
    return given;
}

int tatu_applibs_ask_descriptor(enum tatu_control_op op, uint32_t a, uint32_t b, uint32_t c)
{
    int fd = connect_control();
    if (fd < 0) {
        errno = EIO;
        return -1;
    }
    const uint32_t request[4] = {(uint32_t)op, a, b, c};
    int given = -1;
    if (send(fd, request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request)) {
        given = take_answer(fd);
    } else {
        errno = EIO;
    }
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return given;
}
