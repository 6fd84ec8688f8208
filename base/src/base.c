#include "base/base.h"

const char *tatu_err_name(enum tatu_err err)
{
    switch ((int)err) {
    case TATU_OK:
        return "OK";
#define NAME_CASE(number, name, text)                                                              \
    case number:                                                                                   \
        return #name;
        TATU_ERRORS(NAME_CASE)
#undef NAME_CASE
    }
    return "UNKNOWN";
}

const char *tatu_err_text(enum tatu_err err)
{
    switch ((int)err) {
    case TATU_OK:
        return "no error";
#define TEXT_CASE(number, name, text)                                                              \
    case number:                                                                                   \
        return text;
        TATU_ERRORS(TEXT_CASE)
#undef TEXT_CASE
    }
    return "an error of a newer version";
}

enum tatu_err tatu_base_take_span(struct tatu_span whole, size_t at, size_t len,
                                  struct tatu_span *out_part)
{
    if (at > whole.len || len > whole.len - at) {
        return TATU_ERR_SHORT;
    }
    *out_part = (struct tatu_span){len == 0 ? NULL : whole.data + at, len};
    return TATU_OK;
}

enum tatu_err tatu_base_put_bytes(struct tatu_buf *buf, struct tatu_span bytes)
{
    if (bytes.len > buf->cap - buf->len) {
        return TATU_ERR_FULL;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        buf->data[buf->len + i] = bytes.data[i];
    }
    buf->len += bytes.len;
    return TATU_OK;
}

void tatu_base_wipe(void *secret, size_t len)
{
    volatile uint8_t *p = secret;
    while (len-- > 0) {
        *p++ = 0;
    }
}

bool tatu_base_equal_ct(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a;
    const volatile uint8_t *y = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference = (uint8_t)(difference | (x[i] ^ y[i]));
    }
    return difference == 0;
}

uint32_t tatu_base_crc32(struct tatu_span bytes)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

void tatu_base_encode_hex(struct tatu_span bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = digits[bytes.data[i] >> 4];
        *out++ = digits[bytes.data[i] & 15];
    }
    *out = '\0';
}
