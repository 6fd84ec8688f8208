#include "attack.h"

#include <applibs/log.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART_STEP_US 10000
#define APART_TRIES 300

void attack_tell(const char *name, bool held, const char *format, ...)
{
    char what[160];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    if (held) {
        (void)Log_Debug("attack %s: held\n", name);
    } else {
        (void)Log_Debug("attack %s: BROKEN %s\n", name, what);
    }
}

void attack_tell_refused(const char *name, long result, int wanted)
{
    const int got = errno;
    attack_tell(name, result == -1 && got == wanted, "answered %ld, %s; not %s", result,
                result == -1 ? strerror(got) : "no error", strerror(wanted));
}

void attack_tell_refused_by(const char *name, long result, int wanted, int or_wanted)
{
    const int got = errno;
    attack_tell(name, result == -1 && (got == wanted || got == or_wanted),
                "answered %ld, %s; not %s or %s", result, result == -1 ? strerror(got) : "no error",
                strerror(wanted), strerror(or_wanted));
}

pid_t attack_fork(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

int attack_run_apart(int (*run)(void *context), void *context)
{
    int status = 0;
    const pid_t child = attack_fork();
    if (child == 0) {
        _exit(run(context));
    }
    pid_t ended = child < 0 ? -1 : 0;
    for (int i = 0; ended == 0 && i < APART_TRIES; i++) {
        ended = waitpid(child, &status, WNOHANG);
        if (ended == 0) {
            (void)usleep(APART_STEP_US);
        }
    }
    if (child > 0 && ended != child) { /* it runs, and should not */
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
    }
    if (ended != child) {
        return -1;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool attack_wait(int fd, short events, int timeout_ms)
{
    struct pollfd one = {.fd = fd, .events = events};
    return poll(&one, 1, timeout_ms) == 1;
}
