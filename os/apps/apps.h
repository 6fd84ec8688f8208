/*
 * Applications: what is installed, the container of each, its user, life, peripherals, file and
 * output. A library in appman: it owns no process but the ones it starts, and hangs in appman's
 * loop. Source: docs/protocol/os.md, requests.md, storage.md.
 */
#ifndef TATU_OS_APPS_APPS_H
#define TATU_OS_APPS_APPS_H

#include <sys/types.h>

#include "base/base.h"
#include "os/lib/log.h"
#include "os/lib/loop.h"
#include "os/lib/request.h"
#include "os/lib/sm.h"

/* Of this board: what all applications together may use, as Azure Sphere counts it (anonymous and
 * shared memory; room for one TLS handshake), and what a container costs beside it: 240 to 500 KiB
 * of the kernel's before its program does anything, and pages of libraries that it was the first to
 * touch. A control group counts both. */
#define TATU_APPS_USER_KIB 1280u
#define TATU_APPS_EMPTY_KIB 448u

#define TATU_APPS_GROUP "/sys/fs/cgroup/apps" /* the control group of all of them */

struct tatu_apps;

/** What applications may ask of the machine; each answers an errno, 0 for success. */
struct tatu_apps_machine {
    int (*restart)(void *context);
    /** seconds until the alarm, 0: until the pin alone. */
    int (*power_down)(void *context, uint32_t seconds);
    int (*set_time)(void *context, int64_t seconds, uint32_t nanoseconds);
    int (*set_rtc)(void *context);
    /** Percent of the processor for all applications together. */
    int (*limit_processor)(void *context, uint32_t percent);
    void *context;
    const char *version; /* of the OS */
};

struct tatu_apps_world {
    struct tatu_os_loop *loop;
    const struct tatu_os_monitor *monitor;
    const struct tatu_os_log *log;
    const char *uids_file; /* in the store */
    const char *storage;   /* folder of the applications' files, in the store */
    const char *devices;   /* what stands before /dev and /sys of peripherals: "", but in tests */
    struct tatu_apps_machine machine;
};

/** Reads who has which user; world is borrowed. Errors: MEMORY. */
enum tatu_err tatu_apps_open(const struct tatu_apps_world *world, struct tatu_apps **out);

/**
 * Asks the monitor what is installed and starts, stops or replaces what changed. What is new stays
 * stopped when manual.
 * Errors   those of the monitor; then nothing changed, and it is asked again after 0.5 s … 60 s
 */
enum tatu_err tatu_apps_reload(struct tatu_apps *apps, bool manual);

/** A child of appman ended. False: it was none of the applications. */
bool tatu_apps_child_ended(struct tatu_apps *apps, pid_t pid, int status);

/** Looks at what they use now, for the peak; to be called now and then. */
void tatu_apps_sample(struct tatu_apps *apps);

/** Answers a request to appman that is about applications (proto/request.h). The caller has checked
 *  who asks. Errors: UNKNOWN_COMMAND it is about something else. */
enum tatu_err tatu_apps_act(struct tatu_apps *apps, const struct tatu_os_asked *asked,
                            struct tatu_os_reply *reply);

#endif
