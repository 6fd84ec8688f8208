/* Nobody but the hosts of the manifest, in both directions. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "attack.h"
#include "parts.h"

#define FRIEND "10.0.2.2"
#define NAME_SERVER "10.0.2.3"
#define OWN_ADDRESS "10.0.2.15"
#define LISTEN_PORT 7000
#define PATIENCE_MS 3000
#define LARGE_BYTES 8000 /* more than a frame */
#define NEVER_MS 40000   /* how long the second application listens for what must not come */

static const char abstract_name[] = "\0tatu-peer";

static const struct {
    const char *name;
    int family, type, protocol, wanted;
} kinds[] = {
    {"packet socket", AF_PACKET, SOCK_RAW, 0, EAFNOSUPPORT},
    {"netlink socket", AF_NETLINK, SOCK_RAW, 0, EAFNOSUPPORT},
    {"crypto socket", AF_ALG, SOCK_SEQPACKET, 0, EAFNOSUPPORT},
    {"vsock socket", AF_VSOCK, SOCK_STREAM, 0, EAFNOSUPPORT},
    {"raw socket", AF_INET, SOCK_RAW, IPPROTO_RAW, EPERM},
    {"raw ICMP socket", AF_INET, SOCK_RAW, IPPROTO_ICMP, EPERM},
    {"raw IPv6 socket", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, EPERM},
    {"ping socket", AF_INET, SOCK_DGRAM, IPPROTO_ICMP, EACCES},
    {"packet socket for rings", AF_PACKET, SOCK_DGRAM, 0x0300, EAFNOSUPPORT},
    {"express data path socket", AF_XDP, SOCK_RAW, 0, EAFNOSUPPORT},
    {"key management socket", AF_KEY, SOCK_RAW, 2, EAFNOSUPPORT},
    {"Bluetooth socket", AF_BLUETOOTH, SOCK_RAW, 1, EAFNOSUPPORT},
    {"CAN socket", AF_CAN, SOCK_RAW, 1, EAFNOSUPPORT},
    {"SCTP socket", AF_INET, SOCK_STREAM, IPPROTO_SCTP, EPROTONOSUPPORT},
    {"DCCP socket", AF_INET, SOCK_DCCP, IPPROTO_DCCP, ESOCKTNOSUPPORT},
};

/* Options that would change whose packets these are, or which way they go. */
static const struct {
    const char *name;
    int level, option;
    const char *value;
    socklen_t len;
} options[] = {
    {"mark packets", SOL_SOCKET, SO_MARK, "\1\0\0\0", 4},
    {"force a buffer", SOL_SOCKET, SO_RCVBUFFORCE, "\0\0\0\1", 4},
    {"high priority", SOL_SOCKET, SO_PRIORITY, "\7\0\0\0", 4},
    {"transparent proxy", IPPROTO_IP, IP_TRANSPARENT, "\1\0\0\0", 4},
    {"transparent proxy by IPv6", IPPROTO_IPV6, 75, "\1\0\0\0", 4},
    {"hop-by-hop options", IPPROTO_IPV6, IPV6_HOPOPTS, "\0\0\0\0\0\0\0\0", 8},
    {"repair a connection", IPPROTO_TCP, 19, "\1\0\0\0", 4},
};

/* Changes of the network itself. */
static const struct {
    const char *name;
    unsigned long request;
} changes[] = {
    {"interface flags", SIOCSIFFLAGS},     {"interface address", SIOCSIFADDR},
    {"interface hardware", SIOCSIFHWADDR}, {"add a route", SIOCADDRT},
    {"forge a neighbour", SIOCSARP},       {"rename an interface", SIOCSIFNAME},
};

static struct sockaddr_in at(const char *host, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    (void)inet_pton(AF_INET, host, &address.sin_addr);
    return address;
}

