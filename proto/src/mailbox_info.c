#include "mailbox_info.h"

enum tatu_err tatu_proto_encode_info(const struct tatu_vault_info *info, struct tatu_buf *out)
{
    if (!is_info_sound(info)) {
        return TATU_ERR_ARGUMENT;
    }
    uint8_t *p = give_room(out, TATU_VAULT_INFO_SIZE);
    if (p == NULL) {
        return TATU_ERR_FULL;
    }
    give_bytes(&p, info->device_id, sizeof(info->device_id));
    give_bytes(&p, info->attestation, sizeof(info->attestation));
    give_bytes(&p, info->implementation, sizeof(info->implementation));
    give_bytes(&p, info->tenant, sizeof(info->tenant));
    give_bytes(&p, info->owner_key, sizeof(info->owner_key));
    give_u64(&p, info->boot_count);
    give_u64(&p, info->time_floor_s);
    give_u64(&p, info->uptime_ms);
    give_u32(&p, info->lifecycle);
    give_u32(&p, info->board_class);
    for (size_t i = 0; i < TATU_COUNT_OF(info->floors); i++) {
        give_u32(&p, info->floors[i]);
    }
    give_u8(&p, info->boot_set);
    give_u8(&p, info->fallback);
    give_bytes(&p, info->pad, sizeof(info->pad));
    return TATU_OK;
}
