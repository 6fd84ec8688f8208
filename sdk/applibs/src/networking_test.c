/* Interfaces, addresses, time, private services and the proxy; and what networking_curl.h makes
 * curl do. */
#include "applibs/networking.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "applibs/networking_curl.h"
#include "fake_system.h"
#include "proto/network.h"

#include <cmocka.h>

static const char eth0[16] = "eth0";
static const char long_name[] = "sixteen letters.";

static struct in_addr ip(const char *text)
{
    struct in_addr address = {0};
    assert_int_equal(inet_pton(AF_INET, text, &address), 1);
    return address;
}

static void put_mapped(uint8_t out[16], const char *text)
{
    const struct in_addr address = ip(text);
    memset(out, 0, 10);
    memset(out + 10, 0xff, 2);
    memcpy(out + 12, &address, 4);
}

/* ---- interfaces ---- */

static int ask_ready(void)
{
    bool ready;
    return Networking_IsNetworkingReady(&ready);
}
static int count_interfaces(void)
{
    return (int)Networking_GetInterfaceCount();
}
static int get_interfaces(void)
{
    Networking_NetworkInterface out[4];
    return (int)Networking_GetInterfaces(out, 4);
}

static void readiness_is_asked(void **state)
{
    static const uint32_t yes = 1, no = 0;
    bool ready = false;
    (void)state;
    fake_answer(0, &yes, sizeof(yes));
    assert_int_equal(Networking_IsNetworkingReady(&ready), 0);
    assert_true(ready);
    fake_expect(TATU_NET_READY, 0, 0, 0, NULL, 0);
    fake_answer(0, &no, sizeof(no));
    assert_int_equal(Networking_IsNetworkingReady(&ready), 0);
    assert_false(ready);
    FAKE_FAILS(EFAULT, Networking_IsNetworkingReady(NULL));
    FAKE_PASSES_ON(ask_ready, EAGAIN);
}

static void interfaces_are_told(void **state)
{
    static const struct tatu_net_interface told[2] = {
        {.name = "eth0", .flags = 7, .dynamic = 1, .medium = TATU_NET_MEDIUM_ETHERNET},
        {.name = "azspheresvc", .flags = 0},
    };
    Networking_NetworkInterface out[3];
    (void)state;
    fake_answer(0, told, sizeof(told));
    assert_int_equal(Networking_GetInterfaceCount(), 2);
    assert_int_equal(Networking_GetInterfaces(out, 3), 2);
    fake_expect(TATU_NET_INTERFACES, 0, 0, 0, NULL, 0);
    assert_int_equal(out[0].z__magicAndVersion, 0xfa9a0001);
    assert_true(out[0].isEnabled);
    assert_string_equal(out[0].interfaceName, "eth0");
    assert_int_equal(out[0].interfaceNameLength, 4);
    assert_int_equal(out[0].ipConfigurationType, Networking_IpType_DhcpClient);
    assert_int_equal(out[0].interfaceMediumType, Networking_InterfaceMedium_Ethernet);
    assert_false(out[1].isEnabled);
    assert_string_equal(out[1].interfaceName, "azspheresvc");
    assert_int_equal(out[1].ipConfigurationType, Networking_IpType_DhcpNone);
    memset(&out[1], 0x11, sizeof(out[1]));
    assert_int_equal(Networking_GetInterfaces(out, 1), 1);
    assert_int_equal(out[1].z__magicAndVersion, 0x11111111);
    FAKE_FAILS(EFAULT, Networking_GetInterfaces(NULL, 1));
    FAKE_FAILS(ERANGE, Networking_GetInterfaces(out, 0));
    FAKE_FAILS(EINVAL, z__Networking_GetInterfaces(out, 1, 2));
    FAKE_PASSES_ON(count_interfaces, EAGAIN);
    FAKE_PASSES_ON(get_interfaces, EAGAIN);
}

static int set_down(void)
{
    return Networking_SetInterfaceState("eth0", false);
}
static int get_status(void)
{
    Networking_InterfaceConnectionStatus out;
    return Networking_GetInterfaceConnectionStatus("eth0", &out);
}
static int set_mac(void)
{
    static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
    return Networking_SetHardwareAddress("eth0", mac, sizeof(mac));
}
static int get_mac(void)
{
    Networking_Interface_HardwareAddress out;
    return Networking_GetHardwareAddress("eth0", &out);
}
static int release_ip(void)
{
    return Networking_ReleaseIp("eth0");
}
static int renew_ip(void)
{
    return Networking_RenewIp("eth0");
}
static int release_ip_too(void)
{
    return Networking_IpConfig_ReleaseIp("eth0");
}
static int renew_ip_too(void)
{
    return Networking_IpConfig_RenewIp("eth0");
}

