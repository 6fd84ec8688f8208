/* Nobody but the hosts of the manifest, in both directions. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
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
#define NEVER_MS 40000 /* how long the second application listens for what must not come */

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
