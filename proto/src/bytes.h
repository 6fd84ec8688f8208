/*
 * Fixed little-endian layouts: a read and a write position that move as fields pass. The caller has
 * checked that the whole layout fits, so nothing here can fail. Loops instead of memcpy, because
 * the room links without libc.
 */
#ifndef TATU_PROTO_SRC_BYTES_H
#define TATU_PROTO_SRC_BYTES_H

#include "base/base.h"

static inline void copy_bytes(uint8_t *to, const uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i];
    }
}

static inline bool same_bytes(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

static inline bool all_zero(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

static inline size_t text_len(const char *text)
{
    size_t len = 0;
    while (text[len] != '\0') {
        len++;
    }
    return len;
}

static inline bool is_text(struct tatu_span span, const char *text)
{
    return span.len == text_len(text) && same_bytes(span.data, (const uint8_t *)text, span.len);
}

static inline uint8_t take_u8(const uint8_t **p)
{
    return *(*p)++;
}
static inline uint16_t take_u16(const uint8_t **p)
{
    uint16_t value = tatu_get_le16(*p);
    *p += 2;
    return value;
}
static inline uint32_t take_u32(const uint8_t **p)
{
    uint32_t value = tatu_get_le32(*p);
    *p += 4;
    return value;
}
static inline uint64_t take_u64(const uint8_t **p)
{
    uint64_t value = tatu_get_le64(*p);
    *p += 8;
    return value;
}
static inline void take_bytes(const uint8_t **p, uint8_t *out, size_t len)
{
    copy_bytes(out, *p, len);
    *p += len;
}

static inline void give_u8(uint8_t **p, uint8_t value)
{
    *(*p)++ = value;
}
static inline void give_u16(uint8_t **p, uint16_t value)
{
    tatu_put_le16(*p, value);
    *p += 2;
}
static inline void give_u32(uint8_t **p, uint32_t value)
{
    tatu_put_le32(*p, value);
    *p += 4;
}
static inline void give_u64(uint8_t **p, uint64_t value)
{
    tatu_put_le64(*p, value);
    *p += 8;
}
static inline void give_bytes(uint8_t **p, const uint8_t *bytes, size_t len)
{
    copy_bytes(*p, bytes, len);
    *p += len;
}

/** Room for exactly len more bytes in buf, already counted in; NULL (nothing changed) when full. */
static inline uint8_t *give_room(struct tatu_buf *buf, size_t len)
{
    if (buf->len > buf->cap || len > buf->cap - buf->len) {
        return NULL;
    }
    uint8_t *room = buf->data + buf->len;
    buf->len += len;
    return room;
}

#endif
