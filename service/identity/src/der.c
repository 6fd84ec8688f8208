#include "der.h"

#include <string.h>

void tatu_identity_push_der(struct der *d, const void *bytes, size_t len)
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

void tatu_identity_push_der_byte(struct der *d, uint8_t byte)
{
    tatu_identity_push_der(d, &byte, 1);
}

void tatu_identity_wrap_der(struct der *d, uint8_t tag, size_t end)
{
    size_t len = end - d->at;
    if (len < 0x80) {
        tatu_identity_push_der_byte(d, (uint8_t)len);
    } else {
        size_t count = 0;
        for (size_t rest = len; rest > 0; rest >>= 8) {
            tatu_identity_push_der_byte(d, (uint8_t)rest);
            count++;
        }
        tatu_identity_push_der_byte(d, (uint8_t)(0x80 | count));
    }
    tatu_identity_push_der_byte(d, tag);
}

void tatu_identity_push_der_unsigned(struct der *d, const uint8_t *bytes, size_t len)
{
    size_t end = d->at;
    while (len > 1 && bytes[0] == 0) {
        bytes++;
        len--;
    }
    tatu_identity_push_der(d, bytes, len);
    if ((bytes[0] & 0x80) != 0) {
        tatu_identity_push_der_byte(d, 0); /* the first bit would be a sign */
    }
    tatu_identity_wrap_der(d, DER_INTEGER, end);
}
