#include "stateful6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "link.h"
#include "socket.h"

#define CLIENT_PORT 546
#define SERVER_PORT 547
#define ALL_SERVERS "ff02::1:2" /* and relays, of the link */

static uint32_t random32(void)
{
    return (uint32_t)netd_random();
}

static int open_socket(const char *name)
{
    const struct sockaddr_in6 here = {.sin6_family = AF_INET6, .sin6_port = htons(CLIENT_PORT)};
    const int on = 1;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name,
                               (socklen_t)strnlen(name, TATU_NET_NAME_SIZE)) != 0 ||
                    bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* ---- what is given ---- */

static void drop_address(struct tatu_stateful6 *stateful)
{
    if (stateful->lease.has_address &&
        tatu_netd_remove_address6(stateful->ifindex, stateful->lease.address, 128) != TATU_OK) {
        tatu_os_log(stateful->log, TATU_OS_LOG_INFO, "%s: the address of DHCPv6 was gone",
                    stateful->name);
    }
    stateful->lease.has_address = false;
}

static void drop_all(struct tatu_stateful6 *stateful)
{
    const bool had = stateful->lease.dns_count != 0 || stateful->lease.ntp_count != 0;
    drop_address(stateful);
    stateful->lease.dns_count = 0;
    stateful->lease.ntp_count = 0;
    if (had) {
        stateful->changed(stateful->context);
    }
}

static bool are_same_servers(const struct tatu_dhcp6_lease *a, const struct tatu_dhcp6_lease *b)
{
    return a->dns_count == b->dns_count && a->ntp_count == b->ntp_count &&
           memcmp(a->dns, b->dns, sizeof(a->dns)) == 0 &&
           memcmp(a->ntp, b->ntp, sizeof(a->ntp)) == 0;
}

/* The kernel tries the address first (RFC 4862 §5.4) and forgets it with its life. */
static void apply(struct tatu_stateful6 *stateful, const struct tatu_dhcp6_lease *lease)
{
    const bool same = are_same_servers(&stateful->lease, lease);
    if (lease->has_address &&
        tatu_netd_lease_address6(stateful->ifindex, lease->address, lease->preferred_s,
                                 lease->valid_s) != TATU_OK) {
        tatu_os_log(stateful->log, TATU_OS_LOG_ERROR, "%s: the address of DHCPv6 cannot be set",
                    stateful->name);
    }
    stateful->lease = *lease;
    if (!same) {
        tatu_os_log(stateful->log, TATU_OS_LOG_NOTICE,
                    "%s: DHCPv6 tells %zu name servers, %zu time servers", stateful->name,
                    lease->dns_count, lease->ntp_count);
        stateful->changed(stateful->context);
    }
}

/* ---- messages ---- */

static void send_ask(const struct tatu_stateful6 *stateful, const struct tatu_dhcp6_ask *ask)
{
    uint8_t room[TATU_DHCP6_ASK_SIZE];
    struct tatu_buf message = TATU_BUF_OF(room);
    struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                              .sin6_port = htons(SERVER_PORT),
                              .sin6_scope_id = stateful->ifindex};
    (void)inet_pton(AF_INET6, ALL_SERVERS, &to.sin6_addr);
    if (tatu_netd_encode_dhcp6(ask, &stateful->client.who, &message) != TATU_OK ||
        sendto(stateful->servers.fd, message.data, message.len, MSG_DONTWAIT | MSG_NOSIGNAL,
               (const struct sockaddr *)&to, sizeof(to)) != (ssize_t)message.len) {
        tatu_os_log(stateful->log, TATU_OS_LOG_INFO, "%s: asking by DHCPv6: %s", stateful->name,
                    strerror(errno));
    }
}

static void take_step(struct tatu_stateful6 *stateful, const struct tatu_lease6_step *step)
{
    if (step->drop) {
        drop_address(stateful);
        if (!step->apply) {
            drop_all(stateful);
        }
    }
    if (step->send) {
        send_ask(stateful, &step->ask);
    }
    if (step->apply) {
        apply(stateful, &stateful->client.lease);
    }
    if (stateful->client.state == TATU_LEASE6_STOPPED) {
        tatu_netd_stop_stateful6(stateful, false);
    } else if (step->next_ms != 0) {
        tatu_os_set_timer(stateful->loop, &stateful->due, step->next_ms);
    }
}

static void on_due(struct tatu_os_timer *timer)
{
    struct tatu_stateful6 *stateful = timer->context;
    struct tatu_lease6_step step;
    tatu_netd_wake_lease6(&stateful->client, tatu_os_now_ms(), random32(), &step);
    take_step(stateful, &step);
}

