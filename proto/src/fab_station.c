#include "fab_frame.h"

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
