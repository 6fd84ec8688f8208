#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "deviceauth.h"
#include "memory.h"
#include "os/launch/launch.h"
#include "os/lib/file.h"
#include "proto/image.h"
#include "proto/map.h"
#include "proto/network.h"

#define CGROUPS TATU_APPS_GROUP
#define PIDS_MAX "32"
#define STACK_BYTES (128u * 1024u)
#define NETD_TIMEOUT_MS 30000u /* at boot it may not be up yet; nobody but the child waits */

static void cgroup_of(const struct tatu_app *app, char *out, size_t size)
{
    (void)snprintf(out, size, CGROUPS "/%s", app->component);
}

static bool write_kib(const char *folder, const char *name, uint32_t kib)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%uK", (unsigned)kib);
    return tatu_os_write_in(folder, name, text);
}

/* All of them together have the quota once, each an equal share of it, and each the cost of its
 * container. The shares add up: were the sum more than the whole, the kernel would choose who ends
 * by what it can see in a process, and what the kernel itself holds for one (pipes, sockets) is not
 * seen there. */
static bool limit_all(const struct tatu_apps *apps, const struct tatu_app *next)
{
    uint32_t count = 0;
    bool ok = true;
    char folder[96];
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        count += apps->apps[i].pid > 0 || &apps->apps[i] == next;
    }
    const uint32_t each_kib = TATU_APPS_EMPTY_KIB + TATU_APPS_USER_KIB / (count == 0 ? 1 : count);
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        if (apps->apps[i].pid > 0 || &apps->apps[i] == next) {
            cgroup_of(&apps->apps[i], folder, sizeof(folder));
            ok = write_kib(folder, "memory.max", each_kib) && ok;
        }
    }
    return write_kib(CGROUPS, "memory.max", TATU_APPS_USER_KIB + count * TATU_APPS_EMPTY_KIB) && ok;
}

static bool make_cgroup(const struct tatu_app *app)
{
    char folder[96];
    cgroup_of(app, folder, sizeof(folder));
    if ((mkdir(CGROUPS, 0755) != 0 && errno != EEXIST) ||
        !tatu_os_write_in(CGROUPS, "cgroup.subtree_control", "+cpu +memory +pids") ||
        (mkdir(folder, 0755) != 0 && errno != EEXIST)) {
        return false;
    }
    return limit_all(app->apps, app) && tatu_os_write_in(folder, "memory.oom.group", "1") &&
           tatu_os_write_in(folder, "pids.max", PIDS_MAX);
}

static bool needs_network(const struct tatu_manifest *manifest)
{
    return manifest->host_count != 0 || manifest->tcp.count != 0 || manifest->udp.count != 0;
}

static size_t put_ports(const struct tatu_manifest_ports *from, uint16_t out[TATU_NET_PORT_MAX])
{
    _Static_assert(TATU_MANIFEST_PORT_MAX <= TATU_NET_PORT_MAX, "all ports fit");
    memcpy(out, from->ports, from->count * sizeof(out[0]));
    return from->count;
}

/* Has netd put the firewall on the cgroup; waits for its word, in the child. */
static enum tatu_err allow_network(const struct tatu_app *app)
{
    static struct tatu_net_allow allow; /* too large for a small stack; one at a time */
    _Static_assert(TATU_MANIFEST_HOST_COUNT_MAX <= TATU_NET_HOST_MAX &&
                       TATU_MANIFEST_HOST_MAX <= TATU_NET_ALLOW_HOST_SIZE,
                   "all hosts fit");
    const struct tatu_manifest *manifest = &app->manifest;
    const struct tatu_ask ask = {
        .op = TATU_NETD_ALLOW,
        .a = app->uid,
        .payload = {(const uint8_t *)&allow, sizeof(allow)},
    };
    memset(&allow, 0, sizeof(allow));
    cgroup_of(app, allow.group, sizeof(allow.group));
    allow.tcp_count = (uint16_t)put_ports(&manifest->tcp, allow.tcp);
    allow.udp_count = (uint16_t)put_ports(&manifest->udp, allow.udp);
    allow.host_count = (uint32_t)manifest->host_count;
    for (size_t i = 0; i < manifest->host_count; i++) {
        (void)snprintf(allow.hosts[i], sizeof(allow.hosts[i]), "%s", manifest->hosts[i]);
    }
    return tatu_os_ask(TATU_NETD_SOCKET, &ask, NETD_TIMEOUT_MS, NULL, NULL, NULL);
}

