/* The steps of building a container, in the order main.c takes them. Each says on standard error
 * what failed and answers false. */
#ifndef TATU_LAUNCH_IMPL_H
#define TATU_LAUNCH_IMPL_H

#include "os/launch/launch.h"

/** Says "launch: WHAT: the system's reason" and answers false. */
bool tatu_launch_fail(const char *what);

/** Makes the block device of the body, checked by dm-verity when there is a tree; its /dev path. */
bool tatu_launch_open_body(const struct tatu_launch_spec *spec, char *out_path, size_t path_size);

/** Marks the devices of open_body to vanish with their last user. */
bool tatu_launch_forget_body(void);

/** Mount, ipc, uts and, if asked, network namespaces; the new root; pivots into it. */
bool tatu_launch_enter_root(const struct tatu_launch_spec *spec, const char *body_device);

/** User namespace, ids, capabilities, limits, no_new_privs, MDWE. */
bool tatu_launch_drop_rights(const struct tatu_launch_spec *spec);

/** Gives up all rights that the container's process 1 does not need to pass a signal on. */
bool tatu_launch_keep_signalling(void);

/**
 * Whether the kernel would give this program only memory that is either written or run. The kernel
 * sets up a program's stack and the zeroed end of its segments itself, past MDWE.
 *
 * head     the first bytes of the file, with its whole program header table; hostile
 *
 * Errors   SHORT   the table is not inside `head`
 *          FORMAT  not a 32-bit little-endian ARM program
 *          DENIED  it asks for memory to write and run, or does not say what stack it wants
 */
enum tatu_err tatu_launch_check_program(struct tatu_span head);

/** What may be opened: the image and the libraries, to read; what may be started: the program. */
bool tatu_launch_restrict_files(const char *program);

/** The application's system calls; the last step before exec. */
bool tatu_launch_restrict_calls(void);

/** Those of the container's process 1; its last step. */
bool tatu_launch_restrict_process_1(void);

#endif
