/* The filter of one control group: two small BPF programs and a map of the addresses that pass. */
#ifndef TATU_NETD_FILTER_H
#define TATU_NETD_FILTER_H

#include "base/base.h"

#define TATU_FILTER_ADDRESS_MAX 64u

/* What an address may be used for. */
enum tatu_filter_right {
    TATU_FILTER_ALL = 1,
    TATU_FILTER_DNS = 2, /* UDP and TCP port 53 */
};

/** An empty map. Errors: IO, DENIED (the kernel does not let us). */
enum tatu_err tatu_netd_make_filter_map(int *out_fd);

/** IPv6, or IPv4 as ::ffff:a.b.c.d. Errors: FULL, IO. */
enum tatu_err tatu_netd_put_filter_address(int map_fd, const uint8_t address[16],
                                           enum tatu_filter_right right);
/** Nothing happens when it is not there. */
void tatu_netd_remove_filter_address(int map_fd, const uint8_t address[16]);

/**
 * From now on sockets of the control group reach, and are reached from, the map's addresses only,
 * and never over loopback. Replaces the filter that was there; goes with the group.
 *
 * Errors   NOT_FOUND  there is no such group
 *          DENIED     the kernel does not let us
 *          IO
 */
enum tatu_err tatu_netd_attach_filter(int map_fd, const char *cgroup);

#endif
