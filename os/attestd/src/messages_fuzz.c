#include "os/attestd/attestd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tatu_span in = {data, size};
    struct tatu_attest_answer answer;
    uint8_t nonce[TATU_NONCE_SIZE];
    (void)tatu_attestd_decode_answer(in, &answer);
    (void)tatu_attestd_decode_nonce(in, nonce);
    (void)tatu_attestd_decode_refusal(in);
    return 0;
}
