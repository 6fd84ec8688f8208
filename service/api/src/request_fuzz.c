/* What a stranger can send: "METHOD target\n" and a body, through the routing tables of all sides
 * and every decoder of bodies. */
#include <stdlib.h>
#include <string.h>

#include "bodies.h"
#include "device_bodies.h"
#include "names.h"
#include "routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_routes(struct tatu_arena *arena, const char *method, const char *target,
                        struct tatu_span body)
{
    const struct {
        const struct tatu_http_route *routes;
        size_t count;
        bool fold;
    } sides[] = {{tatu_api_routes_operator, tatu_api_routes_operator_count, true},
                 {tatu_api_routes_front, tatu_api_routes_front_count, false},
                 {tatu_api_routes_update, tatu_api_routes_update_count, false}};
    for (size_t i = 0; i < TATU_COUNT_OF(sides); i++) {
        const struct tatu_http_site site = {.routes = sides[i].routes,
                                            .route_count = sides[i].count,
                                            .kinds = tatu_api_name_kinds,
                                            .kind_count = tatu_api_name_kind_count,
                                            .fold_case = sides[i].fold};
        const struct tatu_http_raw raw = {.method = method, .target = target, .body = body};
        struct tatu_http_request request = {.arena = arena};
        if (tatu_http_decode(&site, &raw, &request) == TATU_HTTP_SERVED &&
            (request.route == NULL || request.body.len > request.route->body_max)) {
            abort();
        }
    }
}

static void fuzz_json(struct tatu_arena *arena, struct tatu_span body)
{
    struct body_catalog catalog;
    struct tatu_group_settings group;
    struct body_claim claim;
    struct body_move move;
    struct body_image image;
    struct body_deployment deployment;
    struct body_import import;
    struct body_confirmation confirmation;
    struct tatu_span reference;
    int64_t grace_s = 0;
    uint8_t key[TATU_PUBLIC_SIZE];
    const char *text = NULL;
    const char *why = NULL;
    (void)tatu_api_decode_catalog(body, arena, &catalog, &why);
    (void)tatu_api_decode_product(body, arena, &text, &why);
    (void)tatu_api_decode_group(body, arena, &group, &why);
    (void)tatu_api_decode_renewal(body, &grace_s, &why);
    (void)tatu_api_decode_confirmation(body, arena, &confirmation, &why);
    (void)tatu_api_decode_claim(body, arena, &claim, &why);
    (void)tatu_api_decode_move(body, arena, &move, &why);
    (void)tatu_api_decode_image(body, arena, &image, &why);
    (void)tatu_api_decode_key(body, key, &why);
    (void)tatu_api_decode_reference(body, arena, &reference, &why);
    (void)tatu_api_decode_import(body, arena, &import, &why);
    if (tatu_api_decode_deployment(body, arena, &deployment, &why) == TATU_OK &&
        deployment.count > TATU_EVIDENCE_APP_MAX) {
        abort();
    }
}

static void fuzz_cbor(struct tatu_span body)
{
    struct tatu_attest_request attest;
    struct tatu_report report;
    uint8_t nonce[32];
    (void)tatu_api_decode_device_wish(body, nonce);
    (void)tatu_api_decode_device_nonce(body);
    (void)tatu_api_decode_device_attest(body, &attest);
    (void)tatu_api_decode_device_report(body, &report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    const uint8_t *newline = size == 0 ? NULL : memchr(data, '\n', size);
    size_t line_len = newline == NULL ? size : (size_t)(newline - data);
    size_t body_at = newline == NULL ? size : line_len + 1;
    char *line = tatu_arena_copy_text(&arena, (const char *)data, line_len);
    char *space = strchr(line, ' ');
    const struct tatu_span body = {data + body_at, size - body_at};
    if (space != NULL) {
        *space = 0;
        fuzz_routes(&arena, line, space + 1, body);
    }
    fuzz_json(&arena, body);
    fuzz_cbor(body);
    tatu_arena_done(&arena);
    return 0;
}
