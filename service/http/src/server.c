#include "service/http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "exchange.h"
#include "tls.h"

#define LISTENER_MAX 4u
#define BACKLOG 512
#define HOST_MAX 64u

struct listener {
    struct tatu_http_server *server;
    const struct tatu_http_site *site;
    SSL_CTX *tls;
    struct evhttp *http;
    struct evhttp_bound_socket *socket;
};

struct tatu_http_server {
    struct event_base *base;
    struct event *signals[2];
    struct listener listeners[LISTENER_MAX];
    size_t listener_count;
    int connection_index; /* of the mark that each counted connection carries */
    size_t connection_count;
    bool paused;
    bool closing;
    struct exchanges pending; /* answers that come later */
};

/* ---- connections: counted, so that a flood waits in the kernel's queue, not in our memory ---- */

static void pause_listeners(struct tatu_http_server *server, bool pause)
{
    if (server->paused == pause || server->closing) {
        return;
    }
    server->paused = pause;
    for (size_t i = 0; i < server->listener_count; i++) {
        struct evconnlistener *listener =
            evhttp_bound_socket_get_listener(server->listeners[i].socket);
        (void)(pause ? evconnlistener_disable(listener) : evconnlistener_enable(listener));
    }
}

static void on_connection_gone(void *parent, void *mark, CRYPTO_EX_DATA *data, int index,
                               long number, void *context)
{
    (void)parent;
    (void)data;
    (void)index;
    (void)number;
    struct tatu_http_server *server = context;
    if (mark != NULL) {
        server->connection_count--;
        pause_listeners(server, false);
    }
}

static struct bufferevent *accept_tls(struct event_base *base, void *context)
{
    struct listener *listener = context;
    struct tatu_http_server *server = listener->server;
    SSL *ssl = SSL_new(listener->tls);
    struct bufferevent *bev =
        ssl == NULL ? NULL
                    : bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                                     BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL || SSL_set_ex_data(ssl, server->connection_index, server) != 1) {
        /* without a TLS object the library would go on in clear text */
        (void)fputs("out of memory\n", stderr);
        abort();
    }
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 0);
    server->connection_count++;
    if (server->connection_count >= TATU_HTTP_CONNECTION_MAX) {
        pause_listeners(server, true);
    }
    return bev;
}

/* ---- requests ---- */

static const char *method_name(struct evhttp_request *request)
{
    switch (evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_PATCH:
        return "PATCH";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    default:
        return "other";
    }
}

static void on_request(struct evhttp_request *request, void *context)
{
    struct listener *listener = context;
    struct bufferevent *bev =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    if (ssl == NULL) {
        evhttp_send_error(request, HTTP_BADREQUEST, NULL);
        return;
    }
    uint8_t device_id[64];
    bool has_device = tatu_http_get_tls_device(ssl, device_id) == TATU_OK;
    struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    size_t body_len = evbuffer_get_length(body);
    const struct tatu_http_raw raw = {
        .method = method_name(request),
        .target = evhttp_request_get_uri(request),
        .host = evhttp_find_header(headers, "Host"),
        .authorization = evhttp_find_header(headers, "Authorization"),
        .range = evhttp_find_header(headers, "Range"),
        .body = {body_len == 0 ? NULL : evbuffer_pullup(body, -1), body_len},
        .device_id = has_device ? device_id : NULL,
    };
    struct exchange *exchange = tatu_http_start_exchange(&listener->server->pending, request);
    tatu_http_dispatch(listener->site, &raw, &exchange->arena, (int64_t)time(NULL),
                       &exchange->answer);
    ERR_clear_error(); /* what a handler's cryptography left must not end another connection */
    tatu_http_continue_exchange(exchange, listener->server->base);
}

/* ---- sockets ---- */

static enum tatu_err split_address(const char *address, char host[HOST_MAX], const char **out_port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon[1] == 0) {
        return TATU_ERR_ARGUMENT;
    }
    size_t len = (size_t)(colon - address);
    bool brackets = len >= 2 && address[0] == '[' && address[len - 1] == ']';
    const char *start = address + (brackets ? 1 : 0);
    len -= brackets ? 2 : 0;
    if (len == 0 || len >= HOST_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    memcpy(host, start, len);
    host[len] = 0;
    *out_port = colon + 1;
    return TATU_OK;
}

static enum tatu_err bind_socket(const struct addrinfo *where, int *out)
{
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0) {
        return TATU_ERR_IO;
    }
    /* connections of an ended service in TIME_WAIT do not hold the port */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, where->ai_addr, where->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        enum tatu_err err = errno == EADDRINUSE      ? TATU_ERR_BUSY
                            : errno == EADDRNOTAVAIL ? TATU_ERR_ARGUMENT
                                                     : TATU_ERR_IO;
        (void)close(fd);
        return err;
    }
    *out = fd;
    return TATU_OK;
}

