#include "proto/report.h"

#include "statement.h"

#define PARTS 4u

enum tatu_err tatu_proto_encode_boot_failure(const struct tatu_boot_failure *f,
                                             struct tatu_buf *out)
{
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_array(&w, PARTS);
    tatu_cbor_put_uint(&w, f->set);
    tatu_cbor_put_uint(&w, f->image_type);
    tatu_cbor_put_uint(&w, f->err);
    tatu_cbor_put_uint(&w, f->boot_count);
    return finish_statement(&w, len_before);
}

enum tatu_err tatu_proto_decode_boot_failure(struct tatu_span in, struct tatu_boot_failure *out)
{
    struct tatu_boot_failure f;
    struct tatu_cbor_reader r;
    tatu_cbor_open(&r, in);
    expect_array(&r, PARTS);
    f.set = (uint8_t)get_limited(&r, UINT8_MAX);
    f.image_type = (uint16_t)get_limited(&r, UINT16_MAX);
    f.err = (uint32_t)get_limited(&r, UINT32_MAX);
    f.boot_count = tatu_cbor_get_uint(&r);
    TATU_TRY(tatu_cbor_close(&r));
    *out = f;
    return TATU_OK;
}
