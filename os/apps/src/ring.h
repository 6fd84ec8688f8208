/* What an application said last, for its owner: positions count all bytes it ever said. */
#ifndef TATU_APPS_RING_H
#define TATU_APPS_RING_H

#include "base/base.h"

#define TATU_APPS_RING_SIZE 8192u

struct tatu_apps_ring {
    uint32_t end; /* position behind the last byte; wraps around */
    bool full;    /* all of bytes is used */
    uint8_t bytes[TATU_APPS_RING_SIZE];
};

void tatu_apps_put_ring(struct tatu_apps_ring *ring, struct tatu_span bytes);
/**
 * Appends to out what was said from a position on, as much as fits; a position that is gone, or
 * that is none of this ring, means the oldest that is there. Returns the position to go on from.
 */
uint32_t tatu_apps_read_ring(const struct tatu_apps_ring *ring, uint32_t from,
                             struct tatu_buf *out);

#endif
