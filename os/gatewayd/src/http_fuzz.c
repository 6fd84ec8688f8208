#include <stdlib.h>

#include "os/gatewayd/gatewayd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_http_request request;
    if (tatu_gatewayd_decode_http((struct tatu_span){data, size}, &request) == TATU_OK &&
        (request.path[0] != '/' || request.body.len > TATU_HTTP_BODY_MAX ||
         request.body.data + request.body.len != data + size)) {
        abort();
    }
    return 0;
}
