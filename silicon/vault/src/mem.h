/* The part of string.h that exists here: on the real core mem.c, on the host its libc. */
#ifndef TATU_VAULT_MEM_H
#define TATU_VAULT_MEM_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#endif
