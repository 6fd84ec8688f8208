/* Looks after the OS set that does not run: a damaged one is made a copy of the running one. */
#ifndef TATU_UPDATED_BACKUP_H
#define TATU_UPDATED_BACKUP_H

#include "os/lib/sm.h"

struct tatu_backup {
    bool is_done;    /* in this boot: it is good, or cannot be made so */
    bool is_mending; /* a part was found bad */
};

/**
 * One step; nothing when it is done.
 *
 * out_mended  true with the step that made a damaged set whole
 *
 * Errors   STATE  it is being updated: later
 *          the monitor's and the vault's; then it is given up until the next boot, but for IO
 */
enum tatu_err tatu_backup_step(struct tatu_backup *backup, const struct tatu_os_monitor *monitor,
                               bool *out_mended);

#endif
