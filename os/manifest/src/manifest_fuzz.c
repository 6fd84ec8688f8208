#include "os/manifest/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_manifest manifest;
    uint32_t number = 0;
    (void)tatu_manifest_decode((struct tatu_span){data, size}, &manifest, &number);
    return 0;
}
