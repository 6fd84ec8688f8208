#include "fuzzing.h"
#include "proto/capability.h"
#include "proto/evidence.h"

#define ROUND_TRIP(kind, type)                                                                     \
    static void read_##kind(struct tatu_span in)                                                   \
    {                                                                                              \
        uint8_t room[TATU_DEPLOYMENT_MAX];                                                         \
        struct tatu_buf again = TATU_BUF_OF(room);                                                 \
        struct type read;                                                                          \
        if (tatu_proto_decode_##kind(in, &read) == TATU_OK) {                                      \
            promise_same(in, tatu_proto_encode_##kind(&read, &again), &again);                     \
        }                                                                                          \
    }

ROUND_TRIP(endorsement, tatu_endorsement)
ROUND_TRIP(claim, tatu_claim)
ROUND_TRIP(time, tatu_signed_time)
ROUND_TRIP(confirmation, tatu_confirmation)
ROUND_TRIP(ticket, tatu_ticket)
ROUND_TRIP(deployment, tatu_deployment)
ROUND_TRIP(reference, tatu_reference)

static void read_capability(struct tatu_span in)
{
    uint8_t room[TATU_CAPABILITY_SIZE];
    struct tatu_buf again = TATU_BUF_OF(room);
    uint32_t set = 0;
    const uint8_t *own_id = in.len < 76 ? room : in.data + 12; /* so that it is never another's */
    if (tatu_proto_decode_capability(in, own_id, &set) == TATU_OK) {
        promise_same(in, tatu_proto_encode_capability(set, own_id, &again), &again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_span in = {data, size};
    read_endorsement(in);
    read_claim(in);
    read_time(in);
    read_confirmation(in);
    read_ticket(in);
    read_deployment(in);
    read_reference(in);
    read_capability(in);
    return 0;
}
