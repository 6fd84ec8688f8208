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

static bool set_names(mbedtls_x509write_cert *writer, const char *name)
{
    char subject[96];
    mbedtls_x509_san_list san = {.node.type = MBEDTLS_X509_SAN_DNS_NAME};
    (void)snprintf(subject, sizeof(subject), "CN=%s", name);
    /* the writer copies it at once, into the extension's DER */
    san.node.san.unstructured_name.p = (unsigned char *)subject + 3;
    san.node.san.unstructured_name.len = strlen(subject) - 3;
    return mbedtls_x509write_crt_set_subject_name(writer, subject) == 0 &&
           mbedtls_x509write_crt_set_issuer_name(writer, subject) == 0 &&
           mbedtls_x509write_crt_set_subject_alternative_name(writer, &san) == 0;
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
