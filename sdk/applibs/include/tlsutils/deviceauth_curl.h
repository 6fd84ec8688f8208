/* Daily certificate for curl: mutual TLS whose private key stays in the vault. */
#pragma once

#include <curl/curl.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    DeviceAuthSslResult_Success = 0,
    DeviceAuthSslResult_GetTenantIdError = 1,
    DeviceAuthSslResult_GetCertificateError = 2,
    DeviceAuthSslResult_EnableHardwareSigningError = 3,
} DeviceAuthSslResult;

/** For CURLOPT_SSL_CTX_FUNCTION: gives the TLS session the daily certificate and the vault's key.
 */
CURLcode DeviceAuth_CurlSslFunc(CURL *curl, void *sslctx, void *userCtx);

/** The same for a TLS configuration of the device's TLS library (mbedTLS: struct
 * mbedtls_ssl_config). */
DeviceAuthSslResult DeviceAuth_SslCtxFunc(void *sslctx);

#ifdef __cplusplus
}
#endif
