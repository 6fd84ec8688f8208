/* The server's key and certificate: made at each boot, kept in memory only. */
#ifndef TATU_GATEWAYD_CERTIFICATE_H
#define TATU_GATEWAYD_CERTIFICATE_H

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include "base/base.h"

/**
 * A P-256 key and its self-signed certificate with this name.
 *
 * out_key, out_certificate   initialised by the caller, who frees them
 *
 * Errors   CERTIFICATE  the library cannot make them
 */
enum tatu_err tatu_gatewayd_make_certificate(const char *name, mbedtls_pk_context *out_key,
                                             mbedtls_x509_crt *out_certificate);

#endif
