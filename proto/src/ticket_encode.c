#include "ticket.h"

enum tatu_err tatu_proto_encode_ticket(const struct tatu_ticket *ticket, struct tatu_buf *out)
{
    if (!is_grace(ticket->grace_s)) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, CLAIM_COUNT);
    put_fixed_claim(&w, DEVICE_ID, ticket->device_id, sizeof(ticket->device_id));
    put_fixed_claim(&w, NONCE, ticket->nonce, sizeof(ticket->nonce));
    put_uint_claim(&w, GRACE, ticket->grace_s);
    return finish_statement(&w, len_before);
}
