#include "cbor_head.h"

static bool is_shortest(uint64_t value, size_t len)
{
    switch (len) {
    case 1:
        return value >= INFO_1_BYTE;
    case 2:
        return value > UINT8_MAX;
    case 4:
        return value > UINT16_MAX;
    default:
        return value > UINT32_MAX;
    }
}

static enum tatu_err take_value(struct tatu_cbor_reader *r, uint8_t info, uint64_t *out)
{
    if (info < INFO_1_BYTE) {
        *out = info;
        return TATU_OK;
    }
    if (info > INFO_8_BYTES) {
        return TATU_ERR_FORMAT; /* reserved, or an indefinite length */
    }
    size_t len = (size_t)1 << (info - INFO_1_BYTE);
    if (cbor_left(r) < len) {
        return TATU_ERR_SHORT;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value = value << 8 | r->in.data[r->at++];
    }
    if (!is_shortest(value, len)) {
        return TATU_ERR_FORMAT;
    }
    *out = value;
    return TATU_OK;
}

bool tatu_cbor_take_head(struct tatu_cbor_reader *r, struct tatu_cbor_head *out)
{
    if (r->err != TATU_OK) {
        return false;
    }
    if (cbor_left(r) == 0) {
        r->err = TATU_ERR_SHORT;
        return false;
    }
    uint8_t first = r->in.data[r->at++];
    uint64_t value = 0;
    enum tatu_cbor_kind kind = (enum tatu_cbor_kind)(first >> KIND_SHIFT);
    r->err = take_value(r, first & INFO_MASK, &value);
    if (r->err == TATU_OK && kind == TATU_CBOR_SIMPLE &&
        ((first & INFO_MASK) < SIMPLE_FALSE || (first & INFO_MASK) > SIMPLE_NULL)) {
        r->err = TATU_ERR_FORMAT; /* floats too */
    }
    if (r->err != TATU_OK) {
        return false;
    }
    *out = (struct tatu_cbor_head){kind, value};
    return true;
}

struct tatu_span tatu_cbor_take_content(struct tatu_cbor_reader *r, uint64_t len)
{
    if (len > cbor_left(r)) {
        cbor_fail(r, TATU_ERR_SHORT);
        return (struct tatu_span){NULL, 0};
    }
    struct tatu_span content = {len == 0 ? NULL : r->in.data + r->at, (size_t)len};
    r->at += (size_t)len;
    return content;
}
