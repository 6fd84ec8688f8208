/* The filters of control groups: small BPF programs and their maps. An application's lets through
 * what its list says; the board's makes every address reachable at its own interface only.
 * Addresses are IPv6, or IPv4 as ::ffff:a.b.c.d. Source: docs/protocol/network.md. */
#ifndef TATU_NETD_FILTER_H
#define TATU_NETD_FILTER_H

#include "base/base.h"

#define TATU_FILTER_ADDRESS_MAX 64u
#define TATU_FILTER_PORT_MAX 64u /* of TCP and UDP together */
#define TATU_FILTER_FLOW_MAX 64u /* UDP peers that may answer, or be answered; the oldest goes */
#define TATU_FILTER_OWN_MAX 48u
#define TATU_FILTER_RESOLVER "127.0.0.53" /* who answers names, at port 53: this process */
#define TATU_FILTER_SERVICE_PORT 443u     /* all that is reached over the service interface */

enum tatu_filter_protocol { TATU_FILTER_TCP = 6, TATU_FILTER_UDP = 17 };

/** One application's. */
struct tatu_filter {
    int list_fd; /* -1: none */
    int flow_fd;
};

struct tatu_filter_count {
    uint64_t out_packets;
    uint64_t out_bytes;
    uint64_t in_packets;
    uint64_t in_bytes;
};

/** Nothing passes. Errors: IO, DENIED (the kernel does not let us). */
enum tatu_err tatu_netd_make_filter(struct tatu_filter *out);
/** What is attached stays. */
void tatu_netd_close_filter(struct tatu_filter *filter);

/** It may be called, and answer. Errors: FULL, IO. */
enum tatu_err tatu_netd_put_filter_address(const struct tatu_filter *filter,
                                           const uint8_t address[16]);
/** Nothing happens when it is not there. */
void tatu_netd_remove_filter_address(const struct tatu_filter *filter, const uint8_t address[16]);
/** Everybody may come in there, and is answered. Errors: FULL, IO. */
enum tatu_err tatu_netd_put_filter_port(const struct tatu_filter *filter,
                                        enum tatu_filter_protocol protocol, uint16_t port);

/* What went through, and what was dropped. Errors: NOT_FOUND. */
enum tatu_err tatu_netd_count_filter_address(const struct tatu_filter *filter,
                                             const uint8_t address[16],
                                             struct tatu_filter_count *out);
enum tatu_err tatu_netd_count_filter_port(const struct tatu_filter *filter,
                                          enum tatu_filter_protocol protocol, uint16_t port,
                                          struct tatu_filter_count *out);
enum tatu_err tatu_netd_count_filter_drops(const struct tatu_filter *filter,
                                           struct tatu_filter_count *out);

/* The addresses of the board, each at its interface. */
/** Errors: IO, DENIED. */
enum tatu_err tatu_netd_make_own_map(int *out_fd);
/** Errors: FULL, IO. */
enum tatu_err tatu_netd_put_own(int own_fd, uint32_t ifindex, const uint8_t address[16]);
void tatu_netd_remove_own(int own_fd, uint32_t ifindex, const uint8_t address[16]);

/**
 * From now on sockets of the group reach the list's addresses and are reached at its ports only,
 * over no loopback but the resolver's, over the service interface never, and under no address of
 * another interface. Replaces the filter that was there; goes with the group.
 *
 * service  index of the service interface; 0: there is none
 *
 * Errors   NOT_FOUND  there is no such group
 *          DENIED     the kernel does not let us
 *          IO
 */
enum tatu_err tatu_netd_attach_filter(const struct tatu_filter *filter, int own_fd,
                                      uint32_t service, const char *group);

/**
 * For all groups that have no filter of their own: what comes to an address of another interface is
 * dropped, and over the service interface all but TCP to TATU_FILTER_SERVICE_PORT.
 * Errors: as above.
 */
enum tatu_err tatu_netd_attach_host_filter(int own_fd, uint32_t service, const char *root);

#endif
