#include "config.h"

#include <string.h>

#include "addresses.h"
#include "dhcpd.h"

#define MAGIC 0x54454e54u /* "TNET" */
#define VERSION 1u
#define SECONDS_PER_HOUR 3600u

bool tatu_netd_is_text(const char *text, size_t size)
{
    const size_t len = strnlen(text, size);
    for (size_t i = len; i < size; i++) {
        if (text[i] != '\0') {
            return false;
        }
    }
    return len < size;
}

static bool is_zero(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}
#define IS_ZERO(field) is_zero((field), sizeof(field))

static bool has_only(const char *text, const char *others)
{
    for (; *text != '\0'; text++) {
        const bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                           (*text >= '0' && *text <= '9');
        if (!plain && strchr(others, *text) == NULL) {
            return false;
        }
    }
    return true;
}

bool tatu_netd_is_host(const char *text)
{
    return text[0] != '\0' && text[0] != '.' && strstr(text, "..") == NULL &&
           has_only(text, ".-_:");
}

bool tatu_netd_is_none(const uint8_t address[16])
{
    return is_zero(address, 16) || (tatu_net_is_ipv4(address) && is_zero(address + 12, 4));
}

static uint32_t number_of(const uint8_t address[16])
{
    return (uint32_t)address[12] << 24 | (uint32_t)address[13] << 16 | (uint32_t)address[14] << 8 |
           address[15];
}