static void an_interface_is_named(void **state)
{
    static const uint32_t flags = 15;
    static const struct tatu_net_mac mac = {.name = "eth0", .mac = {2, 0, 0, 0, 0, 9}};
    Networking_InterfaceConnectionStatus status = 0;
    Networking_Interface_HardwareAddress address;
    (void)state;
    fake_answer(0, NULL, 0);
    assert_int_equal(set_down(), 0);
    fake_expect(TATU_NET_SET_UP, 0, 0, 0, eth0, sizeof(eth0));
    assert_int_equal(Networking_SetInterfaceState("eth0", true), 0);
    fake_expect(TATU_NET_SET_UP, 1, 0, 0, eth0, sizeof(eth0));
    assert_int_equal(release_ip(), 0);
    fake_expect(TATU_NET_RELEASE_IP, 0, 0, 0, eth0, sizeof(eth0));
    assert_int_equal(renew_ip(), 0);
    fake_expect(TATU_NET_RENEW_IP, 0, 0, 0, eth0, sizeof(eth0));
    assert_int_equal(set_mac(), 0);
    fake_expect(TATU_NET_SET_MAC, 0, 0, 0, &mac, sizeof(mac));
    fake_answer(0, &flags, sizeof(flags));
    assert_int_equal(Networking_GetInterfaceConnectionStatus("eth0", &status), 0);
    assert_int_equal(status, Networking_InterfaceConnectionStatus_InterfaceUp |
                                 Networking_InterfaceConnectionStatus_ConnectedToNetwork |
                                 Networking_InterfaceConnectionStatus_IpAvailable |
                                 Networking_InterfaceConnectionStatus_ConnectedToInternet);
    fake_expect(TATU_NET_STATUS, 0, 0, 0, eth0, sizeof(eth0));
    fake_answer(0, &mac, sizeof(mac));
    assert_int_equal(Networking_GetHardwareAddress("eth0", &address), 0);
    assert_memory_equal(address.address, mac.mac, 6);
    fake_expect(TATU_NET_GET_MAC, 0, 0, 0, eth0, sizeof(eth0));
    FAKE_PASSES_ON(set_down, EACCES, EAGAIN, ENOENT, EPERM);
    FAKE_PASSES_ON(get_status, EAGAIN, ENOENT);
    FAKE_PASSES_ON(set_mac, EACCES, EAGAIN, ENOENT, EPERM, EINVAL);
    FAKE_PASSES_ON(get_mac, EAGAIN, ENOENT, EPERM);
    FAKE_PASSES_ON(release_ip, EACCES, EAGAIN, ENOENT, EPERM);
    FAKE_PASSES_ON(renew_ip, EACCES, EAGAIN, ENOENT, EPERM);
    FAKE_PASSES_ON(release_ip_too, EACCES);
    FAKE_PASSES_ON(renew_ip_too, EACCES);
}

static void a_name_that_no_interface_has_is_not_asked(void **state)
{
    Networking_InterfaceConnectionStatus status;
    Networking_Interface_HardwareAddress address;
    Networking_IpConfig config;
    static const uint8_t mac[6] = {2};
    const unsigned int before = fake_count;
    (void)state;
    Networking_IpConfig_Init(&config);
    FAKE_FAILS(EFAULT, Networking_SetInterfaceState(NULL, true));
    FAKE_FAILS(ENOENT, Networking_SetInterfaceState(long_name, true));
    FAKE_FAILS(EFAULT, Networking_GetInterfaceConnectionStatus(NULL, &status));
    FAKE_FAILS(EFAULT, Networking_GetInterfaceConnectionStatus("eth0", NULL));
    FAKE_FAILS(ENOENT, Networking_GetInterfaceConnectionStatus(long_name, &status));
    FAKE_FAILS(EFAULT, Networking_GetHardwareAddress(NULL, &address));
    FAKE_FAILS(EFAULT, Networking_GetHardwareAddress("eth0", NULL));
    FAKE_FAILS(EFAULT, Networking_SetHardwareAddress(NULL, mac, 6));
    FAKE_FAILS(EFAULT, Networking_SetHardwareAddress("eth0", NULL, 6));
    FAKE_FAILS(ERANGE, Networking_SetHardwareAddress("eth0", mac, 5));
    FAKE_FAILS(EFAULT, Networking_ReleaseIp(NULL));
    FAKE_FAILS(ENOENT, Networking_RenewIp(long_name));
    FAKE_FAILS(EFAULT, Networking_IpConfig_Apply(NULL, &config));
    FAKE_FAILS(ENOENT, Networking_IpConfig_Apply(long_name, &config));
    assert_int_equal(fake_count, before);
}

