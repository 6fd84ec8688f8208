#include "os/lib/request.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/lib/file.h"
#include "proto/network.h"

enum tatu_err tatu_os_decode_ask(struct tatu_span in, struct tatu_ask *out)
{
    if (in.len < TATU_REQUEST_HEADER_SIZE) {
        return TATU_ERR_SHORT;
    }
    if (in.len > TATU_REQUEST_MAX) {
        return TATU_ERR_LONG;
    }
    *out = (struct tatu_ask){
        .op = tatu_get_le32(in.data),
        .a = tatu_get_le32(in.data + 4),
        .b = tatu_get_le32(in.data + 8),
        .c = tatu_get_le32(in.data + 12),
        .payload = {in.data + TATU_REQUEST_HEADER_SIZE, in.len - TATU_REQUEST_HEADER_SIZE}};
    return TATU_OK;
}

enum tatu_err tatu_os_encode_ask(const struct tatu_ask *ask, struct tatu_buf *out)
{
    uint8_t header[TATU_REQUEST_HEADER_SIZE];
    if (ask->payload.len > TATU_REQUEST_PAYLOAD_MAX) {
        return TATU_ERR_LONG;
    }
    if (out->cap - out->len < sizeof(header) + ask->payload.len) {
        return TATU_ERR_FULL;
    }
    tatu_put_le32(header, ask->op);
    tatu_put_le32(header + 4, ask->a);
    tatu_put_le32(header + 8, ask->b);
    tatu_put_le32(header + 12, ask->c);
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(header)));
    return tatu_base_put_bytes(out, ask->payload);
}

/* ---- messages with a descriptor ---- */

union one_fd {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
};

static bool send_message(int fd, struct tatu_span head, struct tatu_span body, int given, int flags)
{
    union one_fd control = {.room = {0}};
    struct iovec parts[] = {{(void *)(uintptr_t)head.data, head.len},
                            {(void *)(uintptr_t)body.data, body.len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (given >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof(control.room);
        struct cmsghdr *item = CMSG_FIRSTHDR(&message);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(item), &given, sizeof(given));
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | flags) == (ssize_t)(head.len + body.len);
}

/* Bytes of one message, -1 and errno; what does not fit whole is EMSGSIZE. *out_fd is the
 * descriptor that came with it, -1 for none: whoever gives us one has not put it anywhere else. */
static ssize_t receive_message(int fd, uint8_t *bytes, size_t size, int flags, int *out_fd)
{
    union one_fd control = {.room = {0}};
    struct iovec part = {bytes, size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             /* not CMSG_SPACE: its padding has room for a second descriptor */
                             .msg_controllen = CMSG_LEN(sizeof(int))};
    *out_fd = -1;
    const ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | flags);
    const struct cmsghdr *item = got >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (item != NULL && item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS &&
        item->cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(out_fd, CMSG_DATA(item), sizeof(*out_fd));
    }
    if (got >= 0 && (message.msg_flags & MSG_TRUNC) != 0) {
        tatu_os_close_fd(out_fd);
        *out_fd = -1;
        errno = EMSGSIZE;
        return -1;
    }
    return got;
}

/* ---- client ---- */

/* patience: for connecting, sending and receiving; NULL not to wait at all. It comes first: a
 * server that hangs has a full queue, and connecting waits for a place in it. */
static enum tatu_err connect_to(const char *path, const struct timeval *patience, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int flags = SOCK_CLOEXEC | (patience == NULL ? SOCK_NONBLOCK : 0);
    if (strlen(path) >= sizeof(address.sun_path)) {
        return TATU_ERR_LONG;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | flags, 0);
    if (fd < 0) {
        return TATU_ERR_UNREACHABLE;
    }
    const bool limited =
        patience == NULL ||
        (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, patience, sizeof(*patience)) == 0 &&
         setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, patience, sizeof(*patience)) == 0);
    if (!limited || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        const bool busy = limited && errno == EAGAIN;
        (void)close(fd);
        return busy ? TATU_ERR_BUSY : TATU_ERR_UNREACHABLE;
    }
    *out = fd;
    return TATU_OK;
}

