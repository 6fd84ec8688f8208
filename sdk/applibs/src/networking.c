/* Interfaces, and what all calls about the network share. */
#include "networking.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "applibs/networking.h"

#define MAGIC 0xfa9a0000u

APPLIBS_SAME(IF_NAMESIZE, TATU_NET_NAME_SIZE);
APPLIBS_SAME(Networking_InterfaceMedium_Wifi, TATU_NET_MEDIUM_WIFI);
APPLIBS_SAME(Networking_InterfaceMedium_Ethernet, TATU_NET_MEDIUM_ETHERNET);
APPLIBS_SAME(Networking_IpType_DhcpClient, TATU_NET_IP_DYNAMIC);
APPLIBS_SAME(Networking_InterfaceConnectionStatus_InterfaceUp, TATU_NET_FLAG_UP);
APPLIBS_SAME(Networking_InterfaceConnectionStatus_ConnectedToNetwork, TATU_NET_FLAG_CONNECTED);
APPLIBS_SAME(Networking_InterfaceConnectionStatus_IpAvailable, TATU_NET_FLAG_IP);
APPLIBS_SAME(Networking_InterfaceConnectionStatus_ConnectedToInternet, TATU_NET_FLAG_INTERNET);

/* ---- shared ---- */

int tatu_applibs_put_text(const char *text, char *out, size_t size)
{
    if (text == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    const size_t len = strnlen(text, size);
    if (len == size) {
        return tatu_applibs_fail(ERANGE);
    }
    memset(out, 0, size);
    memcpy(out, text, len);
    return 0;
}

int tatu_applibs_put_interface(const char *name, char out[TATU_NET_NAME_SIZE])
{
    const int result = tatu_applibs_put_text(name, out, TATU_NET_NAME_SIZE);
    return result != 0 && errno == ERANGE ? tatu_applibs_fail(ENOENT) : result;
}

int tatu_applibs_ask_interface(uint32_t op, uint32_t a, const char *name, void *out, size_t size)
{
    char payload[TATU_NET_NAME_SIZE];
    const struct applibs_request request = {
        .op = op, .a = a, .payload = payload, .len = sizeof(payload)};
    return tatu_applibs_put_interface(name, payload) != 0 ? -1
                                                          : tatu_applibs_get(&request, out, size);
}

void tatu_applibs_put_address(struct in_addr address, uint8_t out[16])
{
    memset(out, 0, 16);
    if (address.s_addr != INADDR_ANY) {
        memset(out + 10, 0xff, 2);
        memcpy(out + 12, &address.s_addr, 4);
    }
}

uint8_t tatu_applibs_get_prefix(struct in_addr mask)
{
    const uint32_t bits = ntohl(mask.s_addr);
    uint8_t prefix = 0;
    while (prefix < 32 && (bits << prefix & UINT32_C(0x80000000)) != 0) {
        prefix++;
    }
    return prefix == 32 || bits << prefix == 0 ? prefix : 0;
}

/* ---- interfaces ---- */

int Networking_IsNetworkingReady(bool *outIsNetworkingReady)
{
    const struct applibs_request request = {.op = TATU_NET_READY};
    uint32_t ready = 0;
    if (outIsNetworkingReady == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (tatu_applibs_get(&request, &ready, sizeof(ready)) != 0) {
        return -1;
    }
    *outIsNetworkingReady = ready != 0;
    return 0;
}

/* How many there are, -1 and errno. */
static ssize_t list(struct tatu_net_interface out[TATU_NET_INTERFACE_MAX])
{
    const struct applibs_request request = {.op = TATU_NET_INTERFACES};
    const ssize_t got = tatu_applibs_ask(&request, out, TATU_NET_INTERFACE_MAX * sizeof(out[0]));
    if (got >= 0 && (size_t)got % sizeof(out[0]) != 0) {
        return tatu_applibs_fail(EIO);
    }
    return got < 0 ? -1 : (ssize_t)((size_t)got / sizeof(out[0]));
}

ssize_t Networking_GetInterfaceCount(void)
{
    struct tatu_net_interface all[TATU_NET_INTERFACE_MAX];
    return list(all);
}

static Networking_NetworkInterface describe(const struct tatu_net_interface *from)
{
    Networking_NetworkInterface to = {
        .z__magicAndVersion = MAGIC | 1,
        .isEnabled = (from->flags & TATU_NET_FLAG_UP) != 0,
        .interfaceNameLength = (uint32_t)strnlen(from->name, IF_NAMESIZE - 1),
        .ipConfigurationType = from->dynamic,
        .interfaceMediumType = from->medium,
    };
    memcpy(to.interfaceName, from->name, to.interfaceNameLength);
    return to;
}

ssize_t z__Networking_GetInterfaces(Networking_NetworkInterface *outNetworkInterfacesArray,
                                    size_t networkInterfacesArrayCount, uint32_t structVersion)
{
    struct tatu_net_interface all[TATU_NET_INTERFACE_MAX];
    if (outNetworkInterfacesArray == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (!tatu_applibs_is_v1(structVersion, MAGIC)) {
        return tatu_applibs_fail(EINVAL);
    }
    if (networkInterfacesArrayCount == 0) {
        return tatu_applibs_fail(ERANGE);
    }
    const ssize_t count = list(all);
    if (count < 0) {
        return -1;
    }
    const size_t told =
        (size_t)count < networkInterfacesArrayCount ? (size_t)count : networkInterfacesArrayCount;
    for (size_t i = 0; i < told; i++) {
        outNetworkInterfacesArray[i] = describe(&all[i]);
    }
    return (ssize_t)told;
}

int Networking_SetInterfaceState(const char *networkInterfaceName, bool isEnabled)
{
    uint8_t nothing;
    return tatu_applibs_ask_interface(TATU_NET_SET_UP, isEnabled ? 1 : 0, networkInterfaceName,
                                      &nothing, 0);
}

int Networking_GetInterfaceConnectionStatus(const char *networkInterfaceName,
                                            Networking_InterfaceConnectionStatus *outStatus)
{
    return outStatus == NULL ? tatu_applibs_fail(EFAULT)
                             : tatu_applibs_ask_interface(TATU_NET_STATUS, 0, networkInterfaceName,
                                                          outStatus, sizeof(*outStatus));
}

int Networking_SetHardwareAddress(const char *networkInterfaceName, const uint8_t *hardwareAddress,
                                  size_t hardwareAddressLength)
{
    struct tatu_net_mac mac = {.zero = {0}};
    const struct applibs_request request = {
        .op = TATU_NET_SET_MAC, .payload = &mac, .len = sizeof(mac)};
    if (hardwareAddress == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (hardwareAddressLength != sizeof(mac.mac)) {
        return tatu_applibs_fail(ERANGE);
    }
    memcpy(mac.mac, hardwareAddress, sizeof(mac.mac));
    return tatu_applibs_put_interface(networkInterfaceName, mac.name) != 0
               ? -1
               : tatu_applibs_do(&request);
}

int Networking_GetHardwareAddress(const char *networkInterfaceName,
                                  Networking_Interface_HardwareAddress *outAddress)
{
    struct tatu_net_mac mac;
    if (outAddress == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (tatu_applibs_ask_interface(TATU_NET_GET_MAC, 0, networkInterfaceName, &mac, sizeof(mac)) !=
        0) {
        return -1;
    }
    memcpy(outAddress->address, mac.mac, sizeof(outAddress->address));
    return 0;
}

int Networking_ReleaseIp(const char *networkInterfaceName)
{
    uint8_t nothing;
    return tatu_applibs_ask_interface(TATU_NET_RELEASE_IP, 0, networkInterfaceName, &nothing, 0);
}

int Networking_RenewIp(const char *networkInterfaceName)
{
    uint8_t nothing;
    return tatu_applibs_ask_interface(TATU_NET_RENEW_IP, 0, networkInterfaceName, &nothing, 0);
}

int Networking_IpConfig_ReleaseIp(const char *networkInterfaceName)
{
    return Networking_ReleaseIp(networkInterfaceName);
}

int Networking_IpConfig_RenewIp(const char *networkInterfaceName)
{
    return Networking_RenewIp(networkInterfaceName);
}
