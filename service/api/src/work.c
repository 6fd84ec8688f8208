#include "work.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proto/cbor.h"
#include "proto/image.h"

static const struct {
    enum tatu_err err;
    int status;
    const char *code;
} errors[] = {
    {TATU_ERR_NOT_FOUND, 404, "ResourceNotFound"},
    {TATU_ERR_EXISTS, 409, "Conflict"},
    {TATU_ERR_STATE, 409, "Conflict"},
    {TATU_ERR_OWNED, 409, "DeviceOwned"},
    {TATU_ERR_FULL, 507, "StorageFull"},
    {TATU_ERR_BUSY, 503, "ServiceBusy"},
    {TATU_ERR_IO, 500, "InternalError"},
    {TATU_ERR_MEMORY, 500, "InternalError"},
    {TATU_ERR_DIGEST, 500, "InternalError"},
    {TATU_ERR_LONG, 413, "RequestTooLarge"},
    {TATU_ERR_DENIED, 403, "Forbidden"},
    {TATU_ERR_CERTIFICATE, 403, "Forbidden"},
    {TATU_ERR_ENDORSEMENT, 403, "DeviceNotEndorsed"},
    {TATU_ERR_SIGNATURE, 403, "SignatureInvalid"},
    {TATU_ERR_KEY_UNKNOWN, 403, "KeyUnknown"},
    {TATU_ERR_REPLAY, 403, "NonceInvalid"},
    {TATU_ERR_FOREIGN, 403, "ClaimNotProven"},
    {TATU_ERR_UNKNOWN_COMMAND, 404, "ResourceNotFound"},
    {TATU_ERR_CLOCK, 503, "ClockWentBack"},
};

int tatu_api_status_of(enum tatu_err err)
{
    for (size_t i = 0; i < TATU_COUNT_OF(errors); i++) {
        if (errors[i].err == err) {
            return errors[i].status;
        }
    }
    return 400;
}

static const char *code_of(enum tatu_err err)
{
    for (size_t i = 0; i < TATU_COUNT_OF(errors); i++) {
        if (errors[i].err == err) {
            return errors[i].code;
        }
    }
    return "InvalidRequest";
}

struct tatu_json_writer *tatu_api_start_json(struct work *work)
{
    tatu_json_start(&work->json, work->call.arena);
    return &work->json;
}

void tatu_api_answer_json(struct work *work, int status, struct tatu_json_writer *json)
{
    work->answer->status = status;
    work->answer->content_type = "application/json; charset=utf-8";
    work->answer->body = tatu_json_finish(json);
}

void tatu_api_answer_bytes(struct work *work, const char *content_type, struct tatu_span body)
{
    work->answer->status = 200;
    work->answer->content_type = content_type;
    work->answer->body = body;
}

void tatu_api_answer_empty(struct work *work)
{
    work->answer->status = 204;
    work->answer->content_type = NULL;
    work->answer->body = (struct tatu_span){NULL, 0};
}

enum tatu_err tatu_api_fail(struct work *work, enum tatu_err err, const char *code,
                            const char *message)
{
    work->code = code;
    work->message = message;
    return err;
}

void tatu_api_error_arm(struct work *work, enum tatu_err err)
{
    struct tatu_json_writer json;
    tatu_json_start(&json, work->call.arena);
    tatu_json_open_object(&json, NULL);
    tatu_json_open_object(&json, "error");
    tatu_json_put_text(&json, "code", work->code != NULL ? work->code : code_of(err));
    tatu_json_put_text(&json, "message",
                       work->message != NULL ? work->message : tatu_err_text(err));
    tatu_json_put_text(&json, "target", work->request->path == NULL ? "" : work->request->path);
    tatu_json_open_array(&json, "details");
    tatu_json_close_array(&json);
    tatu_json_close_object(&json);
    tatu_json_close_object(&json);
    tatu_api_answer_json(work, tatu_api_status_of(err), &json);
}

void tatu_api_error_device(struct work *work, enum tatu_err err)
{
    struct tatu_buf body = tatu_arena_buf(work->call.arena, 64);
    struct tatu_cbor_writer w;
    tatu_cbor_init(&w, &body);
    tatu_cbor_put_map(&w, 2);
    tatu_cbor_put_uint(&w, 1);
    tatu_cbor_put_uint(&w, (uint64_t)err);
    tatu_cbor_put_uint(&w, 2);
    tatu_cbor_put_text(&w, tatu_err_name(err));
    tatu_api_answer_bytes(work, "application/cbor", (struct tatu_span){body.data, body.len});
    work->answer->status = tatu_api_status_of(err);
}

const char *tatu_api_param(const struct work *work, const char *name)
{
    const char *value = tatu_http_param(work->request, name);
    return value == NULL ? "" : value;
}

