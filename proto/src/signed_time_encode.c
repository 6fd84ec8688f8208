#include "proto/evidence.h"

#include "statement.h"

enum { NONCE = 1, UNIX_S, CLAIM_COUNT = UNIX_S };

enum tatu_err tatu_proto_encode_time(const struct tatu_signed_time *t, struct tatu_buf *out)
{
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, CLAIM_COUNT);
    put_fixed_claim(&w, NONCE, t->nonce, sizeof(t->nonce));
    put_uint_claim(&w, UNIX_S, t->unix_s);
    return finish_statement(&w, len_before);
}
