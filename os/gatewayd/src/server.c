#include "server.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/psa_util.h>
#include <net/if.h>
#include <netinet/in.h>
#include <psa/crypto.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificate.h"
#include "os/lib/store.h"

#define PATIENCE_MS 10000u /* for a handshake, a head, and between two pieces of anything else */
#define IDLE_MS 60000u     /* between two requests */
#define LINGER_MS 1000u
#define BACKLOG 8
#define IDENTITY_LABEL "gatewayd server"

static void drop(struct tatu_connection *connection)
{
    struct tatu_os_loop *loop = connection->server->loop;
    tatu_os_clear_timer(loop, &connection->patience);
    tatu_os_remove_watch(loop, &connection->watch);
    (void)close(connection->watch.fd);
    mbedtls_ssl_free(&connection->ssl);
    tatu_exchange_stop(&connection->exchange);
    tatu_base_wipe(connection->input, sizeof(connection->input));
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
            connection->waits_for = 0; /* its time will end it */
        }
    }
}

static void grant(struct tatu_connection *connection, uint64_t ms)
{
    connection->used_ms = tatu_os_now_ms();
    tatu_os_set_timer(connection->server->loop, &connection->patience, connection->used_ms + ms);
}

/* A head has its time from its first byte on; a body and an answer from their last. */
static void grant_more(struct tatu_connection *connection, bool was_idle)
{
    const bool head = connection->exchange.phase == TATU_EXCHANGE_HEAD;
    const bool idle = tatu_exchange_is_idle(&connection->exchange);
    if (idle) {
        grant(connection, IDLE_MS);
    } else if (!head || was_idle) {
        grant(connection, PATIENCE_MS);
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
        connection->state = TATU_CONNECTION_OPEN;
    }
    return outcome;
}

static void feed(struct tatu_connection *connection)
{
    const struct tatu_span in = {connection->input, connection->input_len};
    const size_t taken = tatu_exchange_take(&connection->exchange, in);
    connection->input_len -= taken;
    memmove(connection->input, connection->input + taken, connection->input_len);
}

static enum outcome receive(struct tatu_connection *connection)
{
    const bool was_idle = tatu_exchange_is_idle(&connection->exchange);
    if (connection->input_len == 0) {
        const int len =
            mbedtls_ssl_read(&connection->ssl, connection->input, sizeof(connection->input));
        if (len == 0) {
            return BROKEN;
        }
        const enum outcome outcome = outcome_of(connection, len);
        if (outcome != DONE) {
            return outcome;
        }
        connection->input_len = (size_t)len;
    }
    feed(connection);
    grant_more(connection, was_idle);
    return DONE;
}

static enum outcome send_some(struct tatu_connection *connection, struct tatu_span out)
{
    const int len = mbedtls_ssl_write(&connection->ssl, out.data, out.len);
    const enum outcome outcome = outcome_of(connection, len);
    if (outcome == DONE) {
        tatu_exchange_sent(&connection->exchange, (size_t)len);
        grant_more(connection, true);
    }
    return outcome;
}

static enum outcome say_goodbye(struct tatu_connection *connection)
{
    const enum outcome outcome = outcome_of(connection, mbedtls_ssl_close_notify(&connection->ssl));
    if (outcome == DONE) {
        /* closing with unread input would reset the connection and take the answer with it */
        (void)shutdown(connection->watch.fd, SHUT_WR);
        grant(connection, LINGER_MS);
        connection->state = TATU_CONNECTION_LINGER;
    }
    return outcome;
}

static enum outcome exchange(struct tatu_connection *connection)
{
    const struct tatu_span out = tatu_exchange_get_output(&connection->exchange);
    if (out.len != 0) {
        return send_some(connection, out);
    }
    return connection->exchange.phase == TATU_EXCHANGE_OVER ? say_goodbye(connection)
                                                            : receive(connection);
}

static enum outcome linger(struct tatu_connection *connection)
{
    uint8_t nothing[512];
    const ssize_t len = recv(connection->watch.fd, nothing, sizeof(nothing), MSG_DONTWAIT);
    wait_for(connection, EPOLLIN);
    return len == 0 || (len < 0 && connection->waits_for == 0) ? BROKEN : WAIT;
}

