#include <string.h>
#include <strings.h>

#include "bodies.h"
#include "handlers.h"
#include "service/failures/failures.h"

static void put_catalog(const struct work *work, struct tatu_json_writer *json,
                        const struct tatu_catalog *catalog)
{
    tatu_json_open_object(json, NULL);
    tatu_api_put_head(json, tatu_api_catalog_id(work, catalog), catalog->name,
                      "Microsoft.AzureSphere/catalogs");
    tatu_json_put_text(json, "location", "global");
    tatu_json_put_raw(json, "tags", catalog->tags);
    tatu_api_open_properties(json);
    tatu_json_put_guid(json, "tenantId", catalog->tenant);
    tatu_json_open_object(json, "tatu");
    tatu_json_put_hex(json, "ownerKey", TATU_SPAN_OF(catalog->owner_key));
    tatu_json_close_object(json);
    tatu_api_close_properties(json, catalog->created_by, catalog->created_s);
    tatu_json_close_object(json);
}

HANDLER(tatu_api_put_catalog)
{
    (void)answer;
    struct work *work = context;
    struct body_catalog body;
    struct tatu_catalog catalog;
    bool made = false;
    const struct tatu_catalog_key key = {tatu_api_param(work, "sub"), tatu_api_param(work, "rg"),
                                         tatu_api_param(work, "catalog")};
    TATU_TRY(tatu_api_decode_catalog(request->body, work->call.arena, &body, &work->message));
    enum tatu_err err = tatu_fleet_put_catalog(&work->call, work->api->identity, &key, body.tags,
                                               body.owner_key, &catalog, &made);
    if (err == TATU_ERR_EXISTS) {
        return tatu_api_fail(work, err, NULL, "the catalog has another owner key, for good");
    }
    TATU_TRY(err);
    put_catalog(work, tatu_api_start_json(work), &catalog);
    tatu_api_answer_json(work, made ? 201 : 200, &work->json);
    return TATU_OK;
}

HANDLER(tatu_api_get_catalog)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    put_catalog(work, tatu_api_start_json(work), &catalog);
    tatu_api_answer_json(work, 200, &work->json);
    return TATU_OK;
}

HANDLER(tatu_api_list_catalogs)
{
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct tatu_catalog_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(tatu_fleet_list_catalogs(&work->call, tatu_api_param(work, "sub"),
                                      tatu_http_param(request, "rg"), &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        put_catalog(work, &json, &list.items[i]);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}

HANDLER(tatu_api_delete_catalog)
{
    (void)request;
    struct work *work = context;
    const struct tatu_catalog_key key = {tatu_api_param(work, "sub"), tatu_api_param(work, "rg"),
                                         tatu_api_param(work, "catalog")};
    enum tatu_err err = tatu_fleet_delete_catalog(&work->call, &key);
    if (err == TATU_ERR_STATE) {
        return tatu_api_fail(work, err, "CatalogNotEmpty", "the catalog holds products or devices");
    }
    if (err == TATU_ERR_NOT_FOUND) {
        tatu_api_answer_empty(work); /* ARM: deleting nothing succeeds */
        return TATU_OK;
    }
    TATU_TRY(err);
    answer->status = 200;
    return TATU_OK;
}

/* ---- certificates: one per catalog, its CA ---- */

/* The catalog, and its certificate if the path names it by serial or ".default". */
static enum tatu_err find_certificate(struct work *work, struct tatu_catalog *catalog,
                                      struct tatu_certificate_info *out)
{
    TATU_TRY(tatu_api_find_catalog(work, catalog));
    TATU_TRY(tatu_identity_read_certificate(catalog->ca_certificate, work->call.arena, out));
    const char *wanted = tatu_http_param(work->request, "serial");
    bool fits =
        wanted == NULL || strcmp(wanted, ".default") == 0 || strcasecmp(wanted, out->serial) == 0;
    return fits ? TATU_OK : TATU_ERR_NOT_FOUND;
}

static void put_certificate(const struct work *work, struct tatu_json_writer *json,
                            const struct tatu_catalog *catalog,
                            const struct tatu_certificate_info *info)
{
    bool active = work->call.now_s <= info->not_after_s;
    tatu_json_open_object(json, NULL);
    tatu_api_put_head(json,
                      tatu_arena_format(work->call.arena, "%s/certificates/%s",
                                        tatu_api_catalog_id(work, catalog), info->serial),
                      info->serial, "Microsoft.AzureSphere/catalogs/certificates");
    tatu_api_open_properties(json);
    tatu_json_put_base64(json, "certificate", catalog->ca_certificate);
    tatu_json_put_text(json, "status", active ? "Active" : "Expired");
    tatu_json_put_text(json, "subject", info->subject);
    tatu_json_put_hex(json, "thumbprint", TATU_SPAN_OF(info->thumbprint));
    tatu_json_put_time(json, "expiryUtc", info->not_after_s);
    tatu_json_put_time(json, "notBeforeUtc", info->not_before_s);
    tatu_api_close_properties(json, catalog->created_by, catalog->created_s);
    tatu_json_close_object(json);
}

HANDLER(tatu_api_list_certificates)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct tatu_catalog catalog;
    struct tatu_certificate_info info;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(find_certificate(work, &catalog, &info));
    tatu_api_open_list(work, &json);
    bool wanted = page.skip == 0 && page.top > 0;
    if (wanted) {
        put_certificate(work, &json, &catalog, &info);
    }
    tatu_api_close_list(work, &json, &page, wanted, false);
    return TATU_OK;
}

HANDLER(tatu_api_get_certificate)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_certificate_info info;
    struct tatu_json_writer json;
    TATU_TRY(find_certificate(work, &catalog, &info));
    tatu_json_start(&json, work->call.arena);
    put_certificate(work, &json, &catalog, &info);
    tatu_api_answer_json(work, 200, &json);
    return TATU_OK;
}

HANDLER(tatu_api_get_chain)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_certificate_info info;
    struct tatu_span chain;
    struct tatu_json_writer json;
    TATU_TRY(find_certificate(work, &catalog, &info));
    TATU_TRY(
        tatu_identity_chain(work->api->identity, catalog.ca_certificate, work->call.arena, &chain));
    tatu_json_start(&json, work->call.arena);
    tatu_json_open_object(&json, NULL);
    tatu_json_put_base64(&json, "certificateChain", chain);
    tatu_json_close_object(&json);
    tatu_api_answer_json(work, 200, &json);
    return TATU_OK;
}

HANDLER(tatu_api_list_insights)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct tatu_catalog catalog;
    struct tatu_insight_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_failures_list_insights(&work->call, catalog.id, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        const struct tatu_insight *insight = &list.items[i];
        bool crash = strcmp(insight->category, "Crash") == 0;
        tatu_json_open_object(&json, NULL);
        tatu_json_put_hex(&json, "deviceId", TATU_SPAN_OF(insight->device_id));
        tatu_json_put_text(&json, "description",
                           crash ? tatu_arena_format(work->call.arena, "crash in %s", insight->type)
                                 : insight->type);
        tatu_json_put_time(&json, "startTimestampUtc", insight->first_s);
        tatu_json_put_time(&json, "endTimestampUtc", insight->last_s);
        tatu_json_put_text(&json, "eventCategory", insight->category);
        tatu_json_put_text(&json, "eventClass", crash ? "AppCrash" : "DeviceEvent");
        tatu_json_put_text(&json, "eventType", insight->type);
        tatu_json_put_int(&json, "eventCount", insight->count);
        tatu_json_close_object(&json);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}
