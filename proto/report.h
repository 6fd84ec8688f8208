/*
 * Failure reports: what crashd keeps of a core dump, and events. CBOR maps with integer keys.
 * At most TATU_RECORD_MAX bytes, so that a report fits one failure record in flash.
 * Source: docs/protocol/report.md.
 */
#ifndef TATU_PROTO_REPORT_H
#define TATU_PROTO_REPORT_H

#include "base/base.h"

#define TATU_CRASH_STACK_MAX 2048u
#define TATU_CRASH_MODULE_MAX 8u
#define TATU_CRASH_THREAD_MAX 4u
#define TATU_BUILD_ID_MAX 20u

struct tatu_crash_module {
    uint32_t base; /* load address */
    uint32_t size;
    uint8_t build_id[TATU_BUILD_ID_MAX];
    uint32_t build_id_len; /* 0: none found */
    char name[48];         /* path inside the container */
};

struct tatu_crash_thread {
    uint32_t registers[17]; /* r0..r15, cpsr */
    uint32_t stack_base;    /* = sp at the crash */
    struct tatu_span stack; /* bytes from sp upwards */
};

/** Map 1..9. Thread 0 is the one that crashed. */
struct tatu_crash {
    uint8_t component[16];  /* 1 */
    uint8_t image[16];      /* 2 */
    uint32_t signal;        /* 3 */
    uint32_t signal_code;   /* 4 */
    uint32_t fault_address; /* 5 */
    uint64_t unix_s;        /* 6 */
    size_t module_count;    /* 7 array of [base, size, build id, name] */
    struct tatu_crash_module modules[TATU_CRASH_MODULE_MAX];
    size_t thread_count; /* 8 array of [registers (bytes, 68, little-endian), stack base, stack] */
    struct tatu_crash_thread threads[TATU_CRASH_THREAD_MAX];
    uint32_t pid; /* 9 */
};
/** Errors of encode: ARGUMENT no thread, a count or length over its maximum, a name without NUL;
 *  FULL, also when it would be over TATU_RECORD_MAX. Bytes of a name that are not printable ASCII
 * are written as '?'. Of decode: SHORT, LONG, FORMAT. Decoded stacks point into `in`. */
enum tatu_err tatu_proto_encode_crash(const struct tatu_crash *crash, struct tatu_buf *out);
enum tatu_err tatu_proto_decode_crash(struct tatu_span in, struct tatu_crash *out);

/** A boot image was refused. Array [set, image type, error, boot count]. */
struct tatu_boot_failure {
    uint8_t set;
    uint16_t image_type;
    uint32_t err;
    uint64_t boot_count;
};
/** Errors: FULL / SHORT, FORMAT. */
enum tatu_err tatu_proto_encode_boot_failure(const struct tatu_boot_failure *f,
                                             struct tatu_buf *out);
enum tatu_err tatu_proto_decode_boot_failure(struct tatu_span in, struct tatu_boot_failure *out);

/** An application ended, an install failed... Map 1..5. */
enum tatu_event_kind {
    TATU_EVENT_APP_EXIT = 1,   /* code = exit status */
    TATU_EVENT_APP_SIGNAL = 2, /* code = signal */
    TATU_EVENT_INSTALLED = 3,
    TATU_EVENT_INSTALL_FAILED = 4, /* code = enum tatu_err */
    /* Of the device, no application: component and image are zero. */
    TATU_EVENT_NOT_LAUNCHING = 5, /* code = enum tatu_boot_mode, why no application is started */
    TATU_EVENT_FLOORS_RAISED = 6, /* code = the floors now, a byte each from the lowest: vault,
                                     monitor, OS, keystore */
    TATU_EVENT_BACKUP_REPAIRED =
        7,                        /* the OS set that does not run was damaged, and is whole again */
    TATU_EVENT_STORE_ERASED = 8,  /* code = enum tatu_err, why what was kept is not of this board as
                                     it was: all settings and files of applications are gone */
    TATU_EVENT_USERS_REFUSED = 9, /* code = enum tatu_err, why the map of users was not taken: the
                                     files of all applications are gone */
    /* of an application */
    TATU_EVENT_APP_MEMORY = 10, /* it was killed over its memory; code = KiB all of them may have */
    TATU_EVENT_INSTALL_REFUSED = 11, /* code = number of proto/device_errors.h, why its manifest is
                                        not granted; nothing of its deployment is installed */
};
struct tatu_event {
    uint32_t kind;         /* 1 */
    uint8_t component[16]; /* 2 */
    uint8_t image[16];     /* 3 */
    uint32_t code;         /* 4 */
    uint64_t unix_s;       /* 5 */
};
/** A kind that is not in the list is passed on: the device may be newer than its reader.
 *  Errors: ARGUMENT for kind 0, FULL / SHORT, FORMAT. */
enum tatu_err tatu_proto_encode_event(const struct tatu_event *event, struct tatu_buf *out);
enum tatu_err tatu_proto_decode_event(struct tatu_span in, struct tatu_event *out);

#endif
