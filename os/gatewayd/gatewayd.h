/*
 * gatewayd: the board's own API: the owner's desk asks and claims the board over TLS.
 * Source: docs/protocol/device-service.md §5; RFC 9112.
 */
#ifndef TATU_OS_GATEWAYD_GATEWAYD_H
#define TATU_OS_GATEWAYD_GATEWAYD_H

#include "base/base.h"
#include "os/lib/sm.h"

#define TATU_HTTP_HEADERS_MAX 8192u /* bytes of request line and headers */
#define TATU_HTTP_BODY_MAX 16384u   /* bytes */
#define TATU_HTTP_REQUEST_MAX (TATU_HTTP_HEADERS_MAX + TATU_HTTP_BODY_MAX)
#define TATU_HTTP_PATH_MAX 128u /* with the NUL */

enum tatu_http_method {
    TATU_HTTP_GET,
    TATU_HTTP_POST,
    TATU_HTTP_OTHER, /* a well-formed method that no route has */
};

struct tatu_http_request {
    enum tatu_http_method method;
    char path[TATU_HTTP_PATH_MAX]; /* with its query, which no route has */
    bool has_length;               /* Content-Length was there */
    bool is_json;                  /* Content-Type is application/json */
    struct tatu_span body;         /* goes into the input */
};

/**
 * Reads one whole request.
 *
 * Errors   SHORT    more bytes are needed
 *          LONG     headers, path or body over their limit
 *          VERSION  not HTTP/1.1
 *          FORMAT   anything the grammar does not have: bare line ends, folded or repeated headers,
 *                   a transfer coding, no Host, bytes after the body
 */
enum tatu_err tatu_gatewayd_decode_http(struct tatu_span in, struct tatu_http_request *out);

/* nonce, tenant, owner's key */
struct tatu_gateway_claim {
    uint8_t nonce[32];
    uint8_t tenant[16];
    uint8_t owner_key[64];
};

/**
 * Reads the JSON of a claim: these three keys, hex digits of exact length, nothing else.
 *
 * Errors   SHORT     there is no body
 *          FORMAT    not JSON, or a key twice
 *          ARGUMENT  a key missing, unknown or not of its length
 */
enum tatu_err tatu_gatewayd_decode_claim(struct tatu_span json, struct tatu_gateway_claim *out);

struct tatu_gateway {
    const struct tatu_os_monitor *monitor;
    void (*claimed)(void *context); /* the board has a new owner */
    void *context;
};

/* status line, headers, and two COSE_Sign1 as hex digits */
#define TATU_GATEWAY_ANSWER_MAX (512u + 2u * 2u * TATU_SMC_PAGE_SIZE)
struct tatu_gateway_answer {
    size_t len;
    char text[TATU_GATEWAY_ANSWER_MAX];
};

/** Acts on a request and writes the whole HTTP answer. */
void tatu_gatewayd_answer(const struct tatu_gateway *gateway,
                          const struct tatu_http_request *request, uint64_t uptime_s,
                          struct tatu_gateway_answer *out);

/** The answer to bytes that tatu_gatewayd_decode_http refused. */
void tatu_gatewayd_refuse(enum tatu_err err, struct tatu_gateway_answer *out);

#endif
