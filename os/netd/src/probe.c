#include "probe.h"

#include <sys/epoll.h>

#include "socket.h"

#define WAIT_MS 5000u
#define AGAIN_MS 600000u
#define FAILED_FIRST_MS 5000u
#define FAILED_MAX_MS 120000u

static void stop(struct tatu_probe *probe)
{
    struct tatu_os_loop *loop = probe->interface->all->loop;
    if (probe->connecting) {
        tatu_os_remove_watch(loop, &probe->watch);
        (void)close(probe->watch.fd);
        probe->connecting = false;
    }
    tatu_os_clear_timer(loop, &probe->due);
}

static void finish(struct tatu_probe *probe, bool reached)
{
    stop(probe);
    probe->interface->internet = reached;
    probe->failures = reached ? 0 : probe->failures + 1;
    tatu_os_set_timer(
        probe->interface->all->loop, &probe->due,
        tatu_os_now_ms() +
            (reached ? AGAIN_MS
                     : tatu_os_get_backoff(probe->failures - 1, FAILED_FIRST_MS, FAILED_MAX_MS)));
}

static void on_connected(struct tatu_os_watch *watch, uint32_t events)
{
    int error = -1;
    socklen_t len = sizeof(error);
    (void)events;
    (void)getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    finish(watch->context, error == 0);
}

static void on_due(struct tatu_os_timer *timer)
{
    struct tatu_probe *probe = timer->context;
    if (probe->connecting) {
        finish(probe, false);
        return;
    }
    probe->watch.fd = netd_connect(SOCK_STREAM, probe->interface->name, probe->target->address,
                                   probe->target->port);
    if (probe->watch.fd < 0) {
        finish(probe, false);
        return;
    }
    if (tatu_os_add_watch(probe->interface->all->loop, &probe->watch, EPOLLOUT) != TATU_OK) {
        (void)close(probe->watch.fd);
        finish(probe, false);
        return;
    }
    probe->connecting = true;
    tatu_os_set_timer(probe->interface->all->loop, &probe->due, tatu_os_now_ms() + WAIT_MS);
}

void tatu_netd_init_probe(struct tatu_probe *probe, struct tatu_interface *interface,
                          const struct tatu_probe_target *target)
{
    probe->interface = interface;
    probe->target = target;
    probe->watch = (struct tatu_os_watch){.ready = on_connected, .context = probe, .fd = -1};
    probe->due = (struct tatu_os_timer){.fire = on_due, .context = probe};
}

void tatu_netd_update_probe(struct tatu_probe *probe)
{
    const struct tatu_interface *interface = probe->interface;
    stop(probe);
    probe->failures = 0;
    if ((tatu_netd_get_flags(interface) & TATU_NET_FLAG_IP) == 0 ||
        tatu_netd_is_private(interface) || probe->target->port == 0) {
        probe->interface->internet = false;
    } else {
        tatu_os_set_timer(interface->all->loop, &probe->due, tatu_os_now_ms());
    }
}