/* ---- addresses ---- */

static Networking_IpConfig ip_config;

static int apply_ip(void)
{
    return Networking_IpConfig_Apply("eth0", &ip_config);
}

static void an_address_is_configured_as_it_was_put_together(void **state)
{
    const struct in_addr dns[3] = {ip("1.1.1.1"), ip("8.8.8.8"), ip("9.9.9.9")};
    struct tatu_net_ip wire = {.name = "eth0", .mode = TATU_NET_IP_DYNAMIC};
    (void)state;
    fake_answer(0, NULL, 0);
    Networking_IpConfig_Init(&ip_config);
    assert_int_equal(apply_ip(), 0);
    fake_expect(TATU_NET_APPLY_IP, 0, 0, 0, &wire, sizeof(wire));
    Networking_IpConfig_EnableStaticIp(&ip_config, ip("192.168.100.10"), ip("255.255.254.0"),
                                       ip("0.0.0.0"));
    assert_int_equal(Networking_IpConfig_EnableCustomDns(&ip_config, dns, 2), 0);
    assert_int_equal(apply_ip(), 0);
    wire.mode = TATU_NET_IP_STATIC;
    wire.prefix = 23;
    put_mapped(wire.address, "192.168.100.10");
    wire.custom_dns = 1;
    wire.dns_count = 2;
    put_mapped(wire.dns[0], "1.1.1.1");
    put_mapped(wire.dns[1], "8.8.8.8");
    fake_expect(TATU_NET_APPLY_IP, 0, 0, 0, &wire, sizeof(wire));
    Networking_IpConfig_EnableStaticIp(&ip_config, ip("192.168.100.10"), ip("255.0.255.0"),
                                       ip("192.168.100.1"));
    Networking_IpConfig_EnableAutomaticDns(&ip_config);
    assert_int_equal(apply_ip(), 0);
    wire = (struct tatu_net_ip){.name = "eth0"}; /* a mask with holes is none: netd refuses it */
    put_mapped(wire.address, "192.168.100.10");
    put_mapped(wire.router, "192.168.100.1");
    fake_expect(TATU_NET_APPLY_IP, 0, 0, 0, &wire, sizeof(wire));
    Networking_IpConfig_EnableDynamicIp(&ip_config);
    assert_int_equal(apply_ip(), 0);
    wire = (struct tatu_net_ip){.name = "eth0", .mode = TATU_NET_IP_DYNAMIC};
    fake_expect(TATU_NET_APPLY_IP, 0, 0, 0, &wire, sizeof(wire));
    FAKE_PASSES_ON(apply_ip, EACCES, EAGAIN, ENOENT, EPERM, EINVAL);
    FAKE_FAILS(ERANGE, Networking_IpConfig_EnableCustomDns(&ip_config, dns, 0));
    FAKE_FAILS(ERANGE, Networking_IpConfig_EnableCustomDns(&ip_config, dns, 4));
    FAKE_FAILS(EFAULT, Networking_IpConfig_EnableCustomDns(&ip_config, NULL, 1));
    FAKE_FAILS(EFAULT, Networking_IpConfig_EnableCustomDns(NULL, dns, 1));
    FAKE_FAILS(EFAULT, Networking_IpConfig_Apply("eth0", NULL));
    Networking_IpConfig_Destroy(&ip_config);
    FAKE_FAILS(EINVAL, apply_ip());
    Networking_IpConfig_Init(NULL);
    Networking_IpConfig_Destroy(NULL);
    Networking_IpConfig_EnableDynamicIp(NULL);
    Networking_IpConfig_EnableAutomaticDns(NULL);
    Networking_IpConfig_EnableStaticIp(NULL, dns[0], dns[0], dns[0]);
}

/* ---- time ---- */

static int enable_sync(void)
{
    return Networking_TimeSync_SetEnabled(true);
}
static int is_enabled(void)
{
    bool enabled;
    return Networking_TimeSync_GetEnabled(&enabled);
}
static int automatic_ntp(void)
{
    return Networking_TimeSync_EnableAutomaticNtp(Networking_NtpOption_FallbackServerEnabled);
}
static int custom_ntp(void)
{
    return Networking_TimeSync_EnableCustomNtp("a.example", "b.example",
                                               Networking_NtpOption_FallbackServerDisabled);
}
static int last_sync(void)
{
    char name[256];
    size_t len = sizeof(name);
    struct tm before, after;
    return Networking_TimeSync_GetLastNtpSyncInfo(name, &len, &before, &after);
}

