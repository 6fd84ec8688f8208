#include "service/http/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_any(const char *value)
{
    return value[0] != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tatu_http_kind kinds[] = {{"a", is_any}, {"b", is_any}};
    static const struct tatu_http_route routes[] = {
        {TATU_HTTP_GET, "/x/{a}/y/{b}", TATU_HTTP_OPEN, 0, 0, NULL},
        {TATU_HTTP_GET, "/{a}", TATU_HTTP_OPEN, 0, 0, NULL},
    };
    const struct tatu_http_site site = {
        .routes = routes, .route_count = 2, .kinds = kinds, .kind_count = 2, .fold_case = true};
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    const char *text = tatu_arena_copy_text(&arena, (const char *)data, size);
    const struct tatu_http_raw raw = {.method = "GET", .target = text};
    struct tatu_http_request request = {.arena = &arena};
    size_t from = 0;
    size_t len = 0;
    if (tatu_http_decode(&site, &raw, &request) == TATU_HTTP_SERVED &&
        request.query_count > TATU_HTTP_QUERY_MAX) {
        abort();
    }
    if (tatu_http_decode_range(text, 1000, &from, &len) == TATU_OK &&
        (len == 0 || from >= 1000 || len > 1000 - from)) {
        abort();
    }
    tatu_arena_done(&arena);
    return 0;
}
