#include "server.h"

#include <mbedtls/psa_util.h>
#include <netinet/in.h>
#include <psa/crypto.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificate.h"

#define PATIENCE_MS 10000u /* from the connection to the whole answer */
#define LINGER_MS 1000u
#define BACKLOG 8

static void drop(struct tatu_connection *connection)
{
    struct tatu_os_loop *loop = connection->server->loop;
    tatu_os_clear_timer(loop, &connection->patience);
    tatu_os_remove_watch(loop, &connection->watch);
    (void)close(connection->watch.fd);
    mbedtls_ssl_free(&connection->ssl);
    connection->state = TATU_CONNECTION_FREE;
}

static void on_patience(struct tatu_os_timer *timer)
{
    drop(timer->context);
}

static void wait_for(struct tatu_connection *connection, uint32_t events)
{
    struct tatu_os_loop *loop = connection->server->loop;
    if (connection->waits_for != events) {
        tatu_os_remove_watch(loop, &connection->watch);
        connection->waits_for = events;
        if (tatu_os_add_watch(loop, &connection->watch, events) != TATU_OK) {
            /* its time will end it */
            connection->waits_for = 0;
        }
    }
}

/* What the library said: go on, wait for the socket, or give up. */
enum outcome { DONE, WAIT, BROKEN };

static enum outcome outcome_of(struct tatu_connection *connection, int result)
{
    if (result == MBEDTLS_ERR_SSL_WANT_READ) {
        wait_for(connection, EPOLLIN);
        return WAIT;
    }
    if (result == MBEDTLS_ERR_SSL_WANT_WRITE) {
        wait_for(connection, EPOLLOUT);
        return WAIT;
    }
    return result < 0 ? BROKEN : DONE;
}

static enum outcome shake_hands(struct tatu_connection *connection)
{
    const enum outcome outcome = outcome_of(connection, mbedtls_ssl_handshake(&connection->ssl));
    if (outcome == DONE) {
        connection->state = TATU_CONNECTION_READ;
    }
    return outcome;
}

static void look_at_request(struct tatu_connection *connection)
{
    struct tatu_http_request request;
    const enum tatu_err err = tatu_gatewayd_decode_http(
        (struct tatu_span){connection->request, connection->request_len}, &request);
    if (err == TATU_ERR_SHORT) {
        return;
    }
    if (err == TATU_OK) {
        tatu_gatewayd_answer(connection->server->gateway, &request, tatu_os_now_ms() / 1000,
                             &connection->answer);
    } else {
        tatu_gatewayd_refuse(err, &connection->answer);
    }
    connection->sent = 0;
    connection->state = TATU_CONNECTION_WRITE;
}

static enum outcome read_request(struct tatu_connection *connection)
{
    /* the decoder refuses before the room is full: LONG at the limits */
    const int len =
        mbedtls_ssl_read(&connection->ssl, connection->request + connection->request_len,
                         sizeof(connection->request) - connection->request_len);
    if (len == 0) {
        return BROKEN;
    }
    const enum outcome outcome = outcome_of(connection, len);
    if (outcome == DONE) {
        connection->request_len += (size_t)len;
        look_at_request(connection);
    }
    return outcome;
}

static enum outcome write_answer(struct tatu_connection *connection)
{
    const struct tatu_gateway_answer *answer = &connection->answer;
    while (connection->sent < answer->len) {
        const int len = mbedtls_ssl_write(&connection->ssl,
                                          (const unsigned char *)answer->text + connection->sent,
                                          answer->len - connection->sent);
        const enum outcome outcome = outcome_of(connection, len);
        if (outcome != DONE) {
            return outcome;
        }
        connection->sent += (size_t)len;
    }
    const enum outcome outcome = outcome_of(connection, mbedtls_ssl_close_notify(&connection->ssl));
    if (outcome == DONE) {
        /* closing with unread input would reset the connection and take the answer with it */
        (void)shutdown(connection->watch.fd, SHUT_WR);
        tatu_os_set_timer(connection->server->loop, &connection->patience,
                          tatu_os_now_ms() + LINGER_MS);
        connection->state = TATU_CONNECTION_LINGER;
    }
    return outcome;
}

static enum outcome linger(struct tatu_connection *connection)
{
    uint8_t nothing[512];
    const ssize_t len = recv(connection->watch.fd, nothing, sizeof(nothing), MSG_DONTWAIT);
    if (len <= 0) {
        return BROKEN;
    }
    wait_for(connection, EPOLLIN);
    return WAIT;
}

