#include "x509.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "der.h"

#define ROOM 8192u
#define SERIAL_SIZE 16
#define YEAR_GENERAL_TIME 2050 /* RFC 5280 §4.1.2.5 */
#define YEAR_LAST 9999

static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t p256_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const uint8_t version_3[] = {0xa0, 0x03, 0x02, 0x01, 0x02};
static const uint8_t oid_common_name[] = {0x06, 0x03, 0x55, 0x04, 0x03};
static const uint8_t oid_serial_number[] = {0x06, 0x03, 0x55, 0x04, 0x05};

static const uint8_t basic_root[] = {0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01,
                                     0xff, 0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xff};
static const uint8_t basic_ca[] = {0x30, 0x12, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff,
                                   0x04, 0x08, 0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00};
static const uint8_t basic_leaf[] = {0x30, 0x0c, 0x06, 0x03, 0x55, 0x1d, 0x13,
                                     0x01, 0x01, 0xff, 0x04, 0x02, 0x30, 0x00};
static const uint8_t usage_ca[] = {0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01,
                                   0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x01, 0x06};
static const uint8_t usage_leaf[] = {0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01,
                                     0x01, 0xff, 0x04, 0x04, 0x03, 0x02, 0x07, 0x80};
static const uint8_t extended_client[] = {0x30, 0x13, 0x06, 0x03, 0x55, 0x1d, 0x25,
                                          0x04, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b,
                                          0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
static const uint8_t extended_server[] = {0x30, 0x13, 0x06, 0x03, 0x55, 0x1d, 0x25,
                                          0x04, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b,
                                          0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
static const uint8_t subject_key_head[] = {0x30, 0x1d, 0x06, 0x03, 0x55, 0x1d,
                                           0x0e, 0x04, 0x16, 0x04, 0x14};
static const uint8_t authority_key_head[] = {0x30, 0x1f, 0x06, 0x03, 0x55, 0x1d, 0x23,
                                             0x04, 0x18, 0x30, 0x16, 0x80, 0x14};
static const uint8_t oid_subject_alt[] = {0x06, 0x03, 0x55, 0x1d, 0x11};

/* What differs between the kinds; an empty span is left out. */
static const struct {
    struct tatu_span basic;
    struct tatu_span usage;
    struct tatu_span extended;
} kinds[] = {
    [X509_ROOT] = {TATU_SPAN_OF(basic_root), TATU_SPAN_OF(usage_ca), {NULL, 0}},
    [X509_CA] = {TATU_SPAN_OF(basic_ca), TATU_SPAN_OF(usage_ca), {NULL, 0}},
    [X509_SERVER] = {TATU_SPAN_OF(basic_leaf), TATU_SPAN_OF(usage_leaf),
                     TATU_SPAN_OF(extended_server)},
    [X509_CLIENT] = {TATU_SPAN_OF(basic_leaf), TATU_SPAN_OF(usage_leaf),
                     TATU_SPAN_OF(extended_client)},
};

static void push_key_id(struct der *d, const uint8_t *public_key, const uint8_t *head, size_t len)
{
    uint8_t id[TATU_THUMBPRINT_SIZE];
    tatu_crypto_thumbprint(public_key, id);
    tatu_identity_push_der(d, id, sizeof(id));
    tatu_identity_push_der(d, head, len);
}

static void push_host(struct der *d, const char *host)
{
    uint8_t address[sizeof(struct in6_addr)];
    size_t end = d->at;
    if (inet_pton(AF_INET, host, address) == 1) {
        tatu_identity_push_der(d, address, sizeof(struct in_addr));
        tatu_identity_wrap_der(d, 0x87, end); /* iPAddress */
    } else if (inet_pton(AF_INET6, host, address) == 1) {
        tatu_identity_push_der(d, address, sizeof(struct in6_addr));
        tatu_identity_wrap_der(d, 0x87, end);
    } else {
        tatu_identity_push_der(d, host, strlen(host));
        tatu_identity_wrap_der(d, 0x82, end); /* dNSName */
    }
}

static void push_alternative_names(struct der *d, const struct x509_request *request)
{
    if (request->uri == NULL && request->host_count == 0) {
        return;
    }
    size_t end = d->at;
    for (size_t i = request->host_count; i > 0; i--) {
        push_host(d, request->hosts[i - 1]);
    }
    if (request->uri != NULL) {
        size_t uri_end = d->at;
        tatu_identity_push_der(d, request->uri, strlen(request->uri));
        tatu_identity_wrap_der(d, 0x86, uri_end); /* uniformResourceIdentifier */
    }
    tatu_identity_wrap_der(d, DER_SEQUENCE, end);
    tatu_identity_wrap_der(d, DER_OCTET_STRING, end);
    tatu_identity_push_der(d, oid_subject_alt, sizeof(oid_subject_alt));
    tatu_identity_wrap_der(d, DER_SEQUENCE, end);
}

static void push_extensions(struct der *d, const struct x509_request *request)
{
    size_t end = d->at;
    push_key_id(d, request->issuer_public, authority_key_head, sizeof(authority_key_head));
    push_key_id(d, request->public_key, subject_key_head, sizeof(subject_key_head));
    push_alternative_names(d, request);
    tatu_identity_push_der(d, kinds[request->kind].extended.data,
                           kinds[request->kind].extended.len);
    tatu_identity_push_der(d, kinds[request->kind].usage.data, kinds[request->kind].usage.len);
    tatu_identity_push_der(d, kinds[request->kind].basic.data, kinds[request->kind].basic.len);
    tatu_identity_wrap_der(d, DER_SEQUENCE, end);
    tatu_identity_wrap_der(d, 0xa3, end);
}

static void push_attribute(struct der *d, const uint8_t oid[5], uint8_t tag, const char *text)
{
    size_t end = d->at;
    tatu_identity_push_der(d, text, strlen(text));
    tatu_identity_wrap_der(d, tag, end);
    tatu_identity_push_der(d, oid, 5);
    tatu_identity_wrap_der(d, DER_SEQUENCE, end);
    tatu_identity_wrap_der(d, DER_SET, end);
}

static void push_name(struct der *d, const struct x509_name *name)
{
    size_t end = d->at;
    push_attribute(d, oid_common_name, DER_UTF8, name->common_name);
    if (name->serial_number != NULL) {
        push_attribute(d, oid_serial_number, DER_PRINTABLE, name->serial_number);
    }
    tatu_identity_wrap_der(d, DER_SEQUENCE, end);
}

static enum tatu_err push_time(struct der *d, int64_t unix_s)
{
    time_t seconds = (time_t)unix_s;
    struct tm parts;
    if (unix_s < 0 || gmtime_r(&seconds, &parts) == NULL || parts.tm_year + 1900 > YEAR_LAST) {
        return TATU_ERR_ARGUMENT;
    }
    char text[24];
    bool general = parts.tm_year + 1900 >= YEAR_GENERAL_TIME;
    size_t len = strftime(text, sizeof(text), general ? "%Y%m%d%H%M%SZ" : "%y%m%d%H%M%SZ", &parts);
    size_t end = d->at;
    tatu_identity_push_der(d, text, len);
    tatu_identity_wrap_der(d, general ? DER_GENERAL_TIME : DER_UTC_TIME, end);
    return TATU_OK;
}

static void push_serial(struct der *d)
{
    uint8_t serial[SERIAL_SIZE];
    tatu_crypto_random(serial, sizeof(serial));
    serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and always 16 bytes long */
    tatu_identity_push_der_unsigned(d, serial, sizeof(serial));
}

static enum tatu_err push_body(struct der *d, const struct x509_request *request)
{
    size_t end = d->at;
    push_extensions(d, request);
    tatu_identity_push_der(d, request->public_key, TATU_PUBLIC_SIZE);
    tatu_identity_push_der(d, p256_head, sizeof(p256_head));
    push_name(d, &request->subject);
    size_t validity_end = d->at;
    TATU_TRY(push_time(d, request->not_after_s));
    TATU_TRY(push_time(d, request->not_before_s));
    tatu_identity_wrap_der(d, DER_SEQUENCE, validity_end);
    push_name(d, &request->issuer);
    tatu_identity_push_der(d, ecdsa_sha256, sizeof(ecdsa_sha256));
    push_serial(d);
    tatu_identity_push_der(d, version_3, sizeof(version_3));
    tatu_identity_wrap_der(d, DER_SEQUENCE, end);
    return d->full ? TATU_ERR_FULL : TATU_OK;
}

static void push_signature(struct der *d, const uint8_t signature[64])
{
    size_t end = d->at;
    tatu_identity_push_der_unsigned(d, signature + 32, 32);
    tatu_identity_push_der_unsigned(d, signature, 32);
    tatu_identity_wrap_der(d, DER_SEQUENCE, end);
    tatu_identity_push_der_byte(d, 0); /* no unused bits */
    tatu_identity_wrap_der(d, DER_BIT_STRING, end);
}

enum tatu_err tatu_identity_issue_x509(const struct x509_request *request,
                                       const struct tatu_key *issuer_key, struct tatu_buf *out)
{
    uint8_t body_room[ROOM];
    struct der body = {body_room, ROOM, ROOM, false};
    TATU_TRY(push_body(&body, request));
    struct tatu_span signed_bytes = {body.room + body.at, body.cap - body.at};

    uint8_t digest[32];
    uint8_t signature[64];
    tatu_crypto_sha256(signed_bytes, digest);
    TATU_TRY(tatu_crypto_sign_digest(issuer_key, digest, signature));

    uint8_t whole_room[ROOM];
    struct der whole = {whole_room, ROOM, ROOM, false};
    push_signature(&whole, signature);
    tatu_identity_push_der(&whole, ecdsa_sha256, sizeof(ecdsa_sha256));
    tatu_identity_push_der(&whole, signed_bytes.data, signed_bytes.len);
    tatu_identity_wrap_der(&whole, DER_SEQUENCE, ROOM);
    if (whole.full) {
        return TATU_ERR_FULL;
    }
    return tatu_base_put_bytes(out, (struct tatu_span){whole.room + whole.at, ROOM - whole.at});
}
