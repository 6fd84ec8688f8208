/*
 * CBOR, the deterministic subset of RFC 8949 §4.2.1 that Tatu uses: definite lengths, shortest
 * heads, maps with keys in ascending bytewise order of their encoding and no duplicates; no floats,
 * no tags but the ones asked for. Reader and writer work in place, without heap or recursion.
 */
#ifndef TATU_PROTO_CBOR_H
#define TATU_PROTO_CBOR_H

#include "base/base.h"

enum tatu_cbor_kind {
    TATU_CBOR_UINT = 0,
    TATU_CBOR_NINT = 1, /* value n stands for -1 - n */
    TATU_CBOR_BYTES = 2,
    TATU_CBOR_TEXT = 3,
    TATU_CBOR_ARRAY = 4,
    TATU_CBOR_MAP = 5,
    TATU_CBOR_TAG = 6,
    TATU_CBOR_SIMPLE = 7,
};

/* ---- writer: the first error sticks; check it once with tatu_cbor_done ---- */
struct tatu_cbor_writer {
    struct tatu_buf *buf;
    enum tatu_err err;
};

void tatu_cbor_init(struct tatu_cbor_writer *w, struct tatu_buf *buf);
void tatu_cbor_put_uint(struct tatu_cbor_writer *w, uint64_t value);
void tatu_cbor_put_int(struct tatu_cbor_writer *w, int64_t value);
void tatu_cbor_put_bytes(struct tatu_cbor_writer *w, struct tatu_span bytes);
/** The head of a byte string alone; the caller sends its len bytes by another way. */
void tatu_cbor_put_bytes_head(struct tatu_cbor_writer *w, size_t len);
void tatu_cbor_put_text(struct tatu_cbor_writer *w, const char *text);
void tatu_cbor_put_text_span(struct tatu_cbor_writer *w, struct tatu_span text);
void tatu_cbor_put_array(struct tatu_cbor_writer *w, size_t count);
void tatu_cbor_put_map(struct tatu_cbor_writer *w, size_t pair_count);
void tatu_cbor_put_tag(struct tatu_cbor_writer *w, uint64_t tag);
void tatu_cbor_put_bool(struct tatu_cbor_writer *w, bool value);
void tatu_cbor_put_null(struct tatu_cbor_writer *w);
/** FULL if anything did not fit. */
enum tatu_err tatu_cbor_done(const struct tatu_cbor_writer *w);

/* ---- reader: a cursor over borrowed hostile bytes; the first error sticks ---- */
struct tatu_cbor_reader {
    struct tatu_span in;
    size_t at;
    enum tatu_err err;
};

void tatu_cbor_open(struct tatu_cbor_reader *r, struct tatu_span in);
/** Kind of the next item without taking it. False at the end or after an error. */
bool tatu_cbor_peek(const struct tatu_cbor_reader *r, enum tatu_cbor_kind *out_kind);
/* Each takes the next item, which must be of that kind, else FORMAT; SHORT at the end. After an
 * error they return zero values and the error stays. Text is valid UTF-8, else FORMAT. A count that
 * more bytes would need than are left is SHORT. */
uint64_t tatu_cbor_get_uint(struct tatu_cbor_reader *r);
int64_t tatu_cbor_get_int(struct tatu_cbor_reader *r);
struct tatu_span tatu_cbor_get_bytes(struct tatu_cbor_reader *r);
struct tatu_span tatu_cbor_get_text(struct tatu_cbor_reader *r);
size_t tatu_cbor_get_array(struct tatu_cbor_reader *r);
size_t tatu_cbor_get_map(struct tatu_cbor_reader *r);
uint64_t tatu_cbor_get_tag(struct tatu_cbor_reader *r);
bool tatu_cbor_get_bool(struct tatu_cbor_reader *r);
/** Bytes of exactly `len` into out; FORMAT when the length differs. */
void tatu_cbor_get_fixed(struct tatu_cbor_reader *r, uint8_t *out, size_t len);
/** Passes over one whole item, nested at most TATU_CBOR_DEPTH_MAX deep (else LONG); checks the same
 *  things on the way, and that the keys of maps rise (else FORMAT). */
void tatu_cbor_skip(struct tatu_cbor_reader *r);
#define TATU_CBOR_DEPTH_MAX 8u
/**
 * Walks a map with integer keys: call tatu_cbor_get_map, then this for each pair; it reads the key
 * and checks that keys rise. previous starts as a fresh struct.
 */
struct tatu_cbor_key {
    bool started;
    int64_t value;
};
int64_t tatu_cbor_get_key(struct tatu_cbor_reader *r, struct tatu_cbor_key *previous);
/** The sticky error, else FORMAT when bytes are left over. */
enum tatu_err tatu_cbor_close(const struct tatu_cbor_reader *r);

#endif
