/* An item's head: what reader, skipper and writer share. Source: RFC 8949 §3. */
#ifndef TATU_PROTO_SRC_CBOR_HEAD_H
#define TATU_PROTO_SRC_CBOR_HEAD_H

#include "proto/cbor.h"

#define KIND_SHIFT 5
#define INFO_MASK 0x1fu
#define INFO_1_BYTE 24u
#define INFO_2_BYTES 25u
#define INFO_4_BYTES 26u
#define INFO_8_BYTES 27u
#define SIMPLE_FALSE 20u
#define SIMPLE_TRUE 21u
#define SIMPLE_NULL 22u

struct tatu_cbor_head {
    enum tatu_cbor_kind kind;
    uint64_t value;
};

/**
 * Takes the next head. A reader with an error, or that gets one here (SHORT; FORMAT for a head that
 * is not the shortest, indefinite or a simple value other than false, true and null), yields false.
 */
bool tatu_cbor_take_head(struct tatu_cbor_reader *r, struct tatu_cbor_head *out);

/** Takes len bytes of content. Sets SHORT and yields an empty span when they are not there. */
struct tatu_span tatu_cbor_take_content(struct tatu_cbor_reader *r, uint64_t len);

/** Bytes not yet taken. */
static inline size_t cbor_left(const struct tatu_cbor_reader *r)
{
    return r->in.len - r->at;
}

/** Sets the error unless there is one. */
static inline void cbor_fail(struct tatu_cbor_reader *r, enum tatu_err err)
{
    if (r->err == TATU_OK) {
        r->err = err;
    }
}

/** Whether text is well-formed UTF-8. */
bool tatu_cbor_is_utf8(struct tatu_span text);

#endif
