/* The frame around what fab station and chip say. */
#ifndef TATU_PROTO_SRC_FAB_FRAME_H
#define TATU_PROTO_SRC_FAB_FRAME_H

#include "bytes.h"
#include "proto/fab.h"

static inline enum tatu_err open_frame(struct tatu_span frame, size_t payload_len,
                                       const uint8_t **out)
{
    size_t whole = payload_len + TATU_FAB_FRAME_OVERHEAD;
    if (frame.len != whole) {
        return frame.len < whole ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    const uint8_t *p = frame.data;
    if (take_u32(&p) != TATU_FAB_MAGIC || take_u32(&p) != payload_len) {
        return TATU_ERR_FORMAT;
    }
    struct tatu_span payload = {p, payload_len};
    if (tatu_base_crc32(payload) != tatu_get_le32(p + payload_len)) {
        return TATU_ERR_DIGEST;
    }
    *out = p;
    return TATU_OK;
}

static inline uint8_t *start_frame(struct tatu_buf *out, uint32_t payload_len)
{
    uint8_t *p = give_room(out, payload_len + TATU_FAB_FRAME_OVERHEAD);
    if (p != NULL) {
        give_u32(&p, TATU_FAB_MAGIC);
        give_u32(&p, payload_len);
    }
    return p;
}

/* p stands after the payload */
static inline void end_frame(uint8_t *p, uint32_t payload_len)
{
    tatu_put_le32(p, tatu_base_crc32((struct tatu_span){p - payload_len, payload_len}));
}

#endif
