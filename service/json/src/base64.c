#include "service/json/json.h"

#include <string.h>

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void tatu_json_put_base64(struct tatu_json_writer *w, const char *key, struct tatu_span bytes)
{
    char *text = tatu_arena_take(w->arena, (bytes.len + 2) / 3 * 4 + 1);
    char *out = text;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        group |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        group |= left > 2 ? bytes.data[i + 2] : 0;
        *out++ = DIGITS[group >> 18];
        *out++ = DIGITS[(group >> 12) & 63];
        *out++ = left > 1 ? DIGITS[(group >> 6) & 63] : '=';
        *out++ = left > 2 ? DIGITS[group & 63] : '=';
    }
    *out = 0;
    tatu_json_put_text(w, key, text);
}

static bool decode_digit(char c, uint32_t *out)
{
    const char *found = c == 0 ? NULL : strchr(DIGITS, c);
    if (found == NULL) {
        return false;
    }
    *out = (uint32_t)(found - DIGITS);
    return true;
}

/* `digits` digits (2..4) of the last or any group; bits behind the end must be zero. */
static bool decode_group(const char *text, size_t digits, uint8_t *out)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = 0;
        if (i < digits && !decode_digit(text[i], &value)) {
            return false;
        }
        group = group << 6 | value;
    }
    for (size_t i = 0; i < digits - 1; i++) {
        out[i] = (uint8_t)(group >> (16 - 8 * i));
    }
    return digits == 4 || (group & ((1u << (8 * (4 - digits))) - 1)) == 0;
}

enum tatu_err tatu_json_decode_base64(struct tatu_arena *arena, const char *text,
                                      struct tatu_span *out)
{
    size_t len = strlen(text);
    if (len % 4 != 0) {
        return TATU_ERR_FORMAT;
    }
    size_t pad = len == 0 ? 0 : (size_t)(text[len - 1] == '=') + (size_t)(text[len - 2] == '=');
    if (pad == 1 && text[len - 1] != '=') {
        return TATU_ERR_FORMAT;
    }
    uint8_t *bytes = tatu_arena_take(arena, len / 4 * 3 + 1);
    for (size_t i = 0; i < len; i += 4) {
        size_t digits = i + 4 == len ? 4 - pad : 4;
        if (!decode_group(text + i, digits, bytes + i / 4 * 3)) {
            return TATU_ERR_FORMAT;
        }
    }
    *out = (struct tatu_span){bytes, len / 4 * 3 - pad};
    return TATU_OK;
}
