/* What this device is: facts, lifecycle, capabilities. */
#include "commands.h"
#include "log.h"
#include "proto/capability.h"

/* There is nothing here that these numbers could open. */
#define MISSING                                                                                    \
    (TATU_CAPABILITY_BIT(TATU_CAPABILITY_DEBUG_WIFI) |                                             \
     TATU_CAPABILITY_BIT(TATU_CAPABILITY_SLT_LOADER) |                                             \
     TATU_CAPABILITY_BIT(TATU_CAPABILITY_RF_TEST))
#define LIFECYCLE_BITS 3u

enum tatu_err tatu_vault_get_info(struct tatu_vault *vault, struct tatu_span in,
                                  struct tatu_buf *out)
{
    const struct tatu_evidence *evidence = &vault->evidence;
    const struct tatu_vault_record *record = &vault->record;
    struct tatu_vault_info info = {
        .boot_count = evidence->boot_count,
        .time_floor_s = record->time_floor_s,
        .uptime_ms = tatu_vault_chip_uptime_ms(vault->chip),
        .lifecycle = evidence->lifecycle,
        .board_class = tatu_vault_chip_fuse(vault->chip, TATU_FUSE_CLASS),
        .boot_set = evidence->boot_set,
        .fallback = evidence->fallback,
    };
    memcpy(info.device_id, evidence->device_id, sizeof(info.device_id));
    memcpy(info.attestation, vault->attestation, sizeof(info.attestation));
    memcpy(info.implementation, evidence->implementation, sizeof(info.implementation));
    memcpy(info.tenant, record->tenant, sizeof(info.tenant));
    memcpy(info.owner_key, record->owner_key, sizeof(info.owner_key));
    for (uint32_t i = 0; i < TATU_COUNT_OF(info.floors); i++) {
        info.floors[i] = tatu_vault_floor(vault->chip, i);
    }
    return tatu_proto_encode_info(&info, out);
}

enum tatu_err tatu_vault_get_state(struct tatu_vault *vault, struct tatu_span in,
                                   struct tatu_buf *out)
{
    TATU_TRY(put_le32(out, vault->evidence.lifecycle));
    TATU_TRY(put_le32(out, vault->record.capabilities));
    return put_le32(out, vault->session);
}

enum tatu_err tatu_vault_set_lifecycle(struct tatu_vault *vault, struct tatu_span in,
                                       struct tatu_buf *out)
{
    uint32_t now = tatu_vault_chip_fuse(vault->chip, TATU_FUSE_LIFECYCLE);
    uint32_t next = tatu_get_le32(in.data);
    if ((next & ~LIFECYCLE_BITS) != 0) {
        return TATU_ERR_ARGUMENT;
    }
    if ((next & now) != now) {
        return TATU_ERR_LIFECYCLE;
    }
    tatu_vault_chip_burn(vault->chip, TATU_FUSE_LIFECYCLE, next);
    vault->evidence.lifecycle = tatu_vault_chip_fuse(vault->chip, TATU_FUSE_LIFECYCLE);
    return vault->evidence.lifecycle == next ? TATU_OK : TATU_ERR_IO;
}

enum tatu_err tatu_vault_set_capability(struct tatu_vault *vault, struct tatu_span in,
                                        struct tatu_buf *out)
{
    struct tatu_vault_trust trust = tatu_vault_trust_of(vault);
    struct tatu_vault_package package = {.local = in.data + 4, .len = (uint32_t)in.len - 4};
    struct tatu_vault_record next = vault->record;
    struct tatu_vault_image image = {0};
    uint32_t store = tatu_get_le32(in.data);
    uint32_t set = 0;
    if (store > 1) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(tatu_vault_check_image(vault->chip, &trust, &package, TATU_IMAGE_CAPABILITY, &image));
    if (image.verdict != TATU_VAULT_GOOD) {
        return TATU_ERR_SIGNATURE;
    }
    TATU_TRY(tatu_proto_decode_capability((struct tatu_span){package.local, image.info.body_len},
                                          vault->evidence.device_id, &set));
    if ((set & MISSING) != 0) {
        return TATU_ERR_CAPABILITY;
    }
    if (store == 1) {
        next.capabilities = set;
        next.owner_count++; /* an older record does not come back */
        TATU_TRY(tatu_vault_keep(vault, &next));
    } else {
        vault->session = set;
    }
    tatu_vault_apply_capabilities(vault);
    tatu_vault_log(vault->chip, VAULT " capabilities changed\n");
    return TATU_OK;
}

/* After a recovery the ticket is forgotten as well. */
enum tatu_err tatu_vault_drop_capability(struct tatu_vault *vault, struct tatu_span in,
                                         struct tatu_buf *out)
{
    struct tatu_vault_record next = vault->record;
    next.owner_count += next.capabilities != 0 ? 1 : 0;
    next.capabilities = 0;
    next.grace_s = vault->evidence.mode == TATU_BOOT_RECOVERY ? 0 : next.grace_s;
    if (next.owner_count != vault->record.owner_count || next.grace_s != vault->record.grace_s) {
        TATU_TRY(tatu_vault_keep(vault, &next));
    }
    vault->session = 0;
    tatu_vault_apply_capabilities(vault);
    return TATU_OK;
}
