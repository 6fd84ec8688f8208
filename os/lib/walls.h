/*
 * What a process gives up for good: system calls (seccomp) and files, ports, abstract sockets and
 * signals (Landlock). Each process of the system and each application has its own lists.
 * Source: docs/protocol/os.md.
 */
#ifndef TATU_OS_LIB_WALLS_H
#define TATU_OS_LIB_WALLS_H

#include <linux/filter.h>

#include "base/base.h"

/* ---- system calls ---- */

#define TATU_OS_CALLS_MAX 256u /* in all sets together; Linux has about 450 */
#define TATU_OS_CALL_SETS_MAX 6u
#define TATU_OS_FILTER_MAX 640u /* instructions: a full list of lone numbers is 581 */

struct tatu_os_call_set {
    const uint32_t *calls;
    size_t count;
};
#define TATU_OS_CALL_SET(array)                                                                    \
    {                                                                                              \
        (array), TATU_COUNT_OF(array)                                                              \
    }

/** A call that is allowed with certain arguments only; with several rules all of them must hold. */
struct tatu_os_call_rule {
    uint32_t call;
    uint32_t argument; /* 0..5, its lower 32 bits */
    uint32_t mask;     /* which of its bits are looked at */
    const uint32_t *values;
    size_t value_count; /* one of them it must be; up to 64 */
    uint32_t error;     /* else this errno; 0: as a call that is not in the list */
};

struct tatu_os_calls {
    const struct tatu_os_call_set *sets[TATU_OS_CALL_SETS_MAX]; /* may overlap; NULL: no more */
    const struct tatu_os_call_rule *rules; /* those of one call side by side, in no set */
    size_t rule_count;
    uint32_t error; /* of any other call; 0: the process ends there, by SIGSYS with a core dump */
};

struct tatu_os_filter {
    struct sock_filter code[TATU_OS_FILTER_MAX];
    uint16_t len;
};

/**
 * Writes the filter of a list: a table of ranges in steps of eight, since the kernel runs it once
 * for each call there is when it is taken, and then keeps the answers.
 *
 * architecture  AUDIT_ARCH_* of the calls; any other is the process's end
 *
 * Errors  FULL  more calls or instructions than room; ARGUMENT a rule that cannot be written
 */
enum tatu_err tatu_os_make_filter(const struct tatu_os_calls *calls, uint32_t architecture,
                                  struct tatu_os_filter *out);

/** Takes it, for this process and all that come from it. Needs no_new_privs or root. Errors: those
 *  of make_filter; DENIED. Device only. */
enum tatu_err tatu_os_restrict_calls(const struct tatu_os_calls *calls);

/* Calls of Linux on ARM by what they are for. Device only. */
extern const struct tatu_os_call_set
    tatu_os_calls_of_programs; /* to start, read, write, wait, end */
extern const struct tatu_os_call_set tatu_os_calls_of_threads; /* beside clone */
extern const struct tatu_os_call_set tatu_os_calls_of_network; /* beside socket */
extern const struct tatu_os_call_set tatu_os_calls_of_stores;  /* files come, change names, go */
extern const struct tatu_os_call_set tatu_os_calls_of_applications; /* what POSIX has beside */

/* ---- files ---- */

struct tatu_os_file_rule {
    const char *path; /* one that is not there opens nothing */
    uint64_t access;  /* LANDLOCK_ACCESS_FS_*; of a file no rights of folders */
};

struct tatu_os_files {
    const struct tatu_os_file_rule *rules;
    size_t count;
    const char *program; /* may be started as well; NULL: nothing but what the rules say */
    bool any_port;       /* others decide about TCP ports */
    bool connects;       /* to any TCP port */
    uint16_t listens_at; /* TCP port; 0: none */
};

/** Nothing else can be opened, made, started, sent a signal or spoken to by an abstract name.
 *  Errors: DENIED. Device only. */
enum tatu_err tatu_os_restrict_files(const struct tatu_os_files *files);

#endif
