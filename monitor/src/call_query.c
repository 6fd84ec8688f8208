#include "call.h"
#include "chip.h"
#include "mem.h"

TATU_MONITOR_CALL(get_boot)
{
    const uint8_t head[4] = {m->boot.set, m->boot.fallback, m->boot.mode, !m->apps.is_backup_good};
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(head)));
    TATU_TRY(put_word(out, m->boot.reset_reason));
    TATU_TRY(put_word(out, m->boot.monitor_version));
    return put_word(out, m->boot.os_version);
}

static enum tatu_err put_app(const struct tatu_monitor_app *app, struct tatu_buf *out)
{
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(app->image.component)));
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(app->image.image)));
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(app->image.verity_root)));
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(app->image.name)));
    TATU_TRY(put_word(out, app->place.offset));
    TATU_TRY(put_word(out, app->image.body_len));
    return put_word(out, app->image.verity_data_len);
}

TATU_MONITOR_CALL(list_apps)
{
    TATU_TRY(put_word(out, m->apps.installed_count));
    for (uint32_t i = 0; i < m->apps.installed_count; i++) {
        TATU_TRY(put_app(&m->apps.installed[i], out));
    }
    return TATU_OK;
}

/* Only what was verified: the manifest that decides about an install is the one that is signed. */
TATU_MONITOR_CALL(read_app)
{
    uint32_t offset = in->words[0];
    uint32_t len = in->words[1];
    const struct tatu_monitor_app *app = tatu_monitor_find_verified(&m->apps, in->bytes.data);
    if (app == NULL) {
        return TATU_ERR_NOT_FOUND;
    }
    if (offset > app->image.body_len || len > app->image.body_len - offset ||
        len > out->cap - out->len) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(
        tatu_monitor_read_flash(m->chip, app->place.offset + offset, out->data + out->len, len));
    out->len += len;
    return TATU_OK;
}

TATU_MONITOR_CALL(read_factory)
{
    uint8_t len_bytes[4];
    TATU_TRY(tatu_monitor_read_flash(m->chip, TATU_FLASH_FACTORY_AT, len_bytes, sizeof(len_bytes)));
    uint32_t len = tatu_get_le32(len_bytes);
    if (len == 0xffffffffu) {
        return TATU_ERR_NOT_FOUND;
    }
    if (len > out->cap - out->len) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(
        tatu_monitor_read_flash(m->chip, TATU_FLASH_FACTORY_AT + 4, out->data + out->len, len));
    out->len += len;
    return TATU_OK;
}

TATU_MONITOR_CALL(keystore)
{
    if (m->keystore_len == 0) {
        return TATU_ERR_NOT_FOUND;
    }
    return tatu_base_put_bytes(out, (struct tatu_span){m->keystore, m->keystore_len});
}

/* ---- the vault ------------------------------------------------------------------------------ */

#define DAILY_KEY_SIZE (1u + 2u * 16u) /* u8 purpose, tenant, component */
#define COMPONENT_AT 17u

/* A daily key of a tenant exists for a component that is installed, and dies with it. */
static bool is_of_no_app(const struct tatu_monitor *m, const struct tatu_monitor_request *in)
{
    bool daily = in->kind == TATU_VAULT_MAKE_KEY || in->kind == TATU_VAULT_COMMIT_KEY ||
                 in->kind == TATU_VAULT_SIGN_TLS;
    return daily && in->bytes.len >= DAILY_KEY_SIZE && in->bytes.data[0] == TATU_KEY_TENANT &&
           tatu_monitor_find_app(m->apps.installed, m->apps.installed_count, NULL,
                                 in->bytes.data + COMPONENT_AT) == NULL;
}

TATU_MONITOR_CALL(vault)
{
    if (is_of_no_app(m, in)) {
        return TATU_ERR_NOT_FOUND;
    }
    TATU_TRY(tatu_monitor_ask_vault(&m->vault, TATU_VAULT_CALLER_NORMAL, in->kind, in->bytes, out));
    if (in->kind == TATU_VAULT_SET_TICKET && out->len == 4 && tatu_get_le32(out->data) != 0) {
        tatu_monitor_put_register(m->chip, TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_RENEWAL_S,
                                  tatu_get_le32(out->data));
    }
    return TATU_OK;
}
