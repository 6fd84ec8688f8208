/* All of netd: what main.c starts and serve.c asks. */
#ifndef TATU_NETD_STATE_H
#define TATU_NETD_STATE_H

#include "clock.h"
#include "interfaces.h"
#include "lists.h"
#include "os/lib/request.h"
#include "os/lib/sm.h"
#include "probe.h"
#include "services.h"
#include "stub.h"
#include "wifi.h"

struct netd {
    struct tatu_os_loop loop;
    struct tatu_os_log log;
    struct tatu_os_monitor monitor;
    const char *folder; /* of what is kept */
    struct tatu_os_server server;
    struct tatu_config config;
    struct tatu_interfaces interfaces;
    struct tatu_resolver resolver;
    struct tatu_stub stub;
    struct tatu_lists lists;
    struct tatu_clock clock;
    struct tatu_service services[TATU_CONFIG_INTERFACE_COUNT];
    struct tatu_probe probes[TATU_CONFIG_INTERFACE_COUNT];
    struct tatu_os_timer changed; /* what changed is looked at once, soon */
    /* the way out: the proxy, or else the service */
    char service_host[TATU_NET_HOST_SIZE];
    uint16_t service_port;
    struct tatu_probe_target target;
    struct tatu_lookup target_lookup;
    struct tatu_os_timer target_due;
    uint32_t target_failures;
    bool up;       /* an interface has an address and name servers */
    bool has_wifi; /* it was read */
    struct tatu_wifi wifi;
};

/** What was kept last; else as a board is that nobody configured. */
void tatu_netd_load_config(struct netd *netd);
/** Keeps a new configuration; then it is the one in use. What it is for is done by who asked. */
enum tatu_netd_fault tatu_netd_keep_config(struct netd *netd, const struct tatu_config *config);
/** The configuration's, or what was kept last. */
void tatu_netd_load_wifi(struct netd *netd);
enum tatu_netd_fault tatu_netd_keep_wifi(struct netd *netd);

/** Everything that depends on interfaces and configuration looks again, soon. */
void tatu_netd_tell_changed(struct netd *netd);

enum tatu_net_proxy_state tatu_netd_get_proxy_state(const struct netd *netd);

/** One request; for tatu_os_serve. context: the struct netd. */
enum tatu_err tatu_netd_act(void *context, const struct tatu_os_asked *asked,
                            struct tatu_os_reply *reply);

#endif
