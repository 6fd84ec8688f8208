#include <stdlib.h>
#include <unistd.h>

#include "exchange.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A connection's bytes, in pieces, to a whole device; its first byte is what the caller holds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    static struct tatu_exchange exchange;
    if (size < 2) {
        return 0;
    }
    world_init(&world, "/nonexistent");
    world.stored = (data[0] & 1) != 0 ? 1u << 11 : 0;
    world.ota = (data[0] & 2) != 0;
    const size_t step = data[1] == 0 ? size : data[1];
    struct tatu_span rest = {data + 2, size - 2};
    tatu_exchange_start(&exchange, &world.gateway);
    while (exchange.phase != TATU_EXCHANGE_OVER) {
        const struct tatu_span out = tatu_exchange_get_output(&exchange);
        if (out.len != 0) {
            tatu_exchange_sent(&exchange, out.len < step ? out.len : step);
            continue;
        }
        if (rest.len == 0) {
            break;
        }
        const struct tatu_span in = {rest.data, rest.len < step ? rest.len : step};
        const size_t taken = tatu_exchange_take(&exchange, in);
        if (taken > in.len || (taken == 0 && tatu_exchange_get_output(&exchange).len == 0)) {
            abort();
        }
        rest.data += taken;
        rest.len -= taken;
    }
    tatu_exchange_stop(&exchange);
    return 0;
}
