#include "machine.h"

#include "os/lib/file.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUIET (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static const struct {
    const char *type;
    const char *at;
    unsigned long flags;
    const char *options;
} mounts[] = {
    {"proc", "/proc", QUIET, "hidepid=invisible"},
    /* Read-only: what is to be set in there is under the control groups, which are a mount of their
       own. */
    {"sysfs", "/sys", QUIET | MS_RDONLY, NULL},
    {"cgroup2", "/sys/fs/cgroup", QUIET, NULL},
    {"tmpfs", "/run", QUIET, "mode=0755,size=1m,nr_inodes=256"},
    {"tmpfs", "/var", QUIET, "mode=0755,size=1m,nr_inodes=256"},
};

static const struct {
    const char *path;
    const char *value;
} settings[] = {
    /* Kernel addresses for nobody, kernel log for root. */
    {"/proc/sys/kernel/kptr_restrict", "2"},
    {"/proc/sys/kernel/dmesg_restrict", "1"},
    /* Links and files of others in folders everybody writes to. */
    {"/proc/sys/fs/protected_symlinks", "1"},
    {"/proc/sys/fs/protected_hardlinks", "1"},
    {"/proc/sys/fs/protected_fifos", "2"},
    {"/proc/sys/fs/protected_regular", "2"},
    {"/proc/sys/kernel/unprivileged_bpf_disabled", "1"},
    /* Code runs from verified files only. */
    {"/proc/sys/vm/memfd_noexec", "1"},
    /* No packet tells us another way. */
    {"/proc/sys/net/ipv4/conf/all/accept_redirects", "0"},
    {"/proc/sys/net/ipv4/conf/default/accept_redirects", "0"},
    {"/proc/sys/net/ipv4/conf/all/send_redirects", "0"},
    {"/proc/sys/net/ipv6/conf/all/accept_redirects", "0"},
    {"/proc/sys/net/ipv6/conf/default/accept_redirects", "0"},
    /* Who crashed and when; the rest is in the dump, which crashd reads from its standard input
     * while the process is still there to be looked at. */
    {"/proc/sys/kernel/core_pipe_limit", "2"},
    {"/proc/sys/kernel/core_pattern", "|/usr/bin/crashd %P %t"},
    /* What a subtree may limit. */
    {"/sys/fs/cgroup/cgroup.subtree_control", "+memory +pids +cpu"},
};

static enum tatu_err fail(const char *what, const char *path, struct tatu_appman_failure *out)
{
    *out = (struct tatu_appman_failure){.what = what, .path = path, .number = errno};
    return TATU_ERR_IO;
}

static bool make_folder(const char *path)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST;
}

enum tatu_err tatu_appman_set_up_machine(struct tatu_appman_failure *out)
{
    (void)umask(0022);
    for (size_t i = 0; i < TATU_COUNT_OF(mounts); i++) {
        if (mount(mounts[i].type, mounts[i].at, mounts[i].type, mounts[i].flags,
                  mounts[i].options) != 0) {
            return fail("mount", mounts[i].at, out);
        }
    }
    for (size_t i = 0; i < TATU_COUNT_OF(settings); i++) {
        if (!tatu_os_write_text(settings[i].path, settings[i].value)) {
            return fail("setting", settings[i].path, out);
        }
    }
    if (!make_folder("/sys/fs/cgroup/os") ||
        !tatu_os_write_text("/sys/fs/cgroup/os/cgroup.subtree_control", "+memory +pids +cpu")) {
        return fail("control group", "/sys/fs/cgroup/os", out);
    }
    /* On a board without the monitor there is no such device; the caller notices. */
    if (chown("/dev/security-monitor", 0, TATU_APPMAN_GROUP_VAULT) != 0 && errno != ENOENT) {
        return fail("owner", "/dev/security-monitor", out);
    }
    return TATU_OK;
}

_Noreturn void tatu_appman_restart_machine(void)
{
    (void)reboot(RB_AUTOBOOT);
    /* The end of process 1 is a panic, and a panic is a reset. */
    _exit(1);
}
