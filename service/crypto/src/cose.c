#include "service/crypto/crypto.h"

#define HEAD_MAX 256u

/* Digest of the Sig_structure: its head, then the payload. */
static enum tatu_err digest_object(struct tatu_span protected_header, const char *aad,
                                   struct tatu_span payload, uint8_t out[32])
{
    uint8_t room[HEAD_MAX];
    struct tatu_buf head = TATU_BUF_OF(room);
    TATU_TRY(tatu_proto_put_sig_head(protected_header, aad, payload.len, &head));
    const struct tatu_span parts[] = {{head.data, head.len}, payload};
    tatu_crypto_sha256_parts(parts, TATU_COUNT_OF(parts), out);
    return TATU_OK;
}

enum tatu_err tatu_crypto_sign_cose(const struct tatu_key *key, const char *aad,
                                    struct tatu_span payload, struct tatu_buf *out)
{
    uint8_t digest[32];
    uint8_t signature[64];
    uint8_t public_key[TATU_PUBLIC_SIZE];
    uint8_t kid[TATU_THUMBPRINT_SIZE];
    TATU_TRY(digest_object(tatu_cose_protected_es256, aad, payload, digest));
    TATU_TRY(tatu_crypto_sign_digest(key, digest, signature));
    tatu_crypto_get_public(key, public_key);
    tatu_crypto_thumbprint(public_key, kid);
    return tatu_proto_encode_sign1(payload, TATU_SPAN_OF(kid), signature, out);
}

enum tatu_err tatu_crypto_verify_cose(const uint8_t public_key[TATU_PUBLIC_SIZE], const char *aad,
                                      const struct tatu_cose_sign1 *object)
{
    uint8_t digest[32];
    if (digest_object(object->protected_header, aad, object->payload, digest) != TATU_OK) {
        return TATU_ERR_SIGNATURE;
    }
    return tatu_crypto_verify_digest(public_key, digest, object->signature);
}
