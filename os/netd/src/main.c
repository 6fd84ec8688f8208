#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lease.h"
#include "link.h"
#include "lists.h"
#include "os/lib/log.h"
#include "os/lib/loop.h"

#define CONTROL_FD 3 /* appman hands the listening socket over */
#define LINK "eth0"
#define LINK_RETRY_MS 1000u
#define RESOLV_CONF "/run/resolv.conf"
#define CLIENT_PORT 68
#define SERVER_PORT 67

struct netd {
    struct tatu_os_loop loop;
    struct tatu_os_log log;
    struct tatu_lists lists;
    struct tatu_os_watch control;
    struct tatu_os_watch servers; /* DHCP */
    struct tatu_os_timer due;
    struct tatu_lease_client client;
    struct tatu_dhcp_lease applied;
    bool up;
    bool complained; /* that there is no interface: once is enough */
};

static uint32_t get_random(void)
{
    uint32_t value = 0;
    (void)getrandom(&value, sizeof(value), 0);
    return value;
}

static const char *text_of(uint32_t address, char out[INET_ADDRSTRLEN])
{
    const struct in_addr in = {htonl(address)};
    return inet_ntop(AF_INET, &in, out, INET_ADDRSTRLEN);
}

static int bits_of(uint32_t mask)
{
    return __builtin_popcount(mask);
}

