/* Daily keys: one for updates, one for each tenant's component. */
#include "commands.h"

/* Where the key of a purpose, tenant and component is: slot, and for a tenant its entry in the
 * evidence, which is tenant_count when there is none yet. */
struct key_place {
    uint32_t slot;
    size_t entry;
};

/* request: u8 purpose, tenant, component */
static enum tatu_err find_place(const struct tatu_vault *vault, const uint8_t *request,
                                struct key_place *out)
{
    const struct tatu_evidence *evidence = &vault->evidence;
    size_t entry = 0;
    if (request[0] == TATU_KEY_UPDATE) {
        *out = (struct key_place){.slot = TATU_ENGINE_SLOT_UPDATE};
        return is_zero(request + 1, 2 * GUID_SIZE) ? TATU_OK : TATU_ERR_ARGUMENT;
    }
    if (request[0] != TATU_KEY_TENANT) {
        return TATU_ERR_PURPOSE;
    }
    while (entry < evidence->tenant_count &&
           memcmp(evidence->tenants[entry].tenant, request + 1, 2 * GUID_SIZE) != 0) {
        entry++; /* tenant and component lie side by side in both */
    }
    *out = (struct key_place){TATU_ENGINE_SLOT_TENANT + (uint32_t)entry, entry};
    return TATU_OK;
}

static bool is_filled(const struct tatu_vault *vault, uint32_t slot)
{
    return (vault->filled >> slot & 1) != 0;
}

static enum tatu_err move_key(struct tatu_vault *vault, uint32_t from, uint32_t to)
{
    TATU_TRY(tatu_vault_chip_move_slot(vault->chip, from, to));
    vault->filled &= ~(1u << from);
    vault->filled |= 1u << to;
    return TATU_OK;
}

static bool is_installed(const struct tatu_evidence *evidence, const uint8_t *component)
{
    for (size_t i = 0; i < evidence->app_count; i++) {
        if (memcmp(evidence->apps[i].component, component, GUID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* The last entry takes the place of the one that goes. */
static enum tatu_err drop_entry(struct tatu_vault *vault, size_t entry)
{
    struct tatu_evidence *evidence = &vault->evidence;
    size_t last = --evidence->tenant_count;
    evidence->tenants[entry] = evidence->tenants[last];
    for (uint32_t bank = 0; bank <= TATU_ENGINE_SLOT_PENDING; bank += TATU_ENGINE_SLOT_PENDING) {
        uint32_t to = bank + TATU_ENGINE_SLOT_TENANT + (uint32_t)entry;
        uint32_t from = bank + TATU_ENGINE_SLOT_TENANT + (uint32_t)last;
        TATU_TRY(tatu_vault_chip_clear(vault->chip, to));
        vault->filled &= ~(1u << to);
        TATU_TRY(is_filled(vault, from) ? move_key(vault, from, to) : TATU_OK);
    }
    return TATU_OK;
}

enum tatu_err tatu_vault_drop_keys(struct tatu_vault *vault)
{
    const struct tatu_evidence *evidence = &vault->evidence;
    for (size_t n = evidence->tenant_count; n-- > 0;) {
        if (!is_installed(evidence, evidence->tenants[n].component)) {
            TATU_TRY(drop_entry(vault, n));
        }
    }
    return TATU_OK;
}

enum tatu_err tatu_vault_make_key(struct tatu_vault *vault, struct tatu_span in,
                                  struct tatu_buf *out)
{
    struct tatu_evidence *evidence = &vault->evidence;
    const struct tatu_vault_record *record = &vault->record;
    bool is_tenant = in.data[0] == TATU_KEY_TENANT;
    struct key_place place;
    uint8_t public_key[KEY_SIZE];
    TATU_TRY(find_place(vault, in.data, &place));
    if (is_tenant && (!record->claimed || is_zero(record->tenant, GUID_SIZE) ||
                      memcmp(record->tenant, in.data + 1, GUID_SIZE) != 0)) {
        return TATU_ERR_FOREIGN;
    }
    if (place.entry >= TATU_EVIDENCE_TENANT_MAX) {
        return TATU_ERR_FULL;
    }
    TATU_TRY(
        tatu_vault_chip_generate(vault->chip, place.slot + TATU_ENGINE_SLOT_PENDING, public_key));
    vault->filled |= 1u << (place.slot + TATU_ENGINE_SLOT_PENDING);
    struct tatu_evidence_tenant *tenant = &evidence->tenants[place.entry];
    if (is_tenant) {
        memcpy(tenant->tenant, in.data + 1, 2 * GUID_SIZE);
        evidence->tenant_count += place.entry == evidence->tenant_count ? 1u : 0u;
    }
    memcpy(is_tenant ? tenant->key : evidence->update_key, public_key, KEY_SIZE);
    return tatu_base_put_bytes(out, TATU_SPAN_OF(public_key));
}

enum tatu_err tatu_vault_commit_key(struct tatu_vault *vault, struct tatu_span in,
                                    struct tatu_buf *out)
{
    struct key_place place;
    TATU_TRY(find_place(vault, in.data, &place));
    uint32_t pending = place.slot + TATU_ENGINE_SLOT_PENDING;
    return is_filled(vault, pending) ? move_key(vault, pending, place.slot) : TATU_ERR_NOT_FOUND;
}

enum tatu_err tatu_vault_sign_tls(struct tatu_vault *vault, struct tatu_span in,
                                  struct tatu_buf *out)
{
    struct key_place place;
    uint8_t signature[64];
    TATU_TRY(find_place(vault, in.data, &place));
    if (!is_filled(vault, place.slot)) {
        return TATU_ERR_NOT_FOUND;
    }
    TATU_TRY(tatu_vault_chip_sign(vault->chip, place.slot, in.data + 1 + 2 * GUID_SIZE, signature));
    return tatu_base_put_bytes(out, TATU_SPAN_OF(signature));
}
