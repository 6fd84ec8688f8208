#include "table.h"

#include <linux/capability.h>
#include <sys/stat.h>

#include "proto/request.h"
#include "proto/smc.h"

#define RIGHT(name) TATU_RIGHT_##name
#define CAP(n) (UINT64_C(1) << (n))

/* In the order of their start: the network first, then those who use it. */
const struct tatu_appman_service tatu_appman_table[] = {
    {
        .name = "netd",
        .path = "/usr/bin/netd",
        .uid = TATU_APPMAN_UID_NETD,
        .gid = TATU_APPMAN_UID_NETD,
        .rights = RIGHT(QUERY) | RIGHT(STORAGE),
        .group_count = 1,
        .groups = {TATU_APPMAN_GROUP_VAULT},
        .capabilities = CAP(CAP_NET_ADMIN) | CAP(CAP_BPF) | CAP(CAP_PERFMON) |
                        CAP(CAP_NET_BIND_SERVICE) | /* DHCP is answered at port 68 */
                        CAP(CAP_SYS_TIME),          /* time servers set the clock */
        .memory_max = "2M",
        .pids_max = "4",
        .socket = {TATU_NETD_SOCKET, 0660, 0, TATU_APPMAN_GROUP_ASK},
        .places = {{"/run/resolv.conf", S_IFREG | 0644, 110, 110},
                   {"/run/netd.time", S_IFREG | 0600, 110, 110}},
        .kept = "net",
    },
    {
        .name = "attestd",
        .path = "/usr/bin/attestd",
        .uid = TATU_APPMAN_UID_ATTESTD,
        .gid = TATU_APPMAN_UID_ATTESTD,
        .rights = RIGHT(QUERY) | RIGHT(ATTEST),
        .group_count = 3,
        /* UPDATE: the update key's socket is for that group, and only its members can give it away;
         * ASK: netd knows the proxy */
        .groups = {TATU_APPMAN_GROUP_VAULT, TATU_APPMAN_GROUP_UPDATE, TATU_APPMAN_GROUP_ASK},
        .capabilities = CAP(CAP_SYS_TIME), /* signed time sets the clock */
        .memory_max = "4M",
        .pids_max = "4",
        .socket = {"/run/attestd.sock", 0666, 0, 0},
        .places = {{"/run/deviceauth", S_IFDIR | 0711, 111, 111}},
    },
    {
        .name = "updated",
        .path = "/usr/bin/updated",
        .uid = TATU_APPMAN_UID_UPDATED,
        .gid = TATU_APPMAN_UID_UPDATED,
        .rights = RIGHT(QUERY) | RIGHT(UPDATE) | RIGHT(RECORD) | RIGHT(RECORDS) | RIGHT(STORAGE),
        .group_count = 3,
        .groups = {TATU_APPMAN_GROUP_VAULT, TATU_APPMAN_GROUP_UPDATE, TATU_APPMAN_GROUP_ASK},
        .memory_max = "4M",
        .pids_max = "4",
        .socket = {TATU_UPDATED_SOCKET, 0660, 0, TATU_APPMAN_GROUP_ASK},
        .kept = "update",
    },
    {
        .name = "gatewayd",
        .path = "/usr/bin/gatewayd",
        .uid = TATU_APPMAN_UID_GATEWAYD,
        .gid = TATU_APPMAN_UID_GATEWAYD,
        .rights = RIGHT(QUERY) | RIGHT(SECURITY) | RIGHT(STORAGE) | RIGHT(RECORDS),
        .group_count = 2,
        .groups = {TATU_APPMAN_GROUP_VAULT, TATU_APPMAN_GROUP_ASK},
        .capabilities = CAP(CAP_NET_BIND_SERVICE) | /* port 443 */
                        CAP(CAP_SYSLOG),            /* GET /log reads the kernel's */
        .memory_max = "4M",
        .pids_max = "4",
        .socket = {TATU_GATEWAYD_SOCKET, 0600, 0, 0}, /* appman alone introduces there */
        .kept = "certs",
    },
};
const size_t tatu_appman_table_count = TATU_COUNT_OF(tatu_appman_table);

_Static_assert(TATU_COUNT_OF(tatu_appman_table) <= TATU_APPMAN_SERVICE_MAX, "room for all");
