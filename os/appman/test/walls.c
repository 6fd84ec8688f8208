/*
 * Stands in for a service, by the name it is started with: code that got into one. In its first
 * life it tells what it is given and tries what is refused with an error; in each of its first
 * seven lives it makes one call that no service has, which is its end. Then it lives.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define LIVES 7
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *name;

static void tell(const char *what, const char *text)
{
    char line[200];
    const int len = snprintf(line, sizeof(line), "<5>walls: %s %s %s\n", name, what, text);
    (void)!write(STDERR_FILENO, line, (size_t)len);
}

/* ---- the life ---- */

/* A file of the folder that is its own; each life makes it a byte longer. */
static int begin_life(void)
{
    static const char *const own[][2] = {{"netd", "/mnt/config/net/lives"},
                                         {"attestd", "/run/deviceauth/lives"},
                                         {"updated", "/mnt/config/update/lives"},
                                         {"gatewayd", "/mnt/config/certs/lives"}};
    for (size_t i = 0; i < COUNT(own); i++) {
        if (strcmp(own[i][0], name) == 0) {
            const int fd = open(own[i][1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
            const off_t lives = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
            if (lives < 0 || write(fd, "x", 1) != 1 || close(fd) != 0) {
                tell("own file", strerror(errno));
                return -1;
            }
            return (int)lives;
        }
    }
    return -1;
}

/* ---- what it is given ---- */

static void tell_status(void)
{
    static const char *const names[] = {"CapBnd:", "NoNewPrivs:", "Seccomp:", "Seccomp_filters:"};
    char line[200];
    FILE *file = fopen("/proc/self/status", "r");
    tell("status", file != NULL ? "is read" : strerror(errno));
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        for (size_t i = 0; i < COUNT(names); i++) {
            if (strncmp(line, names[i], strlen(names[i])) == 0) {
                line[strcspn(line, "\n")] = '\0';
                tell("has", line);
            }
        }
    }
}

/* ---- what is refused ---- */

static void try_files(void)
{
    static const struct {
        const char *path;
        int flags;
    } files[] = {
        {"/", O_RDONLY | O_DIRECTORY},
        {"/usr/bin/appman", O_RDONLY},
        {"/usr/bin/netd", O_RDONLY},
        {"/usr/bin/gatewayd", O_RDONLY},
        {"/usr/lib/libc.so.1", O_RDONLY},
        {"/etc/tatu-release", O_RDONLY},
        {"/dev/zero", O_RDWR},
        {"/dev/urandom", O_RDONLY},
        {"/dev/urandom", O_WRONLY},
        {"/dev/kmsg", O_WRONLY},
        {"/dev/console", O_RDWR},
        {"/dev/mtdblock0", O_RDONLY},
        {"/dev/gpiochip0", O_RDWR},
        {"/dev/security-monitor", O_RDWR},
        {"/proc/meminfo", O_RDONLY},
        {"/proc/self/maps", O_RDONLY},
        {"/proc/sys/kernel/core_pattern", O_WRONLY},
        {"/sys/class/net", O_RDONLY | O_DIRECTORY},
        {"/sys/kernel", O_RDONLY | O_DIRECTORY},
        {"/sys/fs/cgroup/os/netd/memory.max", O_RDONLY},
        {"/run", O_RDONLY | O_DIRECTORY},
        {"/run/new", O_WRONLY | O_CREAT},
        {"/run/resolv.conf", O_RDONLY},
        {"/run/resolv.conf", O_WRONLY},
        {"/run/deviceauth/lives", O_RDONLY},
        {"/run/deviceauth/new", O_WRONLY | O_CREAT},
        {"/mnt/config", O_RDONLY | O_DIRECTORY},
        {"/mnt/config/uids", O_RDONLY},
        {"/mnt/config/net", O_RDONLY | O_DIRECTORY},
        {"/mnt/config/update", O_RDONLY | O_DIRECTORY},
        {"/mnt/config/certs", O_RDONLY | O_DIRECTORY},
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        char what[100];
        const int fd = open(files[i].path, files[i].flags | O_CLOEXEC, 0600);
        (void)snprintf(what, sizeof(what), "%s %s",
                       (files[i].flags & O_ACCMODE) == O_RDONLY   ? "reads"
                       : (files[i].flags & O_ACCMODE) == O_WRONLY ? "writes"
                                                                  : "opens",
                       files[i].path);
        tell(what, fd >= 0 ? "yes" : strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
    }
}

static void try_others(void)
{
    const struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons(443), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(8080)};
    char *const arguments[] = {(char *)(uintptr_t)name, NULL};
    char *const environment[] = {NULL};
    const int tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tell("listens",
         bind(tcp, (const struct sockaddr *)&here, sizeof(here)) == 0 ? "yes" : strerror(errno));
    tell("connects", connect(tcp, (const struct sockaddr *)&there, sizeof(there)) == 0
                         ? "yes"
                         : strerror(errno));
    tell("signals", syscall(SYS_tkill, 1, 0) == 0 ? "yes" : strerror(errno));
    tell("code", mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? "yes" : strerror(errno));
    (void)execve("/usr/bin/launch", arguments, environment);
    tell("starts", strerror(errno));
}

/* ---- what is the end ---- */

static void die_of(const char *service, int life)
{
    static const struct {
        const char *service;
        int life;
        long call;
        long arguments[3];
    } calls[] = {
        {NULL, 0, SYS_ptrace, {PTRACE_TRACEME}},
        {NULL, 1, SYS_mount, {0}},
        {NULL, 2, SYS_socket, {AF_INET, SOCK_RAW, IPPROTO_ICMP}},
        {NULL, 3, SYS_clone, {SIGCHLD}},
        {"netd", 4, SYS_unshare, {CLONE_NEWUSER}},
        {"netd", 5, SYS_socket, {AF_PACKET, SOCK_DGRAM, 0}},
        {"netd", 6, SYS_kill, {1, SIGKILL}},
        {"attestd", 4, SYS_setuid32, {0}},
        {"attestd", 5, SYS_bpf, {0}},
        {"attestd", 6, SYS_memfd_create, {0}},
        {"updated", 4, SYS_add_key, {0}},
        {"updated", 5, SYS_init_module, {0}},
        {"updated", 6, SYS_process_vm_writev, {0}},
        {"gatewayd", 4, SYS_clock_settime64, {0}},
        {"gatewayd", 5, SYS_reboot, {0}},
        {"gatewayd", 6, SYS_prctl, {0}},
    };
    for (size_t i = 0; i < COUNT(calls); i++) {
        if (calls[i].life == life &&
            (calls[i].service == NULL || strcmp(calls[i].service, service) == 0)) {
            char text[40];
            (void)snprintf(text, sizeof(text), "%ld", calls[i].call);
            tell("makes call", text);
            (void)syscall(calls[i].call, calls[i].arguments[0], calls[i].arguments[1],
                          calls[i].arguments[2], 0, 0, 0);
            tell("survived call", text);
        }
    }
}

int main(int argc, char **argv)
{
    name = argc > 0 ? argv[0] : "";
    const int life = begin_life();
    if (life == 0) {
        tell_status();
        try_files();
        try_others();
    }
    if (life >= 0 && life < LIVES) {
        die_of(name, life);
    }
    tell("lives", life < 0 ? "without a file" : "on");
    for (;;) {
        (void)sleep(3600);
    }
}