/* 0 when it is connected, else an errno; a packet that the filter drops shows as ETIMEDOUT. */
static int try_tcp(const char *host, uint16_t port)
{
    const struct sockaddr_in address = at(host, port);
    int problem = 0;
    socklen_t len = sizeof(problem);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 &&
        errno != EINPROGRESS) {
        problem = errno;
    } else if (!attack_wait(fd, POLLOUT, PATIENCE_MS)) {
        problem = ETIMEDOUT;
    } else {
        (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len);
    }
    (void)close(fd);
    return problem;
}

static void attack_tcp(const char *name, const char *host, uint16_t port)
{
    const int problem = try_tcp(host, port);
    attack_tell(name, problem == ETIMEDOUT || problem == EPERM, "%s:%u: %s", host, port,
                problem == 0 ? "connected" : strerror(problem));
}

static void attack_udp(const char *name, const char *host, uint16_t port, int wanted)
{
    const struct sockaddr_in address = at(host, port);
    const int on = 1;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
    const ssize_t sent = sendto(fd, "x", 1, 0, (const struct sockaddr *)&address, sizeof(address));
    if (wanted == 0) {
        attack_tell(name, sent == 1, "%s", strerror(errno));
    } else {
        attack_tell_refused(name, sent, wanted);
    }
    (void)close(fd);
}

/* The machine may have no such address, then there is no way either. */
static void attack_ipv6(const char *name, const char *host)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    (void)inet_pton(AF_INET6, host, &address.sin6_addr);
    const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const ssize_t sent = sendto(fd, "x", 1, 0, (const struct sockaddr *)&address, sizeof(address));
    attack_tell(name,
                sent == -1 && (errno == EPERM || errno == ENETUNREACH || errno == EADDRNOTAVAIL),
                "%s", sent == 1 ? "sent" : strerror(errno));
    (void)close(fd);
}

static void try_options(void)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const int family = options[i].level == IPPROTO_IPV6 ? AF_INET6 : AF_INET;
        const int type = options[i].level == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
        const int fd = socket(family, type | SOCK_CLOEXEC, 0);
        attack_tell_refused(
            options[i].name,
            setsockopt(fd, options[i].level, options[i].option, options[i].value, options[i].len),
            EPERM);
        (void)close(fd);
    }
}

static void try_changes(void)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        union {
            struct ifreq interface;
            struct arpreq neighbour;
            struct rtentry route;
        } request = {.interface = {.ifr_name = "eth0"}};
        attack_tell_refused(changes[i].name, ioctl(fd, changes[i].request, &request), EPERM);
    }
    (void)close(fd);
}

/* A datagram by ways that a filter of addresses could forget. Each must be refused, not just lost.
 */
static void send_by(const char *name, int fd, const void *to, socklen_t len, int flags,
                    size_t bytes)
{
    static uint8_t large[LARGE_BYTES];
    const ssize_t sent = sendto(fd, large, bytes, flags | MSG_NOSIGNAL, to, len);
    attack_tell(name,
                sent == -1 && (errno == EPERM || errno == EACCES || errno == ENETUNREACH ||
                               errno == EADDRNOTAVAIL || errno == EINVAL || errno == EHOSTUNREACH ||
                               errno == ENOPROTOOPT || errno == EPROTONOSUPPORT || errno == EBADF),
                "%s", sent >= 0 ? "sent" : strerror(errno));
    (void)close(fd);
}

static struct sockaddr_in6 at6(const char *host, uint16_t port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    (void)inet_pton(AF_INET6, host, &address.sin6_addr);
    return address;
}

static int bound_to(const char *interface)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface));
    return fd;
}

