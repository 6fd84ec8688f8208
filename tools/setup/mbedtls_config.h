/*
 * How the device's mbedTLS is built. Every line is here because a protocol or a caller needs it;
 * what is not here is off. Users: the OS services (TLS 1.3 to the service, X.509), libcurl, and
 * customers' applications (TLS 1.2 to older servers, RSA verification, own certificates in PEM).
 *
 * The file is installed as mbedtls/mbedtls_config.h, because it decides the layout of the library's
 * structs.
 */
#ifndef TATU_MBEDTLS_CONFIG_H
#define TATU_MBEDTLS_CONFIG_H

/* -- the machine and the C library -- */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE /* certificates live 24 hours: dates are looked at */
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_FS_IO       /* libcurl and applications name files */
#define MBEDTLS_THREADING_C /* applications call from several threads; the PSA core is global */
#define MBEDTLS_THREADING_PTHREAD /* in musl threads are part of libc */
#define MBEDTLS_NET_C
#define MBEDTLS_VERSION_C
#define MBEDTLS_ERROR_C /* an operator reads sentences, not numbers */

/* -- randomness: the kernel's, by getrandom() in mbedtls_random.c --
 * The library's own detection knows getrandom() only with glibc and would open a device file here.
 * Nothing keeps random state in user space for PSA (EXTERNAL_RNG), so a fork cannot repeat it.
 * Entropy and CTR_DRBG stay for callers that seed a generator of their own (libcurl). */
#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_ENTROPY_HARDWARE_ALT
#define MBEDTLS_ENTROPY_C
#define MBEDTLS_CTR_DRBG_C
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

/* -- PSA core: TLS 1.3 runs on it. No storage: keys that last are in the vault, not in files.
 * MBEDTLS_USE_PSA_CRYPTO stays off: mbedtls-vault-key.md relies on the plain PK layer. */
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_KEY_STORE_DYNAMIC

/* -- hashes and ciphers -- */
#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_HKDF_C
#define MBEDTLS_HMAC_DRBG_C
#define MBEDTLS_CIPHER_C
#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES /* shared pages instead of 8 KiB in each process */
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C
#define MBEDTLS_CIPHER_MODE_CBC /* only for encrypted private keys in PEM; no TLS suite uses it */
#define MBEDTLS_CIPHER_PADDING_PKCS7

/* -- public keys -- */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED /* key exchange only */
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECDSA_DETERMINISTIC /* an application's own key survives a bad random number */
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_MPI_MAX_SIZE 512 /* bytes: RSA up to 4096 bits */
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_PK_WRITE_C
#define MBEDTLS_PK_PARSE_EC_COMPRESSED
#define MBEDTLS_PKCS5_C /* PBES2: encrypted private keys of applications */

/* -- encodings and X.509 -- */
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_PEM_WRITE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_CRL_PARSE_C
#define MBEDTLS_X509_CSR_PARSE_C
#define MBEDTLS_X509_CREATE_C
#define MBEDTLS_X509_CRT_WRITE_C
#define MBEDTLS_X509_CSR_WRITE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
#define MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK /* trust bundles are looked up, not all loaded   \
                                                   */

/* -- TLS: AEAD suites with forward secrecy, no tickets, no renegotiation, no DTLS -- */
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SRV_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_SSL_CIPHERSUITES                                                                   \
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_AES_256_GCM_SHA384,                          \
        MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,  \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,                                           \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,                                     \
        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,                                             \
        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,                                             \
        MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#define MBEDTLS_SSL_KEYING_MATERIAL_EXPORT /* binds evidence to the connection */
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_ALPN
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES
#define MBEDTLS_SSL_MAX_FRAGMENT_LENGTH    /* with the next line: small buffers where the server   \
                                              agrees */
#define MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH /* and after the handshake */
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384   /* bytes: what any server may send */
#define MBEDTLS_SSL_OUT_CONTENT_LEN 8192   /* bytes: holds a chain of three RSA-4096 certificates */

#endif
