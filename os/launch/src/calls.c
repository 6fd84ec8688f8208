/* seccomp: the lists of system calls, of an application and of its container's process 1. */
#include <asm/unistd.h>
#include <errno.h>
#include <sys/socket.h>

#include "ioctls.h"
#include "launch_impl.h"
#include "os/lib/walls.h"

#define CLONE_NAMESPACES 0x7e020080u /* every CLONE_NEW* flag */

static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6};
static const uint32_t none[] = {0};
static const struct tatu_os_call_rule rules[] = {
    {__NR_socket, 0, UINT32_MAX, families, TATU_COUNT_OF(families), EAFNOSUPPORT},
    {__NR_socketpair, 0, UINT32_MAX, families, TATU_COUNT_OF(families), EAFNOSUPPORT},
    /* threads and children, never a namespace */
    {__NR_clone, 0, CLONE_NAMESPACES, none, 1, EPERM},
    {__NR_ioctl, 1, TATU_LAUNCH_IOCTL_MASK, tatu_launch_ioctls, TATU_LAUNCH_IOCTL_COUNT, EPERM},
};

/* A call that is not here does not exist, so that libraries take their fall-back paths. */
bool tatu_launch_restrict_calls(void)
{
    static const struct tatu_os_calls calls = {
        .sets = {&tatu_os_calls_of_programs, &tatu_os_calls_of_threads, &tatu_os_calls_of_network,
                 &tatu_os_calls_of_applications},
        .rules = rules,
        .rule_count = TATU_COUNT_OF(rules),
        .error = ENOSYS};
    return tatu_os_restrict_calls(&calls) == TATU_OK || tatu_launch_fail("seccomp");
}

/* It waits, passes SIGTERM on, tells the end. */
static const uint32_t of_process_1[] = {
    __NR_wait4,        __NR_waitid,          __NR_kill,  __NR_rt_sigreturn, __NR_sigreturn,
    __NR_rt_sigaction, __NR_restart_syscall, __NR_write, __NR_exit,         __NR_exit_group,
};

bool tatu_launch_restrict_process_1(void)
{
    static const struct tatu_os_call_set set = TATU_OS_CALL_SET(of_process_1);
    static const struct tatu_os_calls calls = {.sets = {&set}};
    return tatu_os_restrict_calls(&calls) == TATU_OK || tatu_launch_fail("seccomp");
}
