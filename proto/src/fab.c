#include "proto/fab.h"

#include "bytes.h"

static enum tatu_err open_frame(struct tatu_span frame, size_t payload_len, const uint8_t **out)
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

static uint8_t *start_frame(struct tatu_buf *out, uint32_t payload_len)
{
    uint8_t *p = give_room(out, payload_len + TATU_FAB_FRAME_OVERHEAD);
    if (p != NULL) {
        give_u32(&p, TATU_FAB_MAGIC);
        give_u32(&p, payload_len);
    }
    return p;
}

/* p stands after the payload */
static void end_frame(uint8_t *p, uint32_t payload_len)
{
    tatu_put_le32(p, tatu_base_crc32((struct tatu_span){p - payload_len, payload_len}));
}

enum tatu_err tatu_proto_decode_fab_request(struct tatu_span frame, struct tatu_fab_request *out)
{
    const uint8_t *p = NULL;
    TATU_TRY(open_frame(frame, TATU_FAB_REQUEST_SIZE, &p));
    out->board_class = take_u32(&p);
    take_bytes(&p, out->implementation, sizeof(out->implementation));
    for (size_t i = 0; i < TATU_COUNT_OF(out->root_hash); i++) {
        take_bytes(&p, out->root_hash[i], sizeof(out->root_hash[i]));
    }
    return TATU_OK;
}

enum tatu_err tatu_proto_encode_fab_request(const struct tatu_fab_request *r, struct tatu_buf *out)
{
    uint8_t *p = start_frame(out, TATU_FAB_REQUEST_SIZE);
    if (p == NULL) {
        return TATU_ERR_FULL;
    }
    give_u32(&p, r->board_class);
    give_bytes(&p, r->implementation, sizeof(r->implementation));
    for (size_t i = 0; i < TATU_COUNT_OF(r->root_hash); i++) {
        give_bytes(&p, r->root_hash[i], sizeof(r->root_hash[i]));
    }
    end_frame(p, TATU_FAB_REQUEST_SIZE);
    return TATU_OK;
}

enum tatu_err tatu_proto_decode_fab_answer(struct tatu_span frame, struct tatu_fab_answer *out)
{
    const uint8_t *p = NULL;
    TATU_TRY(open_frame(frame, TATU_FAB_ANSWER_SIZE, &p));
    out->status = take_u32(&p);
    take_bytes(&p, out->identity, sizeof(out->identity));
    take_bytes(&p, out->attestation, sizeof(out->attestation));
    return TATU_OK;
}

enum tatu_err tatu_proto_encode_fab_answer(const struct tatu_fab_answer *a, struct tatu_buf *out)
{
    uint8_t *p = start_frame(out, TATU_FAB_ANSWER_SIZE);
    if (p == NULL) {
        return TATU_ERR_FULL;
    }
    give_u32(&p, a->status);
    give_bytes(&p, a->identity, sizeof(a->identity));
    give_bytes(&p, a->attestation, sizeof(a->attestation));
    end_frame(p, TATU_FAB_ANSWER_SIZE);
    return TATU_OK;
}
