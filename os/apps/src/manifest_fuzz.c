#include "os/apps/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_manifest manifest;
    (void)tatu_apps_decode_manifest((struct tatu_span){data, size}, &manifest);
    return 0;
}
