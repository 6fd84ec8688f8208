/*
 * Process 1 of a test: what the kernel refuses by a task's credential, and what code it runs. Each line is a promise of
 * docs/protocol/credential.md. Under other names it is the program that takes crashes, and what is started to tell who
 * it is. Programs that must not start are in /t, made by boot_test.py.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/uapi/tatu_lsm.h"
#include "kernel/uapi/tatu_sm.h"

#define EXEC "/proc/self/attr/exec"
#define CURRENT "/proc/self/attr/current"
#define SELF "/usr/bin/appman"
#define PAGE 4096u
#define TENANT "00112233-4455-6677-8899-aabbccddeeff"
#define RIGHTS_OF_APP_MAN (TATU_SM_RIGHT_QUERY | TATU_SM_RIGHT_POWER | TATU_SM_RIGHT_RECORD | TATU_SM_RIGHT_STORAGE)
#define TEXT_OF_APP "03020100-0504-0706-0809-0a0b0c0d0e0f " TENANT " 00000012"

static void works(const char *what, int yes)
{
    printf("[CRED] %s %s (errno %d)\n", yes ? "pass" : "FAIL", what, errno);
}

/* ---- children: each test of a refusal is one, and answers by its exit status ---- */

static int in_child(int (*test)(void))
{
    int status = 1;
    pid_t pid = fork();

    if (pid == 0) {
        _exit(test() ? 0 : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static int put_at(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t put = fd < 0 ? -1 : write(fd, bytes, len);
    int why = errno;

    (void)close(fd);
    errno = why;
    return put == (ssize_t)len;
}

static ssize_t get_from(const char *path, void *out, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, room);
    int why = errno;

    (void)close(fd);
    errno = why;
    return got;
}

static struct tatu_lsm_credential credential_of_app(void)
{
    struct tatu_lsm_credential told = {.tenant = TENANT, .capabilities = TATU_SM_RIGHT_QUERY | TATU_SM_RIGHT_STORAGE};

    for (uint8_t i = 0; i < sizeof(told.component); i++) {
        told.component[i] = i;
    }
    return told;
}

static int become(struct tatu_lsm_credential told)
{
    return put_at(EXEC, &told, sizeof(told));
}

static int become_app(void)
{
    return become(credential_of_app());
}

static int become_service(void)
{
    return become((struct tatu_lsm_credential){.capabilities = TATU_SM_RIGHT_QUERY});
}

static int become_user(void)
{
    return setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0;
}

/* ---- the credential ---- */

static int text_is(const char *want)
{
    char text[256] = {0};

    return get_from(CURRENT, text, sizeof(text) - 1) == (ssize_t)strlen(want) && strcmp(text, want) == 0;
}

static void at_birth(void)
{
    struct tatu_lsm_credential told, none = {.is_app_man = 1, .capabilities = RIGHTS_OF_APP_MAN};
    char text[64];

    works("process 1 is appman and has its rights", get_from(EXEC, &told, sizeof(told)) == 88 && memcmp(&told, &none, 88) == 0);
    snprintf(text, sizeof(text), "00000000-0000-0000-0000-000000000000  %08x", RIGHTS_OF_APP_MAN);
    works("as text too", text_is(text));
}

static int refused(struct tatu_lsm_credential told, size_t len)
{
    uint8_t bytes[128] = {0};

    memcpy(bytes, &told, sizeof(told));
    return !put_at(EXEC, bytes, len) && errno == EINVAL;
}

static int wrong_ones(void)
{
    struct tatu_lsm_credential told = credential_of_app();
    int good = refused(told, 0) && refused(told, 87) && refused(told, 89);

    works("only whole ones are taken", good);
    told.is_app_man = 1;
    works("none that stays appman's", refused(told, 88));
    told = credential_of_app();
    told.job_control = 2;
    good = refused(told, 88);
    told = credential_of_app();
    told.pad[1] = 1;
    good = good && refused(told, 88);
    told = credential_of_app();
    told.capabilities = 8;
    works("none with what is not defined", good && refused(told, 88));
    told = credential_of_app();
    told.tenant[3] = ' ';
    good = refused(told, 88);
    told = credential_of_app();
    told.tenant[40] = 'a';
    works("none with a tenant that is none", good && refused(told, 88));
    told = credential_of_app();
    works("none under another name", !put_at(CURRENT, &told, 88) && errno == EINVAL && !put_at("/proc/self/attr/fscreate", &told, 88) &&
                                         errno == EINVAL);
    return 1;
}

static int written_once(void)
{
    struct tatu_lsm_credential told, app = credential_of_app();

    return become_app() && get_from(EXEC, &told, sizeof(told)) == 88 && memcmp(&told, &app, 88) == 0 && text_is(TEXT_OF_APP) &&
           !become_app() && errno == EPERM && !become_service() && errno == EPERM;
}

#define SYS_LSM_SET_SELF_ATTR 460
#define LSM_EXEC 101

static int written_by_call(void)
{
    struct {
        uint64_t id, flags, len, ctx_len;
        struct tatu_lsm_credential told;
    } ctx = {0x74617475, 0, sizeof(ctx), sizeof(ctx.told), credential_of_app()};

    return syscall(SYS_LSM_SET_SELF_ATTR, LSM_EXEC, &ctx, sizeof(ctx), 0) < 0 && !text_is(TEXT_OF_APP);
}

static int inherited_by_fork(void)
{
    return become_app() && become_user() && in_child(written_once) == 0 && text_is(TEXT_OF_APP);
}

static int told_by_child(void)
{
    return text_is(TEXT_OF_APP);
}

static int fork_tells(void)
{
    return become_app() && in_child(told_by_child);
}

static int exec_tells(void)
{
    return become_app() && execl(SELF, "tell", TEXT_OF_APP, (char *)NULL) == 0;
}

static int service_sees_itself_alone(void)
{
    char text[256];

    return become_service() && get_from(CURRENT, text, sizeof(text)) > 0 && get_from("/proc/1/attr/current", text, sizeof(text)) < 0 &&
           errno == EACCES && get_from("/proc/1/attr/exec", text, sizeof(text)) < 0 && errno == EACCES;
}

static int app_sees_itself_alone(void)
{
    char text[256];

    return become_app() && get_from(CURRENT, text, sizeof(text)) > 0 && get_from("/proc/1/attr/current", text, sizeof(text)) < 0;
}

/* A process that only is there; its number. */
static pid_t start_waiting(int (*first)(void))
{
    int ready[2];
    char byte;
    pid_t pid;

    if (pipe(ready) != 0 || (pid = fork()) < 0) {
        return -1;
    }
    if (pid == 0) {
        (void)!write(ready[1], first() ? "1" : "0", 1);
        for (;;) {
            pause();
        }
    }
    return read(ready[0], &byte, 1) == 1 && byte == '1' ? pid : -1;
}

static void stop(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static void of_others(void)
{
    struct tatu_lsm_credential told, app = credential_of_app();
    char path[64];
    pid_t pid = start_waiting(become_app);

    snprintf(path, sizeof(path), "/proc/%d/attr/exec", (int)pid);
    works("appman sees all", get_from(path, &told, sizeof(told)) == 88 && memcmp(&told, &app, 88) == 0);
    memset(app.component, 9, sizeof(app.component));
    works("and writes none but its own", !put_at(path, &app, 88) && (errno == EACCES || errno == EPERM) && get_from(path, &told, sizeof(told)) == 88 &&
                                              memcmp(&told, &app, 88) != 0);
    stop(pid);
}

static int connect_as_app(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/run/peer"};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    char byte;

    return become_app() && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && read(fd, &byte, 1) == 0;
}

static void of_peers(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "/run/peer"};
    int listening = socket(AF_UNIX, SOCK_SEQPACKET, 0), fd, other = socket(AF_INET, SOCK_STREAM, 0), status = 1;
    char text[256] = {0};
    socklen_t len = sizeof(text);
    pid_t pid;

    if (bind(listening, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(listening, 1) != 0 || (pid = fork()) < 0) {
        works("a socket", 0);
        return;
    }
    if (pid == 0) {
        _exit(!connect_as_app());
    }
    fd = accept(listening, NULL, NULL);
    works("a socket tells who is at its other end", getsockopt(fd, SOL_SOCKET, SO_PEERSEC, text, &len) == 0 &&
                                                        len == strlen(TEXT_OF_APP) && strcmp(text, TEXT_OF_APP) == 0);
    len = 20;
    works("or how much room that takes", getsockopt(fd, SOL_SOCKET, SO_PEERSEC, text, &len) != 0 && errno == ERANGE &&
                                             len == strlen(TEXT_OF_APP));
    len = sizeof(text);
    works("not of the network", getsockopt(other, SOL_SOCKET, SO_PEERSEC, text, &len) != 0 && errno == ENOPROTOOPT);
    (void)close(fd);
    works("the other end was an application", waitpid(pid, &status, 0) == pid && status == 0);
}

static void credentials(void)
{
    at_birth();
    (void)in_child(wrong_ones);
    works("one is written once", in_child(written_once));
    works("by that file alone", in_child(written_by_call));
    works("nor does it leave by becoming another user", in_child(inherited_by_fork));
    works("a child has it", in_child(fork_tells));
    works("another program has it", in_child(exec_tells));
    works("a service sees its own alone", in_child(service_sees_itself_alone));
    works("an application sees its own alone", in_child(app_sees_itself_alone));
    of_others();
    of_peers();
}

/* ---- the program that takes crashes ---- */

static int crash(void)
{
    struct rlimit limit = {1 << 20, 1 << 20};

    return become_app() && setrlimit(RLIMIT_CORE, &limit) == 0 && raise(SIGSEGV) != 0;
}

static void helper(void)
{
    static const char pattern[] = "|/bin/another %P", wait[] = "1";

    works("what takes crashes is named", put_at("/proc/sys/kernel/core_pattern", pattern, strlen(pattern)) &&
                                             put_at("/proc/sys/kernel/core_pipe_limit", wait, 1));
    (void)in_child(crash); /* ends when the helper has */
    sleep(1);
}

static int main_of_helper(void)
{
    struct tatu_lsm_credential told, want = {.capabilities = TATU_SM_RIGHT_RECORD};
    int good = get_from(EXEC, &told, sizeof(told)) == 88 && memcmp(&told, &want, 88) == 0 && !become_service() && errno == EPERM;
    int fd = open("/dev/kmsg", O_WRONLY);

    return dprintf(fd, "<4>[CRED] %s crashd takes crashes, whatever is named, and only records\n", good ? "pass" : "FAIL") < 0;
}

/* ---- memory ---- */

static void *map(int fd, int prot)
{
    return mmap(NULL, PAGE, prot, MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
}

static int not_mapped(int fd, int prot)
{
    return map(fd, prot) == MAP_FAILED && errno == EACCES;
}

static int copy_of_self(const char *path)
{
    static char bytes[65536];
    int from = open(SELF, O_RDONLY), to = path == NULL ? memfd_create("copy", 0) : open(path, O_CREAT | O_RDWR, 0755);
    ssize_t got;

    while ((got = read(from, bytes, sizeof(bytes))) > 0) {
        if (write(to, bytes, (size_t)got) != got) {
            return -1;
        }
    }
    (void)close(from);
    return to;
}

static int not_run(const char *path)
{
    return execl(path, "tell", TEXT_OF_APP, (char *)NULL) != 0 && errno == EACCES;
}

static int opens_closed(const char *path)
{
    int fd = open(path, O_RDONLY);
    int good = not_mapped(fd, PROT_READ | PROT_EXEC);

    (void)close(fd);
    return good;
}

/* The root file system once more, past dm-verity. */
static int mount_past_verity(void)
{
    struct {
        struct dm_ioctl head;
        struct dm_target_spec target;
        char table[64];
    } create = {0}, load = {0}, resume = {0}, *all[] = {&create, &load, &resume};
    int control = open("/dev/mapper/control", O_RDWR), size = 0;
    char path[32];

    for (int i = 0; i < 3; i++) {
        all[i]->head.version[0] = DM_VERSION_MAJOR;
        all[i]->head.data_size = sizeof(*all[i]);
        all[i]->head.data_start = offsetof(__typeof__(create), target);
        strcpy(all[i]->head.name, "past");
    }
    load.head.flags = DM_READONLY_FLAG;
    load.head.target_count = 1;
    load.target.length = 4096;
    strcpy(load.target.target_type, "linear");
    strcpy(load.table, "/dev/mtdblock0 0");
    (void)size;
    if (ioctl(control, DM_DEV_CREATE, &create) != 0 || ioctl(control, DM_TABLE_LOAD, &load) != 0 ||
        ioctl(control, DM_DEV_SUSPEND, &resume) != 0) {
        return 0;
    }
    snprintf(path, sizeof(path), "/dev/dm-%u", (unsigned)minor(resume.head.dev));
    return mount(path, "/mnt", "squashfs", MS_RDONLY, NULL) == 0 && access("/mnt" SELF, X_OK) == 0;
}

static int runs_copies_of_memory(void)
{
    int fd = copy_of_self(NULL);

    return syscall(SYS_execveat, fd, "", (char *[]){"tell", NULL}, NULL, AT_EMPTY_PATH) != 0 && errno == EACCES &&
           not_mapped(fd, PROT_READ | PROT_EXEC);
}

static int runs_copies_of_files(void)
{
    (void)close(copy_of_self("/run/copy"));
    return not_run("/run/copy") && opens_closed("/run/copy");
}

static int runs_the_store(void)
{
    int good;

    if (mount("mtd:store", "/mnt", "jffs2", 0, NULL) != 0) {
        return 0;
    }
    (void)close(copy_of_self("/mnt/copy"));
    good = not_run("/mnt/copy") && opens_closed("/mnt/copy");
    (void)umount("/mnt");
    return good;
}

static int runs_past_verity(void)
{
    return mount_past_verity() && not_run("/mnt" SELF) && opens_closed("/mnt" SELF);
}

static void files(void)
{
    int fd = open(SELF, O_RDONLY);

    works("a verified file is run", map(fd, PROT_READ | PROT_EXEC) != MAP_FAILED);
    works("but not written as well", not_mapped(fd, PROT_READ | PROT_WRITE | PROT_EXEC));
    works("nor shared", mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
    works("a memory file is not", in_child(runs_copies_of_memory));
    works("nor a file in memory", in_child(runs_copies_of_files));
    works("nor one of the store", in_child(runs_the_store));
    works("nor one past dm-verity", in_child(runs_past_verity));
    works("memory is not mapped to run", not_mapped(-1, PROT_EXEC) && not_mapped(-1, PROT_READ | PROT_EXEC) &&
                                             not_mapped(-1, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static int cannot(void *at, int prot)
{
    return at != MAP_FAILED && mprotect(at, PAGE, prot) != 0 && errno == EACCES;
}

static void changes(void)
{
    int fd = open(SELF, O_RDONLY);
    void *at = map(-1, PROT_READ | PROT_WRITE);

    works("what was written is not run", cannot(at, PROT_READ | PROT_EXEC) && cannot(at, PROT_READ | PROT_WRITE | PROT_EXEC) &&
                                             mprotect(at, PAGE, PROT_READ) == 0 && cannot(at, PROT_READ | PROT_EXEC));
    works("nor what was read", cannot(map(fd, PROT_READ), PROT_READ | PROT_EXEC));
    at = map(fd, PROT_READ | PROT_EXEC);
    works("what is run is not written", cannot(at, PROT_READ | PROT_WRITE) && cannot(at, PROT_READ | PROT_WRITE | PROT_EXEC));
    works("it may stop to be run", mprotect(at, PAGE, PROT_READ) == 0 && cannot(at, PROT_READ | PROT_EXEC));
}

/* Whether nothing but files is executable in this process. */
static int no_code_but_files(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[256];
    int good = maps != NULL;

    while (good && fgets(line, sizeof(line), maps) != NULL) {
        char *rights = strchr(line, ' ') + 1;

        good = rights[2] != 'x' || (rights[1] != 'w' && (strchr(line, '/') != NULL || strstr(line, "[vdso]") != NULL ||
                                                         strstr(line, "[sigpage]") != NULL || strstr(line, "[vectors]") != NULL));
        if (!good) {
            printf("[CRED] code: %s", line);
        }
    }
    return good;
}

static int implied_by_map(void)
{
    return personality(READ_IMPLIES_EXEC) >= 0 && map(-1, PROT_READ | PROT_WRITE) != MAP_FAILED && no_code_but_files();
}

static int implied_by_protect(void)
{
    void *at = map(-1, PROT_NONE);

    if (personality(READ_IMPLIES_EXEC) < 0) {
        return 0;
    }
    (void)mprotect(at, PAGE, PROT_READ);
    return no_code_but_files() && mprotect(at, PAGE, PROT_READ | PROT_WRITE) == 0 && no_code_but_files();
}

static int implied_by_break(void)
{
    long end = syscall(SYS_brk, 0);

    return personality(READ_IMPLIES_EXEC) >= 0 && syscall(SYS_brk, end + 8 * (long)PAGE) == end + 8 * (long)PAGE && no_code_but_files();
}

static int implied_over_exec(void)
{
    return personality(READ_IMPLIES_EXEC) >= 0 && execl(SELF, "maps", (char *)NULL) == 0;
}

static int implied_by_remap(void)
{
    void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED || personality(READ_IMPLIES_EXEC) < 0) {
        return 0;
    }
    (void)remap_file_pages(at, PAGE, 0, 0, 0);
    return no_code_but_files();
}

static void implied(void)
{
    works("reading implies nothing: maps", in_child(implied_by_map));
    works("changes", in_child(implied_by_protect));
    works("the heap", in_child(implied_by_break));
    works("pages of shared memory", in_child(implied_by_remap));
    works("another program", in_child(implied_over_exec));
}

static int will_not_run(const char *path)
{
    int status = 1;
    pid_t pid = fork();

    if (pid == 0) {
        (void)alarm(5); /* one that runs has no end of its own */
        _exit(not_run(path) ? 0 : 1);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void programs(void)
{
    works("a program as they all are", in_child(exec_tells));
    works("none with a stack to run", will_not_run("/t/stack"));
    works("none that does not say", will_not_run("/t/silent"));
    works("none with code to write", will_not_run("/t/written"));
    works("none with code the kernel zeroes", will_not_run("/t/zeroed"));
    works("nor such an interpreter", will_not_run("/t/loaded"));
}

/* ---- towards others ---- */

static int traces(void)
{
    pid_t pid = start_waiting(become_user);
    char path[32];
    int good = ptrace(PTRACE_ATTACH, pid, 0, 0) != 0 && errno == EPERM && ptrace(PTRACE_SEIZE, pid, 0, 0) != 0 && errno == EPERM;

    snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    good = good && open(path, O_RDONLY) < 0 && errno == EACCES;
    good = good && (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), 0, 0) < 0 && errno == EPERM;
    stop(pid);
    return good;
}

static int is_traced(void)
{
    return ptrace(PTRACE_TRACEME, 0, 0, 0) != 0 && errno == EPERM;
}

static int become_another_app(void)
{
    struct tatu_lsm_credential told = credential_of_app();

    told.component[0] = 99;
    return become(told);
}

static int can_read_maps(pid_t pid)
{
    char path[32], text[64];

    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    return get_from(path, text, sizeof(text)) > 0;
}

static int looks_at_others(void)
{
    pid_t same = start_waiting(become_app), other = start_waiting(become_another_app);
    int good = become_app() && can_read_maps(same) && !can_read_maps(other) && !can_read_maps(1);

    stop(same);
    stop(other);
    return good;
}

static int memory_is_read(const char *path)
{
    static int place = 42;
    int value = 0, fd = open(path, O_RDONLY);

    return pread(fd, &value, sizeof(value), (off_t)(uintptr_t)&place) == (ssize_t)sizeof(value) && value == 42 &&
           open(path, O_RDWR) < 0 && errno == EACCES && open(path, O_WRONLY) < 0 && errno == EACCES;
}

static int memory_by_file(void)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/task/%d/mem", (int)getpid());
    return memory_is_read("/proc/self/mem") && memory_is_read("/proc/thread-self/mem") && memory_is_read(path);
}

static const char *const of_net[] = {"/proc/self/net", "/proc/self/net/tcp", "/proc/thread-self/net/unix", "/proc/net/udp6", "/proc/self/net/stat/rt_cache"};

static int net_of_service(void)
{
    char text[64];

    return become_service() && get_from(of_net[1], text, sizeof(text)) > 0 && get_from("/proc/self/net/unix", text, sizeof(text)) > 0;
}

static int net_of_app(void)
{
    int good = become_app() && open("/proc/self/status", O_RDONLY) >= 0;

    for (size_t i = 0; i < sizeof(of_net) / sizeof(of_net[0]); i++) {
        good = good && open(of_net[i], O_RDONLY) < 0 && errno == EACCES;
    }
    return good;
}

static int groups_of_app(void)
{
    return become_app() && setpgid(0, 0) != 0 && errno == ENOSYS;
}

static int groups_with_control(void)
{
    struct tatu_lsm_credential told = credential_of_app();

    told.job_control = 1;
    return become(told) && setpgid(0, 0) == 0;
}

static int groups_of_service(void)
{
    return become_service() && setpgid(0, 0) == 0;
}

static int namespace_of_app(void)
{
    return become_app() && unshare(CLONE_NEWUSER) != 0 && errno == EPERM;
}

static int namespace_of_service(void)
{
    return become_service() && become_user() && unshare(CLONE_NEWUSER) == 0;
}

static int bind_errno(int family, int type, int told, uint16_t port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } at = {.in6 = {.sin6_port = htons(port)}};
    int fd = socket(family, type, 0), why = 0;

    at.any.sa_family = (sa_family_t)told;
    if (bind(fd, &at.any, family == AF_INET ? sizeof(at.in) : sizeof(at.in6)) != 0) {
        why = errno;
    }
    (void)close(fd);
    return why;
}

static int mdns_of_user(void)
{
    return become_user() && bind_errno(AF_INET, SOCK_DGRAM, AF_INET, 5353) == EACCES &&
           bind_errno(AF_INET6, SOCK_DGRAM, AF_INET6, 5353) == EACCES && bind_errno(AF_INET, SOCK_DGRAM, AF_UNSPEC, 5353) == EACCES &&
           bind_errno(AF_INET, SOCK_DGRAM, AF_INET, 5354) == 0 && bind_errno(AF_INET, SOCK_STREAM, AF_INET, 5353) == 0;
}

static void others(void)
{
    works("nobody drives another process", in_child(traces));
    works("nor lets itself be driven", in_child(is_traced));
    works("an application sees into its own alone", in_child(looks_at_others));
    works("memory is not written as a file", in_child(memory_by_file));
    works("an application sees no connections", in_child(net_of_app));
    works("a service may", in_child(net_of_service));
    works("an application has one process group", in_child(groups_of_app));
    works("unless it may have more", in_child(groups_with_control));
    works("a service may", in_child(groups_of_service));
    works("an application makes no user namespace", in_child(namespace_of_app));
    works("a service may make one", in_child(namespace_of_service));
    works("the port of mDNS is not for all", in_child(mdns_of_user));
    works("but for the network service", bind_errno(AF_INET, SOCK_DGRAM, AF_INET, 5353) == 0 &&
                                             bind_errno(AF_INET6, SOCK_DGRAM, AF_INET6, 5353) == 0);
}

/* ---- what is not there at all ---- */

static const struct {
    const char *name;
    long number;
} absent[] = {
    {"io_uring", 425},        {"userfaultfd", 388},     {"keys", 309},          {"keyctl", 311},
    {"perf events", 364},     {"kexec", 347},           {"modules", 128},       {"modules by file", 379},
    {"process_vm_readv", 376}, {"process_vm_writev", 377}, {"asynchronous I/O", 243}, {"shared memory of System V", 307},
    {"messages of System V", 303}, {"semaphores of System V", 299}, {"swap", 87},    {"uselib", 86},
    {"handles of files", 371}, {"fanotify", 367},        {"accounting", 51},     {"secret memory", 447},
    {"quotas", 131},          {"system V's sysfs", 135},
};

static int no_bpf(void)
{
    uint32_t attr[32] = {1, 4, 4, 1}; /* an array: type, key, value, entries */

    return become_user() && syscall(386, 0, attr, sizeof(attr)) < 0 && errno == EPERM;
}

static int no_log(void)
{
    char text[64];

    return become_user() && syscall(SYS_syslog, 3, text, sizeof(text)) < 0 && errno == EPERM && open("/dev/kmsg", O_RDONLY) < 0;
}

static int no_raw(void)
{
    return become_user() && socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 && errno == EPERM;
}

static int no_flash(void)
{
    return become_user() && open("/dev/mtd3", O_RDONLY) < 0 && errno == EACCES && open("/dev/mtd1", O_RDONLY) < 0 &&
           open("/dev/mtdblock1", O_RDONLY) < 0;
}

static void config(void)
{
    static const int families[] = {AF_PACKET, AF_ALG, AF_VSOCK, AF_BLUETOOTH, AF_CAN, AF_TIPC, AF_KEY, AF_RDS, AF_XDP};
    static const char *const paths[] = {"/dev/mem",      "/dev/kmem",           "/dev/port",        "/proc/kcore",   "/proc/kallsyms",
                                        "/proc/kpageflags", "/proc/self/pagemap", "/proc/modules",    "/sys/kernel/debug", "/proc/sysrq-trigger",
                                        "/proc/keys",    "/dev/userfaultfd",    "/dev/loop-control", "/dev/fuse",      "/dev/kvm"};

    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        char what[64];

        snprintf(what, sizeof(what), "there is no %s", absent[i].name);
        works(what, syscall(absent[i].number, -1, -1, 0, 0, 0, 0) < 0 && errno == ENOSYS);
    }
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        char what[64];

        snprintf(what, sizeof(what), "there are no sockets of family %d", families[i]);
        works(what, socket(families[i], SOCK_RAW, 0) < 0 && errno == EAFNOSUPPORT);
    }
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char what[64];

        snprintf(what, sizeof(what), "there is no %s", paths[i]);
        works(what, access(paths[i], F_OK) != 0 && errno == ENOENT);
    }
    works("BPF is not for all", in_child(no_bpf));
    works("nor the kernel's log", in_child(no_log));
    works("nor raw sockets", in_child(no_raw));
    works("nor the flash", in_child(no_flash));
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(argv[0], "tell") == 0) {
        return argc > 1 && text_is(argv[1]) ? 0 : 1;
    }
    if (strcmp(argv[0], "maps") == 0) {
        return no_code_but_files() ? 0 : 1;
    }
    if (getpid() != 1) {
        return main_of_helper();
    }
    works("the places", mount("proc", "/proc", "proc", 0, NULL) == 0 && mount("tmpfs", "/run", "tmpfs", 0, NULL) == 0 &&
                            mount("sysfs", "/sys", "sysfs", 0, NULL) == 0);
    credentials();
    helper();
    files();
    changes();
    implied();
    programs();
    others();
    config();
    printf("[CRED] done\n");
    fflush(stdout);
    sleep(1);
    reboot(RB_POWER_OFF);
    return 0;
}
