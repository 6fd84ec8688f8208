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

/** What may be opened: the image and the libraries, to read and execute; nothing to write. */
bool tatu_launch_restrict_files(void);

/** The allow-list of system calls; the last step before exec. */
bool tatu_launch_restrict_calls(void);

#endif
