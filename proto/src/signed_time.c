#include "proto/evidence.h"

#include "statement.h"

enum { NONCE = 1, UNIX_S, CLAIM_COUNT = UNIX_S };

enum tatu_err tatu_proto_decode_time(struct tatu_span in, struct tatu_signed_time *out)
{
    struct tatu_signed_time t;
    struct tatu_cbor_reader r;
    tatu_cbor_open(&r, in);
    expect_map(&r, CLAIM_COUNT);
    get_fixed_claim(&r, NONCE, t.nonce, sizeof(t.nonce));
    t.unix_s = get_uint_claim(&r, UNIX_S, UINT64_MAX);
    TATU_TRY(tatu_cbor_close(&r));
    *out = t;
    return TATU_OK;
}
