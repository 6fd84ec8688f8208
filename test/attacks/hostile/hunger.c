/* Taking all there is: processes, crash records, processor, sockets, memory. */
#include <applibs/log.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"
#include "parts.h"

#define PROCESSES_TRIED 200
#define PROCESSES_MAX 32
#define CRASHES 12
#define HAMMERS 8
#define TAKEN_MAX 100000u
#define CHUNK_BYTES 65536u
#define CHUNKS_MAX 1024 /* 64 MiB: the whole board has less for an application */

static void bomb_processes(void)
{
    static pid_t children[PROCESSES_TRIED];
    int count = 0;
    while (count < PROCESSES_TRIED) {
        children[count] = attack_fork();
        if (children[count] == 0) {
            (void)pause();
            _exit(0);
        }
        if (children[count] < 0) {
            break;
        }
        count++;
    }
    attack_tell("fork bomb", count < PROCESSES_MAX && errno == EAGAIN, "%d processes, %s", count,
                strerror(errno));
    for (int i = 0; i < count; i++) {
        (void)kill(children[i], SIGKILL);
        (void)waitpid(children[i], NULL, 0);
    }
}

static void bomb_descriptors(void)
{
    static int ends[256][2];
    int count = 0;
    while (count < 256 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends[count]) == 0) {
        count++;
    }
    attack_tell("descriptor bomb", count < 32 && errno == EMFILE, "%d pairs, %s", count,
                strerror(errno));
    for (int i = 0; i < count; i++) {
        (void)close(ends[i][0]);
        (void)close(ends[i][1]);
    }
}

static int crash(void *context)
{
    (void)context;
    return *(volatile int *)16;
}

/* Each crash is a record in flash: the test counts what the owner got. */
static void bomb_crashes(void)
{
    for (int i = 0; i < CRASHES; i++) {
        (void)attack_run_apart(crash, NULL);
    }
    (void)Log_Debug("%d crashes\n", CRASHES);
}

static void bomb_memory(void)
{
    (void)Log_Debug("takes memory\n");
    for (int i = 0; i < CHUNKS_MAX; i++) {
        char *chunk = malloc(CHUNK_BYTES);
        if (chunk == NULL) {
            continue;
        }
        memset(chunk, i + 1, CHUNK_BYTES);
    }
    attack_tell("memory bomb", false, "64 MiB are taken and nobody minds");
}

/* Each takes one of its kind; false: there is no more. */
static bool take_pipe(void)
{
    static uint8_t bytes[4096];
    int ends[2];
    if (pipe2(ends, O_NONBLOCK) != 0) {
        return false;
    }
    (void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    while (write(ends[1], bytes, sizeof(bytes)) > 0) {
    }
    return true;
}

static bool take_socket(void)
{
    static uint8_t bytes[4096];
    const int most = 1 << 24;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) != 0) {
        return false;
    }
    (void)setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
    while (send(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT) > 0 ||
           send(ends[0], bytes, 1, MSG_DONTWAIT) > 0) {
    }
    return true;
}

/* A page here and there: each costs a table of its own. */
static bool take_map(void)
{
    char *page = mmap(NULL, 2u << 20, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (page == MAP_FAILED) {
        return false;
    }
    page[1 << 20] = 1;
    return true;
}

static bool take_timer(void)
{
    timer_t timer;
    return timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0;
}

static bool take_thread(void)
{
    const size_t stack = 64u << 10;
    char *bytes = mmap(NULL, stack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return bytes != MAP_FAILED && attack_fork() >= 0;
}

static bool take_watch(void)
{
    const int outer = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    for (int fd = 0; fd < 64 && outer >= 0; fd++) {
        (void)epoll_ctl(outer, EPOLL_CTL_ADD, fd, &event);
    }
    return outer >= 0;
}

void hunger_take(const char *what)
{
    static const struct {
        const char *name;
        bool (*take)(void);
    } kinds[] = {{"pipes", take_pipe},   {"sockets", take_socket}, {"maps", take_map},
                 {"timers", take_timer}, {"threads", take_thread}, {"watches", take_watch}};
    unsigned taken = 0;
    (void)Log_Debug("takes %s\n", what);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        while (strcmp(kinds[i].name, what) == 0 && taken < TAKEN_MAX && kinds[i].take()) {
            taken++;
        }
    }
    attack_tell("there is an end of what it takes", taken < TAKEN_MAX, "%u are taken", taken);
    (void)Log_Debug("has all %s: %u\n", what, taken);
}

void hunger_attack(void)
{
    bomb_processes();
    bomb_descriptors();
    bomb_crashes();
    (void)sleep(2);
    bomb_memory();
}

void hunger_flood(void)
{
    for (unsigned i = 0;; i++) {
        (void)Log_Debug("flood %u\n", i);
    }
}

static void hammer(const char *path, size_t len)
{
    static const uint8_t zero[64];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    for (;;) {
        const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && len != 0) {
            (void)send(fd, zero, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        (void)close(fd);
    }
}

void hunger_hammer(void)
{
    /* silent and talking connections to both sockets, and bare work */
    static const struct {
        const char *path;
        size_t len;
    } victims[] = {{"/run/deviceauth/sign", 0},
                   {"/run/deviceauth/sign", 32},
                   {"/run/control", 0},
                   {"/run/control", 16},
                   {NULL, 0}};
    for (size_t i = 0; i < HAMMERS; i++) {
        const size_t which =
            i < sizeof(victims) / sizeof(victims[0]) ? i : sizeof(victims) / sizeof(victims[0]) - 1;
        if (attack_fork() == 0) {
            while (victims[which].path == NULL) {
            }
            hammer(victims[which].path, victims[which].len);
        }
    }
    (void)Log_Debug("hammers\n");
}
