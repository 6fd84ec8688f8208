#include "proto/evidence.h"

#include "statement.h"

enum { NONCE = 1, DEVICE_ID, TENANT, OWNER_KEY, CLAIM_COUNT = OWNER_KEY };

enum tatu_err tatu_proto_decode_claim(struct tatu_span in, struct tatu_claim *out)
{
    struct tatu_claim claim;
    struct tatu_cbor_reader r;
    tatu_cbor_open(&r, in);
    expect_map(&r, CLAIM_COUNT);
    get_fixed_claim(&r, NONCE, claim.nonce, sizeof(claim.nonce));
    get_fixed_claim(&r, DEVICE_ID, claim.device_id, sizeof(claim.device_id));
    get_fixed_claim(&r, TENANT, claim.tenant, sizeof(claim.tenant));
    get_fixed_claim(&r, OWNER_KEY, claim.owner_key, sizeof(claim.owner_key));
    TATU_TRY(tatu_cbor_close(&r));
    *out = claim;
    return TATU_OK;
}
