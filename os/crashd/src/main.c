/* Started by the kernel for each crash: crashd PID TIME, the dump on standard input. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os/crashd/crashd.h"
#include "os/lib/log.h"
#include "os/lib/sm.h"
#include "proto/image.h"
#include "proto/smc.h"
#include "walls.h"

#define REGISTER_CALL 7      /* of a thread that made a system call: its number */
#define STACK_MIN 64u        /* bytes; less explains nothing */
#define BETWEEN_RECORDS_S 30 /* of one application: flash wears, and others want room in it */

static bool read_input(void *context, uint8_t *room, size_t len)
{
    (void)context;
    uint8_t dropped[512];
    while (len > 0) {
        const size_t part = room == NULL && len > sizeof(dropped) ? sizeof(dropped) : len;
        const ssize_t got = read(STDIN_FILENO, room == NULL ? dropped : room, part);
        if (got <= 0) {
            return false;
        }
        room = room == NULL ? NULL : room + got;
        len -= (size_t)got;
    }
    return true;
}

/* The text of a small file, without its line end; empty when there is none. */
static void read_text(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    out[0] = '\0';
    if (file != NULL) {
        if (fgets(out, (int)size, file) == NULL) {
            out[0] = '\0';
        }
        (void)fclose(file);
    }
    out[strcspn(out, "\n")] = '\0';
}

/* Whether this application's last record is long enough ago; if so, this is its last one. */
static bool take_turn(const char *component)
{
    char path[96];
    struct stat last;
    struct timespec now;
    (void)snprintf(path, sizeof(path), "/run/apps/%.36s/crashed", component);
    if (clock_gettime(CLOCK_REALTIME_COARSE, &now) != 0) {
        return false;
    }
    /* a clock that was set back counts as long ago */
    if (stat(path, &last) == 0 && last.st_mtim.tv_sec <= now.tv_sec &&
        now.tv_sec - last.st_mtim.tv_sec < BETWEEN_RECORDS_S) {
        return false;
    }
    (void)unlink(path);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    return fd >= 0 && close(fd) == 0;
}

/* Which application it was, by its cgroup; all zero for a part of the system. BUSY: too soon after
 * its last crash. */
static enum tatu_err name_application(const char *pid, struct tatu_crash *crash)
{
    static const char prefix[] = "0::/apps/";
    char path[96], text[96];
    (void)snprintf(path, sizeof(path), "/proc/%.10s/cgroup", pid);
    read_text(path, text, sizeof(text));
    if (strncmp(text, prefix, sizeof(prefix) - 1) != 0) {
        return TATU_OK;
    }
    const char *component = text + sizeof(prefix) - 1;
    if (tatu_proto_parse_guid(component, strlen(component), crash->component) != TATU_OK) {
        return TATU_OK;
    }
    if (!take_turn(component)) {
        return TATU_ERR_BUSY;
    }
    (void)snprintf(path, sizeof(path), "/run/apps/%.36s/image", component);
    read_text(path, text, sizeof(text));
    if (tatu_proto_parse_guid(text, strlen(text), crash->image) != TATU_OK) {
        memset(crash->image, 0, sizeof(crash->image));
    }
    return TATU_OK;
}

/* The encoded report; stacks are halved until it fits one record. */
static enum tatu_err encode(struct tatu_crash *crash, struct tatu_buf *out)
{
    for (;;) {
        out->len = 0;
        const enum tatu_err err = tatu_proto_encode_crash(crash, out);
        if (err != TATU_ERR_FULL || crash->threads[0].stack.len < STACK_MIN) {
            return err;
        }
        /* the others first: the first thread is the one that crashed */
        for (size_t i = crash->thread_count > 1 ? 1 : 0; i < crash->thread_count; i++) {
            crash->threads[i].stack.len /= 2;
        }
        if (crash->thread_count > 1 &&
            crash->threads[crash->thread_count - 1].stack.len < STACK_MIN) {
            crash->thread_count--;
        }
    }
}

static enum tatu_err keep(const struct tatu_os_log *log, const char *pid, const char *unix_s)
{
    static struct tatu_core_work work;
    static uint8_t record[TATU_RECORD_MAX];
    struct tatu_crash crash = {.pid = (uint32_t)strtoul(pid, NULL, 10),
                               .unix_s = strtoull(unix_s, NULL, 10)};
    struct tatu_buf buf = TATU_BUF_OF(record);
    struct tatu_os_monitor monitor;
    uint32_t id;
    TATU_TRY(name_application(pid, &crash));
    TATU_TRY(tatu_os_open_monitor(TATU_OS_MONITOR_PATH, &monitor));
    TATU_TRY(tatu_crashd_drop_rights());
    TATU_TRY(tatu_crashd_decode_core((struct tatu_core_source){read_input, NULL}, &work, &crash));
    TATU_TRY(encode(&crash, &buf));
    TATU_TRY(tatu_os_append_record(&monitor, TATU_RECORD_CRASH,
                                   (struct tatu_span){buf.data, buf.len}, &id));
    tatu_os_log(log, TATU_OS_LOG_NOTICE, "signal %u kept as record %u", (unsigned)crash.signal,
                (unsigned)id);
    if (crash.signal == SIGSYS) {
        tatu_os_log(log, TATU_OS_LOG_NOTICE, "record %u is of system call %u", (unsigned)id,
                    (unsigned)crash.threads[0].registers[REGISTER_CALL]);
    }
    return TATU_OK;
}

int main(int argc, char **argv)
{
    /* the kernel gives no standard error; the kernel's own log is where a service's lines go */
    struct tatu_os_log log;
    tatu_os_init_log(&log, "crashd", open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
    if (argc != 3) {
        tatu_os_log(&log, TATU_OS_LOG_ERROR, "usage: crashd PID TIME");
        return 2;
    }
    const enum tatu_err err = keep(&log, argv[1], argv[2]);
    if (err != TATU_OK) {
        tatu_os_log(&log, TATU_OS_LOG_ERROR, "a crash was not kept: %s", tatu_err_name(err));
    }
    return err == TATU_OK ? 0 : 1;
}
