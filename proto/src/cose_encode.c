#include "proto/cose.h"

#include "bytes.h"
#include "cose_header.h"
#include "statement.h"

static const uint8_t protected_es256[] = {0xa1, 0x01, 0x26}; /* {1: -7} */
const struct tatu_span tatu_cose_protected_es256 = {protected_es256, sizeof(protected_es256)};

enum tatu_err tatu_proto_put_sig_head(struct tatu_span protected_header, const char *aad,
                                      size_t payload_len, struct tatu_buf *out)
{
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_array(&w, SIGN1_PARTS);
    tatu_cbor_put_text(&w, "Signature1");
    tatu_cbor_put_bytes(&w, protected_header);
    tatu_cbor_put_bytes(&w, (struct tatu_span){(const uint8_t *)aad, text_len(aad)});
    tatu_cbor_put_bytes_head(&w, payload_len);
    return finish_statement(&w, len_before);
}

enum tatu_err tatu_proto_encode_sign1(struct tatu_span payload, struct tatu_span kid,
                                      const uint8_t signature[64], struct tatu_buf *out)
{
    if (payload.len > TATU_COSE_PAYLOAD_MAX || kid.len > TATU_COSE_KID_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_tag(&w, TAG_SIGN1);
    tatu_cbor_put_array(&w, SIGN1_PARTS);
    tatu_cbor_put_bytes(&w, tatu_cose_protected_es256);
    tatu_cbor_put_map(&w, kid.len == 0 ? 0 : 1);
    if (kid.len != 0) {
        tatu_cbor_put_int(&w, HEADER_KID);
        tatu_cbor_put_bytes(&w, kid);
    }
    tatu_cbor_put_bytes(&w, payload);
    tatu_cbor_put_bytes(&w, (struct tatu_span){signature, SIGNATURE_LEN});
    return finish_statement(&w, len_before);
}
