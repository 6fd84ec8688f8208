/*
 * JSON of the operator's side: a strict reader (no duplicate keys, UTF-8 checked) and a streaming
 * writer that cannot produce invalid text. The library behind the reader shows in json.c only.
 */
#ifndef TATU_SERVICE_JSON_JSON_H
#define TATU_SERVICE_JSON_JSON_H

#include "base/base.h"
#include "service/arena/arena.h"

/* ---- reader ---- */
struct tatu_json;

/** Reads one whole document, an object or array; hostile. Free it. Errors: FORMAT. */
enum tatu_err tatu_json_parse(struct tatu_span text, struct tatu_json **out);
void tatu_json_free(struct tatu_json *json);
/** Member by dotted path ("properties.image"); "" is the value itself; NULL when it is not there.
 */
const struct tatu_json *tatu_json_at(const struct tatu_json *json, const char *path);
/** NULL when it is not there or no string. Never holds a NUL inside. */
const char *tatu_json_text(const struct tatu_json *json, const char *path);
/** The whole number at a path. False when there is none. */
bool tatu_json_int(const struct tatu_json *json, const char *path, int64_t *out);
bool tatu_json_is_object(const struct tatu_json *json);
/** Items of an array; 0 when it is none. */
size_t tatu_json_count(const struct tatu_json *json);
const struct tatu_json *tatu_json_item(const struct tatu_json *json, size_t at);
/** Compact text of a value, for keeping it as it came. */
char *tatu_json_print(const struct tatu_json *json, struct tatu_arena *arena);

/* ---- writer: keys are NULL inside arrays; foreign text is made valid UTF-8 ---- */
struct tatu_json_writer {
    struct tatu_arena *arena;
    char *text;
    size_t len;
    size_t cap;
    bool need_comma;
};

void tatu_json_start(struct tatu_json_writer *w, struct tatu_arena *arena);
void tatu_json_open_object(struct tatu_json_writer *w, const char *key);
void tatu_json_close_object(struct tatu_json_writer *w);
void tatu_json_open_array(struct tatu_json_writer *w, const char *key);
void tatu_json_close_array(struct tatu_json_writer *w);
/** NULL text leaves the member out. */
void tatu_json_put_text(struct tatu_json_writer *w, const char *key, const char *text);
void tatu_json_put_int(struct tatu_json_writer *w, const char *key, int64_t value);
void tatu_json_put_bool(struct tatu_json_writer *w, const char *key, bool value);
void tatu_json_put_hex(struct tatu_json_writer *w, const char *key, struct tatu_span bytes);
void tatu_json_put_base64(struct tatu_json_writer *w, const char *key, struct tatu_span bytes);
/** A GUID in its text form. */
void tatu_json_put_guid(struct tatu_json_writer *w, const char *key, const uint8_t guid[16]);
/** Unix seconds as 2026-11-21T10:44:00Z; 0 leaves the member out. */
void tatu_json_put_time(struct tatu_json_writer *w, const char *key, int64_t unix_s);
/** Text that is valid JSON already. */
void tatu_json_put_raw(struct tatu_json_writer *w, const char *key, const char *json);
struct tatu_span tatu_json_finish(struct tatu_json_writer *w);

/* ---- base64 (RFC 4648 §4, padded) ---- */
/** Errors: FORMAT for a foreign character, wrong padding or bits behind the end. */
enum tatu_err tatu_json_decode_base64(struct tatu_arena *arena, const char *text,
                                      struct tatu_span *out);

#endif