static enum outcome advance(struct tatu_connection *connection)
{
    switch (connection->state) {
    case TATU_CONNECTION_HANDSHAKE:
        return shake_hands(connection);
    case TATU_CONNECTION_OPEN:
        return exchange(connection);
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
    if ((events & EPOLLERR) != 0) {
        outcome = BROKEN;
    }
    while (outcome == DONE) {
        outcome = advance(connection);
    }
    if (outcome == BROKEN) {
        drop(connection);
    }
}

/* A free place; else of one between two requests; else of who did nothing for the longest time. */
static struct tatu_connection *find_place(struct tatu_server *server)
{
    struct tatu_connection *best = NULL;
    bool best_idle = false;
    for (size_t i = 0; i < TATU_SERVER_CONNECTION_MAX; i++) {
        struct tatu_connection *one = &server->connections[i];
        if (one->state == TATU_CONNECTION_FREE) {
            return one;
        }
        const bool idle =
            one->state == TATU_CONNECTION_LINGER ||
            (one->state == TATU_CONNECTION_OPEN && tatu_exchange_is_idle(&one->exchange));
        if (best == NULL || (idle && !best_idle) ||
            (idle == best_idle && one->used_ms < best->used_ms)) {
            best = one;
            best_idle = idle;
        }
    }
    drop(best);
    return best;
}

/* The library's own pair would let a client that is gone end us with SIGPIPE. */
static int put_bytes(void *context, const unsigned char *bytes, size_t len)
{
    const struct tatu_os_watch *watch = context;
    const ssize_t put = send(watch->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return put >= 0                            ? (int)put
           : errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE
                                               : MBEDTLS_ERR_NET_SEND_FAILED;
}

static int get_bytes(void *context, unsigned char *bytes, size_t size)
{
    const struct tatu_os_watch *watch = context;
    const ssize_t got = recv(watch->fd, bytes, size, MSG_DONTWAIT);
    return got >= 0                            ? (int)got
           : errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ
                                               : MBEDTLS_ERR_NET_RECV_FAILED;
}

static void take_connection(struct tatu_server *server, int fd)
{
    struct tatu_connection *connection = find_place(server);
    connection->server = server;
    connection->input_len = 0;
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
    mbedtls_ssl_set_bio(&connection->ssl, &connection->watch, put_bytes, get_bytes, NULL);
    tatu_exchange_start(&connection->exchange, server->gateway);
    connection->state = TATU_CONNECTION_HANDSHAKE;
    grant(connection, PATIENCE_MS);
}

static void on_connection(struct tatu_os_watch *watch, uint32_t events)
{
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        take_connection(watch->context, fd);
    }
}

/* ---- set-up ---- */

/* The identity of the last start, else a new one; a store that fails only makes it short-lived. */
static enum tatu_err set_up_identity(struct tatu_server *server)
{
    uint8_t room[TATU_GATEWAYD_IDENTITY_MAX];
    struct tatu_buf file = TATU_BUF_OF(room);
    const struct tatu_server_setup *setup = server->setup;
    const struct tatu_os_monitor *monitor = server->gateway->monitor;
    if (setup->identity_path != NULL &&
        tatu_os_load_sealed(monitor, setup->identity_path, IDENTITY_LABEL, &file) == TATU_OK &&
        tatu_gatewayd_read_identity((struct tatu_span){file.data, file.len}, &server->key,
                                    &server->certificate) == TATU_OK) {
        tatu_base_wipe(room, sizeof(room));
        return TATU_OK;
    }
    file.len = 0;
    mbedtls_pk_free(&server->key);
    mbedtls_x509_crt_free(&server->certificate);
    mbedtls_pk_init(&server->key);
    mbedtls_x509_crt_init(&server->certificate);
    TATU_TRY(tatu_gatewayd_make_certificate(setup->name, &server->key, &server->certificate));
    if (setup->identity_path != NULL &&
        tatu_gatewayd_write_identity(&server->key, &server->certificate, &file) == TATU_OK) {
        (void)tatu_os_save_sealed(monitor, setup->identity_path, IDENTITY_LABEL,
                                  (struct tatu_span){file.data, file.len});
    }
    tatu_base_wipe(room, sizeof(room));
    return TATU_OK;
}

static enum tatu_err set_up_tls(struct tatu_server *server)
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
    TATU_TRY(set_up_identity(server));
    /* the tools of the time speak 1.2; the library has its AEAD suites with ECDHE alone */
    mbedtls_ssl_conf_min_tls_version(&server->config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_authmode(&server->config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_rng(&server->config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    return mbedtls_ssl_conf_own_cert(&server->config, &server->certificate, &server->key) == 0
               ? TATU_OK
               : TATU_ERR_CERTIFICATE;
}

/* Every address, of IPv4 too; of one interface when it is named. */
static int listen_on(uint16_t port, const char *interface)
{
    const int on = 1, off = 0;
    const struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const socklen_t name_len = interface == NULL ? 0 : (socklen_t)strlen(interface);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 &&
        (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0 ||
         (name_len != 0 && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, name_len) != 0) ||
         bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0 || listen(fd, BACKLOG) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static enum tatu_err start_listening(struct tatu_server *server)
{
    const char *interface = server->setup->interface;
    const bool there = interface != NULL && if_nametoindex(interface) != 0;
    if (server->watch.fd >= 0 && (server->bound || !there)) {
        return TATU_OK;
    }
    if (server->watch.fd >= 0) {
        tatu_os_remove_watch(server->loop, &server->watch);
        (void)close(server->watch.fd);
    }
    server->watch = (struct tatu_os_watch){
        .ready = on_connection,
        .context = server,
        .fd = listen_on(server->setup->port, there ? interface : NULL),
    };
    server->bound = there && server->watch.fd >= 0; /* else the next news tries again */
    return server->watch.fd < 0 ? TATU_ERR_IO
                                : tatu_os_add_watch(server->loop, &server->watch, EPOLLIN);
}

static void on_link(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_server *server = watch->context;
    uint8_t nothing[4096];
    (void)events;
    while (recv(watch->fd, nothing, sizeof(nothing), MSG_DONTWAIT | MSG_TRUNC) > 0) {
    }
    (void)start_listening(server);
    if (server->bound) {
        tatu_os_remove_watch(server->loop, watch);
        (void)close(watch->fd);
    }
}

/* The interface gets its name from netd, which may come later than we do. */
static enum tatu_err watch_links(struct tatu_server *server)
{
    const struct sockaddr_nl here = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return TATU_ERR_IO;
    }
    server->links = (struct tatu_os_watch){.ready = on_link, .context = server, .fd = fd};
    return tatu_os_add_watch(server->loop, &server->links, EPOLLIN);
}

enum tatu_err tatu_gatewayd_start_server(struct tatu_server *server, struct tatu_os_loop *loop,
                                         const struct tatu_gateway *gateway,
                                         const struct tatu_server_setup *setup)
{
    memset(server, 0, sizeof(*server));
    server->loop = loop;
    server->gateway = gateway;
    server->setup = setup;
    server->watch.fd = -1;
    TATU_TRY(set_up_tls(server));
    if (setup->interface != NULL && if_nametoindex(setup->interface) == 0) {
        TATU_TRY(watch_links(server));
    }
    return start_listening(server);
}
