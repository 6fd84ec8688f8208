/*
 * Network interfaces, addresses, time, services for private networks, and the proxy. Addresses are
 * IPv4. The only version of the structs is 1, the default of NETWORKING_STRUCTS_VERSION.
 *
 * Every function that asks the system: EAGAIN the network is not up yet, EIO the system does not
 * answer; where a capability of the manifest is named, EACCES without it. A networkInterfaceName is
 * NULL-terminated: EFAULT it is NULL, ENOENT there is none of that name, EPERM it is the system's
 * own.
 */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifndef NETWORKING_STRUCTS_VERSION
#define NETWORKING_STRUCTS_VERSION 1
#endif
#if NETWORKING_STRUCTS_VERSION != 1
#error "applibs/networking.h: there is no such NETWORKING_STRUCTS_VERSION; use 1"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- interfaces ---- */

typedef uint8_t Networking_InterfaceMedium_Type;
typedef enum {
    Networking_InterfaceMedium_Unspecified = 0,
    Networking_InterfaceMedium_Wifi = 1,
    Networking_InterfaceMedium_Ethernet = 2,
} Networking_InterfaceMedium;

typedef uint8_t Networking_IpType_Type;
typedef enum {
    Networking_IpType_DhcpNone = 0,
    Networking_IpType_DhcpClient = 1,
} Networking_IpType;

/** How far an interface is, as bits. */
typedef uint32_t Networking_InterfaceConnectionStatus;
enum {
    Networking_InterfaceConnectionStatus_InterfaceUp = 1 << 0,
    Networking_InterfaceConnectionStatus_ConnectedToNetwork = 1 << 1,
    Networking_InterfaceConnectionStatus_IpAvailable = 1 << 2,
    Networking_InterfaceConnectionStatus_ConnectedToInternet = 1 << 3,
};

/** An interface, as Networking_GetInterfaces tells. */
struct z__Networking_NetworkInterface_v1 {
    uint32_t z__magicAndVersion;
    bool isEnabled;
    char interfaceName[IF_NAMESIZE];
    uint32_t interfaceNameLength; /**< without its NUL */
    Networking_IpType_Type ipConfigurationType;
    Networking_InterfaceMedium_Type interfaceMediumType;
};
typedef struct z__Networking_NetworkInterface_v1 Networking_NetworkInterface;

#define HARDWARE_ADDRESS_LENGTH 6

/** The address of an interface on its link. */
typedef struct Networking_Interface_HardwareAddress {
    uint8_t address[HARDWARE_ADDRESS_LENGTH];
} Networking_Interface_HardwareAddress;

/* What programs link to: Networking_GetInterfaces, told which version of the struct they use. */
ssize_t z__Networking_GetInterfaces(Networking_NetworkInterface *outNetworkInterfacesArray,
                                    size_t networkInterfacesArrayCount, uint32_t structVersion);

/** Whether an interface has an address that leads out and the time is set, so that TLS can succeed.
 * Returns 0 and *outIsNetworkingReady, or -1 and errno: EFAULT. */
int Networking_IsNetworkingReady(bool *outIsNetworkingReady);

/** How many interfaces there are, or -1 and errno. */
ssize_t Networking_GetInterfaceCount(void);

/** Tells of as many interfaces as there is room for. Returns how many, or -1 and errno: EFAULT
 * outNetworkInterfacesArray is NULL, ERANGE its count is 0. */
static inline ssize_t
Networking_GetInterfaces(Networking_NetworkInterface *outNetworkInterfacesArray,
                         size_t networkInterfacesArrayCount)
{
    return z__Networking_GetInterfaces(outNetworkInterfacesArray, networkInterfacesArrayCount,
                                       NETWORKING_STRUCTS_VERSION);
}

/** Puts an interface up or down, and keeps it so over restarts. NetworkConfig. Returns 0, or -1 and
 * errno. */
int Networking_SetInterfaceState(const char *networkInterfaceName, bool isEnabled);

