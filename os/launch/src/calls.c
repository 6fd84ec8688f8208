/* seccomp: the allow-list of system calls. A call that is not here does not exist (ENOSYS), so that
 * libraries take their fall-back paths. */
#include <asm/unistd.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "launch_impl.h"

#define ARM_SET_TLS 0xf0005
#define CLONE_NAMESPACES 0x7e020080u /* every CLONE_NEW* flag */

static const uint32_t allowed[] = {
    /* memory; W^X is kept by MDWE */
    __NR_brk,
    __NR_mmap2,
    __NR_munmap,
    __NR_mprotect,
    __NR_mremap,
    __NR_madvise,
    __NR_membarrier,
    ARM_SET_TLS,
    /* files: what can be opened is Landlock's and the mounts' matter */
    __NR_openat,
    __NR_open,
    __NR_close,
    __NR_read,
    __NR_write,
    __NR_readv,
    __NR_writev,
    __NR_pread64,
    __NR_pwrite64,
    __NR__llseek,
    __NR_lseek,
    __NR_fstat64,
    __NR_fstatat64,
    __NR_stat64,
    __NR_lstat64,
    __NR_statx,
    __NR_statfs64,
    __NR_fstatfs64,
    __NR_access,
    __NR_faccessat,
    __NR_faccessat2,
    __NR_getdents64,
    __NR_readlink,
    __NR_readlinkat,
    __NR_getcwd,
    __NR_chdir,
    __NR_dup,
    __NR_dup2,
    __NR_dup3,
    __NR_fcntl64,
    __NR_ioctl,
    __NR_pipe,
    __NR_pipe2,
    __NR_fsync,
    __NR_fdatasync,
    __NR_ftruncate64,
    __NR_flock,
    __NR_umask,
    __NR_sendfile64,
    /* waiting and time */
    __NR_poll,
    __NR_ppoll,
    __NR_ppoll_time64,
    __NR_pselect6,
    __NR_pselect6_time64,
    __NR__newselect,
    __NR_epoll_create1,
    __NR_epoll_create,
    __NR_epoll_ctl,
    __NR_epoll_wait,
    __NR_epoll_pwait,
    __NR_eventfd2,
    __NR_timerfd_create,
    __NR_timerfd_settime,
    __NR_timerfd_settime64,
    __NR_timerfd_gettime,
    __NR_timerfd_gettime64,
    __NR_clock_gettime,
    __NR_clock_gettime64,
    __NR_clock_getres,
    __NR_clock_getres_time64,
    __NR_clock_nanosleep,
    __NR_clock_nanosleep_time64,
    __NR_nanosleep,
    __NR_gettimeofday,
    __NR_timer_create,
    __NR_timer_settime,
    __NR_timer_settime64,
    __NR_timer_gettime,
    __NR_timer_delete,
    __NR_setitimer,
    __NR_getitimer,
    /* threads and signals */
    __NR_set_tid_address,
    __NR_set_robust_list,
    __NR_get_robust_list,
    __NR_futex,
    __NR_futex_time64,
    __NR_exit,
    __NR_exit_group,
    __NR_wait4,
    __NR_waitid,
    __NR_kill,
    __NR_tkill,
    __NR_tgkill,
    __NR_rt_sigaction,
    __NR_rt_sigprocmask,
    __NR_rt_sigreturn,
    __NR_sigreturn,
    __NR_rt_sigpending,
    __NR_rt_sigtimedwait,
    __NR_rt_sigtimedwait_time64,
    __NR_rt_sigsuspend,
    __NR_sigaltstack,
    __NR_signalfd4,
    __NR_sched_yield,
    __NR_sched_getaffinity,
    __NR_sched_getparam,
    __NR_sched_getscheduler,
    __NR_restart_syscall,
    __NR_rseq,
    __NR_execve,
    /* network; families below */
    __NR_connect,
    __NR_bind,
    __NR_listen,
    __NR_accept,
    __NR_accept4,
    __NR_getsockname,
    __NR_getpeername,
    __NR_send,
    __NR_sendto,
    __NR_sendmsg,
    __NR_sendmmsg,
    __NR_recv,
    __NR_recvfrom,
    __NR_recvmsg,
    __NR_recvmmsg,
    __NR_recvmmsg_time64,
    __NR_shutdown,
    __NR_setsockopt,
    __NR_getsockopt,
    /* who am I */
    __NR_getpid,
    __NR_gettid,
    __NR_getppid,
    __NR_getuid32,
    __NR_geteuid32,
    __NR_getgid32,
    __NR_getegid32,
    __NR_getresuid32,
    __NR_getresgid32,
    __NR_getgroups32,
    __NR_getpgid,
    __NR_getpgrp,
    __NR_getsid,
    __NR_uname,
    __NR_sysinfo,
    __NR_ugetrlimit,
    __NR_prlimit64,
    __NR_getrusage,
    __NR_getrandom,
    __NR_getpriority,
    __NR_prctl,
};

static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6};

#define PROGRAM_MAX (2u * TATU_COUNT_OF(allowed) + 32u)

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short len;
};

static void put(struct program *program, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
    program->code[program->len++] = (struct sock_filter){code, jt, jf, k};
}

static void put_load(struct program *program, size_t offset)
{
    put(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void put_return(struct program *program, uint32_t action)
{
    put(program, BPF_RET | BPF_K, action, 0, 0);
}

/* if (accumulator == value) return action */
static void put_equal(struct program *program, uint32_t value, uint32_t action)
{
    put(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    put_return(program, action);
}

static void put_call_arguments(struct program *program)
{
    const size_t first = offsetof(struct seccomp_data, args[0]);
    /* socket and socketpair: only these families */
    put(program, BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 1, 0);
    put(program, BPF_JMP | BPF_JEQ | BPF_K, __NR_socketpair, 0, 2 + 2 * TATU_COUNT_OF(families));
    put_load(program, first);
    for (size_t i = 0; i < TATU_COUNT_OF(families); i++) {
        put_equal(program, families[i], SECCOMP_RET_ALLOW);
    }
    put_return(program, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    /* clone: threads and children, never a namespace */
    put(program, BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 4);
    put_load(program, first);
    put(program, BPF_JMP | BPF_JSET | BPF_K, CLONE_NAMESPACES, 0, 1);
    put_return(program, SECCOMP_RET_ERRNO | EPERM);
    put_return(program, SECCOMP_RET_ALLOW);
}

bool tatu_launch_restrict_calls(void)
{
    struct program program = {.len = 0};
    put_load(&program, offsetof(struct seccomp_data, arch));
    put(&program, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_ARM, 1, 0);
    put_return(&program, SECCOMP_RET_KILL_PROCESS);
    put_load(&program, offsetof(struct seccomp_data, nr));
    put_call_arguments(&program);
    for (size_t i = 0; i < TATU_COUNT_OF(allowed); i++) {
        put_equal(&program, allowed[i], SECCOMP_RET_ALLOW);
    }
    put_return(&program, SECCOMP_RET_ERRNO | ENOSYS);
    const struct sock_fprog filter = {program.len, program.code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0 ||
           tatu_launch_fail("seccomp");
}
