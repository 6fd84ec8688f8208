#include <stdlib.h>
#include <string.h>

#include "sntp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The cookie is taken from the input, so that what is behind it is reached. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tatu_sntp_clock clock = {.set = true, .stratum = 2, .set_at_ns = 1, .now_ns = 2};
    struct tatu_sntp_ask ask = {.sent_ns = INT64_C(1750000000000000000)};
    struct tatu_sntp_answer answer;
    uint8_t out[TATU_SNTP_SIZE];
    if (size == TATU_SNTP_SIZE) {
        for (size_t i = 0; i < 8; i++) {
            ask.cookie = ask.cookie << 8 | data[24 + i];
        }
    }
    if (tatu_netd_decode_sntp_answer((struct tatu_span){data, size}, &ask, ask.sent_ns + 1000000000,
                                     &answer) == TATU_OK &&
        (answer.delay_ns < 0 || answer.delay_ns > TATU_SNTP_DELAY_MAX_NS || answer.stratum == 0)) {
        abort();
    }
    if (tatu_netd_answer_sntp((struct tatu_span){data, size}, &clock, out) == TATU_OK &&
        memcmp(out + 24, data + 40, 8) != 0) {
        abort();
    }
    return 0;
}
