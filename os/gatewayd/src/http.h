/*
 * HTTP/1.1 requests as a server reads them: the head in one piece, the body as it comes. Strict
 * where two readers could disagree, lenient where clients differ.
 * Source: RFC 9110, RFC 9112.
 */
#ifndef TATU_GATEWAYD_HTTP_H
#define TATU_GATEWAYD_HTTP_H

#include "base/base.h"

#define TATU_HTTP_HEAD_MAX 8192u /* bytes of request line and headers */
#define TATU_HTTP_HEADER_MAX 64u /* headers */
#define TATU_HTTP_PATH_MAX 160u  /* bytes of path as it is written, with the NUL */
#define TATU_HTTP_TYPE_MAX 48u   /* bytes of media type, with the NUL */
#define TATU_HTTP_CHUNK_LINE_MAX 256u
#define TATU_HTTP_TRAILER_MAX 1024u

enum tatu_http_method {
    TATU_HTTP_GET,
    TATU_HTTP_HEAD,
    TATU_HTTP_POST,
    TATU_HTTP_PUT,
    TATU_HTTP_PATCH,
    TATU_HTTP_DELETE,
    TATU_HTTP_OPTIONS,
    TATU_HTTP_OTHER, /* a well-formed method that no route has */
};

struct tatu_http_head {
    enum tatu_http_method method;
    char path[TATU_HTTP_PATH_MAX]; /* as written, without query; "*" for the whole server */
    char type[TATU_HTTP_TYPE_MAX]; /* media type in lower case, without parameters; "" for none */
    bool has_length;
    uint32_t length; /* Content-Length */
    bool chunked;
    bool expects;                  /* Expect: 100-continue */
    bool stays;                    /* the connection stays open after the answer */
    bool foreign;                  /* a browser says that another site asks (Origin) */
    struct tatu_span capabilities; /* AZSPHERE-CAPABILITIES, base64; points into the input */
};

/**
 * Reads the head of a request.
 *
 * in       what came so far
 * out_len  bytes of the head with its empty line; the body follows
 *
 * Errors   SHORT    more bytes are needed
 *          LONG     the head, a path or the number of headers is over its limit
 *          VERSION  not HTTP/1.0 or 1.1
 *          FORMAT   what the grammar does not have, folded headers, a repeated Host, Content-Length
 *                   or Content-Type, both a length and a transfer coding, no Host
 *          ARGUMENT a Content-Length over 32 bits
 *          STATE    a transfer coding other than chunked, or an expectation other than 100-continue
 */
enum tatu_err tatu_http_decode_head(struct tatu_span in, struct tatu_http_head *out,
                                    size_t *out_len);

/** Reads a body as it comes; zero is one that is over. */
struct tatu_http_body {
    enum {
        TATU_BODY_OVER,
        TATU_BODY_PLAIN,
        TATU_BODY_CHUNK_SIZE,
        TATU_BODY_CHUNK_DATA,
        TATU_BODY_CHUNK_END,
        TATU_BODY_TRAILER,
    } state;
    uint32_t left; /* of the body, or of the chunk */
    uint32_t seen; /* bytes of the line or of the trailer */
    uint8_t digits;
    bool extension; /* behind the ';' of a chunk's line */
    uint8_t before; /* the byte before this one */
    bool line_is_empty;
};

void tatu_http_begin_body(const struct tatu_http_head *head, struct tatu_http_body *out);

/**
 * Takes bytes off the front of `in`, as many as make one piece.
 *
 * out_piece  content; empty when there was only framing. Points into the input.
 *
 * Errors     FORMAT; LONG a chunk's line or the trailer is over its limit
 */
enum tatu_err tatu_http_take_body(struct tatu_http_body *body, struct tatu_span *in,
                                  struct tatu_span *out_piece);

/**
 * Undoes percent encoding of one segment of a path.
 * Errors   FORMAT  a broken escape, a NUL or a control character; LONG it does not fit
 */
enum tatu_err tatu_http_decode_segment(struct tatu_span in, char *out, size_t size);

/** Base64 (RFC 4648 §4) into out, whose cap limits it. Errors: FORMAT, FULL. */
enum tatu_err tatu_http_decode_base64(struct tatu_span in, struct tatu_buf *out);

#endif
