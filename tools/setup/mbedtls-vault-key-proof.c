/*
 * mbedtls-vault-key-proof PORT MODE DIR: one TLS request as a client whose private key is in
 * another process. MODE good signs, refuse makes the vault answer 7, wrong makes it sign with
 * another key. Run by mbedtls-vault-key-test.sh with the code of mbedtls-vault-key.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mbedtls/error.h"
#include "mbedtls/net_sockets.h"
#include "mbedtls/psa_util.h"
#include "mbedtls/ssl.h"
#include "mbedtls/x509_csr.h"
#include "vault_key.h"

static const char *dir;

static void check(int ret, const char *what)
{
    char text[128];

    if (ret < 0) {
        mbedtls_strerror(ret, text, sizeof(text));
        printf("%s: %s\n", what, text);
        exit(1);
    }
}

static size_t transfer(const char *name, const char *mode, void *bytes, size_t size)
{
    char path[512];
    FILE *file;
    size_t done;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, mode);
    check(-(file == NULL), name);
    done = mode[0] == 'r' ? fread(bytes, 1, size, file) : fwrite(bytes, 1, size, file);
    check(-(fclose(file) != 0), name);
    return done;
}

/* The "vault" is the openssl program: only it ever opens a key file. */
static int sign_elsewhere(void *slot, const unsigned char digest[32], unsigned char out_sig[64])
{
    const char *mode = slot;
    unsigned char der[80];
    char command[2048];
    size_t sig_len;

    if (strcmp(mode, "refuse") == 0) {
        return 7;
    }
    transfer("digest", "wb", (void *)digest, 32);
    snprintf(command, sizeof(command),
             "openssl pkeyutl -sign -inkey %s/%s.key -in %s/digest -out %s/signature", dir,
             strcmp(mode, "wrong") == 0 ? "wrong" : "vault", dir, dir);
    if (system(command) != 0) {
        return 8;
    }
    return mbedtls_ecdsa_der_to_raw(256, der, transfer("signature", "rb", der, sizeof(der)),
                                    out_sig, 64, &sig_len);
}

static void write_request(mbedtls_pk_context *key)
{
    mbedtls_x509write_csr csr;
    unsigned char pem[1024];

    mbedtls_x509write_csr_init(&csr);
    mbedtls_x509write_csr_set_key(&csr, key);
    mbedtls_x509write_csr_set_md_alg(&csr, MBEDTLS_MD_SHA256);
    check(mbedtls_x509write_csr_set_subject_name(&csr, "CN=device"), "subject");
    check(mbedtls_x509write_csr_pem(&csr, pem, sizeof(pem), mbedtls_psa_get_random,
                                    MBEDTLS_PSA_RANDOM_STATE),
          "request");
    transfer("device.csr", "wb", pem, strlen((char *)pem));
    mbedtls_x509write_csr_free(&csr);
}

static void exchange(mbedtls_ssl_context *ssl, mbedtls_pk_context *key)
{
    static const unsigned char request[] = "GET / HTTP/1.0\r\n\r\n";
    unsigned char answer[4096];
    int ret = mbedtls_ssl_handshake(ssl);

    printf("vault said %d\n", vault_key_last_error(key));
    check(ret, "handshake");
    printf("%s %s\n", mbedtls_ssl_get_version(ssl), mbedtls_ssl_get_ciphersuite(ssl));
    check(mbedtls_ssl_write(ssl, request, sizeof(request) - 1), "write");
    ret = mbedtls_ssl_read(ssl, answer, sizeof(answer));
    check(ret, "read");
    printf("read %.15s\n", answer);
    mbedtls_ssl_close_notify(ssl);
}

int main(int argc, char **argv)
{
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt ca, device;
    mbedtls_pk_context key;
    mbedtls_net_context net;
    unsigned char point[65], pem[2048];

    if (argc != 4) {
        return 2;
    }
    dir = argv[3];
    check(-(psa_crypto_init() != PSA_SUCCESS), "psa");
    mbedtls_ssl_init(&ssl);
    mbedtls_ssl_config_init(&conf);
    mbedtls_x509_crt_init(&ca);
    mbedtls_x509_crt_init(&device);
    mbedtls_net_init(&net);
    pem[transfer("ca.pem", "rb", pem, sizeof(pem) - 1)] = '\0';
    check(mbedtls_x509_crt_parse(&ca, pem, strlen((char *)pem) + 1), "ca");
    pem[transfer("device.pem", "rb", pem, sizeof(pem) - 1)] = '\0';
    check(mbedtls_x509_crt_parse(&device, pem, strlen((char *)pem) + 1), "certificate");

    transfer("vault.point", "rb", point, sizeof(point));
    check(vault_key_setup(&key, point, sign_elsewhere, argv[2]), "vault key");
    check(-!vault_key_matches(&key, &device.pk), "certificate of another key");
    check(-vault_key_matches(&key, &ca.pk), "the CA's key taken for ours");
    if (strcmp(argv[2], "good") == 0) {
        write_request(&key);
    }
    check(mbedtls_ssl_config_defaults(&conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                      MBEDTLS_SSL_PRESET_DEFAULT),
          "defaults");
    mbedtls_ssl_conf_rng(&conf, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_ca_chain(&conf, &ca, NULL);
    check(mbedtls_ssl_conf_own_cert(&conf, &device, &key), "own certificate");
    check(mbedtls_ssl_setup(&ssl, &conf), "setup");
    check(mbedtls_ssl_set_hostname(&ssl, "localhost"), "name");
    check(mbedtls_net_connect(&net, "127.0.0.1", argv[1], MBEDTLS_NET_PROTO_TCP), "connect");
    mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
    exchange(&ssl, &key);

    mbedtls_ssl_free(&ssl);
    mbedtls_ssl_config_free(&conf);
    mbedtls_pk_free(&key);
    mbedtls_x509_crt_free(&device);
    mbedtls_x509_crt_free(&ca);
    mbedtls_net_free(&net);
    mbedtls_psa_crypto_free();
    return 0;
}
