#include "backup.h"

#define PART_COUNT 6u /* of an OS set */

enum tatu_err tatu_backup_step(struct tatu_backup *backup, const struct tatu_os_monitor *monitor,
                               bool *out_mended)
{
    uint32_t left = 0;
    *out_mended = false;
    if (backup->is_done) {
        return TATU_OK;
    }
    const enum tatu_err err = tatu_os_repair_set(monitor, &left);
    if (err != TATU_OK) {
        backup->is_done = err != TATU_ERR_STATE && err != TATU_ERR_IO;
        return err;
    }
    /* a good part makes it fewer; only a bad one leaves all of them to be done */
    backup->is_mending = backup->is_mending || left == PART_COUNT;
    backup->is_done = left == 0;
    *out_mended = left == 0 && backup->is_mending;
    return TATU_OK;
}
