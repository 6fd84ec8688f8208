#include "proto/cbor.h"

#include "fuzzing.h"

/* Copies one scalar or one head from reader to writer. */
static void copy_item(struct tatu_cbor_reader *r, struct tatu_cbor_writer *w)
{
    enum tatu_cbor_kind kind = TATU_CBOR_UINT;
    promise(tatu_cbor_peek(r, &kind));
    switch (kind) {
    case TATU_CBOR_UINT:
        tatu_cbor_put_uint(w, tatu_cbor_get_uint(r));
        break;
    case TATU_CBOR_NINT:
        tatu_cbor_put_int(w, tatu_cbor_get_int(r));
        break;
    case TATU_CBOR_BYTES:
        tatu_cbor_put_bytes(w, tatu_cbor_get_bytes(r));
        break;
    case TATU_CBOR_TEXT:
        tatu_cbor_put_text_span(w, tatu_cbor_get_text(r));
        break;
    case TATU_CBOR_ARRAY:
        tatu_cbor_put_array(w, tatu_cbor_get_array(r));
        break;
    case TATU_CBOR_MAP:
        tatu_cbor_put_map(w, tatu_cbor_get_map(r));
        break;
    case TATU_CBOR_TAG:
        tatu_cbor_put_tag(w, tatu_cbor_get_tag(r));
        break;
    case TATU_CBOR_SIMPLE: {
        struct tatu_cbor_reader ahead = *r;
        bool value = tatu_cbor_get_bool(&ahead);
        if (tatu_cbor_close(&ahead) == TATU_ERR_FORMAT && ahead.err != TATU_OK) {
            tatu_cbor_skip(r);
            tatu_cbor_put_null(w);
        } else {
            *r = ahead;
            tatu_cbor_put_bool(w, value);
        }
        break;
    }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[1 << 16];
    struct tatu_span in = {data, size};
    struct tatu_buf again = TATU_BUF_OF(room);
    struct tatu_cbor_reader r;
    struct tatu_cbor_writer w;
    if (size > sizeof(room)) {
        return 0;
    }
    tatu_cbor_open(&r, in);
    tatu_cbor_skip(&r);
    bool whole = tatu_cbor_close(&r) == TATU_OK;
    promise(r.at <= size);
    tatu_cbor_open(&r, in);
    tatu_cbor_init(&w, &again);
    while (r.err == TATU_OK && r.at < size) {
        copy_item(&r, &w);
    }
    if (r.err == TATU_OK) {
        promise_same(in, tatu_cbor_done(&w), &again);
    }
    promise(!whole || r.err != TATU_ERR_SHORT);
    return 0;
}
