#include "service/json/json.h"

#include "proto/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIRST_CAP 1024u

static void grow(struct tatu_json_writer *w, size_t more)
{
    if (w->cap - w->len >= more) {
        return;
    }
    size_t cap = w->cap == 0 ? FIRST_CAP : w->cap;
    while (cap - w->len < more) {
        cap *= 2;
    }
    char *text = tatu_arena_take(w->arena, cap);
    if (w->len > 0) {
        memcpy(text, w->text, w->len);
    }
    w->text = text;
    w->cap = cap;
}

static void put(struct tatu_json_writer *w, const char *text, size_t len)
{
    grow(w, len);
    memcpy(w->text + w->len, text, len);
    w->len += len;
}

static void put_string(struct tatu_json_writer *w, const char *text)
{
    put(w, text, strlen(text));
}

/* Bytes of the well-formed UTF-8 sequence at `at` (RFC 3629); 0 when it is not well-formed. */
static size_t utf8_len(const uint8_t *at)
{
    static const struct {
        uint8_t first_low, first_high, second_low, second_high;
        size_t len;
    } forms[] = {
        {0x20, 0x7f, 0, 0xff, 1},    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(forms); i++) {
        if (at[0] < forms[i].first_low || at[0] > forms[i].first_high) {
            continue;
        }
        if (forms[i].len == 1) {
            return 1;
        }
        if (at[1] < forms[i].second_low || at[1] > forms[i].second_high) {
            return 0;
        }
        /* a NUL is no continuation byte, so this never reads past the end */
        for (size_t k = 2; k < forms[i].len; k++) {
            if ((at[k] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return forms[i].len;
    }
    return 0;
}

static void put_escaped(struct tatu_json_writer *w, const char *text)
{
    put(w, "\"", 1);
    for (const uint8_t *at = (const uint8_t *)text; *at != 0;) {
        size_t len = utf8_len(at);
        if (*at == '"' || *at == '\\') {
            put(w, "\\", 1);
            put(w, (const char *)at, 1);
        } else if (*at < 0x20) {
            char escape[7];
            (void)snprintf(escape, sizeof(escape), "\\u%04x", *at);
            put(w, escape, 6);
        } else if (len == 0) {
            put_string(w, "\xef\xbf\xbd"); /* U+FFFD */
        } else {
            put(w, (const char *)at, len);
        }
        at += len > 0 ? len : 1;
    }
    put(w, "\"", 1);
}

static void before_value(struct tatu_json_writer *w, const char *key)
{
    if (w->need_comma) {
        put(w, ",", 1);
    }
    if (key != NULL) {
        put_escaped(w, key);
        put(w, ":", 1);
    }
    w->need_comma = true;
}

void tatu_json_start(struct tatu_json_writer *w, struct tatu_arena *arena)
{
    *w = (struct tatu_json_writer){.arena = arena};
}

void tatu_json_open_object(struct tatu_json_writer *w, const char *key)
{
    before_value(w, key);
    put(w, "{", 1);
    w->need_comma = false;
}

void tatu_json_close_object(struct tatu_json_writer *w)
{
    put(w, "}", 1);
    w->need_comma = true;
}

void tatu_json_open_array(struct tatu_json_writer *w, const char *key)
{
    before_value(w, key);
    put(w, "[", 1);
    w->need_comma = false;
}

void tatu_json_close_array(struct tatu_json_writer *w)
{
    put(w, "]", 1);
    w->need_comma = true;
}

void tatu_json_put_text(struct tatu_json_writer *w, const char *key, const char *text)
{
    if (text != NULL) {
        before_value(w, key);
        put_escaped(w, text);
    }
}

void tatu_json_put_int(struct tatu_json_writer *w, const char *key, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    before_value(w, key);
    put_string(w, text);
}

void tatu_json_put_bool(struct tatu_json_writer *w, const char *key, bool value)
{
    before_value(w, key);
    put_string(w, value ? "true" : "false");
}

void tatu_json_put_hex(struct tatu_json_writer *w, const char *key, struct tatu_span bytes)
{
    tatu_json_put_text(w, key, tatu_arena_hex(w->arena, bytes));
}

void tatu_json_put_guid(struct tatu_json_writer *w, const char *key, const uint8_t guid[16])
{
    char text[TATU_GUID_TEXT_SIZE];
    tatu_proto_format_guid(guid, text);
    tatu_json_put_text(w, key, text);
}

void tatu_json_put_time(struct tatu_json_writer *w, const char *key, int64_t unix_s)
{
    if (unix_s == 0) {
        return;
    }
    time_t seconds = (time_t)unix_s;
    struct tm parts;
    char text[40];
    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        return; /* a year no calendar holds; a device may claim one */
    }
    tatu_json_put_text(w, key, text);
}

void tatu_json_put_raw(struct tatu_json_writer *w, const char *key, const char *json)
{
    before_value(w, key);
    put_string(w, json);
}

struct tatu_span tatu_json_finish(struct tatu_json_writer *w)
{
    return (struct tatu_span){(const uint8_t *)w->text, w->len};
}