static void time_servers_are_chosen(void **state)
{
    static const uint32_t one = 1;
    static char large[257];
    struct tatu_net_ntp wire = {.mode = TATU_NET_NTP_DEFAULT};
    bool enabled = false;
    (void)state;
    memset(large, 'a', sizeof(large) - 1);
    fake_answer(0, NULL, 0);
    assert_int_equal(enable_sync(), 0);
    fake_expect(TATU_NET_SET_TIME_SYNC, 1, 0, 0, NULL, 0);
    assert_int_equal(Networking_TimeSync_SetEnabled(false), 0);
    fake_expect(TATU_NET_SET_TIME_SYNC, 0, 0, 0, NULL, 0);
    assert_int_equal(Networking_TimeSync_EnableDefaultNtp(), 0);
    fake_expect(TATU_NET_SET_NTP, 0, 0, 0, &wire, sizeof(wire));
    assert_int_equal(automatic_ntp(), 0);
    wire.mode = TATU_NET_NTP_AUTOMATIC;
    wire.fallback = 1;
    fake_expect(TATU_NET_SET_NTP, 0, 0, 0, &wire, sizeof(wire));
    assert_int_equal(custom_ntp(), 0);
    wire = (struct tatu_net_ntp){
        .mode = TATU_NET_NTP_CUSTOM, .primary = "a.example", .secondary = "b.example"};
    fake_expect(TATU_NET_SET_NTP, 0, 0, 0, &wire, sizeof(wire));
    assert_int_equal(Networking_TimeSync_EnableCustomNtp(
                         "a.example", NULL, Networking_NtpOption_FallbackServerEnabled),
                     0);
    wire =
        (struct tatu_net_ntp){.mode = TATU_NET_NTP_CUSTOM, .fallback = 1, .primary = "a.example"};
    fake_expect(TATU_NET_SET_NTP, 0, 0, 0, &wire, sizeof(wire));
    fake_answer(0, &one, sizeof(one));
    assert_int_equal(Networking_TimeSync_GetEnabled(&enabled), 0);
    assert_true(enabled);
    FAKE_FAILS(EFAULT, Networking_TimeSync_GetEnabled(NULL));
    FAKE_FAILS(EINVAL, Networking_TimeSync_EnableAutomaticNtp((Networking_NtpOption)2));
    FAKE_FAILS(EINVAL, Networking_TimeSync_EnableCustomNtp("a", NULL, (Networking_NtpOption)2));
    FAKE_FAILS(EFAULT, Networking_TimeSync_EnableCustomNtp(
                           NULL, "b", Networking_NtpOption_FallbackServerEnabled));
    FAKE_FAILS(ERANGE, Networking_TimeSync_EnableCustomNtp(
                           large, NULL, Networking_NtpOption_FallbackServerEnabled));
    FAKE_FAILS(ERANGE, Networking_TimeSync_EnableCustomNtp(
                           "a", large, Networking_NtpOption_FallbackServerEnabled));
    FAKE_PASSES_ON(enable_sync, EACCES, EAGAIN);
    FAKE_PASSES_ON(is_enabled, EACCES, EAGAIN);
    FAKE_PASSES_ON(Networking_TimeSync_EnableDefaultNtp, EACCES, EAGAIN);
    FAKE_PASSES_ON(automatic_ntp, EACCES, EAGAIN);
    FAKE_PASSES_ON(custom_ntp, EACCES, EAGAIN, EINVAL, ERANGE);
}

static void the_last_time_that_was_set_is_told(void **state)
{
    static const struct tatu_net_sync sync = {
        .before_s = 0, .after_s = 1700000000, .server = "time.example"};
    char name[13];
    size_t len = sizeof(name);
    struct tm before, after;
    (void)state;
    fake_answer(0, &sync, sizeof(sync));
    assert_int_equal(Networking_TimeSync_GetLastNtpSyncInfo(name, &len, &before, &after), 0);
    fake_expect(TATU_NET_LAST_SYNC, 0, 0, 0, NULL, 0);
    assert_string_equal(name, "time.example");
    assert_int_equal(len, 13);
    assert_int_equal(before.tm_year, 70);
    assert_int_equal(after.tm_year, 123);
    assert_int_equal(after.tm_min, 13);
    len = 12;
    FAKE_FAILS(ENOBUFS, Networking_TimeSync_GetLastNtpSyncInfo(name, &len, &before, &after));
    assert_int_equal(len, 13);
    FAKE_FAILS(EFAULT, Networking_TimeSync_GetLastNtpSyncInfo(NULL, &len, &before, &after));
    FAKE_FAILS(EFAULT, Networking_TimeSync_GetLastNtpSyncInfo(name, NULL, &before, &after));
    FAKE_FAILS(EFAULT, Networking_TimeSync_GetLastNtpSyncInfo(name, &len, NULL, &after));
    FAKE_FAILS(EFAULT, Networking_TimeSync_GetLastNtpSyncInfo(name, &len, &before, NULL));
    FAKE_PASSES_ON(last_sync, ENOENT, EAGAIN);
}

