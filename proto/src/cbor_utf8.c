#include "cbor_head.h"

/* The second byte's range depends on the first: that is what keeps overlong forms, surrogates and
 * values above U+10FFFF out. Source: RFC 3629 §4. */
static const struct {
    uint8_t first_low, first_high, second_low, second_high, more;
} forms[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2}, {0xe1, 0xec, 0x80, 0xbf, 2},
    {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3},
    {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
};

/* Bytes of the character at p, 0 when it is none. */
static size_t char_len(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80) {
        return 1;
    }
    for (size_t i = 0; i < TATU_COUNT_OF(forms); i++) {
        if (p[0] < forms[i].first_low || p[0] > forms[i].first_high) {
            continue;
        }
        size_t len = 1u + forms[i].more;
        if (left < len || p[1] < forms[i].second_low || p[1] > forms[i].second_high) {
            return 0;
        }
        for (size_t k = 2; k < len; k++) {
            if ((p[k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return len;
    }
    return 0;
}

bool tatu_cbor_is_utf8(struct tatu_span text)
{
    for (size_t at = 0; at < text.len;) {
        size_t len = char_len(text.data + at, text.len - at);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}
