/* One request in hand: from its arrival until its answer is on its way. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <event2/event.h>
#include <event2/http.h>

#include "service/http/http.h"

struct exchange;

/** Those whose answer comes later. */
struct exchanges {
    struct exchange *first;
};

struct exchange {
    struct evhttp_request *request;
    struct tatu_arena arena;
    struct tatu_http_answer answer;
    /* of an answer that comes later */
    struct exchanges *among;
    struct exchange *previous;
    struct exchange *next;
    struct event *readable;
    struct event *deadline;
    uint8_t *bytes;
    size_t len;
};

/** Ends the program when there is no memory. */
struct exchange *tatu_http_start_exchange(struct exchanges *among, struct evhttp_request *request);

/** Sends the answer, or waits for what it waits for. */
void tatu_http_continue_exchange(struct exchange *exchange, struct event_base *base);

/** Ends all that wait, without an answer: the server closes. */
void tatu_http_drop_exchanges(struct exchanges *among);

#endif
