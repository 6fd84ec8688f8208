#include "services.h"

#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "socket.h"

#define SERVER_PORT 67
#define CLIENT_PORT 68
#define SNTP_PORT 123
#define NS_PER_S INT64_C(1000000000)

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void on_dhcp(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_service *service = watch->context;
    uint8_t in[TATU_DHCP_MESSAGE_MAX + 1], room[TATU_DHCPD_ANSWER_SIZE];
    struct tatu_buf out = TATU_BUF_OF(room);
    uint32_t to = 0;
    const ssize_t len = recv(watch->fd, in, sizeof(in), MSG_DONTWAIT);
    (void)events;
    if (len < 0 ||
        tatu_netd_serve_dhcp(&service->server, (struct tatu_span){in, (size_t)len},
                             (uint32_t)(tatu_os_now_ms() / 1000), &out, &to) != TATU_OK ||
        out.len == 0) {
        return; /* who is not answered asks again, or somebody else */
    }
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(CLIENT_PORT),
        .sin_addr = {to == 0 ? htonl(INADDR_BROADCAST) : htonl(to)}};
    (void)sendto(watch->fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL,
                 (const struct sockaddr *)&address, sizeof(address));
}

static void on_sntp(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_service *service = watch->context;
    struct tatu_clock *clock = service->clock;
    uint8_t in[TATU_SNTP_SIZE + 21], out[TATU_SNTP_SIZE];
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    struct tatu_sntp_clock now = {.got_ns = now_ns()};
    const ssize_t len =
        recvfrom(watch->fd, in, sizeof(in), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
    (void)events;
    if (len < 0 || from_len != sizeof(from)) {
        return;
    }
    now.set = tatu_netd_is_time_set(clock);
    now.stratum = clock->synced ? clock->stratum : 3; /* signed time is as good as a server's */
    now.set_at_ns = clock->synced ? clock->last.after_s * NS_PER_S : now.got_ns;
    now.now_ns = now_ns();
    if (tatu_netd_answer_sntp((struct tatu_span){in, (size_t)len}, &now, out) == TATU_OK) {
        (void)sendto(watch->fd, out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL,
                     (const struct sockaddr *)&from, sizeof(from));
    }
}

static void stop(struct tatu_service *service, struct tatu_os_watch *watch)
{
    if (watch->fd >= 0) {
        tatu_os_remove_watch(service->interface->all->loop, watch);
        (void)close(watch->fd);
        watch->fd = -1;
    }
}

static void start(struct tatu_service *service, struct tatu_os_watch *watch, uint16_t port)
{
    const struct tatu_interface *interface = service->interface;
    watch->fd = netd_bind(interface->name, port);
    if (watch->fd < 0 || tatu_os_add_watch(interface->all->loop, watch, EPOLLIN) != TATU_OK) {
        tatu_os_log(interface->all->log, TATU_OS_LOG_ERROR, "%s: port %u cannot be served",
                    interface->name, (unsigned)port);
        if (watch->fd >= 0) {
            (void)close(watch->fd);
            watch->fd = -1;
        }
    }
}

void tatu_netd_init_service(struct tatu_service *service, struct tatu_interface *interface,
                            struct tatu_clock *clock)
{
    service->interface = interface;
    service->clock = clock;
    service->dhcp = (struct tatu_os_watch){.ready = on_dhcp, .context = service, .fd = -1};
    service->sntp = (struct tatu_os_watch){.ready = on_sntp, .context = service, .fd = -1};
}

/* The leases live as long as the range is the same. */
static bool renew_range(struct tatu_service *service)
{
    struct tatu_dhcpd_range range;
    tatu_netd_fill_range(&service->interface->config->dhcp, &service->interface->config->ip,
                         &range);
    return memcmp(&range, &service->server.range, sizeof(range)) == 0 ||
           tatu_netd_start_dhcpd(&service->server, &range) == TATU_OK;
}

void tatu_netd_update_service(struct tatu_service *service)
{
    const struct tatu_interface *interface = service->interface;
    const struct tatu_config_interface_part *config = interface->config;
    const bool ready = interface->carrier && interface->address != 0;
    const bool dhcp = ready && config->serve_dhcp == 1 && config->ip.mode == TATU_NET_IP_STATIC &&
                      renew_range(service);
    const bool sntp = ready && config->serve_sntp == 1;
    if (!dhcp) {
        stop(service, &service->dhcp);
    } else if (service->dhcp.fd < 0) {
        start(service, &service->dhcp, SERVER_PORT);
    }
    if (!sntp) {
        stop(service, &service->sntp);
    } else if (service->sntp.fd < 0) {
        start(service, &service->sntp, SNTP_PORT);
    }
}
