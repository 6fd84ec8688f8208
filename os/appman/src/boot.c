#include "os/appman/appman.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/lib/store.h"
#include "proto/map.h"
#include "proto/report.h"

#define EVENT_MAX 128u

static const char *mode_name(enum tatu_boot_mode mode)
{
    switch (mode) {
    case TATU_BOOT_NORMAL:
        return "normal";
    case TATU_BOOT_SAFE:
        return "safe";
    case TATU_BOOT_RENEW:
        return "renew";
    case TATU_BOOT_RECOVERY:
        return "recovery";
    }
    return "unknown";
}

void tatu_appman_read_boot(struct tatu_appman_boot *boot)
{
    struct tatu_smc_boot answer;
    enum tatu_err err = tatu_os_get_boot(boot->monitor, &answer);

    if (err != TATU_OK) {
        tatu_os_log(boot->log, TATU_OS_LOG_ERROR, "boot state unknown: %s", tatu_err_name(err));
        return;
    }
    boot->mode = (enum tatu_boot_mode)answer.mode;
    boot->reset_reason = answer.reset_reason;
    tatu_os_log(boot->log, TATU_OS_LOG_NOTICE,
                "set %c%s, monitor version %u, os version %u, reset reason %u", 'A' + answer.set,
                answer.fallback ? " (fallback)" : "", (unsigned)answer.monitor_version,
                (unsigned)answer.os_version, (unsigned)answer.reset_reason);
}

static bool is_unasked(uint32_t reason)
{
    return reason == TATU_RESET_SOFTWARE || reason == TATU_RESET_WATCHDOG ||
           reason == TATU_RESET_VAULT;
}

static void save_restarts(const struct tatu_appman_boot *boot, const char *file)
{
    const uint8_t byte = (uint8_t)boot->restarts;
    const enum tatu_err err = tatu_os_save_file(file, (struct tatu_span){&byte, sizeof(byte)});

    if (err != TATU_OK) {
        tatu_os_log(boot->log, TATU_OS_LOG_WARNING, "restarts not counted: %s", tatu_err_name(err));
    }
}

void tatu_appman_count_restart(struct tatu_appman_boot *boot, const char *file)
{
    uint8_t byte = 0;
    struct tatu_buf buf = {&byte, 0, sizeof(byte)};
    const uint32_t before =
        tatu_os_load_file(file, &buf) == TATU_OK && byte <= TATU_APPMAN_RESTARTS_MAX ? byte : 0;

    boot->restarts = !is_unasked(boot->reset_reason)     ? 0
                     : before < TATU_APPMAN_RESTARTS_MAX ? before + 1
                                                         : before;
    if (boot->restarts != before) {
        save_restarts(boot, file);
    }
    if (boot->restarts == TATU_APPMAN_RESTARTS_MAX && boot->mode == TATU_BOOT_NORMAL) {
        tatu_os_log(boot->log, TATU_OS_LOG_WARNING, "%u restarts in a row that nobody asked for",
                    (unsigned)boot->restarts);
        boot->mode = TATU_BOOT_SAFE;
    }
}

void tatu_appman_forgive_restarts(struct tatu_appman_boot *boot, const char *file)
{
    if (boot->restarts != 0) {
        boot->restarts = 0;
        save_restarts(boot, file);
    }
}

static enum tatu_err keep_event(const struct tatu_appman_boot *boot, uint64_t unix_s)
{
    const struct tatu_event event = {
        .kind = TATU_EVENT_NOT_LAUNCHING, .code = (uint32_t)boot->mode, .unix_s = unix_s};
    uint8_t bytes[EVENT_MAX];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    uint32_t id;

    TATU_TRY(tatu_proto_encode_event(&event, &buf));
    return tatu_os_append_record(boot->monitor, TATU_RECORD_EVENT,
                                 (struct tatu_span){buf.data, buf.len}, &id);
}

bool tatu_appman_may_launch(const struct tatu_appman_boot *boot, uint64_t unix_s)
{
    enum tatu_err err;

    if (boot->mode == TATU_BOOT_NORMAL) {
        return true;
    }
    tatu_os_log(boot->log, TATU_OS_LOG_WARNING, "%s mode; not launching applications",
                mode_name(boot->mode));
    err = keep_event(boot, unix_s);
    if (err != TATU_OK) {
        tatu_os_log(boot->log, TATU_OS_LOG_WARNING, "an event was not kept: %s",
                    tatu_err_name(err));
    }
    return false;
}

enum tatu_err tatu_appman_tell_healthy(struct tatu_appman_boot *boot, const char *file)
{
    int fd;

    if (boot->healthy) {
        return TATU_OK;
    }
    TATU_TRY(tatu_os_tell_healthy(boot->monitor));
    boot->healthy = true;
    fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
    if (fd >= 0) {
        (void)close(fd);
    }
    tatu_os_log(boot->log, TATU_OS_LOG_NOTICE, "healthy: all services are up for %u s",
                TATU_APPMAN_STEADY_MS / 1000);
    return TATU_OK;
}
