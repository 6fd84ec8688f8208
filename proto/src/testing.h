/* What the room's tests share: cmocka with its includes, byte patches, a check for untouched
 * output. */
#ifndef TATU_PROTO_SRC_TESTING_H
#define TATU_PROTO_SRC_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "base/base.h"

#include <cmocka.h>

#define UNTOUCHED 0xa5

/* One way to spoil a good object, and the error it must give. */
struct spoil {
    const char *promise;
    size_t at;
    size_t width; /* 1, 2 or 4, little-endian */
    uint32_t value;
    enum tatu_err err;
};

static inline void spoil_bytes(uint8_t *bytes, const struct spoil *spoil)
{
    for (size_t i = 0; i < spoil->width; i++) {
        bytes[spoil->at + i] = (uint8_t)(spoil->value >> (8 * i));
    }
}

static inline bool is_untouched(const void *out, size_t len)
{
    const uint8_t *p = out;
    for (size_t i = 0; i < len; i++) {
        if (p[i] != UNTOUCHED) {
            return false;
        }
    }
    return true;
}

static inline void expect_err(const char *promise, enum tatu_err got, enum tatu_err wanted)
{
    if (got != wanted) {
        fail_msg("%s: %s instead of %s", promise, tatu_err_name(got), tatu_err_name(wanted));
    }
}

#endif
