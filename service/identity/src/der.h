/* DER, written from the end to the front: contents first, then tag and length around them. */
#ifndef DER_H
#define DER_H

#include "base/base.h"

struct der {
    uint8_t *room;
    size_t at; /* what is written is room[at..cap) */
    size_t cap;
    bool full;
};

#define DER_SEQUENCE 0x30
#define DER_SET 0x31
#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_OCTET_STRING 0x04
#define DER_UTF8 0x0c
#define DER_PRINTABLE 0x13
#define DER_UTC_TIME 0x17
#define DER_GENERAL_TIME 0x18

void tatu_identity_push_der(struct der *d, const void *bytes, size_t len);
void tatu_identity_push_der_byte(struct der *d, uint8_t byte);
/** Puts tag and length before all that was pushed since `end` (the value of d->at then). */
void tatu_identity_wrap_der(struct der *d, uint8_t tag, size_t end);
/** An unsigned integer from big-endian bytes. */
void tatu_identity_push_der_unsigned(struct der *d, const uint8_t *bytes, size_t len);

#endif
