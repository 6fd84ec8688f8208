#include "mailbox_info.h"

enum tatu_err tatu_proto_decode_info(struct tatu_span in, struct tatu_vault_info *out)
{
    if (in.len != TATU_VAULT_INFO_SIZE) {
        return in.len < TATU_VAULT_INFO_SIZE ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    const uint8_t *p = in.data;
    struct tatu_vault_info info;
    take_bytes(&p, info.device_id, sizeof(info.device_id));
    take_bytes(&p, info.attestation, sizeof(info.attestation));
    take_bytes(&p, info.implementation, sizeof(info.implementation));
    take_bytes(&p, info.tenant, sizeof(info.tenant));
    take_bytes(&p, info.owner_key, sizeof(info.owner_key));
    info.boot_count = take_u64(&p);
    info.time_floor_s = take_u64(&p);
    info.uptime_ms = take_u64(&p);
    info.lifecycle = take_u32(&p);
    info.board_class = take_u32(&p);
    for (size_t i = 0; i < TATU_COUNT_OF(info.floors); i++) {
        info.floors[i] = take_u32(&p);
    }
    info.boot_set = take_u8(&p);
    info.fallback = take_u8(&p);
    take_bytes(&p, info.pad, sizeof(info.pad));
    if (!is_info_sound(&info)) {
        return TATU_ERR_FORMAT;
    }
    *out = info;
    return TATU_OK;
}
