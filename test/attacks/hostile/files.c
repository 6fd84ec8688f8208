/* What an application sees of the machine: nothing of others, and nothing to write. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
    {"/proc/self/mem", O_RDWR, EACCES},
    {"/proc/self/uid_map", O_WRONLY, EACCES},
    {"/proc/self/oom_score_adj", O_WRONLY, EACCES},
    {"/proc/sys/kernel/core_pattern", O_WRONLY, EACCES},
    {"/proc/sys/kernel/hostname", O_WRONLY, EACCES},
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
    /* the system behind the root */
    {"/../usr/bin/appman", O_RDONLY, ENOENT},
    {"/run/appman.sock", O_RDONLY, ENOENT},
    {"/run/apps", O_RDONLY, ENOENT},
    {"/run/root", O_RDONLY, ENOENT},
};

static const char *const sockets[] = {"/run/appman.sock", "/run/netd.sock", "/run/attestd.sock",
                                      "/run/deviceauth/update/sign"};

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
    try_sockets();
    try_looking_around();
    const int got = attack_run_apart(start_library, NULL);
    attack_tell("exec another file", got == EACCES, "exec ended with %d", got);
}
