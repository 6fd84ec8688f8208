/*
 * Network requests to netd: op numbers and payloads, on the wire of proto/request.h. Of
 * applications (0x100..0x17f, on /run/control), and of the owner's desk, which may send the same
 * ones and those of 0x2001.. on TATU_NETD_SOCKET. Payloads are these structs as they are in memory:
 * fixed sizes, little-endian, no holes; texts end with NUL and are zero behind it. Addresses are 16
 * bytes, IPv4 as ::ffff:a.b.c.d; the unspecified address is "none". Source:
 * docs/protocol/network.md.
 */
#ifndef TATU_PROTO_NETWORK_H
#define TATU_PROTO_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TATU_NET_NAME_SIZE 16u    /* of an interface, with its NUL (IF_NAMESIZE) */
#define TATU_NET_INTERFACE_MAX 4u /* lo, eth0, azspheresvc, eth1 */
#define TATU_NET_ADDRESS_MAX 6u   /* of one interface that are told */
#define TATU_NET_DNS_MAX 3u       /* of one interface */
#define TATU_NET_NTP_MAX 3u       /* that a DHCP server of ours tells */
#define TATU_NET_HOST_SIZE 256u   /* a name or literal address, with its NUL */
#define TATU_NET_CREDENTIAL_SIZE 64u
#define TATU_NET_WIFI_MAX 37u /* stored Wi-Fi networks */
#define TATU_NET_WIFI_SSID_MAX 32u
#define TATU_NET_WIFI_PSK_MIN 8u
#define TATU_NET_WIFI_PSK_MAX 63u
#define TATU_NET_WIFI_NAME_SIZE 17u
#define TATU_NET_WIFI_IDENTITY_SIZE 255u
#define TATU_NET_CERT_ID_SIZE 17u

