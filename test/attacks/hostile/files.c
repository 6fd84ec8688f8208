/* What an application sees of the machine: nothing of others, and nothing to write. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"
#include "parts.h"

/* EROFS is the mounts' answer, EACCES that of rights and Landlock; what is not in the container is
 * ENOENT. */
static const struct {
    const char *path;
    int flags;
    int wanted;
} opens[] = {
    /* processes of others */
    {"/proc/1/environ", O_RDONLY, ENOENT},
    {"/proc/1/mem", O_RDWR, ENOENT},
    {"/proc/1/root/etc", O_RDONLY, ENOENT},
    {"/proc/1/cwd", O_RDONLY, ENOENT},
    /* places to write */
    {"/x", O_CREAT | O_WRONLY, EROFS},
    {"/mnt/app/x", O_CREAT | O_WRONLY, EROFS},
    {"/mnt/app/bin/app", O_WRONLY, EROFS},
    {"/lib/ld-musl-armhf.so.1", O_WRONLY, EROFS},
    {"/usr/lib/x", O_CREAT | O_WRONLY, EROFS},
    {"/etc/x", O_CREAT | O_WRONLY, EROFS},
    {"/etc/resolv.conf", O_WRONLY | O_TRUNC, EROFS},
    {"/run/x", O_CREAT | O_WRONLY, EROFS},
    {"/run/deviceauth/x", O_CREAT | O_WRONLY, EROFS},
    {"/run/deviceauth/cert.pem", O_WRONLY, EACCES},
    {"/run", O_TMPFILE | O_RDWR, EROFS},
    {"/dev/x", O_CREAT | O_WRONLY, EROFS},
    {"/mnt/config/uids", O_RDONLY, ENOENT},
    {"/proc/self/mem", O_RDWR, EACCES},
    {"/proc/thread-self/mem", O_RDWR, EACCES},
    {"/proc/self/attr/exec", O_WRONLY, EACCES},
    {"/proc/self/attr/current", O_WRONLY, EACCES},
    {"/proc/self/gid_map", O_WRONLY, EACCES},
    {"/proc/self/setgroups", O_WRONLY, EACCES},
    {"/proc/self/comm", O_WRONLY, EACCES},
    {"/proc/self/timerslack_ns", O_WRONLY, EACCES},
    {"/proc/self/oom_adj", O_WRONLY, EACCES},
    {"/proc/self/coredump_filter", O_WRONLY, EACCES},
    {"/proc/self/uid_map", O_WRONLY, EACCES},
    {"/proc/self/oom_score_adj", O_WRONLY, EACCES},
    {"/proc/sys/kernel/core_pattern", O_WRONLY, ENOENT},
    {"/proc/sys/kernel/hostname", O_WRONLY, ENOENT},
    {"/proc/sysrq-trigger", O_WRONLY, ENOENT},
    {"/tmp/x", O_CREAT | O_WRONLY, ENOENT},
    {"/var/x", O_CREAT | O_WRONLY, ENOENT},
    {"/dev/shm/x", O_CREAT | O_WRONLY, ENOENT},
    {"/sys/fs/cgroup/cgroup.procs", O_WRONLY, ENOENT},
    /* devices */
    {"/dev/mem", O_RDWR, ENOENT},
    {"/dev/kmsg", O_RDONLY, ENOENT},
    {"/dev/security-monitor", O_RDWR, ENOENT},
    {"/dev/gpiochip0", O_RDWR, ENOENT},
    {"/dev/mtd0", O_RDONLY, ENOENT},
    {"/dev/mtdblock1", O_RDONLY, ENOENT},
    {"/dev/dm-0", O_RDONLY, ENOENT},
    {"/dev/mapper/control", O_RDWR, ENOENT},
    {"/dev/console", O_WRONLY, ENOENT},
    {"/dev/ttyAMA0", O_RDWR, ENOENT},
    {"/dev/mtd4", O_RDWR, ENOENT},
    {"/dev/rtc0", O_RDWR, ENOENT},
    {"/dev/ptmx", O_RDWR, ENOENT},
    {"/dev/tty", O_RDWR, ENOENT},
    {"/dev/net/tun", O_RDWR, ENOENT},
    {"/dev/userfaultfd", O_RDWR, ENOENT},
    {"/dev/fuse", O_RDWR, ENOENT},
    {"/dev/loop-control", O_RDWR, ENOENT},
    {"/dev/random", O_WRONLY, ENOENT},
    /* the system behind the root */
    {"/../usr/bin/appman", O_RDONLY, ENOENT},
    {"/run/appman.sock", O_RDONLY, ENOENT},
    {"/run/apps", O_RDONLY, ENOENT},
    {"/run/root", O_RDONLY, ENOENT},
    {"/sys/kernel", O_RDONLY, ENOENT},
};

