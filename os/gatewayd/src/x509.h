/* Certificates and keys of the store: what of the library is used for them. PEM or DER. */
#ifndef TATU_GATEWAYD_X509_H
#define TATU_GATEWAYD_X509_H

#include "base/base.h"
#include "proto/certstore.h"

/**
 * Reads the first certificate of a file, and sees that all of it are some.
 * Errors   CERTIFICATE  it is none; MEMORY
 */
enum tatu_err tatu_x509_read(struct tatu_span file, struct tatu_cert_info *out);

/**
 * Reads a private key and sees that it is the certificate's.
 *
 * password  empty: none
 * out_key   the key in DER, open
 *
 * Errors    CERTIFICATE  the certificate is none
 *           FORMAT       the key is none, of a kind that is not supported, or the password is wrong
 *                        or missing, or it is to be hashed too often
 *           FOREIGN      it is another certificate's key
 *           PURPOSE      a password, and nothing to open with it
 *           FULL, MEMORY
 */
enum tatu_err tatu_x509_open_key(struct tatu_span certificate, struct tatu_span key,
                                 struct tatu_span password, struct tatu_buf *out_key);

#endif