/* The capability of the manifest is in brackets; without one any application may. */
enum tatu_net_op {
    TATU_NET_READY = 0x100, /* - -> u32 0 or 1: an interface with an address, time is set */
    TATU_NET_INTERFACES =
        0x101,               /* - -> n * struct tatu_net_interface (without lo for applications) */
    TATU_NET_SET_UP = 0x102, /* a = 0 or 1, name -> - [NetworkConfig] */
    TATU_NET_STATUS = 0x103, /* name -> u32 TATU_NET_FLAG_* */
    TATU_NET_APPLY_IP = 0x104,      /* struct tatu_net_ip -> - [NetworkConfig] */
    TATU_NET_RELEASE_IP = 0x105,    /* name -> - [NetworkConfig] */
    TATU_NET_RENEW_IP = 0x106,      /* name -> - [NetworkConfig] */
    TATU_NET_SET_MAC = 0x107,       /* struct tatu_net_mac -> - [HardwareAddressConfig] */
    TATU_NET_GET_MAC = 0x108,       /* name -> struct tatu_net_mac */
    TATU_NET_SET_TIME_SYNC = 0x110, /* a = 0 or 1 -> - [TimeSyncConfig] */
    TATU_NET_GET_TIME_SYNC = 0x111, /* - -> u32 0 or 1 [TimeSyncConfig] */
    TATU_NET_SET_NTP = 0x112,       /* struct tatu_net_ntp -> - [TimeSyncConfig] */
    TATU_NET_LAST_SYNC = 0x113,     /* - -> struct tatu_net_sync */
    TATU_NET_SERVE_SNTP = 0x118,    /* name -> - [SntpService] */
    TATU_NET_SERVE_DHCP = 0x119,    /* struct tatu_net_dhcp_server -> - [DhcpService] */
    TATU_NET_SET_PROXY = 0x120,     /* struct tatu_net_proxy -> - [NetworkConfig] */
    TATU_NET_GET_PROXY = 0x121,     /* - -> struct tatu_net_proxy [NetworkConfig or
                                     * ReadNetworkProxyConfig]; the desk gets no password */
    TATU_NET_PROXY_STATUS = 0x122,  /* - -> u32 TATU_NET_PROXY_* bits */
    TATU_NET_WIFI_ADD = 0x140,      /* - -> i32 id [WifiConfig] */
    TATU_NET_WIFI_COPY = 0x141,     /* a = id, char name[17] -> i32 id [WifiConfig] */
    TATU_NET_WIFI_SET = 0x142, /* a = id, b = enum tatu_net_wifi_field, its value -> - [WifiConfig];
                                * fields of EAP-TLS and security EAP_TLS are of ENTERPRISE_SET */
    TATU_NET_WIFI_GET = 0x143, /* a = id -> struct tatu_net_wifi [WifiConfig]; what is of EAP-TLS is
                                * empty here and in LIST */
    TATU_NET_WIFI_LIST = 0x144,   /* a = how many to leave out -> u32 count of all, then those that
                                   * fit, struct tatu_net_wifi [WifiConfig] */
    TATU_NET_WIFI_FORGET = 0x145, /* a = id -> - [WifiConfig] */
    TATU_NET_WIFI_FORGET_ALL = 0x146, /* - -> - [WifiConfig] */
    TATU_NET_WIFI_PERSIST = 0x147,    /* - -> - [WifiConfig] */
    TATU_NET_WIFI_RELOAD = 0x148,     /* - -> - [WifiConfig] */
    TATU_NET_WIFI_FIND = 0x149,       /* char name[17] -> i32 id [WifiConfig] */
    TATU_NET_WIFI_CURRENT = 0x14a, /* - -> struct tatu_net_wifi_heard, with its id [WifiConfig] */
    TATU_NET_WIFI_SCAN = 0x14b,    /* - -> n * struct tatu_net_wifi_heard [WifiConfig] */
    TATU_NET_WIFI_DIAGNOSTICS = 0x14c,    /* a = id -> struct tatu_net_wifi_failure [WifiConfig] */
    TATU_NET_WIFI_POWER_SAVING = 0x14d,   /* a = 0 or 1 -> - [WifiConfig] */
    TATU_NET_WIFI_ENTERPRISE_GET = 0x14e, /* as GET, whole [EnterpriseWifiConfig] */
    TATU_NET_WIFI_ENTERPRISE_SET = 0x150, /* as SET, any field [EnterpriseWifiConfig] */
    /* Azure Sphere's older calls in one step, kept at once [WifiConfig] */
    TATU_NET_WIFI_STORE = 0x14f, /* struct tatu_net_wifi_new -> i32 id */
};
#define TATU_NET_OP_END 0x180u

/* TATU_NETD_ALLOW of proto/request.h, by appman before an application starts: the whole firewall of
 * its control group, in place of what was there. a = its user. */
#define TATU_NET_GROUP_SIZE 96u
#define TATU_NET_GROUP_ROOT "/sys/fs/cgroup/"
#define TATU_NET_PORT_MAX 32u
#define TATU_NET_HOST_MAX 16u
#define TATU_NET_ALLOW_HOST_SIZE 128u
struct tatu_net_allow {
    char group[TATU_NET_GROUP_SIZE]; /* its path */
    uint16_t tcp_count;              /* ports others may come to: AllowedTcpServerPorts */
    uint16_t udp_count;
    uint32_t host_count; /* AllowedConnections */
    uint16_t tcp[TATU_NET_PORT_MAX];
    uint16_t udp[TATU_NET_PORT_MAX];
    char hosts[TATU_NET_HOST_MAX][TATU_NET_ALLOW_HOST_SIZE]; /* names, addresses */
};

