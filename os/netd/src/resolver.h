/* Looks names up in a thread of its own, so that a silent DNS server holds up neither the lease nor
 * another application's allow-list. One job at a time. */
#ifndef TATU_NETD_RESOLVER_H
#define TATU_NETD_RESOLVER_H

#include "addresses.h"
#include "os/netd/netd.h"

struct tatu_resolver {
    int start_fd;
    int done_fd; /* to be watched */
    bool busy;   /* the main thread's; while set, the thread owns what follows */
    struct tatu_netd_allow names;
    size_t found_count;
    uint8_t found[TATU_ADDRESS_MAX][16];
};

/** Starts the thread. Errors: IO. */
enum tatu_err tatu_netd_start_resolver(struct tatu_resolver *resolver);

/** Asks for the names among the hosts. Errors: BUSY, IO. */
enum tatu_err tatu_netd_ask_resolver(struct tatu_resolver *resolver,
                                     const struct tatu_netd_allow *allow);

/** When done_fd is readable: afterwards names and found are the caller's. Errors: BUSY. */
enum tatu_err tatu_netd_finish_resolver(struct tatu_resolver *resolver);

#endif