/* ---- services of a private network ---- */

static Networking_SntpServerConfig sntp_config;
static Networking_DhcpServerConfig dhcp_config;

static int start_sntp(void)
{
    return Networking_SntpServer_Start("eth0", &sntp_config);
}
static int start_dhcp(void)
{
    return Networking_DhcpServer_Start("eth0", &dhcp_config);
}

static void time_is_served(void **state)
{
    (void)state;
    Networking_SntpServerConfig_Init(&sntp_config);
    fake_answer(0, NULL, 0);
    assert_int_equal(start_sntp(), 0);
    fake_expect(TATU_NET_SERVE_SNTP, 0, 0, 0, eth0, sizeof(eth0));
    FAKE_PASSES_ON(start_sntp, EACCES, EAGAIN, ENOENT, EPERM);
    FAKE_FAILS(EFAULT, Networking_SntpServer_Start(NULL, &sntp_config));
    FAKE_FAILS(EFAULT, Networking_SntpServer_Start("eth0", NULL));
    FAKE_FAILS(ENOENT, Networking_SntpServer_Start(long_name, &sntp_config));
    Networking_SntpServerConfig_Destroy(&sntp_config);
    FAKE_FAILS(EINVAL, start_sntp());
    Networking_SntpServerConfig_Init(NULL);
    Networking_SntpServerConfig_Destroy(NULL);
}

static void addresses_are_served(void **state)
{
    const struct in_addr ntp[3] = {ip("192.168.100.10"), ip("192.168.100.11"),
                                   ip("192.168.100.12")};
    struct tatu_net_dhcp_server wire = {
        .name = "eth0", .count = 5, .prefix = 24, .lease_hours = 12, .ntp_count = 3};
    (void)state;
    put_mapped(wire.first, "192.168.100.20");
    put_mapped(wire.router, "192.168.100.10");
    put_mapped(wire.ntp[0], "192.168.100.10");
    put_mapped(wire.ntp[1], "192.168.100.11");
    put_mapped(wire.ntp[2], "192.168.100.12");
    Networking_DhcpServerConfig_Init(&dhcp_config);
    FAKE_FAILS(EINVAL, start_dhcp()); /* nothing to lease yet */
    assert_int_equal(Networking_DhcpServerConfig_SetLease(&dhcp_config, ip("192.168.100.20"), 5,
                                                          ip("255.255.255.0"), ip("192.168.100.10"),
                                                          12),
                     0);
    assert_int_equal(Networking_DhcpServerConfig_SetNtpServerAddresses(&dhcp_config, ntp, 3), 0);
    fake_answer(0, NULL, 0);
    assert_int_equal(start_dhcp(), 0);
    fake_expect(TATU_NET_SERVE_DHCP, 0, 0, 0, &wire, sizeof(wire));
    FAKE_PASSES_ON(start_dhcp, EACCES, EAGAIN, ENOENT, EPERM, EINVAL);
    FAKE_FAILS(ERANGE, Networking_DhcpServerConfig_SetNtpServerAddresses(&dhcp_config, ntp, 0));
    FAKE_FAILS(ERANGE, Networking_DhcpServerConfig_SetNtpServerAddresses(&dhcp_config, ntp, 4));
    FAKE_FAILS(EFAULT, Networking_DhcpServerConfig_SetNtpServerAddresses(&dhcp_config, NULL, 1));
    FAKE_FAILS(EFAULT, Networking_DhcpServerConfig_SetNtpServerAddresses(NULL, ntp, 1));
    FAKE_FAILS(EFAULT, Networking_DhcpServer_Start(NULL, &dhcp_config));
    FAKE_FAILS(EFAULT, Networking_DhcpServer_Start("eth0", NULL));
    FAKE_FAILS(ENOENT, Networking_DhcpServer_Start(long_name, &dhcp_config));
    Networking_DhcpServerConfig_Destroy(&dhcp_config);
    FAKE_FAILS(EINVAL, start_dhcp());
    Networking_DhcpServerConfig_Init(NULL);
    Networking_DhcpServerConfig_Destroy(NULL);
}

