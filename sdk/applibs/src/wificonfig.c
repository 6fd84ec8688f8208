/* Wi-Fi networks by id; wifi_lists.c has those that are told in structs. */
#include "applibs/wificonfig.h"

#include <errno.h>
#include <string.h>

#include "control.h"
#include "proto/network.h"

APPLIBS_SAME(WIFICONFIG_SSID_MAX_LENGTH, TATU_NET_WIFI_SSID_MAX);
APPLIBS_SAME(WIFICONFIG_CONFIG_NAME_MAX_LENGTH + 1, TATU_NET_WIFI_NAME_SIZE);
APPLIBS_SAME(WIFICONFIG_EAP_IDENTITY_MAX_LENGTH + 1, TATU_NET_WIFI_IDENTITY_SIZE);
APPLIBS_SAME(CERTSTORE_MAX_IDENTIFIER_LENGTH + 1, TATU_NET_CERT_ID_SIZE);
APPLIBS_SAME(WifiConfig_Security_Open, TATU_NET_WIFI_OPEN);
APPLIBS_SAME(WifiConfig_Security_Wpa2_Psk, TATU_NET_WIFI_PSK);
APPLIBS_SAME(WifiConfig_Security_Wpa2_EAP_TLS, TATU_NET_WIFI_EAP_TLS);

/* Asks what is answered with the id of a network. */
static int ask_id(const struct applibs_request *request)
{
    int32_t id = -1;
    return tatu_applibs_get(request, &id, sizeof(id)) == 0 ? id : -1;
}

static int ask(uint32_t op, uint32_t a)
{
    const struct applibs_request request = {.op = op, .a = a};
    return tatu_applibs_do(&request);
}

/* ---- networks ---- */

