#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_connection(struct tatu_appman_control *control, struct tatu_os_watch *connection)
{
    tatu_os_remove_watch(control->loop, connection);
    (void)close(connection->fd);
    connection->fd = -1;
}

/* One request, one answer. False when the other side is gone or does not read. */
static bool answer(struct tatu_appman_control *control, int fd, struct tatu_span in)
{
    uint8_t out[TATU_APPMAN_ANSWER_SIZE] = {0};
    char *text = (char *)out + 4;
    enum tatu_appman_request request;
    enum tatu_err err = tatu_appman_decode_request(in, &request);

    if (err == TATU_OK) {
        err = control->act(control->context, request, text, sizeof(out) - 4);
    }
    tatu_put_le32(out, (uint32_t)err);
    return send(fd, out, 4 + strnlen(text, sizeof(out) - 4), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static void connection_ready(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_appman_control *control = watch->context;
    uint8_t in[TATU_APPMAN_REQUEST_SIZE];
    ssize_t got = recv(watch->fd, in, sizeof(in), MSG_DONTWAIT);

    (void)events;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0 || !answer(control, watch->fd, (struct tatu_span){in, (size_t)got})) {
        close_connection(control, watch);
    }
}

static struct tatu_os_watch *free_connection(struct tatu_appman_control *control)
{
    for (size_t i = 0; i < TATU_APPMAN_CONNECTION_MAX; i++) {
        if (control->connections[i].fd < 0) {
            return &control->connections[i];
        }
    }
    return NULL;
}

static void listening_ready(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_appman_control *control = watch->context;
    struct tatu_os_watch *connection = free_connection(control);
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)events;
    if (fd < 0) {
        return;
    }
    if (connection == NULL) {
        (void)close(fd);
        return;
    }
    connection->fd = fd;
    if (tatu_os_add_watch(control->loop, connection, EPOLLIN) != TATU_OK) {
        close_connection(control, connection);
    }
}

enum tatu_err tatu_appman_serve_control(struct tatu_appman_control *control,
                                        struct tatu_os_loop *loop, int listening_fd)
{
    control->loop = loop;
    control->listening =
        (struct tatu_os_watch){.ready = listening_ready, .context = control, .fd = listening_fd};
    for (size_t i = 0; i < TATU_APPMAN_CONNECTION_MAX; i++) {
        control->connections[i] =
            (struct tatu_os_watch){.ready = connection_ready, .context = control, .fd = -1};
    }
    return tatu_os_add_watch(loop, &control->listening, EPOLLIN);
}
