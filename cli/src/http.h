/* One HTTPS request. The one place of this room that knows libcurl. */
#ifndef HTTP_H
#define HTTP_H

#include "files.h"

struct tatu_cli_request {
    const char *method;
    const char *url;
    const char *token;  /* NULL: none */
    const char *ca_pem; /* the only authorities believed; NULL only together with any_certificate */
    bool any_certificate; /* the board's own API: what it returns is signed by its vault */
    const char *pin;      /* "sha256//…" of the one key believed, together with any_certificate */
    const char *header;   /* one more, NULL: none */
    const char *content_type;
    struct tatu_span body;
    long timeout_s;
};

struct tatu_cli_answer {
    long status;
    struct tatu_cli_bytes body;
};

/** The certificate that a server shows, PEM, by a request whose answer does not matter. */
enum tatu_err tatu_cli_fetch_certificate(struct tatu_cli *cli,
                                         const struct tatu_cli_request *request,
                                         struct tatu_cli_bytes *out_pem);

/** Errors: UNREACHABLE, CERTIFICATE, TIMEOUT, LONG, MEMORY; any HTTP status is a success here. */
enum tatu_err tatu_cli_exchange(struct tatu_cli *cli, const struct tatu_cli_request *request,
                                struct tatu_cli_answer *out);

/** Percent-encodes what is not unreserved in a path segment. Errors: LONG. */
enum tatu_err tatu_cli_put_segment(struct tatu_cli *cli, const char *text, char *path, size_t cap);

#endif
