/* Certificates and keys for tests, made when they run. */
#ifndef TATU_GATEWAYD_KEYS_H
#define TATU_GATEWAYD_KEYS_H

#include <mbedtls/pem.h>
#include <stdio.h>
#include <string.h>

#include "certificate.h"

struct keys {
    uint8_t der[1024];
    size_t der_len;
    char pem[2048];
    char key[1024]; /* PEM */
};

static inline bool keys_make(const char *name, struct keys *out)
{
    mbedtls_pk_context key;
    mbedtls_x509_crt certificate;
    size_t len;
    mbedtls_pk_init(&key);
    mbedtls_x509_crt_init(&certificate);
    const bool made =
        tatu_gatewayd_make_certificate(name, &key, &certificate) == TATU_OK &&
        mbedtls_pk_write_key_pem(&key, (unsigned char *)out->key, sizeof(out->key)) == 0 &&
        mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
                                 certificate.raw.p, certificate.raw.len, (unsigned char *)out->pem,
                                 sizeof(out->pem), &len) == 0;
    if (made) {
        memcpy(out->der, certificate.raw.p, certificate.raw.len);
        out->der_len = certificate.raw.len;
    }
    mbedtls_pk_free(&key);
    mbedtls_x509_crt_free(&certificate);
    return made;
}

static inline struct tatu_span keys_text(const char *text)
{
    return (struct tatu_span){(const uint8_t *)text, strlen(text)};
}

#endif
