/* Stands in for gatewayd: does on the board what the test on the host asks for, over TCP port 443.
 * A message is u32 length, u32 what, bytes; the answer u32 length, bytes. Stands in for crashd too,
 * which the kernel starts as root: there it asks for a firewall, as appman does. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/network.h"
#include "proto/request.h"

enum { ASK = 1, CONNECT = 2, RESOLVE = 3, READ = 4, CLOCK = 5, CRASH = 6 };
#define ROOM 8192

static size_t ask(const uint8_t *in, size_t len, uint8_t *out)
{
    const struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/run/netd.sock"};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    ssize_t got = -1;

    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 &&
        send(fd, in, len, MSG_NOSIGNAL) == (ssize_t)len) {
        got = recv(fd, out, ROOM, 0);
    }
    close(fd);
    return got < 0 ? 0 : (size_t)got;
}

/* u16 port, address[16] -> errno */
static size_t connect_to(const uint8_t *in, uint8_t *out)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};
    uint16_t port;
    uint32_t error = 0;
    socklen_t len = sizeof(error);
    memcpy(&port, in, 2);
    to.sin6_port = htons(port);
    memcpy(&to.sin6_addr, in + 2, 16);
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd wait = {.fd = fd, .events = POLLOUT};

    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS) {
        error = (uint32_t)errno;
    } else if (poll(&wait, 1, 3000) != 1) {
        error = ETIMEDOUT;
    } else {
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    }
    close(fd);
    memcpy(out, &error, 4);
    return 4;
}

static size_t resolve(const uint8_t *in, size_t len, uint8_t *out)
{
    const struct addrinfo hints = {
        .ai_family = AF_INET6, .ai_flags = AI_V4MAPPED | AI_ALL, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char name[256] = {0};
    size_t at = 0;
    memcpy(name, in, len < 255 ? len : 255);

    if (getaddrinfo(name, NULL, &hints, &list) == 0) {
        for (struct addrinfo *one = list; one != NULL; one = one->ai_next, at += 16) {
            memcpy(out + at, &((struct sockaddr_in6 *)(void *)one->ai_addr)->sin6_addr, 16);
        }
        freeaddrinfo(list);
    }
    return at;
}

static size_t read_file(const char *path, uint8_t *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t at = 0;

    for (ssize_t got = 1; fd >= 0 && got > 0 && at<ROOM; at += got> 0 ? (size_t)got : 0) {
        got = read(fd, out + at, ROOM - at);
    }
    close(fd);
    return at;
}

static size_t act(uint32_t what, uint8_t *in, size_t len, uint8_t *out)
{
    struct timespec now;
    int64_t seconds;

    in[len] = 0;
    switch (what) {
    case ASK:
        return ask(in, len, out);
    case CONNECT:
        return connect_to(in, out);
    case RESOLVE:
        return resolve(in, len, out);
    case READ:
        return read_file((const char *)in, out);
    case CRASH:
        if (fork() == 0) {
            abort();
        }
        return 0;
    default:
        clock_gettime(CLOCK_REALTIME, &now);
        seconds = now.tv_sec;
        memcpy(out, &seconds, 8);
        return 8;
    }
}

/* For the group of gatewayd. */
static int ask_for_firewall(void)
{
    static uint8_t in[16 + sizeof(struct tatu_net_allow)], out[ROOM];
    const uint32_t head[4] = {TATU_NETD_ALLOW, 113, 0, 0};
    struct tatu_net_allow allow = {.group = TATU_NET_GROUP_ROOT "os/gatewayd",
                                   .tcp_count = 1,
                                   .host_count = 2,
                                   .tcp = {443},
                                   .hosts = {"10.0.2.2", "node.test"}};

    memcpy(in, head, sizeof(head));
    memcpy(in + 16, &allow, sizeof(allow));
    const size_t len = ask(in, sizeof(in), out);
    int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

    dprintf(log, "<5>probe: firewall: %zu bytes, error %u", len, len < 4 ? 0u : (unsigned)out[0]);
    return 0;
}

static int take(int fd, void *to, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = recv(fd, (uint8_t *)to + at, len - at, 0);
        if (got <= 0) {
            return 0;
        }
        at += (size_t)got;
    }
    return 1;
}

static void serve(int fd)
{
    static uint8_t in[ROOM + 1], out[ROOM + 4];
    uint32_t head[2];

    while (take(fd, head, 8) && head[0] <= ROOM && take(fd, in, head[0])) {
        const uint32_t len = (uint32_t)act(head[1], in, head[0], out + 4);
        memcpy(out, &len, 4);
        if (send(fd, out, len + 4, MSG_NOSIGNAL) != (ssize_t)len + 4) {
            break;
        }
    }
    close(fd);
}

int main(int argc, char **argv)
{
    const struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(443)};
    const struct timeval patience = {20, 0};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)argv;
    if (argc > 1) {
        return ask_for_firewall();
    }
    signal(SIGCHLD, SIG_IGN);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0 || listen(fd, 4) != 0) {
        return 1;
    }
    (void)!write(STDERR_FILENO, "<5>probe: listens\n", 18);
    for (;;) {
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0) {
            setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
            if (fork() == 0) {
                serve(client);
                return 0;
            }
            close(client);
        }
    }
}
