/*
 * netd: the device's network: addresses, routes, DNS file, and each application's allow-list.
 * Source: docs/protocol/os.md; RFC 2131, RFC 2132.
 */
#ifndef TATU_OS_NETD_NETD_H
#define TATU_OS_NETD_NETD_H

#include "base/base.h"

#define TATU_NETD_HOST_COUNT_MAX 16u /* as many as a manifest may name */
#define TATU_NETD_HOST_MAX 128u      /* with the NUL */
#define TATU_NETD_CGROUP_MAX 96u     /* with the NUL */
#define TATU_NETD_CGROUP_ROOT "/sys/fs/cgroup/"
/* "allow ", the group, the hosts */
#define TATU_NETD_ALLOW_MAX                                                                        \
    (6u + TATU_NETD_CGROUP_MAX + TATU_NETD_HOST_COUNT_MAX * TATU_NETD_HOST_MAX)

struct tatu_netd_allow {
    char cgroup[TATU_NETD_CGROUP_MAX];
    size_t host_count;
    char hosts[TATU_NETD_HOST_COUNT_MAX][TATU_NETD_HOST_MAX];
};

/**
 * Reads `allow <cgroup path>\0<host>\0...`, every text with its NUL.
 *
 * Errors   UNKNOWN_COMMAND  it does not begin with "allow "
 *          SHORT            the last text has no NUL
 *          LONG             more hosts than the maximum, or a text over its limit
 *          ARGUMENT         the group is not below TATU_NETD_CGROUP_ROOT or not a plain path
 *          FORMAT           a host is empty or has other characters than names and addresses have
 */
enum tatu_err tatu_netd_decode_allow(struct tatu_span in, struct tatu_netd_allow *out);

#endif
