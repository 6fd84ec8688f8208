#include "fab_frame.h"

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
