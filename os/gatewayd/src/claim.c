#include "claim.h"

static bool get_hex(const json_t *object, const char *key, uint8_t *out, size_t len)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) &&
           tatu_base_decode_hex(json_string_value(value), json_string_length(value), out, len) ==
               TATU_OK;
}

enum tatu_err tatu_gatewayd_decode_claim(const json_t *object, struct tatu_gateway_claim *out)
{
    struct tatu_gateway_claim claim;
    if (json_object_size(object) != 3 ||
        !get_hex(object, "nonce", claim.nonce, sizeof(claim.nonce)) ||
        !get_hex(object, "tenant", claim.tenant, sizeof(claim.tenant)) ||
        !get_hex(object, "ownerKey", claim.owner_key, sizeof(claim.owner_key))) {
        return TATU_ERR_ARGUMENT;
    }
    *out = claim;
    return TATU_OK;
}
