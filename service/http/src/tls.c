#include "tls.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#define DEVICE_URI "urn:tatu:device:"
#define DEVICE_ID_SIZE 64

static void free_x509(X509 **certificate)
{
    X509_free(*certificate);
}
static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
#define SCOPED(function) __attribute__((cleanup(function)))

static X509 *parse(struct tatu_span der)
{
    const unsigned char *at = der.data;
    return d2i_X509(NULL, &at, (long)der.len);
}

static bool use_own(SSL_CTX *context, const struct tatu_http_tls *tls)
{
    const unsigned char *at = tls->key.data;
    EVP_PKEY *key SCOPED(free_key) = d2i_AutoPrivateKey(NULL, &at, (long)tls->key.len);
    X509 *certificate SCOPED(free_x509) = parse(tls->certificate);
    X509 *issuer SCOPED(free_x509) = parse(tls->issuer);
    return key != NULL && certificate != NULL && issuer != NULL &&
           SSL_CTX_use_certificate(context, certificate) == 1 &&
           SSL_CTX_add1_chain_cert(context, issuer) == 1 &&
           SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
}

/* Exactly one CA opens this listener; the system's store is never looked at. */
static bool require_client(SSL_CTX *context, struct tatu_span client_ca)
{
    X509 *ca SCOPED(free_x509) = parse(client_ca);
    X509_STORE *store = X509_STORE_new();
    if (ca == NULL || store == NULL || X509_STORE_add_cert(store, ca) != 1) {
        X509_STORE_free(store);
        return false;
    }
    SSL_CTX_set_cert_store(context, store);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return SSL_CTX_add_client_CA(context, ca) == 1;
}

enum tatu_err tatu_http_make_tls_context(const struct tatu_http_tls *tls, SSL_CTX **out)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        return TATU_ERR_MEMORY;
    }
    /* no tickets: every connection proves its certificate anew, and they cost more than they save
     */
    (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_num_tickets(context, 0) != 1 || !use_own(context, tls) ||
        (tls->client_ca.len > 0 && !require_client(context, tls->client_ca))) {
        SSL_CTX_free(context);
        return TATU_ERR_CERTIFICATE;
    }
    *out = context;
    return TATU_OK;
}

static enum tatu_err decode_uri(const ASN1_IA5STRING *uri, uint8_t out[DEVICE_ID_SIZE])
{
    const char *text = (const char *)ASN1_STRING_get0_data(uri);
    size_t len = (size_t)ASN1_STRING_length(uri);
    size_t prefix = sizeof(DEVICE_URI) - 1;
    if (len < prefix || memcmp(text, DEVICE_URI, prefix) != 0) {
        return TATU_ERR_CERTIFICATE;
    }
    return tatu_base_decode_hex(text + prefix, len - prefix, out, DEVICE_ID_SIZE);
}

enum tatu_err tatu_http_get_tls_device(SSL *ssl, uint8_t out_device_id[DEVICE_ID_SIZE])
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == NULL || SSL_get_verify_result(ssl) != X509_V_OK) {
        return TATU_ERR_CERTIFICATE;
    }
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    enum tatu_err err = TATU_ERR_CERTIFICATE;
    if (sk_GENERAL_NAME_num(names) == 1) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);
        if (name->type == GEN_URI) {
            err = decode_uri(name->d.uniformResourceIdentifier, out_device_id);
        }
    }
    GENERAL_NAMES_free(names);
    return err == TATU_OK ? TATU_OK : TATU_ERR_CERTIFICATE;
}
