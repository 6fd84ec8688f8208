/*
 * What went wrong in the field: reports of devices, kept once each; crashes grouped and
 * symbolised; events; symbols of applications. Source: docs/protocol/device-service.md §2,
 * report.md.
 */
#ifndef TATU_SERVICE_FAILURES_FAILURES_H
#define TATU_SERVICE_FAILURES_FAILURES_H

#include <sys/types.h>

#include "base/base.h"
#include "proto/report.h"
#include "service/store/store.h"

#define TATU_SYMBOL_MAX (16u * 1024u * 1024u)

struct tatu_report {
    uint32_t kind; /* enum tatu_record_kind; others are kept as unknown */
    uint64_t boot_count;
    uint64_t record;
    struct tatu_span payload; /* hostile */
};

/**
 * Keeps a report. The same (device, boot count, record) again changes nothing. A payload that does
 * not decode is kept as an unknown report: the device must be able to let go of it.
 * Errors   LONG over TATU_RECORD_MAX; FULL, IO
 */
enum tatu_err tatu_failures_put(const struct tatu_call *call, const uint8_t device_id[64],
                                const struct tatu_report *report, bool *out_new);

/** Kinds of events, with the names the operator sees; append only. */
#define TATU_SERVICE_EVENTS(X)                                                                     \
    X(BOOT_IMAGE_REFUSED, "boot-image-refused")                                                    \
    X(APP_EXIT, "app-exit")                                                                        \
    X(APP_SIGNAL, "app-signal")                                                                    \
    X(INSTALLED, "installed")                                                                      \
    X(INSTALL_FAILED, "install-failed")                                                            \
    X(VERDICT_CHANGED, "verdict-changed")                                                          \
    X(BOOTED_BACKUP_SET, "booted-backup-set")                                                      \
    X(UNKNOWN_REPORT, "unknown-report")                                                            \
    X(NOT_LAUNCHING, "not-launching")                                                              \
    X(FLOORS_RAISED, "floors-raised")                                                              \
    X(BACKUP_REPAIRED, "backup-repaired")                                                          \
    X(STORE_ERASED, "store-erased")                                                                \
    X(USERS_REFUSED, "users-refused")                                                              \
    X(APP_MEMORY, "app-memory")                                                                    \
    X(INSTALL_REFUSED, "install-refused")
enum tatu_service_event {
#define TATU_SERVICE_EVENT_ENUM(name, text) TATU_SERVICE_EVENT_##name,
    TATU_SERVICE_EVENTS(TATU_SERVICE_EVENT_ENUM)
#undef TATU_SERVICE_EVENT_ENUM
};

/** An event that the service itself saw. */
enum tatu_err tatu_failures_note(const struct tatu_call *call, const uint8_t device_id[64],
                                 enum tatu_service_event kind, uint32_t code, const char *text);

/* ---- lists, newest first ---- */
struct tatu_failure_filter {
    int64_t catalog;       /* 0: any */
    const uint8_t *device; /* NULL: any */
};
struct tatu_stored_event {
    int64_t id;
    uint8_t device_id[64];
    const char *kind;
    bool has_component;
    uint8_t component[16];
    uint8_t image[16];
    int64_t code;
    const char *text;
    int64_t at_s;
    int64_t received_s;
};
struct tatu_event_list {
    struct tatu_stored_event *items;
    size_t count;
    bool more;
};
enum tatu_err tatu_failures_list_events(const struct tatu_call *call,
                                        const struct tatu_failure_filter *filter,
                                        const struct tatu_page *page, struct tatu_event_list *out);

struct tatu_stored_crash {
    int64_t id;
    uint8_t device_id[64];
    uint8_t component[16];
    uint8_t image[16];
    uint32_t signal;
    uint32_t signal_code;
    uint32_t fault_address;
    const char *module; /* the one the program counter was in */
    struct tatu_span build_id;
    struct tatu_span group; /* same component, module and place: one bug */
    int64_t group_count;
    struct tatu_span payload;
    int64_t at_s;
    int64_t received_s;
};
struct tatu_crash_list {
    struct tatu_stored_crash *items;
    size_t count;
    bool more;
};
enum tatu_err tatu_failures_list_crashes(const struct tatu_call *call,
                                         const struct tatu_failure_filter *filter,
                                         const struct tatu_page *page, struct tatu_crash_list *out);
