#include "bytes.h"
#include "recovery_frame.h"

/* Takes COBS off in place: what is written is never ahead of what is read. One encoding only: no
 * zero inside, and no empty block after a full one at the end. */
static enum tatu_err unstuff(struct tatu_buf *frame)
{
    size_t to = 0;
    uint8_t before = 0;
    for (size_t at = 0; at < frame->len;) {
        uint8_t code = frame->data[at++];
        if (code == 0 || code - 1u > frame->len - at ||
            (code == 1 && before == RECOVERY_COBS_BLOCK && at == frame->len)) {
            return TATU_ERR_FORMAT;
        }
        for (size_t end = at + code - 1; at < end; at++) {
            if (frame->data[at] == 0) {
                return TATU_ERR_FORMAT;
            }
            frame->data[to++] = frame->data[at];
        }
        if (code != RECOVERY_COBS_BLOCK && at < frame->len) {
            frame->data[to++] = 0;
        }
        before = code;
    }
    frame->len = to;
    return TATU_OK;
}

/* A type takes 32 bits whose upper half is 0. */
static bool take_type(const uint8_t **p, uint16_t *out)
{
    *out = take_u16(p);
    return take_u16(p) == 0;
}

static bool take_fields(const uint8_t *p, struct tatu_recovery_message *message)
{
    bool zeros = true;
    switch (message->kind) {
    case TATU_RECOVERY_HELLO:
        message->version = take_u32(&p);
        message->stage = take_u8(&p);
        zeros = all_zero(p, 3);
        message->err = tatu_get_le32(p + 3);
        return zeros;
    case TATU_RECOVERY_READ:
        message->image_type = take_u16(&p);
        message->max = take_u16(&p);
        message->offset = take_u32(&p);
        return true;
    case TATU_RECOVERY_PROGRESS:
        zeros = take_type(&p, &message->image_type);
        message->done = take_u32(&p);
        message->total = take_u32(&p);
        return zeros;
    case TATU_RECOVERY_DONE:
        message->err = take_u32(&p);
        return true;
    case TATU_RECOVERY_DATA:
        zeros = take_type(&p, &message->image_type);
        message->total = take_u32(&p);
        message->offset = take_u32(&p);
        message->bytes.data = p;
        return zeros;
    default: /* REFUSE */
        zeros = take_type(&p, &message->image_type);
        message->err = take_u32(&p);
        return zeros;
    }
}

/* The raw frame: lengths and CRC, then the fields. */
static enum tatu_err open_raw(struct tatu_span raw, struct tatu_recovery_message *out)
{
    if (raw.len < RECOVERY_HEAD_SIZE + RECOVERY_CRC_SIZE) {
        return TATU_ERR_SHORT;
    }
    const uint8_t *p = raw.data;
    size_t payload_len = raw.len - RECOVERY_HEAD_SIZE - RECOVERY_CRC_SIZE;
    struct tatu_span checked = {raw.data, raw.len - RECOVERY_CRC_SIZE};
    if (tatu_base_crc32(checked) != tatu_get_le32(raw.data + checked.len)) {
        return TATU_ERR_DIGEST;
    }
    struct tatu_recovery_message message = {.kind = take_u16(&p)};
    size_t fixed_len = tatu_proto_recovery_fixed_len(message.kind);
    bool has_bytes = message.kind == TATU_RECOVERY_DATA;
    if (take_u16(&p) != payload_len || fixed_len == 0 ||
        (has_bytes ? payload_len < fixed_len : payload_len != fixed_len)) {
        return TATU_ERR_FORMAT;
    }
    message.bytes.len = payload_len - fixed_len;
    if (!take_fields(p, &message) || !tatu_proto_is_recovery_sound(&message)) {
        return TATU_ERR_FORMAT;
    }
    *out = message;
    return TATU_OK;
}

enum tatu_err tatu_proto_decode_recovery(struct tatu_buf frame, struct tatu_recovery_message *out)
{
    if (frame.len > TATU_RECOVERY_FRAME_MAX - 2) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(unstuff(&frame));
    return open_raw((struct tatu_span){frame.data, frame.len}, out);
}

bool tatu_proto_take_recovery(struct tatu_recovery_line *line, uint8_t byte,
                              struct tatu_recovery_message *out)
{
    if (byte != 0) {
        if (line->len < sizeof(line->bytes)) {
            line->bytes[line->len++] = byte;
        }
        return false;
    }
    struct tatu_buf frame = {line->bytes, line->len, sizeof(line->bytes)};
    line->len = 0;
    return tatu_proto_decode_recovery(frame, out) == TATU_OK;
}
