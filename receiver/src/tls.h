/* The server side of TLS 1.3 with one trusted CA. */
#ifndef TLS_H
#define TLS_H

#include "receiver/receiver.h"

#include <openssl/ssl.h>

/** Errors: NOT_FOUND (CA file), CERTIFICATE, IO. */
enum tatu_err tatu_receiver_make_tls_context(const struct tatu_receiver_options *options,
                                             SSL_CTX **out);

/** 128 hex digits and a NUL. Errors: CERTIFICATE. */
enum tatu_err tatu_receiver_get_tls_device(SSL *ssl, char out_id[129]);

/** Why the handshake failed, in words of the TLS library. */
const char *tatu_receiver_describe_tls_failure(SSL *ssl);

#endif
