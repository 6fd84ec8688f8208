#include "proto/report.h"

#include "fuzzing.h"
#include "proto/smc.h"

#define ROUND_TRIP(kind)                                                                           \
    static void read_##kind(struct tatu_span in)                                                   \
    {                                                                                              \
        uint8_t room[TATU_RECORD_MAX];                                                             \
        struct tatu_buf again = TATU_BUF_OF(room);                                                 \
        struct tatu_##kind read;                                                                   \
        if (tatu_proto_decode_##kind(in, &read) == TATU_OK) {                                      \
            promise_same(in, tatu_proto_encode_##kind(&read, &again), &again);                     \
        }                                                                                          \
    }

ROUND_TRIP(crash)
ROUND_TRIP(boot_failure)
ROUND_TRIP(event)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_span in = {data, size};
    read_crash(in);
    read_boot_failure(in);
    read_event(in);
    return 0;
}
