#include "os/attestd/attestd.h"
#include "proto/cbor.h"

/* Opens a map that must have exactly `pairs` pairs. */
static void open_map(struct tatu_cbor_reader *r, struct tatu_span in, size_t pairs)
{
    tatu_cbor_open(r, in);
    if (tatu_cbor_get_map(r) != pairs && r->err == TATU_OK) {
        r->err = TATU_ERR_FORMAT;
    }
}

/* Takes the next key, which must be `wanted`. */
static void expect_key(struct tatu_cbor_reader *r, uint64_t wanted)
{
    if (tatu_cbor_get_uint(r) != wanted && r->err == TATU_OK) {
        r->err = TATU_ERR_FORMAT;
    }
}

static void get_tenant(struct tatu_cbor_reader *r, struct tatu_attest_tenant *out)
{
    if (tatu_cbor_get_map(r) != 4 && r->err == TATU_OK) {
        r->err = TATU_ERR_FORMAT;
    }
    expect_key(r, 1);
    tatu_cbor_get_fixed(r, out->tenant, sizeof(out->tenant));
    expect_key(r, 2);
    out->certificate = tatu_cbor_get_bytes(r);
    expect_key(r, 3);
    out->authority = tatu_cbor_get_bytes(r);
    expect_key(r, 4);
    tatu_cbor_get_fixed(r, out->component, sizeof(out->component));
}

enum tatu_err tatu_attestd_decode_answer(struct tatu_span in, struct tatu_attest_answer *out)
{
    struct tatu_cbor_reader r;
    struct tatu_attest_answer answer = {.verdict = 0};
    open_map(&r, in, 4);
    expect_key(&r, 1);
    const uint64_t verdict = tatu_cbor_get_uint(&r);
    expect_key(&r, 2);
    answer.update_certificate = tatu_cbor_get_bytes(&r);
    expect_key(&r, 3);
    answer.tenant_count = tatu_cbor_get_array(&r);
    if (r.err == TATU_OK && answer.tenant_count > TATU_EVIDENCE_TENANT_MAX) {
        return TATU_ERR_LONG;
    }
    for (size_t i = 0; r.err == TATU_OK && i < answer.tenant_count; i++) {
        get_tenant(&r, &answer.tenants[i]);
    }
    expect_key(&r, 4);
    const uint64_t poll_s = tatu_cbor_get_uint(&r);
    TATU_TRY(tatu_cbor_close(&r));
    if (verdict > UINT32_MAX || poll_s == 0 || poll_s > TATU_ATTESTD_POLL_MAX_S) {
        return TATU_ERR_FORMAT;
    }
    answer.verdict = (uint32_t)verdict;
    answer.poll_s = (uint32_t)poll_s;
    *out = answer;
    return TATU_OK;
}

enum tatu_err tatu_attestd_decode_nonce(struct tatu_span in, uint8_t out_nonce[TATU_NONCE_SIZE])
{
    struct tatu_cbor_reader r;
    uint8_t nonce[TATU_NONCE_SIZE];
    open_map(&r, in, 1);
    expect_key(&r, 1);
    tatu_cbor_get_fixed(&r, nonce, sizeof(nonce));
    TATU_TRY(tatu_cbor_close(&r));
    for (size_t i = 0; i < sizeof(nonce); i++) {
        out_nonce[i] = nonce[i];
    }
    return TATU_OK;
}

enum tatu_err tatu_attestd_encode_nonce(const uint8_t nonce[TATU_NONCE_SIZE], struct tatu_buf *out)
{
    struct tatu_cbor_writer w;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, 1);
    tatu_cbor_put_uint(&w, 1);
    tatu_cbor_put_bytes(&w, (struct tatu_span){nonce, TATU_NONCE_SIZE});
    return tatu_cbor_done(&w);
}

enum tatu_err tatu_attestd_encode_proof(struct tatu_span evidence, struct tatu_span endorsement,
                                        struct tatu_buf *out)
{
    struct tatu_cbor_writer w;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, 2);
    tatu_cbor_put_uint(&w, 1);
    tatu_cbor_put_bytes(&w, evidence);
    tatu_cbor_put_uint(&w, 2);
    tatu_cbor_put_bytes(&w, endorsement);
    return tatu_cbor_done(&w);
}

/* The error of a number; a service may be newer and have more of them. */
static enum tatu_err name_error(uint64_t number)
{
    static const enum tatu_err all[] = {
#define LIST_ERROR(value, name, text) TATU_ERR_##name,
        TATU_ERRORS(LIST_ERROR)
#undef LIST_ERROR
    };
    for (size_t i = 0; i < TATU_COUNT_OF(all); i++) {
        if ((uint64_t)all[i] == number) {
            return all[i];
        }
    }
    return TATU_ERR_REJECTED;
}

enum tatu_err tatu_attestd_decode_refusal(struct tatu_span in)
{
    struct tatu_cbor_reader r;
    open_map(&r, in, 2);
    expect_key(&r, 1);
    const uint64_t number = tatu_cbor_get_uint(&r);
    expect_key(&r, 2);
    (void)tatu_cbor_get_text(&r);
    return tatu_cbor_close(&r) == TATU_OK ? name_error(number) : TATU_ERR_REJECTED;
}
