#include "proto/map.h"
#include "statement.h"

enum tatu_err tatu_proto_decode_confirmation(struct tatu_span in, struct tatu_confirmation *out)
{
    struct tatu_confirmation c;
    struct tatu_cbor_reader r;
    tatu_cbor_open(&r, in);
    expect_map(&r, 2);
    get_fixed_claim(&r, 1, c.implementation, sizeof(c.implementation));
    expect_key(&r, 2);
    expect_array(&r, TATU_COUNT_OF(c.floors));
    for (size_t i = 0; i < TATU_COUNT_OF(c.floors); i++) {
        c.floors[i] = (uint32_t)get_limited(&r, TATU_FUSE_FLOOR_BITS);
    }
    TATU_TRY(tatu_cbor_close(&r));
    *out = c;
    return TATU_OK;
}
