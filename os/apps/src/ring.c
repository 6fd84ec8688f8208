#include "ring.h"

_Static_assert((TATU_APPS_RING_SIZE & (TATU_APPS_RING_SIZE - 1)) == 0, "positions may wrap around");

void tatu_apps_put_ring(struct tatu_apps_ring *ring, struct tatu_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        ring->bytes[ring->end % TATU_APPS_RING_SIZE] = bytes.data[i];
        ring->end++;
        ring->full |= ring->end % TATU_APPS_RING_SIZE == 0;
    }
}

uint32_t tatu_apps_read_ring(const struct tatu_apps_ring *ring, uint32_t from, struct tatu_buf *out)
{
    const uint32_t kept = ring->full ? TATU_APPS_RING_SIZE : ring->end;
    uint32_t at = ring->end - from <= kept ? from : ring->end - kept;
    while (at != ring->end && out->len < out->cap) {
        out->data[out->len++] = ring->bytes[at % TATU_APPS_RING_SIZE];
        at++;
    }
    return at;
}
