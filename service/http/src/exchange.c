#include "exchange.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct exchange *tatu_http_start_exchange(struct exchanges *among, struct evhttp_request *request)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL) {
        (void)fputs("out of memory\n", stderr);
        abort();
    }
    *exchange =
        (struct exchange){.request = request, .answer = {.status = HTTP_INTERNAL}, .among = among};
    tatu_arena_init(&exchange->arena);
    return exchange;
}

static void end(struct exchange *exchange)
{
    tatu_arena_done(&exchange->arena);
    free(exchange);
}

static void send_answer(struct exchange *exchange)
{
    const struct tatu_http_answer *answer = &exchange->answer;
    struct evkeyvalq *headers = evhttp_request_get_output_headers(exchange->request);
    struct evbuffer *body = evhttp_request_get_output_buffer(exchange->request);
    if (answer->content_type != NULL) {
        (void)evhttp_add_header(headers, "Content-Type", answer->content_type);
    }
    for (size_t i = 0; i < answer->header_count; i++) {
        (void)evhttp_add_header(headers, answer->headers[i].name, answer->headers[i].value);
    }
    if (answer->body.len > 0) {
        (void)evbuffer_add(body, answer->body.data, answer->body.len);
    }
    /* one whose peer went away meanwhile has no connection any more, and is only freed */
    evhttp_send_reply(exchange->request, answer->status, NULL, NULL);
    end(exchange);
}

/* ---- answers that come later ---- */

static void unlink_exchange(struct exchange *exchange)
{
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        exchange->among->first = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    }
}

/* The wait is over: what came becomes the answer. */
static void conclude(struct exchange *exchange)
{
    const struct tatu_http_later *later = exchange->answer.later;
    unlink_exchange(exchange);
    event_free(exchange->readable);
    event_free(exchange->deadline);
    (void)close(later->fd);
    later->finish(later->context, (struct tatu_span){exchange->bytes, exchange->len},
                  &exchange->answer);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct exchange *exchange = context;
    (void)what;
    const ssize_t got =
        read(fd, exchange->bytes + exchange->len, exchange->answer.later->max - exchange->len);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    exchange->len += got > 0 ? (size_t)got : 0;
    if (got <= 0 || exchange->len == exchange->answer.later->max) {
        conclude(exchange);
        send_answer(exchange);
    }
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    conclude(context);
    send_answer(context);
}

static void wait_for_child(struct exchange *exchange, struct event_base *base)
{
    const struct tatu_http_later *later = exchange->answer.later;
    const struct timeval wait = {later->wait_ms / 1000, later->wait_ms % 1000 * 1000};
    exchange->bytes = tatu_arena_take(&exchange->arena, later->max);
    exchange->next = exchange->among->first;
    if (exchange->next != NULL) {
        exchange->next->previous = exchange;
    }
    exchange->among->first = exchange;
    exchange->readable = event_new(base, later->fd, EV_READ | EV_PERSIST, on_readable, exchange);
    exchange->deadline = evtimer_new(base, on_deadline, exchange);
    if (exchange->readable == NULL || exchange->deadline == NULL ||
        event_add(exchange->readable, NULL) != 0 || event_add(exchange->deadline, &wait) != 0) {
        (void)fputs("out of memory\n", stderr);
        abort();
    }
}

void tatu_http_continue_exchange(struct exchange *exchange, struct event_base *base)
{
    if (exchange->answer.later != NULL) {
        wait_for_child(exchange, base);
    } else {
        send_answer(exchange);
    }
}

void tatu_http_drop_exchanges(struct exchanges *among)
{
    while (among->first != NULL) {
        struct exchange *exchange = among->first;
        conclude(exchange);
        end(exchange); /* the request goes with its connection */
    }
}
