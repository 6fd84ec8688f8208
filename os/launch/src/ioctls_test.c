/* The filter in a process of its own, on a real terminal and a real socket. */
#include "ioctls.h"

#include "os/lib/walls.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/i2c-dev.h>
#include <linux/seccomp.h>
#include <linux/spi/spidev.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__x86_64__)
#define HOST_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define HOST_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "which architecture do this host's calls have?"
#endif
#define TIOCLINUX_SELECTION 0x541c
#define DM_CREATE 0xc138fd03u

static int terminal, other_end, plain;

/* As the launcher's, but that all other calls of this machine are allowed. */
static bool enter_filter(void)
{
    static uint32_t others[TATU_OS_CALLS_MAX];
    static struct tatu_os_filter filter;
    struct tatu_os_call_set set = {others, 0};
    const struct tatu_os_call_rule rule = {
        __NR_ioctl, 1, TATU_LAUNCH_IOCTL_MASK, tatu_launch_ioctls, TATU_LAUNCH_IOCTL_COUNT, EPERM};
    const struct tatu_os_calls calls = {
        .sets = {&set}, .rules = &rule, .rule_count = 1, .error = ENOSYS};
    for (uint32_t call = 0; set.count < TATU_COUNT_OF(others); call++) {
        others[set.count] = call;
        set.count += call != __NR_ioctl;
    }
    if (tatu_os_make_filter(&calls, HOST_ARCHITECTURE, &filter) != TATU_OK) {
        return false;
    }
    const struct sock_fprog program = {filter.len, filter.code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* The errno of an ioctl behind the filter, 0 for none. */
static int try_behind(int fd, unsigned long request, void *argument)
{
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        const int result = enter_filter() ? ioctl(fd, request, argument) : -2;
        _exit(result == -2 ? 255 : result < 0 ? errno : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void what_is_not_for_an_application_is_refused(void **state)
{
    static char byte = 'x';
    static int discipline = 3, zero = 0;
    static struct ifreq interface = {.ifr_name = "lo"};
    static const struct {
        const char *name;
        unsigned long request;
        void *argument;
    } rows[] = {
        {"push input into a terminal", TIOCSTI, &byte},
        {"another line discipline", TIOCSETD, &discipline},
        {"the controlling terminal", TIOCSCTTY, &zero},
        {"give it up", TIOCNOTTY, NULL},
        {"its process group", TIOCSPGRP, &zero},
        {"its session", TIOCGSID, &zero},
        {"the console", TIOCCONS, NULL},
        {"its exclusive use", TIOCEXCL, NULL},
        {"its parameters", TIOCSSERIAL, &zero},
        {"its window", TIOCSWINSZ, &zero},
        {"the selection", TIOCLINUX_SELECTION, &byte},
        {"another target by force", I2C_SLAVE_FORCE, NULL},
        {"the address of an interface", SIOCSIFADDR, &interface},
        {"the flags of an interface", SIOCSIFFLAGS, &interface},
        {"a block device", DM_CREATE, NULL},
        {"signals for input", FIOASYNC, &zero},
        {"a number of nobody", 0x12345678, NULL},
        {"zero", 0, NULL},
    };
    const int fds[] = {terminal, plain};
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        for (size_t k = 0; k < TATU_COUNT_OF(fds); k++) {
            const int got = try_behind(fds[k], rows[i].request, rows[i].argument);
            if (got != EPERM) {
                fail_msg("%s: %s", rows[i].name, strerror(got));
            }
        }
    }
}

static void what_applibs_needs_goes_through(void **state)
{
    static struct termios form;
    static struct winsize window;
    static struct ifreq interface = {.ifr_name = "lo"};
    static int number;
    static uint8_t room[64];
    (void)state;
    assert_int_equal(try_behind(terminal, TCGETS, &form), 0);
    assert_int_equal(tcgetattr(terminal, &form), 0);
    assert_int_equal(try_behind(terminal, TCSETS, &form), 0);
    assert_int_equal(try_behind(terminal, TCSETSW, &form), 0);
    assert_int_equal(try_behind(terminal, TIOCGWINSZ, &window), 0);
    assert_int_equal(try_behind(terminal, TCSBRK, (void *)1), 0);
    assert_int_equal(try_behind(terminal, TCFLSH, NULL), 0);
    assert_int_equal(try_behind(terminal, TIOCOUTQ, &number), 0);
    assert_int_equal(try_behind(terminal, FIONREAD, &number), 0);
    assert_int_equal(try_behind(plain, FIONBIO, &number), 0);
    assert_int_equal(try_behind(plain, SIOCGIFINDEX, &interface), 0);
    /* as far as a device that does not know them; numbers of messages differ in their size alone */
    assert_int_equal(try_behind(terminal, I2C_RDWR, room), ENOTTY);
    assert_int_equal(try_behind(terminal, I2C_FUNCS, room), ENOTTY);
    assert_int_equal(try_behind(terminal, SPI_IOC_MESSAGE(1), room), ENOTTY);
    assert_int_equal(try_behind(terminal, SPI_IOC_MESSAGE(256), room), ENOTTY);
    assert_int_equal(try_behind(terminal, SPI_IOC_WR_MODE32, room), ENOTTY);
}

static int set_up(void **state)
{
    (void)state;
    other_end = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (other_end < 0 || grantpt(other_end) != 0 || unlockpt(other_end) != 0) {
        return -1;
    }
    terminal = open(ptsname(other_end), O_RDWR | O_NOCTTY | O_CLOEXEC);
    plain = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return terminal < 0 || plain < 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_for_an_application_is_refused),
        cmocka_unit_test(what_applibs_needs_goes_through),
    };
    return cmocka_run_group_tests_name("ioctls", tests, set_up, NULL);
}
