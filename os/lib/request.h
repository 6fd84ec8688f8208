/*
 * Requests (proto/request.h): the two sides of a connection. The client waits with a limit; the
 * server hangs in the event loop, no heap.
 * Source: docs/protocol/requests.md.
 */
#ifndef TATU_OS_LIB_REQUEST_H
#define TATU_OS_LIB_REQUEST_H

#include <sys/types.h>

#include "base/base.h"
#include "os/lib/loop.h"
#include "proto/request.h"

/** A request; payload is borrowed. */
struct tatu_ask {
    uint32_t op;
    uint32_t a;
    uint32_t b;
    uint32_t c;
    struct tatu_span payload;
};

/** Errors: SHORT no whole header; LONG. payload points into `in`. */
enum tatu_err tatu_os_decode_ask(struct tatu_span in, struct tatu_ask *out);
/** Errors: LONG the payload is over its limit; FULL. */
enum tatu_err tatu_os_encode_ask(const struct tatu_ask *ask, struct tatu_buf *out);

/* ---- client ---- */

/**
 * Asks the server at `path` and waits for its answer.
 *
 * timeout_ms  for each of connecting, sending and receiving; 0 is without end
 * out_number  NULL: not wanted; also filled when the server answers with an error
 * out         the answer's payload is appended; NULL when there is to be none
 * out_fd      NULL, or the descriptor that came, -1 for none; the caller closes it
 *
 * Errors      UNREACHABLE nobody serves there; BUSY its queue stayed full; TIMEOUT; FORMAT no
 * answer of this protocol, or a payload where none belongs; FULL it does not fit out; LONG; the
 * server's own
 */
enum tatu_err tatu_os_ask(const char *path, const struct tatu_ask *ask, uint32_t timeout_ms,
                          uint32_t *out_number, struct tatu_buf *out, int *out_fd);

/**
 * Connects for several requests behind one another, to a server that says its connections stay; the
 * caller closes *out_fd. timeout_ms is as above, for each. Errors: UNREACHABLE, BUSY, LONG.
 */
enum tatu_err tatu_os_connect(const char *path, uint32_t timeout_ms, int *out_fd);
/** As tatu_os_ask, over a connection. */
enum tatu_err tatu_os_ask_on(int fd, const struct tatu_ask *ask, uint32_t *out_number,
                             struct tatu_buf *out, int *out_fd);

/** Takes an answer apart: the server's own err, or FORMAT, FULL as above; the outputs are as in
 *  tatu_os_ask. */
enum tatu_err tatu_os_decode_answer(struct tatu_span in, uint32_t *out_number,
                                    struct tatu_buf *out);

/** Leaves a request and does not wait. Errors: UNREACHABLE, BUSY the server has no room, LONG. */
enum tatu_err tatu_os_tell(const char *path, const struct tatu_ask *ask);

/**
 * Hands the connection `fd` of an application to the server at `path`, which answers there. The
 * caller closes its own descriptor afterwards. Errors: UNREACHABLE, BUSY, LONG.
 */
enum tatu_err tatu_os_introduce(const char *path, uid_t uid, const uint8_t component[16],
                                const struct tatu_ask *ask, int fd);

/* ---- server ---- */

#define TATU_OS_CONNECTION_MAX 8u

/** A request as the server sees it; all of it is borrowed and ends with the call. */
struct tatu_os_asked {
    struct tatu_ask ask;
    uid_t uid;       /* of who asks; of the application when it was introduced */
    bool introduced; /* by appman; the ask is the application's own, checked against its manifest */
    uint8_t component[16]; /* of the application; zero when not introduced */
    int fd;                /* the connection that is answered */
};

/**
 * Takes a message of a connection apart, an introduction too.
 *
 * carried  the descriptor that came with it; -1: none
 * asked    its uid is the peer's, its fd the connection; only when the answer is OK all is filled
 *
 * Errors   SHORT, LONG, DENIED an introduction by whom or where it may not be, or without a
 *          descriptor; UNKNOWN_COMMAND the introduced request is none of applications
 */
enum tatu_err tatu_os_decode_asked(struct tatu_span in, bool may_introduce, int carried,
                                   struct tatu_os_asked *asked);

/** What is answered. Empty when the handler gets it. */
struct tatu_os_reply {
    uint32_t number;
    struct tatu_buf payload; /* room for TATU_ANSWER_PAYLOAD_MAX */
    int fd;                  /* goes with the answer and is closed then; -1 none */
    bool keep;  /* no answer now: asked->fd belongs to the handler, who answers and closes it */
    bool stays; /* the connection may bring another request; not of one that was introduced */
};

/** Acts on one request; the result is the err of the answer. */
typedef enum tatu_err (*tatu_os_act)(void *context, const struct tatu_os_asked *asked,
                                     struct tatu_os_reply *reply);

struct tatu_os_server {
    tatu_os_act act;
    void *context;
    struct tatu_os_loop *loop;
    struct tatu_os_watch listening;
    struct tatu_os_watch connections[TATU_OS_CONNECTION_MAX]; /* fd -1: free */
    uint32_t oldest; /* who says nothing gives way to the next when all are taken */
};

/**
 * Serves a listening, non-blocking SOCK_SEQPACKET socket. An introduction (by user 0 alone) is
 * taken apart here: the handler sees the application's request and its answer goes to the
 * application. Of others it is DENIED. Errors: IO.
 */
enum tatu_err tatu_os_serve(struct tatu_os_server *server, struct tatu_os_loop *loop,
                            int listening_fd, tatu_os_act act, void *context);
/** Closes what is open, but not the listening socket. */
void tatu_os_stop_serving(struct tatu_os_server *server);

/**
 * Reads and answers the request of a connection; for who accepts it himself. False: it, or the next
 * where the connection stays, has not come yet. True: it is answered and closed, or kept by the
 * handler.
 */
bool tatu_os_answer(int fd, bool may_introduce, tatu_os_act act, void *context);

/** Sends an answer that was kept. The caller closes both. False: the other side is gone. */
bool tatu_os_send_answer(int fd, enum tatu_err err, uint32_t number, struct tatu_span payload,
                         int given_fd);

struct tatu_net_proxy; /* proto/network.h */
/**
 * The proxy that is set, password and all, from netd at `path`; out->enabled is 0 when there is
 * none. The caller wipes it. Errors: as tatu_os_ask. Who cannot learn it does not go out.
 */
enum tatu_err tatu_os_get_proxy(const char *path, struct tatu_net_proxy *out);

/** Asks attestd to prove again. It may be busy with the service or not be up yet: it finds the word
 * when it comes to it, and nobody waits. False: it could not be told. Source: docs/protocol/os.md.
 */
bool tatu_os_tell_attestd(void);

#endif
