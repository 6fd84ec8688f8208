/*
 * launch: builds one application's container and becomes its init. The application manager starts
 * it as process 1 of a new pid namespace, with the specification as a memory file on descriptor 3
 * and the application's output on descriptors 1 and 2.
 * Source: docs/protocol/os.md.
 */
#ifndef TATU_OS_LAUNCH_LAUNCH_H
#define TATU_OS_LAUNCH_LAUNCH_H

#include "base/base.h"

#define TATU_LAUNCH_MAGIC 0x484e4c54u /* "TLNH" */
#define TATU_LAUNCH_SPEC_FD 3
#define TATU_LAUNCH_PATH_MAX 128u
#define TATU_LAUNCH_ARG_MAX 16u
#define TATU_LAUNCH_ARG_BYTES 1024u
/* A pipe on which launch tells how the application ended: u32, little-endian, the status of
 * wait(2). Without these four bytes the end is that of launch itself. */
#define TATU_LAUNCH_STATUS_FD 4
#define TATU_LAUNCH_EXIT_TOLD 0
#define TATU_LAUNCH_EXIT_SETUP                                                                     \
    127 /* the container could not be built; the reason is on descriptor 2 */

/** All strings NUL-terminated. Made by appman only; both programs are of the same release. */
struct tatu_launch_spec {
    uint32_t magic;
    uint32_t uid;             /* and gid; 1000..65533 */
    uint64_t body_offset;     /* bytes into the block device, 4 KiB aligned */
    uint64_t body_len;        /* file system and verity tree */
    uint64_t verity_data_len; /* 0: no tree, the body is mounted as it is */
    uint8_t verity_root[32];
    uint32_t share_net; /* 0: an empty network namespace */
    uint32_t stack_bytes;
    uint32_t file_bytes;              /* no file it writes grows longer: its quota in the store */
    uint32_t arg_count;               /* strings in args */
    char args[TATU_LAUNCH_ARG_BYTES]; /* NUL-separated, the entry point first ("/bin/app") */
    char component[40];               /* guid text */
    char tenant[40];                  /* guid text, "" for none */
    char block_device[TATU_LAUNCH_PATH_MAX];
    char control[TATU_LAUNCH_PATH_MAX];    /* socket to bind at /run/control */
    char deviceauth[TATU_LAUNCH_PATH_MAX]; /* folder to bind at /run/deviceauth, "" for none */
};

/** Whether every field is inside its documented range. Errors: FORMAT, ARGUMENT. */
enum tatu_err tatu_launch_check_spec(const struct tatu_launch_spec *spec);

#endif
