/* Looks names up: one question, one answer, at the servers of whichever interface works. Servers
 * are tried in turn, the one that answered last first; a late or failing one gives way to the next.
 */
#ifndef TATU_NETD_RESOLVER_H
#define TATU_NETD_RESOLVER_H

#include "dns.h"
#include "os/lib/loop.h"
#include "proto/network.h"

#define TATU_RESOLVER_SERVER_MAX 9u /* three of each of three interfaces */
#define TATU_RESOLVER_WAIT_MS 1000u /* for one server */
#define TATU_RESOLVER_ROUNDS 2u

struct tatu_resolver_server {
    uint8_t address[16];
    char interface[TATU_NET_NAME_SIZE]; /* the question leaves there */
};

struct tatu_resolver {
    struct tatu_os_loop *loop;
    size_t count;
    size_t first; /* who is asked first */
    struct tatu_resolver_server servers[TATU_RESOLVER_SERVER_MAX];
};

/** One look-up; its owner's, and must stay until `done`. */
struct tatu_lookup {
    void (*done)(struct tatu_lookup *lookup, enum tatu_err err);
    void *context;
    struct tatu_dns_question question; /* id is chosen here */
    struct tatu_dns_answer answer;     /* in `done`, without an error */
    /* the resolver's */
    struct tatu_resolver *resolver;
    struct tatu_os_watch watch;
    struct tatu_os_timer timer;
    size_t server;
    size_t tries;
    bool busy;
};

void tatu_netd_init_resolver(struct tatu_resolver *resolver, struct tatu_os_loop *loop);
/** From the next question on. */
void tatu_netd_set_servers(struct tatu_resolver *resolver,
                           const struct tatu_resolver_server *servers, size_t count);

/**
 * Asks for question.name and question.type. `done` is always called, later:
 *
 * Errors   UNREACHABLE  there is no server
 *          TIMEOUT      none answered, or the name is none
 */
void tatu_netd_start_lookup(struct tatu_resolver *resolver, struct tatu_lookup *lookup,
                            const char *name, enum tatu_dns_type type);
/** `done` is not called any more. */
void tatu_netd_stop_lookup(struct tatu_lookup *lookup);

#endif
