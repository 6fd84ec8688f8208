#include "proto/map.h"
#include "statement.h"

enum tatu_err tatu_proto_encode_confirmation(const struct tatu_confirmation *c,
                                             struct tatu_buf *out)
{
    struct tatu_cbor_writer w;
    size_t len_before = out->len;
    tatu_cbor_init(&w, out);
    tatu_cbor_put_map(&w, 2);
    put_fixed_claim(&w, 1, c->implementation, sizeof(c->implementation));
    tatu_cbor_put_int(&w, 2);
    tatu_cbor_put_array(&w, TATU_COUNT_OF(c->floors));
    for (size_t i = 0; i < TATU_COUNT_OF(c->floors); i++) {
        if (c->floors[i] > TATU_FUSE_FLOOR_BITS) {
            out->len = len_before;
            return TATU_ERR_ARGUMENT;
        }
        tatu_cbor_put_uint(&w, c->floors[i]);
    }
    return finish_statement(&w, len_before);
}
