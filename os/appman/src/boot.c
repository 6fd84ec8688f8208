#include "os/appman/appman.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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
    tatu_os_log(boot->log, TATU_OS_LOG_NOTICE,
                "set %c%s, monitor version %u, os version %u, reset reason %u", 'A' + answer.set,
                answer.fallback ? " (fallback)" : "", (unsigned)answer.monitor_version,
                (unsigned)answer.os_version, (unsigned)answer.reset_reason);
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
