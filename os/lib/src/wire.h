/* A request built piece by piece, and its answer of a known size. */
#ifndef TATU_OS_LIB_WIRE_H
#define TATU_OS_LIB_WIRE_H

#include "os/lib/sm.h"

/** Arguments of one call; the first that does not fit makes the whole LONG. */
struct tatu_os_request {
    uint8_t bytes[TATU_SMC_ARGUMENT_MAX];
    struct tatu_buf buf;
    bool overflow;
};

void tatu_os_start_request(struct tatu_os_request *request);
void tatu_os_put_u16(struct tatu_os_request *request, uint16_t value);
void tatu_os_put_u32(struct tatu_os_request *request, uint32_t value);
void tatu_os_put_span(struct tatu_os_request *request, struct tatu_span bytes);

/** Makes the call and appends its answer to out. Errors: LONG, FULL, the monitor's. */
enum tatu_err tatu_os_send(const struct tatu_os_monitor *monitor, uint32_t number,
                           const struct tatu_os_request *request, struct tatu_buf *out);
/** The same when the answer must have exactly this length. Errors: FORMAT. */
enum tatu_err tatu_os_send_fixed(const struct tatu_os_monitor *monitor, uint32_t number,
                                 const struct tatu_os_request *request, uint8_t *out, size_t len);

#endif
