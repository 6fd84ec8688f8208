#include "ticket.h"

enum tatu_err tatu_proto_decode_ticket(struct tatu_span in, struct tatu_ticket *out)
{
    struct tatu_ticket ticket;
    struct tatu_cbor_reader r;
    tatu_cbor_open(&r, in);
    expect_map(&r, CLAIM_COUNT);
    get_fixed_claim(&r, DEVICE_ID, ticket.device_id, sizeof(ticket.device_id));
    get_fixed_claim(&r, NONCE, ticket.nonce, sizeof(ticket.nonce));
    ticket.grace_s = (uint32_t)get_uint_claim(&r, GRACE, UINT32_MAX);
    TATU_TRY(tatu_cbor_close(&r));
    if (!is_grace(ticket.grace_s)) {
        return TATU_ERR_FORMAT;
    }
    *out = ticket;
    return TATU_OK;
}
