#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "applibs/networking.h"
#include "networking.h"

struct Networking_ProxyConfig {
    struct tatu_net_proxy proxy;
};

#define TYPE_HTTP 0u

APPLIBS_SAME(NETWORKING_PROXY_ADDRESS_MAX_LENGTH + 1, TATU_NET_HOST_SIZE);
APPLIBS_SAME(NETWORKING_PROXY_NO_PROXY_MAX_LENGTH + 1, TATU_NET_HOST_SIZE);
APPLIBS_SAME(NETWORKING_PROXY_CREDENTIAL_MAX_LENGTH + 1, TATU_NET_CREDENTIAL_SIZE);
APPLIBS_SAME(Networking_ProxyStatus_Enabled, TATU_NET_PROXY_ENABLED);
APPLIBS_SAME(Networking_ProxyStatus_ResolvingProxyName, TATU_NET_PROXY_RESOLVING);
APPLIBS_SAME(Networking_ProxyStatus_Ready, TATU_NET_PROXY_READY);
APPLIBS_SAME(Networking_ProxyAuthType_Basic, TATU_NET_PROXY_BASIC);

Networking_ProxyConfig *Networking_Proxy_Create(void)
{
    Networking_ProxyConfig *config = calloc(1, sizeof(*config));
    if (config != NULL) {
        config->proxy.enabled = 1;
    }
    return config;
}

void Networking_Proxy_Destroy(Networking_ProxyConfig *proxyConfig)
{
    if (proxyConfig != NULL) {
        explicit_bzero(proxyConfig, sizeof(*proxyConfig)); /* there is a password in it */
    }
    free(proxyConfig);
}

