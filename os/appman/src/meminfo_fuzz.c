#include "os/appman/appman.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_span in = {data, size};
    uint32_t kib;

    (void)tatu_appman_find_kib(in, "MemAvailable", &kib);
    return 0;
}
