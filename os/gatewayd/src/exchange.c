#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/lib/vault.h"
#include "proto/capability.h"

#define API_VERSION "4.6.0"

void tatu_exchange_start(struct tatu_exchange *exchange, const struct tatu_gateway *gateway)
{
    *exchange = (struct tatu_exchange){.gateway = gateway, .phase = TATU_EXCHANGE_HEAD};
}

static void free_content(struct tatu_exchange *exchange)
{
    if (exchange->content != NULL) {
        tatu_base_wipe(exchange->content, exchange->content_len); /* there may be a key in it */
    }
    free(exchange->content);
    exchange->content = NULL;
    exchange->content_len = 0;
}

/* After the answer; a client that did not wait for it changes nothing. */
static void tell_restart(struct tatu_exchange *exchange)
{
    const struct tatu_gateway *gateway = exchange->gateway;
    if (exchange->reply.has_restart) {
        exchange->reply.has_restart = false;
        gateway->tell(gateway->context, TATU_GATEWAY_RESTART);
    }
}

void tatu_exchange_stop(struct tatu_exchange *exchange)
{
    tell_restart(exchange);
    free_content(exchange);
    tatu_reply_free(&exchange->reply);
    exchange->phase = TATU_EXCHANGE_OVER;
}

/* ---- the answer ---- */

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {501, "Not Implemented"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].text;
        }
    }
    return "Internal Server Error";
}

static void write_lead(struct tatu_exchange *exchange)
{
    const struct tatu_reply *reply = &exchange->reply;
    char length[48] = "";
    if (reply->status != 204) {
        (void)snprintf(length, sizeof(length), "Content-Length: %zu\r\n", reply->len);
    }
    const int len = snprintf(
        exchange->lead, sizeof(exchange->lead),
        "HTTP/1.1 %u %s\r\nREST-API-Version: " API_VERSION "\r\n%s%s%s%s%s"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: %s\r\n\r\n",
        reply->status, reason_of(reply->status),
        reply->len == 0 ? ""
        : reply->binary ? "Content-Type: application/octet-stream\r\n"
                        : "Content-Type: application/json\r\n",
        length, reply->allow == NULL ? "" : "Allow: ", reply->allow == NULL ? "" : reply->allow,
        reply->allow == NULL ? "" : "\r\n", exchange->request.stays ? "keep-alive" : "close");
    exchange->lead_len = (size_t)len; /* the longest is 400 bytes */
}

/* The answer is complete: out with it. */
static void give(struct tatu_exchange *exchange)
{
    if (exchange->reply.status == 204) {
        tatu_reply_free(&exchange->reply);
        exchange->reply.status = 204;
        exchange->reply.allow = exchange->allow;
    }
    write_lead(exchange);
    if (exchange->request.method == TATU_HTTP_HEAD) {
        exchange->reply.len = 0; /* its length is told */
    }
    free_content(exchange);
    exchange->sent = 0;
    exchange->phase = TATU_EXCHANGE_ANSWER;
}

/* What cannot be read any further: the answer, and the end of the connection. */
static void break_off(struct tatu_exchange *exchange, uint16_t status, uint32_t number)
{
    exchange->request.stays = false;
    tatu_route_refuse_http(status, number, &exchange->reply);
    give(exchange);
}

/* The answer is there before the body is: who waits for 100 Continue gets it at once, others have
 * sent or will send it, and it is read away so that the answer reaches them. */
static void answer_early(struct tatu_exchange *exchange)
{
    const bool long_body =
        exchange->request.has_length && exchange->request.length > TATU_EXCHANGE_DRAIN_MAX;
    exchange->refused = true;
    if (exchange->body.state == TATU_BODY_OVER) {
        give(exchange);
    } else if (exchange->request.expects || long_body) {
        exchange->request.stays = false;
        give(exchange);
    } else {
        exchange->phase = TATU_EXCHANGE_BODY;
    }
}

static void refuse(struct tatu_exchange *exchange, uint32_t number, enum tatu_err err)
{
    tatu_route_refuse(exchange->call.route, number, err, &exchange->reply);
    answer_early(exchange);
}

/* ---- the head ---- */

