/* What is set and kept: checks of each part as it comes in a request, and the file of all parts.
 * Source: docs/protocol/network.md. */
#ifndef TATU_NETD_CONFIG_H
#define TATU_NETD_CONFIG_H

#include "base/base.h"
#include "fault.h"
#include "proto/network.h"

/* Interfaces that can be configured: the others are as they are. */
enum tatu_config_interface { TATU_CONFIG_ETH0 = 0, TATU_CONFIG_ETH1 = 1 };
#define TATU_CONFIG_INTERFACE_COUNT 2u

struct tatu_config_interface_part {
    uint8_t down;    /* 1: taken down on purpose */
    uint8_t has_mac; /* 1: mac is not the hardware's own */
    uint8_t serve_sntp;
    uint8_t serve_dhcp;
    uint8_t zero[4];
    struct tatu_net_ip ip; /* its name is empty */
    struct tatu_net_mac mac;
    struct tatu_net_dhcp_server dhcp;
};

struct tatu_config {
    struct tatu_config_interface_part interfaces[TATU_CONFIG_INTERFACE_COUNT];
    uint8_t time_sync; /* 1: the clock follows the servers of ntp */
    uint8_t has_proxy;
    uint8_t zero[2];
    struct tatu_net_ntp ntp;
    struct tatu_net_proxy proxy;
};

#define TATU_CONFIG_FILE_SIZE (8u + sizeof(struct tatu_config))

/** As a board is that nobody configured. */
void tatu_netd_init_config(struct tatu_config *out);
void tatu_netd_encode_config(const struct tatu_config *config, uint8_t out[TATU_CONFIG_FILE_SIZE]);
/** Errors: SHORT, LONG; VERSION; FORMAT a part that its check would refuse. */
enum tatu_err tatu_netd_decode_config(struct tatu_span in, struct tatu_config *out);

/** Whether `size` bytes are a text: a NUL, and nothing else behind it. */
bool tatu_netd_is_text(const char *text, size_t size);
/** Whether a text could be a host's name or address. */
bool tatu_netd_is_host(const char *text);
/** The unspecified address of IPv6 or IPv4. */
bool tatu_netd_is_none(const uint8_t address[16]);

/* Each says what the part is refused for. They do not look at the name of the interface. */
enum tatu_netd_fault tatu_netd_check_ip(const struct tatu_net_ip *ip);
enum tatu_netd_fault tatu_netd_check_mac(const struct tatu_net_mac *mac);
enum tatu_netd_fault tatu_netd_check_ntp(const struct tatu_net_ntp *ntp);
enum tatu_netd_fault tatu_netd_check_proxy(const struct tatu_net_proxy *proxy);
/** own: how the interface is configured; only a static address can serve. */
enum tatu_netd_fault tatu_netd_check_dhcp_server(const struct tatu_net_dhcp_server *dhcp,
                                                 const struct tatu_net_ip *own);
/** Errors: as of a request's bytes: SHORT, LONG a size that is not the struct's; FORMAT. */
enum tatu_err tatu_netd_decode_allow(struct tatu_span in, struct tatu_net_allow *out);

struct tatu_dhcpd_range;
void tatu_netd_fill_range(const struct tatu_net_dhcp_server *dhcp, const struct tatu_net_ip *own,
                          struct tatu_dhcpd_range *out);

#endif
