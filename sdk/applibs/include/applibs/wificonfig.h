/*
 * Wi-Fi networks that the device knows. Define WIFICONFIG_STRUCTS_VERSION before this is included;
 * the only version is 1.
 *
 * The manifest's WifiConfig lets an application use all of it but what is of EAP-TLS, which is
 * EnterpriseWifiConfig's. Changes by id are in memory, and used, until WifiConfig_PersistConfig
 * keeps them over restarts; the older calls below keep theirs at once.
 *
 * Every function: EACCES no capability, EAGAIN Wi-Fi is not up yet, EIO the system does not answer;
 * with a networkId EINVAL it is negative, ENODEV there is none.
 */
#pragma once

#include <applibs/certstore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifndef WIFICONFIG_STRUCTS_VERSION
#define WIFICONFIG_STRUCTS_VERSION 1
#endif
#if WIFICONFIG_STRUCTS_VERSION != 1
#error "applibs/wificonfig.h: there is no such WIFICONFIG_STRUCTS_VERSION; use 1"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a network's name, which is no text. */
#define WIFICONFIG_SSID_MAX_LENGTH 32
/** Bytes of the hardware address of an access point. */
#define WIFICONFIG_BSSID_BUFFER_SIZE 6
/** Bytes of a WPA2 key: 8 to 63 characters, or 64 digits of hexadecimal. */
#define WIFICONFIG_WPA2_KEY_MAX_BUFFER_SIZE 64
/** Characters of a configuration's name, without its NUL. */
#define WIFICONFIG_CONFIG_NAME_MAX_LENGTH 16
/** Characters of a client's identity for EAP, without its NUL. */
#define WIFICONFIG_EAP_IDENTITY_MAX_LENGTH 254

typedef uint8_t WifiConfig_Security_Type;
typedef enum {
    WifiConfig_Security_Unknown = 0,
    WifiConfig_Security_Open = 1,
    WifiConfig_Security_Wpa2_Psk = 2,
    WifiConfig_Security_Wpa2_EAP_TLS = 3,
} WifiConfig_Security;

/** A network that is stored. */
struct z__WifiConfig_StoredNetwork_v1 {
    uint32_t z__magicAndVersion;
    uint8_t ssid[WIFICONFIG_SSID_MAX_LENGTH];
    uint8_t ssidLength;
    bool isEnabled;
    bool isConnected;
    WifiConfig_Security_Type security;
};
typedef struct z__WifiConfig_StoredNetwork_v1 WifiConfig_StoredNetwork;

/** The network that the device is connected to. */
struct z__WifiConfig_ConnectedNetwork_v1 {
    uint32_t z__magicAndVersion;
    uint8_t ssid[WIFICONFIG_SSID_MAX_LENGTH];
    uint8_t bssid[WIFICONFIG_BSSID_BUFFER_SIZE];
    uint8_t ssidLength;
    WifiConfig_Security_Type security;
    uint32_t frequencyMHz;
    int8_t signalRssi;
};
typedef struct z__WifiConfig_ConnectedNetwork_v1 WifiConfig_ConnectedNetwork;

/** A network that was heard. */
struct z__WifiConfig_ScannedNetwork_v1 {
    uint32_t z__magicAndVersion;
    uint8_t ssid[WIFICONFIG_SSID_MAX_LENGTH];
    uint8_t bssid[WIFICONFIG_BSSID_BUFFER_SIZE];
    uint8_t ssidLength;
    WifiConfig_Security_Type security;
    uint32_t frequencyMHz;
    int8_t signalRssi;
};
typedef struct z__WifiConfig_ScannedNetwork_v1 WifiConfig_ScannedNetwork;

/** What went wrong last with a network. */
struct z__WifiConfig_NetworkDiagnostics_v1 {
    uint32_t z__magicAndVersion;
    bool isEnabled;
    bool isConnected;
    int32_t error; /**< why the last attempt failed */
    time_t timestamp;
    int32_t certError;  /**< when it was a certificate: what about it */
    uint32_t certDepth; /**< and how far from the server's own */
    CertStore_SubjectName certSubject;
};
typedef struct z__WifiConfig_NetworkDiagnostics_v1 WifiConfig_NetworkDiagnostics;

