/* Wi-Fi networks in versioned structs: stored, heard, connected to, gone wrong. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "applibs/wificonfig.h"
#include "control.h"
#include "proto/network.h"

#define STORED_MAGIC 0x53740000u
#define CONNECTED_MAGIC 0x436e0000u
#define SCANNED_MAGIC 0x53630000u
#define DIAGNOSTICS_MAGIC 0x44690000u

/* ---- stored ---- */

struct page {
    uint32_t count; /* of all */
    struct tatu_net_wifi networks[(TATU_ANSWER_PAYLOAD_MAX - 4) / sizeof(struct tatu_net_wifi)];
};

/* Those behind the first `skip` that go into one answer. How many, -1 and errno. */
static ssize_t list_page(uint32_t skip, struct page *out)
{
    const struct applibs_request request = {.op = TATU_NET_WIFI_LIST, .a = skip};
    const ssize_t got = tatu_applibs_ask(&request, out, sizeof(*out));
    if (got < 0) {
        return -1;
    }
    const size_t len = (size_t)got - sizeof(out->count);
    if (got < (ssize_t)sizeof(out->count) || len % sizeof(out->networks[0]) != 0) {
        return tatu_applibs_fail(EIO);
    }
    return (ssize_t)(len / sizeof(out->networks[0]));
}

/* Goes through all stored networks until `take` has enough. Returns 0, or -1 and errno. */
static int each_stored(bool (*take)(void *context, const struct tatu_net_wifi *network),
                       void *context)
{
    struct page page;
    uint32_t seen = 0;
    for (;;) {
        const ssize_t got = list_page(seen, &page);
        if (got <= 0) {
            return (int)got;
        }
        for (ssize_t i = 0; i < got; i++) {
            if (!take(context, &page.networks[i])) {
                return 0;
            }
        }
        seen += (uint32_t)got;
    }
}

struct stored_list {
    WifiConfig_StoredNetwork *out;
    size_t room;
    size_t count;
};

static bool take_stored(void *context, const struct tatu_net_wifi *network)
{
    struct stored_list *list = context;
    WifiConfig_StoredNetwork told = {
        .z__magicAndVersion = STORED_MAGIC | 1,
        .ssidLength =
            network->ssid_len < sizeof(told.ssid) ? network->ssid_len : (uint8_t)sizeof(told.ssid),
        .isEnabled = network->enabled != 0,
        .isConnected = network->connected != 0,
        .security = network->security,
    };
    memcpy(told.ssid, network->ssid, sizeof(told.ssid));
    list->out[list->count++] = told;
    return list->count < list->room;
}

