#include "proto/cbor.h"

#include "bytes.h"
#include "cbor_head.h"

void tatu_cbor_open(struct tatu_cbor_reader *r, struct tatu_span in)
{
    *r = (struct tatu_cbor_reader){.in = in, .at = 0, .err = TATU_OK};
}

bool tatu_cbor_peek(const struct tatu_cbor_reader *r, enum tatu_cbor_kind *out_kind)
{
    if (r->err != TATU_OK || cbor_left(r) == 0) {
        return false;
    }
    *out_kind = (enum tatu_cbor_kind)(r->in.data[r->at] >> KIND_SHIFT);
    return true;
}

/* The value of a head that must be of this kind; 0 after an error. */
static uint64_t take_kind(struct tatu_cbor_reader *r, enum tatu_cbor_kind kind)
{
    struct tatu_cbor_head head;
    if (!tatu_cbor_take_head(r, &head)) {
        return 0;
    }
    if (head.kind != kind) {
        r->err = TATU_ERR_FORMAT;
        return 0;
    }
    return head.value;
}

uint64_t tatu_cbor_get_uint(struct tatu_cbor_reader *r)
{
    return take_kind(r, TATU_CBOR_UINT);
}

int64_t tatu_cbor_get_int(struct tatu_cbor_reader *r)
{
    struct tatu_cbor_head head;
    if (!tatu_cbor_take_head(r, &head)) {
        return 0;
    }
    if ((head.kind != TATU_CBOR_UINT && head.kind != TATU_CBOR_NINT) || head.value > INT64_MAX) {
        r->err = TATU_ERR_FORMAT;
        return 0;
    }
    return head.kind == TATU_CBOR_UINT ? (int64_t)head.value : -1 - (int64_t)head.value;
}

struct tatu_span tatu_cbor_get_bytes(struct tatu_cbor_reader *r)
{
    uint64_t len = take_kind(r, TATU_CBOR_BYTES);
    return tatu_cbor_take_content(r, len);
}

void tatu_cbor_get_fixed(struct tatu_cbor_reader *r, uint8_t *out, size_t len)
{
    struct tatu_span bytes = tatu_cbor_get_bytes(r);
    if (r->err == TATU_OK && bytes.len != len) {
        r->err = TATU_ERR_FORMAT;
    }
    if (r->err == TATU_OK) {
        copy_bytes(out, bytes.data, len);
    }
}

/* A count that cannot be true, as each item has at least one byte, is refused before a caller
 * makes room for it. */
static size_t take_count(struct tatu_cbor_reader *r, enum tatu_cbor_kind kind, size_t items_each)
{
    uint64_t count = take_kind(r, kind);
    if (r->err == TATU_OK && count > cbor_left(r) / items_each) {
        r->err = TATU_ERR_SHORT;
    }
    return r->err == TATU_OK ? (size_t)count : 0;
}

size_t tatu_cbor_get_array(struct tatu_cbor_reader *r)
{
    return take_count(r, TATU_CBOR_ARRAY, 1);
}

size_t tatu_cbor_get_map(struct tatu_cbor_reader *r)
{
    return take_count(r, TATU_CBOR_MAP, 2);
}

uint64_t tatu_cbor_get_tag(struct tatu_cbor_reader *r)
{
    return take_kind(r, TATU_CBOR_TAG);
}

bool tatu_cbor_get_bool(struct tatu_cbor_reader *r)
{
    uint64_t value = take_kind(r, TATU_CBOR_SIMPLE);
    if (r->err == TATU_OK && value != SIMPLE_FALSE && value != SIMPLE_TRUE) {
        r->err = TATU_ERR_FORMAT;
    }
    return r->err == TATU_OK && value == SIMPLE_TRUE;
}

/* Deterministic order of integer keys: 0, 1, 2 ... before -1, -2, -3 ... */
static bool comes_after(int64_t previous, int64_t key)
{
    if ((previous < 0) != (key < 0)) {
        return key < 0;
    }
    return key < 0 ? key < previous : key > previous;
}

int64_t tatu_cbor_get_key(struct tatu_cbor_reader *r, struct tatu_cbor_key *previous)
{
    int64_t key = tatu_cbor_get_int(r);
    if (r->err == TATU_OK && previous->started && !comes_after(previous->value, key)) {
        r->err = TATU_ERR_FORMAT;
    }
    if (r->err != TATU_OK) {
        return 0;
    }
    *previous = (struct tatu_cbor_key){true, key};
    return key;
}

enum tatu_err tatu_cbor_close(const struct tatu_cbor_reader *r)
{
    if (r->err != TATU_OK) {
        return r->err;
    }
    return cbor_left(r) == 0 ? TATU_OK : TATU_ERR_FORMAT;
}