/* Of the desk alone (gatewayd). */
enum tatu_net_desk_op {
    TATU_NETD_STATUS = 0x2001, /* - -> struct tatu_net_desk_status */
    TATU_NETD_RULES = 0x2002,  /* a = how many to leave out -> u32 count of all, u32 0, then those
                                * that fit, struct tatu_net_rule */
    TATU_NETD_DROP_PROXY = 0x2003,  /* - -> - ; NOT_FOUND when there is none */
    TATU_NETD_WIFI_CHANGE = 0x2004, /* a = id, b = 0 or 1: enabled, 2: as it is; payload empty or a
                                     * new key, whole -> struct tatu_net_wifi; kept at once */
    TATU_NETD_WIFI_REMOVE = 0x2005, /* a = id -> - ; kept at once */
};

/* Azure Sphere's own bits. */
#define TATU_NET_FLAG_UP 1u
#define TATU_NET_FLAG_CONNECTED 2u
#define TATU_NET_FLAG_IP 4u
#define TATU_NET_FLAG_INTERNET 8u

#define TATU_NET_PROXY_ENABLED 1u
#define TATU_NET_PROXY_RESOLVING 2u
#define TATU_NET_PROXY_READY 4u

enum tatu_net_medium {
    TATU_NET_MEDIUM_NONE = 0,
    TATU_NET_MEDIUM_WIFI = 1,
    TATU_NET_MEDIUM_ETHERNET = 2
};

struct tatu_net_interface {
    char name[TATU_NET_NAME_SIZE];
    uint32_t flags;  /* TATU_NET_FLAG_* */
    uint8_t dynamic; /* 1: by DHCP; 0: static, or none */
    uint8_t medium;  /* enum tatu_net_medium */
    uint8_t mac[6];
    uint32_t address_count;
    uint8_t addresses[TATU_NET_ADDRESS_MAX][16];
    uint8_t prefixes[TATU_NET_ADDRESS_MAX]; /* bits; of IPv4 0..32 */
    uint8_t refused; /* 1: what DHCP offers is in the service interface's net, and not taken */
    uint8_t zero;
};

enum tatu_net_ip_mode { TATU_NET_IP_STATIC = 0, TATU_NET_IP_DYNAMIC = 1 };
enum tatu_net_ip6_mode {
    TATU_NET_IP6_AUTOMATIC = 0, /* as routers advertise */
    TATU_NET_IP6_STATIC = 1,
    TATU_NET_IP6_OFF = 2,
};

struct tatu_net_ip {
    char name[TATU_NET_NAME_SIZE];
    uint8_t mode;       /* enum tatu_net_ip_mode */
    uint8_t prefix;     /* bits, 1..32; static only */
    uint8_t custom_dns; /* 1: dns[] alone; 0: those of the network */
    uint8_t dns_count;
    uint8_t mode6;   /* enum tatu_net_ip6_mode */
    uint8_t prefix6; /* bits, 1..128; static only */
    uint8_t zero[2];
    uint8_t address[16]; /* static only */
    uint8_t router[16];  /* the same; may be none */
    uint8_t address6[16];
    uint8_t router6[16];
    uint8_t dns[TATU_NET_DNS_MAX][16];
};

struct tatu_net_mac {
    char name[TATU_NET_NAME_SIZE];
    uint8_t mac[6];
    uint8_t zero[2];
};

enum tatu_net_ntp_mode {
    TATU_NET_NTP_DEFAULT = 0,
    TATU_NET_NTP_AUTOMATIC = 1,
    TATU_NET_NTP_CUSTOM = 2
};

struct tatu_net_ntp {
    uint8_t mode;     /* enum tatu_net_ntp_mode */
    uint8_t fallback; /* 1: the default servers after the others */
    uint8_t zero[2];
    char primary[TATU_NET_HOST_SIZE];   /* custom only */
    char secondary[TATU_NET_HOST_SIZE]; /* custom only; may be empty */
};

struct tatu_net_sync {
    int64_t before_s; /* the clock before it was set, and what it was set to; since 1970 */
    int64_t after_s;
    uint32_t before_ns;
    uint32_t after_ns;
    char server[TATU_NET_HOST_SIZE];
};

