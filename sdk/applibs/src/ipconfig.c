/* Addresses of an interface, and the services of a private one: configurations that are made in the
 * application's memory, in structs whose inside is ours. */
#include <errno.h>
#include <string.h>

#include "applibs/networking.h"
#include "networking.h"

#define IP_MAGIC 0x49504346u
#define SNTP_MAGIC 0x534e5450u
#define DHCP_MAGIC 0x44484350u

struct ip_config {
    uint32_t magic; /* one that was destroyed, or never made, has none */
    uint8_t is_static;
    uint8_t has_custom_dns;
    uint8_t dns_count;
    struct in_addr address;
    struct in_addr mask;
    struct in_addr router;
    struct in_addr dns[TATU_NET_DNS_MAX];
};

struct sntp_config {
    uint32_t magic;
};

struct dhcp_config {
    uint32_t magic;
    uint32_t lease_hours;
    uint8_t count; /* 0: no lease yet */
    uint8_t ntp_count;
    struct in_addr first;
    struct in_addr mask;
    struct in_addr router;
    struct in_addr ntp[TATU_NET_NTP_MAX];
};

_Static_assert(sizeof(struct ip_config) <= sizeof(Networking_IpConfig), "it fits");
_Static_assert(sizeof(struct sntp_config) <= sizeof(Networking_SntpServerConfig), "it fits");
_Static_assert(sizeof(struct dhcp_config) <= sizeof(Networking_DhcpServerConfig), "it fits");

/* What is not NULL and of its kind, copied out: the caller's struct may lie anywhere. */
#define GET(config, kind) get((config), sizeof(*(config)), (kind), sizeof(*(kind)))
#define PUT(config, kind) memcpy((config), (kind), sizeof(*(kind)))

static bool get(const void *config, size_t config_size, void *kind, size_t size)
{
    if (config == NULL || size > config_size) {
        return false;
    }
    memcpy(kind, config, size);
    return true;
}

static void wipe(void *config, size_t size)
{
    if (config != NULL) {
        memset(config, 0, size);
    }
}

/* ---- addresses ---- */

void Networking_IpConfig_Init(Networking_IpConfig *ipConfig)
{
    const struct ip_config fresh = {.magic = IP_MAGIC};
    wipe(ipConfig, sizeof(*ipConfig));
    if (ipConfig != NULL) {
        PUT(ipConfig, &fresh);
    }
}

void Networking_IpConfig_Destroy(Networking_IpConfig *ipConfig)
{
    wipe(ipConfig, sizeof(*ipConfig));
}

void Networking_IpConfig_EnableDynamicIp(Networking_IpConfig *ipConfig)
{
    struct ip_config inside;
    if (GET(ipConfig, &inside)) {
        inside.is_static = 0;
        PUT(ipConfig, &inside);
    }
}

void Networking_IpConfig_EnableStaticIp(Networking_IpConfig *ipConfig, struct in_addr ipAddress,
                                        struct in_addr subnetMask, struct in_addr gatewayAddress)
{
    struct ip_config inside;
    if (GET(ipConfig, &inside)) {
        inside.is_static = 1;
        inside.address = ipAddress;
        inside.mask = subnetMask;
        inside.router = gatewayAddress;
        PUT(ipConfig, &inside);
    }
}

void Networking_IpConfig_EnableAutomaticDns(Networking_IpConfig *ipConfig)
{
    struct ip_config inside;
    if (GET(ipConfig, &inside)) {
        inside.has_custom_dns = 0;
        PUT(ipConfig, &inside);
    }
}