/* In place: the file is bound into containers, and the folder is appman's. */
static void write_resolv_conf(struct netd *netd, const struct tatu_dhcp_lease *lease)
{
    char text[128], address[INET_ADDRSTRLEN];
    int len = 0;
    for (size_t i = 0; i < lease->dns_count; i++) {
        len += snprintf(text + len, sizeof(text) - (size_t)len, "nameserver %s\n",
                        text_of(lease->dns[i], address));
    }
    len += snprintf(text + len, sizeof(text) - (size_t)len, "options timeout:2 attempts:2\n");
    int fd = open(RESOLV_CONF, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0 || write(fd, text, (size_t)len) != len) {
        tatu_os_log(&netd->log, TATU_OS_LOG_ERROR, RESOLV_CONF ": %s", strerror(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void tell(const struct netd *netd, const struct tatu_dhcp_lease *lease)
{
    char address[INET_ADDRSTRLEN], router[INET_ADDRSTRLEN], dns[INET_ADDRSTRLEN];
    tatu_os_log(&netd->log, TATU_OS_LOG_NOTICE, LINK " %s/%d router %s dns %s for %u s",
                text_of(lease->address, address), bits_of(lease->mask),
                lease->router == 0 ? "none" : text_of(lease->router, router),
                lease->dns_count == 0 ? "none" : text_of(lease->dns[0], dns),
                (unsigned)lease->lease_s);
}

static bool is_same_net(const struct tatu_dhcp_lease *a, const struct tatu_dhcp_lease *b)
{
    return a->address == b->address && a->mask == b->mask && a->router == b->router &&
           a->dns_count == b->dns_count && memcmp(a->dns, b->dns, sizeof(a->dns)) == 0;
}

/* A renewed lease that says the same leaves the routes, and what uses them, alone. */
static void apply(struct netd *netd, const struct tatu_dhcp_lease *lease)
{
    if (netd->up && is_same_net(lease, &netd->applied)) {
        return;
    }
    const enum tatu_err err =
        tatu_netd_set_address(LINK, lease->address, lease->mask, lease->router);
    if (err != TATU_OK) {
        tatu_os_log(&netd->log, TATU_OS_LOG_ERROR, LINK ": the address: %s", tatu_err_name(err));
        return;
    }
    netd->up = true;
    netd->applied = *lease;
    write_resolv_conf(netd, lease);
    tell(netd, lease);
    tatu_netd_tell_lists(&netd->lists, true, lease->dns, lease->dns_count);
}

static void drop(struct netd *netd)
{
    tatu_os_log(&netd->log, TATU_OS_LOG_WARNING, LINK ": the lease is lost");
    if (tatu_netd_clear_address(LINK) != TATU_OK) {
        tatu_os_log(&netd->log, TATU_OS_LOG_ERROR, LINK ": the address stays");
    }
    netd->up = false;
    tatu_netd_tell_lists(&netd->lists, false, NULL, 0);
}

static void send_ask(struct netd *netd, const struct tatu_lease_step *step)
{
    uint8_t room[TATU_DHCP_ASK_SIZE];
    struct tatu_buf message = TATU_BUF_OF(room);
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(SERVER_PORT),
        .sin_addr = {step->to == 0 ? htonl(INADDR_BROADCAST) : htonl(step->to)}};
    if (tatu_netd_encode_dhcp(&step->ask, &message) != TATU_OK ||
        sendto(netd->servers.fd, message.data, message.len, MSG_DONTWAIT,
               (const struct sockaddr *)&to, sizeof(to)) != (ssize_t)message.len) {
        tatu_os_log(&netd->log, TATU_OS_LOG_INFO, "asking for an address: %s", strerror(errno));
    }
}

static void take_step(struct netd *netd, const struct tatu_lease_step *step)
{
    if (step->drop) {
        drop(netd);
    }
    if (step->apply) {
        apply(netd, &netd->client.lease);
    }
    if (step->send) {
        send_ask(netd, step);
    }
    if (step->next_ms != 0) {
        tatu_os_set_timer(&netd->loop, &netd->due, step->next_ms);
    }
}

static void on_lease_due(struct tatu_os_timer *timer)
{
    struct netd *netd = timer->context;
    struct tatu_lease_step step;
    tatu_netd_wake_lease(&netd->client, tatu_os_now_ms(), get_random(), &step);
    take_step(netd, &step);
}

static void on_server(struct tatu_os_watch *watch, uint32_t events)
{
    (void)events;
    struct netd *netd = watch->context;
    uint8_t message[TATU_DHCP_MESSAGE_MAX + 1];
    struct tatu_dhcp_answer answer;
    struct tatu_lease_step step;
    const ssize_t len = recv(watch->fd, message, sizeof(message), MSG_DONTWAIT);
    if (len < 0 || tatu_netd_decode_dhcp((struct tatu_span){message, (size_t)len}, netd->client.xid,
                                         netd->client.mac, &answer) != TATU_OK) {
        return; /* anybody on the link can send; the exchange goes on */
    }
    tatu_netd_answer_lease(&netd->client, &answer, tatu_os_now_ms(), get_random(), &step);
    take_step(netd, &step);
}

static int open_servers(void)
{
    const int on = 1;
    const struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(CLIENT_PORT)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, LINK, sizeof(LINK)) != 0 ||
                    bind(fd, (const struct sockaddr *)&here, sizeof(here)) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static enum tatu_err start_dhcp(struct netd *netd)
{
    uint8_t mac[6];
    struct tatu_lease_step step;
    TATU_TRY(tatu_netd_raise_link(LINK));
    TATU_TRY(tatu_netd_get_mac(LINK, mac));
    netd->servers =
        (struct tatu_os_watch){.ready = on_server, .context = netd, .fd = open_servers()};
    if (netd->servers.fd < 0) {
        return TATU_ERR_IO;
    }
    TATU_TRY(tatu_os_add_watch(&netd->loop, &netd->servers, EPOLLIN));
    netd->due = (struct tatu_os_timer){.fire = on_lease_due, .context = netd};
    tatu_netd_start_lease(&netd->client, mac, tatu_os_now_ms(), get_random(), &step);
    take_step(netd, &step);
    return TATU_OK;
}

/* Until the interface is there. */
static void on_link_due(struct tatu_os_timer *timer)
{
    struct netd *netd = timer->context;
    const enum tatu_err err = start_dhcp(netd);
    if (err != TATU_OK) {
        if (!netd->complained) {
            tatu_os_log(&netd->log, TATU_OS_LOG_WARNING, LINK ": %s", tatu_err_name(err));
        }
        netd->complained = true;
        tatu_os_set_timer(&netd->loop, timer, tatu_os_now_ms() + LINK_RETRY_MS);
    }
}

/* One connection, one request; put_list answers and closes. */
static void on_control(struct tatu_os_watch *watch, uint32_t events)
{
    (void)events;
    struct netd *netd = watch->context;
    static struct tatu_netd_allow allow;
    static uint8_t request[TATU_NETD_ALLOW_MAX + 1];
    const struct timeval patience = {0, 100000};
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const ssize_t len = recv(fd, request, sizeof(request), 0);
    const enum tatu_err err =
        len <= 0 ? TATU_ERR_SHORT
        : (size_t)len > sizeof(request) - 1
            ? TATU_ERR_LONG
            : tatu_netd_decode_allow((struct tatu_span){request, (size_t)len}, &allow);
    if (err == TATU_OK) {
        tatu_netd_put_list(&netd->lists, &allow, fd);
        return;
    }
    const uint32_t word = (uint32_t)err;
    (void)send(fd, &word, sizeof(word), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)close(fd);
}

static enum tatu_err start(struct netd *netd)
{
    TATU_TRY(tatu_os_init_loop(&netd->loop));
    TATU_TRY(tatu_netd_start_lists(&netd->lists, &netd->loop, &netd->log));
    netd->control = (struct tatu_os_watch){.ready = on_control, .context = netd, .fd = CONTROL_FD};
    TATU_TRY(tatu_os_add_watch(&netd->loop, &netd->control, EPOLLIN));
    TATU_TRY(tatu_netd_raise_link("lo"));
    netd->due = (struct tatu_os_timer){.fire = on_link_due, .context = netd};
    on_link_due(&netd->due);
    return tatu_os_run_loop(&netd->loop);
}

int main(void)
{
    static struct netd netd;
    tatu_os_init_log(&netd.log, "netd", STDERR_FILENO);
    const enum tatu_err err = start(&netd);
    tatu_os_log(&netd.log, TATU_OS_LOG_ERROR, "ends: %s", tatu_err_name(err));
    return 1;
}