struct tatu_net_dhcp_server {
    char name[TATU_NET_NAME_SIZE];
    uint8_t first[16];  /* address of the range */
    uint8_t router[16]; /* may be none */
    uint8_t count;      /* addresses, at least 1 */
    uint8_t prefix;     /* bits */
    uint8_t ntp_count;
    uint8_t zero;
    uint32_t lease_hours; /* at least 1 */
    uint8_t ntp[TATU_NET_NTP_MAX][16];
};

enum tatu_net_proxy_auth { TATU_NET_PROXY_ANONYMOUS = 0, TATU_NET_PROXY_BASIC = 1 };

struct tatu_net_proxy {
    uint8_t enabled;
    uint8_t type; /* 0: HTTP */
    uint8_t auth; /* enum tatu_net_proxy_auth */
    uint8_t zero;
    uint16_t port;
    uint16_t zero2;
    char address[TATU_NET_HOST_SIZE];
    char no_proxy[TATU_NET_HOST_SIZE]; /* names and addresses, with commas between */
    char username[TATU_NET_CREDENTIAL_SIZE];
    char password[TATU_NET_CREDENTIAL_SIZE];
};

enum tatu_net_time_sync {
    TATU_NET_SYNC_DISABLED = 0,
    TATU_NET_SYNC_INCOMPLETE = 1,
    TATU_NET_SYNC_COMPLETE = 2
};
enum tatu_net_proxy_state {
    TATU_NET_PROXY_STATE_DISABLED = 0,
    TATU_NET_PROXY_STATE_ENABLED = 1, /* and no network yet */
    TATU_NET_PROXY_STATE_RESOLVING = 2,
    TATU_NET_PROXY_STATE_READY = 3,
};

struct tatu_net_desk_status {
    uint8_t time_sync; /* enum tatu_net_time_sync */
    uint8_t proxy;     /* enum tatu_net_proxy_state */
    uint8_t ready;     /* as TATU_NET_READY */
    uint8_t zero;
};

enum tatu_net_hook { TATU_NET_HOOK_INPUT = 1, TATU_NET_HOOK_FORWARD = 2, TATU_NET_HOOK_OUTPUT = 3 };
enum tatu_net_state { TATU_NET_STATE_NONE = 0, TATU_NET_STATE_ESTABLISHED = 1 };

/* One line of the firewall as it is, in the order in which it is asked. */
struct tatu_net_rule {
    uint8_t hook;     /* enum tatu_net_hook */
    uint8_t accept;   /* 1: accept, 0: drop */
    uint8_t protocol; /* 0 any, 6, 17 */
    uint8_t state;    /* enum tatu_net_state */
    uint32_t uid;     /* UINT32_MAX: everybody */
    uint8_t source[16];
    uint8_t destination[16];
    uint8_t source_prefix; /* bits of the family's own address; 0: any */
    uint8_t destination_prefix;
    uint8_t tcp_mask; /* fin 1, syn 2, rst 4, psh 8, ack 16, urg 32 */
    uint8_t tcp_compare;
    uint8_t tcp_invert;
    uint8_t family; /* 4, 6; 0: both */
    uint8_t zero[2];
    uint16_t source_port[2]; /* least and most */
    uint16_t destination_port[2];
    char in[TATU_NET_NAME_SIZE]; /* empty: any */
    char out[TATU_NET_NAME_SIZE];
    uint64_t packets;
    uint64_t bytes;
};

/* Azure Sphere's own values. */
enum tatu_net_wifi_security {
    TATU_NET_WIFI_UNKNOWN = 0,
    TATU_NET_WIFI_OPEN = 1,
    TATU_NET_WIFI_PSK = 2,
    TATU_NET_WIFI_EAP_TLS = 3,
};

