/* The walls of each service, and appman's own: docs/protocol/os.md. */
#include <asm/unistd.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "kernel/uapi/tatu_sm.h"
#include "machine.h"
#include "os/lib/walls.h"

/* ---- arguments ---- */

#define ANY UINT32_MAX
#define VALUES(array) array, TATU_COUNT_OF(array)
#define CLONE_MATTERS (0x7e020080u | CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define TYPE_MATTERS 0xfu /* of a socket: without SOCK_CLOEXEC and SOCK_NONBLOCK */

static const uint32_t threads[] = {CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD};
static const uint32_t monitor[] = {TATU_SM_CALL, SIOCGIFINDEX}; /* and names of interfaces */
static const uint32_t realtime[] = {CLOCK_REALTIME};

/* Families and types: no raw socket, no packets. */
static const uint32_t internet[] = {AF_UNIX, AF_INET, AF_INET6};
static const uint32_t internet_and_links[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
static const uint32_t plain[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

/* ---- files ---- */

#define READ LANDLOCK_ACCESS_FS_READ_FILE
#define WRITE LANDLOCK_ACCESS_FS_WRITE_FILE
#define LIST LANDLOCK_ACCESS_FS_READ_DIR
#define CUT LANDLOCK_ACCESS_FS_TRUNCATE
#define KEEP                                                                                       \
    (READ | WRITE | LIST | CUT | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define LIBRARIES "/usr/lib", READ
#define SETTINGS "/etc", READ | LIST
#define MONITOR "/dev/security-monitor", READ | WRITE | LANDLOCK_ACCESS_FS_IOCTL_DEV
#define SEED "/dev/urandom", READ /* of the TLS library */
#define RESOLVER "/run/resolv.conf", READ

/* ---- netd ---- */

static const uint32_t netd_ioctls[] = {
    TATU_SM_CALL,  SIOCGIFINDEX, SIOCSIFNAME, SIOCGIFFLAGS,   SIOCSIFFLAGS,   SIOCGIFHWADDR,
    SIOCSIFHWADDR, SIOCSIFADDR,  SIOCDIFADDR, SIOCSIFNETMASK, SIOCSIFBRDADDR, SIOCADDRT,
};
static const uint32_t netd_bpfs[] = {
    BPF_MAP_CREATE,      BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM,
    BPF_MAP_DELETE_ELEM, BPF_PROG_LOAD,       BPF_PROG_ATTACH,
};
static const uint32_t netd_more[] = {__NR_adjtimex};
static const struct tatu_os_call_set netd_calls = TATU_OS_CALL_SET(netd_more);
static const struct tatu_os_call_rule netd_rules[] = {
    {__NR_socket, 0, ANY, VALUES(internet_and_links), 0},
    {__NR_socket, 1, TYPE_MATTERS, VALUES(plain), 0},
    {__NR_ioctl, 1, ANY, VALUES(netd_ioctls), 0},
    {__NR_bpf, 0, ANY, VALUES(netd_bpfs), 0},
    {__NR_clock_settime, 0, ANY, VALUES(realtime), 0},
    {__NR_clock_settime64, 0, ANY, VALUES(realtime), 0},
    {__NR_clock_adjtime, 0, ANY, VALUES(realtime), 0},
    {__NR_clock_adjtime64, 0, ANY, VALUES(realtime), 0},
};
static const struct tatu_os_file_rule netd_files[] = {
    {LIBRARIES},
    {SETTINGS},
    {MONITOR},
    {"/mnt/config/net", KEEP},
    {"/run/resolv.conf", WRITE | CUT},
    {"/run/netd.time", READ | WRITE},
    {"/proc", READ | WRITE}, /* settings of the network, owners of ports; below it nothing is kept
                                in place that a rule could name */
    {"/sys/class/net", LIST},
    {"/sys/fs/cgroup", LIST},
};

/* ---- attestd ---- */

static const uint32_t attestd_more[] = {__NR_eventfd2, __NR_mkdir,   __NR_chmod,
                                        __NR_fchmodat, __NR_chown32, __NR_fchownat};
static const struct tatu_os_call_set attestd_calls = TATU_OS_CALL_SET(attestd_more);
static const struct tatu_os_call_rule attestd_rules[] = {
    {__NR_socket, 0, ANY, VALUES(internet), 0},
    {__NR_socket, 1, TYPE_MATTERS, VALUES(plain), 0},
    {__NR_clone, 0, CLONE_MATTERS, VALUES(threads), 0},
    {__NR_ioctl, 1, ANY, VALUES(monitor), 0},
    {__NR_clock_settime, 0, ANY, VALUES(realtime), 0},
    {__NR_clock_settime64, 0, ANY, VALUES(realtime), 0},
};
static const struct tatu_os_file_rule attestd_files[] = {
    {LIBRARIES},
    {SETTINGS},
    {MONITOR},
    {SEED},
    {RESOLVER},
    {"/run/deviceauth", KEEP | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK},
};

/* ---- updated ---- */

static const uint32_t updated_more[] = {__NR_eventfd2};
static const struct tatu_os_call_set updated_calls = TATU_OS_CALL_SET(updated_more);
static const struct tatu_os_call_rule updated_rules[] = {
    {__NR_socket, 0, ANY, VALUES(internet), 0},
    {__NR_socket, 1, TYPE_MATTERS, VALUES(plain), 0},
    {__NR_clone, 0, CLONE_MATTERS, VALUES(threads), 0},
    {__NR_ioctl, 1, ANY, VALUES(monitor), 0},
};
static const struct tatu_os_file_rule updated_files[] = {
    {LIBRARIES},
    {SETTINGS},
    {MONITOR},
    {SEED},
    {RESOLVER},
    {"/mnt/config/update", KEEP},
    {"/run/deviceauth", READ},
};

/* ---- gatewayd ---- */

static const uint32_t gatewayd_more[] = {__NR_syslog};
static const struct tatu_os_call_set gatewayd_calls = TATU_OS_CALL_SET(gatewayd_more);
static const struct tatu_os_call_rule gatewayd_rules[] = {
    {__NR_socket, 0, ANY, VALUES(internet_and_links), 0},
    {__NR_socket, 1, TYPE_MATTERS, VALUES(plain), 0},
    {__NR_ioctl, 1, ANY, VALUES(monitor), 0},
};
static const struct tatu_os_file_rule gatewayd_files[] = {
    {LIBRARIES}, {SETTINGS}, {MONITOR}, {SEED}, {"/mnt/config/certs", KEEP},
};

/* ---- the table ---- */

#define CALLS(name, ...)                                                                           \
    {                                                                                              \
        .sets = {&tatu_os_calls_of_programs, &tatu_os_calls_of_network, &tatu_os_calls_of_stores,  \
                 __VA_ARGS__},                                                                     \
        .rules = name##_rules, .rule_count = TATU_COUNT_OF(name##_rules)                           \
    }
#define FILES(name, ...)                                                                           \
    {                                                                                              \
        .rules = name##_files, .count = TATU_COUNT_OF(name##_files), __VA_ARGS__                   \
    }

static const struct {
    const char *name;
    struct tatu_os_calls calls;
    struct tatu_os_files files;
} walls[] = {
    {"netd", CALLS(netd, &netd_calls), FILES(netd, .connects = true)},
    {"attestd", CALLS(attestd, &tatu_os_calls_of_threads, &attestd_calls),
     FILES(attestd, .connects = true)},
    {"updated", CALLS(updated, &tatu_os_calls_of_threads, &updated_calls),
     FILES(updated, .connects = true)},
    {"gatewayd", CALLS(gatewayd, &gatewayd_calls), FILES(gatewayd, .listens_at = 443)},
};

enum tatu_err tatu_appman_restrict_service(const struct tatu_appman_service *service)
{
    for (size_t i = 0; i < TATU_COUNT_OF(walls); i++) {
        if (strcmp(walls[i].name, service->name) == 0) {
            struct tatu_os_files files = walls[i].files;
            files.program = service->path;
            TATU_TRY(tatu_os_restrict_files(&files));
            return tatu_os_restrict_calls(&walls[i].calls);
        }
    }
    return TATU_ERR_NOT_FOUND;
}

/* ---- appman, and so everything that it starts ---- */

static const uint32_t of_appman[] = {
    /* what it does for others, and launch after it */
    __NR_mount,
    __NR_umount2,
    __NR_pivot_root,
    __NR_unshare,
    __NR_mkdir,
    __NR_mkdirat,
    __NR_rmdir,
    __NR_chmod,
    __NR_fchmod,
    __NR_fchmodat,
    __NR_chown32,
    __NR_fchown32,
    __NR_fchownat,
    __NR_memfd_create,
    __NR_sync,
    __NR_ioctl,
    __NR_fork,
    __NR_vfork,
    __NR_clone,
    __NR_setsid,
    __NR_setrlimit,
    __NR_setgroups32,
    __NR_setresuid32,
    __NR_setresgid32,
    __NR_capget,
    __NR_capset,
    __NR_landlock_create_ruleset,
    __NR_landlock_add_rule,
    __NR_landlock_restrict_self,
    __NR_clock_settime,
    __NR_clock_settime64,
    __NR_reboot,
    /* what its children have beside */
    __NR_socket,
    __NR_socketpair,
    __NR_bpf,
    __NR_syslog,
    __NR_adjtimex,
    __NR_clock_adjtime,
    __NR_clock_adjtime64,
};
static const struct tatu_os_call_set appman_calls = TATU_OS_CALL_SET(of_appman);

enum tatu_err tatu_appman_restrict_itself(void)
{
    static const struct tatu_os_calls calls = {
        .sets = {&tatu_os_calls_of_programs, &tatu_os_calls_of_threads, &tatu_os_calls_of_network,
                 &tatu_os_calls_of_stores, &tatu_os_calls_of_applications, &appman_calls},
        .error = ENOSYS};
    return tatu_os_restrict_calls(&calls);
}
