#include "proto/cbor.h"

#include "cbor_head.h"

/* Apart from the other getters, so that who reads no text does not link the UTF-8 table. */
struct tatu_span tatu_cbor_get_text(struct tatu_cbor_reader *r)
{
    struct tatu_cbor_head head;
    struct tatu_span nothing = {NULL, 0};
    if (!tatu_cbor_take_head(r, &head)) {
        return nothing;
    }
    if (head.kind != TATU_CBOR_TEXT) {
        r->err = TATU_ERR_FORMAT;
        return nothing;
    }
    struct tatu_span text = tatu_cbor_take_content(r, head.value);
    if (r->err == TATU_OK && !tatu_cbor_is_utf8(text)) {
        r->err = TATU_ERR_FORMAT;
    }
    return r->err == TATU_OK ? text : nothing;
}
