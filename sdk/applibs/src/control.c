#include "control.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* netd and the vault answer in milliseconds, a scan of the air in seconds; who never answers must
 * not hold an application for ever */
#define PATIENCE_S 60

const char *tatu_applibs_control_path = "/run/control";

int tatu_applibs_fail(int number)
{
    errno = number;
    return -1;
}

static void close_quietly(const int *fd)
{
    const int saved = errno;
    if (*fd >= 0) {
        (void)close(*fd);
    }
    errno = saved;
}
#define CLOSING __attribute__((cleanup(close_quietly)))

/* ---- the wire ---- */

static int connect_control(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    if (strlen(tatu_applibs_control_path) >= sizeof(address.sun_path)) {
        return tatu_applibs_fail(EIO);
    }
    strcpy(address.sun_path, tatu_applibs_control_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1; /* EMFILE is the application's own doing */
    }
    int result = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) |
                 setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    do {
        result = result != 0 ? result : connect(fd, (struct sockaddr *)&address, sizeof(address));
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        (void)close(fd);
        return tatu_applibs_fail(EIO);
    }
    return fd;
}

static bool send_parts(int fd, struct iovec *parts, size_t count)
{
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    ssize_t sent;
    do {
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

static bool send_request(int fd, const struct applibs_request *request)
{
    uint8_t head[TATU_REQUEST_HEADER_SIZE];
    struct iovec parts[] = {{head, sizeof(head)},
                            {(void *)(uintptr_t)request->payload, request->len}};
    tatu_put_le32(head, request->op);
    tatu_put_le32(head + 4, request->a);
    tatu_put_le32(head + 8, request->b);
    tatu_put_le32(head + 12, request->c);
    return send_parts(fd, parts, 2);
}

/* The one descriptor of a message, -1 for none. */
static int take_descriptor(struct msghdr *message)
{
    int given = -1;
    const struct cmsghdr *head = CMSG_FIRSTHDR(message);
    if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(&given, CMSG_DATA(head), sizeof(given));
    }
    return given;
}

/* Receives an answer. Returns the bytes of its payload. *out_fd is the descriptor that came. */
static ssize_t take_answer(int fd, void *out, size_t size, int *out_fd)
{
    uint8_t head[TATU_ANSWER_HEADER_SIZE];
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct iovec parts[] = {{head, sizeof(head)}, {out, size}};
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    ssize_t got;
    do {
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    *out_fd = got >= 0 ? take_descriptor(&message) : -1;
    if (got < (ssize_t)sizeof(head) || (message.msg_flags & MSG_TRUNC) != 0) {
        return tatu_applibs_fail(EIO);
    }
    if (tatu_get_le32(head) != TATU_OK) {
        const uint32_t number = tatu_get_le32(head + 4);
        return tatu_applibs_fail(number != 0 ? (int)number : EIO);
    }
    return got - (ssize_t)sizeof(head);
}

/* One exchange. A descriptor that nobody asked for is closed. */
static ssize_t exchange(int fd, const struct applibs_request *request, void *out, size_t size,
                        int *out_fd)
{
    int given = -1;
    if (!send_request(fd, request)) {
        return tatu_applibs_fail(EIO);
    }
    const ssize_t got = take_answer(fd, out, size, &given);
    if (got >= 0 && out_fd != NULL) {
        *out_fd = given;
    } else {
        close_quietly(&given);
    }
    return got;
}

/* ---- what the other files ask ---- */

ssize_t tatu_applibs_ask(const struct applibs_request *request, void *out, size_t size)
{
    CLOSING int fd = connect_control();
    return fd < 0 ? -1 : exchange(fd, request, out, size, NULL);
}

int tatu_applibs_get(const struct applibs_request *request, void *out, size_t size)
{
    const ssize_t got = tatu_applibs_ask(request, out, size);
    if (got >= 0 && (size_t)got != size) {
        return tatu_applibs_fail(EIO);
    }
    return got < 0 ? -1 : 0;
}

int tatu_applibs_do(const struct applibs_request *request)
{
    uint8_t nothing;
    return tatu_applibs_get(request, &nothing, 0);
}

int tatu_applibs_ask_descriptor(const struct applibs_request *request)
{
    CLOSING int fd = connect_control();
    int given = -1;
    if (fd < 0 || exchange(fd, request, NULL, 0, &given) < 0) {
        return -1;
    }
    return given >= 0 ? given : tatu_applibs_fail(EIO);
}

int tatu_applibs_ask_connection(const struct applibs_request *request)
{
    int fd = connect_control();
    if (fd >= 0 && exchange(fd, request, NULL, 0, NULL) < 0) {
        close_quietly(&fd);
        return -1;
    }
    return fd;
}

/* Another descriptor of the application's is not written to. */
static bool is_connection(int fd)
{
    int domain = 0, type = 0;
    socklen_t domain_len = sizeof(domain), type_len = sizeof(type);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 && domain == AF_UNIX &&
           type == SOCK_SEQPACKET;
}

ssize_t tatu_applibs_ask_on(int fd, const struct applibs_request *request, void *out, size_t size)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    if (!is_connection(fd)) {
        return tatu_applibs_fail(EBADF);
    }
    (void)pthread_mutex_lock(&one_at_a_time);
    const ssize_t got = exchange(fd, request, out, size, NULL);
    (void)pthread_mutex_unlock(&one_at_a_time);
    return got;
}

/* Bytes in messages that the server takes. What it has refused already it does not read: its answer
 * tells why. */
static void send_bytes(int fd, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len; at += TATU_REQUEST_MAX) {
        struct iovec part = {(void *)(uintptr_t)(bytes + at),
                             len - at < TATU_REQUEST_MAX ? len - at : TATU_REQUEST_MAX};
        if (!send_parts(fd, &part, 1)) {
            return;
        }
    }
}

int tatu_applibs_send(const struct applibs_request *request, const void *const *parts,
                      const size_t *lens, size_t count)
{
    uint8_t nothing;
    int given = -1;
    CLOSING int fd = connect_control();
    if (fd < 0) {
        return -1;
    }
    if (!send_request(fd, request)) {
        return tatu_applibs_fail(EIO);
    }
    for (size_t i = 0; i < count; i++) {
        send_bytes(fd, parts[i], lens[i]);
    }
    const ssize_t got = take_answer(fd, &nothing, 0, &given);
    close_quietly(&given);
    return got < 0 ? -1 : 0;
}