static uint32_t mask_of(uint8_t prefix)
{
    return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

/* ---- the parts ---- */

static enum tatu_netd_fault check_ipv4(const struct tatu_net_ip *ip)
{
    if (ip->mode == TATU_NET_IP_DYNAMIC) {
        return TATU_NETD_OK;
    }
    if (!tatu_net_is_ipv4(ip->address) || !tatu_netd_is_peer(ip->address)) {
        return TATU_NETD_ADDRESS_FAULT;
    }
    if (ip->prefix == 0 || ip->prefix > 32) {
        return TATU_NETD_MASK_FAULT;
    }
    const uint32_t own = number_of(ip->address), mask = mask_of(ip->prefix);
    if (ip->prefix < 31 && ((own & ~mask) == 0 || (own & ~mask) == ~mask)) {
        return TATU_NETD_ADDRESS_FAULT;
    }
    if (tatu_netd_is_of_desk(own)) {
        return TATU_NETD_DESK_NET_FAULT;
    }
    if (tatu_netd_is_none(ip->router)) {
        return TATU_NETD_OK;
    }
    const uint32_t router = number_of(ip->router);
    return tatu_net_is_ipv4(ip->router) && tatu_netd_is_peer(ip->router) &&
                   ((router ^ own) & mask) == 0 && router != own
               ? TATU_NETD_OK
               : TATU_NETD_ROUTER_FAULT;
}

static bool is_ipv6_peer(const uint8_t address[16])
{
    return !tatu_net_is_ipv4(address) && tatu_netd_is_peer(address);
}

static enum tatu_netd_fault check_ipv6(const struct tatu_net_ip *ip)
{
    if (ip->mode6 != TATU_NET_IP6_STATIC) {
        return TATU_NETD_OK;
    }
    if (!is_ipv6_peer(ip->address6)) {
        return TATU_NETD_ADDRESS_FAULT;
    }
    if (ip->prefix6 == 0 || ip->prefix6 > 128) {
        return TATU_NETD_MASK_FAULT;
    }
    return tatu_netd_is_none(ip->router6) || is_ipv6_peer(ip->router6) ? TATU_NETD_OK
                                                                       : TATU_NETD_ROUTER_FAULT;
}

enum tatu_netd_fault tatu_netd_check_ip(const struct tatu_net_ip *ip)
{
    if (ip->mode > TATU_NET_IP_DYNAMIC || ip->mode6 > TATU_NET_IP6_OFF || ip->custom_dns > 1 ||
        !IS_ZERO(ip->zero)) {
        return TATU_NETD_REQUEST_FAULT;
    }
    NETD_TRY(check_ipv4(ip));
    NETD_TRY(check_ipv6(ip));
    if (ip->dns_count > TATU_NET_DNS_MAX) {
        return TATU_NETD_RANGE_FAULT;
    }
    for (size_t i = 0; i < ip->dns_count; i++) {
        if (!tatu_netd_is_peer(ip->dns[i])) {
            return TATU_NETD_ADDRESS_FAULT;
        }
    }
    return TATU_NETD_OK;
}

enum tatu_netd_fault tatu_netd_check_mac(const struct tatu_net_mac *mac)
{
    const bool group = (mac->mac[0] & 1) != 0;
    return group || IS_ZERO(mac->mac) || !IS_ZERO(mac->zero) ? TATU_NETD_MAC_FAULT : TATU_NETD_OK;
}

enum tatu_netd_fault tatu_netd_check_ntp(const struct tatu_net_ntp *ntp)
{
    if (ntp->mode > TATU_NET_NTP_CUSTOM || ntp->fallback > 1 || !IS_ZERO(ntp->zero)) {
        return TATU_NETD_REQUEST_FAULT;
    }
    if (!tatu_netd_is_text(ntp->primary, sizeof(ntp->primary)) ||
        !tatu_netd_is_text(ntp->secondary, sizeof(ntp->secondary))) {
        return TATU_NETD_RANGE_FAULT;
    }
    if (ntp->mode != TATU_NET_NTP_CUSTOM) {
        return TATU_NETD_OK;
    }
    const bool good = tatu_netd_is_host(ntp->primary) &&
                      (ntp->secondary[0] == '\0' || tatu_netd_is_host(ntp->secondary));
    return good ? TATU_NETD_OK : TATU_NETD_NTP_SERVER_FAULT;
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

static enum tatu_netd_fault check_credentials(const struct tatu_net_proxy *proxy)
{
    if (!tatu_netd_is_text(proxy->username, sizeof(proxy->username)) ||
        !is_printable(proxy->username) || strchr(proxy->username, ':') != NULL) {
        return TATU_NETD_PROXY_USERNAME_FAULT;
    }
    if (!tatu_netd_is_text(proxy->password, sizeof(proxy->password)) ||
        !is_printable(proxy->password)) {
        return TATU_NETD_PROXY_PASSWORD_FAULT;
    }
    const bool any = proxy->username[0] != '\0' || proxy->password[0] != '\0';
    const bool both = proxy->username[0] != '\0' && proxy->password[0] != '\0';
    if (proxy->auth == TATU_NET_PROXY_ANONYMOUS) {
        return any ? TATU_NETD_PROXY_ANONYMOUS_FAULT : TATU_NETD_OK;
    }
    return both ? TATU_NETD_OK : TATU_NETD_PROXY_BASIC_FAULT;
}

enum tatu_netd_fault tatu_netd_check_proxy(const struct tatu_net_proxy *proxy)
{
    if (proxy->enabled > 1 || proxy->zero != 0 || proxy->zero2 != 0) {
        return TATU_NETD_PROXY_OPTION_FAULT;
    }
    if (proxy->type != 0) {
        return TATU_NETD_PROXY_TYPE_FAULT;
    }
    if (proxy->auth > TATU_NET_PROXY_BASIC) {
        return TATU_NETD_PROXY_AUTH_FAULT;
    }
    if (proxy->port == 0 || !tatu_netd_is_text(proxy->address, sizeof(proxy->address)) ||
        !tatu_netd_is_host(proxy->address)) {
        return TATU_NETD_PROXY_ADDRESS_FAULT;
    }
    if (!tatu_netd_is_text(proxy->no_proxy, sizeof(proxy->no_proxy)) ||
        !has_only(proxy->no_proxy, ".-_:,*/ ")) {
        return TATU_NETD_PROXY_EXCEPTIONS_FAULT;
    }
    return check_credentials(proxy);
}

void tatu_netd_fill_range(const struct tatu_net_dhcp_server *dhcp, const struct tatu_net_ip *own,
                          struct tatu_dhcpd_range *out)
{
    *out = (struct tatu_dhcpd_range){
        .own = number_of(own->address),
        .mask = mask_of(dhcp->prefix),
        .first = number_of(dhcp->first),
        .count = dhcp->count,
        .router = tatu_netd_is_none(dhcp->router) ? 0 : number_of(dhcp->router),
        .lease_s = dhcp->lease_hours > UINT32_MAX / SECONDS_PER_HOUR
                       ? UINT32_MAX
                       : dhcp->lease_hours * SECONDS_PER_HOUR,
        .ntp_count = dhcp->ntp_count,
    };
    for (size_t i = 0; i < dhcp->ntp_count; i++) {
        out->ntp[i] = number_of(dhcp->ntp[i]);
    }
}

enum tatu_netd_fault tatu_netd_check_dhcp_server(const struct tatu_net_dhcp_server *dhcp,
                                                 const struct tatu_net_ip *own)
{
    struct tatu_dhcpd trial;
    struct tatu_dhcpd_range range;
    if (own->mode != TATU_NET_IP_STATIC) {
        return TATU_NETD_NOT_PERMITTED_FAULT;
    }
    if (!tatu_net_is_ipv4(dhcp->first) || dhcp->prefix == 0 || dhcp->prefix > 32 ||
        dhcp->prefix != own->prefix || dhcp->ntp_count > TATU_NET_NTP_MAX || dhcp->zero != 0 ||
        !(tatu_netd_is_none(dhcp->router) || tatu_net_is_ipv4(dhcp->router))) {
        return TATU_NETD_DHCP_SERVER_FAULT;
    }
    for (size_t i = 0; i < dhcp->ntp_count; i++) {
        if (!tatu_net_is_ipv4(dhcp->ntp[i]) || !tatu_netd_is_peer(dhcp->ntp[i])) {
            return TATU_NETD_DHCP_SERVER_FAULT;
        }
    }
    tatu_netd_fill_range(dhcp, own, &range);
    /* a wider net may have the desk's in it, but what is given away there would not be reached */
    if (range.first <= (TATU_DESK_ADDRESS | ~TATU_DESK_MASK) &&
        range.first + range.count > (TATU_DESK_ADDRESS & TATU_DESK_MASK)) {
        return TATU_NETD_DESK_NET_FAULT;
    }
    return tatu_netd_start_dhcpd(&trial, &range) == TATU_OK ? TATU_NETD_OK
                                                            : TATU_NETD_DHCP_SERVER_FAULT;
}

/* ---- the file ---- */

void tatu_netd_init_config(struct tatu_config *out)
{
    memset(out, 0, sizeof(*out));
    out->time_sync = 1;
    out->ntp.fallback = 1;
    for (size_t i = 0; i < TATU_CONFIG_INTERFACE_COUNT; i++) {
        out->interfaces[i].ip.mode = TATU_NET_IP_DYNAMIC;
    }
    out->interfaces[TATU_CONFIG_ETH1].down = 1; /* until somebody says what it is for */
}

void tatu_netd_encode_config(const struct tatu_config *config, uint8_t out[TATU_CONFIG_FILE_SIZE])
{
    tatu_put_le32(out, MAGIC);
    tatu_put_le32(out + 4, VERSION);
    memcpy(out + 8, config, sizeof(*config));
}

static enum tatu_netd_fault check_interface(const struct tatu_config_interface_part *part)
{
    if (part->down > 1 || part->has_mac > 1 || part->serve_sntp > 1 || part->serve_dhcp > 1 ||
        !IS_ZERO(part->zero) || !IS_ZERO(part->ip.name) || !IS_ZERO(part->mac.name) ||
        !IS_ZERO(part->dhcp.name)) {
        return TATU_NETD_REQUEST_FAULT;
    }
    NETD_TRY(tatu_netd_check_ip(&part->ip));
    if (part->has_mac == 1) {
        NETD_TRY(tatu_netd_check_mac(&part->mac));
    }
    return part->serve_dhcp == 1 ? tatu_netd_check_dhcp_server(&part->dhcp, &part->ip)
                                 : TATU_NETD_OK;
}

static enum tatu_netd_fault check_config(const struct tatu_config *config)
{
    if (config->time_sync > 1 || config->has_proxy > 1 || !IS_ZERO(config->zero)) {
        return TATU_NETD_REQUEST_FAULT;
    }
    for (size_t i = 0; i < TATU_CONFIG_INTERFACE_COUNT; i++) {
        NETD_TRY(check_interface(&config->interfaces[i]));
    }
    NETD_TRY(tatu_netd_check_ntp(&config->ntp));
    return config->has_proxy == 1 ? tatu_netd_check_proxy(&config->proxy) : TATU_NETD_OK;
}

enum tatu_err tatu_netd_decode_config(struct tatu_span in, struct tatu_config *out)
{
    struct tatu_config config;
    if (in.len < 8) {
        return TATU_ERR_SHORT;
    }
    if (tatu_get_le32(in.data) != MAGIC || tatu_get_le32(in.data + 4) != VERSION) {
        return TATU_ERR_VERSION;
    }
    if (in.len != TATU_CONFIG_FILE_SIZE) {
        return in.len < TATU_CONFIG_FILE_SIZE ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    memcpy(&config, in.data + 8, sizeof(config));
    if (check_config(&config) != TATU_NETD_OK) {
        return TATU_ERR_FORMAT;
    }
    *out = config;
    return TATU_OK;
}

/* ---- an application's firewall ---- */

/* Below the root, and nothing in it that leads elsewhere. */
static bool is_group(const char *path)
{
    const size_t root = sizeof(TATU_NET_GROUP_ROOT) - 1;
    return strncmp(path, TATU_NET_GROUP_ROOT, root) == 0 && path[root] != '\0' &&
           has_only(path, "/-_.") && strstr(path, "..") == NULL && strstr(path, "//") == NULL;
}

static bool are_ports(const uint16_t *ports, size_t count)
{
    for (size_t i = 0; i < TATU_NET_PORT_MAX; i++) {
        if ((ports[i] == 0) != (i >= count)) {
            return false;
        }
    }
    return true;
}

enum tatu_err tatu_netd_decode_allow(struct tatu_span in, struct tatu_net_allow *out)
{
    struct tatu_net_allow allow;
    if (in.len != sizeof(allow)) {
        return in.len < sizeof(allow) ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    memcpy(&allow, in.data, sizeof(allow));
    if (!tatu_netd_is_text(allow.group, sizeof(allow.group)) || !is_group(allow.group)) {
        return TATU_ERR_ARGUMENT;
    }
    if (allow.tcp_count > TATU_NET_PORT_MAX || allow.udp_count > TATU_NET_PORT_MAX ||
        allow.host_count > TATU_NET_HOST_MAX) {
        return TATU_ERR_LONG;
    }
    if (!are_ports(allow.tcp, allow.tcp_count) || !are_ports(allow.udp, allow.udp_count)) {
        return TATU_ERR_FORMAT;
    }
    for (size_t i = 0; i < TATU_NET_HOST_MAX; i++) {
        const bool wanted = i < allow.host_count;
        if (!tatu_netd_is_text(allow.hosts[i], sizeof(allow.hosts[i])) ||
            (wanted ? !tatu_netd_is_host(allow.hosts[i]) : allow.hosts[i][0] != '\0')) {
            return TATU_ERR_FORMAT;
        }
    }
    *out = allow;
    return TATU_OK;
}
