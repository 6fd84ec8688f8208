/*
 * Memory of one request or job: taken in pieces, given back all at once. Never returns NULL: a
 * service that is out of memory ends (what was acknowledged is in the store). Sizes are bounded by
 * the limits of requests, not here.
 */
#ifndef TATU_SERVICE_ARENA_ARENA_H
#define TATU_SERVICE_ARENA_ARENA_H

#include "base/base.h"

struct tatu_arena_block;

struct tatu_arena {
    struct tatu_arena_block *newest;
};

void tatu_arena_init(struct tatu_arena *arena);
/** Wipes and frees all that was taken. */
void tatu_arena_done(struct tatu_arena *arena);

/** Zeroed, aligned for any type. */
void *tatu_arena_take(struct tatu_arena *arena, size_t size);
/** A copy with a NUL behind it. */
char *tatu_arena_copy_text(struct tatu_arena *arena, const char *text, size_t len);
struct tatu_span tatu_arena_copy(struct tatu_arena *arena, struct tatu_span bytes);
char *tatu_arena_format(struct tatu_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Lower-case hex text of the bytes. */
char *tatu_arena_hex(struct tatu_arena *arena, struct tatu_span bytes);
/** Empty room of `cap` bytes. */
struct tatu_buf tatu_arena_buf(struct tatu_arena *arena, size_t cap);

#define TATU_ARENA_ONE(arena, type) ((type *)tatu_arena_take((arena), sizeof(type)))
#define TATU_ARENA_MANY(arena, type, count)                                                        \
    ((type *)tatu_arena_take((arena), (count) * sizeof(type)))

#endif
