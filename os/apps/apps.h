/*
 * Applications: what is installed, the container of each, its life and its peripherals. A library
 * in appman: it owns no process but the ones it starts, and its one descriptor goes into appman's
 * loop. Source: docs/protocol/os.md.
 */
#ifndef TATU_OS_APPS_APPS_H
#define TATU_OS_APPS_APPS_H

#include <stdio.h>
#include <sys/types.h>

#include "base/base.h"
#include "os/apps/manifest.h"
#include "os/lib/log.h"
#include "os/lib/sm.h"
#include "proto/image.h"
#include "proto/smc.h"

#define TATU_APPS_LOG_BYTES 2048u /* of one unfinished line and the ring behind it */

enum tatu_app_state {
    TATU_APP_ABSENT = 0,
    TATU_APP_WAITING, /* to be started at next_ms */
    TATU_APP_RUNNING,
    TATU_APP_STOPPING, /* SIGTERM is sent; SIGKILL at next_ms */
};

struct tatu_app {
    enum tatu_app_state state;
    bool wanted; /* false: to be gone when it has stopped */
    struct tatu_smc_app image;
    struct tatu_manifest manifest;
    char component[TATU_GUID_TEXT_SIZE];
    uint32_t uid;
    pid_t pid;
    int control_fd; /* listening */
    int pending_fd; /* a connection whose request has not come yet; one at a time */
    int output_fd;
    int status_fd; /* launch tells there how the application ended */
    int64_t next_ms;
    int64_t started_ms;
    uint32_t failures; /* in a row */
    char line[TATU_APPS_LOG_BYTES];
    size_t line_len;
};

struct tatu_apps {
    const struct tatu_os_monitor *monitor;
    const struct tatu_os_log *log;
    int epoll_fd;
    struct tatu_app apps[TATU_SMC_APPS_MAX];
};

/** Errors: IO. */
enum tatu_err tatu_apps_init(struct tatu_apps *apps, const struct tatu_os_monitor *monitor,
                             const struct tatu_os_log *log);

/** Readable when tatu_apps_dispatch has work. */
int tatu_apps_descriptor(const struct tatu_apps *apps);

/** Handles sockets and output that are ready; never waits. */
void tatu_apps_dispatch(struct tatu_apps *apps);

/**
 * Asks the monitor what is installed and starts, stops or replaces what changed.
 * Errors   those of the monitor; then nothing changed
 */
enum tatu_err tatu_apps_reload(struct tatu_apps *apps, int64_t now_ms);

/** Does what is due; the time of the next thing that will be, or -1. */
int64_t tatu_apps_advance(struct tatu_apps *apps, int64_t now_ms);

/** A child of appman ended. False: it was none of the applications. */
bool tatu_apps_child_ended(struct tatu_apps *apps, pid_t pid, int status, int64_t now_ms);

/** One line for each application, to the control socket's `status`. */
void tatu_apps_describe(const struct tatu_apps *apps, char *out, size_t size);

#endif
