#include <stdlib.h>
#include <string.h>

#include "http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A head, then its body in pieces that its own bytes decide. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_http_head head;
    struct tatu_http_body body;
    size_t len;
    if (tatu_http_decode_head((struct tatu_span){data, size}, &head, &len) != TATU_OK) {
        return 0;
    }
    if (len > size || strlen(head.path) >= TATU_HTTP_PATH_MAX) {
        abort();
    }
    struct tatu_span rest = {data + len, size - len};
    tatu_http_begin_body(&head, &body);
    while (rest.len != 0 && body.state != TATU_BODY_OVER) {
        const size_t step = rest.data[0] % 13u + 1;
        struct tatu_span in = {rest.data, step < rest.len ? step : rest.len};
        const size_t before = in.len;
        struct tatu_span piece;
        if (tatu_http_take_body(&body, &in, &piece) != TATU_OK) {
            return 0;
        }
        if (in.len == before || piece.len > before) {
            abort();
        }
        rest.data += before - in.len;
        rest.len -= before - in.len;
    }
    return 0;
}