static void a_lease_that_is_none_is_refused(void **state)
{
    static const struct {
        const char *first;
        uint8_t count;
        const char *mask;
        uint32_t hours;
    } leases[] = {
        {"192.168.100.20", 0, "255.255.255.0", 1},  {"192.168.100.20", 1, "255.255.255.0", 0},
        {"192.168.100.20", 1, "255.0.255.0", 1},    {"192.168.100.20", 1, "0.0.0.0", 1},
        {"192.168.100.0", 1, "255.255.255.0", 1},   {"192.168.100.255", 1, "255.255.255.0", 1},
        {"192.168.100.250", 6, "255.255.255.0", 1}, {"192.168.100.1", 1, "255.255.255.255", 1},
        {"255.255.255.254", 255, "255.0.0.0", 1},
    };
    (void)state;
    Networking_DhcpServerConfig_Init(&dhcp_config);
    for (size_t i = 0; i < sizeof(leases) / sizeof(leases[0]); i++) {
        FAKE_FAILS(EINVAL, Networking_DhcpServerConfig_SetLease(&dhcp_config, ip(leases[i].first),
                                                                leases[i].count, ip(leases[i].mask),
                                                                ip("0.0.0.0"), leases[i].hours));
    }
    assert_int_equal(Networking_DhcpServerConfig_SetLease(&dhcp_config, ip("192.168.100.250"), 5,
                                                          ip("255.255.255.0"), ip("0.0.0.0"), 1),
                     0);
    FAKE_FAILS(EFAULT, Networking_DhcpServerConfig_SetLease(NULL, ip("1.1.1.1"), 1, ip("1.1.1.1"),
                                                            ip("0.0.0.0"), 1));
}

/* ---- the proxy ---- */

static Networking_ProxyConfig *proxy;

static int apply_proxy(void)
{
    return Networking_Proxy_Apply(proxy);
}
static int get_proxy(void)
{
    return Networking_Proxy_Get(proxy);
}
static int proxy_status(void)
{
    Networking_ProxyStatus status;
    return Networking_Proxy_GetProxyStatus(&status);
}

static void a_proxy_is_put_together_and_applied(void **state)
{
    struct tatu_net_proxy wire = {
        .enabled = 1, .auth = TATU_NET_PROXY_BASIC, .port = 3128, .address = "proxy.example"};
    (void)state;
    strcpy(wire.username, "me");
    strcpy(wire.password, "word");
    strcpy(wire.no_proxy, "localhost,10.0.0.1");
    proxy = Networking_Proxy_Create();
    assert_int_equal(Networking_Proxy_SetProxyAddress(proxy, "proxy.example", 3128), 0);
    assert_int_equal(Networking_Proxy_SetBasicAuthentication(proxy, "me", "word"), 0);
    assert_int_equal(Networking_Proxy_SetProxyNoProxyAddresses(proxy, "localhost,10.0.0.1"), 0);
    fake_answer(0, NULL, 0);
    assert_int_equal(apply_proxy(), 0);
    fake_expect(TATU_NET_SET_PROXY, 0, 0, 0, &wire, sizeof(wire));
    assert_int_equal(Networking_Proxy_SetAnonymousAuthentication(proxy), 0);
    assert_int_equal(Networking_Proxy_SetProxyOptions(proxy, Networking_ProxyOptions_None), 0);
    assert_int_equal(apply_proxy(), 0);
    memset(wire.username, 0, sizeof(wire.username));
    memset(wire.password, 0, sizeof(wire.password));
    wire.auth = TATU_NET_PROXY_ANONYMOUS;
    wire.enabled = 0;
    fake_expect(TATU_NET_SET_PROXY, 0, 0, 0, &wire, sizeof(wire));
    FAKE_PASSES_ON(apply_proxy, EACCES, EAGAIN, EINVAL);
    FAKE_FAILS(EFAULT, Networking_Proxy_Apply(NULL));
    Networking_Proxy_Destroy(proxy);
    Networking_Proxy_Destroy(NULL);
}