int Networking_IpConfig_EnableCustomDns(Networking_IpConfig *ipConfig,
                                        const struct in_addr *dnsServerAddresses,
                                        size_t serverCount)
{
    struct ip_config inside;
    if (!GET(ipConfig, &inside) || dnsServerAddresses == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (serverCount == 0 || serverCount > TATU_NET_DNS_MAX) {
        return tatu_applibs_fail(ERANGE);
    }
    inside.has_custom_dns = 1;
    inside.dns_count = (uint8_t)serverCount;
    memcpy(inside.dns, dnsServerAddresses, serverCount * sizeof(inside.dns[0]));
    PUT(ipConfig, &inside);
    return 0;
}

static void put_ip(const struct ip_config *config, struct tatu_net_ip *out)
{
    out->mode = config->is_static != 0 ? TATU_NET_IP_STATIC : TATU_NET_IP_DYNAMIC;
    out->mode6 = TATU_NET_IP6_AUTOMATIC; /* there is nothing about IPv6 in these headers */
    out->custom_dns = config->has_custom_dns;
    if (config->is_static != 0) {
        out->prefix = tatu_applibs_get_prefix(config->mask);
        tatu_applibs_put_address(config->address, out->address);
        tatu_applibs_put_address(config->router, out->router);
    }
    out->dns_count = config->has_custom_dns != 0 ? config->dns_count : 0;
    for (size_t i = 0; i < out->dns_count; i++) {
        tatu_applibs_put_address(config->dns[i], out->dns[i]);
    }
}

int Networking_IpConfig_Apply(const char *networkInterfaceName, const Networking_IpConfig *ipConfig)
{
    struct ip_config inside;
    struct tatu_net_ip ip = {.zero = {0}};
    const struct applibs_request request = {
        .op = TATU_NET_APPLY_IP, .payload = &ip, .len = sizeof(ip)};
    if (!GET(ipConfig, &inside)) {
        return tatu_applibs_fail(EFAULT);
    }
    if (tatu_applibs_put_interface(networkInterfaceName, ip.name) != 0) {
        return -1;
    }
    if (inside.magic != IP_MAGIC) {
        return tatu_applibs_fail(EINVAL);
    }
    put_ip(&inside, &ip);
    return tatu_applibs_do(&request);
}

/* ---- serving time ---- */

void Networking_SntpServerConfig_Init(Networking_SntpServerConfig *sntpServerConfig)
{
    const struct sntp_config fresh = {.magic = SNTP_MAGIC};
    wipe(sntpServerConfig, sizeof(*sntpServerConfig));
    if (sntpServerConfig != NULL) {
        PUT(sntpServerConfig, &fresh);
    }
}

void Networking_SntpServerConfig_Destroy(Networking_SntpServerConfig *sntpServerConfig)
{
    wipe(sntpServerConfig, sizeof(*sntpServerConfig));
}

int Networking_SntpServer_Start(const char *networkInterfaceName,
                                const Networking_SntpServerConfig *sntpServerConfig)
{
    struct sntp_config inside;
    uint8_t nothing;
    if (!GET(sntpServerConfig, &inside) || networkInterfaceName == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    return inside.magic != SNTP_MAGIC
               ? tatu_applibs_fail(EINVAL)
               : tatu_applibs_ask_interface(TATU_NET_SERVE_SNTP, 0, networkInterfaceName, &nothing,
                                            0);
}

/* ---- serving addresses ---- */

void Networking_DhcpServerConfig_Init(Networking_DhcpServerConfig *dhcpServerConfig)
{
    const struct dhcp_config fresh = {.magic = DHCP_MAGIC};
    wipe(dhcpServerConfig, sizeof(*dhcpServerConfig));
    if (dhcpServerConfig != NULL) {
        PUT(dhcpServerConfig, &fresh);
    }
}

void Networking_DhcpServerConfig_Destroy(Networking_DhcpServerConfig *dhcpServerConfig)
{
    wipe(dhcpServerConfig, sizeof(*dhcpServerConfig));
}

/* Whether a range of addresses is whole inside its net, without the net's own two. */
static bool is_range(struct in_addr first, uint8_t count, uint8_t prefix)
{
    const uint32_t start = ntohl(first.s_addr);
    const uint64_t end = (uint64_t)start + count - 1;
    const uint32_t host = prefix >= 32 ? 0 : UINT32_MAX >> prefix;
    return prefix != 0 && prefix < 31 && (start & host) != 0 && end < (start | host);
}

int Networking_DhcpServerConfig_SetLease(Networking_DhcpServerConfig *dhcpServerConfig,
                                         struct in_addr startIpAddress, uint8_t ipAddressCount,
                                         struct in_addr subnetMask, struct in_addr gatewayAddress,
                                         uint32_t leaseTimeInHours)
{
    struct dhcp_config inside;
    if (!GET(dhcpServerConfig, &inside)) {
        return tatu_applibs_fail(EFAULT);
    }
    if (inside.magic != DHCP_MAGIC || ipAddressCount == 0 || leaseTimeInHours == 0 ||
        !is_range(startIpAddress, ipAddressCount, tatu_applibs_get_prefix(subnetMask))) {
        return tatu_applibs_fail(EINVAL);
    }
    inside.first = startIpAddress;
    inside.count = ipAddressCount;
    inside.mask = subnetMask;
    inside.router = gatewayAddress;
    inside.lease_hours = leaseTimeInHours;
    PUT(dhcpServerConfig, &inside);
    return 0;
}

int Networking_DhcpServerConfig_SetNtpServerAddresses(Networking_DhcpServerConfig *dhcpServerConfig,
                                                      const struct in_addr *ntpServerAddresses,
                                                      size_t serverCount)
{
    struct dhcp_config inside;
    if (!GET(dhcpServerConfig, &inside) || ntpServerAddresses == NULL) {
        return tatu_applibs_fail(EFAULT);
    }
    if (serverCount == 0 || serverCount > TATU_NET_NTP_MAX) {
        return tatu_applibs_fail(ERANGE);
    }
    inside.ntp_count = (uint8_t)serverCount;
    memcpy(inside.ntp, ntpServerAddresses, serverCount * sizeof(inside.ntp[0]));
    PUT(dhcpServerConfig, &inside);
    return 0;
}

int Networking_DhcpServer_Start(const char *networkInterfaceName,
                                const Networking_DhcpServerConfig *dhcpServerConfig)
{
    struct dhcp_config inside;
    struct tatu_net_dhcp_server dhcp = {.zero = 0};
    const struct applibs_request request = {
        .op = TATU_NET_SERVE_DHCP, .payload = &dhcp, .len = sizeof(dhcp)};
    if (!GET(dhcpServerConfig, &inside)) {
        return tatu_applibs_fail(EFAULT);
    }
    if (tatu_applibs_put_interface(networkInterfaceName, dhcp.name) != 0) {
        return -1;
    }
    if (inside.magic != DHCP_MAGIC || inside.count == 0) {
        return tatu_applibs_fail(EINVAL);
    }
    tatu_applibs_put_address(inside.first, dhcp.first);
    tatu_applibs_put_address(inside.router, dhcp.router);
    dhcp.count = inside.count;
    dhcp.prefix = tatu_applibs_get_prefix(inside.mask);
    dhcp.lease_hours = inside.lease_hours;
    dhcp.ntp_count = inside.ntp_count;
    for (size_t i = 0; i < inside.ntp_count; i++) {
        tatu_applibs_put_address(inside.ntp[i], dhcp.ntp[i]);
    }
    return tatu_applibs_do(&request);
}
