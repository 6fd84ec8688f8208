/* What is left to crashd once the dump comes: its pipe, the monitor, its line in the log. */
#include <asm/unistd.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "kernel/uapi/tatu_sm.h"
#include "os/lib/walls.h"
#include "walls.h"

#define OWN_ID 114u /* user and group of nobody else */

/* 13, and that of the monitor */
static const uint32_t allowed[] = {
    __NR_read,         __NR_write,          __NR_close,
    __NR_exit,         __NR_exit_group,     __NR_restart_syscall,
    __NR_brk,          __NR_mmap2,          __NR_munmap,
    __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_gettid,
    __NR_tkill,
};
static const uint32_t monitor[] = {TATU_SM_CALL};
static const struct tatu_os_call_rule rules[] = {{__NR_ioctl, 1, UINT32_MAX, monitor, 1, 0}};

static bool drop_bounding(void)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
            return false;
        }
    }
    return true;
}

enum tatu_err tatu_crashd_drop_rights(void)
{
    static const struct tatu_os_call_set set = TATU_OS_CALL_SET(allowed);
    static const struct tatu_os_calls calls = {
        .sets = {&set}, .rules = rules, .rule_count = TATU_COUNT_OF(rules)};
    static const struct tatu_os_files no_files = {.count = 0};
    if (!drop_bounding() || setgroups(0, NULL) != 0 || setresgid(OWN_ID, OWN_ID, OWN_ID) != 0 ||
        setresuid(OWN_ID, OWN_ID, OWN_ID) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return TATU_ERR_DENIED;
    }
    TATU_TRY(tatu_os_restrict_files(&no_files));
    return tatu_os_restrict_calls(&calls);
}