/* What all that fill an array check. */
static int check_array(const void *array, size_t count, uint32_t version, uint32_t magic)
{
    if (array == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (!tatu_applibs_is_v1(version, magic)) {
        return tatu_applibs_fail(EINVAL);
    }
    return count == 0 ? tatu_applibs_fail(ERANGE) : 0;
}

ssize_t z__WifiConfig_GetStoredNetworks(WifiConfig_StoredNetwork *storedNetworkArray,
                                        size_t storedNetworkArrayCount, uint32_t structVersion)
{
    struct stored_list list = {storedNetworkArray, storedNetworkArrayCount, 0};
    if (check_array(storedNetworkArray, storedNetworkArrayCount, structVersion, STORED_MAGIC) !=
            0 ||
        each_stored(take_stored, &list) != 0) {
        return -1;
    }
    return (ssize_t)list.count;
}

struct wanted {
    const WifiConfig_StoredNetwork *network;
    int32_t id;
};

static bool find_wanted(void *context, const struct tatu_net_wifi *network)
{
    struct wanted *wanted = context;
    if (network->ssid_len == wanted->network->ssidLength &&
        network->security == wanted->network->security &&
        memcmp(network->ssid, wanted->network->ssid, network->ssid_len) == 0) {
        wanted->id = network->id;
    }
    return wanted->id < 0;
}

int z__WifiConfig_ForgetNetwork(const WifiConfig_StoredNetwork *storedNetwork,
                                uint32_t structVersion)
{
    struct wanted wanted = {storedNetwork, -1};
    if (check_array(storedNetwork, 1, structVersion, STORED_MAGIC) != 0) {
        return -1;
    }
    if (storedNetwork->z__magicAndVersion != (STORED_MAGIC | 1) || storedNetwork->ssidLength == 0 ||
        storedNetwork->ssidLength > sizeof(storedNetwork->ssid)) {
        return tatu_applibs_fail(EINVAL);
    }
    if (each_stored(find_wanted, &wanted) != 0) {
        return -1;
    }
    if (wanted.id < 0) {
        return tatu_applibs_fail(ENODEV);
    }
    const struct applibs_request forget = {.op = TATU_NET_WIFI_FORGET, .a = (uint32_t)wanted.id};
    return tatu_applibs_do(&forget) != 0 ? -1 : WifiConfig_PersistConfig();
}

/* ---- connected ---- */

static uint8_t length_of(const struct tatu_net_wifi_heard *heard)
{
    return heard->ssid_len < sizeof(heard->ssid) ? heard->ssid_len : (uint8_t)sizeof(heard->ssid);
}

static int get_current(struct tatu_net_wifi_heard *out)
{
    const struct applibs_request request = {.op = TATU_NET_WIFI_CURRENT};
    return tatu_applibs_get(&request, out, sizeof(*out));
}

int WifiConfig_GetConnectedNetworkId(void)
{
    struct tatu_net_wifi_heard heard;
    return get_current(&heard) == 0 ? heard.id : -1;
}

int z__WifiConfig_GetCurrentNetwork(WifiConfig_ConnectedNetwork *connectedNetwork,
                                    uint32_t structVersion)
{
    struct tatu_net_wifi_heard heard;
    if (check_array(connectedNetwork, 1, structVersion, CONNECTED_MAGIC) != 0 ||
        get_current(&heard) != 0) {
        return -1;
    }
    *connectedNetwork = (WifiConfig_ConnectedNetwork){.z__magicAndVersion = CONNECTED_MAGIC | 1,
                                                      .ssidLength = length_of(&heard),
                                                      .security = heard.security,
                                                      .frequencyMHz = heard.mhz,
                                                      .signalRssi = heard.rssi};
    memcpy(connectedNetwork->ssid, heard.ssid, sizeof(connectedNetwork->ssid));
    memcpy(connectedNetwork->bssid, heard.bssid, sizeof(connectedNetwork->bssid));
    return 0;
}

/* ---- heard: those of the last scan ---- */

static struct {
    pthread_mutex_t lock;
    size_t count;
    struct tatu_net_wifi_heard *networks; /* in the heap: few programs ever scan */
} scanned = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int keep_scanned(const struct tatu_net_wifi_heard *heard, size_t count)
{
    int result = 0;
    (void)pthread_mutex_lock(&scanned.lock);
    void *room = realloc(scanned.networks, (count + 1) * sizeof(*heard));
    if (room == NULL) {
        result = tatu_applibs_fail(ENOMEM);
    } else {
        scanned.networks = room;
        scanned.count = count;
        memcpy(scanned.networks, heard, count * sizeof(*heard));
    }
    (void)pthread_mutex_unlock(&scanned.lock);
    return result;
}

ssize_t WifiConfig_TriggerScanAndGetScannedNetworkCount(void)
{
    const struct applibs_request request = {.op = TATU_NET_WIFI_SCAN};
    struct tatu_net_wifi_heard heard[TATU_NET_WIFI_HEARD_MAX];
    const ssize_t got = tatu_applibs_ask(&request, heard, sizeof(heard));
    if (got >= 0 && (size_t)got % sizeof(heard[0]) != 0) {
        return tatu_applibs_fail(EIO);
    }
    const size_t count = (size_t)got / sizeof(heard[0]);
    return got < 0 || keep_scanned(heard, count) != 0 ? -1 : (ssize_t)count;
}

static WifiConfig_ScannedNetwork tell_scanned(const struct tatu_net_wifi_heard *heard)
{
    WifiConfig_ScannedNetwork told = {.z__magicAndVersion = SCANNED_MAGIC | 1,
                                      .ssidLength = length_of(heard),
                                      .security = heard->security,
                                      .frequencyMHz = heard->mhz,
                                      .signalRssi = heard->rssi};
    memcpy(told.ssid, heard->ssid, sizeof(told.ssid));
    memcpy(told.bssid, heard->bssid, sizeof(told.bssid));
    return told;
}

ssize_t z__WifiConfig_GetScannedNetworks(WifiConfig_ScannedNetwork *scannedNetworkArray,
                                         size_t scannedNetworkArrayCount, uint32_t structVersion)
{
    size_t count = 0;
    if (check_array(scannedNetworkArray, scannedNetworkArrayCount, structVersion, SCANNED_MAGIC) !=
        0) {
        return -1;
    }
    (void)pthread_mutex_lock(&scanned.lock);
    for (; count < scanned.count && count < scannedNetworkArrayCount; count++) {
        scannedNetworkArray[count] = tell_scanned(&scanned.networks[count]);
    }
    (void)pthread_mutex_unlock(&scanned.lock);
    return (ssize_t)count;
}

/* ---- gone wrong ---- */

int z__WifiConfig_GetNetworkDiagnostics(int networkId,
                                        WifiConfig_NetworkDiagnostics *networkDiagnostics,
                                        uint32_t structVersion)
{
    const struct applibs_request request = {.op = TATU_NET_WIFI_DIAGNOSTICS,
                                            .a = (uint32_t)networkId};
    struct tatu_net_wifi_failure failure;
    if (check_array(networkDiagnostics, 1, structVersion, DIAGNOSTICS_MAGIC) != 0 ||
        tatu_applibs_get(&request, &failure, sizeof(failure)) != 0) {
        return -1;
    }
    const size_t len = strnlen(failure.cert_subject, sizeof(failure.cert_subject) - 1);
    *networkDiagnostics =
        (WifiConfig_NetworkDiagnostics){.z__magicAndVersion = DIAGNOSTICS_MAGIC | 1,
                                        .isEnabled = failure.enabled != 0,
                                        .isConnected = failure.connected != 0,
                                        .error = failure.error,
                                        .timestamp = (time_t)failure.at_s,
                                        .certError = failure.cert_error,
                                        .certDepth = (uint32_t)failure.cert_depth};
    memcpy(networkDiagnostics->certSubject.name, failure.cert_subject, len);
    return 0;
}
