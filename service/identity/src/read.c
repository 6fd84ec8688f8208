/* Reading certificates back for people and tools: the library's parser and its containers. */
#include "service/identity/identity.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

static void free_x509(X509 **certificate)
{
    X509_free(*certificate);
}
static void free_bio(BIO **bio)
{
    (void)BIO_free(*bio);
}
static void free_pkcs7(PKCS7 **pkcs7)
{
    PKCS7_free(*pkcs7);
}
static void free_bn(BIGNUM **bn)
{
    BN_free(*bn);
}
#define SCOPED(function) __attribute__((cleanup(function)))

static X509 *parse(struct tatu_span der)
{
    const unsigned char *at = der.data;
    return d2i_X509(NULL, &at, (long)der.len);
}

static int64_t unix_time(const ASN1_TIME *asn1)
{
    struct tm parts;
    return ASN1_TIME_to_tm(asn1, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static const char *take_bio_text(BIO *bio, struct tatu_arena *arena)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return tatu_arena_copy_text(arena, data, (size_t)len);
}

enum tatu_err tatu_identity_read_certificate(struct tatu_span der, struct tatu_arena *arena,
                                             struct tatu_certificate_info *out)
{
    X509 *certificate SCOPED(free_x509) = parse(der);
    BIO *bio SCOPED(free_bio) = BIO_new(BIO_s_mem());
    if (certificate == NULL || bio == NULL ||
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) {
        return TATU_ERR_CERTIFICATE;
    }
    BIGNUM *serial SCOPED(free_bn) = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    uint8_t serial_bytes[20];
    if (serial == NULL || BN_num_bytes(serial) > (int)sizeof(serial_bytes)) {
        return TATU_ERR_CERTIFICATE;
    }
    size_t len = (size_t)BN_bn2bin(serial, serial_bytes);
    out->subject = take_bio_text(bio, arena);
    out->serial = tatu_arena_hex(arena, (struct tatu_span){serial_bytes, len});
    out->not_before_s = unix_time(X509_get0_notBefore(certificate));
    out->not_after_s = unix_time(X509_get0_notAfter(certificate));
    tatu_crypto_sha1(der, out->thumbprint);
    return TATU_OK;
}

enum tatu_err tatu_identity_chain(const struct tatu_identity *identity, struct tatu_span ca,
                                  struct tatu_arena *arena, struct tatu_span *out)
{
    X509 *leaf SCOPED(free_x509) = parse(ca);
    X509 *root SCOPED(free_x509) = parse(tatu_identity_facts(identity)->root_certificate);
    PKCS7 *bundle SCOPED(free_pkcs7) = PKCS7_new();
    BIO *bio SCOPED(free_bio) = BIO_new(BIO_s_mem());
    if (leaf == NULL || root == NULL || bundle == NULL || bio == NULL ||
        PKCS7_set_type(bundle, NID_pkcs7_signed) != 1 ||
        PKCS7_content_new(bundle, NID_pkcs7_data) != 1 || PKCS7_set_detached(bundle, 1) != 1 ||
        PKCS7_add_certificate(bundle, leaf) != 1 || PKCS7_add_certificate(bundle, root) != 1 ||
        i2d_PKCS7_bio(bio, bundle) != 1) {
        return TATU_ERR_CERTIFICATE;
    }
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    *out = tatu_arena_copy(arena, (struct tatu_span){(const uint8_t *)data, (size_t)len});
    return TATU_OK;
}

enum tatu_err tatu_identity_certificate_pem(struct tatu_span der, struct tatu_arena *arena,
                                            const char **out)
{
    X509 *certificate SCOPED(free_x509) = parse(der);
    BIO *bio SCOPED(free_bio) = BIO_new(BIO_s_mem());
    if (certificate == NULL || bio == NULL || PEM_write_bio_X509(bio, certificate) != 1) {
        return TATU_ERR_CERTIFICATE;
    }
    *out = take_bio_text(bio, arena);
    return TATU_OK;
}
