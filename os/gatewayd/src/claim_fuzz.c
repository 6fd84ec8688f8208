#include "os/gatewayd/gatewayd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_gateway_claim claim;
    (void)tatu_gatewayd_decode_claim((struct tatu_span){data, size}, &claim);
    return 0;
}
