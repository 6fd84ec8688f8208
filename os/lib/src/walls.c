#include "os/lib/walls.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/lib/file.h"

#define ALL_OF_FILES ((LANDLOCK_ACCESS_FS_IOCTL_DEV << 1) - 1)
#define START (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
#define LOADER "/lib/ld-musl-armhf.so.1"

enum tatu_err tatu_os_restrict_calls(const struct tatu_os_calls *calls)
{
    struct tatu_os_filter filter;
    TATU_TRY(tatu_os_make_filter(calls, AUDIT_ARCH_ARM, &filter));
    const struct sock_fprog program = {filter.len, filter.code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? TATU_OK
                                                                           : TATU_ERR_DENIED;
}

static bool add_file(int ruleset, const char *path, uint64_t access)
{
    TATU_OS_CLOSING int fd = open(path, O_PATH | O_CLOEXEC);
    const struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    return fd < 0 ||
           syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool add_files(int ruleset, const struct tatu_os_files *files)
{
    bool ok = files->program == NULL ||
              (add_file(ruleset, files->program, START) && add_file(ruleset, LOADER, START));
    for (size_t i = 0; ok && i < files->count; i++) {
        ok = add_file(ruleset, files->rules[i].path, files->rules[i].access);
    }
    return ok;
}

static bool add_port(int ruleset, uint16_t port)
{
    const struct landlock_net_port_attr rule = {.allowed_access = LANDLOCK_ACCESS_NET_BIND_TCP,
                                                .port = port};
    return port == 0 ||
           syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_NET_PORT, &rule, 0) == 0;
}

enum tatu_err tatu_os_restrict_files(const struct tatu_os_files *files)
{
    const struct landlock_ruleset_attr attr = {
        .handled_access_fs = ALL_OF_FILES,
        .handled_access_net =
            (files->any_port ? 0 : LANDLOCK_ACCESS_NET_BIND_TCP) |
            (files->any_port || files->connects ? 0 : LANDLOCK_ACCESS_NET_CONNECT_TCP),
        .scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL,
    };
    TATU_OS_CLOSING int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    return ruleset >= 0 && add_files(ruleset, files) && add_port(ruleset, files->listens_at) &&
                   syscall(SYS_landlock_restrict_self, ruleset, 0) == 0
               ? TATU_OK
               : TATU_ERR_DENIED;
}
