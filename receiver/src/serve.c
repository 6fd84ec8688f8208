#define _GNU_SOURCE /* accept4 */
#include "receiver/receiver.h"

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tls.h"

#define REQUEST_MAX (TATU_RECEIVER_HEADER_MAX + TATU_RECEIVER_BODY_MAX)
#define HOST_MAX 64
#define BACKLOG 64

static volatile sig_atomic_t stopping; /* set by a signal; no other way to reach poll's loop */

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

/* ---- lines on stdout ---- */

static void print_line(json_t *line)
{
    char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
    if (text != NULL) {
        (void)printf("%s\n", text);
        (void)fflush(stdout);
    }
    free(text);
    json_decref(line);
}

static void print_refused(const char *reason)
{
    print_line(json_pack("{s:s,s:s}", "event", "refused", "reason", reason));
}

/* ---- one connection, with one deadline for all of it ---- */

struct connection {
    SSL *ssl;
    int fd;
    int64_t until_ms;
};

static int64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for what TLS wants. Errors: TIMEOUT; IO when TLS has failed. */
static enum tatu_err wait_for(const struct connection *c, int result)
{
    int want = SSL_get_error(c->ssl, result);
    if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE) {
        return TATU_ERR_IO;
    }
    struct pollfd wait = {.fd = c->fd, .events = want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT};
    int64_t left_ms = c->until_ms - clock_ms();
    if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0) {
        return TATU_ERR_TIMEOUT;
    }
    return TATU_OK;
}

static enum tatu_err handshake(const struct connection *c)
{
    for (;;) {
        int result = SSL_accept(c->ssl);
        if (result == 1) {
            return TATU_OK;
        }
        TATU_TRY(wait_for(c, result));
    }
}

static enum tatu_err read_request(const struct connection *c, uint8_t *room, size_t *len,
                                  struct tatu_receiver_request *out)
{
    for (;;) {
        enum tatu_err err = tatu_receiver_decode((struct tatu_span){room, *len}, out);
        if (err != TATU_ERR_SHORT) {
            return err;
        }
        if (*len == REQUEST_MAX) {
            return TATU_ERR_LONG;
        }
        int result = SSL_read(c->ssl, room + *len, (int)(REQUEST_MAX - *len));
        if (result > 0) {
            *len += (size_t)result;
        } else {
            TATU_TRY(wait_for(c, result));
        }
    }
}

static void answer(const struct connection *c, int status, const char *reason)
{
    char text[128];
    int len = snprintf(text, sizeof(text),
                       "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status,
                       reason);
    int result = SSL_write(c->ssl, text, len);
    while (result <= 0 && wait_for(c, result) == TATU_OK) {
        result = SSL_write(c->ssl, text, len);
    }
    (void)SSL_shutdown(c->ssl);
}

static void take_ring(const struct connection *c, const char *device, struct tatu_span body)
{
    json_t *ring = json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *count = json_object_get(ring, "count");
    if (!json_is_object(ring) || !json_is_integer(count)) {
        json_decref(ring);
        print_refused("the body is not a ring");
        answer(c, 400, "Bad Request");
        return;
    }
    print_line(json_pack("{s:s,s:s,s:O,s:O}", "event", "ring", "deviceId", device, "count", count,
                         "body", ring));
    json_decref(ring);
    answer(c, 204, "No Content");
}

static void serve_request(const struct connection *c)
{
    uint8_t room[REQUEST_MAX];
    size_t len = 0;
    char device[129];
    struct tatu_receiver_request request;
    if (tatu_receiver_get_tls_device(c->ssl, device) != TATU_OK) {
        print_refused("the certificate names no device");
        return;
    }
    enum tatu_err err = read_request(c, room, &len, &request);
    if (err != TATU_OK) {
        print_refused(tatu_receiver_describe_tls_failure(c->ssl));
        if (err != TATU_ERR_IO && err != TATU_ERR_TIMEOUT) {
            answer(c, err == TATU_ERR_NOT_FOUND ? 404 : 400, "Refused");
        }
        return;
    }
    take_ring(c, device, (struct tatu_span){room + request.header_len, request.body_len});
}

static void serve_connection(SSL_CTX *context, int fd)
{
    struct connection c = {SSL_new(context), fd, clock_ms() + TATU_RECEIVER_TIMEOUT_MS};
    ERR_clear_error();
    if (c.ssl == NULL || SSL_set_fd(c.ssl, fd) != 1) {
        print_refused("out of memory");
    } else {
        enum tatu_err err = handshake(&c);
        if (err == TATU_OK) {
            serve_request(&c);
        } else {
            print_refused(err == TATU_ERR_TIMEOUT ? "no handshake in time"
                                                  : tatu_receiver_describe_tls_failure(c.ssl));
        }
    }
    SSL_free(c.ssl);
    (void)close(fd);
}

/* ---- the listener ---- */

static enum tatu_err open_listener(const char *address, int *out, char bound[HOST_MAX + 8])
{
    char host[HOST_MAX];
    const char *colon = strrchr(address, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - address);
    if (len == 0 || len >= sizeof(host)) {
        return TATU_ERR_ARGUMENT;
    }
    memcpy(host, address, len);
    host[len] = 0;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_family = AF_INET,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0) {
        return TATU_ERR_ARGUMENT;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    int cause = errno;
    struct sockaddr_storage where;
    socklen_t where_len = sizeof(where);
    char port[8];
    freeaddrinfo(found);
    good = good && getsockname(fd, (struct sockaddr *)&where, &where_len) == 0 &&
           getnameinfo((struct sockaddr *)&where, where_len, host, sizeof(host), port, sizeof(port),
                       NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    if (!good) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return cause == EADDRINUSE ? TATU_ERR_BUSY : TATU_ERR_IO;
    }
    (void)snprintf(bound, HOST_MAX + 8, "%s:%s", host, port);
    *out = fd;
    return TATU_OK;
}

static void serve_all(SSL_CTX *context, int listener)
{
    while (stopping == 0) {
        struct pollfd wait = {.fd = listener, .events = POLLIN};
        if (poll(&wait, 1, 200) <= 0) {
            continue;
        }
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            serve_connection(context, fd);
        }
    }
}

static int complain(const char *what, enum tatu_err err)
{
    (void)fprintf(stderr, "tatu-receiver: %s: %s (%s)\n", what, tatu_err_text(err),
                  tatu_err_name(err));
    return 1;
}

int tatu_receiver_run(const struct tatu_receiver_options *options)
{
    SSL_CTX *context = NULL;
    int listener = -1;
    char bound[HOST_MAX + 8];
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGTERM, on_signal);
    (void)signal(SIGINT, on_signal);
    enum tatu_err err = tatu_receiver_make_tls_context(options, &context);
    if (err != TATU_OK) {
        return complain(options->ca_path, err);
    }
    err = open_listener(options->address, &listener, bound);
    if (err != TATU_OK) {
        SSL_CTX_free(context);
        return complain(options->address, err);
    }
    print_line(json_pack("{s:s,s:s}", "event", "ready", "address", bound));
    serve_all(context, listener);
    (void)close(listener);
    SSL_CTX_free(context);
    return 0;
}
