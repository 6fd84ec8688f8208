#include "http.h"

#include <string.h>
#include <strings.h>

#define LINE_END "\r\n"
#define LENGTH_DIGITS_MAX 10u
#define CHUNK_DIGITS_MAX 7u

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

/* Printable ASCII; in a header's value also blanks and, as RFC 9110 §5.5 has it, bytes above. */
static bool is_visible(struct tatu_span text, bool value)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        const bool more = value && (c == ' ' || c == '\t' || c >= 0x80);
        if ((c < 0x21 || c > 0x7e) && !more) {
            return false;
        }
    }
    return true;
}

static bool equals(struct tatu_span text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

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

/* ---- the first line ---- */

static enum tatu_http_method method_of(struct tatu_span word)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        if (equals(word, names[i])) {
            return (enum tatu_http_method)i;
        }
    }
    return TATU_HTTP_OTHER;
}

/* The path of a target: "/path?query", "https://host/path" or "*". */
static enum tatu_err take_path(struct tatu_span target, char out[TATU_HTTP_PATH_MAX])
{
    struct tatu_span part;
    if (target.len == 0 || !is_visible(target, false)) {
        return TATU_ERR_FORMAT;
    }
    if (target.data[0] != '/' && !equals(target, "*")) {
        struct tatu_span authority = target;
        if (!take_until(&authority, "://", &part)) {
            return TATU_ERR_FORMAT;
        }
        if (!take_until(&authority, "/", &part) || part.len == 0) {
            return TATU_ERR_FORMAT;
        }
        /* from the slash on, which take_until left behind */
        target = (struct tatu_span){authority.data - 1, authority.len + 1};
    }
    struct tatu_span rest = target;
    if (take_until(&rest, "?", &part)) {
        target = part;
    }
    if (memchr(target.data, '#', target.len) != NULL) {
        return TATU_ERR_FORMAT;
    }
    if (target.len >= TATU_HTTP_PATH_MAX) {
        return TATU_ERR_LONG;
    }
    memcpy(out, target.data, target.len);
    out[target.len] = '\0';
    return TATU_OK;
}

static enum tatu_err decode_first_line(struct tatu_span line, struct tatu_http_head *out)
{
    struct tatu_span method, target;
    if (!take_until(&line, " ", &method) || !take_until(&line, " ", &target) || !is_token(method) ||
        !is_visible(line, false)) {
        return TATU_ERR_FORMAT;
    }
    if (!equals(line, "HTTP/1.1") && !equals(line, "HTTP/1.0")) {
        return TATU_ERR_VERSION;
    }
    out->method = method_of(method);
    out->stays = line.data[line.len - 1] == '1';
    return take_path(target, out->path);
}

/* ---- headers ---- */

struct seen {
    bool host;
    bool type;
    bool capabilities;
};

static enum tatu_err take_length(struct tatu_span value, struct tatu_http_head *head)
{
    uint64_t length = 0;
    if (head->has_length || value.len == 0) {
        return TATU_ERR_FORMAT;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return TATU_ERR_FORMAT;
        }
        if (i >= LENGTH_DIGITS_MAX) {
            return TATU_ERR_ARGUMENT;
        }
        length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
    if (length > UINT32_MAX) {
        return TATU_ERR_ARGUMENT;
    }
    head->has_length = true;
    head->length = (uint32_t)length;
    return TATU_OK;
}

static enum tatu_err take_type(struct tatu_span value, struct seen *seen,
                               struct tatu_http_head *head)
{
    struct tatu_span type = value, rest = value;
    if (seen->type) {
        return TATU_ERR_FORMAT;
    }
    if (take_until(&rest, ";", &type)) {
        type = trim(type);
    }
    seen->type = true;
    if (type.len >= sizeof(head->type)) {
        type.len = sizeof(head->type) - 1; /* none of ours is as long */
    }
    for (size_t i = 0; i < type.len; i++) {
        const uint8_t c = type.data[i];
        head->type[i] = (char)(c >= 'A' && c <= 'Z' ? c + 0x20 : c);
    }
    return TATU_OK;
}

static bool has_word(struct tatu_span list, const char *word)
{
    struct tatu_span item;
    while (take_until(&list, ",", &item)) {
        if (equals_any_case(trim(item), word)) {
            return true;
        }
    }
    return equals_any_case(trim(list), word);
}

static void take_connection(struct tatu_span value, struct tatu_http_head *head)
{
    if (has_word(value, "close")) {
        head->stays = false;
    } else if (has_word(value, "keep-alive")) {
        head->stays = true;
    }
}

