/* The server's key and certificate: made once, kept sealed, so that a desk may remember it. */
#ifndef TATU_GATEWAYD_CERTIFICATE_H
#define TATU_GATEWAYD_CERTIFICATE_H

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include "base/base.h"

/**
 * A P-256 key and its self-signed certificate with this name, the one that Azure Sphere's tools
 * check ("*.devices.sphere.azure.local") and the address they use (192.168.35.2).
 *
 * out_key, out_certificate   initialised by the caller, who frees them
 *
 * Errors   CERTIFICATE  the library cannot make them
 */
enum tatu_err tatu_gatewayd_make_certificate(const char *name, mbedtls_pk_context *out_key,
                                             mbedtls_x509_crt *out_certificate);

/** Both as bytes: u16 length of the key, key, certificate, in DER. Errors: FULL, CERTIFICATE. */
enum tatu_err tatu_gatewayd_write_identity(mbedtls_pk_context *key,
                                           const mbedtls_x509_crt *certificate,
                                           struct tatu_buf *out);
/** Errors: SHORT, CERTIFICATE. */
enum tatu_err tatu_gatewayd_read_identity(struct tatu_span in, mbedtls_pk_context *out_key,
                                          mbedtls_x509_crt *out_certificate);

#define TATU_GATEWAYD_IDENTITY_MAX 1536u

#endif
