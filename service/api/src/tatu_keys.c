#include <string.h>

#include "bodies.h"
#include "handlers.h"
#include "proto/image.h"
#include "service/attest/attest.h"

HANDLER(tatu_api_own_get_health)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_json_writer json;
    bool clock = tatu_store_check_clock(work->call.store, work->call.now_s) != TATU_ERR_CLOCK;
    tatu_json_start(&json, work->call.arena);
    tatu_json_open_object(&json, NULL);
    tatu_json_put_text(&json, "status", clock ? "ok" : "clock-went-back");
    tatu_json_put_text(&json, "version", TATU_SERVICE_VERSION);
    tatu_json_put_int(&json, "uptime_s", work->call.now_s - work->api->started_s);
    tatu_json_put_int(&json, "requests", (int64_t)work->api->requests);
    tatu_json_put_int(&json, "refused", (int64_t)work->api->refused);
    tatu_json_close_object(&json);
    tatu_api_answer_json(work, 200, &json);
    return TATU_OK;
}

static void put_public(struct tatu_json_writer *json, const char *key, const uint8_t *public_key)
{
    tatu_json_open_object(json, key);
    tatu_json_put_hex(json, "publicKey", (struct tatu_span){public_key, TATU_PUBLIC_SIZE});
    tatu_json_close_object(json);
}

HANDLER(tatu_api_own_get_keys)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    const struct tatu_identity_facts *facts = tatu_identity_facts(work->api->identity);
    const char *root = NULL;
    const char *update = NULL;
    struct tatu_json_writer json;
    TATU_TRY(tatu_identity_certificate_pem(facts->root_certificate, work->call.arena, &root));
    TATU_TRY(tatu_identity_certificate_pem(facts->update_certificate, work->call.arena, &update));
    tatu_json_start(&json, work->call.arena);
    tatu_json_open_object(&json, NULL);
    tatu_json_open_object(&json, "serviceRoot");
    tatu_json_put_text(&json, "certificate", root);
    tatu_json_put_hex(&json, "publicKey", TATU_SPAN_OF(facts->root_public));
    tatu_json_close_object(&json);
    put_public(&json, "time", facts->time_public);
    put_public(&json, "director", facts->director_public);
    tatu_json_open_object(&json, "updateCa");
    tatu_json_put_text(&json, "certificate", update);
    tatu_json_close_object(&json);
    tatu_json_close_object(&json);
    tatu_api_answer_json(work, 200, &json);
    return TATU_OK;
}

/* ---- makers and release keys ---- */

static void put_key(struct tatu_json_writer *json, const struct tatu_named_key *key)
{
    tatu_json_open_object(json, NULL);
    tatu_json_put_text(json, "name", key->name);
    tatu_json_put_hex(json, "publicKey", TATU_SPAN_OF(key->public_key));
    tatu_json_put_hex(json, "thumbprint", TATU_SPAN_OF(key->thumbprint));
    tatu_json_put_time(json, "createdAt", key->created_s);
    tatu_json_close_object(json);
}

static enum tatu_err answer_put_key(struct work *work, enum tatu_key_list list)
{
    uint8_t public_key[TATU_PUBLIC_SIZE];
    struct tatu_named_key key;
    struct tatu_json_writer json;
    bool made = false;
    TATU_TRY(tatu_api_decode_key(work->request->body, public_key, &work->message));
    enum tatu_err err = tatu_fleet_put_key(&work->call, list, tatu_api_param(work, "name"),
                                           public_key, &key, &made);
    if (err == TATU_ERR_EXISTS) {
        return tatu_api_fail(work, err, NULL, "this name or this key is listed with another");
    }
    if (err == TATU_ERR_FORMAT) {
        return tatu_api_fail(work, err, NULL, "publicKey is no point of the curve P-256");
    }
    TATU_TRY(err);
    tatu_json_start(&json, work->call.arena);
    put_key(&json, &key);
    tatu_api_answer_json(work, made ? 201 : 200, &json);
    return TATU_OK;
}