static void place_body(const struct tatu_app *app, struct tatu_launch_spec *spec)
{
    /* the flash windows are mtd devices in the order of the device tree: root, apps0, apps1 */
    const bool second = app->image.offset >= TATU_FLASH_APPS1_AT;
    (void)snprintf(spec->block_device, sizeof(spec->block_device), "/dev/mtdblock%d",
                   second ? 2 : 1);
    spec->body_offset = app->image.offset - (second ? TATU_FLASH_APPS1_AT : TATU_FLASH_APPS0_AT);
    spec->body_len = app->image.body_len;
    spec->verity_data_len = app->image.verity_data_len;
    memcpy(spec->verity_root, app->image.verity_root, sizeof(spec->verity_root));
}

static void fill_spec(const struct tatu_app *app, const char *control,
                      struct tatu_launch_spec *spec)
{
    const struct tatu_manifest *manifest = &app->manifest;
    spec->magic = TATU_LAUNCH_MAGIC;
    spec->uid = app->uid;
    spec->share_net = needs_network(manifest);
    spec->file_bytes = manifest->storage_kb * 1024;
    spec->stack_bytes = STACK_BYTES;
    spec->arg_count = 1 + (uint32_t)manifest->arg_count;
    const size_t entry_size = strlen(manifest->entry_point) + 1;
    memcpy(spec->args, manifest->entry_point, entry_size);
    memcpy(spec->args + entry_size, manifest->args, manifest->args_len);
    (void)snprintf(spec->component, sizeof(spec->component), "%s", app->component);
    (void)snprintf(spec->control, sizeof(spec->control), "%s", control);
    place_body(app, spec);
    if (manifest->has_tenant) {
        tatu_proto_format_guid(manifest->tenant, spec->tenant);
        (void)snprintf(spec->deviceauth, sizeof(spec->deviceauth), TATU_APPS_DEVICEAUTH "/%s",
                       app->component);
    }
}

