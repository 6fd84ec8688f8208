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
    uint64_t capabilities;  /* bits of CAP_*; all others are given up for ever */
    const char *memory_max; /* of its cgroup */
    const char *pids_max;
    struct tatu_appman_place socket; /* SOCK_SEQPACKET, handed over on TATU_APPMAN_SOCKET_FD */
    struct tatu_appman_place places[TATU_APPMAN_PLACE_MAX];
};

/* ---- supervision: who is to be started when, and when to give up ---- */

#define TATU_APPMAN_BACKOFF_FIRST_MS 100u
#define TATU_APPMAN_BACKOFF_MAX_MS 10000u
#define TATU_APPMAN_HEALTHY_MS                                                                     \
    30000u /* a service that lived this long begins with a fresh back-off */
#define TATU_APPMAN_FAILURES_MAX 8u  /* in a row; then the device restarts */
#define TATU_APPMAN_STEADY_MS 10000u /* all services up for so long: this boot is healthy */

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
    bool healthy; /* the monitor was told */
};

/** Asks the monitor and says what it answers. One that does not answer leaves mode NORMAL: it does
 * not list applications either. */
void tatu_appman_read_boot(struct tatu_appman_boot *boot);
/** Whether applications may be started; if not, says so, and keeps an event for the owner. */
bool tatu_appman_may_launch(const struct tatu_appman_boot *boot, uint64_t unix_s);
/** Tells the monitor that this boot is healthy, once, and then makes `file`. Errors: the monitor's.
 */
enum tatu_err tatu_appman_tell_healthy(struct tatu_appman_boot *boot, const char *file);

/* ---- control socket ---- */

enum tatu_appman_request {
    TATU_APPMAN_STATUS = 1,
    TATU_APPMAN_RELOAD = 2,
    TATU_APPMAN_RESTART = 3,
};

/** The word, with or without a newline behind it. Errors: UNKNOWN_COMMAND. */
enum tatu_err tatu_appman_decode_request(struct tatu_span in, enum tatu_appman_request *out);

/** The number of a line "Name:   123 kB" of /proc/meminfo. Errors: NOT_FOUND, FORMAT. */
enum tatu_err tatu_appman_find_kib(struct tatu_span text, const char *name, uint32_t *out_kib);

#endif