/* Of the headers that decide where a message ends only one each may be there. */
static enum tatu_err take_header(struct tatu_span name, struct tatu_span value, struct seen *seen,
                                 struct tatu_http_head *head)
{
    if (equals_any_case(name, "host")) {
        const bool again = seen->host;
        seen->host = true;
        return again ? TATU_ERR_FORMAT : TATU_OK;
    }
    if (equals_any_case(name, "content-length")) {
        return take_length(value, head);
    }
    if (equals_any_case(name, "content-type")) {
        return take_type(value, seen, head);
    }
    if (equals_any_case(name, "transfer-encoding")) {
        const bool again = head->chunked;
        head->chunked = equals_any_case(value, "chunked");
        return again ? TATU_ERR_FORMAT : (head->chunked ? TATU_OK : TATU_ERR_STATE);
    }
    if (equals_any_case(name, "expect")) {
        head->expects = equals_any_case(value, "100-continue");
        return head->expects ? TATU_OK : TATU_ERR_STATE;
    }
    if (equals_any_case(name, "connection")) {
        take_connection(value, head);
    } else if (equals_any_case(name, "origin")) {
        head->foreign = true;
    } else if (equals_any_case(name, "azsphere-capabilities")) {
        const bool again = seen->capabilities;
        seen->capabilities = true;
        head->capabilities = value;
        return again ? TATU_ERR_FORMAT : TATU_OK;
    }
    return TATU_OK;
}

static enum tatu_err decode_headers(struct tatu_span lines, struct tatu_http_head *head)
{
    struct tatu_span line, name;
    struct seen seen = {false, false, false};
    const bool new = head->stays; /* HTTP/1.1 */
    for (size_t count = 0; lines.len != 0; count++) {
        if (count == TATU_HTTP_HEADER_MAX) {
            return TATU_ERR_LONG;
        }
        if (!take_until(&lines, LINE_END, &line) || !take_until(&line, ":", &name) ||
            !is_token(name) || !is_visible(line, true)) {
            return TATU_ERR_FORMAT;
        }
        TATU_TRY(take_header(name, trim(line), &seen, head));
    }
    if ((new && !seen.host) || (head->chunked && (head->has_length || !new))) {
        return TATU_ERR_FORMAT;
    }
    head->expects = head->expects && new;
    return TATU_OK;
}