/* A memory file with the specification; -1 when it cannot be made. */
static int make_spec_file(const struct tatu_launch_spec *spec)
{
    int fd = (int)syscall(SYS_memfd_create, "spec", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, spec, sizeof(*spec)) != (ssize_t)sizeof(*spec)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* Both may lie where the other belongs, so they are first moved out of the way. */
static bool arrange_fds(int spec_fd, int status_fd)
{
    const int spec = fcntl(spec_fd, F_DUPFD_CLOEXEC, TATU_LAUNCH_STATUS_FD + 1);
    const int status = fcntl(status_fd, F_DUPFD_CLOEXEC, TATU_LAUNCH_STATUS_FD + 1);
    return spec >= 0 && status >= 0 && dup2(spec, TATU_LAUNCH_SPEC_FD) >= 0 &&
           dup2(status, TATU_LAUNCH_STATUS_FD) >= 0;
}

/* Without its firewall no application runs. */
static bool has_firewall(const struct tatu_app *app)
{
    const enum tatu_err err = needs_network(&app->manifest) ? allow_network(app) : TATU_OK;
    if (err != TATU_OK) {
        tatu_os_log(app->apps->world->log, TATU_OS_LOG_WARNING, "app %s: no firewall: %s",
                    app->manifest.name, tatu_err_name(err));
    }
    return err == TATU_OK;
}

static _Noreturn void become_launch(const struct tatu_app *app, int spec_fd, int output_fd,
                                    int status_fd)
{
    char cgroup[96];
    char *const args[] = {(char[]){"launch"}, NULL};
    char *const environment[] = {NULL};
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    cgroup_of(app, cgroup, sizeof(cgroup));
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    /* the first to go when the whole machine is out of memory */
    if (tatu_os_write_in(cgroup, "cgroup.procs", "0") &&
        tatu_os_write_text("/proc/self/oom_score_adj", "1000") && has_firewall(app) &&
        dup2(null_fd, STDIN_FILENO) >= 0 && dup2(output_fd, STDOUT_FILENO) >= 0 &&
        dup2(output_fd, STDERR_FILENO) >= 0 && arrange_fds(spec_fd, status_fd)) {
        (void)execve("/usr/bin/launch", args, environment);
    }
    _exit(TATU_LAUNCH_EXIT_SETUP);
}

/* Output and how it ended, from launch to us. */
struct pipes {
    int output[2];
    int status[2];
};

static bool open_pipes(struct pipes *out)
{
    *out = (struct pipes){{-1, -1}, {-1, -1}};
    return pipe2(out->output, O_CLOEXEC) == 0 && pipe2(out->status, O_CLOEXEC) == 0 &&
           fcntl(out->output[0], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(out->status[0], F_SETFL, O_NONBLOCK) == 0;
}

static enum tatu_err spawn(struct tatu_app *app, int spec_fd)
{
    struct pipes pipes;
    const bool ready = open_pipes(&pipes);
    /* a fork into a new pid namespace, whose process 1 the child is */
    const pid_t pid = ready ? (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0) : -1;
    if (pid == 0) {
        become_launch(app, spec_fd, pipes.output[1], pipes.status[1]);
    }
    tatu_os_close_fd(&pipes.output[1]);
    tatu_os_close_fd(&pipes.status[1]);
    if (pid < 0) {
        tatu_os_close_fd(&pipes.output[0]);
        tatu_os_close_fd(&pipes.status[0]);
        return TATU_ERR_IO;
    }
    app->pid = pid;
    app->output.fd = pipes.output[0];
    app->status_fd = pipes.status[0];
    return TATU_OK;
}

/* For crashd, which finds the component by the cgroup and the image here. */
static bool tell_image(const struct tatu_app *app)
{
    char path[96], image[TATU_GUID_TEXT_SIZE];
    (void)snprintf(path, sizeof(path), "/run/apps/%s/image", app->component);
    tatu_proto_format_guid(app->image.image, image);
    return tatu_os_make_text(path, 0600, image);
}

static enum tatu_err start_parts(struct tatu_app *app)
{
    static struct tatu_launch_spec spec; /* too large for a small stack; one at a time */
    char control[TATU_LAUNCH_PATH_MAX];
    memset(&spec, 0, sizeof(spec));
    if (!make_cgroup(app)) {
        return TATU_ERR_IO;
    }
    app->control.fd = tatu_apps_open_control(app, control, sizeof(control));
    if (app->control.fd < 0 || !tell_image(app)) {
        return TATU_ERR_IO;
    }
    fill_spec(app, control, &spec);
    TATU_OS_CLOSING int spec_fd = make_spec_file(&spec);
    return spec_fd < 0 ? TATU_ERR_IO : spawn(app, spec_fd);
}

int tatu_apps_read_end(const struct tatu_app *app, int launch_status)
{
    uint8_t bytes[4];
    if (app->status_fd >= 0 &&
        read(app->status_fd, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes)) {
        return (int)tatu_get_le32(bytes);
    }
    return launch_status;
}

enum tatu_err tatu_apps_start_container(struct tatu_app *app)
{
    const enum tatu_err err = start_parts(app);
    if (err != TATU_OK) {
        tatu_apps_clean_container(app);
    }
    return err;
}

void tatu_apps_signal_container(const struct tatu_app *app, int number)
{
    if (app->pid > 0) {
        (void)kill(app->pid, number);
    }
}

void tatu_apps_clean_container(struct tatu_app *app)
{
    char folder[96];
    int *const descriptors[] = {&app->control.fd, &app->output.fd, &app->status_fd};
    for (size_t i = 0; i < TATU_COUNT_OF(descriptors); i++) {
        tatu_os_close_fd(descriptors[i]);
        *descriptors[i] = -1;
    }
    app->pid = 0;
    cgroup_of(app, folder, sizeof(folder));
    (void)rmdir(folder);
    (void)limit_all(app->apps, NULL);
}

bool tatu_apps_was_over_memory(const struct tatu_app *app)
{
    struct tatu_apps_memory memory;
    char folder[96];
    cgroup_of(app, folder, sizeof(folder));
    return tatu_apps_read_memory(folder, &memory) == TATU_OK && memory.oom_kills != 0;
}

enum tatu_err tatu_apps_measure(struct tatu_apps *apps, struct tatu_apps_memory *out)
{
    struct tatu_apps_memory memory;
    uint64_t ours = 0;
    TATU_TRY(tatu_apps_read_memory(CGROUPS, &memory));
    for (size_t i = 0; i < TATU_COUNT_OF(apps->apps); i++) {
        char path[32];
        if (apps->apps[i].pid > 0) {
            /* process 1 of a container is the system's */
            (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)apps->apps[i].pid);
            ours += tatu_apps_read_anonymous(path);
        }
    }
    memory.user -= ours < memory.user ? ours : memory.user;
    apps->user_peak = memory.user > apps->user_peak ? memory.user : apps->user_peak;
    *out = memory;
    return TATU_OK;
}
