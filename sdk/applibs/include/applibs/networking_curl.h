/* The device's proxy for curl. */
#pragma once

#include <applibs/networking.h>
#include <curl/curl.h>
#include <errno.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Curl's name of a type of proxy. */
static inline curl_proxytype
Networking_Curl_ProxyTypeToCurlProxyType(Networking_ProxyType proxyType)
{
    (void)proxyType; /* there is one; Invalid is never told of a configuration */
    return CURLPROXY_HTTP;
}

static inline int z__Networking_Curl_Set(CURL *curl, CURLoption option, const char *value)
{
    return curl_easy_setopt(curl, option, value) == CURLE_OK ? 0 : -1;
}

static inline int z__Networking_Curl_SetCredentials(CURL *curl,
                                                    const Networking_ProxyConfig *proxyConfig)
{
    Networking_ProxyAuthType type = Networking_ProxyAuthType_Anonymous;
    if (Networking_Proxy_GetAuthType(proxyConfig, &type) != 0) {
        return -1;
    }
    if (type != Networking_ProxyAuthType_Basic) {
        return 0;
    }
    if (curl_easy_setopt(curl, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC) != CURLE_OK) {
        return -1;
    }
    return z__Networking_Curl_Set(curl, CURLOPT_PROXYUSERNAME,
                                  Networking_Proxy_GetProxyUsername(proxyConfig)) != 0
               ? -1
               : z__Networking_Curl_Set(curl, CURLOPT_PROXYPASSWORD,
                                        Networking_Proxy_GetProxyPassword(proxyConfig));
}

static inline int z__Networking_Curl_SetProxy(CURL *curl, const Networking_ProxyConfig *proxyConfig)
{
    Networking_ProxyOptions options = Networking_ProxyOptions_None;
    Networking_ProxyType type = Networking_ProxyType_Invalid;
    const char *exceptions = Networking_Proxy_GetNoProxyAddresses(proxyConfig);
    uint16_t port = 0;
    if (Networking_Proxy_GetProxyOptions(proxyConfig, &options) != 0 ||
        Networking_Proxy_GetProxyPort(proxyConfig, &port) != 0 ||
        Networking_Proxy_GetProxyType(proxyConfig, &type) != 0) {
        return -1;
    }
    if ((options & Networking_ProxyOptions_Enabled) == 0) {
        return z__Networking_Curl_Set(curl, CURLOPT_PROXY, "");
    }
    if (z__Networking_Curl_Set(curl, CURLOPT_PROXY,
                               Networking_Proxy_GetProxyAddress(proxyConfig)) != 0 ||
        curl_easy_setopt(curl, CURLOPT_PROXYPORT, (long)port) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_PROXYTYPE,
                         (long)Networking_Curl_ProxyTypeToCurlProxyType(type)) != CURLE_OK ||
        (exceptions != NULL && z__Networking_Curl_Set(curl, CURLOPT_NOPROXY, exceptions) != 0)) {
        return -1;
    }
    return z__Networking_Curl_SetCredentials(curl, proxyConfig);
}

/**
 * Has transfers of a curl handle go through the device's proxy; directly when none is configured or
 * it is not enabled. NetworkConfig or ReadNetworkProxyConfig.
 * Returns 0, or -1 and errno: EFAULT curlHandle is NULL, EINVAL curl does not take it, ENOMEM, and
 * those of Networking_Proxy_Get.
 */
static inline int Networking_Curl_SetDefaultProxy(CURL *curlHandle)
{
    Networking_ProxyConfig *proxyConfig = NULL;
    int problem = 0;
    if (curlHandle == NULL) {
        errno = EFAULT;
        return -1;
    }
    proxyConfig = Networking_Proxy_Create();
    if (proxyConfig == NULL) {
        return -1;
    }
    if (Networking_Proxy_Get(proxyConfig) == 0) {
        problem = z__Networking_Curl_SetProxy(curlHandle, proxyConfig) == 0 ? 0 : EINVAL;
    } else if (errno == ENOENT) {
        problem = z__Networking_Curl_Set(curlHandle, CURLOPT_PROXY, "") == 0 ? 0 : EINVAL;
    } else {
        problem = errno;
    }
    Networking_Proxy_Destroy(proxyConfig);
    errno = problem != 0 ? problem : errno;
    return problem == 0 ? 0 : -1;
}

#ifdef __cplusplus
}
#endif
