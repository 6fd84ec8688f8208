#include "proto/cose.h"

#include "fuzzing.h"
#include "proto/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[TATU_COSE_PAYLOAD_MAX + 256];
    struct tatu_cose_sign1 sign1;
    struct tatu_span in = {data, size};
    struct tatu_buf again = TATU_BUF_OF(room);
    uint8_t device_id[64];
    if (tatu_proto_decode_sign1(in, &sign1) != TATU_OK) {
        return 0;
    }
    promise(sign1.kid.len <= TATU_COSE_KID_MAX && sign1.payload.len <= TATU_COSE_PAYLOAD_MAX);
    if (sign1.protected_header.len == tatu_cose_protected_es256.len) {
        promise_same(in, tatu_proto_encode_sign1(sign1.payload, sign1.kid, sign1.signature, &again),
                     &again);
    }
    (void)tatu_proto_peek_evidence_device(sign1.payload, device_id);
    return 0;
}
