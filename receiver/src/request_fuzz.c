#include "receiver/receiver.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_receiver_request request;
    if (tatu_receiver_decode((struct tatu_span){data, size}, &request) == TATU_OK &&
        (request.header_len > size || request.body_len > size - request.header_len)) {
        abort();
    }
    return 0;
}