enum tatu_net_wifi_field {
    TATU_NET_WIFI_FIELD_SSID = 1,     /* 1..32 bytes */
    TATU_NET_WIFI_FIELD_SECURITY = 2, /* u32 enum tatu_net_wifi_security */
    TATU_NET_WIFI_FIELD_PSK = 3,      /* 8..63 bytes, or 64 hex digits */
    TATU_NET_WIFI_FIELD_ENABLED = 4,  /* u32 0 or 1 */
    TATU_NET_WIFI_FIELD_TARGETED = 5, /* u32 0 or 1 */
    TATU_NET_WIFI_FIELD_NAME = 6,     /* 0..16 bytes */
    TATU_NET_WIFI_FIELD_IDENTITY = 7, /* 0..254 bytes; EAP-TLS */
    TATU_NET_WIFI_FIELD_CLIENT = 8,   /* 1..16 bytes: id in the certificate store; EAP-TLS */
    TATU_NET_WIFI_FIELD_ROOT = 9,     /* the same; EAP-TLS */
};

/* A stored network. The key is told to nobody. */
struct tatu_net_wifi {
    int32_t id;
    uint8_t ssid_len;
    uint8_t security; /* enum tatu_net_wifi_security */
    uint8_t enabled;
    uint8_t targeted;
    uint8_t connected;
    uint8_t has_psk;
    uint8_t zero[2];
    uint8_t ssid[TATU_NET_WIFI_SSID_MAX];
    char name[TATU_NET_WIFI_NAME_SIZE];
    char client[TATU_NET_CERT_ID_SIZE];
    char root[TATU_NET_CERT_ID_SIZE];
    char identity[TATU_NET_WIFI_IDENTITY_SIZE];
    uint8_t zero2[2];
};

struct tatu_net_wifi_new {
    struct tatu_net_wifi network; /* id, connected and has_psk zero */
    uint8_t psk_len;
    uint8_t zero[3];
    uint8_t psk[64];
};

/* A network as the radio hears it. */
struct tatu_net_wifi_heard {
    int32_t id; /* of a stored one; -1: of none */
    uint32_t mhz;
    uint8_t ssid_len;
    uint8_t security; /* enum tatu_net_wifi_security */
    int8_t rssi;      /* dBm */
    uint8_t zero;
    uint8_t bssid[6];
    uint8_t zero2[2];
    uint8_t ssid[TATU_NET_WIFI_SSID_MAX];
};
#define TATU_NET_WIFI_HEARD_MAX 78u /* those that one answer has room for */

struct tatu_net_wifi_failure {
    int64_t at_s;
    int32_t error; /* Azure Sphere's numbers, wificonfig.h */
    int32_t cert_error;
    int32_t cert_depth;
    uint8_t enabled;
    uint8_t connected;
    uint8_t zero[2];
    char cert_subject[TATU_NET_HOST_SIZE];
};

_Static_assert(sizeof(struct tatu_net_allow) == 2280, "no holes");
_Static_assert(sizeof(struct tatu_net_interface) == 136, "no holes");
_Static_assert(sizeof(struct tatu_net_ip) == 136, "no holes");
_Static_assert(sizeof(struct tatu_net_mac) == 24, "no holes");
_Static_assert(sizeof(struct tatu_net_ntp) == 516, "no holes");
_Static_assert(sizeof(struct tatu_net_sync) == 280, "no holes");
_Static_assert(sizeof(struct tatu_net_dhcp_server) == 104, "no holes");
_Static_assert(sizeof(struct tatu_net_proxy) == 648, "no holes");
_Static_assert(sizeof(struct tatu_net_desk_status) == 4, "no holes");
_Static_assert(sizeof(struct tatu_net_rule) == 104, "no holes");
_Static_assert(sizeof(struct tatu_net_wifi) == 352, "no holes");
_Static_assert(sizeof(struct tatu_net_wifi_new) == 420, "no holes");
_Static_assert(sizeof(struct tatu_net_wifi_heard) == 52, "no holes");
_Static_assert(sizeof(struct tatu_net_wifi_failure) == 280, "no holes");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the payloads are memory");

/** Whether 16 bytes of address are an IPv4 one. */
static inline bool tatu_net_is_ipv4(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address, mapped, sizeof(mapped)) == 0;
}

#endif
