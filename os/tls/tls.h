/*
 * HTTPS of the device: requests to the service, whose root key is pinned, and TLS identities whose
 * private key stays in the vault.
 * Source: docs/protocol/device-service.md; RFC 8446.
 */
#ifndef TATU_OS_TLS_TLS_H
#define TATU_OS_TLS_TLS_H

#include "base/base.h"

#define TATU_TLS_BODY_MAX 65536u

struct tatu_net_proxy; /* proto/network.h */

/** A daily certificate and the socket that signs for it: FOLDER/cert.pem, FOLDER/sign. */
struct tatu_tls_identity;

/**
 * Opens the identity in a folder.
 * out      to be closed by tatu_tls_close_identity, after every connection that uses it
 * Errors   NOT_FOUND    there is no certificate (yet)
 *          CERTIFICATE  the certificate is not one, or not of a P-256 key
 *          MEMORY
 */
enum tatu_err tatu_tls_open_identity(const char *folder, struct tatu_tls_identity **out);
void tatu_tls_close_identity(struct tatu_tls_identity *identity);

/** Gives a TLS configuration (struct mbedtls_ssl_config) the identity. Errors: CERTIFICATE,
 * ARGUMENT. */
enum tatu_err tatu_tls_use_identity(struct tatu_tls_identity *identity, void *ssl_config);

/** ECDSA P-256 over a 32-byte digest. Errors: SIGNATURE. */
enum tatu_err tatu_tls_verify_digest(const uint8_t key[64], const uint8_t digest[32],
                                     const uint8_t signature[64]);

/** SHA-256 of several pieces, one after another. */
void tatu_tls_hash(const struct tatu_span *pieces, size_t count, uint8_t out_digest[32]);

/**
 * Writes certificates (DER) as one PEM file that appears whole or not at all.
 * Errors   CERTIFICATE  one is over 4 KiB
 *          IO
 */
enum tatu_err tatu_tls_write_pem(const char *path, const struct tatu_span *certificates,
                                 size_t count);

struct tatu_tls_request {
    const char *host;
    uint16_t port;
    const char *path; /* "/device/v1/…" */
    const uint8_t
        *service_root; /* 64 bytes: the one key that may have signed the server's certificate */
    struct tatu_tls_identity *identity; /* NULL: no client certificate */
    const struct tatu_net_proxy *proxy; /* NULL, or it is not enabled: none */
    bool ignore_dates;                  /* before the first signed time */
    bool post;
    struct tatu_span body; /* of a POST */
    uint32_t range_start;  /* of a GET: bytes that are there already */
    /* Takes a piece of a 2xx answer's body; anything but OK ends the request with that error. */
    enum tatu_err (*take)(void *context, struct tatu_span piece);
    void *context;
};

/**
 * Makes one request and gives its status.
 *
 * out_body    the answer's body; on failure what came of it is of no use
 * out_status  filled on success
 *
 * A proxy is asked for a tunnel (CONNECT), unless its exceptions have the host: it sees host and
 * port. There is no way around one that does not work.
 *
 * Errors   UNREACHABLE  no connection (to the proxy, by it), or it broke
 *          DENIED       the proxy does not let through: by its rules, or for want of a password
 *          CERTIFICATE  the server is not the pinned service, or it refused our certificate
 *          TIMEOUT      nothing came for 15 s
 *          LONG         the answer is longer than TATU_TLS_BODY_MAX (only without `take`)
 *          what `take` answered
 */
enum tatu_err tatu_tls_request(const struct tatu_tls_request *request, struct tatu_buf *out_body,
                               uint32_t *out_status);

#endif
