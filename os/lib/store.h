/*
 * Small files that survive: replaced as a whole, so that after a power cut there is the old or the
 * new one; sealed to this chip and bound to their name, so that they can be neither read, changed
 * nor exchanged outside of it. Source: docs/protocol/storage.md.
 */
#ifndef TATU_OS_LIB_STORE_H
#define TATU_OS_LIB_STORE_H

#include "base/base.h"
#include "os/lib/sm.h"

#define TATU_OS_STORE "/mnt/config"
#define TATU_OS_STORE_NAME_MAX 16u
#define TATU_OS_STORE_PATH_MAX 120u
#define TATU_OS_STORE_FILE_MAX 32768u

/**
 * Writes a file under a new name, waits until it is in flash, and puts it in the old one's place.
 * Mode 0600. Errors: ARGUMENT a path that is not absolute or over TATU_OS_STORE_PATH_MAX; LONG over
 * twice TATU_OS_STORE_FILE_MAX (a sealed file is longer than its content); FULL the store is;
 * FORMAT no file has that name; IO.
 */
enum tatu_err tatu_os_save_file(const char *path, struct tatu_span bytes);
/** Appends the file's bytes to out. Errors: NOT_FOUND, FULL it does not fit, FORMAT it is no file,
 * IO.
 */
enum tatu_err tatu_os_load_file(const char *path, struct tatu_buf *out);
/** One that is not there is removed already. Errors: ARGUMENT, IO. */
enum tatu_err tatu_os_remove_file(const char *path);

/**
 * As the two above, sealed. Right STORAGE.
 *
 * label  1..TATU_OS_STORE_NAME_MAX characters that no other file of the device uses
 * bytes  at most TATU_OS_STORE_FILE_MAX
 *
 * Errors  ARGUMENT a label of another length; SIGNATURE it was changed, is of another chip or under
 *         another label; FORMAT it is put together of several; the vault's
 * Cost    one vault command for each TATU_OS_SEALED_PART bytes
 */
enum tatu_err tatu_os_save_sealed(const struct tatu_os_monitor *monitor, const char *path,
                                  const char *label, struct tatu_span bytes);
enum tatu_err tatu_os_load_sealed(const struct tatu_os_monitor *monitor, const char *path,
                                  const char *label, struct tatu_buf *out);

/** The content of a sealed file's bytes. Errors: as of tatu_os_load_sealed, but those of files. */
enum tatu_err tatu_os_open_sealed(const struct tatu_os_monitor *monitor, struct tatu_span file,
                                  const char *label, struct tatu_buf *out);

#define TATU_OS_SEALED_PART 1008u /* bytes of content in one sealed part, all but the last */

#endif