/** Errors: NOT_FOUND. */
enum tatu_err tatu_failures_get_crash(const struct tatu_call *call, int64_t id,
                                      struct tatu_stored_crash *out);

/** Counts of the last 14 days, one row per device, kind and component. */
struct tatu_insight {
    uint8_t device_id[64];
    const char *category; /* "Crash" or "Event" */
    const char *type;     /* event kind, or the crashed module */
    uint8_t component[16];
    int64_t count;
    int64_t first_s;
    int64_t last_s;
};
struct tatu_insight_list {
    struct tatu_insight *items;
    size_t count;
    bool more;
};
enum tatu_err tatu_failures_list_insights(const struct tatu_call *call, int64_t catalog,
                                          const struct tatu_page *page,
                                          struct tatu_insight_list *out);

/* ---- symbols ---- */
struct tatu_symbol {
    uint8_t build_id[TATU_BUILD_ID_MAX];
    size_t build_id_len;
    int64_t size_bytes;
    int64_t created_s;
};
struct tatu_symbol_list {
    struct tatu_symbol *items;
    size_t count;
    bool more;
};
/** Keeps an ELF file under its build id; a newer one takes the place of an older. Errors: FORMAT
 * (no ELF, damaged), TYPE (not 32-bit Arm), NOT_FOUND (no build id), LONG, FULL. */
enum tatu_err tatu_failures_put_symbols(const struct tatu_call *call, struct tatu_span elf,
                                        struct tatu_symbol *out);
enum tatu_err tatu_failures_list_symbols(const struct tatu_call *call, const struct tatu_page *page,
                                         struct tatu_symbol_list *out);
/** Finds the build id of a 32-bit little-endian Arm ELF file. Errors as above. */
enum tatu_err tatu_failures_find_build_id(struct tatu_span elf, struct tatu_span *out);

/* ---- stacks ---- */
#define TATU_FRAME_MAX 32u
enum tatu_frame_kind {
    TATU_FRAME_PC,    /* the crashed instruction */
    TATU_FRAME_CFI,   /* unwound by call frame information */
    TATU_FRAME_LR,    /* the link register */
    TATU_FRAME_GUESS, /* a word on the stack that points into a known module's code */
};
struct tatu_frame {
    uint32_t kind;
    uint32_t address;
    uint32_t module; /* index in the crash; TATU_CRASH_MODULE_MAX: none */
    uint32_t line;   /* 0: unknown */
    char function[128];
    char file[192];
};
struct tatu_stack {
    uint32_t count;
    struct tatu_frame frames[TATU_FRAME_MAX];
};
struct tatu_stacks {
    uint32_t count;
    struct tatu_stack threads[TATU_CRASH_THREAD_MAX];
};

/**
 * Unwinds and names the frames of a crash with the symbols of a folder (files named by build id).
 * Parses symbol files with a large library: call it in a process of its own.
 * Without symbols: program counter, link register, guesses.
 */
void tatu_failures_symbolise(const char *symbol_dir, const struct tatu_crash *crash,
                             struct tatu_stacks *out);
/** What can be said without reading any file. */
void tatu_failures_stack_plain(const struct tatu_crash *crash, struct tatu_stacks *out);
/** A child process at work: `program` --symbolise DIR, no environment, limits on time and memory.
 */
struct tatu_symboliser {
    pid_t child;
    int fd; /* where its answer comes, non-blocking; its reader closes it */
};
#define TATU_SYMBOLISER_ANSWER_SIZE sizeof(struct tatu_stacks)
#define TATU_SYMBOLISER_WAIT_MS 10000
/** Errors: IO when it cannot be started. */
enum tatu_err tatu_failures_start_symboliser(const char *program, const char *symbol_dir,
                                             struct tatu_span payload, struct tatu_symboliser *out);
/** Ends the child and takes its answer; one that is not whole or not sound gives plain stacks. */
void tatu_failures_end_symboliser(const struct tatu_symboliser *symboliser,
                                  const struct tatu_crash *crash, struct tatu_span answer,
                                  struct tatu_stacks *out);
/** The child: payload on descriptor 0, stacks on descriptor 1. Returns the exit status. */
int tatu_failures_symboliser_main(const char *symbol_dir);

#endif
