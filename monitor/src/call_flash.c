#include "call.h"
#include "mem.h"
#include "set.h"
#include "stage.h"

#define ID_SIZE 16u

/* ---- failure records -------------------------------------------------------------------------
 */

TATU_MONITOR_CALL(record_append)
{
    uint32_t id = 0;
    /* Boot records are the monitor's own word; the normal world cannot forge one. */
    if (in->kind != TATU_RECORD_CRASH && in->kind != TATU_RECORD_EVENT) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(tatu_monitor_append_record(&m->records, in->kind, in->bytes, &id));
    return put_word(out, id);
}

TATU_MONITOR_CALL(record_read)
{
    struct tatu_monitor_record record;
    TATU_TRY(tatu_monitor_find_record(&m->records, in->words[0], &record));
    TATU_TRY(put_word(out, record.id));
    TATU_TRY(put_word(out, record.kind | (uint32_t)record.bytes.len << 16));
    return tatu_base_put_bytes(out, record.bytes);
}

TATU_MONITOR_CALL(record_ack)
{
    return tatu_monitor_take_records(&m->records, in->words[0]);
}

/* ---- packages ---------------------------------------------------------------------------------
 */

TATU_MONITOR_CALL(stage_begin)
{
    uint32_t handle = 0;
    TATU_TRY(tatu_monitor_begin_stage(&m->apps, in->kind, in->words[0], &handle));
    return put_word(out, handle);
}

TATU_MONITOR_CALL(stage_copy)
{
    uint32_t handle = 0;
    TATU_TRY(tatu_monitor_copy_part(&m->apps, in->kind, &handle));
    return put_word(out, handle);
}

TATU_MONITOR_CALL(stage_write)
{
    return tatu_monitor_write_stage(&m->apps, in->words[0], in->words[1], in->bytes);
}

TATU_MONITOR_CALL(stage_finish)
{
    struct tatu_verified_image image;
    TATU_TRY(tatu_monitor_finish_stage(&m->apps, in->words[0], &image));
    return tatu_proto_encode_verified(&image, out);
}

TATU_MONITOR_CALL(stage_abort)
{
    return tatu_monitor_abort_stage(&m->apps, in->words[0]);
}

/* The word is u8 count and three zeros. */
TATU_MONITOR_CALL(commit_apps)
{
    uint32_t count = in->words[0];
    if (count > UINT8_MAX) {
        return TATU_ERR_FORMAT;
    }
    if (count > TATU_SMC_APPS_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    if (in->bytes.len != count * ID_SIZE) {
        return in->bytes.len < count * ID_SIZE ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    return tatu_monitor_commit_apps(&m->apps, in->bytes.data, count);
}

/* ---- sets -------------------------------------------------------------------------------------
 */

TATU_MONITOR_CALL(install_set)
{
    return tatu_monitor_install_set(&m->apps);
}

TATU_MONITOR_CALL(repair)
{
    uint32_t left = 0;
    TATU_TRY(tatu_monitor_repair_set(&m->apps, &left));
    return put_word(out, left);
}

TATU_MONITOR_CALL(healthy)
{
    TATU_TRY(tatu_monitor_order_vault(&m->vault, TATU_VAULT_BOOT_GOOD, (struct tatu_span){NULL, 0},
                                      NULL, 0));
    return tatu_monitor_keep_set(&m->apps);
}
