/*
 * HTTP over TLS 1.3: listeners, limits, one strict routing table per listener. What comes from the
 * network is decoded and checked (tatu_http_decode) before a handler sees it. The event loop, HTTP
 * and TLS libraries show in src/server.c and src/tls.c only.
 */
#ifndef TATU_SERVICE_HTTP_HTTP_H
#define TATU_SERVICE_HTTP_HTTP_H

#include "base/base.h"
#include "service/arena/arena.h"

#define TATU_HTTP_TARGET_MAX 4096u
#define TATU_HTTP_HEADER_MAX 8192u
#define TATU_HTTP_SEGMENT_MAX 24u
#define TATU_HTTP_PARAM_MAX 8u
#define TATU_HTTP_QUERY_MAX 16u
#define TATU_HTTP_IDLE_S 30            /* a connection on which nothing moves is closed */
#define TATU_HTTP_CONNECTION_MAX 1000u /* more wait in the listen queue */
#define TATU_HTTP_ADDRESS_SIZE 80u

enum tatu_http_method {
    TATU_HTTP_GET,
    TATU_HTTP_PUT,
    TATU_HTTP_POST,
    TATU_HTTP_PATCH,
    TATU_HTTP_DELETE,
};

/** Who may ask. */
enum tatu_http_scope {
    TATU_HTTP_OPEN,   /* everybody */
    TATU_HTTP_TOKEN,  /* the bearer of a token */
    TATU_HTTP_DEVICE, /* the device of the client certificate */
};

/** Why a request got no handler. */
enum tatu_http_refusal {
    TATU_HTTP_SERVED,
    TATU_HTTP_BAD_REQUEST, /* the target or query is not well-formed */
    TATU_HTTP_NO_SUCH_PATH,
    TATU_HTTP_NO_SUCH_METHOD,
    TATU_HTTP_BAD_NAME, /* a name in the path breaks its pattern */
    TATU_HTTP_TOO_LARGE,
    TATU_HTTP_NO_CREDENTIAL,
    TATU_HTTP_UNAVAILABLE, /* the credential could not be checked */
};

struct tatu_http_pair {
    const char *name;
    const char *value;
};

/** A request as it came; hostile. NULL: absent. */
struct tatu_http_raw {
    const char *method;
    const char *target;
    const char *host;
    const char *authorization;
    const char *range;
    struct tatu_span body;
    const uint8_t *device_id; /* 64 bytes from the verified client certificate */
};

struct tatu_http_route;

/** A decoded request; everything in it lives in the arena. */
struct tatu_http_request {
    const struct tatu_http_route *route;
    struct tatu_arena *arena;
    const char *path; /* percent-encoded, as it came, without query */
    const char *host;
    struct tatu_http_pair params[TATU_HTTP_PARAM_MAX];
    size_t param_count;
    struct tatu_http_pair queries[TATU_HTTP_QUERY_MAX];
    size_t query_count;
    struct tatu_span body;
    const char *range;
    const char *subject; /* whose token it is */
    const uint8_t *device_id;
    int64_t now_s;
};

#define TATU_HTTP_ANSWER_HEADER_MAX 4u
struct tatu_http_answer;

/** What an answer waits for, while the loop serves others: bytes that a child process writes. */
struct tatu_http_later {
    int fd;     /* read end of a pipe, non-blocking; the server closes it */
    size_t max; /* bytes it may write; the wait ends with them, or with the end of the pipe */
    int64_t wait_ms;
    /** Fills the answer from what came. Called exactly once, also when nobody waits any more. */
    void (*finish)(void *context, struct tatu_span bytes, struct tatu_http_answer *answer);
    void *context; /* in the request's arena, which lives until then; the request does not */
};

struct tatu_http_answer {
    int status;
    const char *content_type;
    struct tatu_span body;
    struct tatu_http_pair headers[TATU_HTTP_ANSWER_HEADER_MAX];
    size_t header_count;
    const struct tatu_http_later *later; /* NULL: the answer is complete */
};

typedef enum tatu_err (*tatu_http_handler)(void *context, const struct tatu_http_request *request,
                                           struct tatu_http_answer *answer);

struct tatu_http_route {
    enum tatu_http_method method;
    const char *pattern; /* "/a/{kind}/b": {kind} is one segment that passes its kind's check */
    enum tatu_http_scope scope;
    size_t body_max;
    unsigned flags; /* the site's own */
    tatu_http_handler handler;
};

struct tatu_http_kind {
    const char *name;
    bool (*check)(const char *value);
};

/** What one listener serves. */
struct tatu_http_site {
    const struct tatu_http_route *routes;
    size_t route_count;
    const struct tatu_http_kind *kinds;
    size_t kind_count;
    bool fold_case;                       /* of fixed segments */
    enum tatu_http_scope unmatched_scope; /* asked for before anything is told of a path */
    void *context;
    enum tatu_err (*check_token)(void *context, struct tatu_arena *arena, const char *token,
                                 const char **out_subject);
    /** Runs the route's handler; always fills the answer. */
    void (*serve)(void *context, const struct tatu_http_request *request,
                  struct tatu_http_answer *answer);
    void (*refuse)(void *context, const struct tatu_http_request *request,
                   enum tatu_http_refusal refusal, struct tatu_http_answer *answer);
};

/**
 * Turns a raw request into a checked one; changes nothing else. `out` starts with arena and now_s.
 * Returns TATU_HTTP_SERVED or why not; route is NULL when no path matched.
 */
enum tatu_http_refusal tatu_http_decode(const struct tatu_http_site *site,
                                        const struct tatu_http_raw *raw,
                                        struct tatu_http_request *out);
/** Decodes, checks the credential, serves or refuses. */
void tatu_http_dispatch(const struct tatu_http_site *site, const struct tatu_http_raw *raw,
                        struct tatu_arena *arena, int64_t now_s, struct tatu_http_answer *answer);

/** NULL when it is not there. */
const char *tatu_http_param(const struct tatu_http_request *request, const char *name);
const char *tatu_http_query(const struct tatu_http_request *request, const char *name);
void tatu_http_add_header(struct tatu_http_answer *answer, const char *name, const char *value);
/** A single range "bytes=a-b", "bytes=a-", "bytes=-n" of `size` bytes. Errors: FORMAT for another
 *  form (serve it all), ARGUMENT when nothing of it is there (416). */
enum tatu_err tatu_http_decode_range(const char *text, size_t size, size_t *out_from,
                                     size_t *out_len);

/* ---- the server ---- */
struct tatu_http_tls {
    struct tatu_span certificate; /* DER */
    struct tatu_span issuer;    /* sent with it, so that a peer that knows only its key can check */
    struct tatu_span key;       /* PKCS#8 DER */
    struct tatu_span client_ca; /* empty: no client certificate is asked for */
};

struct tatu_http_listener {
    const char *address; /* "127.0.0.1:0", "[::1]:8443" */
    struct tatu_http_tls tls;
    const struct tatu_http_site *site;
    size_t body_max; /* over it the connection ends without a proper answer */
};

struct tatu_http_server;
enum tatu_err tatu_http_open(struct tatu_http_server **out);
/** out_bound gets what is really bound. Errors: ARGUMENT (address), BUSY (in use), IO, CERTIFICATE.
 */
enum tatu_err tatu_http_listen(struct tatu_http_server *server,
                               const struct tatu_http_listener *listener,
                               char out_bound[TATU_HTTP_ADDRESS_SIZE]);
/** Serves until SIGTERM or SIGINT. */
enum tatu_err tatu_http_run(struct tatu_http_server *server);
void tatu_http_close(struct tatu_http_server *server);

#endif
