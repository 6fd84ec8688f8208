/* The functions of the C library that a compiler calls in freestanding code (memmove: not yet). On
 * the host they are the C library's own; on the A-core mem.c has them. */
#ifndef TATU_MONITOR_MEM_H
#define TATU_MONITOR_MEM_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#endif
