#include "proto/evidence.h"

#include "fuzzing.h"
#include "samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[TATU_EVIDENCE_MAX];
    struct tatu_evidence evidence;
    struct tatu_span in = {data, size};
    struct tatu_buf again = TATU_BUF_OF(room);
    uint8_t device_id[64];
    enum tatu_err peeked = tatu_proto_peek_evidence_device(in, device_id);
    if (tatu_proto_decode_evidence(in, sample_ueid_digest, &evidence) == TATU_OK) {
        promise(peeked == TATU_OK && memcmp(device_id, evidence.device_id, 64) == 0);
        promise_same(in, tatu_proto_encode_evidence(&evidence, sample_ueid_digest, &again), &again);
    }
    return 0;
}
