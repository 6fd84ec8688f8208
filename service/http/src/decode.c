#include "service/http/http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const method_names[] = {
    [TATU_HTTP_GET] = "GET",     [TATU_HTTP_PUT] = "PUT",       [TATU_HTTP_POST] = "POST",
    [TATU_HTTP_PATCH] = "PATCH", [TATU_HTTP_DELETE] = "DELETE",
};

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static unsigned hex_value(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Percent-decodes len bytes; only printable ASCII may come out, and no separator of paths. */
static bool decode_part(struct tatu_arena *arena, const char *text, size_t len, bool plus,
                        char **out)
{
    char *decoded = tatu_arena_take(arena, len + 1);
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned c = (uint8_t)text[i];
        if (c == '%') {
            if (len - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
                return false;
            }
            c = hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]);
            i += 2;
            if (!plus && (c == '/' || c == '\\')) {
                return false;
            }
        } else if (plus && c == '+') {
            c = ' ';
        }
        if (c < 0x20 || c > 0x7e) {
            return false;
        }
        decoded[at++] = (char)c;
    }
    *out = decoded;
    return true;
}

struct path {
    char *segments[TATU_HTTP_SEGMENT_MAX];
    size_t count;
};

static bool decode_path(struct tatu_arena *arena, const char *path, struct path *out)
{
    out->count = 0;
    if (path[0] != '/') {
        return false;
    }
    for (const char *at = path; *at == '/';) {
        at++;
        size_t len = strcspn(at, "/");
        if (out->count == TATU_HTTP_SEGMENT_MAX ||
            !decode_part(arena, at, len, false, &out->segments[out->count])) {
            return false;
        }
        out->count++;
        at += len;
    }
    return true;
}

static bool decode_query(const char *text, struct tatu_http_request *out)
{
    while (*text != 0) {
        size_t len = strcspn(text, "&");
        size_t name_len = 0;
        while (name_len < len && text[name_len] != '=') {
            name_len++;
        }
        char *name = NULL;
        char *value = NULL;
        size_t value_at = name_len < len ? name_len + 1 : len;
        if (out->query_count == TATU_HTTP_QUERY_MAX ||
            !decode_part(out->arena, text, name_len, true, &name) ||
            !decode_part(out->arena, text + value_at, len - value_at, true, &value) ||
            tatu_http_query(out, name) != NULL) {
            return false;
        }
        out->queries[out->query_count++] = (struct tatu_http_pair){name, value};
        text += len + (text[len] == '&');
    }
    return true;
}

static bool same_text(const char *a, size_t a_len, const char *b, bool fold)
{
    return strlen(b) == a_len && (fold ? strncasecmp(a, b, a_len) : strncmp(a, b, a_len)) == 0;
}

static const struct tatu_http_kind *find_kind(const struct tatu_http_site *site, const char *name,
                                              size_t len)
{
    for (size_t i = 0; i < site->kind_count; i++) {
        if (same_text(name, len, site->kinds[i].name, false)) {
            return &site->kinds[i];
        }
    }
    return NULL;
}

enum match { MATCH_NO, MATCH_BAD_NAME, MATCH_YES };

/* Walks pattern and path side by side. A name that breaks its pattern still matches the shape. */
static enum match match_route(const struct tatu_http_site *site,
                              const struct tatu_http_route *route, const struct path *path,
                              struct tatu_http_request *out)
{
    enum match result = MATCH_YES;
    size_t place = 0;
    out->param_count = 0;
    for (const char *at = route->pattern; *at == '/'; place++) {
        at++;
        size_t len = strcspn(at, "/");
        if (place == path->count) {
            return MATCH_NO;
        }
        if (at[0] != '{') {
            if (!same_text(at, len, path->segments[place], site->fold_case)) {
                return MATCH_NO;
            }
        } else {
            const struct tatu_http_kind *kind = find_kind(site, at + 1, len - 2);
            if (kind == NULL || path->segments[place][0] == 0 ||
                out->param_count == TATU_HTTP_PARAM_MAX) {
                return MATCH_NO;
            }
            if (!kind->check(path->segments[place])) {
                result = MATCH_BAD_NAME;
            }
            out->params[out->param_count++] =
                (struct tatu_http_pair){kind->name, path->segments[place]};
        }
        at += len;
    }
    return place == path->count ? result : MATCH_NO;
}