/** Who the device says it is to a network of EAP-TLS. */
typedef struct WifiConfig_ClientIdentity {
    char identity[WIFICONFIG_EAP_IDENTITY_MAX_LENGTH + 1];
} WifiConfig_ClientIdentity;

/* What programs link to: the functions below, told which version of the structs they use. */
int z__WifiConfig_ForgetNetwork(const WifiConfig_StoredNetwork *storedNetwork,
                                uint32_t structVersion);
ssize_t z__WifiConfig_GetStoredNetworks(WifiConfig_StoredNetwork *storedNetworkArray,
                                        size_t storedNetworkArrayCount, uint32_t structVersion);
int z__WifiConfig_GetCurrentNetwork(WifiConfig_ConnectedNetwork *connectedNetwork,
                                    uint32_t structVersion);
ssize_t z__WifiConfig_GetScannedNetworks(WifiConfig_ScannedNetwork *scannedNetworkArray,
                                         size_t scannedNetworkArrayCount, uint32_t structVersion);
int z__WifiConfig_GetNetworkDiagnostics(int networkId,
                                        WifiConfig_NetworkDiagnostics *networkDiagnostics,
                                        uint32_t structVersion);

/* ---- the older calls: a whole network at once, kept over restarts ---- */

/** Stores and enables a network without a key. Returns 0, or -1 and errno: EFAULT, ERANGE ssid is
 * empty or too long, EEXIST it is stored already, ENOMEM there are as many as can be, ENOSPC. */
int WifiConfig_StoreOpenNetwork(const uint8_t *ssid, size_t ssidLength);

/** The same with a WPA2 key. Returns and errno as above; ERANGE also the key's length. */
int WifiConfig_StoreWpa2Network(const uint8_t *ssid, size_t ssidLength, const char *psk,
                                size_t pskLength);

/** Forgets the network of that name and security. Returns 0, or -1 and errno: EFAULT, EINVAL it is
 * not one that WifiConfig_GetStoredNetworks told, ENODEV there is none. */
static inline int WifiConfig_ForgetNetwork(const WifiConfig_StoredNetwork *storedNetwork)
{
    return z__WifiConfig_ForgetNetwork(storedNetwork, WIFICONFIG_STRUCTS_VERSION);
}

/** Forgets all networks, also those that were kept. Returns 0, or -1 and errno. */
int WifiConfig_ForgetAllNetworks(void);

/* ---- what is there ---- */

/** How many networks are stored, or -1 and errno. */
ssize_t WifiConfig_GetStoredNetworkCount(void);

/** Tells of as many stored networks as there is room for. Returns how many, or -1 and errno:
 * EFAULT, ERANGE the count is 0. */
static inline ssize_t WifiConfig_GetStoredNetworks(WifiConfig_StoredNetwork *storedNetworkArray,
                                                   size_t storedNetworkArrayCount)
{
    return z__WifiConfig_GetStoredNetworks(storedNetworkArray, storedNetworkArrayCount,
                                           WIFICONFIG_STRUCTS_VERSION);
}

/** Tells of the network that the device is connected to. Returns 0, or -1 and errno: EFAULT,
 * ENOTCONN it is connected to none, ENETDOWN Wi-Fi is off or not there. */
static inline int WifiConfig_GetCurrentNetwork(WifiConfig_ConnectedNetwork *connectedNetwork)
{
    return z__WifiConfig_GetCurrentNetwork(connectedNetwork, WIFICONFIG_STRUCTS_VERSION);
}

/** The id of that network, or -1 and errno as above. */
int WifiConfig_GetConnectedNetworkId(void);

/** Listens for networks, some seconds. Returns how many it heard, or -1 and errno: ENETDOWN. */
ssize_t WifiConfig_TriggerScanAndGetScannedNetworkCount(void);

