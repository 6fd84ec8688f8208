#include "service/json/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 64u

static const json_t *native(const struct tatu_json *json)
{
    return (const json_t *)json;
}

enum tatu_err tatu_json_parse(struct tatu_span text, struct tatu_json **out)
{
    json_error_t error;
    json_t *parsed = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (parsed == NULL) {
        return TATU_ERR_FORMAT;
    }
    *out = (struct tatu_json *)parsed;
    return TATU_OK;
}

void tatu_json_free(struct tatu_json *json)
{
    json_decref((json_t *)json);
}

const struct tatu_json *tatu_json_at(const struct tatu_json *json, const char *path)
{
    const json_t *at = native(json);
    while (at != NULL && *path != 0) {
        size_t len = strcspn(path, ".");
        char key[KEY_MAX];
        if (len >= sizeof(key)) {
            return NULL;
        }
        memcpy(key, path, len);
        key[len] = 0;
        at = json_object_get(at, key);
        path += len + (path[len] == '.');
    }
    return (const struct tatu_json *)at;
}

const char *tatu_json_text(const struct tatu_json *json, const char *path)
{
    return json_string_value(native(tatu_json_at(json, path)));
}

bool tatu_json_int(const struct tatu_json *json, const char *path, int64_t *out)
{
    const json_t *value = (const json_t *)tatu_json_at(json, path);
    if (!json_is_integer(value)) {
        return false;
    }
    *out = json_integer_value(value);
    return true;
}

bool tatu_json_is_object(const struct tatu_json *json)
{
    return json_is_object(native(json));
}

size_t tatu_json_count(const struct tatu_json *json)
{
    return json_array_size(native(json));
}

const struct tatu_json *tatu_json_item(const struct tatu_json *json, size_t at)
{
    return (const struct tatu_json *)json_array_get(native(json), at);
}

char *tatu_json_print(const struct tatu_json *json, struct tatu_arena *arena)
{
    char *text = json_dumps(native(json), JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (text == NULL) {
        return tatu_arena_copy_text(arena, "null", 4);
    }
    char *copy = tatu_arena_copy_text(arena, text, strlen(text));
    free(text);
    return copy;
}
