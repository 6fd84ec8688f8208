#define _GNU_SOURCE /* close_range, pipe2 */
#include "frames.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proto/smc.h"

#define CPU_LIMIT_S 5
#define WALL_LIMIT_MS 10000

/* SYMBOLISER_MEMORY_MAX comes from the build: a sanitizer's shadow needs terabytes of addresses */

static bool write_all(int fd, const void *data, size_t len)
{
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t step = write(fd, at, len);
        if (step < 0 && errno != EINTR) {
            return false;
        }
        at += step > 0 ? step : 0;
        len -= step > 0 ? (size_t)step : 0;
    }
    return true;
}

/* Reads until the end or `cap` bytes. */
static size_t read_all(int fd, void *data, size_t cap)
{
    uint8_t *at = data;
    size_t done = 0;
    while (done < cap) {
        ssize_t step = read(fd, at + done, cap - done);
        if (step == 0 || (step < 0 && errno != EINTR)) {
            break;
        }
        done += step > 0 ? (size_t)step : 0;
    }
    return done;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* As read_all, but gives up at the deadline. */
static size_t read_in_time(int fd, void *data, size_t cap, int64_t until_ms)
{
    uint8_t *at = data;
    size_t done = 0;
    while (done < cap) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left_ms = until_ms - clock_ms();
        if (left_ms <= 0 || (poll(&wait, 1, (int)left_ms) < 0 && errno != EINTR)) {
            break;
        }
        ssize_t step = wait.revents == 0 ? 0 : read(fd, at + done, cap - done);
        if (wait.revents != 0 && step <= 0) {
            break;
        }
        done += (size_t)step;
    }
    return done;
}

static void set_limit(int which, rlim_t value)
{
    const struct rlimit limit = {value, value};
    (void)setrlimit(which, &limit);
}

/* In the child: fresh memory (no keys), no environment, no descriptors but the two pipes. */
static void become_symboliser(const char *program, const char *symbol_dir, int in, int out)
{
    if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) {
        _exit(1);
    }
    (void)close_range(STDERR_FILENO, ~0u, 0);
    set_limit(RLIMIT_CPU, CPU_LIMIT_S);
    set_limit(RLIMIT_AS, SYMBOLISER_MEMORY_MAX);
    set_limit(RLIMIT_FSIZE, 0);
    set_limit(RLIMIT_CORE, 0);
    char *const environment[] = {NULL};
    char flag[] = "--symbolise";
    char *const arguments[] = {(char *)(uintptr_t)program, flag, (char *)(uintptr_t)symbol_dir,
                               NULL};
    (void)execve(program, arguments, environment);
    _exit(1);
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            (void)close(pair[i]);
        }
        pair[i] = -1;
    }
}

/* Runs the child over the payload. The payload fits a pipe, so writing it first cannot block. */
static bool run_child(const char *program, const char *symbol_dir, struct tatu_span payload,
                      struct tatu_stacks *out)
{
    int request[2] = {-1, -1};
    int answer[2] = {-1, -1};
    if (pipe2(request, O_CLOEXEC) != 0 || pipe2(answer, O_CLOEXEC) != 0) {
        close_pair(request);
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        become_symboliser(program, symbol_dir, request[0], answer[1]);
    }
    bool sent = child > 0 && write_all(request[1], payload.data, payload.len);
    close_pair(request);
    (void)close(answer[1]);
    answer[1] = -1;
    size_t got = sent ? read_in_time(answer[0], out, sizeof(*out), clock_ms() + WALL_LIMIT_MS) : 0;
    close_pair(answer);
    int status = 0;
    if (child > 0) {
        (void)kill(child, SIGKILL); /* it has answered or never will */
        (void)waitpid(child, &status, 0);
    }
    return got == sizeof(*out);
}

/* The child parsed foreign files: its answer is foreign too. */
static bool is_sound(const struct tatu_crash *crash, struct tatu_stacks *stacks)
{
    if (stacks->count != crash->thread_count) {
        return false;
    }
    for (uint32_t i = 0; i < stacks->count; i++) {
        if (stacks->threads[i].count > TATU_FRAME_MAX) {
            return false;
        }
        for (uint32_t k = 0; k < stacks->threads[i].count; k++) {
            struct tatu_frame *frame = &stacks->threads[i].frames[k];
            if (frame->kind > TATU_FRAME_GUESS || frame->module > TATU_CRASH_MODULE_MAX ||
                (frame->module < TATU_CRASH_MODULE_MAX && frame->module >= crash->module_count)) {
                return false;
            }
            frame->function[sizeof(frame->function) - 1] = 0;
            frame->file[sizeof(frame->file) - 1] = 0;
        }
    }
    return true;
}

void tatu_failures_symbolise_apart(const char *program, const char *symbol_dir,
                                   struct tatu_span payload, struct tatu_stacks *out)
{
    struct tatu_crash crash;
    memset(out, 0, sizeof(*out));
    if (tatu_proto_decode_crash(payload, &crash) != TATU_OK) {
        return;
    }
    if (!run_child(program, symbol_dir, payload, out) || !is_sound(&crash, out)) {
        memset(out, 0, sizeof(*out));
        tatu_failures_stack_plain(&crash, out);
    }
}

int tatu_failures_symboliser_main(const char *symbol_dir)
{
    static uint8_t payload[TATU_RECORD_MAX + 1];
    static struct tatu_stacks stacks;
    struct tatu_crash crash;
    size_t len = read_all(STDIN_FILENO, payload, sizeof(payload));
    if (len > TATU_RECORD_MAX ||
        tatu_proto_decode_crash((struct tatu_span){payload, len}, &crash) != TATU_OK) {
        return 1;
    }
    tatu_failures_symbolise(symbol_dir, &crash, &stacks);
    return write_all(STDOUT_FILENO, &stacks, sizeof(stacks)) ? 0 : 1;
}
