/* Power fails while netd keeps its settings and the Wi-Fi networks. */
#include "os/lib/power.h"

#include <stdio.h>
#include <string.h>

#include "state.h"

/* As netd is when it begins: it knows what the store holds. */
static struct netd *start(struct tatu_power *power)
{
    static struct netd netd;
    memset(&netd, 0, sizeof(netd));
    netd.log.fd = -1;
    netd.monitor = *tatu_power_monitor(power);
    netd.folder = tatu_power_root(power);
    tatu_netd_load_config(&netd);
    tatu_netd_load_wifi(&netd);
    return &netd;
}

static bool set_proxy(struct tatu_power *power, const char *address)
{
    struct netd *netd = start(power);
    struct tatu_config config = netd->config;
    memset(&config.proxy, 0, sizeof(config.proxy));
    config.has_proxy = 1;
    config.proxy.enabled = 1;
    config.proxy.port = 3128;
    (void)snprintf(config.proxy.address, sizeof(config.proxy.address), "%s", address);
    return tatu_netd_keep_config(netd, &config) == TATU_NETD_OK;
}

static bool set_first(struct tatu_power *power)
{
    return set_proxy(power, "first.example");
}

static bool set_second(struct tatu_power *power)
{
    return set_proxy(power, "second.example");
}

static void say_settings(struct tatu_power *power)
{
    const struct netd *netd = start(power);
    tatu_power_say(power, "proxy '%s' time %u", netd->config.proxy.address,
                   (unsigned)netd->config.time_sync);
}

static bool store_networks(struct tatu_power *power, uint8_t first, uint8_t count)
{
    struct netd *netd = start(power);
    for (uint8_t i = first; i < first + count; i++) {
        struct tatu_net_wifi_new network;
        uint32_t id;
        memset(&network, 0, sizeof(network));
        network.network.ssid_len = 6;
        memcpy(network.network.ssid, "net  x", 6);
        network.network.ssid[5] = (uint8_t)('a' + i);
        network.network.security = TATU_NET_WIFI_OPEN;
        if (tatu_netd_count_wifi(&netd->wifi) <= i &&
            tatu_netd_store_wifi(&netd->wifi, &network, false, &id) != TATU_NETD_OK) {
            return false;
        }
    }
    return tatu_netd_keep_wifi(netd) == TATU_NETD_OK;
}

static bool store_few(struct tatu_power *power)
{
    return set_first(power) && store_networks(power, 0, 3);
}

static bool store_many(struct tatu_power *power)
{
    return store_networks(power, 3, 20);
}

static bool forget_all(struct tatu_power *power)
{
    struct netd *netd = start(power);
    tatu_base_wipe(&netd->wifi, sizeof(netd->wifi));
    return tatu_netd_keep_wifi(netd) == TATU_NETD_OK;
}

static void say_networks(struct tatu_power *power)
{
    const struct netd *netd = start(power);
    for (size_t i = 0; i < TATU_NET_WIFI_MAX; i++) {
        if (netd->wifi.entries[i].used) {
            tatu_power_say(power, "%c", netd->wifi.entries[i].network.ssid[5]);
        }
    }
    tatu_power_say(power, " proxy '%s'", netd->config.proxy.address);
}

static const struct tatu_power_flow flows[] = {
    {"first settings", NULL, set_first, say_settings, NULL, false},
    {"settings replaced", set_first, set_second, say_settings, NULL, false},
    {"Wi-Fi networks are stored", store_few, store_many, say_networks, NULL, false,
     "abcdefghijklmnopqrstuvw proxy 'first.example'"},
    {"all networks are forgotten", store_few, forget_all, say_networks, NULL, false,
     " proxy 'first.example'"},
};

int main(int argc, char **argv)
{
    return tatu_power_main(argc, argv, flows, TATU_COUNT_OF(flows));
}