static enum tatu_err send_ask(int fd, const struct tatu_ask *ask)
{
    uint8_t header[TATU_REQUEST_HEADER_SIZE];
    struct tatu_buf room = TATU_BUF_OF(header);
    struct tatu_ask bare = *ask;
    bare.payload.len = 0;
    if (ask->payload.len > TATU_REQUEST_PAYLOAD_MAX) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(tatu_os_encode_ask(&bare, &room));
    if (send_message(fd, TATU_SPAN_OF(header), ask->payload, -1, 0)) {
        return TATU_OK;
    }
    return errno == EAGAIN ? TATU_ERR_TIMEOUT : TATU_ERR_UNREACHABLE;
}

enum tatu_err tatu_os_decode_answer(struct tatu_span in, uint32_t *out_number, struct tatu_buf *out)
{
    if (in.len < TATU_ANSWER_HEADER_SIZE) {
        return TATU_ERR_FORMAT;
    }
    const uint32_t err = tatu_get_le32(in.data);
    const struct tatu_span payload = {in.data + TATU_ANSWER_HEADER_SIZE,
                                      in.len - TATU_ANSWER_HEADER_SIZE};
    if (err == TATU_OK && out == NULL && payload.len != 0) {
        return TATU_ERR_FORMAT;
    }
    if (out != NULL && err == TATU_OK) {
        TATU_TRY(tatu_base_put_bytes(out, payload));
    }
    if (out_number != NULL) {
        *out_number = tatu_get_le32(in.data + 4);
    }
    return (enum tatu_err)err;
}

enum tatu_err tatu_os_connect(const char *path, uint32_t timeout_ms, int *out_fd)
{
    const struct timeval patience = {timeout_ms / 1000, (suseconds_t)(timeout_ms % 1000) * 1000};
    return connect_to(path, &patience, out_fd);
}

enum tatu_err tatu_os_ask_on(int fd, const struct tatu_ask *ask, uint32_t *out_number,
                             struct tatu_buf *out, int *out_fd)
{
    uint8_t bytes[TATU_ANSWER_MAX];
    TATU_OS_CLOSING int given = -1;
    TATU_TRY(send_ask(fd, ask));
    const ssize_t got = receive_message(fd, bytes, sizeof(bytes), 0, &given);
    if (got <= 0) {
        const bool late = got < 0 && errno == EAGAIN;
        return late ? TATU_ERR_TIMEOUT
                    : (got < 0 && errno == EMSGSIZE ? TATU_ERR_FORMAT : TATU_ERR_UNREACHABLE);
    }
    const enum tatu_err err =
        tatu_os_decode_answer((struct tatu_span){bytes, (size_t)got}, out_number, out);
    tatu_base_wipe(bytes, (size_t)got);
    if (err == TATU_OK && out_fd != NULL) {
        *out_fd = given;
        given = -1;
    }
    return err;
}

enum tatu_err tatu_os_ask(const char *path, const struct tatu_ask *ask, uint32_t timeout_ms,
                          uint32_t *out_number, struct tatu_buf *out, int *out_fd)
{
    TATU_OS_CLOSING int fd = -1;
    TATU_TRY(tatu_os_connect(path, timeout_ms, &fd));
    return tatu_os_ask_on(fd, ask, out_number, out, out_fd);
}

enum tatu_err tatu_os_tell(const char *path, const struct tatu_ask *ask)
{
    TATU_OS_CLOSING int fd = -1;
    TATU_TRY(connect_to(path, NULL, &fd));
    const enum tatu_err err = send_ask(fd, ask);
    return err == TATU_ERR_TIMEOUT ? TATU_ERR_BUSY : err;
}

enum tatu_err tatu_os_introduce(const char *path, uid_t uid, const uint8_t component[16],
                                const struct tatu_ask *ask, int fd)
{
    const struct tatu_ask outer = {.op = TATU_REQUEST_INTRODUCE, .a = uid};
    uint8_t head[2 * TATU_REQUEST_HEADER_SIZE + 16];
    struct tatu_buf room = TATU_BUF_OF(head);
    struct tatu_ask inner = *ask;
    TATU_OS_CLOSING int server = -1;
    if (ask->payload.len > TATU_REQUEST_PAYLOAD_MAX) {
        return TATU_ERR_LONG;
    }
    inner.payload.len = 0;
    TATU_TRY(tatu_os_encode_ask(&outer, &room));
    TATU_TRY(tatu_base_put_bytes(&room, (struct tatu_span){component, 16}));
    TATU_TRY(tatu_os_encode_ask(&inner, &room));
    TATU_TRY(connect_to(path, NULL, &server));
    if (!send_message(server, TATU_SPAN_OF(head), ask->payload, fd, MSG_DONTWAIT)) {
        return errno == EAGAIN ? TATU_ERR_BUSY : TATU_ERR_UNREACHABLE;
    }
    return TATU_OK;
}