static enum tatu_err open_socket(const char *address, int *out)
{
    char host[HOST_MAX];
    const char *port = NULL;
    TATU_TRY(split_address(address, host, &port));
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return TATU_ERR_ARGUMENT;
    }
    enum tatu_err err = bind_socket(found, out);
    freeaddrinfo(found);
    return err;
}

static enum tatu_err format_bound(int fd, char out[TATU_HTTP_ADDRESS_SIZE])
{
    struct sockaddr_storage where;
    socklen_t len = sizeof(where);
    char host[HOST_MAX];
    char port[8];
    if (getsockname(fd, (struct sockaddr *)&where, &len) != 0 ||
        getnameinfo((struct sockaddr *)&where, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return TATU_ERR_IO;
    }
    (void)snprintf(out, TATU_HTTP_ADDRESS_SIZE, where.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
                   host, port);
    return TATU_OK;
}

/* ---- server ---- */

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)number;
    (void)what;
    (void)event_base_loopexit(context, NULL);
}

static void drop_log(int severity, const char *message)
{
    (void)severity;
    (void)message; /* foreign bytes may be in it; errors come back as values */
}

enum tatu_err tatu_http_open(struct tatu_http_server **out)
{
    event_set_log_callback(drop_log);
    struct tatu_http_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        return TATU_ERR_MEMORY;
    }
    server->connection_index = SSL_get_ex_new_index(0, server, NULL, NULL, on_connection_gone);
    server->base = event_base_new();
    static const int numbers[] = {SIGTERM, SIGINT};
    for (size_t i = 0; server->base != NULL && i < TATU_COUNT_OF(numbers); i++) {
        server->signals[i] = evsignal_new(server->base, numbers[i], on_signal, server->base);
    }
    if (server->connection_index < 0 || server->signals[0] == NULL || server->signals[1] == NULL ||
        event_add(server->signals[0], NULL) != 0 || event_add(server->signals[1], NULL) != 0) {
        tatu_http_close(server);
        return TATU_ERR_MEMORY;
    }
    *out = server;
    return TATU_OK;
}

static void set_limits(struct evhttp *http, size_t body_max)
{
    evhttp_set_max_headers_size(http, TATU_HTTP_HEADER_MAX);
    evhttp_set_max_body_size(http, (ev_ssize_t)body_max);
    evhttp_set_timeout(http, TATU_HTTP_IDLE_S);
    /* our own table answers the methods it does not have, in our own form */
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_PUT | EVHTTP_REQ_POST |
                                         EVHTTP_REQ_PATCH | EVHTTP_REQ_DELETE | EVHTTP_REQ_HEAD |
                                         EVHTTP_REQ_OPTIONS);
}

enum tatu_err tatu_http_listen(struct tatu_http_server *server,
                               const struct tatu_http_listener *options,
                               char out_bound[TATU_HTTP_ADDRESS_SIZE])
{
    if (server->listener_count == LISTENER_MAX) {
        return TATU_ERR_FULL;
    }
    struct listener *listener = &server->listeners[server->listener_count];
    SSL_CTX *tls = NULL;
    int fd = -1;
    TATU_TRY(tatu_http_make_tls_context(&options->tls, &tls));
    enum tatu_err err = open_socket(options->address, &fd);
    struct evhttp *http = err == TATU_OK ? evhttp_new(server->base) : NULL;
    struct evhttp_bound_socket *socket =
        http == NULL ? NULL : evhttp_accept_socket_with_handle(http, fd);
    if (socket == NULL) {
        if (http != NULL) {
            evhttp_free(http);
        }
        if (fd >= 0) {
            (void)close(fd);
        }
        SSL_CTX_free(tls);
        return err == TATU_OK ? TATU_ERR_MEMORY : err;
    }
    *listener = (struct listener){server, options->site, tls, http, socket};
    server->listener_count++;
    set_limits(http, options->body_max);
    evhttp_set_bevcb(http, accept_tls, listener);
    evhttp_set_gencb(http, on_request, listener);
    return format_bound(fd, out_bound);
}

enum tatu_err tatu_http_run(struct tatu_http_server *server)
{
    return event_base_dispatch(server->base) < 0 ? TATU_ERR_IO : TATU_OK;
}

void tatu_http_close(struct tatu_http_server *server)
{
    if (server == NULL) {
        return;
    }
    server->closing = true;
    tatu_http_drop_exchanges(&server->pending);
    for (size_t i = 0; i < server->listener_count; i++) {
        evhttp_free(server->listeners[i].http);
        SSL_CTX_free(server->listeners[i].tls);
    }
    for (size_t i = 0; i < TATU_COUNT_OF(server->signals); i++) {
        if (server->signals[i] != NULL) {
            event_free(server->signals[i]);
        }
    }
    if (server->base != NULL) {
        event_base_free(server->base);
    }
    if (server->connection_index >= 0) {
        (void)CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, server->connection_index);
    }
    free(server);
}
