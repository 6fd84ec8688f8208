#include "reply.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/image.h"

#define STEP 1024u
#define LINE_MAX 256u

void tatu_reply_free(struct tatu_reply *reply)
{
    if (reply->data != NULL) {
        tatu_base_wipe(reply->data, reply->len);
    }
    free(reply->data);
    *reply = (struct tatu_reply){.status = 0};
}

void tatu_reply_clear(struct tatu_reply *reply, uint16_t status)
{
    tatu_reply_free(reply);
    reply->status = status;
}

static bool grow(struct tatu_reply *reply, size_t len)
{
    size_t cap = reply->cap == 0 ? STEP : reply->cap;
    if (len > TATU_REPLY_MAX) {
        return false;
    }
    while (cap < len) {
        cap *= 2;
    }
    char *data = realloc(reply->data, cap);
    if (data == NULL) {
        return false;
    }
    reply->data = data;
    reply->cap = cap;
    return true;
}

void tatu_reply_put(struct tatu_reply *reply, const void *bytes, size_t len)
{
    if (reply->failed || len == 0) {
        return;
    }
    if (reply->cap - reply->len < len && !grow(reply, reply->len + len)) {
        reply->failed = true;
        return;
    }
    memcpy(reply->data + reply->len, bytes, len);
    reply->len += len;
}

void tatu_reply_put_text(struct tatu_reply *reply, const char *text)
{
    tatu_reply_put(reply, text, strlen(text));
}

void tatu_reply_format(struct tatu_reply *reply, const char *format, ...)
{
    char line[LINE_MAX];
    va_list list;
    va_start(list, format);
    const int len = vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    if (len < 0 || (size_t)len >= sizeof(line)) {
        reply->failed = true;
        return;
    }
    tatu_reply_put(reply, line, (size_t)len);
}

/* ---- JSON ---- */

static void begin(struct tatu_reply *reply, const char *key)
{
    const char last = reply->len == 0 ? '[' : reply->data[reply->len - 1];
    if (last != '{' && last != '[' && last != ':') {
        tatu_reply_put(reply, ",", 1);
    }
    if (key != NULL) {
        tatu_reply_format(reply, "\"%s\":", key);
    }
}

void tatu_json_open(struct tatu_reply *reply, const char *key, char bracket)
{
    begin(reply, key);
    tatu_reply_put(reply, &bracket, 1);
}

void tatu_json_close(struct tatu_reply *reply, char bracket)
{
    tatu_reply_put(reply, &bracket, 1);
}

/* Bytes of the UTF-8 character at the front, 0 when there is none (RFC 3629 §4). */
static size_t character_len(struct tatu_span text)
{
    const uint8_t *p = text.data;
    const size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (len == 0 || p[0] > 0xf4 || len > text.len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    const bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    const bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : len;
}

void tatu_json_put_bytes(struct tatu_reply *reply, const char *key, struct tatu_span text)
{
    begin(reply, key);
    tatu_reply_put(reply, "\"", 1);
    while (text.len != 0) {
        const uint8_t c = text.data[0];
        size_t len = character_len(text);
        if (c == '"' || c == '\\' || c == '/') {
            /* the original's writer escapes the slash as well, and clients compare text */
            tatu_reply_put(reply, "\\", 1);
            tatu_reply_put(reply, &c, 1);
        } else if (c < 0x20 || c == 0x7f) {
            tatu_reply_format(reply, "\\u%04x", c);
        } else if (len == 0) {
            tatu_reply_put_text(reply, "\\ufffd");
            len = 1;
        } else {
            tatu_reply_put(reply, text.data, len);
        }
        text.data += len;
        text.len -= len;
    }
    tatu_reply_put(reply, "\"", 1);
}

void tatu_json_put_string(struct tatu_reply *reply, const char *key, const char *text)
{
    tatu_json_put_bytes(reply, key, (struct tatu_span){(const uint8_t *)text, strlen(text)});
}

void tatu_json_put_number(struct tatu_reply *reply, const char *key, uint64_t value)
{
    begin(reply, key);
    tatu_reply_format(reply, "%" PRIu64, value);
}

void tatu_json_put_int(struct tatu_reply *reply, const char *key, int64_t value)
{
    begin(reply, key);
    tatu_reply_format(reply, "%" PRId64, value);
}

void tatu_json_put_bool(struct tatu_reply *reply, const char *key, bool value)
{
    begin(reply, key);
    tatu_reply_put_text(reply, value ? "true" : "false");
}

void tatu_json_put_guid(struct tatu_reply *reply, const char *key, const uint8_t guid[16])
{
    char text[TATU_GUID_TEXT_SIZE];
    tatu_proto_format_guid(guid, text);
    tatu_json_put_string(reply, key, text);
}

void tatu_json_put_hex(struct tatu_reply *reply, const char *key, struct tatu_span bytes)
{
    begin(reply, key);
    tatu_reply_put(reply, "\"", 1);
    for (size_t i = 0; i < bytes.len; i++) {
        char digits[3];
        tatu_base_encode_hex((struct tatu_span){bytes.data + i, 1}, digits);
        tatu_reply_put(reply, digits, 2);
    }
    tatu_reply_put(reply, "\"", 1);
}
