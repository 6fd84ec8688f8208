/* Packages on their way into flash: begin, write in any order, have it verified. */
#ifndef TATU_MONITOR_STAGE_H
#define TATU_MONITOR_STAGE_H

#include "apps.h"

/**
 * Reserves flash for a package: an application's, or that of a part of the other OS set, in place
 * of one of its type that is staged.
 *
 * Errors    ARGUMENT  len is 0;  TYPE  neither an application nor part of an OS set
 *           LONG  over TATU_IMAGE_PACKAGE_MAX, or what the part's slot takes
 *           FULL  TATU_MONITOR_STAGE_MAX are staged, or no free room is long enough
 *           of an OS part: the vault's, when the running set could not start by itself;  IO
 * Cost      of an OS part: three verifications, at most two sector erases
 */
enum tatu_err tatu_monitor_begin_stage(struct tatu_monitor_apps *apps, uint16_t type, uint32_t len,
                                       uint32_t *out_handle);

/**
 * Programs bytes of the package; each byte once.
 *
 * Errors    NOT_FOUND  no such handle;  STATE  it is verified already
 *           ARGUMENT   offset or length not a multiple of 4 (but at the end), empty, out of range
 *           EXISTS     something else was written there;  IO  the flash failed
 * Cost      at most two sector erases
 */
enum tatu_err tatu_monitor_write_stage(struct tatu_monitor_apps *apps, uint32_t handle,
                                       uint32_t offset, struct tatu_span bytes);

/**
 * Has the package verified where it lies. After an error it stays as it was, to be aborted.
 *
 * Errors    NOT_FOUND  no such handle;  STATE  it is verified already
 *           EXISTS     an application with this id is installed or staged;  the vault's
 *           IO         the flash failed
 */
enum tatu_err tatu_monitor_finish_stage(struct tatu_monitor_apps *apps, uint32_t handle,
                                        struct tatu_verified_image *out);

/** Gives its flash back. Errors: NOT_FOUND no such handle. */
enum tatu_err tatu_monitor_abort_stage(struct tatu_monitor_apps *apps, uint32_t handle);

#endif
