#include "base/base.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

enum tatu_err tatu_base_decode_hex(const char *text, size_t text_len, uint8_t *out, size_t len)
{
    if (text_len != 2 * len) {
        return TATU_ERR_FORMAT;
    }
    for (size_t i = 0; i < text_len; i++) {
        if (hex_value(text[i]) < 0) {
            return TATU_ERR_FORMAT;
        }
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    }
    return TATU_OK;
}
