#include "x509.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE __attribute__((cleanup(mbedtls_x509_crt_free))) mbedtls_x509_crt
#define KEY __attribute__((cleanup(mbedtls_pk_free))) mbedtls_pk_context

/* The library wants a NUL behind PEM, and counts it. */
struct text {
    unsigned char *bytes;
    size_t len; /* without the NUL */
};

static void free_text(struct text *text)
{
    if (text->bytes != NULL) {
        tatu_base_wipe(text->bytes, text->len);
    }
    free(text->bytes);
}
#define TEXT __attribute__((cleanup(free_text))) struct text

static enum tatu_err copy(struct tatu_span in, struct text *out)
{
    unsigned char *bytes = malloc(in.len + 1);
    if (bytes == NULL) {
        return TATU_ERR_MEMORY;
    }
    if (in.len != 0) {
        memcpy(bytes, in.data, in.len);
    }
    bytes[in.len] = '\0';
    *out = (struct text){bytes, in.len};
    return TATU_OK;
}

/* PEM begins with text, DER with a SEQUENCE. */
static size_t counted(const struct text *text)
{
    return text->len != 0 && text->bytes[0] == 0x30 ? text->len : text->len + 1;
}

static enum tatu_err parse(struct tatu_span file, mbedtls_x509_crt *out)
{
    TEXT text = {NULL, 0};
    TATU_TRY(copy(file, &text));
    return text.len != 0 && mbedtls_x509_crt_parse(out, text.bytes, counted(&text)) == 0
               ? TATU_OK
               : TATU_ERR_CERTIFICATE;
}

/* ---- names and dates ---- */

static void put_text(char *out, size_t *len, const char *text)
{
    const size_t more = strlen(text);
    if (*len + more < TATU_CERT_NAME_SIZE) {
        memcpy(out + *len, text, more + 1);
        *len += more;
    }
}

/* As OpenSSL shows a name in one line: "/C=PT/CN=name". */
static void write_name(const mbedtls_x509_name *name, char out[TATU_CERT_NAME_SIZE])
{
    size_t len = 0;
    for (; name != NULL; name = name->next) {
        const char *label = NULL;
        char number[64] = "?";
        if (name->oid.p == NULL) {
            continue;
        }
        if (mbedtls_oid_get_attr_short_name(&name->oid, &label) != 0) {
            (void)mbedtls_oid_get_numeric_string(number, sizeof(number), &name->oid);
            label = number;
        }
        put_text(out, &len, "/");
        put_text(out, &len, label);
        put_text(out, &len, "=");
        for (size_t i = 0; i < name->val.len; i++) {
            const unsigned char c = name->val.p[i];
            char piece[8];
            (void)snprintf(piece, sizeof(piece), c < 0x20 || c > 0x7e ? "\\x%02X" : "%c", c);
            put_text(out, &len, piece);
        }
    }
}

static void write_time(const mbedtls_x509_time *time, char out[TATU_CERT_TIME_SIZE])
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", time->year, time->mon,
                   time->day, time->hour, time->min, time->sec);
    memcpy(out, text, TATU_CERT_TIME_SIZE - 1); /* the library checked each number's range */
}

enum tatu_err tatu_x509_read(struct tatu_span file, struct tatu_cert_info *out)
{
    CERTIFICATE certificate;
    struct tatu_cert_info info;
    memset(&info, 0, sizeof(info));
    mbedtls_x509_crt_init(&certificate);
    TATU_TRY(parse(file, &certificate));
    write_name(&certificate.subject, info.subject);
    write_name(&certificate.issuer, info.issuer);
    write_time(&certificate.valid_from, info.not_before);
    write_time(&certificate.valid_to, info.not_after);
    *out = info;
    return TATU_OK;
}

/* ---- keys ---- */

/* How often a password is hashed stands in the file, and the library knows no limit: a file could
 * stop us for hours. What cannot be read here, the library does not open either. */
static bool is_cheap_der(unsigned char *p, size_t size)
{
    const unsigned char *end = p + size;
    mbedtls_asn1_buf scheme, derivation, parameters;
    int iterations;
    size_t len;
    if (mbedtls_asn1_get_tag(&p, end, &len, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) !=
            0 ||
        mbedtls_asn1_get_alg(&p, end, &scheme, &parameters) != 0 ||
        MBEDTLS_OID_CMP(MBEDTLS_OID_PKCS5_PBES2, &scheme) != 0) {
        return true;
    }
    p = parameters.p;
    end = p + parameters.len;
    if (mbedtls_asn1_get_alg(&p, end, &derivation, &parameters) != 0) {
        return true;
    }
    p = parameters.p;
    end = p + parameters.len;
    if (mbedtls_asn1_get_tag(&p, end, &len, MBEDTLS_ASN1_OCTET_STRING) != 0) {
        return true; /* the salt */
    }
    p += len;
    return mbedtls_asn1_get_int(&p, end, &iterations) != 0 ||
           (iterations > 0 && iterations <= TATU_CERT_ITERATION_MAX);
}

static bool is_cheap(const struct text *key)
{
    __attribute__((cleanup(mbedtls_pem_free))) mbedtls_pem_context pem;
    size_t len = 0;
    mbedtls_pem_init(&pem);
    if (mbedtls_pem_read_buffer(&pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----",
                                "-----END ENCRYPTED PRIVATE KEY-----", key->bytes, NULL, 0,
                                &len) == 0) {
        const unsigned char *der = mbedtls_pem_get_buffer(&pem, &len);
        if (!is_cheap_der((unsigned char *)(uintptr_t)der, len)) {
            return false;
        }
    }
    return is_cheap_der(key->bytes, key->len); /* a file may be read either way */
}

static int parse_key(const struct text *key, struct tatu_span password, mbedtls_pk_context *out)
{
    mbedtls_pk_free(out);
    mbedtls_pk_init(out);
    return mbedtls_pk_parse_key(out, key->bytes, counted(key), password.data, password.len,
                                mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
}

enum tatu_err tatu_x509_open_key(struct tatu_span certificate, struct tatu_span key,
                                 struct tatu_span password, struct tatu_buf *out_key)
{
    CERTIFICATE parsed;
    KEY private_key;
    TEXT text = {NULL, 0};
    mbedtls_x509_crt_init(&parsed);
    mbedtls_pk_init(&private_key);
    if (psa_crypto_init() != PSA_SUCCESS) {
        return TATU_ERR_MEMORY;
    }
    TATU_TRY(parse(certificate, &parsed));
    TATU_TRY(copy(key, &text));
    const bool open = parse_key(&text, (struct tatu_span){NULL, 0}, &private_key) == 0;
    if (open && password.len != 0) {
        return TATU_ERR_PURPOSE;
    }
    if (!open &&
        (password.len == 0 || !is_cheap(&text) || parse_key(&text, password, &private_key) != 0)) {
        return TATU_ERR_FORMAT;
    }
    if (mbedtls_pk_check_pair(&parsed.pk, &private_key, mbedtls_psa_get_random,
                              MBEDTLS_PSA_RANDOM_STATE) != 0) {
        return TATU_ERR_FOREIGN;
    }
    /* it is written to the end of the room */
    unsigned char *room = out_key->data + out_key->len;
    const size_t size = out_key->cap - out_key->len;
    const int len = mbedtls_pk_write_key_der(&private_key, room, size);
    if (len <= 0) {
        return TATU_ERR_FULL;
    }
    memmove(room, room + size - (size_t)len, (size_t)len);
    tatu_base_wipe(room + len, size - (size_t)len);
    out_key->len += (size_t)len;
    return TATU_OK;
}