static void try_side_ways(const struct network_targets *targets)
{
    const struct sockaddr_in stranger = at(targets->stranger, targets->stranger_port);
    const struct sockaddr_in desk = at("192.168.35.1", 9);
    char mapped[64];
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    send_by("fragments to another host", fd, &stranger, sizeof(stranger), 0, LARGE_BYTES);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDPLITE);
    send_by("UDP-Lite to another host", fd, &stranger, sizeof(stranger), 0, 1);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    send_by("past the routes", fd, &stranger, sizeof(stranger), MSG_DONTROUTE, 1);
    send_by("to the desk", bound_to("azspheresvc"), &desk, sizeof(desk), 0, 1);
    send_by("to another host by the desk's interface", bound_to("azspheresvc"), &stranger,
            sizeof(stranger), 0, 1);
    send_by("to another host by eth0", bound_to("eth0"), &stranger, sizeof(stranger), 0, 1);
    (void)snprintf(mapped, sizeof(mapped), "::ffff:%s", targets->stranger);
    const struct sockaddr_in6 inside = at6(mapped, targets->stranger_port);
    fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    send_by("an IPv4 address inside IPv6", fd, &inside, sizeof(inside), 0, 1);
    for (uint32_t scope = 1; scope <= 4; scope++) {
        struct sockaddr_in6 link = at6("fe80::2", 80);
        char name[64];
        link.sin6_scope_id = scope;
        (void)snprintf(name, sizeof(name), "the IPv6 neighbour on link %u", (unsigned)scope);
        fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        send_by(name, fd, &link, sizeof(link), 0, 1);
        link = at6("ff02::fb", 5353);
        link.sin6_scope_id = scope;
        (void)snprintf(name, sizeof(name), "the IPv6 group on link %u", (unsigned)scope);
        fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        send_by(name, fd, &link, sizeof(link), 0, 1);
    }
    const struct sockaddr_in6 name_server = at6("fec0::3", 80);
    fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    send_by("the IPv6 name server's other ports", fd, &name_server, sizeof(name_server), 0, 1);
}

/* The first segment with the first words: connect() without connect(). */
static void try_fast_open(const struct network_targets *targets)
{
    const struct sockaddr_in stranger = at(targets->stranger, targets->stranger_port);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (const struct sockaddr *)&stranger,
                 sizeof(stranger));
    attack_tell("fast open to another host", !attack_wait(fd, POLLOUT, PATIENCE_MS) || errno != 0,
                "connected");
    (void)close(fd);
    const int multi = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_MPTCP);
    const int begun =
        multi < 0 ? -1 : connect(multi, (const struct sockaddr *)&stranger, sizeof(stranger));
    int problem = 0;
    socklen_t len = sizeof(problem);
    const bool ready = multi >= 0 && (begun == 0 || errno == EINPROGRESS) &&
                       attack_wait(multi, POLLOUT, PATIENCE_MS) &&
                       getsockopt(multi, SOL_SOCKET, SO_ERROR, &problem, &len) == 0 && problem == 0;
    attack_tell("multipath to another host", !ready, "connected");
    (void)close(multi);
}

/* Source routing: the filter sees the first hop, which is allowed. The test looks at what left. */
static void try_source_route(const struct network_targets *targets)
{
    const struct sockaddr_in friend = at(FRIEND, targets->friend_port);
    struct in_addr stranger;
    uint8_t route[8] = {131, 7, 4};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)inet_pton(AF_INET, targets->stranger, &stranger);
    memcpy(route + 3, &stranger, 4);
    const int set = setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, sizeof(route));
    const ssize_t sent =
        set != 0 ? -1 : sendto(fd, "x", 1, 0, (const struct sockaddr *)&friend, sizeof(friend));
    attack_tell("source route by the named host", sent == -1, "sent");
    (void)close(fd);
}

static int listen_tcp(const char *host, uint16_t port)
{
    const struct sockaddr_in address = at(host, port);
    const int on = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 4) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static int bind_udp(uint16_t port)
{
    const struct sockaddr_in any = at("0.0.0.0", port);
    const int on = 1;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    const int result = bind(fd, (const struct sockaddr *)&any, sizeof(any));
    const int problem = errno;
    (void)close(fd);
    errno = problem;
    return result;
}

/* Ports of the system and of other applications, though the manifest names some of them. */
static void try_ports(void)
{
    attack_tell_refused("the port of names on the link", bind_udp(5353), EACCES);
    attack_tell_refused("the port of addresses", bind_udp(68), EACCES);
    const int theft = listen_tcp("0.0.0.0", LISTEN_PORT);
    attack_tell("the port of another application", theft < 0 && errno == EADDRINUSE, "%s",
                theft >= 0 ? "it listens" : strerror(errno));
    const int part = listen_tcp(OWN_ADDRESS, LISTEN_PORT);
    attack_tell("a part of the port of another application", part < 0 && errno == EADDRINUSE, "%s",
                part >= 0 ? "it listens" : strerror(errno));
}