/** How far an interface is. Returns 0 and *outStatus, or -1 and errno: EFAULT. */
int Networking_GetInterfaceConnectionStatus(const char *networkInterfaceName,
                                            Networking_InterfaceConnectionStatus *outStatus);

/** Gives an interface another hardware address, over restarts. HardwareAddressConfig. Returns 0, or
 * -1 and errno: EFAULT, ERANGE the length is not HARDWARE_ADDRESS_LENGTH, EINVAL an address of a
 * group, or zero. */
int Networking_SetHardwareAddress(const char *networkInterfaceName, const uint8_t *hardwareAddress,
                                  size_t hardwareAddressLength);

/** Returns 0 and *outAddress, or -1 and errno: EFAULT. */
int Networking_GetHardwareAddress(const char *networkInterfaceName,
                                  Networking_Interface_HardwareAddress *outAddress);

/* ---- addresses ---- */

/** How an interface gets its address and name servers. Made by ..._Init, ended by ..._Destroy. */
typedef struct Networking_IpConfig {
    uint64_t reserved[5];
} Networking_IpConfig;

/** A configuration with dynamic address and the network's name servers. */
void Networking_IpConfig_Init(Networking_IpConfig *ipConfig);
void Networking_IpConfig_Destroy(Networking_IpConfig *ipConfig);

/** The address comes from the network's DHCP server. */
void Networking_IpConfig_EnableDynamicIp(Networking_IpConfig *ipConfig);

/** The address is this one; a gatewayAddress of 0.0.0.0 is none. */
void Networking_IpConfig_EnableStaticIp(Networking_IpConfig *ipConfig, struct in_addr ipAddress,
                                        struct in_addr subnetMask, struct in_addr gatewayAddress);

/** The network tells the name servers. */
void Networking_IpConfig_EnableAutomaticDns(Networking_IpConfig *ipConfig);

/** The name servers are these alone. Returns 0, or -1 and errno: EFAULT, ERANGE not 1 to 3. */
int Networking_IpConfig_EnableCustomDns(Networking_IpConfig *ipConfig,
                                        const struct in_addr *dnsServerAddresses,
                                        size_t serverCount);

/** Configures an interface, over restarts. NetworkConfig. Returns 0, or -1 and errno: EFAULT,
 * EINVAL the configuration was not initialised, or its address, mask, gateway or a name server is
 * none. */
int Networking_IpConfig_Apply(const char *networkInterfaceName,
                              const Networking_IpConfig *ipConfig);

/** Gives a dynamic address back; the interface has none until it is renewed. NetworkConfig. Returns
 * 0, or -1 and errno: EPERM its address is static. */
int Networking_ReleaseIp(const char *networkInterfaceName);

/** Asks for a dynamic address anew. NetworkConfig. Returns and errno as above. */
int Networking_RenewIp(const char *networkInterfaceName);

/* The same two under the names of their family. */
int Networking_IpConfig_ReleaseIp(const char *networkInterfaceName);
int Networking_IpConfig_RenewIp(const char *networkInterfaceName);

/* ---- time ---- */

/** What is asked when no other time server answers. */
typedef enum {
    Networking_NtpOption_FallbackServerDisabled = 0,
    Networking_NtpOption_FallbackServerEnabled = 1,
} Networking_NtpOption;

/** Whether the system sets its time from the network. TimeSyncConfig. Returns 0, or -1 and errno.
 */
int Networking_TimeSync_SetEnabled(bool enabled);

/** TimeSyncConfig. Returns 0 and *outIsEnabled, or -1 and errno: EFAULT. */
int Networking_TimeSync_GetEnabled(bool *outIsEnabled);

/** The time comes from the system's own servers. TimeSyncConfig. Returns 0, or -1 and errno. */
int Networking_TimeSync_EnableDefaultNtp(void);

/** The time comes from the servers that the network's DHCP server tells. TimeSyncConfig. Returns 0,
 * or -1 and errno: EINVAL no such option. */
int Networking_TimeSync_EnableAutomaticNtp(Networking_NtpOption option);

