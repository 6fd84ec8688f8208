/* The allow-lists of all control groups, kept true as names and DNS servers change. */
#ifndef TATU_NETD_LISTS_H
#define TATU_NETD_LISTS_H

#include "addresses.h"
#include "dhcp.h"
#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "os/netd/netd.h"
#include "resolver.h"

#define TATU_LIST_MAX 16u /* as many as applications can be installed */

struct tatu_list {
    bool used;
    struct tatu_netd_allow allow;
    struct tatu_address_set addresses;
    int map_fd;
    int waiting_fd;       /* who asked, while the names are looked up; -1: nobody */
    uint64_t due_ms;      /* when the names are looked up (again) */
    uint64_t patience_ms; /* when who asked gets its answer in any case */
};

struct tatu_lists {
    struct tatu_os_loop *loop;
    const struct tatu_os_log *log;
    struct tatu_resolver resolver;
    struct tatu_os_watch resolved;
    struct tatu_os_timer due;
    struct tatu_list lists[TATU_LIST_MAX];
    struct tatu_list *asking; /* whose names the resolver has; NULL: of one that is gone */
    bool up;                  /* there is an address */
    size_t dns_count;
    uint32_t dns[TATU_DHCP_DNS_MAX];
};

/** Errors: IO. */
enum tatu_err tatu_netd_start_lists(struct tatu_lists *lists, struct tatu_os_loop *loop,
                                    const struct tatu_os_log *log);

/**
 * Puts the list on its group. The answer, a u32, goes to fd, which is closed: at once, or when the
 * names were looked up (at most two seconds).
 *
 * Answers  UNREACHABLE  there are names and no network yet; addresses are reachable already
 *          FULL         more groups than TATU_LIST_MAX
 *          NOT_FOUND, DENIED, IO  of the filter
 */
void tatu_netd_put_list(struct tatu_lists *lists, const struct tatu_netd_allow *allow, int fd);

/** The network came, went or changed its DNS servers. */
void tatu_netd_tell_lists(struct tatu_lists *lists, bool up, const uint32_t *dns, size_t dns_count);

#endif
