#include "service/api/api.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "names.h"
#include "proto/image.h"
#include "routes.h"
#include "work.h"

#define BODY_SLACK                                                                                 \
    (256u * 1024u) /* over a route's limit, so that the refusal is a proper answer                 \
                    */

static const char *describe_caller(const struct tatu_http_request *request)
{
    if (request->subject != NULL) {
        return request->subject;
    }
    if (request->device_id != NULL) {
        return tatu_arena_format(
            request->arena, "device %s",
            tatu_arena_hex(request->arena, (struct tatu_span){request->device_id, 8}));
    }
    return "anonymous";
}

static void start_work(struct tatu_api *api, const struct tatu_http_request *request,
                       struct tatu_http_answer *answer, struct work *out)
{
    uint8_t id[16];
    char text[TATU_GUID_TEXT_SIZE];
    tatu_crypto_random(id, sizeof(id));
    tatu_proto_format_guid(id, text);
    tatu_http_add_header(answer, "x-ms-request-id",
                         tatu_arena_copy_text(request->arena, text, strlen(text)));
    *out = (struct work){
        .api = api,
        .call = {api->store, request->arena, describe_caller(request), request->now_s},
        .request = request,
        .answer = answer,
    };
    api->requests++;
}

static bool is_operator(const struct tatu_api *api, const struct tatu_http_request *request)
{
    const struct tatu_http_route *route = request->route;
    (void)api;
    return route >= tatu_api_routes_operator &&
           route < tatu_api_routes_operator + tatu_api_routes_operator_count;
}

static void answer_error(struct work *work, bool operator_side, enum tatu_err err)
{
    work->api->refused++;
    if (operator_side) {
        tatu_api_error_arm(work, err);
    } else {
        tatu_api_error_device(work, err);
    }
}

static enum tatu_err check_version(struct work *work)
{
    const char *version = tatu_http_query(work->request, "api-version");
    if (version == NULL) {
        return tatu_api_fail(work, TATU_ERR_ARGUMENT, "MissingApiVersionParameter",
                             "api-version=" ARM_API_VERSION " is required");
    }
    if (strcmp(version, ARM_API_VERSION) != 0) {
        return tatu_api_fail(work, TATU_ERR_VERSION, "InvalidApiVersionParameter",
                             "the only api-version is " ARM_API_VERSION);
    }
    return TATU_OK;
}

/* Under a clock that went back nothing is signed, dated or kept. Reading is still possible. A mark
 * that cannot be kept (a full disk) is no reason to refuse. */
static enum tatu_err check_clock(struct work *work)
{
    const struct tatu_http_route *route = work->request->route;
    if ((route->flags & (ROUTE_WRITES | ROUTE_DATES)) != 0 &&
        tatu_store_check_clock(work->call.store, work->call.now_s) == TATU_ERR_CLOCK) {
        return tatu_api_fail(work, TATU_ERR_CLOCK, "ClockWentBack",
                             "the service's clock is before the latest time it knew; correct it");
    }
    return TATU_OK;
}

/* A request that writes is one transaction: it is kept whole before its answer goes out, or not. */
static enum tatu_err run(struct work *work)
{
    const struct tatu_http_route *route = work->request->route;
    if ((route->flags & ROUTE_ARM) != 0) {
        TATU_TRY(check_version(work));
    }
    TATU_TRY(check_clock(work));
    if ((route->flags & ROUTE_WRITES) == 0) {
        return route->handler(work, work->request, work->answer);
    }
    TATU_TRY(tatu_store_begin(work->call.store));
    enum tatu_err err = route->handler(work, work->request, work->answer);
    if (err != TATU_OK) {
        tatu_store_rollback(work->call.store);
        return err;
    }
    return tatu_store_commit(work->call.store);
}

static void serve(void *context, const struct tatu_http_request *request,
                  struct tatu_http_answer *answer)
{
    struct tatu_api *api = context;
    struct work work;
    start_work(api, request, answer, &work);
    enum tatu_err err = run(&work);
    if (err != TATU_OK) {
        answer_error(&work, is_operator(api, request), err);
    }
}

/* ---- refusals ---- */