/** The time comes from these servers, names or addresses; secondaryServer may be NULL.
 * TimeSyncConfig. Returns 0, or -1 and errno: EFAULT primaryServer is NULL, ERANGE a name over 255
 * characters, EINVAL no name or option. */
int Networking_TimeSync_EnableCustomNtp(const char *primaryServer, const char *secondaryServer,
                                        Networking_NtpOption option);

/**
 * When the time was set from the network last, in UTC.
 *
 * outNtpServer       gets the server's name
 * ntpServerLength    in: room at outNtpServer; out: bytes of the name with its NUL, also on ENOBUFS
 * outTimeBeforeSync  what the clock showed
 * outAdjustedNewTime what it was set to
 *
 * Returns 0, or -1 and errno: EFAULT, ENOENT not since the start, ENOBUFS too little room.
 */
int Networking_TimeSync_GetLastNtpSyncInfo(char *outNtpServer, size_t *ntpServerLength,
                                           struct tm *outTimeBeforeSync,
                                           struct tm *outAdjustedNewTime);

/* ---- services for a private network ---- */

/** How time is served. Made by ..._Init, ended by ..._Destroy. */
typedef struct Networking_SntpServerConfig {
    uint64_t reserved[3];
} Networking_SntpServerConfig;

/** How addresses are leased. Made by ..._Init, ended by ..._Destroy. */
typedef struct Networking_DhcpServerConfig {
    uint64_t reserved[8];
} Networking_DhcpServerConfig;

void Networking_SntpServerConfig_Init(Networking_SntpServerConfig *sntpServerConfig);
void Networking_SntpServerConfig_Destroy(Networking_SntpServerConfig *sntpServerConfig);

/** Serves time on an interface, which is private from then on, over restarts. SntpService. Returns
 * 0, or -1 and errno: EFAULT, EINVAL the configuration was not initialised. */
int Networking_SntpServer_Start(const char *networkInterfaceName,
                                const Networking_SntpServerConfig *sntpServerConfig);

void Networking_DhcpServerConfig_Init(Networking_DhcpServerConfig *dhcpServerConfig);
void Networking_DhcpServerConfig_Destroy(Networking_DhcpServerConfig *dhcpServerConfig);

/** The range of addresses, and what comes with each. A gatewayAddress of 0.0.0.0 is none. Returns
 * 0, or -1 and errno: EFAULT, EINVAL no addresses, no hours, a mask that is none, or a range that
 * is not whole inside it. */
int Networking_DhcpServerConfig_SetLease(Networking_DhcpServerConfig *dhcpServerConfig,
                                         struct in_addr startIpAddress, uint8_t ipAddressCount,
                                         struct in_addr subnetMask, struct in_addr gatewayAddress,
                                         uint32_t leaseTimeInHours);

/** The time servers that are told. Returns 0, or -1 and errno: EFAULT, ERANGE not 1 to 3. */
int Networking_DhcpServerConfig_SetNtpServerAddresses(Networking_DhcpServerConfig *dhcpServerConfig,
                                                      const struct in_addr *ntpServerAddresses,
                                                      size_t serverCount);

/** Leases addresses on an interface that has a static one, and is private from then on, over
 * restarts. DhcpService. Returns 0, or -1 and errno: EFAULT, EINVAL the configuration has no lease,
 * or does not go with the interface's address, EPERM its address is not static. */
int Networking_DhcpServer_Start(const char *networkInterfaceName,
                                const Networking_DhcpServerConfig *dhcpServerConfig);

/* ---- the proxy ---- */

/** A proxy's configuration, in memory until it is applied. */
typedef struct Networking_ProxyConfig Networking_ProxyConfig;

/** What is on, as bits. */
typedef uint32_t Networking_ProxyOptions;
enum {
    Networking_ProxyOptions_None = 0,
    Networking_ProxyOptions_Enabled = 1 << 0,
};

