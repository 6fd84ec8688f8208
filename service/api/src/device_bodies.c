#include "device_bodies.h"

#include "proto/cbor.h"
#include "proto/smc.h"

/* Opens a map of exactly `count` pairs. */
static void open_map(struct tatu_cbor_reader *r, struct tatu_span body, size_t count)
{
    tatu_cbor_open(r, body);
    if (tatu_cbor_get_map(r) != count && r->err == TATU_OK) {
        r->err = TATU_ERR_FORMAT;
    }
}

static void expect_key(struct tatu_cbor_reader *r, struct tatu_cbor_key *previous, int64_t key)
{
    if (tatu_cbor_get_key(r, previous) != key && r->err == TATU_OK) {
        r->err = TATU_ERR_FORMAT;
    }
}

enum tatu_err tatu_api_decode_device_wish(struct tatu_span body, uint8_t out_nonce[32])
{
    struct tatu_cbor_reader r;
    struct tatu_cbor_key key = {0};
    uint8_t nonce[32];
    open_map(&r, body, 1);
    expect_key(&r, &key, 1);
    tatu_cbor_get_fixed(&r, nonce, sizeof(nonce));
    TATU_TRY(tatu_cbor_close(&r));
    for (size_t i = 0; i < sizeof(nonce); i++) {
        out_nonce[i] = nonce[i];
    }
    return TATU_OK;
}

enum tatu_err tatu_api_decode_device_nonce(struct tatu_span body)
{
    struct tatu_cbor_reader r;
    open_map(&r, body, 0);
    return tatu_cbor_close(&r);
}

enum tatu_err tatu_api_decode_device_attest(struct tatu_span body, struct tatu_attest_request *out)
{
    struct tatu_cbor_reader r;
    struct tatu_cbor_key key = {0};
    struct tatu_attest_request request;
    open_map(&r, body, 2);
    expect_key(&r, &key, 1);
    request.evidence = tatu_cbor_get_bytes(&r);
    expect_key(&r, &key, 2);
    request.endorsement = tatu_cbor_get_bytes(&r);
    TATU_TRY(tatu_cbor_close(&r));
    *out = request;
    return TATU_OK;
}

enum tatu_err tatu_api_decode_device_report(struct tatu_span body, struct tatu_report *out)
{
    struct tatu_cbor_reader r;
    struct tatu_cbor_key key = {0};
    struct tatu_report report;
    open_map(&r, body, 4);
    expect_key(&r, &key, 1);
    uint64_t kind = tatu_cbor_get_uint(&r);
    expect_key(&r, &key, 2);
    report.record = tatu_cbor_get_uint(&r);
    expect_key(&r, &key, 3);
    report.boot_count = tatu_cbor_get_uint(&r);
    expect_key(&r, &key, 4);
    report.payload = tatu_cbor_get_bytes(&r);
    TATU_TRY(tatu_cbor_close(&r));
    /* the database's integers have a sign */
    if (kind > UINT16_MAX || report.record > INT64_MAX || report.boot_count > INT64_MAX) {
        return TATU_ERR_FORMAT;
    }
    if (report.payload.len > TATU_RECORD_MAX) {
        return TATU_ERR_LONG;
    }
    report.kind = (uint32_t)kind;
    *out = report;
    return TATU_OK;
}