static enum tatu_err answer_list_keys(struct work *work, enum tatu_key_list which)
{
    struct tatu_page page;
    struct tatu_named_key_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(tatu_fleet_list_keys(&work->call, which, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        put_key(&json, &list.items[i]);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}

HANDLER(tatu_api_own_put_maker)
{
    (void)request;
    (void)answer;
    return answer_put_key(context, TATU_KEYS_MAKER);
}

HANDLER(tatu_api_own_list_makers)
{
    (void)request;
    (void)answer;
    return answer_list_keys(context, TATU_KEYS_MAKER);
}

HANDLER(tatu_api_own_put_release_key)
{
    (void)request;
    (void)answer;
    return answer_put_key(context, TATU_KEYS_RELEASE);
}

HANDLER(tatu_api_own_list_release_keys)
{
    (void)request;
    (void)answer;
    return answer_list_keys(context, TATU_KEYS_RELEASE);
}

HANDLER(tatu_api_own_import)
{
    (void)answer;
    struct work *work = context;
    struct body_import body;
    struct tatu_catalog catalog;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_decode_import(request->body, work->call.arena, &body, &work->message));
    const struct tatu_catalog_key key = {tatu_http_query(request, "subscription"), body.rg,
                                         body.catalog};
    TATU_TRY(tatu_fleet_get_catalog(&work->call, &key, &catalog));
    TATU_TRY(tatu_fleet_import(&work->call, tatu_api_param(work, "name"), catalog.id, body.devices,
                               body.count));
    tatu_json_start(&json, work->call.arena);
    tatu_json_open_object(&json, NULL);
    tatu_json_put_int(&json, "imported", (int64_t)body.count);
    tatu_json_close_object(&json);
    tatu_api_answer_json(work, 200, &json);
    return TATU_OK;
}

/* ---- reference values ---- */

static void put_reference(struct tatu_json_writer *json, const struct tatu_reference *reference)
{
    tatu_json_open_object(json, NULL);
    tatu_json_put_text(json, "release", reference->release);
    tatu_json_put_hex(json, "implementation", TATU_SPAN_OF(reference->implementation));
    tatu_json_put_bool(json, "current", reference->current);
    tatu_json_open_array(json, "measurements");
    for (size_t i = 0; i < reference->measurement_count; i++) {
        const struct tatu_measurement *m = &reference->measurements[i];
        tatu_json_open_object(json, NULL);
        tatu_json_put_text(json, "imageType", tatu_proto_image_type_name(m->image_type));
        tatu_json_put_int(json, "securityVersion", m->security_version);
        tatu_json_put_hex(json, "digest", TATU_SPAN_OF(m->digest));
        tatu_json_close_object(json);
    }
    tatu_json_close_array(json);
    tatu_json_close_object(json);
}

HANDLER(tatu_api_own_put_reference)
{
    (void)answer;
    struct work *work = context;
    struct tatu_span object;
    struct tatu_reference reference;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_decode_reference(request->body, work->call.arena, &object, &work->message));
    enum tatu_err err = tatu_attest_put_reference(&work->call, object, &reference);
    if (err == TATU_ERR_ARGUMENT) {
        return tatu_api_fail(work, err, NULL, "a boot image is missing from the reference values");
    }
    TATU_TRY(err);
    tatu_json_start(&json, work->call.arena);
    put_reference(&json, &reference);
    tatu_api_answer_json(work, 200, &json);
    return TATU_OK;
}