static struct sockaddr_un abstract_address(socklen_t *out_len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, abstract_name, sizeof(abstract_name) - 1);
    *out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(abstract_name) - 1);
    return address;
}

/* Sockets without a file: the same network namespace, so only a wall of its own keeps applications
 * apart. */
static void attack_abstract(void)
{
    socklen_t len;
    const struct sockaddr_un address = abstract_address(&len);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    attack_tell_refused("socket of another application",
                        connect(fd, (const struct sockaddr *)&address, len), EPERM);
    (void)close(fd);
}

void network_attack(const struct network_targets *targets)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const int fd = socket(kinds[i].family, kinds[i].type | SOCK_CLOEXEC, kinds[i].protocol);
        attack_tell_refused(kinds[i].name, fd, kinds[i].wanted);
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    /* without this one the others would hold on a board that is on no network */
    const int friend = try_tcp(FRIEND, targets->friend_port);
    attack_tell("control: the named host is reached", friend == 0, "%s", strerror(friend));
    attack_udp("control: a datagram to the named host", FRIEND, targets->friend_port, 0);
    attack_tcp("connect to another host", targets->stranger, targets->stranger_port);
    attack_tcp("connect to the name server's other ports", NAME_SERVER, 80);
    attack_tcp("connect to the loopback", "127.0.0.1", LISTEN_PORT);
    attack_tcp("connect to another application", OWN_ADDRESS, LISTEN_PORT);
    attack_tcp("connect to the owner's desk of this board", OWN_ADDRESS, 443);
    attack_udp("datagram to another host", targets->stranger, targets->stranger_port, EPERM);
    attack_udp("datagram to the name server's other ports", NAME_SERVER, 80, EPERM);
    attack_udp("datagram to everybody", "255.255.255.255", 67, EPERM);
    attack_udp("datagram to a group", "224.0.0.251", 5353, EPERM);
    attack_udp("datagram to the loopback", "127.0.0.1", LISTEN_PORT, EPERM);
    attack_ipv6("datagram by IPv6", "fec0::2");
    attack_ipv6("datagram to the IPv6 link", "ff02::1");
    attack_ipv6("datagram to the IPv6 loopback", "::1");
    attack_tell("port of the system", listen_tcp("0.0.0.0", 80) < 0 && errno == EACCES,
                "listens on port 80");
    attack_abstract();
    attack_tcp("connect to the desk's API by its own address", "192.168.35.2", 443);
    attack_tcp("connect to the desk", "192.168.35.1", 443);
    attack_tcp("connect to the API by the loopback", "127.0.0.1", 443);
    try_options();
    try_changes();
    try_side_ways(targets);
    try_fast_open(targets);
    try_source_route(targets);
    try_ports();
}

static int listen_abstract(void)
{
    socklen_t len;
    const struct sockaddr_un address = abstract_address(&len);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return bind(fd, (const struct sockaddr *)&address, len) == 0 && listen(fd, 4) == 0 ? fd : -1;
}

void network_serve_peer(const struct network_targets *targets)
{
    const int tcp = listen_tcp("0.0.0.0", LISTEN_PORT);
    const int local = listen_abstract();
    const int stranger = try_tcp(targets->stranger, targets->stranger_port);
    attack_tell("control: the other host is there", stranger == 0, "%s", strerror(stranger));
    attack_tell("control: the second application listens", tcp >= 0 && local >= 0, "%s",
                strerror(errno));
    attack_tell("reached from outside", !attack_wait(tcp, POLLIN, NEVER_MS), "a connection came");
    attack_tell("reached by another application", !attack_wait(local, POLLIN, 0),
                "a connection came");
    attack_tcp("connect to the host of another application", FRIEND, targets->friend_port);
}
