/* The TLS server: a few connections at once, each with its exchange. */
#ifndef TATU_GATEWAYD_SERVER_H
#define TATU_GATEWAYD_SERVER_H

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "exchange.h"
#include "os/lib/loop.h"

#define TATU_SERVER_CONNECTION_MAX 4u /* each costs about 40 KiB */
#define TATU_SERVER_INPUT 2048u

struct tatu_server;

enum tatu_connection_state {
    TATU_CONNECTION_FREE,
    TATU_CONNECTION_HANDSHAKE,
    TATU_CONNECTION_OPEN,
    TATU_CONNECTION_LINGER, /* the last answer is out: until the other side has read it */
};

struct tatu_connection {
    enum tatu_connection_state state;
    struct tatu_server *server;
    struct tatu_os_watch watch;
    struct tatu_os_timer patience;
    uint32_t waits_for; /* EPOLL* bits */
    uint64_t used_ms;   /* when something last went through */
    mbedtls_ssl_context ssl;
    size_t input_len; /* what the exchange has not taken yet */
    uint8_t input[TATU_SERVER_INPUT];
    struct tatu_exchange exchange;
};

struct tatu_server_setup {
    const char *name;
    uint16_t port;
    const char *interface;     /* where it listens once it is there; NULL: everywhere */
    const char *identity_path; /* NULL: made anew at each start */
};

struct tatu_server {
    struct tatu_os_loop *loop;
    const struct tatu_gateway *gateway;
    const struct tatu_server_setup *setup;
    struct tatu_os_watch watch; /* of the listening socket */
    bool bound;                 /* to the interface */
    struct tatu_os_watch links; /* of news of interfaces */
    mbedtls_ssl_config config;
    mbedtls_pk_context key;
    mbedtls_x509_crt certificate;
    struct tatu_connection connections[TATU_SERVER_CONNECTION_MAX];
};

/** Errors   CERTIFICATE, IO */
enum tatu_err tatu_gatewayd_start_server(struct tatu_server *server, struct tatu_os_loop *loop,
                                         const struct tatu_gateway *gateway,
                                         const struct tatu_server_setup *setup);

#endif
