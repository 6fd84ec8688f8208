/* What an application beside the hostile one does: its work in time, and its file kept. */
#include <applibs/log.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "parts.h"

#define BEAT_NS 100000000L
#define SECOND_NS 1000000000L
#define BEATS_TOLD 10
#define KEPT_BYTES 4000

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* Waits until a moment; how late it came back. */
static int64_t wait_until(int64_t due)
{
    const struct timespec at = {.tv_sec = due / SECOND_NS, .tv_nsec = due % SECOND_NS};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) {
    }
    return now_ns() - due;
}

void beat_keep(void)
{
    int64_t due = now_ns() + BEAT_NS;
    for (unsigned second = 1;; second++) {
        int64_t worst = 0;
        unsigned missed = 0;
        for (int i = 0; i < BEATS_TOLD; i++, due += BEAT_NS) {
            const int64_t late = wait_until(due);
            worst = late > worst ? late : worst;
            missed += late >= BEAT_NS ? 1 : 0;
        }
        (void)Log_Debug("beat %u missed %u worst %u us\n", second, missed,
                        (unsigned)(worst / 1000));
    }
}

static uint32_t sum_of(const uint8_t *bytes, size_t len)
{
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ bytes[i]) * 16777619u;
    }
    return sum;
}

/* The file's bytes are the component's alone: other applications have another user id in them. */
void keeper_keep(void)
{
    static uint8_t bytes[KEPT_BYTES];
    const uint32_t args[4] = {CONTROL_STORAGE_OPEN, 0, 0, 0};
    uint32_t number;
    int fd = -1;
    const int64_t err = control_ask(args, NULL, 0, &number, &fd);
    const ssize_t kept = fd < 0 ? -1 : pread(fd, bytes, sizeof(bytes), 0);
    (void)Log_Debug("keeper uid %u error %d kept %d sum %08x\n", (unsigned)getuid(), (int)err,
                    (int)kept, (unsigned)sum_of(bytes, kept < 0 ? 0 : (size_t)kept));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(getuid() + i);
    }
    const bool written =
        fd >= 0 && pwrite(fd, bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes) && fsync(fd) == 0;
    (void)Log_Debug("keeper wrote %d sum %08x\n", written ? 1 : 0,
                    (unsigned)sum_of(bytes, sizeof(bytes)));
    (void)close(fd);
}
