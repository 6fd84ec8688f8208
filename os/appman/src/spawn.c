#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/lib/credential.h"
#include "os/lib/file.h"

#define CGROUPS "/sys/fs/cgroup/os"
#define CGROUP_PATH_MAX 96
#define BACKLOG 8
#define FILES_MAX 64
/* Exit status of a child that did not come as far as its program. */
#define EXIT_NOT_STARTED 126

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static void cgroup_of(const struct tatu_appman_service *service, char out[CGROUP_PATH_MAX])
{
    (void)snprintf(out, CGROUP_PATH_MAX, CGROUPS "/%s", service->name);
}

int tatu_appman_listen(const struct tatu_appman_place *place)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", place->path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        chown(place->path, place->uid, place->gid) != 0 || chmod(place->path, place->mode) != 0 ||
        listen(fd, BACKLOG) != 0) {
        int number = errno;

        (void)close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

static bool make_place(const struct tatu_appman_place *place)
{
    if (S_ISDIR(place->mode)) {
        if (mkdir(place->path, place->mode & 07777) != 0) {
            return false;
        }
    } else {
        int fd = open(place->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, place->mode & 07777);

        if (fd < 0) {
            return false;
        }
        (void)close(fd);
    }
    return chown(place->path, place->uid, place->gid) == 0;
}

static enum tatu_err fail(const char *what, const char *path, struct tatu_appman_failure *out)
{
    *out = (struct tatu_appman_failure){.what = what, .path = path, .number = errno};
    return TATU_ERR_IO;
}

enum tatu_err tatu_appman_prepare_service(const struct tatu_appman_service *service,
                                          int *out_socket, struct tatu_appman_failure *out)
{
    char group[CGROUP_PATH_MAX];
    int listening = -1;

    cgroup_of(service, group);
    if (mkdir(group, 0755) != 0 || !tatu_os_write_in(group, "memory.max", service->memory_max) ||
        !tatu_os_write_in(group, "pids.max", service->pids_max)) {
        return fail("control group", service->name, out);
    }
    for (size_t i = 0; i < TATU_APPMAN_PLACE_MAX; i++) {
        if (service->places[i].path != NULL && !make_place(&service->places[i])) {
            return fail("place", service->places[i].path, out);
        }
    }
    if (service->socket.path != NULL) {
        listening = tatu_appman_listen(&service->socket);
        if (listening < 0) {
            return fail("socket", service->socket.path, out);
        }
    }
    *out_socket = listening;
    return TATU_OK;
}

/* Marks these capabilities, while all others are still there: what is no longer in the bounding set
 * cannot be marked. */
static bool keep_inheritable(uint64_t wanted)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) != 0) {
        return false;
    }
    data[0].inheritable = (uint32_t)wanted;
    data[1].inheritable = (uint32_t)(wanted >> 32);
    return syscall(SYS_capset, &header, data) == 0;
}

/* Keeps exactly these capabilities, over the change of user and over exec. */
static bool keep_capabilities(uint64_t wanted)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};

    for (uint32_t i = 0; i < 2; i++) {
        uint32_t bits = (uint32_t)(wanted >> (32 * i));

        data[i].effective = bits;
        data[i].permitted = bits;
        data[i].inheritable = bits;
    }
    if (syscall(SYS_capset, &header, data) != 0) {
        return false;
    }
    for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++) {
        if ((wanted >> cap & 1) != 0 &&
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0UL, 0UL) != 0) {
            return false;
        }
    }
    return true;
}

/* What a program could ever gain; those that are kept go over exec as ambient ones. */
static bool drop_bounding(void)
{
    for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0UL, 0UL, 0UL) != 0) {
            return false;
        }
    }
    return true;
}

/* From root to the service's rights; the order matters: each step needs what the next gives up. */
static bool become(const struct tatu_appman_service *service)
{
    const struct rlimit files = {FILES_MAX, FILES_MAX};
    const struct tatu_os_credential credential = {.rights = service->rights};

    return tatu_os_take_credential(&credential) == TATU_OK &&
           /* when the whole machine is out of memory an application goes, not a service */
           tatu_os_write_text("/proc/self/oom_score_adj", "-900") &&
           setrlimit(RLIMIT_NOFILE, &files) == 0 && keep_inheritable(service->capabilities) &&
           drop_bounding() && setgroups(service->group_count, service->groups) == 0 &&
           setresgid(service->gid, service->gid, service->gid) == 0 &&
           prctl(PR_SET_KEEPCAPS, 1UL, 0UL, 0UL, 0UL) == 0 &&
           setresuid(service->uid, service->uid, service->uid) == 0 &&
           keep_capabilities(service->capabilities) &&
           prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0 &&
           prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0UL, 0UL, 0UL) == 0 &&
           tatu_appman_restrict_service(service) == TATU_OK;
}

/* Descriptors 0 to 3 as a service expects them; all others close at exec. */
static bool arrange_descriptors(int socket)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        return false;
    }
    if (socket == TATU_APPMAN_SOCKET_FD) {
        return fcntl(socket, F_SETFD, 0) == 0;
    }
    return socket < 0 || dup2(socket, TATU_APPMAN_SOCKET_FD) >= 0;
}

static _Noreturn void become_service(const struct tatu_appman_service *service, int socket)
{
    char *const arguments[] = {(char *)(uintptr_t)service->name, NULL};
    char *const environment[] = {NULL};
    char group[CGROUP_PATH_MAX];
    sigset_t none;

    cgroup_of(service, group);
    (void)sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) == 0 && setsid() >= 0 &&
        tatu_os_write_in(group, "cgroup.procs", "0") && arrange_descriptors(socket) &&
        become(service)) {
        (void)execve(service->path, arguments, environment);
    }
    _exit(EXIT_NOT_STARTED);
}

enum tatu_err tatu_appman_spawn(const struct tatu_appman_service *service, int socket,
                                pid_t *out_pid)
{
    pid_t pid = fork();

    if (pid < 0) {
        return TATU_ERR_MEMORY;
    }
    if (pid == 0) {
        become_service(service, socket);
    }
    *out_pid = pid;
    return TATU_OK;
}
