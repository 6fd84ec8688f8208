#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/tls/tls.h"
#include "vault_key.h"

#define SIGN_TIMEOUT_S 5

struct tatu_tls_identity {
    mbedtls_x509_crt chain;
    mbedtls_pk_context key;
    char socket_path[108];
};

struct sign_answer {
    uint32_t err;
    uint8_t signature[64];
};

/* One question to the socket that stands for the key. */
static int sign_by_socket(void *slot, const unsigned char digest[32], unsigned char out_sig[64])
{
    const struct tatu_tls_identity *identity = slot;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct sign_answer answer = {.err = TATU_ERR_UNREACHABLE};
    const struct timeval patience = {SIGN_TIMEOUT_S, 0};
    strcpy(address.sun_path, identity->socket_path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return TATU_ERR_UNREACHABLE;
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
        send(fd, digest, 32, MSG_NOSIGNAL) != 32 ||
        recv(fd, &answer, sizeof(answer), 0) != (ssize_t)sizeof(answer)) {
        answer.err = TATU_ERR_UNREACHABLE;
    }
    (void)close(fd);
    if (answer.err == TATU_OK) {
        memcpy(out_sig, answer.signature, sizeof(answer.signature));
    }
    return (int)answer.err;
}

/* The key of the leaf certificate, whose private half is in the vault. */
static enum tatu_err set_up_key(struct tatu_tls_identity *identity)
{
    unsigned char point[65];
    size_t len = 0;
    if (!mbedtls_pk_can_do(&identity->chain.pk, MBEDTLS_PK_ECDSA) ||
        mbedtls_pk_get_bitlen(&identity->chain.pk) != 256) {
        return TATU_ERR_CERTIFICATE;
    }
    const mbedtls_ecp_keypair *pair = mbedtls_pk_ec(identity->chain.pk);
    if (mbedtls_ecp_write_public_key(pair, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, point,
                                     sizeof(point)) != 0 ||
        len != sizeof(point)) {
        return TATU_ERR_CERTIFICATE;
    }
    return tatu_tls_vault_key_setup(&identity->key, point, sign_by_socket, identity) == 0
               ? TATU_OK
               : TATU_ERR_MEMORY;
}

enum tatu_err tatu_tls_open_identity(const char *folder, struct tatu_tls_identity **out)
{
    char path[128];
    struct tatu_tls_identity *identity = calloc(1, sizeof(*identity));
    if (identity == NULL || psa_crypto_init() != PSA_SUCCESS) {
        free(identity);
        return TATU_ERR_MEMORY;
    }
    mbedtls_x509_crt_init(&identity->chain);
    mbedtls_pk_init(&identity->key);
    (void)snprintf(path, sizeof(path), "%s/cert.pem", folder);
    (void)snprintf(identity->socket_path, sizeof(identity->socket_path), "%s/sign", folder);
    enum tatu_err err = access(path, R_OK) != 0 ? TATU_ERR_NOT_FOUND : TATU_OK;
    if (err == TATU_OK && mbedtls_x509_crt_parse_file(&identity->chain, path) != 0) {
        err = TATU_ERR_CERTIFICATE;
    }
    if (err == TATU_OK) {
        err = set_up_key(identity);
    }
    if (err != TATU_OK) {
        tatu_tls_close_identity(identity);
        return err;
    }
    *out = identity;
    return TATU_OK;
}

void tatu_tls_close_identity(struct tatu_tls_identity *identity)
{
    if (identity != NULL) {
        mbedtls_x509_crt_free(&identity->chain);
        mbedtls_pk_free(&identity->key);
        free(identity);
    }
}

enum tatu_err tatu_tls_use_identity(struct tatu_tls_identity *identity, void *ssl_config)
{
    if (identity == NULL || ssl_config == NULL) {
        return TATU_ERR_ARGUMENT;
    }
    return mbedtls_ssl_conf_own_cert(ssl_config, &identity->chain, &identity->key) == 0
               ? TATU_OK
               : TATU_ERR_CERTIFICATE;
}
