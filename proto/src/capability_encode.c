#include "capability.h"

enum tatu_err tatu_proto_encode_capability(uint32_t set, const uint8_t device_id[64],
                                           struct tatu_buf *out)
{
    if (set == 0 || (set & ~TATU_CAPABILITY_ALL) != 0) {
        return TATU_ERR_ARGUMENT;
    }
    uint8_t *p = give_room(out, TATU_CAPABILITY_SIZE);
    if (p == NULL) {
        return TATU_ERR_FULL;
    }
    give_u32(&p, TATU_CAPABILITY_MAGIC);
    give_u32(&p, VERSION);
    give_u32(&p, INNER_LEN);
    give_bytes(&p, device_id, 64);
    const uint8_t *end = p + 2u * NUMBER_PLACES;
    for (uint16_t number = 1; number <= NUMBER_MAX; number++) {
        if ((set & TATU_CAPABILITY_BIT(number)) != 0) {
            give_u16(&p, number);
        }
    }
    while (p < end) {
        give_u16(&p, 0);
    }
    return TATU_OK;
}
