#include "table.h"

#include <linux/capability.h>
#include <sys/stat.h>

#define CAP(n) (UINT64_C(1) << (n))

/* In the order of their start: the network first, then those who use it. */
const struct tatu_appman_service tatu_appman_table[] = {
    {
        .name = "netd",
        .path = "/usr/bin/netd",
        .uid = 110,
        .gid = 110,
        .capabilities = CAP(CAP_NET_ADMIN) | CAP(CAP_BPF) | CAP(CAP_PERFMON) |
                        CAP(CAP_NET_BIND_SERVICE), /* DHCP is answered at port 68 */
        .memory_max = "2M",
        .pids_max = "4",
        .socket = {"/run/netd.sock", 0600, 0, 0},
        .places = {{"/run/resolv.conf", S_IFREG | 0644, 110, 110}},
    },
    {
        .name = "attestd",
        .path = "/usr/bin/attestd",
        .uid = 111,
        .gid = 111,
        .group_count = 2,
        /* UPDATE: the update key's socket is for that group, and only its members can give it away
         */
        .groups = {TATU_APPMAN_GROUP_VAULT, TATU_APPMAN_GROUP_UPDATE},
        .capabilities = CAP(CAP_SYS_TIME), /* signed time sets the clock */
        .memory_max = "4M",
        .pids_max = "4",
        .socket = {"/run/attestd.sock", 0666, 0, 0},
        .places = {{"/run/deviceauth", S_IFDIR | 0711, 111, 111}},
    },
    {
        .name = "updated",
        .path = "/usr/bin/updated",
        .uid = 112,
        .gid = 112,
        .group_count = 2,
        .groups = {TATU_APPMAN_GROUP_VAULT, TATU_APPMAN_GROUP_UPDATE},
        .memory_max = "4M",
        .pids_max = "4",
    },
    {
        .name = "gatewayd",
        .path = "/usr/bin/gatewayd",
        .uid = 113,
        .gid = 113,
        .group_count = 1,
        .groups = {TATU_APPMAN_GROUP_VAULT},
        .capabilities = CAP(CAP_NET_BIND_SERVICE), /* port 443 */
        .memory_max = "4M",
        .pids_max = "4",
    },
};
const size_t tatu_appman_table_count = TATU_COUNT_OF(tatu_appman_table);

_Static_assert(TATU_COUNT_OF(tatu_appman_table) <= TATU_APPMAN_SERVICE_MAX, "room for all");
