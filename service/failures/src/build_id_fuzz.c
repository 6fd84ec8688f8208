#include "service/failures/failures.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_span build_id;
    if (tatu_failures_find_build_id((struct tatu_span){data, size}, &build_id) == TATU_OK &&
        (build_id.len == 0 || build_id.len > TATU_BUILD_ID_MAX || build_id.data < data ||
         build_id.data + build_id.len > data + size)) {
        abort();
    }
    return 0;
}
