#include "proto/cose.h"

#include "cose_header.h"
#include "proto/cbor.h"

static void read_protected(struct tatu_span header, struct tatu_cbor_reader *outer)
{
    struct tatu_cbor_reader r;
    struct tatu_cbor_key key = {0};
    tatu_cbor_open(&r, header);
    size_t count = tatu_cbor_get_map(&r);
    bool good = (count == 1 || count == 2) && tatu_cbor_get_key(&r, &key) == HEADER_ALG &&
                tatu_cbor_get_int(&r) == ALG_ES256;
    if (good && count == 2) {
        good = tatu_cbor_get_key(&r, &key) == HEADER_CONTENT_TYPE;
        (void)tatu_cbor_get_text(&r);
    }
    /* the header's end is inside the object: whatever is wrong with it is its form */
    if (outer->err == TATU_OK && (!good || tatu_cbor_close(&r) != TATU_OK)) {
        outer->err = TATU_ERR_FORMAT;
    }
}

static struct tatu_span read_unprotected(struct tatu_cbor_reader *r)
{
    struct tatu_cbor_key key = {0};
    struct tatu_span kid = {NULL, 0};
    size_t count = tatu_cbor_get_map(r);
    if (count == 0) {
        return kid;
    }
    int64_t label = tatu_cbor_get_key(r, &key);
    kid = tatu_cbor_get_bytes(r);
    if (r->err == TATU_OK && (count != 1 || label != HEADER_KID || kid.len == 0)) {
        r->err = TATU_ERR_FORMAT;
    }
    if (r->err == TATU_OK && kid.len > TATU_COSE_KID_MAX) {
        r->err = TATU_ERR_LONG;
    }
    return kid;
}

enum tatu_err tatu_proto_decode_sign1(struct tatu_span in, struct tatu_cose_sign1 *out)
{
    struct tatu_cbor_reader r;
    tatu_cbor_open(&r, in);
    bool tagged = tatu_cbor_get_tag(&r) == TAG_SIGN1 && tatu_cbor_get_array(&r) == SIGN1_PARTS;
    if (r.err == TATU_OK && !tagged) {
        return TATU_ERR_FORMAT;
    }
    struct tatu_cose_sign1 sign1 = {.protected_header = tatu_cbor_get_bytes(&r)};
    read_protected(sign1.protected_header, &r);
    sign1.kid = read_unprotected(&r);
    sign1.payload = tatu_cbor_get_bytes(&r);
    if (r.err == TATU_OK && sign1.payload.len > TATU_COSE_PAYLOAD_MAX) {
        return TATU_ERR_LONG;
    }
    struct tatu_span signature = tatu_cbor_get_bytes(&r);
    TATU_TRY(tatu_cbor_close(&r));
    if (signature.len != SIGNATURE_LEN) {
        return TATU_ERR_FORMAT;
    }
    sign1.signature = signature.data;
    *out = sign1;
    return TATU_OK;
}