static int store(WifiConfig_Security security, const uint8_t *ssid, size_t ssid_len,
                 const char *psk, size_t psk_len)
{
    struct tatu_net_wifi_new new = {.network = {.security = (uint8_t)security, .enabled = 1}};
    const struct applibs_request request = {
        .op = TATU_NET_WIFI_STORE, .payload = &new, .len = sizeof(new)};
    if (ssid == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (ssid_len == 0 || ssid_len > sizeof(new.network.ssid) || psk_len > sizeof(new.psk)) {
        return tatu_applibs_fail(ERANGE);
    }
    new.network.ssid_len = (uint8_t)ssid_len;
    memcpy(new.network.ssid, ssid, ssid_len);
    new.psk_len = (uint8_t)psk_len;
    if (psk_len != 0) {
        memcpy(new.psk, psk, psk_len);
    }
    const int id = ask_id(&request);
    explicit_bzero(&new, sizeof(new));
    return id < 0 ? -1 : 0;
}

int WifiConfig_StoreOpenNetwork(const uint8_t *ssid, size_t ssidLength)
{
    return store(WifiConfig_Security_Open, ssid, ssidLength, NULL, 0);
}

int WifiConfig_StoreWpa2Network(const uint8_t *ssid, size_t ssidLength, const char *psk,
                                size_t pskLength)
{
    return psk == NULL ? tatu_applibs_fail(EFAULT)
                       : store(WifiConfig_Security_Wpa2_Psk, ssid, ssidLength, psk, pskLength);
}

int WifiConfig_AddNetwork(void)
{
    const struct applibs_request request = {.op = TATU_NET_WIFI_ADD};
    return ask_id(&request);
}

/* Asks about a configuration's name. */
static int ask_name(uint32_t op, uint32_t a, const char *name)
{
    char payload[TATU_NET_WIFI_NAME_SIZE] = "";
    const struct applibs_request request = {
        .op = op, .a = a, .payload = payload, .len = sizeof(payload)};
    if (name == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    const size_t len = strnlen(name, sizeof(payload));
    if (len == 0 || len == sizeof(payload)) {
        return tatu_applibs_fail(ERANGE);
    }
    memcpy(payload, name, len);
    return ask_id(&request);
}

int WifiConfig_AddDuplicateNetwork(int networkId, const char *configName)
{
    return ask_name(TATU_NET_WIFI_COPY, (uint32_t)networkId, configName);
}

int WifiConfig_GetNetworkIdByConfigName(const char *configName)
{
    return ask_name(TATU_NET_WIFI_FIND, 0, configName);
}

int WifiConfig_ForgetNetworkById(int networkId)
{
    return ask(TATU_NET_WIFI_FORGET, (uint32_t)networkId);
}

int WifiConfig_ForgetAllNetworks(void)
{
    return ask(TATU_NET_WIFI_FORGET_ALL, 0);
}

int WifiConfig_ReloadConfig(void)
{
    return ask(TATU_NET_WIFI_RELOAD, 0);
}

int WifiConfig_PersistConfig(void)
{
    return ask(TATU_NET_WIFI_PERSIST, 0);
}

int WifiConfig_SetPowerSavingsEnabled(bool enabled)
{
    return ask(TATU_NET_WIFI_POWER_SAVING, enabled ? 1 : 0);
}

ssize_t WifiConfig_GetStoredNetworkCount(void)
{
    /* none of them is told, but how many there are */
    const struct applibs_request request = {.op = TATU_NET_WIFI_LIST, .a = UINT32_MAX};
    uint32_t count = 0;
    return tatu_applibs_get(&request, &count, sizeof(count)) == 0 ? (ssize_t)count : -1;
}

/* ---- fields ---- */

static int set(int id, enum tatu_net_wifi_field field, const void *value, size_t len)
{
    const struct applibs_request request = {.op = TATU_NET_WIFI_SET,
                                            .a = (uint32_t)id,
                                            .b = (uint32_t)field,
                                            .payload = value,
                                            .len = len};
    return tatu_applibs_do(&request);
}

static int set_enterprise(int id, enum tatu_net_wifi_field field, const void *value, size_t len)
{
    const struct applibs_request request = {.op = TATU_NET_WIFI_ENTERPRISE_SET,
                                            .a = (uint32_t)id,
                                            .b = (uint32_t)field,
                                            .payload = value,
                                            .len = len};
    return tatu_applibs_do(&request);
}

/* Bytes that are not too many for one request; netd has the limit of each field. */
static int set_bytes(int id, enum tatu_net_wifi_field field, const void *value, size_t len)
{
    if (value == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    return len > TATU_REQUEST_PAYLOAD_MAX ? tatu_applibs_fail(ERANGE) : set(id, field, value, len);
}

static int set_flag(int id, enum tatu_net_wifi_field field, bool enabled)
{
    const uint32_t value = enabled ? 1 : 0;
    return set(id, field, &value, sizeof(value));
}

int WifiConfig_SetSSID(int networkId, const uint8_t *ssid, size_t ssidLength)
{
    return set_bytes(networkId, TATU_NET_WIFI_FIELD_SSID, ssid, ssidLength);
}

int WifiConfig_SetSecurityType(int networkId, WifiConfig_Security_Type securityType)
{
    const uint32_t value = securityType;
    return securityType == WifiConfig_Security_Wpa2_EAP_TLS
               ? set_enterprise(networkId, TATU_NET_WIFI_FIELD_SECURITY, &value, sizeof(value))
               : set(networkId, TATU_NET_WIFI_FIELD_SECURITY, &value, sizeof(value));
}

int WifiConfig_SetNetworkEnabled(int networkId, bool enabled)
{
    return set_flag(networkId, TATU_NET_WIFI_FIELD_ENABLED, enabled);
}

int WifiConfig_SetTargetedScanEnabled(int networkId, bool enabled)
{
    return set_flag(networkId, TATU_NET_WIFI_FIELD_TARGETED, enabled);
}

int WifiConfig_SetPSK(int networkId, const char *psk, size_t pskLength)
{
    return set_bytes(networkId, TATU_NET_WIFI_FIELD_PSK, psk, pskLength);
}

int WifiConfig_SetConfigName(int networkId, const char *configName)
{
    if (configName == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    const size_t len = strnlen(configName, TATU_NET_WIFI_NAME_SIZE);
    return len == 0 ? tatu_applibs_fail(ERANGE)
                    : set(networkId, TATU_NET_WIFI_FIELD_NAME, configName, len);
}

/* ---- EAP-TLS ---- */

static int set_text(int id, enum tatu_net_wifi_field field, const char *text, size_t size)
{
    return text == NULL ? tatu_applibs_fail(EFAULT)
                        : set_enterprise(id, field, text, strnlen(text, size));
}

int WifiConfig_SetClientIdentity(int networkId, const char *identity)
{
    return set_text(networkId, TATU_NET_WIFI_FIELD_IDENTITY, identity, TATU_NET_WIFI_IDENTITY_SIZE);
}

int WifiConfig_SetClientCertStoreIdentifier(int networkId, const char *certStoreIdentifier)
{
    return set_text(networkId, TATU_NET_WIFI_FIELD_CLIENT, certStoreIdentifier,
                    TATU_NET_CERT_ID_SIZE);
}

int WifiConfig_SetRootCACertStoreIdentifier(int networkId, const char *certStoreIdentifier)
{
    return set_text(networkId, TATU_NET_WIFI_FIELD_ROOT, certStoreIdentifier,
                    TATU_NET_CERT_ID_SIZE);
}

static int get(int id, const void *out, struct tatu_net_wifi *network)
{
    const struct applibs_request request = {.op = TATU_NET_WIFI_ENTERPRISE_GET, .a = (uint32_t)id};
    return out == NULL ? tatu_applibs_fail(EFAULT)
                       : tatu_applibs_get(&request, network, sizeof(*network));
}

static int give_text(const char *text, size_t size, char *out)
{
    const size_t len = strnlen(text, size - 1);
    if (len == 0) {
        return tatu_applibs_fail(ENODATA);
    }
    memcpy(out, text, len);
    out[len] = '\0';
    return 0;
}

int WifiConfig_GetClientIdentity(int networkId, WifiConfig_ClientIdentity *outIdentity)
{
    struct tatu_net_wifi network;
    return get(networkId, outIdentity, &network) != 0
               ? -1
               : give_text(network.identity, sizeof(network.identity), outIdentity->identity);
}

int WifiConfig_GetClientCertStoreIdentifier(int networkId, CertStore_Identifier *outIdentifier)
{
    struct tatu_net_wifi network;
    return get(networkId, outIdentifier, &network) != 0
               ? -1
               : give_text(network.client, sizeof(network.client), outIdentifier->identifier);
}

int WifiConfig_GetRootCACertStoreIdentifier(int networkId, CertStore_Identifier *outIdentifier)
{
    struct tatu_net_wifi network;
    return get(networkId, outIdentifier, &network) != 0
               ? -1
               : give_text(network.root, sizeof(network.root), outIdentifier->identifier);
}
