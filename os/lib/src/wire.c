#include "wire.h"

#include <string.h>

void tatu_os_start_request(struct tatu_os_request *request)
{
    request->buf = TATU_BUF_OF(request->bytes);
    request->overflow = false;
}

void tatu_os_put_span(struct tatu_os_request *request, struct tatu_span bytes)
{
    if (tatu_base_put_bytes(&request->buf, bytes) != TATU_OK) {
        request->overflow = true;
    }
}

void tatu_os_put_u16(struct tatu_os_request *request, uint16_t value)
{
    uint8_t bytes[2];

    tatu_put_le16(bytes, value);
    tatu_os_put_span(request, TATU_SPAN_OF(bytes));
}

void tatu_os_put_u32(struct tatu_os_request *request, uint32_t value)
{
    uint8_t bytes[4];

    tatu_put_le32(bytes, value);
    tatu_os_put_span(request, TATU_SPAN_OF(bytes));
}

enum tatu_err tatu_os_send(const struct tatu_os_monitor *monitor, uint32_t number,
                           const struct tatu_os_request *request, struct tatu_buf *out)
{
    uint8_t bytes[TATU_SMC_PAGE_SIZE];
    struct tatu_buf answer = TATU_BUF_OF(bytes);
    enum tatu_err err = TATU_ERR_LONG;

    if (!request->overflow) {
        err = monitor->call(monitor->context, number,
                            (struct tatu_span){request->bytes, request->buf.len}, &answer);
    }
    if (err == TATU_OK) {
        err = tatu_base_put_bytes(out, (struct tatu_span){bytes, answer.len});
    }
    tatu_base_wipe(bytes, answer.len);
    return err;
}

enum tatu_err tatu_os_send_fixed(const struct tatu_os_monitor *monitor, uint32_t number,
                                 const struct tatu_os_request *request, uint8_t *out, size_t len)
{
    uint8_t bytes[TATU_SMC_PAGE_SIZE];
    struct tatu_buf answer = TATU_BUF_OF(bytes);
    enum tatu_err err = tatu_os_send(monitor, number, request, &answer);

    if (err == TATU_OK && answer.len != len) {
        err = TATU_ERR_FORMAT;
    }
    if (err == TATU_OK && len != 0) {
        memcpy(out, bytes, len);
    }
    tatu_base_wipe(bytes, answer.len);
    return err;
}
