/* Taking all there is: processes, crash records, processor, sockets, memory. */
#include <applibs/log.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"
#include "parts.h"

#define PROCESSES_TRIED 200
#define PROCESSES_MAX 32
#define CRASHES 12
#define HAMMERS 8
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