/** How far the proxy is, as bits. */
typedef uint32_t Networking_ProxyStatus;
enum {
    Networking_ProxyStatus_Enabled = 1 << 0,
    Networking_ProxyStatus_ResolvingProxyName = 1 << 1,
    Networking_ProxyStatus_Ready = 1 << 2,
};

typedef enum {
    Networking_ProxyType_Invalid = 0,
    Networking_ProxyType_HTTP = 1,
} Networking_ProxyType;

typedef enum {
    Networking_ProxyAuthType_Anonymous = 0,
    Networking_ProxyAuthType_Basic = 1,
} Networking_ProxyAuthType;

/* Characters of the texts below, without their NUL. */
#define NETWORKING_PROXY_ADDRESS_MAX_LENGTH 255
#define NETWORKING_PROXY_NO_PROXY_MAX_LENGTH 255
#define NETWORKING_PROXY_CREDENTIAL_MAX_LENGTH 63

/** A configuration of an HTTP proxy: enabled, anonymous, no address yet. NULL and errno ENOMEM. */
Networking_ProxyConfig *Networking_Proxy_Create(void);

/** NULL is allowed. */
void Networking_Proxy_Destroy(Networking_ProxyConfig *proxyConfig);

/** Fills it with the configuration in force. NetworkConfig or ReadNetworkProxyConfig. Returns 0, or
 * -1 and errno: EFAULT, ENOENT no proxy is configured. */
int Networking_Proxy_Get(Networking_ProxyConfig *proxyConfig);

/** Puts it in force, over restarts. NetworkConfig. Returns 0, or -1 and errno: EFAULT, EINVAL
 * something of it is missing or not possible. */
int Networking_Proxy_Apply(const Networking_ProxyConfig *proxyConfig);

/* Setters return 0, or -1 and errno: EFAULT a pointer is NULL, ERANGE a text over its limit, EINVAL
 * an empty text, port 0, or an option that does not exist. */
int Networking_Proxy_SetProxyOptions(Networking_ProxyConfig *proxyConfig,
                                     Networking_ProxyOptions options);
int Networking_Proxy_SetProxyAddress(Networking_ProxyConfig *proxyConfig, const char *proxyAddress,
                                     uint16_t port);
int Networking_Proxy_SetAnonymousAuthentication(Networking_ProxyConfig *proxyConfig);
int Networking_Proxy_SetBasicAuthentication(Networking_ProxyConfig *proxyConfig,
                                            const char *username, const char *password);
/** Names and addresses, with commas between, that are reached without the proxy; may be empty. */
int Networking_Proxy_SetProxyNoProxyAddresses(Networking_ProxyConfig *proxyConfig,
                                              const char *noProxyAdresses);

/* Getters return 0, or -1 and errno: EFAULT. */
int Networking_Proxy_GetProxyOptions(const Networking_ProxyConfig *proxyConfig,
                                     Networking_ProxyOptions *outOptions);
int Networking_Proxy_GetProxyPort(const Networking_ProxyConfig *proxyConfig, uint16_t *outPort);
int Networking_Proxy_GetProxyType(const Networking_ProxyConfig *proxyConfig,
                                  Networking_ProxyType *outType);
int Networking_Proxy_GetAuthType(const Networking_ProxyConfig *proxyConfig,
                                 Networking_ProxyAuthType *outAuthType);

/* Texts live as long as the configuration, up to its next change. NULL and errno: EFAULT, ENODATA
 * it is not set. */
const char *Networking_Proxy_GetProxyAddress(const Networking_ProxyConfig *proxyConfig);
const char *Networking_Proxy_GetNoProxyAddresses(const Networking_ProxyConfig *proxyConfig);
const char *Networking_Proxy_GetProxyUsername(const Networking_ProxyConfig *proxyConfig);
const char *Networking_Proxy_GetProxyPassword(const Networking_ProxyConfig *proxyConfig);

/** How far the proxy in force is. Returns 0 and *outStatus, or -1 and errno: EFAULT. */
int Networking_Proxy_GetProxyStatus(Networking_ProxyStatus *outStatus);

#ifdef __cplusplus
}
#endif
