#define _GNU_SOURCE /* close_range, pipe2 */
#include "frames.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/smc.h"

#define CPU_LIMIT_S 5

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

/* The payload fits a pipe, so writing it before anybody reads cannot block. */
enum tatu_err tatu_failures_start_symboliser(const char *program, const char *symbol_dir,
                                             struct tatu_span payload, struct tatu_symboliser *out)
{
    int request[2] = {-1, -1};
    int answer[2] = {-1, -1};
    if (pipe2(request, O_CLOEXEC) != 0 || pipe2(answer, O_CLOEXEC) != 0 ||
        fcntl(answer[0], F_SETFL, O_NONBLOCK) != 0) {
        close_pair(request);
        close_pair(answer);
        return TATU_ERR_IO;
    }
    pid_t child = fork();
    if (child == 0) {
        become_symboliser(program, symbol_dir, request[0], answer[1]);
    }
    if (child > 0) {
        /* a child that is gone already will answer nothing, and that is noticed */
        (void)write_all(request[1], payload.data, payload.len);
    }
    close_pair(request);
    (void)close(answer[1]);
    if (child < 0) {
        (void)close(answer[0]);
        return TATU_ERR_IO;
    }
    *out = (struct tatu_symboliser){child, answer[0]};
    return TATU_OK;
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

void tatu_failures_end_symboliser(const struct tatu_symboliser *symboliser,
                                  const struct tatu_crash *crash, struct tatu_span answer,
                                  struct tatu_stacks *out)
{
    int status = 0;
    (void)kill(symboliser->child, SIGKILL); /* it has answered or never will */
    (void)waitpid(symboliser->child, &status, 0);
    memset(out, 0, sizeof(*out));
    if (answer.len == sizeof(*out)) {
        memcpy(out, answer.data, sizeof(*out));
    }
    if (answer.len != sizeof(*out) || !is_sound(crash, out)) {
        memset(out, 0, sizeof(*out));
        tatu_failures_stack_plain(crash, out);
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
