#include "proto/cbor.h"

#include "bytes.h"
#include "cbor_head.h"

static void put(struct tatu_cbor_writer *w, struct tatu_span bytes)
{
    if (w->err == TATU_OK) {
        w->err = tatu_base_put_bytes(w->buf, bytes);
    }
}

static void put_head(struct tatu_cbor_writer *w, enum tatu_cbor_kind kind, uint64_t value)
{
    uint8_t head[9];
    size_t len = 1;
    uint8_t info = (uint8_t)value;
    if (value > UINT32_MAX) {
        info = INFO_8_BYTES;
        len = 9;
    } else if (value > UINT16_MAX) {
        info = INFO_4_BYTES;
        len = 5;
    } else if (value > UINT8_MAX) {
        info = INFO_2_BYTES;
        len = 3;
    } else if (value >= INFO_1_BYTE) {
        info = INFO_1_BYTE;
        len = 2;
    }
    head[0] = (uint8_t)((unsigned)kind << KIND_SHIFT | info);
    for (size_t i = len - 1; i > 0; i--) {
        head[i] = (uint8_t)value;
        value >>= 8;
    }
    put(w, (struct tatu_span){head, len});
}

void tatu_cbor_init(struct tatu_cbor_writer *w, struct tatu_buf *buf)
{
    *w = (struct tatu_cbor_writer){.buf = buf, .err = TATU_OK};
}

void tatu_cbor_put_uint(struct tatu_cbor_writer *w, uint64_t value)
{
    put_head(w, TATU_CBOR_UINT, value);
}

void tatu_cbor_put_int(struct tatu_cbor_writer *w, int64_t value)
{
    if (value < 0) {
        put_head(w, TATU_CBOR_NINT, (uint64_t)(-1 - value));
    } else {
        put_head(w, TATU_CBOR_UINT, (uint64_t)value);
    }
}

void tatu_cbor_put_bytes_head(struct tatu_cbor_writer *w, size_t len)
{
    put_head(w, TATU_CBOR_BYTES, len);
}

void tatu_cbor_put_bytes(struct tatu_cbor_writer *w, struct tatu_span bytes)
{
    put_head(w, TATU_CBOR_BYTES, bytes.len);
    put(w, bytes);
}

void tatu_cbor_put_text_span(struct tatu_cbor_writer *w, struct tatu_span text)
{
    put_head(w, TATU_CBOR_TEXT, text.len);
    put(w, text);
}

void tatu_cbor_put_text(struct tatu_cbor_writer *w, const char *text)
{
    tatu_cbor_put_text_span(w, (struct tatu_span){(const uint8_t *)text, text_len(text)});
}

void tatu_cbor_put_array(struct tatu_cbor_writer *w, size_t count)
{
    put_head(w, TATU_CBOR_ARRAY, count);
}

void tatu_cbor_put_map(struct tatu_cbor_writer *w, size_t pair_count)
{
    put_head(w, TATU_CBOR_MAP, pair_count);
}

void tatu_cbor_put_tag(struct tatu_cbor_writer *w, uint64_t tag)
{
    put_head(w, TATU_CBOR_TAG, tag);
}

void tatu_cbor_put_bool(struct tatu_cbor_writer *w, bool value)
{
    put_head(w, TATU_CBOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void tatu_cbor_put_null(struct tatu_cbor_writer *w)
{
    put_head(w, TATU_CBOR_SIMPLE, SIMPLE_NULL);
}

enum tatu_err tatu_cbor_done(const struct tatu_cbor_writer *w)
{
    return w->err;
}
