#include "proto/evidence.h"

#include "statement.h"

enum { DEVICE_ID = 1, ATTESTATION, IMPLEMENTATION, CLASS, MADE, CLAIM_COUNT = MADE };

enum tatu_err tatu_proto_encode_endorsement(const struct tatu_endorsement *e, struct tatu_buf *out)
{
    if (!is_class(e->board_class)) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, CLAIM_COUNT);
    put_fixed_claim(&w, DEVICE_ID, e->device_id, sizeof(e->device_id));
    put_fixed_claim(&w, ATTESTATION, e->attestation, sizeof(e->attestation));
    put_fixed_claim(&w, IMPLEMENTATION, e->implementation, sizeof(e->implementation));
    put_uint_claim(&w, CLASS, e->board_class);
    put_uint_claim(&w, MADE, e->made_s);
    return finish_statement(&w, len_before);
}

enum tatu_err tatu_proto_decode_endorsement(struct tatu_span in, struct tatu_endorsement *out)
{
    struct tatu_endorsement e;
    struct tatu_cbor_reader r;
    tatu_cbor_open(&r, in);
    expect_map(&r, CLAIM_COUNT);
    get_fixed_claim(&r, DEVICE_ID, e.device_id, sizeof(e.device_id));
    get_fixed_claim(&r, ATTESTATION, e.attestation, sizeof(e.attestation));
    get_fixed_claim(&r, IMPLEMENTATION, e.implementation, sizeof(e.implementation));
    e.board_class = (uint32_t)get_uint_claim(&r, CLASS, UINT32_MAX);
    e.made_s = get_uint_claim(&r, MADE, UINT64_MAX);
    TATU_TRY(tatu_cbor_close(&r));
    if (!is_class(e.board_class)) {
        return TATU_ERR_FORMAT;
    }
    *out = e;
    return TATU_OK;
}
