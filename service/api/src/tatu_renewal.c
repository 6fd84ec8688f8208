#include "bodies.h"
#include "handlers.h"

/* The group of a path below /tatu/v1/catalogs/{rg}/{catalog}. */
static enum tatu_err find_own_group(struct work *work, struct tatu_group *out)
{
    struct tatu_catalog catalog;
    const struct tatu_catalog_key key = {tatu_http_query(work->request, "subscription"),
                                         tatu_api_param(work, "rg"),
                                         tatu_api_param(work, "catalog")};
    enum tatu_err err = tatu_fleet_get_catalog(&work->call, &key, &catalog);
    if (err == TATU_ERR_STATE) {
        return tatu_api_fail(work, err, NULL, "two catalogs have this name; add ?subscription=");
    }
    TATU_TRY(err);
    TATU_TRY(tatu_api_find_group(work, &catalog, out));
    return out->id != 0 ? TATU_OK : TATU_ERR_NOT_FOUND;
}

static void answer_group(struct work *work, const struct tatu_group *group)
{
    struct tatu_json_writer *json = tatu_api_start_json(work);
    tatu_json_open_object(json, NULL);
    tatu_json_put_text(json, "product", group->product);
    tatu_json_put_text(json, "name", group->name);
    tatu_json_put_int(json, "renewalGraceSeconds", group->renewal_grace_s);
    tatu_json_close_object(json);
    tatu_api_answer_json(work, 200, json);
}

HANDLER(tatu_api_own_get_group)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_group group;
    TATU_TRY(find_own_group(work, &group));
    answer_group(work, &group);
    return TATU_OK;
}

HANDLER(tatu_api_own_patch_group)
{
    (void)answer;
    struct work *work = context;
    struct tatu_group group;
    int64_t grace_s = 0;
    TATU_TRY(tatu_api_decode_renewal(request->body, &grace_s, &work->message));
    TATU_TRY(find_own_group(work, &group));
    enum tatu_err err = tatu_fleet_set_renewal_grace(&work->call, &group, grace_s);
    if (err == TATU_ERR_ARGUMENT) {
        return tatu_api_fail(work, err, NULL, "renewalGraceSeconds is 0, or from 600 to 31536000");
    }
    TATU_TRY(err);
    group.renewal_grace_s = grace_s;
    answer_group(work, &group);
    return TATU_OK;
}
