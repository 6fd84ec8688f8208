#include "resolver.h"

#include <string.h>
#include <sys/epoll.h>

#include "socket.h"

#define PORT 53

void tatu_netd_init_resolver(struct tatu_resolver *resolver, struct tatu_os_loop *loop)
{
    memset(resolver, 0, sizeof(*resolver));
    resolver->loop = loop;
}

void tatu_netd_set_servers(struct tatu_resolver *resolver,
                           const struct tatu_resolver_server *servers, size_t count)
{
    resolver->count = count < TATU_RESOLVER_SERVER_MAX ? count : TATU_RESOLVER_SERVER_MAX;
    memcpy(resolver->servers, servers, resolver->count * sizeof(*servers));
    resolver->first = 0;
}

static void close_socket(struct tatu_lookup *lookup)
{
    if (lookup->watch.fd >= 0) {
        tatu_os_remove_watch(lookup->resolver->loop, &lookup->watch);
        (void)close(lookup->watch.fd);
        lookup->watch.fd = -1;
    }
}

void tatu_netd_stop_lookup(struct tatu_lookup *lookup)
{
    if (lookup->busy) {
        close_socket(lookup);
        tatu_os_clear_timer(lookup->resolver->loop, &lookup->timer);
        lookup->busy = false;
    }
}

static void finish(struct tatu_lookup *lookup, enum tatu_err err)
{
    tatu_netd_stop_lookup(lookup);
    lookup->done(lookup, err);
}

static bool ask_server(struct tatu_lookup *lookup, const struct tatu_resolver_server *server)
{
    uint8_t room[TATU_DNS_MESSAGE_MAX];
    struct tatu_buf out = TATU_BUF_OF(room);
    lookup->question.id = (uint16_t)netd_random();
    if (tatu_netd_encode_dns_query(&lookup->question, &out) != TATU_OK) {
        return false;
    }
    lookup->watch.fd = netd_connect(SOCK_DGRAM, server->interface, server->address, PORT);
    if (lookup->watch.fd < 0) {
        return false;
    }
    if (send(lookup->watch.fd, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len ||
        tatu_os_add_watch(lookup->resolver->loop, &lookup->watch, EPOLLIN) != TATU_OK) {
        (void)close(lookup->watch.fd);
        lookup->watch.fd = -1;
        return false;
    }
    return true;
}

/* The next server that can be asked, until all were often enough. */
static void go_on(struct tatu_lookup *lookup)
{
    struct tatu_resolver *resolver = lookup->resolver;
    close_socket(lookup);
    while (lookup->tries < TATU_RESOLVER_ROUNDS * resolver->count) {
        lookup->server = (resolver->first + lookup->tries) % resolver->count;
        lookup->tries++;
        if (ask_server(lookup, &resolver->servers[lookup->server])) {
            tatu_os_set_timer(resolver->loop, &lookup->timer,
                              tatu_os_now_ms() + TATU_RESOLVER_WAIT_MS);
            return;
        }
    }
    finish(lookup, resolver->count == 0 ? TATU_ERR_UNREACHABLE : TATU_ERR_TIMEOUT);
}

static void on_time(struct tatu_os_timer *timer)
{
    go_on(timer->context);
}

static void on_answer(struct tatu_os_watch *watch, uint32_t events)
{
    struct tatu_lookup *lookup = watch->context;
    uint8_t in[TATU_DNS_MESSAGE_MAX + 1];
    const ssize_t len = recv(watch->fd, in, sizeof(in), MSG_DONTWAIT);
    (void)events;
    if (len < 0) { /* nobody listens there: the kernel was told */
        go_on(lookup);
        return;
    }
    if (tatu_netd_decode_dns_answer((struct tatu_span){in, (size_t)len}, &lookup->question,
                                    &lookup->answer) != TATU_OK) {
        return; /* anybody can send; the true answer may still come */
    }
    if (lookup->answer.rcode != TATU_DNS_NO_ERROR && lookup->answer.rcode != TATU_DNS_NO_NAME) {
        go_on(lookup);
        return;
    }
    if (lookup->server < lookup->resolver->count) {
        lookup->resolver->first = lookup->server;
    }
    finish(lookup, TATU_OK);
}

void tatu_netd_start_lookup(struct tatu_resolver *resolver, struct tatu_lookup *lookup,
                            const char *name, enum tatu_dns_type type)
{
    tatu_netd_stop_lookup(lookup);
    lookup->resolver = resolver;
    lookup->busy = true;
    lookup->tries = 0;
    lookup->question.type = (uint16_t)type;
    const size_t len = strnlen(name, TATU_DNS_NAME_SIZE - 1);
    memcpy(lookup->question.name, name, len);
    lookup->question.name[len] = '\0';
    lookup->watch = (struct tatu_os_watch){.ready = on_answer, .context = lookup, .fd = -1};
    lookup->timer.fire = on_time;
    lookup->timer.context = lookup;
    tatu_os_set_timer(resolver->loop, &lookup->timer, tatu_os_now_ms()); /* not inside this call */
}
