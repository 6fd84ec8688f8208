#include "capability.h"

static enum tatu_err read_numbers(const uint8_t *p, uint32_t *out_set)
{
    uint32_t set = 0;
    uint16_t last = 0;
    for (size_t i = 0; i < NUMBER_PLACES; i++) {
        uint16_t number = take_u16(&p);
        if (number > NUMBER_MAX) {
            return TATU_ERR_CAPABILITY;
        }
        if (number != 0 && (number <= last || (i != 0 && last == 0))) {
            return TATU_ERR_FORMAT;
        }
        last = number;
        set |= TATU_CAPABILITY_BIT(number);
    }
    set &= TATU_CAPABILITY_ALL;
    *out_set = set;
    return set != 0 ? TATU_OK : TATU_ERR_FORMAT;
}

enum tatu_err tatu_proto_decode_capability(struct tatu_span body, const uint8_t device_id[64],
                                           uint32_t *out_set)
{
    if (body.len != TATU_CAPABILITY_SIZE) {
        return body.len < TATU_CAPABILITY_SIZE ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    const uint8_t *p = body.data;
    uint32_t set = 0;
    bool good = take_u32(&p) == TATU_CAPABILITY_MAGIC;
    if (good && take_u32(&p) != VERSION) {
        return TATU_ERR_VERSION;
    }
    if (!good || take_u32(&p) != INNER_LEN) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(read_numbers(p + 64, &set));
    if (!same_bytes(p, device_id, 64)) {
        return TATU_ERR_FOREIGN;
    }
    *out_set = set;
    return TATU_OK;
}
