#include "bytes.h"
#include "recovery_frame.h"

static void give_fields(uint8_t **p, const struct tatu_recovery_message *message)
{
    switch (message->kind) {
    case TATU_RECOVERY_HELLO:
        give_u32(p, message->version);
        give_u32(p, message->stage);
        give_u32(p, message->err);
        return;
    case TATU_RECOVERY_READ:
        give_u16(p, message->image_type);
        give_u16(p, message->max);
        give_u32(p, message->offset);
        return;
    case TATU_RECOVERY_PROGRESS:
        give_u32(p, message->image_type);
        give_u32(p, message->done);
        give_u32(p, message->total);
        return;
    case TATU_RECOVERY_DONE:
        give_u32(p, message->err);
        return;
    case TATU_RECOVERY_DATA:
        give_u32(p, message->image_type);
        give_u32(p, message->total);
        give_u32(p, message->offset);
        give_bytes(p, message->bytes.data, message->bytes.len);
        return;
    default: /* REFUSE */
        give_u32(p, message->image_type);
        give_u32(p, message->err);
        return;
    }
}

/* COBS: each block is its length + 1, then bytes without a zero; the zero between two blocks is
 * left out, but after a full block there was none. Writes at most len + len / 254 + 1 bytes. */
static size_t stuff(const uint8_t *raw, size_t len, uint8_t *out)
{
    size_t code_at = 0;
    size_t to = 1;
    for (size_t i = 0; i < len; i++) {
        if (raw[i] != 0) {
            out[to++] = raw[i];
        }
        if (raw[i] == 0 || (to - code_at == RECOVERY_COBS_BLOCK && i + 1 < len)) {
            out[code_at] = (uint8_t)(to - code_at);
            code_at = to++;
        }
    }
    out[code_at] = (uint8_t)(to - code_at);
    return to;
}

enum tatu_err tatu_proto_encode_recovery(const struct tatu_recovery_message *message,
                                         struct tatu_buf *out)
{
    uint8_t raw[RECOVERY_RAW_MAX];
    uint8_t *p = raw;
    if (!tatu_proto_is_recovery_sound(message)) {
        return TATU_ERR_ARGUMENT;
    }
    size_t bytes_len = message->kind == TATU_RECOVERY_DATA ? message->bytes.len : 0;
    size_t payload_len = tatu_proto_recovery_fixed_len(message->kind) + bytes_len;
    size_t raw_len = RECOVERY_HEAD_SIZE + payload_len + RECOVERY_CRC_SIZE;
    size_t most_len = raw_len + raw_len / (RECOVERY_COBS_BLOCK - 1) + 3; /* with both zeros */
    if (out->len > out->cap || most_len > out->cap - out->len) {
        return TATU_ERR_FULL;
    }
    give_u16(&p, message->kind);
    give_u16(&p, (uint16_t)payload_len);
    give_fields(&p, message);
    give_u32(&p, tatu_base_crc32((struct tatu_span){raw, raw_len - RECOVERY_CRC_SIZE}));
    uint8_t *frame = out->data + out->len;
    frame[0] = 0; /* ends what noise began */
    size_t len = 1 + stuff(raw, raw_len, frame + 1);
    frame[len] = 0;
    out->len += len + 1;
    return TATU_OK;
}