enum tatu_err tatu_http_decode_head(struct tatu_span in, struct tatu_http_head *out,
                                    size_t *out_len)
{
    struct tatu_http_head head = {.method = TATU_HTTP_OTHER};
    struct tatu_span rest = in, lines, line;
    if (!take_until(&rest, LINE_END LINE_END, &lines)) {
        return in.len < TATU_HTTP_HEAD_MAX ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    const size_t len = lines.len + 4;
    if (len > TATU_HTTP_HEAD_MAX) {
        return TATU_ERR_LONG;
    }
    lines.len += 2; /* each line with its end */
    if (!take_until(&lines, LINE_END, &line)) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(decode_first_line(line, &head));
    TATU_TRY(decode_headers(lines, &head));
    *out = head;
    *out_len = len;
    return TATU_OK;
}

/* ---- the body ---- */

void tatu_http_begin_body(const struct tatu_http_head *head, struct tatu_http_body *out)
{
    *out = (struct tatu_http_body){.state = TATU_BODY_OVER};
    if (head->chunked) {
        out->state = TATU_BODY_CHUNK_SIZE;
    } else if (head->length != 0) {
        out->state = TATU_BODY_PLAIN;
        out->left = head->length;
    }
}

static void take_content(struct tatu_http_body *body, struct tatu_span *in,
                         struct tatu_span *out_piece)
{
    *out_piece = (struct tatu_span){in->data, in->len < body->left ? in->len : body->left};
    in->data += out_piece->len;
    in->len -= out_piece->len;
    body->left -= (uint32_t)out_piece->len;
    if (body->left == 0) {
        body->state = body->state == TATU_BODY_PLAIN ? TATU_BODY_OVER : TATU_BODY_CHUNK_END;
        body->before = 0;
    }
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The line "1a2b;name=value\r\n". */
static enum tatu_err take_size(struct tatu_http_body *body, uint8_t c)
{
    const uint8_t before = body->before;
    const int digit = hex_digit(c);
    body->before = c;
    if (++body->seen > TATU_HTTP_CHUNK_LINE_MAX) {
        return TATU_ERR_LONG;
    }
    if (before == '\r') {
        if (c != '\n' || body->digits == 0) {
            return TATU_ERR_FORMAT;
        }
        const bool last = body->left == 0;
        *body = (struct tatu_http_body){.state = last ? TATU_BODY_TRAILER : TATU_BODY_CHUNK_DATA,
                                        .left = body->left,
                                        .line_is_empty = true};
        return TATU_OK;
    }
    if (c == '\r') {
        return TATU_OK;
    }
    if (body->extension) {
        return c >= 0x20 && c != 0x7f ? TATU_OK : TATU_ERR_FORMAT;
    }
    if ((c == ';' || c == ' ') && body->digits != 0) {
        body->extension = true;
        return TATU_OK;
    }
    if (digit < 0) {
        return TATU_ERR_FORMAT;
    }
    body->left = body->left << 4 | (uint32_t)digit;
    return ++body->digits > CHUNK_DIGITS_MAX ? TATU_ERR_LONG : TATU_OK;
}

static enum tatu_err take_chunk_end(struct tatu_http_body *body, uint8_t c)
{
    if (c != (body->before == '\r' ? '\n' : '\r')) {
        return TATU_ERR_FORMAT;
    }
    body->before = c;
    if (c == '\n') {
        *body = (struct tatu_http_body){.state = TATU_BODY_CHUNK_SIZE};
    }
    return TATU_OK;
}

/* Fields behind the last chunk say nothing to us; the empty line ends them. */
static enum tatu_err take_trailer(struct tatu_http_body *body, uint8_t c)
{
    const uint8_t before = body->before;
    body->before = c;
    if (++body->seen > TATU_HTTP_TRAILER_MAX) {
        return TATU_ERR_LONG;
    }
    if ((c == '\n') != (before == '\r')) {
        return TATU_ERR_FORMAT;
    }
    if (c == '\n') {
        if (body->line_is_empty) {
            body->state = TATU_BODY_OVER;
        }
        body->line_is_empty = true;
    } else if (c != '\r') {
        body->line_is_empty = false;
    }
    return TATU_OK;
}

enum tatu_err tatu_http_take_body(struct tatu_http_body *body, struct tatu_span *in,
                                  struct tatu_span *out_piece)
{
    *out_piece = (struct tatu_span){in->data, 0};
    while (in->len != 0 && body->state != TATU_BODY_OVER) {
        if (body->state == TATU_BODY_PLAIN || body->state == TATU_BODY_CHUNK_DATA) {
            take_content(body, in, out_piece);
            return TATU_OK;
        }
        const uint8_t c = in->data[0];
        in->data++;
        in->len--;
        TATU_TRY(body->state == TATU_BODY_CHUNK_SIZE  ? take_size(body, c)
                 : body->state == TATU_BODY_CHUNK_END ? take_chunk_end(body, c)
                                                      : take_trailer(body, c));
    }
    return TATU_OK;
}

/* ---- text ---- */

enum tatu_err tatu_http_decode_segment(struct tatu_span in, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.data[i];
        if (c == '%') {
            const int high = in.len - i > 2 ? hex_digit(in.data[i + 1]) : -1;
            const int low = high < 0 ? -1 : hex_digit(in.data[i + 2]);
            if (low < 0) {
                return TATU_ERR_FORMAT;
            }
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (c < 0x20 || c == 0x7f) {
            return TATU_ERR_FORMAT;
        }
        if (len + 1 >= size) {
            return TATU_ERR_LONG;
        }
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return TATU_OK;
}

static int base64_digit(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == 0 ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

enum tatu_err tatu_http_decode_base64(struct tatu_span in, struct tatu_buf *out)
{
    uint32_t bits = 0;
    size_t padding = 0;
    if (in.len % 4 != 0) {
        return TATU_ERR_FORMAT;
    }
    while (padding < 2 && padding < in.len && in.data[in.len - 1 - padding] == '=') {
        padding++;
    }
    for (size_t i = 0; i < in.len; i++) {
        const bool pad = i >= in.len - padding;
        const int digit = pad ? 0 : base64_digit(in.data[i]);
        if (digit < 0) {
            return TATU_ERR_FORMAT;
        }
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 == 3) {
            const uint8_t bytes[] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
            const size_t len = i + 1 == in.len ? 3 - padding : 3;
            TATU_TRY(tatu_base_put_bytes(out, (struct tatu_span){bytes, len}));
        }
    }
    return TATU_OK;
}