int Networking_Proxy_Get(Networking_ProxyConfig *proxyConfig)
{
    const struct applibs_request request = {.op = TATU_NET_GET_PROXY};
    struct tatu_net_proxy proxy;
    if (proxyConfig == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (tatu_applibs_get(&request, &proxy, sizeof(proxy)) != 0) {
        return -1;
    }
    /* whatever came, its texts end */
    proxy.address[sizeof(proxy.address) - 1] = '\0';
    proxy.no_proxy[sizeof(proxy.no_proxy) - 1] = '\0';
    proxy.username[sizeof(proxy.username) - 1] = '\0';
    proxy.password[sizeof(proxy.password) - 1] = '\0';
    proxyConfig->proxy = proxy;
    explicit_bzero(&proxy, sizeof(proxy));
    return 0;
}

int Networking_Proxy_Apply(const Networking_ProxyConfig *proxyConfig)
{
    if (proxyConfig == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    const struct applibs_request request = {.op = TATU_NET_SET_PROXY,
                                            .payload = &proxyConfig->proxy,
                                            .len = sizeof(proxyConfig->proxy)};
    return tatu_applibs_do(&request);
}

/* ---- setters ---- */

int Networking_Proxy_SetProxyOptions(Networking_ProxyConfig *proxyConfig,
                                     Networking_ProxyOptions options)
{
    if (proxyConfig == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if ((options & ~(Networking_ProxyOptions)Networking_ProxyOptions_Enabled) != 0) {
        return tatu_applibs_fail(EINVAL);
    }
    proxyConfig->proxy.enabled = (options & Networking_ProxyOptions_Enabled) != 0;
    return 0;
}

int Networking_Proxy_SetProxyAddress(Networking_ProxyConfig *proxyConfig, const char *proxyAddress,
                                     uint16_t port)
{
    char address[TATU_NET_HOST_SIZE];
    if (proxyConfig == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (tatu_applibs_put_text(proxyAddress, address, sizeof(address)) != 0) {
        return -1;
    }
    if (address[0] == '\0' || port == 0) {
        return tatu_applibs_fail(EINVAL);
    }
    memcpy(proxyConfig->proxy.address, address, sizeof(address));
    proxyConfig->proxy.port = port;
    return 0;
}

int Networking_Proxy_SetAnonymousAuthentication(Networking_ProxyConfig *proxyConfig)
{
    if (proxyConfig == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    proxyConfig->proxy.auth = TATU_NET_PROXY_ANONYMOUS;
    explicit_bzero(proxyConfig->proxy.username, sizeof(proxyConfig->proxy.username));
    explicit_bzero(proxyConfig->proxy.password, sizeof(proxyConfig->proxy.password));
    return 0;
}

int Networking_Proxy_SetBasicAuthentication(Networking_ProxyConfig *proxyConfig,
                                            const char *username, const char *password)
{
    char name[TATU_NET_CREDENTIAL_SIZE], word[TATU_NET_CREDENTIAL_SIZE];
    if (proxyConfig == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (tatu_applibs_put_text(username, name, sizeof(name)) != 0 ||
        tatu_applibs_put_text(password, word, sizeof(word)) != 0) {
        return -1;
    }
    if (name[0] == '\0' || word[0] == '\0') {
        return tatu_applibs_fail(EINVAL);
    }
    memcpy(proxyConfig->proxy.username, name, sizeof(name));
    memcpy(proxyConfig->proxy.password, word, sizeof(word));
    explicit_bzero(word, sizeof(word));
    proxyConfig->proxy.auth = TATU_NET_PROXY_BASIC;
    return 0;
}

int Networking_Proxy_SetProxyNoProxyAddresses(Networking_ProxyConfig *proxyConfig,
                                              const char *noProxyAdresses)
{
    return proxyConfig == NULL ? tatu_applibs_fail(EFAULT)
                               : tatu_applibs_put_text(noProxyAdresses, proxyConfig->proxy.no_proxy,
                                                       sizeof(proxyConfig->proxy.no_proxy));
}

/* ---- getters ---- */

#define CHECK(config, out)                                                                         \
    do {                                                                                           \
        if ((config) == NULL || (out) == NULL) {                                                   \
            return tatu_applibs_fail(EFAULT);                                                      \
        }                                                                                          \
    } while (0)

int Networking_Proxy_GetProxyOptions(const Networking_ProxyConfig *proxyConfig,
                                     Networking_ProxyOptions *outOptions)
{
    CHECK(proxyConfig, outOptions);
    *outOptions = proxyConfig->proxy.enabled != 0 ? Networking_ProxyOptions_Enabled
                                                  : Networking_ProxyOptions_None;
    return 0;
}

int Networking_Proxy_GetProxyPort(const Networking_ProxyConfig *proxyConfig, uint16_t *outPort)
{
    CHECK(proxyConfig, outPort);
    *outPort = proxyConfig->proxy.port;
    return 0;
}

int Networking_Proxy_GetProxyType(const Networking_ProxyConfig *proxyConfig,
                                  Networking_ProxyType *outType)
{
    CHECK(proxyConfig, outType);
    *outType = proxyConfig->proxy.type == TYPE_HTTP ? Networking_ProxyType_HTTP
                                                    : Networking_ProxyType_Invalid;
    return 0;
}

int Networking_Proxy_GetAuthType(const Networking_ProxyConfig *proxyConfig,
                                 Networking_ProxyAuthType *outAuthType)
{
    CHECK(proxyConfig, outAuthType);
    *outAuthType = proxyConfig->proxy.auth == TATU_NET_PROXY_BASIC
                       ? Networking_ProxyAuthType_Basic
                       : Networking_ProxyAuthType_Anonymous;
    return 0;
}

static const char *give(const char *text)
{
    if (text == NULL || text[0] == '\0') {
        errno = text == NULL ? EFAULT : ENODATA;
        return NULL;
    }
    return text;
}

const char *Networking_Proxy_GetProxyAddress(const Networking_ProxyConfig *proxyConfig)
{
    return give(proxyConfig == NULL ? NULL : proxyConfig->proxy.address);
}

const char *Networking_Proxy_GetNoProxyAddresses(const Networking_ProxyConfig *proxyConfig)
{
    return give(proxyConfig == NULL ? NULL : proxyConfig->proxy.no_proxy);
}

const char *Networking_Proxy_GetProxyUsername(const Networking_ProxyConfig *proxyConfig)
{
    return give(proxyConfig == NULL ? NULL : proxyConfig->proxy.username);
}

const char *Networking_Proxy_GetProxyPassword(const Networking_ProxyConfig *proxyConfig)
{
    return give(proxyConfig == NULL ? NULL : proxyConfig->proxy.password);
}

int Networking_Proxy_GetProxyStatus(Networking_ProxyStatus *outStatus)
{
    const struct applibs_request request = {.op = TATU_NET_PROXY_STATUS};
    return outStatus == NULL ? tatu_applibs_fail(EFAULT)
                             : tatu_applibs_get(&request, outStatus, sizeof(*outStatus));
}
