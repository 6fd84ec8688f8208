/* Bodies of devices' requests: CBOR to checked structs. Spans point into the body.
 * Errors of each: SHORT, LONG, FORMAT. Source: docs/protocol/device-service.md. */
#ifndef DEVICE_BODIES_H
#define DEVICE_BODIES_H

#include "service/attest/attest.h"
#include "service/failures/failures.h"

/** `{1: nonce}` of signed time and of a ticket. */
enum tatu_err tatu_api_decode_device_wish(struct tatu_span body, uint8_t out_nonce[32]);
enum tatu_err tatu_api_decode_device_nonce(struct tatu_span body);
enum tatu_err tatu_api_decode_device_attest(struct tatu_span body, struct tatu_attest_request *out);
enum tatu_err tatu_api_decode_device_report(struct tatu_span body, struct tatu_report *out);

#endif
