#include "evidence_find.h"

#include "evidence_claims.h"
#include "statement.h"

/* Leaves the reader before the claim's value. */
static enum tatu_err find_claim(struct tatu_span in, int64_t claim, struct tatu_cbor_reader *r)
{
    struct tatu_cbor_key key = {0};
    tatu_cbor_open(r, in);
    size_t count = tatu_cbor_get_map(r);
    for (size_t i = 0; i < count && r->err == TATU_OK; i++) {
        if (tatu_cbor_get_key(r, &key) == claim && r->err == TATU_OK) {
            return TATU_OK;
        }
        tatu_cbor_skip(r);
    }
    return r->err != TATU_OK ? r->err : TATU_ERR_FORMAT;
}

enum tatu_err tatu_evidence_check_profile(struct tatu_span in)
{
    struct tatu_cbor_reader r;
    if (in.len > TATU_EVIDENCE_MAX) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(find_claim(in, CLAIM_PROFILE, &r));
    struct tatu_span profile = tatu_cbor_get_text(&r);
    TATU_TRY(r.err);
    return is_text(profile, TATU_EVIDENCE_PROFILE) ? TATU_OK : TATU_ERR_VERSION;
}

enum tatu_err tatu_proto_peek_evidence_device(struct tatu_span in, uint8_t out_device_id[64])
{
    struct tatu_cbor_reader r;
    TATU_TRY(tatu_evidence_check_profile(in));
    TATU_TRY(find_claim(in, CLAIM_DEVICE_ID, &r));
    tatu_cbor_get_fixed(&r, out_device_id, 64);
    return r.err;
}