/** Tells of as many networks of the last scan as there is room for. Returns how many, or -1 and
 * errno: EFAULT, ERANGE the count is 0. */
static inline ssize_t WifiConfig_GetScannedNetworks(WifiConfig_ScannedNetwork *scannedNetworkArray,
                                                    size_t scannedNetworkArrayCount)
{
    return z__WifiConfig_GetScannedNetworks(scannedNetworkArray, scannedNetworkArrayCount,
                                            WIFICONFIG_STRUCTS_VERSION);
}

/** What went wrong last with a network. Returns 0, or -1 and errno: EFAULT, ENODEV also: nothing
 * did. */
static inline int
WifiConfig_GetNetworkDiagnostics(int networkId, WifiConfig_NetworkDiagnostics *networkDiagnostics)
{
    return z__WifiConfig_GetNetworkDiagnostics(networkId, networkDiagnostics,
                                               WIFICONFIG_STRUCTS_VERSION);
}

/* ---- networks by id ---- */

/** Adds a network without anything, disabled. Returns its id, or -1 and errno: ENOMEM there are as
 * many as can be. */
int WifiConfig_AddNetwork(void);

/** Adds a copy of a network under another name, disabled. Returns its id, or -1 and errno: EFAULT,
 * ERANGE the name is empty or too long, EEXIST another has it, ENOMEM. */
int WifiConfig_AddDuplicateNetwork(int networkId, const char *configName);

/* Each returns 0, or -1 and errno. */
int WifiConfig_ForgetNetworkById(int networkId);
/** EFAULT, ERANGE. */
int WifiConfig_SetSSID(int networkId, const uint8_t *ssid, size_t ssidLength);
/** EINVAL. Wpa2_EAP_TLS is EnterpriseWifiConfig's. */
int WifiConfig_SetSecurityType(int networkId, WifiConfig_Security_Type securityType);
int WifiConfig_SetNetworkEnabled(int networkId, bool enabled);
/** EFAULT, ERANGE. */
int WifiConfig_SetPSK(int networkId, const char *psk, size_t pskLength);
/** EFAULT, ERANGE, EEXIST another has the name. */
int WifiConfig_SetConfigName(int networkId, const char *configName);
/** Asks for a network by its name, as one that hides does not tell its own. */
int WifiConfig_SetTargetedScanEnabled(int networkId, bool enabled);

/** Returns the id, or -1 and errno: EFAULT, ERANGE, ENODEV. */
int WifiConfig_GetNetworkIdByConfigName(const char *configName);

/** Takes back what was not kept. Returns 0, or -1 and errno. */
int WifiConfig_ReloadConfig(void);

/** Keeps all networks as they are. Returns 0, or -1 and errno: EINVAL one has no name yet, ENOSPC.
 */
int WifiConfig_PersistConfig(void);

/** Whether the radio rests between beacons. Returns 0, or -1 and errno: ENETDOWN. */
int WifiConfig_SetPowerSavingsEnabled(bool enabled);

/* ---- EAP-TLS: EnterpriseWifiConfig ---- */

/* Setters return 0, or -1 and errno: EFAULT, ERANGE. Getters return 0, or -1 and errno: EFAULT,
 * ENODATA it is not set. */
int WifiConfig_SetClientIdentity(int networkId, const char *identity);
int WifiConfig_GetClientIdentity(int networkId, WifiConfig_ClientIdentity *outIdentity);
/** What the client's certificate is called in the certificate store. */
int WifiConfig_SetClientCertStoreIdentifier(int networkId, const char *certStoreIdentifier);
int WifiConfig_GetClientCertStoreIdentifier(int networkId, CertStore_Identifier *outIdentifier);
/** The same of the authority that the network's servers must have. */
int WifiConfig_SetRootCACertStoreIdentifier(int networkId, const char *certStoreIdentifier);
int WifiConfig_GetRootCACertStoreIdentifier(int networkId, CertStore_Identifier *outIdentifier);

#ifdef __cplusplus
}
#endif
