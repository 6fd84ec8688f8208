/* The TLS server: a few connections at once, each with its time, one request each. */
#ifndef TATU_GATEWAYD_SERVER_H
#define TATU_GATEWAYD_SERVER_H

#include <mbedtls/net_sockets.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "os/gatewayd/gatewayd.h"
#include "os/lib/loop.h"

#define TATU_SERVER_CONNECTION_MAX 4u /* each costs about 90 KiB */

struct tatu_server;

enum tatu_connection_state {
    TATU_CONNECTION_FREE,
    TATU_CONNECTION_HANDSHAKE,
    TATU_CONNECTION_READ,
    TATU_CONNECTION_WRITE,
    TATU_CONNECTION_LINGER, /* the answer is out: until the other side has read it */
};

struct tatu_connection {
    enum tatu_connection_state state;
    struct tatu_server *server;
    struct tatu_os_watch watch;
    struct tatu_os_timer patience;
    uint32_t waits_for; /* EPOLL* bits */
    uint64_t since_ms;
    mbedtls_net_context net;
    mbedtls_ssl_context ssl;
    size_t request_len;
    uint8_t request[TATU_HTTP_REQUEST_MAX + 1];
    size_t sent;
    struct tatu_gateway_answer answer;
};

struct tatu_server {
    struct tatu_os_loop *loop;
    const struct tatu_gateway *gateway;
    struct tatu_os_watch watch;
    mbedtls_ssl_config config;
    mbedtls_pk_context key;
    mbedtls_x509_crt certificate;
    struct tatu_connection connections[TATU_SERVER_CONNECTION_MAX];
};

/**
 * Listens on every address with a certificate of this name.
 *
 * Errors   CERTIFICATE, IO
 */
enum tatu_err tatu_gatewayd_start_server(struct tatu_server *server, struct tatu_os_loop *loop,
                                         const struct tatu_gateway *gateway, const char *name,
                                         uint16_t port);

#endif