static const struct {
    enum tatu_err err;
    uint16_t status;
    uint32_t number;
} head_refusals[] = {
    {TATU_ERR_LONG, 400, TATU_NUMBER_HTTP_REQUEST_HEADER_IS_TOO_LARGE},
    {TATU_ERR_VERSION, 505, TATU_NUMBER_HTTP_INVALID_REQUEST_PROTOCOL},
    {TATU_ERR_ARGUMENT, 400, TATU_NUMBER_HTTP_INVALID_CONTENT_LENGTH},
    {TATU_ERR_STATE, 501, TATU_NUMBER_REST_CONTENT_LENGTH_EXPECTED},
};

static void refuse_head(struct tatu_exchange *exchange, enum tatu_err err)
{
    for (size_t i = 0; i < TATU_COUNT_OF(head_refusals); i++) {
        if (head_refusals[i].err == err) {
            break_off(exchange, head_refusals[i].status, head_refusals[i].number);
            return;
        }
    }
    break_off(exchange, 400, TATU_NUMBER_HTTP_INVALID_HEADER_TERMINATOR);
}

/* A capability file in a header opens a session: the vault checks it, and keeps what it opens
 * until the next reset; this API opens to this connection alone. */
static enum tatu_err take_session(struct tatu_exchange *exchange)
{
    uint8_t room[TATU_ROUTE_CAPABILITY_MAX];
    struct tatu_buf file = TATU_BUF_OF(room);
    struct tatu_span body;
    struct tatu_vault_info info;
    uint32_t set;
    if (exchange->request.capabilities.len == 0) {
        return TATU_OK;
    }
    TATU_TRY(tatu_http_decode_base64(exchange->request.capabilities, &file));
    const struct tatu_span whole = {file.data, file.len};
    TATU_TRY(tatu_base_take_span(whole, 0, TATU_CAPABILITY_SIZE, &body));
    TATU_TRY(tatu_os_get_vault_info(exchange->gateway->monitor, &info));
    TATU_TRY(tatu_proto_decode_capability(body, info.device_id, &set));
    TATU_TRY(tatu_os_set_capability(exchange->gateway->monitor, false, whole));
    exchange->session |= set;
    return TATU_OK;
}

/* False: it was refused. */
static bool authorise(struct tatu_exchange *exchange)
{
    const struct tatu_route *route = exchange->call.route;
    const bool reads = route->method == TATU_HTTP_GET;
    enum tatu_err err = route->authoriser == TATU_ROUTE_OPEN ? TATU_OK : take_session(exchange);
    exchange->call.capabilities = exchange->session;
    if (err == TATU_OK) {
        err = tatu_route_authorise(exchange->gateway, &exchange->call);
    }
    if (err == TATU_OK && (reads || !exchange->request.foreign)) {
        return true;
    }
    if (err == TATU_ERR_IO || err == TATU_ERR_BUSY) {
        refuse(exchange, TATU_NUMBER_REST_INTERNAL_ERROR, err);
    } else {
        tatu_route_forbid(route, &exchange->reply);
        answer_early(exchange);
    }
    return false;
}

static bool is_type_right(const struct tatu_exchange *exchange)
{
    const char *type = exchange->request.type;
    const bool empty = exchange->body.state == TATU_BODY_OVER;
    switch (exchange->call.route->body) {
    case TATU_ROUTE_NO_BODY:
        return true;
    case TATU_ROUTE_TEXT:
        return type[0] == '\0' || strcmp(type, "text/plain") == 0;
    case TATU_ROUTE_JSON:
    case TATU_ROUTE_OPTIONAL_JSON:
        return empty || strcmp(type, "application/json") == 0;
    case TATU_ROUTE_STREAM:
        return empty || strcmp(type, "application/octet-stream") == 0;
    }
    return false;
}

/* Whether a body of this length may come; a refusal has been written when not. */
static bool is_length_right(struct tatu_exchange *exchange)
{
    const struct tatu_http_head *request = &exchange->request;
    const bool streams = exchange->call.route->body == TATU_ROUTE_STREAM;
    const uint32_t most = streams ? TATU_ROUTE_IMAGE_MAX : TATU_ROUTE_JSON_MAX;
    const bool wants = streams || exchange->call.route->body == TATU_ROUTE_JSON;
    if (wants && !request->has_length && !request->chunked) {
        refuse(exchange, TATU_NUMBER_REST_CONTENT_LENGTH_EXPECTED, TATU_ERR_SHORT);
        return false;
    }
    if (streams && request->has_length && request->length == 0) {
        refuse(exchange, TATU_NUMBER_REST_REQUEST_DATA_EXPECTED, TATU_ERR_SHORT);
        return false;
    }
    if (request->has_length && request->length > most &&
        exchange->call.route->body != TATU_ROUTE_NO_BODY) {
        refuse(exchange, TATU_NUMBER_HTTP_INVALID_CONTENT_LENGTH, TATU_ERR_LONG);
        return false;
    }
    return true;
}

