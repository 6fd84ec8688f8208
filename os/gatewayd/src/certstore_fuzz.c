#include <stdlib.h>

#include "certstore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_certstore_slot slot;
    struct tatu_span certificate, key;
    if (tatu_certstore_decode((struct tatu_span){data, size}, &slot, &certificate, &key) ==
            TATU_OK &&
        (key.data + key.len != data + size || certificate.data + certificate.len != key.data ||
         tatu_certstore_check_id(slot.id) != 0)) {
        abort();
    }
    return 0;
}