static enum tatu_http_refusal find_route(const struct tatu_http_site *site, const char *method,
                                         const struct path *path, struct tatu_http_request *out)
{
    enum tatu_http_refusal result = TATU_HTTP_NO_SUCH_PATH;
    for (size_t i = 0; i < site->route_count; i++) {
        const struct tatu_http_route *route = &site->routes[i];
        enum match match = match_route(site, route, path, out);
        if (match == MATCH_NO) {
            continue;
        }
        if (strcmp(method, method_names[route->method]) != 0) {
            result = TATU_HTTP_NO_SUCH_METHOD;
            continue;
        }
        out->route = route;
        return match == MATCH_YES ? TATU_HTTP_SERVED : TATU_HTTP_BAD_NAME;
    }
    return result;
}

enum tatu_http_refusal tatu_http_decode(const struct tatu_http_site *site,
                                        const struct tatu_http_raw *raw,
                                        struct tatu_http_request *out)
{
    size_t path_len = strcspn(raw->target, "?#");
    struct path path;
    if (strlen(raw->target) > TATU_HTTP_TARGET_MAX || raw->target[path_len] == '#') {
        return TATU_HTTP_BAD_REQUEST;
    }
    out->path = tatu_arena_copy_text(out->arena, raw->target, path_len);
    out->host = raw->host;
    out->range = raw->range;
    out->device_id = raw->device_id;
    out->body = raw->body;
    if (!decode_path(out->arena, out->path, &path) ||
        (raw->target[path_len] == '?' && !decode_query(raw->target + path_len + 1, out))) {
        return TATU_HTTP_BAD_REQUEST;
    }
    enum tatu_http_refusal refusal = find_route(site, raw->method, &path, out);
    if (refusal == TATU_HTTP_SERVED && raw->body.len > out->route->body_max) {
        return TATU_HTTP_TOO_LARGE;
    }
    return refusal;
}

static const char *find_pair(const struct tatu_http_pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, name) == 0) {
            return pairs[i].value;
        }
    }
    return NULL;
}

const char *tatu_http_param(const struct tatu_http_request *request, const char *name)
{
    return find_pair(request->params, request->param_count, name);
}

const char *tatu_http_query(const struct tatu_http_request *request, const char *name)
{
    return find_pair(request->queries, request->query_count, name);
}

void tatu_http_add_header(struct tatu_http_answer *answer, const char *name, const char *value)
{
    if (answer->header_count < TATU_HTTP_ANSWER_HEADER_MAX) {
        answer->headers[answer->header_count++] = (struct tatu_http_pair){name, value};
    }
}

/* Digits only; stops at the first other character. */
static const char *decode_number(const char *text, size_t *out)
{
    size_t value = 0;
    while (*text >= '0' && *text <= '9') {
        if (value > (SIZE_MAX - 9) / 10) {
            return NULL;
        }
        value = value * 10 + (size_t)(*text - '0');
        text++;
    }
    *out = value;
    return text;
}

enum tatu_err tatu_http_decode_range(const char *text, size_t size, size_t *out_from,
                                     size_t *out_len)
{
    static const char unit[] = "bytes=";
    if (strncmp(text, unit, sizeof(unit) - 1) != 0) {
        return TATU_ERR_FORMAT;
    }
    const char *start = text + sizeof(unit) - 1;
    size_t first = 0;
    size_t last = 0;
    const char *dash = decode_number(start, &first);
    const char *end = dash != NULL && *dash == '-' ? decode_number(dash + 1, &last) : NULL;
    if (end == NULL || *end != 0 || (dash == start && end == dash + 1)) {
        return TATU_ERR_FORMAT;
    }
    bool suffix = dash == start;
    bool open_end = end == dash + 1;
    if (!suffix && !open_end && last < first) {
        return TATU_ERR_FORMAT;
    }
    if (suffix) {
        first = last >= size ? 0 : size - last;
        open_end = true;
        if (last == 0) {
            return TATU_ERR_ARGUMENT;
        }
    }
    if (first >= size) {
        return TATU_ERR_ARGUMENT;
    }
    *out_from = first;
    *out_len = (open_end || last >= size ? size - 1 : last) - first + 1;
    return TATU_OK;
}
