/* X.509 v3 certificates of the few shapes we issue, written from the end to the front in one pass.
 * Source: RFC 5280; docs/protocol/device-service.md §3. */
#ifndef X509_H
#define X509_H

#include "base/base.h"
#include "service/crypto/crypto.h"

enum x509_kind {
    X509_ROOT,   /* CA without a limit of path length */
    X509_CA,     /* CA of end entities: path length 0 */
    X509_SERVER, /* subjectAltName: hosts */
    X509_CLIENT, /* subjectAltName: uri */
};

struct x509_name {
    const char *common_name;
    const char *serial_number; /* NULL: none */
};

struct x509_request {
    enum x509_kind kind;
    struct x509_name issuer;
    struct x509_name subject;
    const uint8_t *issuer_public; /* 64 bytes */
    const uint8_t *public_key;    /* 64 bytes */
    int64_t not_before_s;
    int64_t not_after_s;
    const char *uri;
    const char *const *hosts; /* names or IPv4/IPv6 addresses */
    size_t host_count;
};

/** Appends the certificate. Errors: FULL; ARGUMENT for a time no certificate can hold. */
enum tatu_err tatu_identity_issue_x509(const struct x509_request *request,
                                       const struct tatu_key *issuer_key, struct tatu_buf *out);

#endif