/* What the kernel would tell of itself and of others. */
static const char *const secrets[] = {
    "/proc/kmsg",          "/proc/kallsyms",    "/proc/kcore",        "/proc/iomem",
    "/proc/device-tree",   "/proc/fdt",         "/proc/mtd",          "/proc/locks",
    "/proc/slabinfo",      "/proc/vmallocinfo", "/proc/interrupts",   "/proc/timer_list",
    "/proc/net/tcp",       "/proc/net/unix",    "/proc/self/net/tcp", "/proc/self/net/unix",
    "/proc/self/net/udp6", "/proc/partitions",  "/proc/config.gz",
};

static const char *const sockets[] = {"/run/appman.sock",  "/run/netd.sock",
                                      "/run/attestd.sock", "/run/gatewayd.sock",
                                      "/run/updated.sock", "/run/deviceauth/update/sign"};

static void try_opens(void)
{
    for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
        char name[80];
        (void)snprintf(name, sizeof(name), "%s %s",
                       (opens[i].flags & O_ACCMODE) == O_RDONLY ? "read" : "write", opens[i].path);
        const int fd = open(opens[i].path, opens[i].flags | O_CLOEXEC, 0600);
        attack_tell_refused(name, fd, opens[i].wanted);
        if (fd >= 0) {
            (void)close(fd);
        }
    }
}

/* The same memory by its other names: of a thread, of a child. */
static void try_memory_files(void)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/mem", (int)gettid());
    attack_tell_refused("write memory of the task", open(path, O_RDWR | O_CLOEXEC), EACCES);
    const pid_t child = attack_fork();
    if (child == 0) {
        for (;;) {
            (void)pause();
        }
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)child);
    attack_tell_refused("write memory of a child", open(path, O_RDWR | O_CLOEXEC), EACCES);
    (void)snprintf(path, sizeof(path), "/proc/%d/attr/exec", (int)child);
    attack_tell_refused("credential of a child", open(path, O_WRONLY | O_CLOEXEC), EACCES);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
}

static int count_devices(void)
{
    static const char *const known[] = {".", "..", "null", "zero", "urandom"};
    DIR *folder = opendir("/dev");
    int count = 0;
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        bool found = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            found |= strcmp(entry->d_name, known[i]) == 0;
        }
        count += found ? 0 : 1;
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return count;
}

static void try_secrets(void)
{
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        char name[80];
        (void)snprintf(name, sizeof(name), "read %s", secrets[i]);
        const int fd = open(secrets[i], O_RDONLY | O_CLOEXEC);
        attack_tell_refused_by(name, fd, ENOENT, EACCES);
        if (fd >= 0) {
            (void)close(fd);
        }
    }
}

static void try_sockets(void)
{
    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char name[80];
        (void)snprintf(name, sizeof(name), "connect %s", sockets[i]);
        strcpy(address.sun_path, sockets[i]);
        const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        attack_tell_refused(name, connect(fd, (struct sockaddr *)&address, sizeof(address)),
                            ENOENT);
        (void)close(fd);
    }
}

/* Counts the entries of a folder that are numbers, less the one given. */
static int count_numbers(const char *path, int but)
{
    DIR *folder = opendir(path);
    int count = 0;
    if (folder == NULL) {
        return -1;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char *end;
        const long number = strtol(entry->d_name, &end, 10);
        count += *end == '\0' && end != entry->d_name && number != but ? 1 : 0;
    }
    (void)closedir(folder);
    return count;
}

static void try_looking_around(void)
{
    const int others = count_numbers("/proc", getpid());
    attack_tell("see other processes", others == 0, "sees %d", others);
    /* 0, 1, 2 and the one that reads the folder */
    int open_count = 0;
    for (int fd = 3; fd < 64; fd++) {
        open_count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    }
    attack_tell("inherited descriptors", open_count == 0, "%d more than the three", open_count);
    const int devices = count_devices();
    attack_tell("other devices", devices == 0, "sees %d", devices);
    struct stat root;
    attack_tell("own root", stat("/proc/self/root/usr/bin", &root) != 0,
                "the system's programs are there");
}

/* Only the entry point is a program: a file that can be read and mapped is still none that can be
 * started. */
static int start_library(void *context)
{
    char *const args[] = {(char[]){"x"}, NULL}, *const none[] = {NULL};
    (void)context;
    (void)execve("/usr/lib/libapplibs.so.0", args, none);
    return errno;
}

void files_attack(void)
{
    try_opens();
    try_secrets();
    try_sockets();
    try_looking_around();
    try_memory_files();
    const int got = attack_run_apart(start_library, NULL);
    attack_tell("exec another file", got == EACCES, "exec ended with %d", got);
}
