#include "service/arena/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 16384u
#define SIZE_LIMIT (256u << 20) /* far over any request; more is a bug */

struct tatu_arena_block {
    struct tatu_arena_block *older;
    size_t cap;
    size_t used;
    alignas(max_align_t) uint8_t bytes[];
};

void tatu_arena_init(struct tatu_arena *arena)
{
    arena->newest = NULL;
}

void tatu_arena_done(struct tatu_arena *arena)
{
    while (arena->newest != NULL) {
        struct tatu_arena_block *block = arena->newest;
        arena->newest = block->older;
        tatu_base_wipe(block->bytes, block->used); /* keys and tokens pass through here */
        free(block);
    }
}

static struct tatu_arena_block *add_block(struct tatu_arena *arena, size_t size)
{
    size_t cap = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct tatu_arena_block *block = calloc(1, sizeof(*block) + cap);
    if (block == NULL) {
        (void)fputs("out of memory\n", stderr);
        abort();
    }
    block->cap = cap;
    block->older = arena->newest;
    arena->newest = block;
    return block;
}

void *tatu_arena_take(struct tatu_arena *arena, size_t size)
{
    assert(size <= SIZE_LIMIT);
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct tatu_arena_block *block = arena->newest;
    if (block == NULL || block->cap - block->used < rounded) {
        block = add_block(arena, rounded);
    }
    void *taken = block->bytes + block->used;
    block->used += rounded;
    return taken;
}

char *tatu_arena_copy_text(struct tatu_arena *arena, const char *text, size_t len)
{
    char *copy = tatu_arena_take(arena, len + 1);
    if (len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

struct tatu_span tatu_arena_copy(struct tatu_arena *arena, struct tatu_span bytes)
{
    return (struct tatu_span){
        (const uint8_t *)tatu_arena_copy_text(arena, (const char *)bytes.data, bytes.len),
        bytes.len};
}

char *tatu_arena_format(struct tatu_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *text = tatu_arena_take(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

char *tatu_arena_hex(struct tatu_arena *arena, struct tatu_span bytes)
{
    char *text = tatu_arena_take(arena, 2 * bytes.len + 1);
    tatu_base_encode_hex(bytes, text);
    return text;
}

struct tatu_buf tatu_arena_buf(struct tatu_arena *arena, size_t cap)
{
    return (struct tatu_buf){tatu_arena_take(arena, cap), 0, cap};
}
