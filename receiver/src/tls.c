#include "tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE_URI "urn:tatu:device:"
#define CERTIFICATE_DAYS 397
#define NAMES_MAX 1024

/* ---- a certificate of our own ---- */

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool good = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool is_address(const char *host)
{
    return strspn(host, "0123456789.") == strlen(host) || strchr(host, ':') != NULL;
}

static bool format_names(const struct tatu_receiver_options *options, char out[NAMES_MAX])
{
    int len = snprintf(out, NAMES_MAX, "DNS:localhost,IP:127.0.0.1,IP:10.0.2.2");
    for (size_t i = 0; i < options->host_count; i++) {
        const char *host = options->hosts[i];
        if (strpbrk(host, ",\"\\ ") != NULL) {
            return false;
        }
        len += snprintf(out + len, (size_t)(NAMES_MAX - len), ",%s:%s",
                        is_address(host) ? "IP" : "DNS", host);
        if (len >= NAMES_MAX) {
            return false;
        }
    }
    return true;
}

static bool fill_certificate(X509 *certificate, EVP_PKEY *key,
                             const struct tatu_receiver_options *options)
{
    char names[NAMES_MAX];
    uint64_t serial = 0;
    X509_NAME *name = X509_get_subject_name(certificate);
    return format_names(options, names) &&
           RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
           X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -300) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), CERTIFICATE_DAYS * 86400L) != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      (const unsigned char *)"tatu receiver", -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
           add_extension(certificate, NID_subject_alt_name, names) &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* A new file that only its owner may read; never one that is there already. */
static FILE *create_private(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (fd >= 0 && file == NULL) {
        (void)close(fd);
    }
    return file;
}

static bool write_pair(const struct tatu_receiver_options *options, X509 *certificate,
                       EVP_PKEY *key)
{
    FILE *key_file = create_private(options->key_path);
    bool good = key_file != NULL &&
                PEM_write_PKCS8PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL) == 1;
    good = (key_file == NULL || fclose(key_file) == 0) && good;
    FILE *cert_file = good ? create_private(options->cert_path) : NULL;
    good = cert_file != NULL && PEM_write_X509(cert_file, certificate) == 1;
    return (cert_file == NULL || fclose(cert_file) == 0) && good;
}

static enum tatu_err use_self_made(SSL_CTX *context, const struct tatu_receiver_options *options)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    enum tatu_err err = TATU_OK;
    if (key == NULL || certificate == NULL || !fill_certificate(certificate, key, options) ||
        SSL_CTX_use_certificate(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context, key) != 1) {
        err = TATU_ERR_CERTIFICATE;
    } else if (options->cert_path != NULL && !write_pair(options, certificate, key)) {
        err = TATU_ERR_IO;
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return err;
}

static enum tatu_err use_files(SSL_CTX *context, const struct tatu_receiver_options *options)
{
    bool good = SSL_CTX_use_certificate_chain_file(context, options->cert_path) == 1 &&
                SSL_CTX_use_PrivateKey_file(context, options->key_path, SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_check_private_key(context) == 1;
    return good ? TATU_OK : TATU_ERR_CERTIFICATE;
}

/* ---- whom we trust: this one certificate, which is no root ---- */

static enum tatu_err trust_only(SSL_CTX *context, const char *ca_path)
{
    FILE *file = fopen(ca_path, "re");
    if (file == NULL) {
        return errno == ENOENT ? TATU_ERR_NOT_FOUND : TATU_ERR_IO;
    }
    X509 *ca = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    X509_STORE *store = X509_STORE_new();
    if (ca == NULL || store == NULL || X509_check_ca(ca) != 1 ||
        X509_STORE_add_cert(store, ca) != 1 ||
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1) {
        X509_STORE_free(store);
        X509_free(ca);
        return TATU_ERR_CERTIFICATE;
    }
    SSL_CTX_set_cert_store(context, store);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    bool good = SSL_CTX_add_client_CA(context, ca) == 1;
    X509_free(ca);
    return good ? TATU_OK : TATU_ERR_MEMORY;
}

enum tatu_err tatu_receiver_make_tls_context(const struct tatu_receiver_options *options,
                                             SSL_CTX **out)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        return TATU_ERR_MEMORY;
    }
    (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    bool have_files = options->cert_path != NULL && access(options->cert_path, F_OK) == 0;
    enum tatu_err err = SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
                                SSL_CTX_set_num_tickets(context, 0) == 1
                            ? TATU_OK
                            : TATU_ERR_MEMORY;
    if (err == TATU_OK) {
        err = trust_only(context, options->ca_path);
    }
    if (err == TATU_OK) {
        err = have_files ? use_files(context, options) : use_self_made(context, options);
    }
    if (err != TATU_OK) {
        SSL_CTX_free(context);
        return err;
    }
    *out = context;
    return TATU_OK;
}

static bool read_uri(const GENERAL_NAME *name, char out_id[129])
{
    if (name->type != GEN_URI) {
        return false;
    }
    const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
    const char *text = (const char *)ASN1_STRING_get0_data(uri);
    size_t len = (size_t)ASN1_STRING_length(uri);
    size_t prefix = sizeof(DEVICE_URI) - 1;
    uint8_t id[64];
    if (len < prefix || memcmp(text, DEVICE_URI, prefix) != 0 ||
        tatu_base_decode_hex(text + prefix, len - prefix, id, sizeof(id)) != TATU_OK) {
        return false;
    }
    tatu_base_encode_hex(TATU_SPAN_OF(id), out_id);
    return true;
}

enum tatu_err tatu_receiver_get_tls_device(SSL *ssl, char out_id[129])
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == NULL || SSL_get_verify_result(ssl) != X509_V_OK) {
        return TATU_ERR_CERTIFICATE;
    }
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found =
        sk_GENERAL_NAME_num(names) == 1 && read_uri(sk_GENERAL_NAME_value(names, 0), out_id);
    GENERAL_NAMES_free(names);
    return found ? TATU_OK : TATU_ERR_CERTIFICATE;
}

const char *tatu_receiver_describe_tls_failure(SSL *ssl)
{
    long verify = SSL_get_verify_result(ssl);
    unsigned long code = ERR_peek_last_error();
    if (verify != X509_V_OK) {
        return X509_verify_cert_error_string(verify);
    }
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    return reason != NULL ? reason : "the peer went away during the handshake";
}
