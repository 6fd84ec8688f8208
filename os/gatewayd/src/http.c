#include <string.h>
#include <strings.h>

#include "os/gatewayd/gatewayd.h"

#define VERSION "HTTP/1.1"
#define LINE_END "\r\n"
#define HEADER_COUNT_MAX 64u
#define LENGTH_DIGITS_MAX 8u

struct headers {
    bool has_host;
    bool has_length;
    bool has_type;
    bool is_json;
    size_t length;
};

static bool is_token_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct tatu_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_token_char(text.data[i])) {
            return false;
        }
    }
    return text.len != 0;
}

static bool is_visible(struct tatu_span text, bool blanks)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if ((c < 0x21 || c > 0x7e) && !(blanks && (c == ' ' || c == '\t'))) {
            return false;
        }
    }
    return true;
}

static bool equals(struct tatu_span text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* Header names and media types have no case. */
static bool equals_any_case(struct tatu_span text, const char *word)
{
    return text.len == strlen(word) && strncasecmp((const char *)text.data, word, text.len) == 0;
}

/* Takes what is before the separator off the front of `in`. */
static bool take_until(struct tatu_span *in, const char *separator, struct tatu_span *out)
{
    const size_t len = strlen(separator);
    const uint8_t *at = in->len == 0 ? NULL : memmem(in->data, in->len, separator, len);
    if (at == NULL) {
        return false;
    }
    *out = (struct tatu_span){in->data, (size_t)(at - in->data)};
    in->data += out->len + len;
    in->len -= out->len + len;
    return true;
}

static struct tatu_span trim(struct tatu_span text)
{
    while (text.len != 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.len--;
    }
    while (text.len != 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

static enum tatu_err decode_first_line(struct tatu_span line, struct tatu_http_request *out)
{
    struct tatu_span method, path;
    if (!take_until(&line, " ", &method) || !take_until(&line, " ", &path) || !is_token(method) ||
        path.len == 0 || path.data[0] != '/' || !is_visible(path, false) ||
        !is_visible(line, false)) {
        return TATU_ERR_FORMAT;
    }
    if (!equals(line, VERSION)) {
        return TATU_ERR_VERSION;
    }
    if (path.len >= sizeof(out->path)) {
        return TATU_ERR_LONG;
    }
    out->method = equals(method, "GET")    ? TATU_HTTP_GET
                  : equals(method, "POST") ? TATU_HTTP_POST
                                           : TATU_HTTP_OTHER;
    memcpy(out->path, path.data, path.len);
    out->path[path.len] = '\0';
    return TATU_OK;
}

static enum tatu_err decode_length(struct tatu_span value, size_t *out)
{
    size_t length = 0;
    if (value.len == 0) {
        return TATU_ERR_FORMAT;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return TATU_ERR_FORMAT;
        }
        if (i >= LENGTH_DIGITS_MAX) {
            return TATU_ERR_LONG;
        }
        length = length * 10 + (size_t)(value.data[i] - '0');
    }
    if (length > TATU_HTTP_BODY_MAX) {
        return TATU_ERR_LONG;
    }
    *out = length;
    return TATU_OK;
}

static bool is_json(struct tatu_span value)
{
    struct tatu_span type = value, rest = value;
    if (take_until(&rest, ";", &type)) {
        type = trim(type);
    }
    return equals_any_case(type, "application/json");
}

/* Of the headers that decide anything only one each may be there. */
static enum tatu_err take_header(struct tatu_span name, struct tatu_span value,
                                 struct headers *headers)
{
    bool *seen = equals_any_case(name, "host")             ? &headers->has_host
                 : equals_any_case(name, "content-length") ? &headers->has_length
                 : equals_any_case(name, "content-type")   ? &headers->has_type
                                                           : NULL;
    if (equals_any_case(name, "transfer-encoding") || (seen != NULL && *seen)) {
        return TATU_ERR_FORMAT;
    }
    if (seen != NULL) {
        *seen = true;
    }
    if (seen == &headers->has_length) {
        return decode_length(value, &headers->length);
    }
    if (seen == &headers->has_type) {
        headers->is_json = is_json(value);
    }
    return TATU_OK;
}

static enum tatu_err decode_headers(struct tatu_span lines, struct headers *headers)
{
    struct tatu_span line, name;
    for (size_t count = 0; lines.len != 0; count++) {
        if (count == HEADER_COUNT_MAX) {
            return TATU_ERR_LONG;
        }
        if (!take_until(&lines, LINE_END, &line) || !take_until(&line, ":", &name) ||
            !is_token(name) || !is_visible(line, true)) {
            return TATU_ERR_FORMAT;
        }
        TATU_TRY(take_header(name, trim(line), headers));
    }
    return headers->has_host ? TATU_OK : TATU_ERR_FORMAT;
}

enum tatu_err tatu_gatewayd_decode_http(struct tatu_span in, struct tatu_http_request *out)
{
    struct tatu_http_request request = {.method = TATU_HTTP_OTHER};
    struct headers headers = {.length = 0};
    struct tatu_span rest = in, head, line;
    if (!take_until(&rest, LINE_END LINE_END, &head)) {
        return in.len < TATU_HTTP_HEADERS_MAX ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    if (head.len + 4 > TATU_HTTP_HEADERS_MAX) {
        return TATU_ERR_LONG;
    }
    head.len += 2; /* each line with its end */
    if (!take_until(&head, LINE_END, &line)) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(decode_first_line(line, &request));
    TATU_TRY(decode_headers(head, &headers));
    if (rest.len < headers.length) {
        return TATU_ERR_SHORT;
    }
    if (rest.len > headers.length) {
        return TATU_ERR_FORMAT;
    }
    request.has_length = headers.has_length;
    request.is_json = headers.is_json;
    request.body = rest;
    *out = request;
    return TATU_OK;
}
