#include "mem.h"

#include <stdint.h>

/* Compiled with -fno-tree-loop-distribute-patterns, or each loop would become a call to itself. */

static int is_aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & 3u) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if (is_aligned(d, s)) {
        for (; len >= 4; len -= 4, d += 4, s += 4) {
            *(uint32_t *)(void *)d = *(const uint32_t *)(const void *)s;
        }
    }
    while (len-- > 0) {
        *d++ = *s++;
    }
    return to;
}

void *memset(void *to, int byte, size_t len)
{
    uint8_t *d = to;
    while (len-- > 0) {
        *d++ = (uint8_t)byte;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a;
    const uint8_t *y = b;
    for (; len > 0; len--, x++, y++) {
        if (*x != *y) {
            return *x < *y ? -1 : 1;
        }
    }
    return 0;
}
