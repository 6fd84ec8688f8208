#include "receiver/receiver.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS_MAX 7u

/* The line at `at` without its CRLF. Errors: SHORT. */
static enum tatu_err take_line(struct tatu_span bytes, size_t at, struct tatu_span *out)
{
    for (size_t i = at; i + 1 < bytes.len; i++) {
        if (bytes.data[i] == '\r' && bytes.data[i + 1] == '\n') {
            *out = (struct tatu_span){bytes.data + at, i - at};
            return TATU_OK;
        }
    }
    return TATU_ERR_SHORT;
}

static bool starts(struct tatu_span line, const char *text)
{
    return line.len >= strlen(text) && memcmp(line.data, text, strlen(text)) == 0;
}

static bool is_text(struct tatu_span line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] < 0x20 || line.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static enum tatu_err check_request_line(struct tatu_span line)
{
    static const char end[] = " HTTP/1.1";
    size_t end_len = sizeof(end) - 1;
    if (!is_text(line) || line.len < end_len ||
        memcmp(line.data + line.len - end_len, end, end_len) != 0) {
        return TATU_ERR_FORMAT;
    }
    if (!starts(line, "POST ")) {
        return TATU_ERR_UNKNOWN_COMMAND;
    }
    bool ring = starts(line, "POST /ring ") && line.len == sizeof("POST /ring HTTP/1.1") - 1;
    return ring ? TATU_OK : TATU_ERR_NOT_FOUND;
}

static enum tatu_err decode_length(struct tatu_span value, size_t *out)
{
    size_t length = 0;
    if (value.len == 0 || value.len > LENGTH_DIGITS_MAX) {
        return value.len == 0 ? TATU_ERR_FORMAT : TATU_ERR_LONG;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (!isdigit(value.data[i])) {
            return TATU_ERR_FORMAT;
        }
        length = length * 10 + (size_t)(value.data[i] - '0');
    }
    *out = length;
    return length <= TATU_RECEIVER_BODY_MAX ? TATU_OK : TATU_ERR_LONG;
}

static struct tatu_span trim(struct tatu_span text)
{
    while (text.len > 0 && text.data[0] == ' ') {
        text = (struct tatu_span){text.data + 1, text.len - 1};
    }
    while (text.len > 0 && text.data[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

/* Looks at one header; only its length matters to us. */
static enum tatu_err decode_header(struct tatu_span line, bool *has_length, size_t *length)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    if (!is_text(line) || colon == NULL || colon == line.data || line.data[0] == ' ') {
        return TATU_ERR_FORMAT;
    }
    size_t name_len = (size_t)(colon - line.data);
    struct tatu_span value = trim((struct tatu_span){colon + 1, line.len - name_len - 1});
    const char *name = (const char *)line.data;
    if (name_len == 17 && strncasecmp(name, "Transfer-Encoding", 17) == 0) {
        return TATU_ERR_FORMAT;
    }
    if (name_len != 14 || strncasecmp(name, "Content-Length", 14) != 0) {
        return TATU_OK;
    }
    if (*has_length) {
        return TATU_ERR_FORMAT; /* two lengths: two readers would see two requests */
    }
    *has_length = true;
    return decode_length(value, length);
}

static enum tatu_err decode_head(struct tatu_span bytes, struct tatu_receiver_request *out)
{
    struct tatu_span line;
    bool has_length = false;
    size_t length = 0;
    TATU_TRY(take_line(bytes, 0, &line));
    enum tatu_err line_err = check_request_line(line);
    if (line_err == TATU_ERR_FORMAT) {
        return line_err;
    }
    for (size_t at = line.len + 2;; at += line.len + 2) {
        TATU_TRY(take_line(bytes, at, &line));
        if (line.len == 0) {
            TATU_TRY(line_err);
            *out = (struct tatu_receiver_request){at + 2, length};
            return has_length ? TATU_OK : TATU_ERR_FORMAT;
        }
        TATU_TRY(decode_header(line, &has_length, &length));
    }
}

enum tatu_err tatu_receiver_decode(struct tatu_span bytes, struct tatu_receiver_request *out)
{
    struct tatu_receiver_request request = {0};
    size_t head_max = bytes.len < TATU_RECEIVER_HEADER_MAX ? bytes.len : TATU_RECEIVER_HEADER_MAX;
    enum tatu_err err = decode_head((struct tatu_span){bytes.data, head_max}, &request);
    if (err == TATU_ERR_SHORT && bytes.len >= TATU_RECEIVER_HEADER_MAX) {
        return TATU_ERR_LONG;
    }
    TATU_TRY(err);
    if (bytes.len - request.header_len < request.body_len) {
        return TATU_ERR_SHORT;
    }
    *out = request;
    return TATU_OK;
}
