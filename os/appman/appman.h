/*
 * appman: process 1. Mounts, kernel settings, the OS services and their restarts, the applications
 * (os/apps), the watchdog. A library, so that what decides can be tested without being process 1.
 * Source: docs/protocol/os.md.
 */
#ifndef TATU_OS_APPMAN_APPMAN_H
#define TATU_OS_APPMAN_APPMAN_H

#include <sys/types.h>

#include "base/base.h"
#include "os/lib/log.h"
#include "os/lib/sm.h"
#include "os/lib/time.h"

#define TATU_APPMAN_GROUP_MAX 3u
#define TATU_APPMAN_PLACE_MAX 2u
#define TATU_APPMAN_SERVICE_MAX 8u
/* The descriptor on which a service finds its listening socket. */
#define TATU_APPMAN_SOCKET_FD 3

/** A folder (mode has S_IFDIR) or an empty file (S_IFREG) below /run that belongs to a service. */
struct tatu_appman_place {
    const char *path; /* NULL: none */
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/** What a service is and what it may: one row of the table in docs/protocol/os.md. */
struct tatu_appman_service {
    const char *name;
    const char *path; /* of the program; a service whose program is absent is not started */
    uid_t uid;
    gid_t gid;
    size_t group_count;
    gid_t groups[TATU_APPMAN_GROUP_MAX];
    uint32_t rights;        /* TATU_RIGHT_* of its calls to the monitor */
    uint64_t capabilities;  /* bits of CAP_*; all others are given up for ever */
    const char *memory_max; /* of its cgroup */
    const char *pids_max;
    struct tatu_appman_place socket; /* SOCK_SEQPACKET, handed over on TATU_APPMAN_SOCKET_FD */
    struct tatu_appman_place places[TATU_APPMAN_PLACE_MAX];
    const char *kept; /* its folder in the store; NULL for none */
};

/* ---- supervision: who is to be started when, and when to give up ---- */

#define TATU_APPMAN_BACKOFF_FIRST_MS 100u
#define TATU_APPMAN_BACKOFF_MAX_MS 10000u
#define TATU_APPMAN_HEALTHY_MS                                                                     \
    30000u /* a service that lived this long begins with a fresh back-off */
#define TATU_APPMAN_FAILURES_MAX 8u    /* in a row; then the device restarts */
#define TATU_APPMAN_RESTARTS_MAX 5u    /* in a row; then a boot without applications */
#define TATU_APPMAN_LASTING_MS 300000u /* a boot that lasted so long is no part of a row */
#define TATU_APPMAN_STEADY_MS 10000u   /* all services up for so long: this boot is healthy */

enum tatu_appman_state {
    TATU_APPMAN_ABSENT = 0,
    TATU_APPMAN_WAITING, /* to be started at next_ms */
    TATU_APPMAN_RUNNING,
    TATU_APPMAN_LOST, /* failed too often */
};

struct tatu_appman_slot {
    const struct tatu_appman_service *service;
    enum tatu_appman_state state;
    pid_t pid;
    uint64_t started_ms;
    uint64_t next_ms;
    uint32_t failures; /* in a row */
    uint32_t starts;   /* ever */
};

struct tatu_appman_services {
    /** Starts the program; a failure counts as an end. */
    enum tatu_err (*start)(void *context, const struct tatu_appman_service *service,
                           pid_t *out_pid);
    void *context;
    size_t count;
    struct tatu_appman_slot slots[TATU_APPMAN_SERVICE_MAX];
};

/** Adds a service, to be started at once. Errors: FULL. */
enum tatu_err tatu_appman_add_service(struct tatu_appman_services *services,
                                      const struct tatu_appman_service *service, uint64_t now_ms);
/** Starts what is due; returns when the next will be due, 0 for never. */
uint64_t tatu_appman_start_due(struct tatu_appman_services *services, uint64_t now_ms);
/** A child ended. NULL: it was no service; else the slot, LOST when it has failed too often. */
const struct tatu_appman_slot *tatu_appman_note_end(struct tatu_appman_services *services,
                                                    pid_t pid, uint64_t now_ms);
/**
 * When all services will have been up for TATU_APPMAN_STEADY_MS without an end; 0: one is not up.
 */
uint64_t tatu_appman_steady_at(const struct tatu_appman_services *services);
/** One line for each service. Cut where out ends. */
void tatu_appman_describe_services(const struct tatu_appman_services *services, char *out,
                                   size_t size);

/* ---- what this boot is for, and whether it came up ---- */

#define TATU_APPMAN_HEALTHY_FILE "/run/healthy" /* there: the monitor was told */

struct tatu_appman_boot {
    const struct tatu_os_monitor *monitor;
    const struct tatu_os_log *log;
    enum tatu_boot_mode mode;
    bool healthy;          /* the monitor was told */
    uint32_t reset_reason; /* TATU_RESET_* */
    uint32_t restarts;     /* that nobody asked for, in a row, this one counted */
};

/** Asks the monitor and says what it answers. One that does not answer leaves mode NORMAL: it does
 * not list applications either. */
void tatu_appman_read_boot(struct tatu_appman_boot *boot);
/**
 * Counts restarts that nobody asked for, in a file of the store: a kernel that an application
 * brings down would else restart for ever, since it comes up each time. After
 * TATU_APPMAN_RESTARTS_MAX in a row this boot is a safe one. Whoever pulls the plug or presses the
 * button begins anew.
 */
void tatu_appman_count_restart(struct tatu_appman_boot *boot, const char *file);
/** The next restart is asked for, or this boot has lasted: the count is 0 again. */
void tatu_appman_forgive_restarts(struct tatu_appman_boot *boot, const char *file);
/** Whether applications may be started; if not, says so, and keeps an event for the owner. */
bool tatu_appman_may_launch(const struct tatu_appman_boot *boot, uint64_t unix_s);
/** Tells the monitor that this boot is healthy, once, and then makes `file`. Errors: the monitor's.
 */
enum tatu_err tatu_appman_tell_healthy(struct tatu_appman_boot *boot, const char *file);

/* ---- what others ask ---- */

/** Whether this user may ask that of appman: a table of the services. */
bool tatu_appman_may_ask(uid_t uid, uint32_t op);

/* ---- the store ---- */

#define TATU_APPMAN_STORE_COUNTER 0 /* of the vault: how often the store was opened */

/** What process 1 does for the store, and a test instead. Each answers an errno, 0 for success. */
struct tatu_appman_flash {
    int (*mount)(void *context);
    int (*unmount)(void *context);
    int (*erase)(void *context); /* all of it; not mounted */
    void *context;
};

/**
 * Mounts the store at `root` and looks whether it is this board's, as it was left: a copy of
 * another board or of an earlier time, and one that somebody made, is refused, told to the owner in
 * an event, and erased.
 *
 * Errors   IO, or the vault's: it cannot be used in this boot; it is not mounted and not erased
 * Cost     three vault commands
 * Source   docs/protocol/storage.md
 */
enum tatu_err tatu_appman_open_store(const struct tatu_appman_flash *flash, const char *root,
                                     const struct tatu_os_monitor *monitor,
                                     const struct tatu_os_log *log, uint64_t unix_s);

/* ---- time ---- */

/** Errors: IO, FULL. */
enum tatu_err tatu_appman_save_time(const char *path, uint64_t unix_s);
/** Errors: NOT_FOUND, FORMAT it is damaged, IO. */
enum tatu_err tatu_appman_load_time(const char *path, uint64_t *out_unix_s);
/** Whether an application may set the clock to that: within the bounds, and what a 32-bit clock of
 *  hardware holds. */
bool tatu_appman_may_set_time(const struct tatu_os_time_bounds *bounds, int64_t unix_s,
                              uint64_t now_ms);

#endif
