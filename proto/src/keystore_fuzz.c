#include "proto/image.h"

#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_keystore keystore;
    struct tatu_span in = {data, size};
    if (tatu_proto_decode_keystore(in, &keystore) == TATU_OK) {
        uint8_t room[TATU_KEYSTORE_MAX];
        struct tatu_buf again = TATU_BUF_OF(room);
        promise_same(in, tatu_proto_encode_keystore(&keystore, &again), &again);
    }
    return 0;
}
