#include "certificate.h"

#include <mbedtls/asn1.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/psa_util.h>
#include <stdio.h>
#include <string.h>

#define DER_MAX 1024u
/* The board has no clock before signed time: no date may make its certificate invalid (RFC 5280
 * §4.1.2.5). */
#define NOT_BEFORE "19700101000000"
#define NOT_AFTER "99991231235959"

static bool random_serial(unsigned char serial[16])
{
    if (mbedtls_psa_get_random(MBEDTLS_PSA_RANDOM_STATE, serial, 16) != 0) {
        return false;
    }
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40); /* positive, and always 16 bytes */
    return true;
}

static bool make_key(mbedtls_pk_context *key)
{
    return mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0 &&
           mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key),
                               mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE) == 0;
}

static mbedtls_x509_san_list dns_name(const char *name, mbedtls_x509_san_list *next)
{
    mbedtls_x509_san_list san = {.node.type = MBEDTLS_X509_SAN_DNS_NAME, .next = next};
    san.node.san.unstructured_name.p = (unsigned char *)(uintptr_t)name;
    san.node.san.unstructured_name.len = strlen(name);
    return san;
}

static bool set_names(mbedtls_x509write_cert *writer, const char *name)
{
    static const unsigned char address[] = {192, 168, 35, 2};
    char subject[96];
    mbedtls_x509_san_list service = {.node.type = MBEDTLS_X509_SAN_IP_ADDRESS};
    service.node.san.unstructured_name.p = (unsigned char *)(uintptr_t)address;
    service.node.san.unstructured_name.len = sizeof(address);
    mbedtls_x509_san_list sphere = dns_name("*.devices.sphere.azure.local", &service);
    mbedtls_x509_san_list own = dns_name(name, &sphere);
    (void)snprintf(subject, sizeof(subject), "CN=%s", name);
    /* the writer copies all at once, into the extension's DER */
    return mbedtls_x509write_crt_set_subject_name(writer, subject) == 0 &&
           mbedtls_x509write_crt_set_issuer_name(writer, subject) == 0 &&
           mbedtls_x509write_crt_set_subject_alternative_name(writer, &own) == 0;
}

static bool set_use(mbedtls_x509write_cert *writer)
{
    static const char server_auth[] = MBEDTLS_OID_SERVER_AUTH;
    mbedtls_asn1_sequence use = {
        .buf = {.tag = MBEDTLS_ASN1_OID,
                .len = sizeof(server_auth) - 1,
                .p = (unsigned char *)(uintptr_t)server_auth},
    };
    return mbedtls_x509write_crt_set_basic_constraints(writer, 0, -1) == 0 &&
           mbedtls_x509write_crt_set_key_usage(writer, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) == 0 &&
           mbedtls_x509write_crt_set_ext_key_usage(writer, &use) == 0;
}

enum tatu_err tatu_gatewayd_make_certificate(const char *name, mbedtls_pk_context *out_key,
                                             mbedtls_x509_crt *out_certificate)
{
    mbedtls_x509write_cert writer __attribute__((cleanup(mbedtls_x509write_crt_free)));
    unsigned char serial[16], der[DER_MAX];
    mbedtls_x509write_crt_init(&writer);
    if (!random_serial(serial) || !make_key(out_key)) {
        return TATU_ERR_CERTIFICATE;
    }
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writer, out_key);
    mbedtls_x509write_crt_set_issuer_key(&writer, out_key);
    if (mbedtls_x509write_crt_set_serial_raw(&writer, serial, sizeof(serial)) != 0 ||
        mbedtls_x509write_crt_set_validity(&writer, NOT_BEFORE, NOT_AFTER) != 0 ||
        !set_names(&writer, name) || !set_use(&writer)) {
        return TATU_ERR_CERTIFICATE;
    }
    /* it is written to the end of the room */
    const int len = mbedtls_x509write_crt_der(&writer, der, sizeof(der), mbedtls_psa_get_random,
                                              MBEDTLS_PSA_RANDOM_STATE);
    return len > 0 && mbedtls_x509_crt_parse_der(out_certificate, der + sizeof(der) - len,
                                                 (size_t)len) == 0
               ? TATU_OK
               : TATU_ERR_CERTIFICATE;
}

enum tatu_err tatu_gatewayd_write_identity(mbedtls_pk_context *key,
                                           const mbedtls_x509_crt *certificate,
                                           struct tatu_buf *out)
{
    unsigned char der[DER_MAX];
    uint8_t head[2];
    const int len = mbedtls_pk_write_key_der(key, der, sizeof(der));
    if (len <= 0) {
        return TATU_ERR_CERTIFICATE;
    }
    tatu_put_le16(head, (uint16_t)len);
    enum tatu_err err = tatu_base_put_bytes(out, TATU_SPAN_OF(head));
    if (err == TATU_OK) {
        err = tatu_base_put_bytes(out,
                                  (struct tatu_span){der + sizeof(der) - (size_t)len, (size_t)len});
    }
    tatu_base_wipe(der, sizeof(der));
    TATU_TRY(err);
    return tatu_base_put_bytes(out, (struct tatu_span){certificate->raw.p, certificate->raw.len});
}

enum tatu_err tatu_gatewayd_read_identity(struct tatu_span in, mbedtls_pk_context *out_key,
                                          mbedtls_x509_crt *out_certificate)
{
    struct tatu_span head, key;
    TATU_TRY(tatu_base_take_span(in, 0, 2, &head));
    TATU_TRY(tatu_base_take_span(in, 2, tatu_get_le16(head.data), &key));
    const size_t at = 2 + key.len;
    if (mbedtls_pk_parse_key(out_key, key.data, key.len, NULL, 0, mbedtls_psa_get_random,
                             MBEDTLS_PSA_RANDOM_STATE) != 0 ||
        mbedtls_x509_crt_parse_der(out_certificate, in.data + at, in.len - at) != 0 ||
        mbedtls_pk_check_pair(&out_certificate->pk, out_key, mbedtls_psa_get_random,
                              MBEDTLS_PSA_RANDOM_STATE) != 0) {
        return TATU_ERR_CERTIFICATE;
    }
    return TATU_OK;
}
