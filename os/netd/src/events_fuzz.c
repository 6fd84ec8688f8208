#include <stdlib.h>

#include "events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_span rest = {data, size};
    struct tatu_event event;
    bool end = false;
    while (tatu_netd_take_event(&rest, &event, &end) == TATU_OK) {
        if (event.server_count > TATU_NET_DNS_MAX || rest.data + rest.len != data + size) {
            abort();
        }
    }
    return 0;
}
