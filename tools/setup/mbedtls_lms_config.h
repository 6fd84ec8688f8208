/*
 * mbedTLS for the second signature of firmware: LMS (RFC 8554) and what it stands on. Built for the
 * host: the chip's engine verifies with it, the CLI signs.
 *
 * The file is installed as mbedtls/mbedtls_config.h, because it decides the layout of the library's
 * structs.
 */
#ifndef TATU_MBEDTLS_LMS_CONFIG_H
#define TATU_MBEDTLS_LMS_CONFIG_H

#define MBEDTLS_LMS_C
#define MBEDTLS_LMS_PRIVATE /* signing: the CLI; the chip has no use for it */
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_PROCESS_ALT /* by nettle, mbedtls_lms_sha256.c: five times as fast */
#define MBEDTLS_PSA_CRYPTO_C       /* LMS hashes through it, */
#define MBEDTLS_PSA_ASSUME_EXCLUSIVE_BUFFERS /* and half the time went into copies of its input */
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG /* the core wants a source: getrandom, mbedtls_random.c */
#define MBEDTLS_PLATFORM_C

#endif
