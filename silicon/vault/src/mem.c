/* The three functions the compiler may call by itself; there is no libc here. Built without the
 * pass that would turn these loops into calls of themselves. */
#include "mem.h"

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    unsigned char *d = to;
    const unsigned char *s = from;
    while (len-- > 0) {
        *d++ = *s++;
    }
    return to;
}

void *memset(void *to, int value, size_t len)
{
    unsigned char *d = to;
    while (len-- > 0) {
        *d++ = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const unsigned char *x = a;
    const unsigned char *y = b;
    for (; len > 0; len--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}
