/* What the room's fuzz targets share. A broken promise aborts, also where asserts are off. */
#ifndef TATU_PROTO_SRC_FUZZING_H
#define TATU_PROTO_SRC_FUZZING_H

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void promise(bool kept)
{
    if (!kept) {
        abort();
    }
}

/* What was read is written as the same bytes: there is one encoding. */
static inline void promise_same(struct tatu_span in, enum tatu_err err,
                                const struct tatu_buf *again)
{
    promise(err == TATU_OK && again->len == in.len && memcmp(again->data, in.data, in.len) == 0);
}

#endif
