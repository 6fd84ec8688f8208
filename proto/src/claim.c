#include "proto/evidence.h"

#include "statement.h"

enum { NONCE = 1, DEVICE_ID, TENANT, OWNER_KEY, CLAIM_COUNT = OWNER_KEY };

enum tatu_err tatu_proto_encode_claim(const struct tatu_claim *claim, struct tatu_buf *out)
{
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, CLAIM_COUNT);
    put_fixed_claim(&w, NONCE, claim->nonce, sizeof(claim->nonce));
    put_fixed_claim(&w, DEVICE_ID, claim->device_id, sizeof(claim->device_id));
    put_fixed_claim(&w, TENANT, claim->tenant, sizeof(claim->tenant));
    put_fixed_claim(&w, OWNER_KEY, claim->owner_key, sizeof(claim->owner_key));
    return finish_statement(&w, len_before);
}
