/* Calls of the kernel that are not on the allow-list: they do not exist (ENOSYS). */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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
    {"setpgid", SYS_setpgid, {0, 0}},
    {"setsid", SYS_setsid, {0}},
    {"request_key", SYS_request_key, {TEXT(fs), TEXT(fs), 0, -3}},
    {"io_uring_enter", SYS_io_uring_enter, {0}},
    {"io_uring_register", SYS_io_uring_register, {0}},
    {"process_madvise", SYS_process_madvise, {0}},
    {"process_mrelease", SYS_process_mrelease, {0}},
    {"pidfd_getfd", SYS_pidfd_getfd, {0}},
    {"pidfd_send_signal", SYS_pidfd_send_signal, {0, 9}},
    {"name_to_handle_at", SYS_name_to_handle_at, {AT_FDCWD, TEXT(here)}},
    {"move_mount", SYS_move_mount, {AT_FDCWD, TEXT(here), AT_FDCWD, TEXT(here)}},
    {"fsmount", SYS_fsmount, {0}},
    {"fsconfig", SYS_fsconfig, {0}},
    {"fspick", SYS_fspick, {AT_FDCWD, TEXT(here)}},
    {"quotactl", SYS_quotactl, {0x800002, TEXT(here)}},
    {"uselib", SYS_uselib, {TEXT(here)}},
    {"landlock_create_ruleset", SYS_landlock_create_ruleset, {0}},
    {"seccomp", SYS_seccomp, {0}},
    {"remap_file_pages", SYS_remap_file_pages, {0x10000, 4096}},
    {"move_pages", SYS_move_pages, {1}},
    {"migrate_pages", SYS_migrate_pages, {1}},
    {"splice", SYS_splice, {0, 0, 1, 0, 1}},
    {"tee", SYS_tee, {0, 1, 1}},
    {"copy_file_range", SYS_copy_file_range, {0}},
    {"fallocate", SYS_fallocate, {1, 0, 0, 4096}},
    {"truncate", SYS_truncate64, {TEXT("/run/control")}},
    {"chown", SYS_fchownat, {AT_FDCWD, TEXT("/run/control")}},
    {"fchmod", SYS_fchmod, {1, 04777}},
    {"sched_setaffinity", SYS_sched_setaffinity, {0, 4, TEXT("\1\0\0\0")}},
    {"sched_setattr", SYS_sched_setattr, {0, TEXT(here)}},
    {"ioprio_set", SYS_ioprio_set, {1, 0, 1 << 13}},
    {"nice", SYS_nice, {-20}},
    {"clock_adjtime", SYS_clock_adjtime64, {0}},
    {"sync", SYS_sync, {0}},
    {"vhangup", SYS_vhangup, {0}},
    {"setfsuid", SYS_setfsuid32, {0}},
    {"setreuid", SYS_setreuid32, {0, 0}},
    {"shmat", SYS_shmat, {0}},
    {"msgget", SYS_msgget, {0, 01666}},
    {"semget", SYS_semget, {0, 1, 01666}},
    {"io_setup", SYS_io_setup, {1}},
    {"mbind", SYS_mbind, {0}},
    {"lookup_dcookie", SYS_lookup_dcookie, {0}},
    {"mlock a page", SYS_mlock, {0, 4096}},
    {"openat2", SYS_openat2, {AT_FDCWD, TEXT(here)}},
    {"close_range", SYS_close_range, {3, 3}},
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

/* What a descriptor of a UART or of an interface would take from who has it. */
static const struct {
    const char *name;
    unsigned long request;
} ioctls[] = {
    {"push input into a terminal", TIOCSTI},
    {"line discipline", TIOCSETD},
    {"controlling terminal", TIOCSCTTY},
    {"its process group", TIOCSPGRP},
    {"the console", TIOCCONS},
    {"signals for input", FIOASYNC},
    {"an ioctl of nobody", 0x12345678},
};

/* Calls that exist, asked for what must not be. */
static void try_prctl(void)
{
    int bounding = 0;
    for (unsigned long number = 0; number <= 63; number++) {
        bounding += prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1 ? 1 : 0;
    }
    attack_tell("capability bounding set", bounding == 0, "%d are in it", bounding);
    attack_tell_refused("ambient capability",
                        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21UL, 0, 0), EPERM);
    attack_tell_refused("securebits", prctl(PR_SET_SECUREBITS, 1UL, 0, 0, 0), EPERM);
    attack_tell_refused("no_new_privs away", prctl(PR_SET_NO_NEW_PRIVS, 0UL, 0, 0, 0), EINVAL);
    attack_tell_refused("memory map by prctl",
                        prctl(PR_SET_MM, PR_SET_MM_START_CODE, 0x10000UL, 0, 0), EPERM);
}

static void try_others(void)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    struct rlimit got;
    attack_tell_refused("kill process 1", kill(1, SIGKILL), EPERM);
    attack_tell_refused("kill everybody", kill(-1, 0), ESRCH);
    attack_tell_refused("limits of process 1", prlimit(1, RLIMIT_AS, NULL, &got), EPERM);
    attack_tell_refused("raise descriptors", setrlimit(RLIMIT_NOFILE, &all), EPERM);
    attack_tell_refused("raise stack", setrlimit(RLIMIT_STACK, &all), EPERM);
    attack_tell_refused("raise file size", setrlimit(RLIMIT_FSIZE, &all), EPERM);
    attack_tell_refused("raise priority", setrlimit(RLIMIT_NICE, &all), EPERM);
    attack_tell_refused("raise locked memory", setrlimit(RLIMIT_MEMLOCK, &all), EPERM);
}

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
    for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++) {
        attack_tell_refused(ioctls[i].name, ioctl(STDIN_FILENO, ioctls[i].request, 0), EPERM);
    }
    try_prctl();
    try_others();
}
