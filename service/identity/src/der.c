#include "der.h"

#include <string.h>

void der_push(struct der *d, const void *bytes, size_t len)
{
    if (d->full || len > d->at) {
        d->full = true;
        return;
    }
    d->at -= len;
    if (len > 0) {
        memcpy(d->room + d->at, bytes, len);
    }
}

void der_push_byte(struct der *d, uint8_t byte)
{
    der_push(d, &byte, 1);
}

void der_wrap(struct der *d, uint8_t tag, size_t end)
{
    size_t len = end - d->at;
    if (len < 0x80) {
        der_push_byte(d, (uint8_t)len);
    } else {
        size_t count = 0;
        for (size_t rest = len; rest > 0; rest >>= 8) {
            der_push_byte(d, (uint8_t)rest);
            count++;
        }
        der_push_byte(d, (uint8_t)(0x80 | count));
    }
    der_push_byte(d, tag);
}

void der_push_unsigned(struct der *d, const uint8_t *bytes, size_t len)
{
    size_t end = d->at;
    while (len > 1 && bytes[0] == 0) {
        bytes++;
        len--;
    }
    der_push(d, bytes, len);
    if ((bytes[0] & 0x80) != 0) {
        der_push_byte(d, 0); /* the first bit would be a sign */
    }
    der_wrap(d, DER_INTEGER, end);
}
