/*
 * netd: the device's network: interfaces and addresses, names, time, each application's firewall,
 * proxy and Wi-Fi settings. Its requests are proto/network.h.
 * Source: docs/protocol/network.md.
 */
#ifndef TATU_OS_NETD_NETD_H
#define TATU_OS_NETD_NETD_H

/* What it keeps, in a folder of its own of the store; each sealed under its own label. */
#define TATU_NETD_FOLDER "/mnt/config/net"
#define TATU_NETD_SETTINGS "settings"
#define TATU_NETD_SETTINGS_LABEL "net settings"
#define TATU_NETD_WIFI "wifi"
#define TATU_NETD_WIFI_LABEL "net wifi"

#endif
