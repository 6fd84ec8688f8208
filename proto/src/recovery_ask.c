#include "proto/recovery.h"

struct tatu_recovery_message tatu_proto_next_recovery(const struct tatu_recovery_ask *ask)
{
    uint32_t left = ask->total - ask->offset;
    bool last = ask->total != 0 && left < TATU_RECOVERY_READ_MAX;
    return (struct tatu_recovery_message){
        .kind = TATU_RECOVERY_READ,
        .image_type = ask->image_type,
        .max = (uint16_t)(last ? left : TATU_RECOVERY_READ_MAX),
        .offset = ask->offset,
    };
}

enum tatu_err tatu_proto_match_recovery(struct tatu_recovery_ask *ask,
                                        const struct tatu_recovery_message *message,
                                        struct tatu_span *out_bytes)
{
    if (message->image_type != ask->image_type) {
        return TATU_ERR_STATE;
    }
    if (message->kind == TATU_RECOVERY_REFUSE) {
        return TATU_ERR_REJECTED;
    }
    if (message->kind != TATU_RECOVERY_DATA || message->offset != ask->offset) {
        return TATU_ERR_STATE;
    }
    if (message->total > ask->len_max) {
        return TATU_ERR_LONG;
    }
    if (ask->total != 0 && message->total != ask->total) {
        return TATU_ERR_FORMAT;
    }
    ask->total = message->total;
    ask->offset += (uint32_t)message->bytes.len;
    *out_bytes = message->bytes;
    return TATU_OK;
}
