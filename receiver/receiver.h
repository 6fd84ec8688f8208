/*
 * A customer's endpoint in small: takes rings of devices whose daily certificate is under one
 * catalog CA, and trusts nothing else.
 */
#ifndef TATU_RECEIVER_RECEIVER_H
#define TATU_RECEIVER_RECEIVER_H

#include "base/base.h"

#define TATU_RECEIVER_HEADER_MAX 4096u
#define TATU_RECEIVER_BODY_MAX 4096u
#define TATU_RECEIVER_TIMEOUT_MS 5000 /* of one connection, from accept to close */

struct tatu_receiver_options {
    const char *ca_path;   /* PEM of the catalog CA */
    const char *address;   /* "127.0.0.1:0" */
    const char *cert_path; /* PEM; made with the key when the file is missing. NULL: in memory */
    const char *key_path;
    const char *hosts[16]; /* names of a self-made certificate, besides the local ones */
    size_t host_count;
};

/** Serves until SIGTERM or SIGINT; JSON lines on stdout. Returns the exit status. */
int tatu_receiver_run(const struct tatu_receiver_options *options);

/** One decoded request. */
struct tatu_receiver_request {
    size_t header_len; /* with the empty line */
    size_t body_len;
};
/**
 * Reads the head of a request: "POST /ring HTTP/1.1", headers, empty line.
 * Errors   SHORT      more bytes are needed
 *          LONG       head over TATU_RECEIVER_HEADER_MAX, body over TATU_RECEIVER_BODY_MAX
 *          FORMAT     no HTTP/1.1, a damaged header, no or two lengths, a transfer coding
 *          NOT_FOUND  another path;  UNKNOWN_COMMAND  another method
 */
enum tatu_err tatu_receiver_decode(struct tatu_span bytes, struct tatu_receiver_request *out);

#endif
