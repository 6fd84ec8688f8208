#include "os/appman/appman.h"

#include <string.h>

/* Digits up to the first that is none. */
static enum tatu_err take_number(const char *at, const char *end, uint32_t *out)
{
    uint32_t value = 0;
    const char *start = at;

    while (at < end && *at >= '0' && *at <= '9') {
        if (value > (UINT32_MAX - 9) / 10) {
            return TATU_ERR_FORMAT;
        }
        value = value * 10 + (uint32_t)(*at++ - '0');
    }
    if (at == start) {
        return TATU_ERR_FORMAT;
    }
    *out = value;
    return TATU_OK;
}

enum tatu_err tatu_appman_find_kib(struct tatu_span text, const char *name, uint32_t *out_kib)
{
    const char *at = (const char *)text.data;
    const char *end = at + text.len;
    size_t name_len = strlen(name);

    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));

        if (line_end == NULL) {
            line_end = end;
        }
        if ((size_t)(line_end - at) > name_len && memcmp(at, name, name_len) == 0 &&
            at[name_len] == ':') {
            at += name_len + 1;
            while (at < line_end && *at == ' ') {
                at++;
            }
            return take_number(at, line_end, out_kib);
        }
        at = line_end < end ? line_end + 1 : end;
    }
    return TATU_ERR_NOT_FOUND;
}
