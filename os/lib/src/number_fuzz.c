#include "os/lib/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tatu_span in = {data, size};
    uint64_t value;

    (void)tatu_os_find_number(in, "MemAvailable:", &value);
    return 0;
}