/* ---- server ---- */

bool tatu_os_send_answer(int fd, enum tatu_err err, uint32_t number, struct tatu_span payload,
                         int given_fd)
{
    uint8_t header[TATU_ANSWER_HEADER_SIZE];
    tatu_put_le32(header, (uint32_t)err);
    tatu_put_le32(header + 4, number);
    /* who does not read his answer loses it */
    return send_message(fd, TATU_SPAN_OF(header), payload, given_fd, MSG_DONTWAIT);
}

/* The application's request inside an introduction. */
static enum tatu_err take_apart(struct tatu_span in, struct tatu_os_asked *out)
{
    struct tatu_span component, inner;
    const size_t at = TATU_REQUEST_HEADER_SIZE;
    TATU_TRY(tatu_base_take_span(in, at, sizeof(out->component), &component));
    inner = (struct tatu_span){in.data + at + component.len, in.len - at - component.len};
    TATU_TRY(tatu_os_decode_ask(inner, &out->ask));
    if (out->ask.op >= TATU_REQUEST_APP_END) {
        return TATU_ERR_UNKNOWN_COMMAND;
    }
    out->uid = tatu_get_le32(in.data + 4);
    out->introduced = true;
    memcpy(out->component, component.data, sizeof(out->component));
    return TATU_OK;
}

enum tatu_err tatu_os_decode_asked(struct tatu_span in, bool may_introduce, int carried,
                                   struct tatu_os_asked *asked)
{
    const bool introduces =
        in.len >= TATU_REQUEST_HEADER_SIZE && tatu_get_le32(in.data) == TATU_REQUEST_INTRODUCE;
    if (!introduces) {
        return tatu_os_decode_ask(in, &asked->ask);
    }
    if (!may_introduce || asked->uid != 0 || carried < 0) {
        return TATU_ERR_DENIED;
    }
    TATU_TRY(take_apart(in, asked));
    asked->fd = carried;
    return TATU_OK;
}

static uid_t peer_of(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.uid : (uid_t)-1;
}

/* Whether the connection is done with: closed, or its handler's. */
static bool answer_message(int fd, int carried, struct tatu_span in, bool may_introduce,
                           tatu_os_act act, void *context)
{
    uint8_t room[TATU_ANSWER_PAYLOAD_MAX];
    struct tatu_os_asked asked = {.uid = peer_of(fd), .fd = fd};
    struct tatu_os_reply reply = {.payload = TATU_BUF_OF(room), .fd = -1};
    enum tatu_err err = tatu_os_decode_asked(in, may_introduce, carried, &asked);
    if (err == TATU_OK) {
        err = act(context, &asked, &reply);
    }
    if (!reply.keep) {
        (void)tatu_os_send_answer(asked.fd, err, reply.number,
                                  (struct tatu_span){room, reply.payload.len}, reply.fd);
    }
    tatu_os_close_fd(&reply.fd);
    tatu_base_wipe(room, reply.payload.len);
    /* of the two descriptors a handler keeps the one that is answered */
    const bool stays = reply.stays && asked.fd == fd;
    if (!stays && !(reply.keep && asked.fd == fd)) {
        (void)close(fd);
    }
    if (!(reply.keep && asked.fd == carried)) {
        tatu_os_close_fd(&carried);
    }
    return !stays;
}

bool tatu_os_answer(int fd, bool may_introduce, tatu_os_act act, void *context)
{
    uint8_t bytes[TATU_REQUEST_INTRODUCED_MAX];
    int carried = -1;
    const ssize_t got = receive_message(fd, bytes, sizeof(bytes), MSG_DONTWAIT, &carried);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (got == 0 || (got < 0 && errno != EMSGSIZE)) {
        tatu_os_close_fd(&carried);
        (void)close(fd);
        return true;
    }
    if (got < 0) {
        (void)tatu_os_send_answer(fd, TATU_ERR_LONG, 0, (struct tatu_span){NULL, 0}, -1);
        (void)close(fd);
        return true;
    }
    const bool done = answer_message(fd, carried, (struct tatu_span){bytes, (size_t)got},
                                     may_introduce, act, context);
    tatu_base_wipe(bytes, (size_t)got);
    return done;
}

