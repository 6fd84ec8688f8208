/* Stands in for a service: tells what it was given and what it may do, then ends; appman has to
 * bring it back. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel/uapi/tatu_sm.h"

#define RECORD_READ 4 /* RECORDS */

static void tell(const char *what, const char *text)
{
    char line[200];
    int len = snprintf(line, sizeof(line), "<5>rights: %s %s\n", what, text);

    (void)!write(STDERR_FILENO, line, (size_t)len);
}

/* The lines of /proc/self/status that name rights. */
static void tell_status(void)
{
    static const char *const names[] = {
        "Uid:", "Gid:", "Groups:", "CapEff:", "CapPrm:", "CapBnd:", "CapAmb:", "NoNewPrivs:"};
    char line[200];
    FILE *file = fopen("/proc/self/status", "r");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (strncmp(line, names[i], strlen(names[i])) == 0) {
                line[strcspn(line, "\n")] = '\0';
                for (char *at = line; *at != '\0'; at++) {
                    *at = *at == '\t' ? ' ' : *at;
                }
                tell("status", line);
            }
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* What appman set before it started anything. */
static void tell_settings(void)
{
    static const char *const paths[] = {"kernel/kptr_restrict",
                                        "kernel/dmesg_restrict",
                                        "kernel/unprivileged_bpf_disabled",
                                        "fs/protected_symlinks",
                                        "fs/protected_hardlinks",
                                        "fs/protected_fifos",
                                        "fs/protected_regular",
                                        "vm/memfd_noexec",
                                        "net/ipv4/conf/all/accept_redirects",
                                        "net/ipv4/conf/default/accept_redirects",
                                        "net/ipv4/conf/all/send_redirects",
                                        "net/ipv6/conf/all/accept_redirects",
                                        "net/ipv6/conf/default/accept_redirects",
                                        "kernel/core_pipe_limit"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char path[100], text[40] = {0};
        (void)snprintf(path, sizeof(path), "/proc/sys/%s", paths[i]);
        int fd = open(path, O_RDONLY);

        (void)!read(fd, text, sizeof(text) - 1);
        close(fd);
        text[strcspn(text, "\n")] = '\0';
        (void)snprintf(path, sizeof(path), "setting %s", paths[i]);
        tell(path, text);
    }
}

static void tell_cgroup(void)
{
    char text[100] = {0};
    int fd = open("/proc/self/cgroup", O_RDONLY);

    (void)!read(fd, text, sizeof(text) - 1);
    close(fd);
    text[strcspn(text, "\n")] = '\0';
    tell("cgroup", text);
}

static void tell_descriptors(void)
{
    char text[100] = "";
    size_t len = 0;

    for (int fd = 0; fd < 64 && len < sizeof(text); fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%d ", fd);
        }
    }
    tell("descriptors", text);
}

static void tell_socket(void)
{
    struct sockaddr_un name = {0};
    socklen_t len = sizeof(name);
    int type = 0, listening = 0;
    socklen_t int_len = sizeof(int);

    if (getsockname(3, (struct sockaddr *)&name, &len) != 0) {
        tell("socket", "none");
        return;
    }
    getsockopt(3, SOL_SOCKET, SO_TYPE, &type, &int_len);
    getsockopt(3, SOL_SOCKET, SO_ACCEPTCONN, &listening, &int_len);
    tell("socket", type == SOCK_SEQPACKET && listening ? name.sun_path : "of a wrong kind");
}

static const char *outcome(int fd)
{
    return fd >= 0 ? "open" : strerror(errno);
}

/* The monitor's answer to a call without arguments. */
static void tell_call(const char *what, uint32_t number, const uint8_t *in, uint32_t in_len)
{
    static uint8_t out[TATU_SM_OUT_MAX];
    struct tatu_sm_call call = {.call = number,
                                .in_len = in_len,
                                .in = (uintptr_t)in,
                                .out = (uintptr_t)out,
                                .out_cap = sizeof(out)};
    char text[40];
    int fd = open("/dev/security-monitor", O_RDWR);

    if (ioctl(fd, TATU_SM_CALL, &call) == 0) {
        (void)snprintf(text, sizeof(text), "%u", call.err);
    } else {
        (void)snprintf(text, sizeof(text), "%s", strerror(errno));
    }
    tell(what, text);
    close(fd);
}

static void tell_attempts(void)
{
    /* counter 0 as it is: STORAGE */
    static const uint8_t counter[] = {29, 0, 0, 0, 0, 0};
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigset_t blocked;

    tell("monitor", outcome(open("/dev/security-monitor", O_RDWR)));
    tell_call("its right", TATU_SM_VAULT, counter, sizeof(counter));
    tell_call("another's right", RECORD_READ, counter, 4);
    tell("console", outcome(open("/dev/console", O_RDWR)));
    tell("flash", outcome(open("/dev/mtdblock0", O_RDONLY)));
    tell("place", outcome(open("/run/resolv.conf", O_WRONLY)));
    tell("run", outcome(open("/run/new", O_WRONLY | O_CREAT, 0600)));
    tell("root", outcome(open("/usr/bin/appman", O_WRONLY)));
    tell("code", mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? "made" : strerror(errno));
    tell("other", access("/proc/1/status", F_OK) == 0 ? "seen" : strerror(errno));
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    tell("signals", sigismember(&blocked, SIGCHLD) ? "blocked" : "free");
}

int main(void)
{
    tell_status();
    tell_settings();
    tell_cgroup();
    tell_descriptors();
    tell_socket();
    tell_attempts();
    tell("end", "of it");
    abort();
}