static enum tatu_err get_number(const struct work *work, const char *name, int64_t otherwise,
                                int64_t *out)
{
    const char *text = tatu_http_query(work->request, name);
    if (text == NULL) {
        *out = otherwise;
        return TATU_OK;
    }
    char *end = NULL;
    long value = isdigit((unsigned char)text[0]) ? strtol(text, &end, 10) : -1;
    if (value < 0 || value > INT32_MAX || *end != 0) {
        return TATU_ERR_ARGUMENT;
    }
    *out = value;
    return TATU_OK;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

enum tatu_err tatu_api_get_page(struct work *work, struct tatu_page *out)
{
    int64_t skip = 0;
    int64_t top = 0;
    int64_t size = 0;
    if (get_number(work, "$skip", 0, &skip) != TATU_OK ||
        get_number(work, "$top", TATU_PAGE_MAX, &top) != TATU_OK ||
        get_number(work, "$maxpagesize", TATU_PAGE_MAX, &size) != TATU_OK || size == 0) {
        return tatu_api_fail(work, TATU_ERR_ARGUMENT, "InvalidRequest",
                             "$skip, $top and $maxpagesize are whole numbers");
    }
    *out = (struct tatu_page){skip, smaller(smaller(top, size), TATU_PAGE_MAX)};
    return TATU_OK;
}

void tatu_api_open_list(struct work *work, struct tatu_json_writer *json)
{
    tatu_json_start(json, work->call.arena);
    tatu_json_open_object(json, NULL);
    tatu_json_open_array(json, "value");
}

static const char *encode_part(struct tatu_arena *arena, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = tatu_arena_take(arena, 3 * strlen(text) + 1);
    char *out = encoded;
    for (const char *at = text; *at != 0; at++) {
        if (isalnum((unsigned char)*at) || strchr("-._~$", *at) != NULL) {
            *out++ = *at;
        } else {
            *out++ = '%';
            *out++ = digits[(uint8_t)*at >> 4];
            *out++ = digits[(uint8_t)*at & 15];
        }
    }
    *out = 0;
    return encoded;
}

/* The same request with the next $skip; $top counts down over the pages. */
static const char *next_link(const struct work *work, const struct tatu_page *page, size_t count)
{
    const struct tatu_http_request *request = work->request;
    struct tatu_arena *arena = work->call.arena;
    char *link = tatu_arena_format(arena, "https://%s%s?$skip=%lld",
                                   request->host == NULL ? "" : request->host, request->path,
                                   (long long)page->skip + (long long)count);
    for (size_t i = 0; i < request->query_count; i++) {
        const char *name = request->queries[i].name;
        const char *value = request->queries[i].value;
        if (strcmp(name, "$skip") == 0) {
            continue;
        }
        if (strcmp(name, "$top") == 0) {
            value = tatu_arena_format(arena, "%ld", strtol(value, NULL, 10) - (long)count);
        }
        link = tatu_arena_format(arena, "%s&%s=%s", link, encode_part(arena, name),
                                 encode_part(arena, value));
    }
    return link;
}

void tatu_api_close_list(struct work *work, struct tatu_json_writer *json,
                         const struct tatu_page *page, size_t count, bool more)
{
    const char *top = tatu_http_query(work->request, "$top");
    bool enough = top != NULL && strtol(top, NULL, 10) <= (long)count;
    tatu_json_close_array(json);
    if (more && !enough) {
        tatu_json_put_text(json, "nextLink", next_link(work, page, count));
    }
    tatu_json_close_object(json);
    tatu_api_answer_json(work, 200, json);
}

void tatu_api_get_device_id(const struct work *work, uint8_t out[64])
{
    const char *text = tatu_api_param(work, "device");
    memset(out, 0, 64);
    /* the path was checked to hold 128 hex digits */
    (void)tatu_base_decode_hex(text, strlen(text), out, 64);
}

enum tatu_err tatu_api_find_catalog(struct work *work, struct tatu_catalog *out)
{
    const struct tatu_catalog_key key = {tatu_api_param(work, "sub"), tatu_api_param(work, "rg"),
                                         tatu_api_param(work, "catalog")};
    return tatu_fleet_get_catalog(&work->call, &key, out);
}

enum tatu_err tatu_api_find_product(struct work *work, const struct tatu_catalog *catalog,
                                    struct tatu_product *out)
{
    return tatu_fleet_get_product(&work->call, catalog->id, tatu_api_param(work, "product"), out);
}

enum tatu_err tatu_api_find_group(struct work *work, const struct tatu_catalog *catalog,
                                  struct tatu_group *out)
{
    return tatu_fleet_get_group(&work->call, catalog->id, tatu_api_param(work, "product"),
                                tatu_api_param(work, "group"), out);
}

const char *tatu_api_catalog_id(const struct work *work, const struct tatu_catalog *catalog)
{
    return tatu_arena_format(
        work->call.arena,
        "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.AzureSphere/catalogs/%s",
        catalog->sub, catalog->rg, catalog->name);
}

void tatu_api_put_head(struct tatu_json_writer *json, const char *id, const char *name,
                       const char *type)
{
    tatu_json_put_text(json, "id", id);
    tatu_json_put_text(json, "name", name);
    tatu_json_put_text(json, "type", type);
}

void tatu_api_open_properties(struct tatu_json_writer *json)
{
    tatu_json_open_object(json, "properties");
    tatu_json_put_text(json, "provisioningState", "Succeeded");
}

void tatu_api_close_properties(struct tatu_json_writer *json, const char *created_by,
                               int64_t created_s)
{
    tatu_json_close_object(json);
    if (created_s != 0) {
        tatu_json_open_object(json, "systemData");
        tatu_json_put_text(json, "createdBy", created_by);
        tatu_json_put_text(json, "createdByType", "User");
        tatu_json_put_time(json, "createdAt", created_s);
        tatu_json_close_object(json);
    }
}