/* One in chunks tells its length only at its end, and is held until then. */
static bool open_image(struct tatu_exchange *exchange)
{
    uint32_t number = 0;
    if (exchange->call.route->body != TATU_ROUTE_STREAM || exchange->request.chunked) {
        return true;
    }
    const enum tatu_err err =
        tatu_stage_begin(exchange->gateway, exchange->request.length, &number);
    if (err != TATU_OK) {
        tatu_route_refuse_asked(&exchange->call, number, err, &exchange->reply);
        answer_early(exchange);
        return false;
    }
    return true;
}

static void finish(struct tatu_exchange *exchange);

static void refuse_type(struct tatu_exchange *exchange)
{
    const bool has = (exchange->call.route->statuses & TATU_ROUTE_415) != 0;
    if (has) {
        tatu_route_refuse_http(415, TATU_NUMBER_REST_INVALID_JSON_REQUEST, &exchange->reply);
        answer_early(exchange);
    } else {
        refuse(exchange, TATU_NUMBER_REST_INVALID_JSON_REQUEST, TATU_ERR_TYPE);
    }
}

/* OPTIONS, unknown paths and methods. False: it is answered. */
static bool find(struct tatu_exchange *exchange)
{
    exchange->call = (struct tatu_call){.route = NULL};
    const enum tatu_err err = tatu_route_find(&exchange->request, &exchange->call, exchange->allow);
    const bool everywhere = strcmp(exchange->request.path, "*") == 0;
    if (err == TATU_OK) {
        return true;
    }
    if (exchange->request.method == TATU_HTTP_OPTIONS &&
        (everywhere || err == TATU_ERR_UNKNOWN_COMMAND)) {
        (void)strcat(exchange->allow,
                     everywhere ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" : ", OPTIONS");
        exchange->reply.status = 204;
    } else if (err == TATU_ERR_UNKNOWN_COMMAND) {
        (void)strcat(exchange->allow, ", OPTIONS");
        tatu_route_refuse_http(405, TATU_NUMBER_HTTP_INVALID_REQUEST_METHOD, &exchange->reply);
        exchange->reply.allow = exchange->allow;
    } else {
        exchange->call.route = NULL;
        tatu_route_refuse_http(err == TATU_ERR_NOT_FOUND ? 404 : 400,
                               TATU_NUMBER_HTTP_INVALID_REQUEST_URI, &exchange->reply);
    }
    answer_early(exchange);
    return false;
}

static void begin(struct tatu_exchange *exchange)
{
    exchange->refused = false;
    exchange->passed = 0;
    tatu_http_begin_body(&exchange->request, &exchange->body);
    if (!find(exchange) || !authorise(exchange)) {
        return;
    }
    if (!is_type_right(exchange)) {
        refuse_type(exchange);
        return;
    }
    if (!is_length_right(exchange) || !open_image(exchange)) {
        return;
    }
    if (exchange->body.state == TATU_BODY_OVER) {
        finish(exchange);
    } else if (exchange->request.expects) {
        exchange->lead_len = (size_t)snprintf(exchange->lead, sizeof(exchange->lead),
                                              "HTTP/1.1 100 Continue\r\n\r\n");
        exchange->sent = 0;
        exchange->phase = TATU_EXCHANGE_CONTINUE;
    } else {
        exchange->phase = TATU_EXCHANGE_BODY;
    }
}

static size_t take_head(struct tatu_exchange *exchange, struct tatu_span in)
{
    const size_t before = exchange->head_len;
    const size_t room = sizeof(exchange->head) - before;
    const size_t len = in.len < room ? in.len : room;
    size_t head_len;
    size_t skipped = 0;
    /* RFC 9112 §2.2: empty lines before a request are ignored */
    while (before == 0 && skipped < in.len &&
           (in.data[skipped] == '\r' || in.data[skipped] == '\n')) {
        skipped++;
    }
    if (skipped != 0) {
        return skipped;
    }
    memcpy(exchange->head + before, in.data, len);
    exchange->head_len += len;
    const struct tatu_span head = {exchange->head, exchange->head_len};
    const enum tatu_err err = tatu_http_decode_head(head, &exchange->request, &head_len);
    if (err == TATU_ERR_SHORT) {
        return len;
    }
    exchange->head_len = 0;
    if (err != TATU_OK) {
        exchange->request = (struct tatu_http_head){.method = TATU_HTTP_OTHER};
        refuse_head(exchange, err);
        return in.len;
    }
    begin(exchange);
    return head_len - before;
}

/* ---- the body ---- */

/* Bytes of content that a request of this kind may hold at once. */
static size_t limit_of(const struct tatu_exchange *exchange)
{
    const bool streams = exchange->call.route->body == TATU_ROUTE_STREAM;
    return !streams                    ? TATU_ROUTE_JSON_MAX
           : exchange->request.chunked ? TATU_ROUTE_SPOOL_MAX
                                       : TATU_ROUTE_CHUNK;
}

/* Room for all that may come, whose pages are not there before their bytes are. */
static bool reserve(struct tatu_exchange *exchange)
{
    if (exchange->content == NULL) {
        exchange->content = malloc(limit_of(exchange));
    }
    return exchange->content != NULL;
}

static void hold(struct tatu_exchange *exchange, struct tatu_span bytes)
{
    memcpy(exchange->content + exchange->content_len, bytes.data, bytes.len);
    exchange->content_len += bytes.len;
}

/* What is held of an image goes on, in whole chunks but for its end. */
static enum tatu_err pass_on(struct tatu_exchange *exchange, uint32_t *out_number)
{
    for (size_t at = 0; at < exchange->content_len;) {
        const size_t left = exchange->content_len - at;
        const struct tatu_span bytes = {exchange->content + at,
                                        left < TATU_ROUTE_CHUNK ? left : TATU_ROUTE_CHUNK};
        TATU_TRY(tatu_stage_put(exchange->gateway, exchange->passed, bytes, out_number));
        exchange->passed += (uint32_t)bytes.len;
        at += bytes.len;
    }
    exchange->content_len = 0;
    return TATU_OK;
}

static enum tatu_err take_image(struct tatu_exchange *exchange, struct tatu_span piece,
                                uint32_t *out_number)
{
    while (piece.len != 0) {
        const size_t room = TATU_ROUTE_CHUNK - exchange->content_len;
        const size_t len = piece.len < room ? piece.len : room;
        hold(exchange, (struct tatu_span){piece.data, len});
        piece.data += len;
        piece.len -= len;
        if (exchange->content_len == TATU_ROUTE_CHUNK) {
            TATU_TRY(pass_on(exchange, out_number));
        }
    }
    return TATU_OK;
}

static void take_piece(struct tatu_exchange *exchange, struct tatu_span piece)
{
    uint32_t number = 0;
    enum tatu_err err = TATU_OK;
    const bool wanted = !exchange->refused && exchange->call.route->body != TATU_ROUTE_NO_BODY;
    if (!wanted) {
        exchange->passed += (uint32_t)piece.len;
        if (exchange->passed > TATU_EXCHANGE_DRAIN_MAX) {
            exchange->request.stays = false;
            exchange->body.state = TATU_BODY_OVER; /* enough: answer and close */
        }
        return;
    }
    const bool streams = exchange->call.route->body == TATU_ROUTE_STREAM;
    if (!reserve(exchange)) {
        err = TATU_ERR_MEMORY;
    } else if (streams && !exchange->request.chunked) {
        err = take_image(exchange, piece, &number);
    } else if (piece.len > limit_of(exchange) - exchange->content_len) {
        err = TATU_ERR_LONG;
        number = streams ? TATU_NUMBER_REST_CONTENT_LENGTH_EXPECTED
                         : TATU_NUMBER_HTTP_INVALID_CONTENT_LENGTH;
    } else {
        hold(exchange, piece);
    }
    if (err != TATU_OK) {
        tatu_route_refuse_asked(&exchange->call, number, err, &exchange->reply);
        answer_early(exchange);
    }
}

static void finish_image(struct tatu_exchange *exchange)
{
    uint32_t number = 0;
    enum tatu_err err = TATU_OK;
    if (exchange->passed == 0 && exchange->content_len == 0) {
        number = TATU_NUMBER_REST_REQUEST_DATA_EXPECTED; /* chunks, but nothing in them */
        err = TATU_ERR_SHORT;
    } else if (exchange->request.chunked) {
        err = tatu_stage_begin(exchange->gateway, (uint32_t)exchange->content_len, &number);
    }
    if (err == TATU_OK) {
        err = pass_on(exchange, &number);
    }
    if (err == TATU_OK) {
        err = tatu_stage_end(exchange->gateway, &number);
    }
    if (err == TATU_OK) {
        tatu_reply_clear(&exchange->reply, 200);
        tatu_reply_put_text(&exchange->reply, "{}");
    } else {
        tatu_route_refuse_asked(&exchange->call, number, err, &exchange->reply);
    }
}

/* The whole request is here. */
static void finish(struct tatu_exchange *exchange)
{
    const bool text =
        exchange->call.route != NULL && (exchange->call.route->body == TATU_ROUTE_NO_BODY ||
                                         exchange->call.route->body == TATU_ROUTE_TEXT);
    if (exchange->refused) {
        give(exchange);
        return;
    }
    if (exchange->call.route->body == TATU_ROUTE_STREAM) {
        finish_image(exchange);
    } else {
        const struct tatu_span body = {exchange->content, text ? 0 : exchange->content_len};
        tatu_route_act_on(exchange->gateway, &exchange->call, body, &exchange->reply);
    }
    give(exchange);
}

static size_t take_body(struct tatu_exchange *exchange, struct tatu_span in)
{
    struct tatu_span rest = in, piece;
    if (tatu_http_take_body(&exchange->body, &rest, &piece) != TATU_OK) {
        break_off(exchange, 400, TATU_NUMBER_HTTP_INVALID_CONTENT_LENGTH);
        return in.len;
    }
    if (piece.len != 0) {
        take_piece(exchange, piece);
    }
    if (exchange->phase == TATU_EXCHANGE_BODY && exchange->body.state == TATU_BODY_OVER) {
        finish(exchange);
    }
    return in.len - rest.len;
}

size_t tatu_exchange_take(struct tatu_exchange *exchange, struct tatu_span in)
{
    size_t taken = 0;
    while (taken < in.len &&
           (exchange->phase == TATU_EXCHANGE_HEAD || exchange->phase == TATU_EXCHANGE_BODY)) {
        const struct tatu_span rest = {in.data + taken, in.len - taken};
        taken += exchange->phase == TATU_EXCHANGE_HEAD ? take_head(exchange, rest)
                                                       : take_body(exchange, rest);
    }
    return taken;
}

/* ---- out ---- */

struct tatu_span tatu_exchange_get_output(const struct tatu_exchange *exchange)
{
    const bool answers = exchange->phase == TATU_EXCHANGE_ANSWER;
    if (!answers && exchange->phase != TATU_EXCHANGE_CONTINUE) {
        return (struct tatu_span){NULL, 0};
    }
    if (exchange->sent < exchange->lead_len) {
        return (struct tatu_span){(const uint8_t *)exchange->lead + exchange->sent,
                                  exchange->lead_len - exchange->sent};
    }
    const size_t at = exchange->sent - exchange->lead_len;
    return (struct tatu_span){(const uint8_t *)exchange->reply.data + at, exchange->reply.len - at};
}

static void end_answer(struct tatu_exchange *exchange)
{
    tell_restart(exchange);
    tatu_reply_free(&exchange->reply);
    exchange->phase = exchange->request.stays ? TATU_EXCHANGE_HEAD : TATU_EXCHANGE_OVER;
}

void tatu_exchange_sent(struct tatu_exchange *exchange, size_t len)
{
    exchange->sent += len;
    if (exchange->phase == TATU_EXCHANGE_CONTINUE) {
        if (exchange->sent == exchange->lead_len) {
            exchange->phase = TATU_EXCHANGE_BODY;
        }
    } else if (exchange->sent == exchange->lead_len + exchange->reply.len) {
        end_answer(exchange);
    }
}

bool tatu_exchange_is_idle(const struct tatu_exchange *exchange)
{
    return exchange->phase == TATU_EXCHANGE_HEAD && exchange->head_len == 0;
}
