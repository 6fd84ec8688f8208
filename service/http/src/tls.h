/* TLS 1.3 contexts and the device in a client certificate. */
#ifndef TLS_H
#define TLS_H

#include "service/http/http.h"

#include <openssl/ssl.h>

/** Errors: CERTIFICATE when certificate and key are not usable; MEMORY. */
enum tatu_err tatu_http_make_tls_context(const struct tatu_http_tls *tls, SSL_CTX **out);

/** The device id in the verified client certificate. Errors: CERTIFICATE. */
enum tatu_err tatu_http_get_tls_device(SSL *ssl, uint8_t out_device_id[64]);

#endif