static void setters_of_the_proxy_refuse(void **state)
{
    char large[257];
    (void)state;
    memset(large, 'a', 256);
    large[256] = '\0';
    proxy = Networking_Proxy_Create();
    FAKE_FAILS(EFAULT, Networking_Proxy_SetProxyOptions(NULL, 0));
    FAKE_FAILS(EINVAL, Networking_Proxy_SetProxyOptions(proxy, 2));
    FAKE_FAILS(EFAULT, Networking_Proxy_SetProxyAddress(NULL, "a", 1));
    FAKE_FAILS(EFAULT, Networking_Proxy_SetProxyAddress(proxy, NULL, 1));
    FAKE_FAILS(ERANGE, Networking_Proxy_SetProxyAddress(proxy, large, 1));
    FAKE_FAILS(EINVAL, Networking_Proxy_SetProxyAddress(proxy, "", 1));
    FAKE_FAILS(EINVAL, Networking_Proxy_SetProxyAddress(proxy, "a", 0));
    FAKE_FAILS(EFAULT, Networking_Proxy_SetAnonymousAuthentication(NULL));
    FAKE_FAILS(EFAULT, Networking_Proxy_SetBasicAuthentication(NULL, "a", "b"));
    FAKE_FAILS(EFAULT, Networking_Proxy_SetBasicAuthentication(proxy, NULL, "b"));
    FAKE_FAILS(EFAULT, Networking_Proxy_SetBasicAuthentication(proxy, "a", NULL));
    FAKE_FAILS(ERANGE, Networking_Proxy_SetBasicAuthentication(proxy, large, "b"));
    FAKE_FAILS(ERANGE, Networking_Proxy_SetBasicAuthentication(proxy, "a", large));
    FAKE_FAILS(EINVAL, Networking_Proxy_SetBasicAuthentication(proxy, "", "b"));
    FAKE_FAILS(EINVAL, Networking_Proxy_SetBasicAuthentication(proxy, "a", ""));
    FAKE_FAILS(EFAULT, Networking_Proxy_SetProxyNoProxyAddresses(NULL, "a"));
    FAKE_FAILS(EFAULT, Networking_Proxy_SetProxyNoProxyAddresses(proxy, NULL));
    FAKE_FAILS(ERANGE, Networking_Proxy_SetProxyNoProxyAddresses(proxy, large));
    /* and none of it stuck */
    assert_null(Networking_Proxy_GetProxyAddress(proxy));
    assert_null(Networking_Proxy_GetProxyUsername(proxy));
    Networking_Proxy_Destroy(proxy);
}

static void the_proxy_in_force_is_told(void **state)
{
    struct tatu_net_proxy told = {.enabled = 1, .auth = 1, .port = 8080, .address = "p.example"};
    static const uint32_t status_bits = 5;
    Networking_ProxyOptions options = 0;
    Networking_ProxyType type = Networking_ProxyType_Invalid;
    Networking_ProxyAuthType auth = Networking_ProxyAuthType_Anonymous;
    Networking_ProxyStatus status = 0;
    uint16_t port = 0;
    (void)state;
    strcpy(told.username, "me");
    memset(told.password, 'w', sizeof(told.password)); /* without its end */
    proxy = Networking_Proxy_Create();
    fake_answer(0, &told, sizeof(told));
    assert_int_equal(get_proxy(), 0);
    fake_expect(TATU_NET_GET_PROXY, 0, 0, 0, NULL, 0);
    assert_int_equal(Networking_Proxy_GetProxyOptions(proxy, &options), 0);
    assert_int_equal(options, Networking_ProxyOptions_Enabled);
    assert_int_equal(Networking_Proxy_GetProxyPort(proxy, &port), 0);
    assert_int_equal(port, 8080);
    assert_int_equal(Networking_Proxy_GetProxyType(proxy, &type), 0);
    assert_int_equal(type, Networking_ProxyType_HTTP);
    assert_int_equal(Networking_Proxy_GetAuthType(proxy, &auth), 0);
    assert_int_equal(auth, Networking_ProxyAuthType_Basic);
    assert_string_equal(Networking_Proxy_GetProxyAddress(proxy), "p.example");
    assert_string_equal(Networking_Proxy_GetProxyUsername(proxy), "me");
    assert_int_equal(strlen(Networking_Proxy_GetProxyPassword(proxy)), 63);
    assert_null(Networking_Proxy_GetNoProxyAddresses(proxy));
    assert_int_equal(errno, ENODATA);
    FAKE_PASSES_ON(get_proxy, EACCES, EAGAIN, ENOENT);
    FAKE_FAILS(EFAULT, Networking_Proxy_Get(NULL));
    FAKE_FAILS(EFAULT, Networking_Proxy_GetProxyOptions(proxy, NULL));
    FAKE_FAILS(EFAULT, Networking_Proxy_GetProxyOptions(NULL, &options));
    FAKE_FAILS(EFAULT, Networking_Proxy_GetProxyPort(proxy, NULL));
    FAKE_FAILS(EFAULT, Networking_Proxy_GetProxyType(proxy, NULL));
    FAKE_FAILS(EFAULT, Networking_Proxy_GetAuthType(proxy, NULL));
    assert_null(Networking_Proxy_GetProxyAddress(NULL));
    assert_int_equal(errno, EFAULT);
    assert_null(Networking_Proxy_GetNoProxyAddresses(NULL));
    assert_null(Networking_Proxy_GetProxyUsername(NULL));
    assert_null(Networking_Proxy_GetProxyPassword(NULL));
    Networking_Proxy_Destroy(proxy);
    fake_answer(0, &status_bits, sizeof(status_bits));
    assert_int_equal(Networking_Proxy_GetProxyStatus(&status), 0);
    assert_int_equal(status, Networking_ProxyStatus_Enabled | Networking_ProxyStatus_Ready);
    FAKE_FAILS(EFAULT, Networking_Proxy_GetProxyStatus(NULL));
    FAKE_PASSES_ON(proxy_status, EAGAIN);
}

