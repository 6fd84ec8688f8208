/* What our containers and our firewall are compared with, on the same board: process 1 becomes the
 * real appman and leaves a child behind, root and outside of every control group of applications.
 * When the board is healthy it starts bubblewrap with all namespaces, again and again, and then
 * sends without a firewall. PUMP_PORT is where the host listens. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "pump.h"

#define APPMAN "/usr/bin/real/appman"
#define BWRAP "/usr/bin/bench/bwrap"
#define MARK "/usr/bin/bench/mark"
#define STARTS 15
#define PUMPS 5

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    char line[200];
    va_list list;
    int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

    va_start(list, format);
    (void)vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    (void)!write(fd, line, strlen(line));
    (void)close(fd);
}

/* Starts a program with its standard output in a pipe; what it said in `out`. */
static void run(char *const *args, char out[80])
{
    int ends[2];
    ssize_t len = 0;

    out[0] = '\0';
    if (pipe(ends) != 0) {
        return;
    }
    const pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execv(args[0], args);
        _exit(127);
    }
    (void)close(ends[1]);
    for (ssize_t got = 1; got > 0 && len < 79;) {
        got = read(ends[0], out + len, (size_t)(79 - len));
        len += got > 0 ? got : 0;
    }
    out[len] = '\0';
    (void)close(ends[0]);
    (void)waitpid(child, NULL, 0);
}

static void start_containers(void)
{
    static char since[32], said[80];
    /* without --dev: the kernel has no devpts */
    char *const wrapped[] = {(char[]){BWRAP},
                             (char[]){"--unshare-all"},
                             (char[]){"--die-with-parent"},
                             (char[]){"--ro-bind"},
                             (char[]){"/"},
                             (char[]){"/"},
                             (char[]){"--proc"},
                             (char[]){"/proc"},
                             (char[]){"--"},
                             (char[]){MARK},
                             since,
                             NULL};
    char *const bare[] = {(char[]){MARK}, since, NULL};

    for (int i = 0; i < STARTS; i++) {
        (void)snprintf(since, sizeof(since), "%lld", pump_now_us());
        run(wrapped, said);
        tell("<5>beside: bubblewrap %s us\n", said);
        (void)snprintf(since, sizeof(since), "%lld", pump_now_us());
        run(bare, said);
        tell("<5>beside: process %s us\n", said);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    if (fork() != 0) {
        (void)execv(APPMAN, argv);
        tell("<3>beside: no %s\n", APPMAN);
        return 1;
    }
    while (access("/run/healthy", F_OK) != 0) {
        (void)sleep(1);
    }
    (void)sleep(5);
    tell("<5>beside: clock %lld\n", pump_now_us());
    start_containers();
    for (int i = 0; i < PUMPS; i++) {
        (void)sleep(1);
        (void)pump(PUMP_PORT, "open\n");
    }
    tell("<5>beside: over\n");
    for (;;) {
        (void)sleep(1000);
    }
}
