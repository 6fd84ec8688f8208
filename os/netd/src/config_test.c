#include "config.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "addresses.h"

static void put(uint8_t out[16], const char *text)
{
    assert_int_equal(tatu_netd_decode_address(text, out), TATU_OK);
}

static struct tatu_net_ip static_ip(void)
{
    struct tatu_net_ip ip = {.mode = TATU_NET_IP_STATIC, .prefix = 24};
    put(ip.address, "10.9.0.1");
    put(ip.router, "10.9.0.254");
    return ip;
}

static void an_address_that_can_be_is_taken(void **state)
{
    struct tatu_net_ip ip = static_ip();
    (void)state;
    assert_int_equal(tatu_netd_check_ip(&ip), TATU_NETD_OK);
    put(ip.router, "0.0.0.0"); /* none */
    assert_int_equal(tatu_netd_check_ip(&ip), TATU_NETD_OK);
    ip.mode6 = TATU_NET_IP6_STATIC;
    ip.prefix6 = 64;
    put(ip.address6, "2001:db8::1");
    put(ip.router6, "fe80::1");
    ip.custom_dns = 1;
    ip.dns_count = 2;
    put(ip.dns[0], "9.9.9.9");
    put(ip.dns[1], "2620:fe::fe");
    assert_int_equal(tatu_netd_check_ip(&ip), TATU_NETD_OK);
    ip = (struct tatu_net_ip){.mode = TATU_NET_IP_DYNAMIC};
    assert_int_equal(tatu_netd_check_ip(&ip), TATU_NETD_OK);
}