/* Servers and relays are on the link, and so is the address that they answer from. */
static void on_server(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_stateful6 *stateful = watch->context;
    uint8_t in[TATU_DHCP6_MESSAGE_MAX + 1];
    struct sockaddr_in6 from = {.sin6_family = AF_INET6};
    socklen_t from_len = sizeof(from);
    struct tatu_dhcp6_answer answer;
    struct tatu_lease6_step step;
    const ssize_t len =
        recvfrom(watch->fd, in, sizeof(in), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
    (void)events;
    if (len < 0 || from_len != sizeof(from) || !IN6_IS_ADDR_LINKLOCAL(&from.sin6_addr) ||
        tatu_netd_decode_dhcp6((struct tatu_span){in, (size_t)len}, &stateful->client.who,
                               &answer) != TATU_OK) {
        return; /* anybody on the link can send; the exchange goes on */
    }
    tatu_netd_answer_lease6(&stateful->client, &answer, tatu_os_now_ms(), random32(), &step);
    take_step(stateful, &step);
}

/* ---- beginning and end ---- */

static void start(struct tatu_stateful6 *stateful, bool address)
{
    struct tatu_lease6_step step;
    stateful->servers = (struct tatu_os_watch){
        .ready = on_server, .context = stateful, .fd = open_socket(stateful->name)};
    if (stateful->servers.fd < 0 ||
        tatu_os_add_watch(stateful->loop, &stateful->servers, EPOLLIN) != TATU_OK) {
        tatu_os_log(stateful->log, TATU_OS_LOG_ERROR, "%s: no socket for DHCPv6: %s",
                    stateful->name, strerror(errno));
        if (stateful->servers.fd >= 0) {
            (void)close(stateful->servers.fd);
        }
        return;
    }
    stateful->running = true;
    stateful->address = address;
    stateful->due.fire = on_due;
    stateful->due.context = stateful;
    tatu_netd_start_lease6(&stateful->client, stateful->duid, stateful->iaid, address,
                           tatu_os_now_ms(), random32(), &step);
    take_step(stateful, &step);
}

void tatu_netd_stop_stateful6(struct tatu_stateful6 *stateful, bool link)
{
    struct tatu_lease6_step step;
    if (!stateful->running) {
        return;
    }
    if (link && stateful->lease.has_address) {
        tatu_netd_release_lease6(&stateful->client, tatu_os_now_ms(), random32(), &step);
        drop_address(stateful); /* before anybody is told so */
        if (step.send) {
            send_ask(stateful, &step.ask);
        }
    }
    drop_all(stateful);
    tatu_os_clear_timer(stateful->loop, &stateful->due);
    tatu_os_remove_watch(stateful->loop, &stateful->servers);
    (void)close(stateful->servers.fd);
    stateful->servers.fd = -1;
    stateful->running = false;
}

void tatu_netd_release_stateful6(struct tatu_stateful6 *stateful)
{
    struct tatu_lease6_step step;
    if (stateful->running) {
        tatu_netd_release_lease6(&stateful->client, tatu_os_now_ms(), random32(), &step);
        take_step(stateful, &step);
    }
}

void tatu_netd_follow_router(struct tatu_stateful6 *stateful, bool managed, bool other)
{
    if (stateful->running && (managed || other) && stateful->address == managed) {
        return;
    }
    tatu_netd_stop_stateful6(stateful, true);
    if (managed || other) {
        start(stateful, managed);
    }
}

void tatu_netd_renew_stateful6(struct tatu_stateful6 *stateful, bool managed, bool other)
{
    if (stateful->running && stateful->client.state != TATU_LEASE6_RELEASING) {
        on_due(&stateful->due);
    } else {
        tatu_netd_stop_stateful6(stateful, false);
        tatu_netd_follow_router(stateful, managed, other);
    }
}

void tatu_netd_tell_taken(struct tatu_stateful6 *stateful, const uint8_t address[16])
{
    struct tatu_lease6_step step;
    if (!stateful->running || !stateful->lease.has_address ||
        memcmp(stateful->lease.address, address, 16) != 0) {
        return;
    }
    tatu_os_log(stateful->log, TATU_OS_LOG_WARNING, "%s: another machine has the address of DHCPv6",
                stateful->name);
    tatu_netd_decline_lease6(&stateful->client, tatu_os_now_ms(), random32(), &step);
    take_step(stateful, &step);
}