static const struct {
    enum tatu_err err;
    int status;
    const char *code;
    const char *message;
} refusals[] = {
    [TATU_HTTP_SERVED] = {TATU_ERR_STATE, 500, "InternalError", NULL},
    [TATU_HTTP_BAD_REQUEST] = {TATU_ERR_FORMAT, 400, "InvalidRequest",
                               "the request target is not well-formed"},
    [TATU_HTTP_NO_SUCH_PATH] = {TATU_ERR_NOT_FOUND, 404, "ResourceNotFound",
                                "there is no such path"},
    [TATU_HTTP_NO_SUCH_METHOD] = {TATU_ERR_UNKNOWN_COMMAND, 405, "MethodNotAllowed",
                                  "this path does not have this method"},
    [TATU_HTTP_BAD_NAME] = {TATU_ERR_FORMAT, 400, "InvalidResourceName",
                            "a name in the path breaks its pattern"},
    [TATU_HTTP_TOO_LARGE] = {TATU_ERR_LONG, 413, "RequestTooLarge", NULL},
    [TATU_HTTP_NO_CREDENTIAL] = {TATU_ERR_DENIED, 401, "AuthenticationFailed",
                                 "a valid bearer token is required"},
    [TATU_HTTP_UNAVAILABLE] = {TATU_ERR_IO, 500, "InternalError", NULL},
};

static void refuse(void *context, const struct tatu_http_request *request,
                   enum tatu_http_refusal refusal, struct tatu_http_answer *answer,
                   bool operator_side)
{
    struct work work;
    start_work(context, request, answer, &work);
    work.code = refusals[refusal].code;
    work.message = refusals[refusal].message;
    answer_error(&work, operator_side, refusals[refusal].err);
    answer->status = refusals[refusal].status;
    if (operator_side && answer->status == 401) {
        tatu_http_add_header(answer, "WWW-Authenticate", "Bearer");
    }
}

static void refuse_operator(void *context, const struct tatu_http_request *request,
                            enum tatu_http_refusal refusal, struct tatu_http_answer *answer)
{
    refuse(context, request, refusal, answer, true);
}

static void refuse_device(void *context, const struct tatu_http_request *request,
                          enum tatu_http_refusal refusal, struct tatu_http_answer *answer)
{
    refuse(context, request, refusal, answer, false);
}

static enum tatu_err check_token(void *context, struct tatu_arena *arena, const char *token,
                                 const char **out_subject)
{
    struct tatu_api *api = context;
    return tatu_identity_check_token(api->store, arena, token, out_subject);
}

/* ---- the api ---- */

static struct tatu_http_site make_site(struct tatu_api *api, enum tatu_api_side side)
{
    static const struct {
        const struct tatu_http_route *routes;
        const size_t *count;
        bool fold_case;
        enum tatu_http_scope unmatched;
    } sides[] = {
        [TATU_API_OPERATOR] = {tatu_api_routes_operator, &tatu_api_routes_operator_count, true,
                               TATU_HTTP_TOKEN},
        [TATU_API_FRONT] = {tatu_api_routes_front, &tatu_api_routes_front_count, false,
                            TATU_HTTP_OPEN},
        [TATU_API_UPDATE] = {tatu_api_routes_update, &tatu_api_routes_update_count, false,
                             TATU_HTTP_DEVICE},
    };
    return (struct tatu_http_site){
        .routes = sides[side].routes,
        .route_count = *sides[side].count,
        .kinds = tatu_api_name_kinds,
        .kind_count = tatu_api_name_kind_count,
        .fold_case = sides[side].fold_case,
        .unmatched_scope = sides[side].unmatched,
        .context = api,
        .check_token = check_token,
        .serve = serve,
        .refuse = side == TATU_API_OPERATOR ? refuse_operator : refuse_device,
    };
}

enum tatu_err tatu_api_open(const struct tatu_api_options *options, struct tatu_api **out)
{
    struct tatu_api *api = calloc(1, sizeof(*api));
    if (api == NULL) {
        return TATU_ERR_MEMORY;
    }
    api->store = options->store;
    api->identity = options->identity;
    api->program = options->program;
    api->started_s = (int64_t)time(NULL);
    api->attest_nonces = tatu_identity_nonces_open();
    api->claim_nonces = tatu_identity_nonces_open();
    if (api->attest_nonces == NULL || api->claim_nonces == NULL) {
        tatu_api_close(api);
        return TATU_ERR_MEMORY;
    }
    for (int side = 0; side < TATU_API_SIDE_COUNT; side++) {
        api->sites[side] = make_site(api, (enum tatu_api_side)side);
    }
    *out = api;
    return TATU_OK;
}

void tatu_api_close(struct tatu_api *api)
{
    if (api != NULL) {
        tatu_identity_nonces_close(api->attest_nonces);
        tatu_identity_nonces_close(api->claim_nonces);
        free(api);
    }
}

const struct tatu_http_site *tatu_api_site(const struct tatu_api *api, enum tatu_api_side side)
{
    return &api->sites[side];
}

size_t tatu_api_body_max(enum tatu_api_side side)
{
    size_t own = side == TATU_API_OPERATOR ? ROUTES_SYMBOL_BODY_MAX : ROUTES_DEVICE_BODY_MAX;
    return own + BODY_SLACK;
}