static enum outcome advance(struct tatu_connection *connection)
{
    switch (connection->state) {
    case TATU_CONNECTION_HANDSHAKE:
        return shake_hands(connection);
    case TATU_CONNECTION_READ:
        return read_request(connection);
    case TATU_CONNECTION_WRITE:
        return write_answer(connection);
    case TATU_CONNECTION_LINGER:
        return linger(connection);
    case TATU_CONNECTION_FREE:
        break;
    }
    return WAIT;
}

static void on_ready(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_connection *connection = watch->context;
    enum outcome outcome = DONE;
    (void)events;
    while (outcome == DONE) {
        outcome = advance(connection);
        if (outcome == DONE && connection->state == TATU_CONNECTION_LINGER) {
            wait_for(connection, EPOLLIN);
            return;
        }
    }
    if (outcome == BROKEN) {
        drop(connection);
    }
}

/* A free place, or the one that was held longest: who stalls gives way. */
static struct tatu_connection *find_place(struct tatu_server *server)
{
    struct tatu_connection *oldest = &server->connections[0];
    for (size_t i = 0; i < TATU_SERVER_CONNECTION_MAX; i++) {
        struct tatu_connection *connection = &server->connections[i];
        if (connection->state == TATU_CONNECTION_FREE) {
            return connection;
        }
        if (connection->since_ms < oldest->since_ms) {
            oldest = connection;
        }
    }
    drop(oldest);
    return oldest;
}

static void take_connection(struct tatu_server *server, int fd)
{
    struct tatu_connection *connection = find_place(server);
    connection->server = server;
    connection->since_ms = tatu_os_now_ms();
    connection->request_len = 0;
    connection->net.fd = fd;
    connection->watch = (struct tatu_os_watch){.ready = on_ready, .context = connection, .fd = fd};
    connection->patience = (struct tatu_os_timer){.fire = on_patience, .context = connection};
    connection->waits_for = EPOLLIN;
    mbedtls_ssl_init(&connection->ssl);
    if (mbedtls_ssl_setup(&connection->ssl, &server->config) != 0 ||
        tatu_os_add_watch(server->loop, &connection->watch, EPOLLIN) != TATU_OK) {
        mbedtls_ssl_free(&connection->ssl);
        (void)close(fd);
        return;
    }
    mbedtls_ssl_set_bio(&connection->ssl, &connection->net, mbedtls_net_send, mbedtls_net_recv,
                        NULL);
    connection->state = TATU_CONNECTION_HANDSHAKE;
    tatu_os_set_timer(server->loop, &connection->patience, connection->since_ms + PATIENCE_MS);
}

static void on_connection(struct tatu_os_watch *watch, uint32_t events)
{
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        take_connection(watch->context, fd);
    }
}

static enum tatu_err set_up_tls(struct tatu_server *server, const char *name)
{
    mbedtls_pk_init(&server->key);
    mbedtls_x509_crt_init(&server->certificate);
    mbedtls_ssl_config_init(&server->config);
    if (psa_crypto_init() != PSA_SUCCESS ||
        mbedtls_ssl_config_defaults(&server->config, MBEDTLS_SSL_IS_SERVER,
                                    MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return TATU_ERR_CERTIFICATE;
    }
    TATU_TRY(tatu_gatewayd_make_certificate(name, &server->key, &server->certificate));
    mbedtls_ssl_conf_min_tls_version(&server->config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_authmode(&server->config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_rng(&server->config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    return mbedtls_ssl_conf_own_cert(&server->config, &server->certificate, &server->key) == 0
               ? TATU_OK
               : TATU_ERR_CERTIFICATE;
}

/* Every address, of IPv4 too. */
static int listen_on(uint16_t port)
{
    const int on = 1, off = 0;
    const struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 &&
        (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0 ||
         bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0 || listen(fd, BACKLOG) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

enum tatu_err tatu_gatewayd_start_server(struct tatu_server *server, struct tatu_os_loop *loop,
                                         const struct tatu_gateway *gateway, const char *name,
                                         uint16_t port)
{
    memset(server, 0, sizeof(*server));
    server->loop = loop;
    server->gateway = gateway;
    TATU_TRY(set_up_tls(server, name));
    server->watch =
        (struct tatu_os_watch){.ready = on_connection, .context = server, .fd = listen_on(port)};
    return server->watch.fd < 0 ? TATU_ERR_IO : tatu_os_add_watch(loop, &server->watch, EPOLLIN);
}