static void connection_ready(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_os_server *server = watch->context;
    const int fd = watch->fd;
    (void)events;
    /* taken out first: the handler may keep the descriptor and watch it itself */
    tatu_os_remove_watch(server->loop, watch);
    watch->fd = -1;
    if (!tatu_os_answer(fd, true, server->act, server->context)) {
        watch->fd = fd;
        if (tatu_os_add_watch(server->loop, watch, EPOLLIN) != TATU_OK) {
            (void)close(fd);
            watch->fd = -1;
        }
    }
}

static struct tatu_os_watch *find_place(struct tatu_os_server *server)
{
    for (size_t i = 0; i < TATU_OS_CONNECTION_MAX; i++) {
        if (server->connections[i].fd < 0) {
            return &server->connections[i];
        }
    }
    struct tatu_os_watch *oldest = &server->connections[server->oldest];
    server->oldest = (server->oldest + 1) % TATU_OS_CONNECTION_MAX;
    tatu_os_remove_watch(server->loop, oldest);
    (void)close(oldest->fd);
    oldest->fd = -1;
    return oldest;
}

static void listening_ready(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_os_server *server = watch->context;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    (void)events;
    if (fd < 0) {
        return;
    }
    struct tatu_os_watch *place = find_place(server);
    place->fd = fd;
    if (tatu_os_add_watch(server->loop, place, EPOLLIN) != TATU_OK) {
        (void)close(fd);
        place->fd = -1;
    }
}

enum tatu_err tatu_os_serve(struct tatu_os_server *server, struct tatu_os_loop *loop,
                            int listening_fd, tatu_os_act act, void *context)
{
    *server = (struct tatu_os_server){.act = act, .context = context, .loop = loop};
    server->listening =
        (struct tatu_os_watch){.ready = listening_ready, .context = server, .fd = listening_fd};
    for (size_t i = 0; i < TATU_OS_CONNECTION_MAX; i++) {
        server->connections[i] =
            (struct tatu_os_watch){.ready = connection_ready, .context = server, .fd = -1};
    }
    return tatu_os_add_watch(loop, &server->listening, EPOLLIN);
}

void tatu_os_stop_serving(struct tatu_os_server *server)
{
    tatu_os_remove_watch(server->loop, &server->listening);
    for (size_t i = 0; i < TATU_OS_CONNECTION_MAX; i++) {
        if (server->connections[i].fd >= 0) {
            tatu_os_remove_watch(server->loop, &server->connections[i]);
            tatu_os_close_fd(&server->connections[i].fd);
            server->connections[i].fd = -1;
        }
    }
}

/* ---- netd ---- */

#define NETD_PATIENCE_MS 2000u

enum tatu_err tatu_os_get_proxy(const char *path, struct tatu_net_proxy *out)
{
    const struct tatu_ask ask = {.op = TATU_NET_GET_PROXY};
    struct tatu_net_proxy proxy = {.enabled = 0};
    struct tatu_buf answer = {(uint8_t *)&proxy, 0, sizeof(proxy)};
    const enum tatu_err err = tatu_os_ask(path, &ask, NETD_PATIENCE_MS, NULL, &answer, NULL);
    const bool whole = err == TATU_OK && answer.len == sizeof(proxy);
    if (whole || err == TATU_ERR_NOT_FOUND) {
        *out = proxy;
    }
    tatu_base_wipe(&proxy, sizeof(proxy));
    return whole || err == TATU_ERR_NOT_FOUND ? TATU_OK : err == TATU_OK ? TATU_ERR_FORMAT : err;
}

/* ---- attestd ---- */

bool tatu_os_tell_attestd(void)
{
    static const char word[] = "renew";
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/attestd.sock"};
    TATU_OS_CLOSING int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
           send(fd, word, strlen(word), MSG_NOSIGNAL) == (ssize_t)strlen(word);
}
