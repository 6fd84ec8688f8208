#include "table.h"

#include "chip.h"
#include "mem.h"
#include "vault.h"

#define PURPOSE_TABLE 1u

static const uint32_t table_at[2] = {TATU_FLASH_TABLE0_AT, TATU_FLASH_TABLE1_AT};

/* The vault's storage counter, after adding 0 or 1. */
static enum tatu_err count(struct tatu_monitor_apps *apps, uint32_t add)
{
    uint8_t request[4];
    uint8_t bytes[8];
    tatu_put_le32(request, add);
    TATU_TRY(tatu_monitor_order_vault(apps->vault, TATU_VAULT_COUNT, TATU_SPAN_OF(request), bytes,
                                      sizeof(bytes)));
    apps->count = tatu_get_le64(bytes);
    return TATU_OK;
}

/* From here on only the present table counts. Asks before it adds: an answer may have been lost. */
static enum tatu_err settle(struct tatu_monitor_apps *apps)
{
    TATU_TRY(count(apps, 0));
    return apps->count < apps->table.sequence ? count(apps, 1) : TATU_OK;
}

static enum tatu_err authenticate(struct tatu_monitor_apps *apps, const uint8_t *table,
                                  uint8_t out_mac[TATU_TABLE_MAC_SIZE])
{
    tatu_put_le32(apps->message, PURPOSE_TABLE);
    memcpy(apps->message + 4, table, TATU_TABLE_MAC_AT);
    return tatu_monitor_order_vault(apps->vault, TATU_VAULT_AUTHENTICATE,
                                    (struct tatu_span){apps->message, 4 + TATU_TABLE_MAC_AT},
                                    out_mac, TATU_TABLE_MAC_SIZE);
}

/* Fails when flash or vault do; whether the copy is right is the verdict. */
static enum tatu_err read_copy(struct tatu_monitor_apps *apps, int copy, struct tatu_table *out,
                               enum tatu_err *out_verdict)
{
    uint8_t bytes[TATU_TABLE_SIZE];
    uint8_t mac[TATU_TABLE_MAC_SIZE];
    TATU_TRY(tatu_monitor_read_flash(apps->chip, table_at[copy], bytes, sizeof(bytes)));
    *out_verdict = tatu_proto_decode_table(TATU_SPAN_OF(bytes), out);
    if (*out_verdict != TATU_OK) {
        return TATU_OK;
    }
    TATU_TRY(authenticate(apps, bytes, mac));
    if (!tatu_base_equal_ct(mac, out->mac, sizeof(mac))) {
        *out_verdict = TATU_ERR_SIGNATURE;
    } else if (out->sequence != apps->count && out->sequence != apps->count + 1) {
        *out_verdict = TATU_ERR_STALE;
    }
    return TATU_OK;
}

enum tatu_err tatu_monitor_open_table(struct tatu_monitor_apps *apps, enum tatu_err out_refused[2])
{
    struct tatu_table table;
    apps->table_copy = -1;
    TATU_TRY(count(apps, 0));
    for (int i = 0; i < 2; i++) {
        TATU_TRY(read_copy(apps, i, &table, &out_refused[i]));
        if (out_refused[i] == TATU_OK &&
            (apps->table_copy < 0 || table.sequence > apps->table.sequence)) {
            apps->table = table;
            apps->table_copy = i;
        }
    }
    return settle(apps);
}

/* Writes the copy that does not count. */
static enum tatu_err write_copy(struct tatu_monitor_apps *apps, struct tatu_table *table)
{
    uint8_t bytes[TATU_TABLE_SIZE];
    uint8_t check[TATU_TABLE_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(bytes);
    int copy = apps->table_copy == 0 ? 1 : 0;
    TATU_TRY(tatu_proto_encode_table(table, &buf));
    TATU_TRY(authenticate(apps, bytes, table->mac));
    buf.len = 0;
    TATU_TRY(tatu_proto_encode_table(table, &buf));
    TATU_TRY(tatu_monitor_erase_flash(apps->chip, table_at[copy]));
    TATU_TRY(tatu_monitor_program_flash(apps->chip, table_at[copy], bytes, sizeof(bytes)));
    TATU_TRY(tatu_monitor_read_flash(apps->chip, table_at[copy], check, sizeof(check)));
    if (memcmp(check, bytes, sizeof(check)) != 0) {
        return TATU_ERR_IO;
    }
    apps->table = *table;
    apps->table_copy = copy;
    return TATU_OK;
}

enum tatu_err tatu_monitor_write_table(struct tatu_monitor_apps *apps, struct tatu_table *next)
{
    TATU_TRY(settle(apps));
    if (apps->table_copy >= 0 && next->preferred_set == apps->table.preferred_set &&
        next->app_count == apps->table.app_count &&
        memcmp(next->apps, apps->table.apps, sizeof(next->apps)) == 0) {
        return TATU_OK;
    }
    next->sequence = apps->count + 1;
    TATU_TRY(write_copy(apps, next));
    return settle(apps);
}
