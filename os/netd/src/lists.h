/* The firewalls of all applications, kept true as names change. */
#ifndef TATU_NETD_LISTS_H
#define TATU_NETD_LISTS_H

#include <sys/types.h>

#include "addresses.h"
#include "filter.h"
#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "proto/network.h"
#include "resolver.h"

#define TATU_LIST_MAX 16u /* as many as applications can be installed */

struct tatu_lists;
struct tatu_list {
    bool used;
    struct tatu_lists *lists;
    uid_t uid;
    struct tatu_net_allow allow;
    struct tatu_address_set addresses;
    struct tatu_filter filter;
    uint64_t due_ms; /* when the names are looked up (again) */
    size_t next;     /* of the look-ups under way: host * 2 + family */
    bool found;      /* in them */
    struct tatu_lookup lookup;
};

struct tatu_lists {
    struct tatu_os_loop *loop;
    const struct tatu_os_log *log;
    struct tatu_resolver *resolver;
    struct tatu_os_timer due;
    struct tatu_list lists[TATU_LIST_MAX];
    bool up; /* names can be looked up */
    int own_fd;
    uint32_t service; /* index of the service interface */
};

/** Of zero bytes (they are not written: what is not used costs no memory). */
void tatu_netd_start_lists(struct tatu_lists *lists, struct tatu_resolver *resolver,
                           const struct tatu_os_log *log);

/**
 * Puts the firewall on its group. Literal addresses are open with the answer; names are looked up
 * behind it, and the rules follow. Groups that are gone lose their place.
 *
 * Errors   FULL         more groups than TATU_LIST_MAX
 *          NOT_FOUND, DENIED, IO  of the filter
 */
enum tatu_err tatu_netd_put_list(struct tatu_lists *lists, uid_t uid,
                                 const struct tatu_net_allow *allow);

/** The network came, went or changed its servers. */
void tatu_netd_tell_lists(struct tatu_lists *lists, bool up);

/* For the resolver of local programs: whether a user's list has the name, and what was found. */
bool tatu_netd_may_ask(const struct tatu_lists *lists, uid_t uid, const char *name);
void tatu_netd_open_found(struct tatu_lists *lists, uid_t uid, const struct tatu_dns_answer *found);

/** The rules of all lists after the first `skip`, and how many there are. Those over max are left
 *  out. */
size_t tatu_netd_tell_rules(const struct tatu_lists *lists, size_t skip, struct tatu_net_rule *out,
                            size_t max, size_t *out_count);

#endif
