/* The JSON of a claim. */
#ifndef TATU_GATEWAYD_CLAIM_H
#define TATU_GATEWAYD_CLAIM_H

#include <jansson.h>

#include "base/base.h"

struct tatu_gateway_claim {
    uint8_t nonce[32];
    uint8_t tenant[16];
    uint8_t owner_key[64];
};

/**
 * Reads a claim: these three keys, hex digits of exact length, nothing else.
 * Errors   ARGUMENT  a key missing, unknown or not of its length
 */
enum tatu_err tatu_gatewayd_decode_claim(const json_t *object, struct tatu_gateway_claim *out);

#endif
