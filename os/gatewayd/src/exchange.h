/*
 * One connection's requests and answers, without any socket: bytes in, bytes out. One request is
 * worked on at a time; what a client sends behind it waits until the answer is out.
 */
#ifndef TATU_GATEWAYD_EXCHANGE_H
#define TATU_GATEWAYD_EXCHANGE_H

#include "route.h"

#define TATU_EXCHANGE_DRAIN_MAX (TATU_ROUTE_IMAGE_MAX + 65536u) /* of a body nobody wants */
#define TATU_EXCHANGE_LEAD_MAX 512u

struct tatu_exchange {
    const struct tatu_gateway *gateway;
    enum {
        TATU_EXCHANGE_HEAD,     /* reads the head */
        TATU_EXCHANGE_CONTINUE, /* says 100 Continue, then reads the body */
        TATU_EXCHANGE_BODY,
        TATU_EXCHANGE_ANSWER, /* has something to send */
        TATU_EXCHANGE_OVER,
    } phase;
    size_t head_len;
    uint8_t head[TATU_HTTP_HEAD_MAX];
    struct tatu_http_head request;
    struct tatu_http_body body;
    struct tatu_call call;
    bool refused;     /* the answer is there already; the body is only read away */
    uint8_t *content; /* body of a JSON request, or the part of an image not yet passed on */
    size_t content_len;
    uint32_t passed;  /* bytes of an image that are passed on, or of a body read away */
    uint32_t session; /* capabilities that this connection brought */
    struct tatu_reply reply;
    char lead[TATU_EXCHANGE_LEAD_MAX]; /* status line and headers, or 100 Continue */
    size_t lead_len;
    size_t sent; /* of lead and reply */
    char allow[96];
};

void tatu_exchange_start(struct tatu_exchange *exchange, const struct tatu_gateway *gateway);
void tatu_exchange_stop(struct tatu_exchange *exchange);

/** Takes what it can of `in` and says how much: all of it, unless an answer is to be sent first. */
size_t tatu_exchange_take(struct tatu_exchange *exchange, struct tatu_span in);

/** Bytes to send next; none: it waits for more, or is over. */
struct tatu_span tatu_exchange_get_output(const struct tatu_exchange *exchange);
void tatu_exchange_sent(struct tatu_exchange *exchange, size_t len);

/** Between two requests: closing it loses nothing. */
bool tatu_exchange_is_idle(const struct tatu_exchange *exchange);

#endif
