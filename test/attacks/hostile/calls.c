/* Calls of the kernel that are not on the allow-list: they do not exist (ENOSYS). */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"
#include "parts.h"

/* Arguments with which root on an open system would get through. */
static char here[] = "/", fs[] = "tmpfs";
#define TEXT(text) (long)(text)

static const struct {
    const char *name;
    long number;
    long args[5];
} calls[] = {
    {"ptrace", SYS_ptrace, {0}},
    {"process_vm_readv", SYS_process_vm_readv, {1}},
    {"process_vm_writev", SYS_process_vm_writev, {1}},
    {"pidfd_open", SYS_pidfd_open, {1}},
    {"kcmp", SYS_kcmp, {1, 2}},
    {"bpf", SYS_bpf, {0}},
    {"perf_event_open", SYS_perf_event_open, {0}},
    {"io_uring_setup", SYS_io_uring_setup, {1}},
    {"userfaultfd", SYS_userfaultfd, {0}},
    {"keyctl", SYS_keyctl, {0}},
    {"add_key", SYS_add_key, {0}},
    {"init_module", SYS_init_module, {0}},
    {"finit_module", SYS_finit_module, {0}},
    {"delete_module", SYS_delete_module, {0}},
    {"kexec_load", SYS_kexec_load, {0}},
    {"reboot", SYS_reboot, {(long)0xfee1dead, 672274793, 0x1234567}},
    {"syslog", SYS_syslog, {3}},
    {"sethostname", SYS_sethostname, {TEXT(here), 1}},
    {"setdomainname", SYS_setdomainname, {TEXT(here), 1}},
    {"settimeofday", SYS_settimeofday_time32, {0}},
    {"clock_settime", SYS_clock_settime64, {0}},
    {"adjtimex", SYS_adjtimex, {0}},
    {"setuid", SYS_setuid32, {0}},
    {"setgid", SYS_setgid32, {0}},
    {"setresuid", SYS_setresuid32, {0, 0, 0}},
    {"setgroups", SYS_setgroups32, {0}},
    {"capset", SYS_capset, {0}},
    {"mount", SYS_mount, {TEXT(fs), TEXT(here), TEXT(fs)}},
    {"umount", SYS_umount2, {TEXT(here), 2}},
    {"fsopen", SYS_fsopen, {TEXT(fs)}},
    {"open_tree", SYS_open_tree, {AT_FDCWD, TEXT(here), 1}},
    {"mount_setattr", SYS_mount_setattr, {AT_FDCWD, TEXT(here)}},
    {"chroot", SYS_chroot, {TEXT(here)}},
    {"pivot_root", SYS_pivot_root, {TEXT(here), TEXT(here)}},
    {"unshare", SYS_unshare, {CLONE_NEWUSER}},
    {"setns", SYS_setns, {0}},
    {"clone3", SYS_clone3, {0}},
    {"personality", SYS_personality, {0x0400000}},
    {"memfd_create", SYS_memfd_create, {TEXT(fs)}},
    {"execveat", SYS_execveat, {0}},
    {"mknod", SYS_mknodat, {AT_FDCWD, TEXT("/run/x"), 0020666, 0x10b}},
    {"mkdir", SYS_mkdirat, {AT_FDCWD, TEXT("/run/x"), 0777}},
    {"unlink", SYS_unlinkat, {AT_FDCWD, TEXT("/run/control")}},
    {"rename", SYS_renameat, {AT_FDCWD, TEXT("/run/control"), AT_FDCWD, TEXT("/run/x")}},
    {"link", SYS_linkat, {AT_FDCWD, TEXT("/run/control"), AT_FDCWD, TEXT("/run/x")}},
    {"symlink", SYS_symlinkat, {TEXT("/run/control"), AT_FDCWD, TEXT("/run/x")}},
    {"chmod", SYS_fchmodat, {AT_FDCWD, TEXT("/run/control"), 0777}},
    {"setxattr", SYS_setxattr, {TEXT("/run/control"), TEXT("user.x"), TEXT("x"), 1}},
    {"open_by_handle_at", SYS_open_by_handle_at, {0}},
    {"fanotify_init", SYS_fanotify_init, {0}},
    {"inotify_init", SYS_inotify_init1, {0}},
    {"mq_open", SYS_mq_open, {TEXT("x"), 0102, 0600}},
    {"shmget", SYS_shmget, {0, 4096, 01666}},
    {"mlock", SYS_mlockall, {1}},
    {"swapon", SYS_swapon, {TEXT("/dev/mtdblock0")}},
    {"acct", SYS_acct, {0}},
    {"vmsplice", SYS_vmsplice, {0}},
    {"setpriority", SYS_setpriority, {0, 0, -20}},
    {"sched_setscheduler", SYS_sched_setscheduler, {0, 1, TEXT("\1\0\0\0")}},
};

static const struct {
    const char *name;
    unsigned long flag;
} spaces[] = {
    {"clone-newuser", CLONE_NEWUSER},     {"clone-newns", CLONE_NEWNS},
    {"clone-newpid", CLONE_NEWPID},       {"clone-newnet", CLONE_NEWNET},
    {"clone-newcgroup", CLONE_NEWCGROUP}, {"clone-newipc", CLONE_NEWIPC},
    {"clone-newuts", CLONE_NEWUTS},
};

void calls_attack(void)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        const long *a = calls[i].args;
        attack_tell_refused(calls[i].name, syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4]),
                            ENOSYS);
    }
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        const long child = syscall(SYS_clone, spaces[i].flag | SIGCHLD, 0, 0, 0, 0);
        if (child == 0) {
            _exit(0);
        }
        attack_tell_refused(spaces[i].name, child, EPERM);
    }
}
