/*
 * COSE_Sign1 (RFC 9052) with ES256 (alg -7), tagged 18, payload attached, protected header
 * {1: -7} or {1: -7, 3: content type text}; unprotected {4: kid} or empty. No cryptography here:
 * these functions give the exact bytes to hash (Sig_structure) and take the r||s.
 */
#ifndef TATU_PROTO_COSE_H
#define TATU_PROTO_COSE_H

#include "base/base.h"

#define TATU_COSE_KID_MAX 32u
#define TATU_COSE_PAYLOAD_MAX 4096u

struct tatu_cose_sign1 {
    struct tatu_span protected_header; /* the bytes inside the bstr */
    struct tatu_span kid;              /* empty: none */
    struct tatu_span payload;
    const uint8_t *signature; /* 64 bytes */
};

/**
 * Strict decode; pointers go into `in`.
 *
 * Errors   SHORT   in ends before the object does
 *          LONG    kid over TATU_COSE_KID_MAX, payload over TATU_COSE_PAYLOAD_MAX
 *          FORMAT  tag, parts, headers, an empty kid, another algorithm, a signature that is not 64
 *                  bytes, bytes left over
 */
enum tatu_err tatu_proto_decode_sign1(struct tatu_span in, struct tatu_cose_sign1 *out);

/**
 * Writes the head of Sig_structure ["Signature1", protected, external_aad, payload] up to and
 * including the payload's bstr head; the bytes to hash are this head followed by the payload.
 * aad   names the use, so that no signature can be taken for another: TATU_COSE_AAD_*
 * out   untouched on failure (what is beyond its len may be overwritten)
 * Errors: FULL.
 */
enum tatu_err tatu_proto_put_sig_head(struct tatu_span protected_header, const char *aad,
                                      size_t payload_len, struct tatu_buf *out);

/** The protected header every object of ours carries: {1: -7}. */
extern const struct tatu_span tatu_cose_protected_es256;

/** Writes the whole COSE_Sign1 from payload, kid and r||s. Errors: ARGUMENT for a payload
 *  or kid over its maximum; FULL. */
enum tatu_err tatu_proto_encode_sign1(struct tatu_span payload, struct tatu_span kid,
                                      const uint8_t signature[64], struct tatu_buf *out);

#define TATU_COSE_AAD_EVIDENCE "tatu-evidence-1"
#define TATU_COSE_AAD_ENDORSEMENT "tatu-endorsement-1"
#define TATU_COSE_AAD_CLAIM "tatu-claim-1"
#define TATU_COSE_AAD_TIME "tatu-time-1"
#define TATU_COSE_AAD_DEPLOYMENT "tatu-deployment-1"
#define TATU_COSE_AAD_REFERENCE "tatu-reference-1"
#define TATU_COSE_AAD_CONFIRM "tatu-confirm-1"
#define TATU_COSE_AAD_TICKET "tatu-ticket-1"

#endif