HANDLER(tatu_api_own_list_references)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct tatu_reference_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(tatu_attest_list_references(&work->call, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        put_reference(&json, &list.items[i]);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}

HANDLER(tatu_api_own_put_confirmation)
{
    (void)answer;
    struct work *work = context;
    static const char *const names[] = {"vault", "monitor", "os", "keystore"};
    struct body_confirmation body;
    struct tatu_confirmation confirmation;
    TATU_TRY(tatu_api_decode_confirmation(request->body, work->call.arena, &body, &work->message));
    enum tatu_err err =
        tatu_attest_put_confirmation(&work->call, body.release, body.object, &confirmation);
    if (err == TATU_ERR_NOT_FOUND) {
        return tatu_api_fail(work, err, NULL, "no such release is registered");
    }
    if (err == TATU_ERR_ARGUMENT) {
        return tatu_api_fail(work, err, NULL,
                             "a floor is above the release's own security version");
    }
    TATU_TRY(err);
    struct tatu_json_writer *json = tatu_api_start_json(work);
    tatu_json_open_object(json, NULL);
    tatu_json_put_text(json, "release", body.release);
    tatu_json_put_hex(json, "implementation", TATU_SPAN_OF(confirmation.implementation));
    tatu_json_open_object(json, "floors");
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        tatu_json_put_int(json, names[i], confirmation.floors[i]);
    }
    tatu_json_close_object(json);
    tatu_json_close_object(json);
    tatu_api_answer_json(work, 200, json);
    return TATU_OK;
}

/* ---- claim ---- */

HANDLER(tatu_api_own_make_claim_nonce)
{
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_json_writer json;
    uint8_t nonce[32];
    const struct tatu_catalog_key key = {tatu_http_query(request, "subscription"),
                                         tatu_api_param(work, "rg"),
                                         tatu_api_param(work, "catalog")};
    enum tatu_err err = tatu_fleet_get_catalog(&work->call, &key, &catalog);
    if (err == TATU_ERR_STATE) {
        return tatu_api_fail(work, err, NULL, "two catalogs have this name; add ?subscription=");
    }
    TATU_TRY(err);
    tatu_identity_nonces_make(work->api->claim_nonces, catalog.id, work->call.now_s,
                              TATU_NONCE_CLAIM_S, nonce);
    tatu_json_start(&json, work->call.arena);
    tatu_json_open_object(&json, NULL);
    tatu_json_put_hex(&json, "nonce", TATU_SPAN_OF(nonce));
    tatu_json_put_hex(&json, "tenant", TATU_SPAN_OF(catalog.tenant));
    tatu_json_put_hex(&json, "ownerKey", TATU_SPAN_OF(catalog.owner_key));
    tatu_json_put_int(&json, "expiresIn", TATU_NONCE_CLAIM_S);
    tatu_json_close_object(&json);
    tatu_api_answer_json(work, 200, &json);
    return TATU_OK;
}

HANDLER(tatu_api_own_list_audit)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct tatu_json_writer json;
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(TATU_QUERY(work->call.store,
                        "SELECT seq, at_s, who, action, target, hash FROM audit"
                        " ORDER BY seq DESC LIMIT ? OFFSET ?",
                        &rows, TATU_INT(page.top + 1), TATU_INT(page.skip)));
    tatu_api_open_list(work, &json);
    int64_t count = 0;
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK && count < page.top; err = tatu_store_rows_next(rows), count++) {
        uint8_t hash[32];
        tatu_store_rows_fixed(rows, 5, hash, sizeof(hash));
        tatu_json_open_object(&json, NULL);
        tatu_json_put_int(&json, "sequence", tatu_store_rows_int(rows, 0));
        tatu_json_put_time(&json, "at", tatu_store_rows_int(rows, 1));
        tatu_json_put_text(&json, "who", tatu_store_rows_text(rows, 2, work->call.arena));
        tatu_json_put_text(&json, "action", tatu_store_rows_text(rows, 3, work->call.arena));
        tatu_json_put_text(&json, "target", tatu_store_rows_text(rows, 4, work->call.arena));
        tatu_json_put_hex(&json, "hash", TATU_SPAN_OF(hash));
        tatu_json_close_object(&json);
    }
    if (err != TATU_OK && err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    tatu_api_close_list(work, &json, &page, (size_t)count, err == TATU_OK);
    return TATU_OK;
}
