/* From root to an application's rights: nothing that is not needed to run is left. */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch_impl.h"
#include "os/lib/credential.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif
#define CORE_LIMIT_BYTES (8u << 20)
#define OPEN_FILES_MAX 64u

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return tatu_launch_fail(path);
    }
    const bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    (void)close(fd);
    return ok || tatu_launch_fail(path);
}

/* A user namespace that maps exactly the application's own id. */
static bool enter_user_namespace(uint32_t uid)
{
    char map[32];
    (void)snprintf(map, sizeof(map), "%u %u 1", uid, uid);
    /* changing ids took the right to one's own /proc files away */
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 || unshare(CLONE_NEWUSER) != 0) {
        return tatu_launch_fail("user namespace");
    }
    return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", map) &&
           write_file("/proc/self/gid_map", map);
}

/* Keeps these capabilities of the first 32, effective and permitted, and nothing past exec. */
static bool keep_capabilities(uint32_t kept)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
            return tatu_launch_fail("bounding set");
        }
    }
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {{kept, kept, 0}, {0, 0, 0}};
    if (syscall(SYS_capset, &head, data) != 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
        return tatu_launch_fail("capabilities");
    }
    return true;
}

static bool set_limits(uint32_t stack_bytes, uint32_t file_bytes)
{
    const struct limit {
        int resource;
        rlim_t value;
    } limits[] = {
        {RLIMIT_STACK, stack_bytes},
        {RLIMIT_FSIZE, file_bytes},
        {RLIMIT_CORE, CORE_LIMIT_BYTES},
        {RLIMIT_NOFILE, OPEN_FILES_MAX},
        {RLIMIT_MEMLOCK, 0},
        {RLIMIT_MSGQUEUE, 0},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(limits); i++) {
        const struct rlimit limit = {limits[i].value, limits[i].value};
        if (setrlimit(limits[i].resource, &limit) != 0) {
            return tatu_launch_fail("limits");
        }
    }
    return true;
}

/* Of the application, without a right; after the user namespace, which then is the last one. */
static bool take_credential(const struct tatu_launch_spec *spec)
{
    struct tatu_os_credential credential = {.rights = 0};
    (void)snprintf(credential.tenant, sizeof(credential.tenant), "%.36s", spec->tenant);
    return (tatu_proto_parse_guid(spec->component, strlen(spec->component), credential.component) ==
                TATU_OK &&
            tatu_os_take_credential(&credential) == TATU_OK) ||
           tatu_launch_fail("credential");
}

bool tatu_launch_drop_rights(const struct tatu_launch_spec *spec)
{
    if (!set_limits(spec->stack_bytes, spec->file_bytes)) {
        return false;
    }
    if (setgroups(0, NULL) != 0 || setresgid(spec->uid, spec->uid, spec->uid) != 0 ||
        setresuid(spec->uid, spec->uid, spec->uid) != 0) {
        return tatu_launch_fail("ids");
    }
    if (!enter_user_namespace(spec->uid) || !take_credential(spec) || !keep_capabilities(0)) {
        return false;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0) {
        return tatu_launch_fail("no new privileges");
    }
    return true;
}

bool tatu_launch_keep_signalling(void)
{
    const struct tatu_os_credential none = {.rights = 0};
    if (tatu_os_take_credential(&none) != TATU_OK) {
        return tatu_launch_fail("credential");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return tatu_launch_fail("no new privileges");
    }
    return keep_capabilities(1u << CAP_KILL);
}