static void an_address_that_cannot_be_is_refused(void **state)
{
    (void)state;
#define ROW(change, fault)                                                                         \
    do {                                                                                           \
        struct tatu_net_ip ip = static_ip();                                                       \
        change;                                                                                    \
        assert_int_equal(tatu_netd_check_ip(&ip), TATU_NETD_##fault##_FAULT);                      \
    } while (0)
    ROW(put(ip.address, "127.0.0.1"), ADDRESS);
    ROW(put(ip.address, "10.9.0.0"), ADDRESS);
    ROW(put(ip.address, "10.9.0.255"), ADDRESS);
    ROW(put(ip.address, "2001:db8::1"), ADDRESS);
    ROW((put(ip.address, "192.168.35.9"), put(ip.router, "192.168.35.1")), DESK_NET);
    ROW((put(ip.address, "192.168.35.130"), put(ip.router, "0.0.0.0"), ip.prefix = 16), DESK_NET);
    ROW((put(ip.address, "192.168.35.2"), ip.prefix = 32, put(ip.router, "0.0.0.0")), DESK_NET);
    ROW(ip.prefix = 0, MASK);
    ROW(ip.prefix = 33, MASK);
    ROW(put(ip.router, "10.8.0.1"), ROUTER);
    ROW(put(ip.router, "10.9.0.1"), ROUTER);
    ROW(put(ip.router, "fe80::1"), ROUTER);
    ROW(ip.mode = 2, REQUEST);
    ROW(ip.mode6 = 3, REQUEST);
    ROW(ip.custom_dns = 2, REQUEST);
    ROW(ip.zero[1] = 1, REQUEST);
    ROW(ip.dns_count = 4, RANGE);
    ROW(ip.dns_count = 1, ADDRESS); /* nobody's */
    ROW(ip.mode6 = TATU_NET_IP6_STATIC, ADDRESS);
    ROW((ip.mode6 = TATU_NET_IP6_STATIC, put(ip.address6, "2001:db8::1")), MASK);
    ROW((ip.mode6 = TATU_NET_IP6_STATIC, put(ip.address6, "2001:db8::1"), ip.prefix6 = 64,
         put(ip.router6, "ff02::1")),
        ROUTER);
#undef ROW
}

static void a_hardware_address_is_of_one_machine(void **state)
{
    struct tatu_net_mac mac = {.mac = {0x02, 1, 2, 3, 4, 5}};
    (void)state;
    assert_int_equal(tatu_netd_check_mac(&mac), TATU_NETD_OK);
    mac.mac[0] = 0x03;
    assert_int_equal(tatu_netd_check_mac(&mac), TATU_NETD_MAC_FAULT);
    memset(mac.mac, 0, sizeof(mac.mac));
    assert_int_equal(tatu_netd_check_mac(&mac), TATU_NETD_MAC_FAULT);
}

static void time_servers_are_names_or_addresses(void **state)
{
    struct tatu_net_ntp ntp = {.mode = TATU_NET_NTP_CUSTOM, .primary = "time.example.org"};
    (void)state;
    assert_int_equal(tatu_netd_check_ntp(&ntp), TATU_NETD_OK);
    strcpy(ntp.secondary, "2001:db8::7");
    assert_int_equal(tatu_netd_check_ntp(&ntp), TATU_NETD_OK);
    memset(ntp.secondary, 0, sizeof(ntp.secondary));
    strcpy(ntp.secondary, "a b");
    assert_int_equal(tatu_netd_check_ntp(&ntp), TATU_NETD_NTP_SERVER_FAULT);
    memset(&ntp, 0, sizeof(ntp));
    ntp.mode = TATU_NET_NTP_CUSTOM;
    assert_int_equal(tatu_netd_check_ntp(&ntp), TATU_NETD_NTP_SERVER_FAULT);
    memset(ntp.primary, 'a', sizeof(ntp.primary));
    assert_int_equal(tatu_netd_check_ntp(&ntp), TATU_NETD_RANGE_FAULT);
    ntp.mode = 3;
    assert_int_equal(tatu_netd_check_ntp(&ntp), TATU_NETD_REQUEST_FAULT);
}

static struct tatu_net_proxy basic_proxy(void)
{
    return (struct tatu_net_proxy){.enabled = 1,
                                   .auth = TATU_NET_PROXY_BASIC,
                                   .port = 3128,
                                   .address = "proxy.example.org",
                                   .no_proxy = "*.local,10.0.0.0/8",
                                   .username = "user",
                                   .password = "word"};
}

static void a_proxy_that_cannot_be_is_refused_with_its_number(void **state)
{
    (void)state;
#define ROW(change, fault)                                                                         \
    do {                                                                                           \
        struct tatu_net_proxy proxy = basic_proxy();                                               \
        change;                                                                                    \
        assert_int_equal(tatu_netd_check_proxy(&proxy), fault);                                    \
    } while (0)
    ROW((void)0, TATU_NETD_OK);
    ROW((proxy.auth = 0, memset(proxy.username, 0, 64), memset(proxy.password, 0, 64)),
        TATU_NETD_OK);
    ROW(proxy.enabled = 2, TATU_NETD_PROXY_OPTION_FAULT);
    ROW(proxy.type = 1, TATU_NETD_PROXY_TYPE_FAULT);
    ROW(proxy.auth = 2, TATU_NETD_PROXY_AUTH_FAULT);
    ROW(proxy.auth = 0, TATU_NETD_PROXY_ANONYMOUS_FAULT);
    ROW(proxy.port = 0, TATU_NETD_PROXY_ADDRESS_FAULT);
    ROW(memset(proxy.address, 0, 256), TATU_NETD_PROXY_ADDRESS_FAULT);
    ROW(strcpy(proxy.address, "a/b"), TATU_NETD_PROXY_ADDRESS_FAULT);
    ROW(memset(proxy.no_proxy, 'a', 256), TATU_NETD_PROXY_EXCEPTIONS_FAULT);
    ROW(strcpy(proxy.no_proxy, "a\n"), TATU_NETD_PROXY_EXCEPTIONS_FAULT);
    ROW(memset(proxy.username, 'a', 64), TATU_NETD_PROXY_USERNAME_FAULT);
    ROW(strcpy(proxy.username, "a:b"), TATU_NETD_PROXY_USERNAME_FAULT);
    ROW(strcpy(proxy.password, "a\n"), TATU_NETD_PROXY_PASSWORD_FAULT);
    ROW(memset(proxy.password, 0, 64), TATU_NETD_PROXY_BASIC_FAULT);
#undef ROW
}

static struct tatu_net_dhcp_server server(void)
{
    struct tatu_net_dhcp_server dhcp = {
        .count = 10, .prefix = 24, .lease_hours = 24, .ntp_count = 1};
    put(dhcp.first, "10.9.0.16");
    put(dhcp.router, "10.9.0.1");
    put(dhcp.ntp[0], "10.9.0.1");
    return dhcp;
}

static void only_a_static_address_can_serve(void **state)
{
    struct tatu_net_ip own = static_ip();
    (void)state;
#define ROW(change, fault)                                                                         \
    do {                                                                                           \
        struct tatu_net_dhcp_server dhcp = server();                                               \
        change;                                                                                    \
        assert_int_equal(tatu_netd_check_dhcp_server(&dhcp, &own), fault);                         \
    } while (0)
    ROW((void)0, TATU_NETD_OK);
    ROW(dhcp.count = 0, TATU_NETD_DHCP_SERVER_FAULT);
    ROW(dhcp.count = 250, TATU_NETD_DHCP_SERVER_FAULT);
    ROW(dhcp.prefix = 25, TATU_NETD_DHCP_SERVER_FAULT);
    ROW(dhcp.ntp_count = 4, TATU_NETD_DHCP_SERVER_FAULT);
    ROW(dhcp.lease_hours = 0, TATU_NETD_DHCP_SERVER_FAULT);
    ROW(put(dhcp.first, "10.8.0.16"), TATU_NETD_DHCP_SERVER_FAULT);
    ROW(put(dhcp.first, "2001:db8::1"), TATU_NETD_DHCP_SERVER_FAULT);
    ROW(put(dhcp.ntp[0], "127.0.0.1"), TATU_NETD_DHCP_SERVER_FAULT);
    ROW(put(dhcp.router, "10.8.0.1"), TATU_NETD_DHCP_SERVER_FAULT);
    put(own.address, "192.168.30.1"); /* in a net of /16 that has the desk's in it */
    own.prefix = 16;
    ROW((dhcp.prefix = 16, put(dhcp.router, "0.0.0.0"), put(dhcp.first, "192.168.35.250")),
        TATU_NETD_DESK_NET_FAULT);
    ROW((dhcp.prefix = 16, put(dhcp.router, "0.0.0.0"), put(dhcp.first, "192.168.34.255")),
        TATU_NETD_DESK_NET_FAULT);
    ROW((dhcp.prefix = 16, put(dhcp.router, "0.0.0.0"), put(dhcp.first, "192.168.36.0")),
        TATU_NETD_OK);
    own.mode = TATU_NET_IP_DYNAMIC;
    ROW((void)0, TATU_NETD_NOT_PERMITTED_FAULT);
#undef ROW
}

static void what_was_kept_is_read_again(void **state)
{
    struct tatu_config config, again;
    uint8_t file[TATU_CONFIG_FILE_SIZE];
    (void)state;
    tatu_netd_init_config(&config);
    config.interfaces[0].ip = static_ip();
    config.interfaces[0].serve_dhcp = 1;
    config.interfaces[0].dhcp = server();
    config.has_proxy = 1;
    config.proxy = basic_proxy();
    tatu_netd_encode_config(&config, file);
    assert_int_equal(tatu_netd_decode_config(TATU_SPAN_OF(file), &again), TATU_OK);
    assert_memory_equal(&config, &again, sizeof(config));
}

static void a_file_that_is_none_is_refused(void **state)
{
    struct tatu_config config;
    uint8_t file[TATU_CONFIG_FILE_SIZE + 1] = {0};
    (void)state;
    tatu_netd_init_config(&config);
    tatu_netd_encode_config(&config, file);
#define DECODE(len) tatu_netd_decode_config((struct tatu_span){file, (len)}, &config)
    assert_int_equal(DECODE(7), TATU_ERR_SHORT);
    assert_int_equal(DECODE(TATU_CONFIG_FILE_SIZE - 1), TATU_ERR_SHORT);
    assert_int_equal(DECODE(TATU_CONFIG_FILE_SIZE + 1), TATU_ERR_LONG);
    file[4] = 2;
    assert_int_equal(DECODE(TATU_CONFIG_FILE_SIZE), TATU_ERR_VERSION);
    file[4] = 1;
    file[8] = 2; /* neither up nor down */
    assert_int_equal(DECODE(TATU_CONFIG_FILE_SIZE), TATU_ERR_FORMAT);
#undef DECODE
}

static struct tatu_net_allow allowed(void)
{
    return (struct tatu_net_allow){.group = "/sys/fs/cgroup/apps/x",
                                   .tcp_count = 1,
                                   .tcp = {80},
                                   .host_count = 2,
                                   .hosts = {"node.example.org", "10.0.0.1"}};
}

static enum tatu_err decode_allow(const struct tatu_net_allow *allow)
{
    struct tatu_net_allow out;
    return tatu_netd_decode_allow((struct tatu_span){(const uint8_t *)allow, sizeof(*allow)}, &out);
}

static void a_firewall_that_cannot_be_is_refused(void **state)
{
    const struct tatu_net_allow good = allowed();
    struct tatu_net_allow out;
    (void)state;
#define ROW(change, wanted)                                                                        \
    do {                                                                                           \
        struct tatu_net_allow allow = allowed();                                                   \
        change;                                                                                    \
        assert_int_equal(decode_allow(&allow), wanted);                                            \
    } while (0)
    ROW((void)0, TATU_OK);
    ROW(strcpy(allow.group, "/sys/fs/cgroup/"), TATU_ERR_ARGUMENT);
    ROW(strcpy(allow.group, "/sys/fs/cgroup/../x"), TATU_ERR_ARGUMENT);
    ROW(strcpy(allow.group, "/sys/fs/cgroup//x"), TATU_ERR_ARGUMENT);
    ROW(strcpy(allow.group, "/run/x"), TATU_ERR_ARGUMENT);
    ROW(memset(allow.group, 'a', sizeof(allow.group)), TATU_ERR_ARGUMENT);
    ROW(allow.tcp_count = 33, TATU_ERR_LONG);
    ROW(allow.udp_count = 33, TATU_ERR_LONG);
    ROW(allow.host_count = 17, TATU_ERR_LONG);
    ROW(allow.tcp[0] = 0, TATU_ERR_FORMAT);
    ROW(allow.udp[0] = 5, TATU_ERR_FORMAT);
    ROW(strcpy(allow.hosts[0], "a b"), TATU_ERR_FORMAT);
    ROW(allow.host_count = 3, TATU_ERR_FORMAT);
    ROW(allow.host_count = 1, TATU_ERR_FORMAT);
#undef ROW
    assert_int_equal(
        tatu_netd_decode_allow((struct tatu_span){(const uint8_t *)&good, sizeof(good) - 1}, &out),
        TATU_ERR_SHORT);
    assert_int_equal(
        tatu_netd_decode_allow((struct tatu_span){(const uint8_t *)&good, sizeof(good) + 1}, &out),
        TATU_ERR_LONG);
}

static void a_fault_has_an_errno_and_a_number(void **state)
{
    uint32_t number = 0;
    (void)state;
    assert_int_equal(tatu_netd_tell_fault(TATU_NETD_NO_INTERFACE_FAULT, false, &number),
                     TATU_ERR_NOT_FOUND);
    assert_int_equal(number, ENOENT);
    assert_int_equal(tatu_netd_tell_fault(TATU_NETD_DESK_NET_FAULT, false, &number),
                     TATU_ERR_EXISTS);
    assert_int_equal(number, EADDRINUSE);
    assert_int_equal(tatu_netd_tell_fault(TATU_NETD_NO_INTERFACE_FAULT, true, &number),
                     TATU_ERR_NOT_FOUND);
    assert_int_equal(number, 30 << 20 | 14);
    assert_int_equal(tatu_netd_tell_fault(TATU_NETD_WIFI_DOWN_FAULT, true, &number),
                     TATU_ERR_STATE);
    assert_int_equal(number, 13 << 20 | 18);
    assert_int_equal(tatu_netd_tell_fault(TATU_NETD_OK, true, &number), TATU_OK);
    assert_int_equal(number, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_can_be_is_taken),
        cmocka_unit_test(an_address_that_cannot_be_is_refused),
        cmocka_unit_test(a_hardware_address_is_of_one_machine),
        cmocka_unit_test(time_servers_are_names_or_addresses),
        cmocka_unit_test(a_proxy_that_cannot_be_is_refused_with_its_number),
        cmocka_unit_test(only_a_static_address_can_serve),
        cmocka_unit_test(what_was_kept_is_read_again),
        cmocka_unit_test(a_file_that_is_none_is_refused),
        cmocka_unit_test(a_firewall_that_cannot_be_is_refused),
        cmocka_unit_test(a_fault_has_an_errno_and_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
