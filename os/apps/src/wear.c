#include "wear.h"

#include "proto/certstore.h"
#include "proto/network.h"
#include "proto/request.h"

/* An application's writes into its own file do not come by here: it has the descriptor. */
static const uint32_t ops[] = {
    TATU_REQUEST_STORAGE_DELETE,
    TATU_REQUEST_SET_RTC,
    TATU_NET_SET_UP,
    TATU_NET_APPLY_IP,
    TATU_NET_SET_MAC,
    TATU_NET_SET_TIME_SYNC,
    TATU_NET_SET_NTP,
    TATU_NET_SERVE_SNTP,
    TATU_NET_SERVE_DHCP,
    TATU_NET_SET_PROXY,
    TATU_NET_WIFI_FORGET_ALL,
    TATU_NET_WIFI_PERSIST,
    TATU_NET_WIFI_STORE,
    TATU_CERT_INSTALL,
    TATU_CERT_DELETE,
    TATU_CERT_MOVE,
};

bool tatu_apps_wears(uint32_t op)
{
    for (size_t i = 0; i < TATU_COUNT_OF(ops); i++) {
        if (ops[i] == op) {
            return true;
        }
    }
    return false;
}

bool tatu_apps_spend_wear(struct tatu_apps_wear *wear, uint64_t now_ms)
{
    const uint64_t gained = (now_ms - wear->since_ms) / TATU_APPS_WEAR_EVERY_MS;
    if (gained >= wear->spent) {
        wear->spent = 0;
        wear->since_ms = now_ms;
    } else {
        wear->spent -= (uint32_t)gained;
        wear->since_ms += gained * TATU_APPS_WEAR_EVERY_MS;
    }
    if (wear->spent == TATU_APPS_WEAR_AT_ONCE) {
        return false;
    }
    wear->spent++;
    return true;
}
