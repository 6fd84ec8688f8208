#include "proto/report.h"

#include "statement.h"

enum { KIND = 1, COMPONENT, IMAGE, CODE, UNIX_S, PARTS = UNIX_S };

enum tatu_err tatu_proto_encode_event(const struct tatu_event *event, struct tatu_buf *out)
{
    if (event->kind == 0) {
        return TATU_ERR_ARGUMENT;
    }
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, PARTS);
    put_uint_claim(&w, KIND, event->kind);
    put_fixed_claim(&w, COMPONENT, event->component, sizeof(event->component));
    put_fixed_claim(&w, IMAGE, event->image, sizeof(event->image));
    put_uint_claim(&w, CODE, event->code);
    put_uint_claim(&w, UNIX_S, event->unix_s);
    return finish_statement(&w, len_before);
}

enum tatu_err tatu_proto_decode_event(struct tatu_span in, struct tatu_event *out)
{
    struct tatu_event event;
    struct tatu_cbor_reader r;
    tatu_cbor_open(&r, in);
    expect_map(&r, PARTS);
    event.kind = (uint32_t)get_uint_claim(&r, KIND, UINT32_MAX);
    get_fixed_claim(&r, COMPONENT, event.component, sizeof(event.component));
    get_fixed_claim(&r, IMAGE, event.image, sizeof(event.image));
    event.code = (uint32_t)get_uint_claim(&r, CODE, UINT32_MAX);
    event.unix_s = get_uint_claim(&r, UNIX_S, UINT64_MAX);
    TATU_TRY(tatu_cbor_close(&r));
    if (event.kind == 0) {
        return TATU_ERR_FORMAT;
    }
    *out = event;
    return TATU_OK;
}