/* ---- curl ---- */

static int proxy_socket;
static char proxy_heard[2048];

static void *be_proxy(void *unused)
{
    static const char answer[] = "HTTP/1.0 204 fine\r\n\r\n";
    const int fd = accept(proxy_socket, NULL, NULL);
    const ssize_t got = recv(fd, proxy_heard, sizeof(proxy_heard) - 1, 0);
    (void)unused;
    proxy_heard[got < 0 ? 0 : got] = '\0';
    (void)send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
    (void)close(fd);
    return NULL;
}

static void curl_goes_through_the_proxy(void **state)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = ip("127.0.0.1")};
    socklen_t own_len = sizeof(own);
    struct tatu_net_proxy told = {.enabled = 1, .auth = 1, .address = "127.0.0.1"};
    pthread_t thread;
    long code = 0;
    (void)state;
    proxy_socket = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(proxy_socket, (struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(listen(proxy_socket, 1), 0);
    assert_int_equal(getsockname(proxy_socket, (struct sockaddr *)&own, &own_len), 0);
    assert_int_equal(pthread_create(&thread, NULL, be_proxy, NULL), 0);
    told.port = ntohs(own.sin_port);
    strcpy(told.username, "me");
    strcpy(told.password, "word");
    strcpy(told.no_proxy, "other.example");
    fake_answer(0, &told, sizeof(told));
    CURL *curl = curl_easy_init();
    assert_int_equal(Networking_Curl_SetDefaultProxy(curl), 0);
    assert_int_equal(curl_easy_setopt(curl, CURLOPT_URL, "http://nowhere.example/x"), CURLE_OK);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    assert_int_equal(code, 204);
    (void)pthread_join(thread, NULL);
    assert_non_null(strstr(proxy_heard, "GET http://nowhere.example/x HTTP/1.1\r\n"));
    assert_non_null(strstr(proxy_heard, "Proxy-Authorization: Basic bWU6d29yZA==\r\n"));
    (void)close(proxy_socket);
    /* none, or not enabled: straight on */
    fake_answer(ENOENT, NULL, 0);
    assert_int_equal(Networking_Curl_SetDefaultProxy(curl), 0);
    told.enabled = 0;
    fake_answer(0, &told, sizeof(told));
    assert_int_equal(Networking_Curl_SetDefaultProxy(curl), 0);
    assert_int_equal(curl_easy_setopt(curl, CURLOPT_URL, "http://127.0.0.1:9/"), CURLE_OK);
    assert_int_equal(curl_easy_perform(curl), CURLE_COULDNT_CONNECT);
    fake_answer(EACCES, NULL, 0);
    FAKE_FAILS(EACCES, Networking_Curl_SetDefaultProxy(curl));
    FAKE_FAILS(EFAULT, Networking_Curl_SetDefaultProxy(NULL));
    curl_easy_cleanup(curl);
    curl_global_cleanup();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readiness_is_asked),
        cmocka_unit_test(interfaces_are_told),
        cmocka_unit_test(an_interface_is_named),
        cmocka_unit_test(a_name_that_no_interface_has_is_not_asked),
        cmocka_unit_test(an_address_is_configured_as_it_was_put_together),
        cmocka_unit_test(time_servers_are_chosen),
        cmocka_unit_test(the_last_time_that_was_set_is_told),
        cmocka_unit_test(time_is_served),
        cmocka_unit_test(addresses_are_served),
        cmocka_unit_test(a_lease_that_is_none_is_refused),
        cmocka_unit_test(a_proxy_is_put_together_and_applied),
        cmocka_unit_test(setters_of_the_proxy_refuse),
        cmocka_unit_test(the_proxy_in_force_is_told),
        cmocka_unit_test(curl_goes_through_the_proxy),
    };
    return cmocka_run_group_tests_name("networking", tests, fake_set_up, fake_tear_down);
}
