#include "resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define THREAD_STACK_BYTES (256u * 1024u) /* address space; what is not touched costs nothing */

static void keep(struct tatu_resolver *resolver, const struct addrinfo *info)
{
    uint8_t address[16];
    if (resolver->found_count == TATU_ADDRESS_MAX) {
        return;
    }
    if (info->ai_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, info->ai_addr, sizeof(in));
        tatu_netd_map_ipv4(ntohl(in.sin_addr.s_addr), address);
    } else if (info->ai_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, info->ai_addr, sizeof(in6));
        memcpy(address, &in6.sin6_addr, sizeof(address));
    } else {
        return;
    }
    memcpy(resolver->found[resolver->found_count++], address, sizeof(address));
}

static void look_up(struct tatu_resolver *resolver, const char *name)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (getaddrinfo(name, NULL, &hints, &list) != 0) {
        return;
    }
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        keep(resolver, info);
    }
    freeaddrinfo(list);
}

static void *serve(void *context)
{
    struct tatu_resolver *resolver = context;
    uint64_t one;
    while (read(resolver->start_fd, &one, sizeof(one)) == sizeof(one)) {
        uint8_t literal[16];
        resolver->found_count = 0;
        for (size_t i = 0; i < resolver->names.host_count; i++) {
            if (tatu_netd_decode_address(resolver->names.hosts[i], literal) != TATU_OK) {
                look_up(resolver, resolver->names.hosts[i]);
            }
        }
        one = 1;
        if (write(resolver->done_fd, &one, sizeof(one)) != sizeof(one)) {
            break;
        }
    }
    return NULL;
}

enum tatu_err tatu_netd_start_resolver(struct tatu_resolver *resolver)
{
    pthread_t thread;
    pthread_attr_t attributes;
    memset(resolver, 0, sizeof(*resolver));
    resolver->start_fd = eventfd(0, EFD_CLOEXEC);
    resolver->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (resolver->start_fd < 0 || resolver->done_fd < 0 || pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES) != 0 ||
        pthread_create(&thread, &attributes, serve, resolver) != 0) {
        return TATU_ERR_IO;
    }
    (void)pthread_attr_destroy(&attributes);
    return TATU_OK;
}

enum tatu_err tatu_netd_ask_resolver(struct tatu_resolver *resolver,
                                     const struct tatu_netd_allow *allow)
{
    const uint64_t one = 1;
    if (resolver->busy) {
        return TATU_ERR_BUSY;
    }
    resolver->names = *allow;
    resolver->busy = true;
    if (write(resolver->start_fd, &one, sizeof(one)) != sizeof(one)) {
        resolver->busy = false;
        return TATU_ERR_IO;
    }
    return TATU_OK;
}

enum tatu_err tatu_netd_finish_resolver(struct tatu_resolver *resolver)
{
    uint64_t one;
    if (read(resolver->done_fd, &one, sizeof(one)) != sizeof(one)) {
        return TATU_ERR_BUSY;
    }
    resolver->busy = false;
    return TATU_OK;
}
