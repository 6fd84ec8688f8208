/* UDP and TCP sockets to and at addresses of 16 bytes. */
#ifndef TATU_NETD_SOCKET_H
#define TATU_NETD_SOCKET_H

#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "proto/network.h"

static inline uint64_t netd_random(void)
{
    uint64_t value = 0;
    (void)getrandom(&value, sizeof(value), 0);
    return value;
}

static inline socklen_t netd_fill_address(const uint8_t address[16], uint16_t port,
                                          struct sockaddr_storage *out)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memset(out, 0, sizeof(*out));
    if (tatu_net_is_ipv4(address)) {
        memcpy(&in.sin_addr, address + 12, 4);
        memcpy(out, &in, sizeof(in));
        return sizeof(in);
    }
    memcpy(&in6.sin6_addr, address, 16);
    memcpy(out, &in6, sizeof(in6));
    return sizeof(in6);
}

/* A socket of one interface ("": of any), not blocking, connected to the address; -1. Of TCP the
 * connection may not be made yet. */
static inline int netd_connect(int type, const char *interface, const uint8_t address[16],
                               uint16_t port)
{
    struct sockaddr_storage to;
    const socklen_t len = netd_fill_address(address, port, &to);
    int fd = socket(to.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    const bool bound =
        interface[0] == '\0' || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
                                           (socklen_t)strnlen(interface, TATU_NET_NAME_SIZE)) == 0;
    if (!bound || (connect(fd, (const struct sockaddr *)&to, len) != 0 && type != SOCK_STREAM)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* A UDP socket of IPv4 at a port of one interface, for broadcasts too; -1. */
static inline int netd_bind(const char *interface, uint16_t port)
{
    const int on = 1;
    const struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
                               (socklen_t)strnlen(interface, TATU_NET_NAME_SIZE)) != 0 ||
                    bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

#endif
