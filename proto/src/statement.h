/* What the signed statements share: maps whose keys are all there, in order, and nothing else. */
#ifndef TATU_PROTO_SRC_STATEMENT_H
#define TATU_PROTO_SRC_STATEMENT_H

#include "bytes.h"
#include "proto/cbor.h"
#include "proto/evidence.h"

/* What was written of a statement that did not fit is taken back. */
static inline enum tatu_err finish_statement(const struct tatu_cbor_writer *w, size_t len_before)
{
    enum tatu_err err = tatu_cbor_done(w);
    if (err != TATU_OK) {
        w->buf->len = len_before;
    }
    return err;
}

static inline void put_fixed(struct tatu_cbor_writer *w, const uint8_t *bytes, size_t len)
{
    tatu_cbor_put_bytes(w, (struct tatu_span){bytes, len});
}

static inline void put_fixed_claim(struct tatu_cbor_writer *w, int64_t key, const uint8_t *bytes,
                                   size_t len)
{
    tatu_cbor_put_int(w, key);
    put_fixed(w, bytes, len);
}

static inline void put_uint_claim(struct tatu_cbor_writer *w, int64_t key, uint64_t value)
{
    tatu_cbor_put_int(w, key);
    tatu_cbor_put_uint(w, value);
}

static inline void fail_reader(struct tatu_cbor_reader *r, enum tatu_err err)
{
    if (r->err == TATU_OK) {
        r->err = err;
    }
}

static inline void expect_map(struct tatu_cbor_reader *r, size_t pairs)
{
    if (tatu_cbor_get_map(r) != pairs) {
        fail_reader(r, TATU_ERR_FORMAT);
    }
}

static inline void expect_array(struct tatu_cbor_reader *r, size_t count)
{
    if (tatu_cbor_get_array(r) != count) {
        fail_reader(r, TATU_ERR_FORMAT);
    }
}

static inline void expect_key(struct tatu_cbor_reader *r, int64_t key)
{
    if (tatu_cbor_get_int(r) != key) {
        fail_reader(r, TATU_ERR_FORMAT);
    }
}

static inline uint64_t get_limited(struct tatu_cbor_reader *r, uint64_t max)
{
    uint64_t value = tatu_cbor_get_uint(r);
    if (value > max) {
        fail_reader(r, TATU_ERR_FORMAT);
        return 0;
    }
    return value;
}

static inline void get_fixed_claim(struct tatu_cbor_reader *r, int64_t key, uint8_t *out,
                                   size_t len)
{
    expect_key(r, key);
    tatu_cbor_get_fixed(r, out, len);
}

static inline uint64_t get_uint_claim(struct tatu_cbor_reader *r, int64_t key, uint64_t max)
{
    expect_key(r, key);
    return get_limited(r, max);
}

/* Items of an array that has a place for max of them; 0 after an error. */
static inline size_t get_count(struct tatu_cbor_reader *r, size_t max)
{
    size_t count = tatu_cbor_get_array(r);
    if (count > max) {
        fail_reader(r, TATU_ERR_LONG);
        return 0;
    }
    return count;
}

/** Whether each image type has a name and comes once. */
bool tatu_measurements_are_sound(const struct tatu_measurement *measurements, size_t count);

static inline bool is_class(uint32_t board_class)
{
    return board_class >= TATU_CLASS_VIRTUAL && board_class <= TATU_CLASS_SILICON;
}

#endif
