#include <string.h>

#include "bodies.h"
#include "handlers.h"

static bool is_unassigned(const char *name)
{
    return strcmp(name, ".default") == 0 || strcmp(name, ".unassigned") == 0;
}

static enum tatu_err refuse_unassigned(struct work *work)
{
    return tatu_api_fail(work, TATU_ERR_ARGUMENT, "InvalidResourceName",
                         ".default and .unassigned cannot be made");
}

static void put_product(const struct work *work, struct tatu_json_writer *json,
                        const struct tatu_catalog *catalog, const struct tatu_product *product)
{
    tatu_json_open_object(json, NULL);
    tatu_api_put_head(json,
                      tatu_arena_format(work->call.arena, "%s/products/%s",
                                        tatu_api_catalog_id(work, catalog), product->name),
                      product->name, "Microsoft.AzureSphere/catalogs/products");
    tatu_api_open_properties(json);
    tatu_json_put_text(json, "description", product->description);
    tatu_api_close_properties(json, product->created_by, product->created_s);
    tatu_json_close_object(json);
}

HANDLER(tatu_api_put_product)
{
    (void)answer;
    struct work *work = context;
    const char *description = NULL;
    struct tatu_catalog catalog;
    struct tatu_product product;
    bool made = false;
    if (is_unassigned(tatu_api_param(work, "product"))) {
        return refuse_unassigned(work);
    }
    TATU_TRY(
        tatu_api_decode_product(request->body, work->call.arena, &description, &work->message));
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_fleet_put_product(&work->call, catalog.id, tatu_api_param(work, "product"),
                                    description, &product, &made));
    put_product(work, tatu_api_start_json(work), &catalog, &product);
    tatu_api_answer_json(work, made ? 201 : 200, &work->json);
    return TATU_OK;
}

HANDLER(tatu_api_get_product)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_product product;
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_api_find_product(work, &catalog, &product));
    put_product(work, tatu_api_start_json(work), &catalog, &product);
    tatu_api_answer_json(work, 200, &work->json);
    return TATU_OK;
}

HANDLER(tatu_api_list_products)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct tatu_catalog catalog;
    struct tatu_product_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_fleet_list_products(&work->call, catalog.id, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        put_product(work, &json, &catalog, &list.items[i]);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}

static void put_group(const struct work *work, struct tatu_json_writer *json,
                      const struct tatu_catalog *catalog, const struct tatu_group *group)
{
    const struct tatu_group_settings *s = &group->settings;
    tatu_json_open_object(json, NULL);
    tatu_api_put_head(json,
                      tatu_arena_format(work->call.arena, "%s/products/%s/deviceGroups/%s",
                                        tatu_api_catalog_id(work, catalog), group->product,
                                        group->name),
                      group->name, "Microsoft.AzureSphere/catalogs/products/deviceGroups");
    tatu_api_open_properties(json);
    tatu_json_put_text(json, "description", s->description);
    tatu_json_put_text(json, "osFeedType", s->feed);
    tatu_json_put_text(json, "updatePolicy", s->policy);
    tatu_json_put_text(json, "allowCrashDumpsCollection", s->dumps);
    tatu_json_put_text(json, "regionalDataBoundary", s->region);
    tatu_json_put_bool(json, "hasDeployment", group->has_deployment);
    tatu_json_open_object(json, "tatu");
    tatu_json_put_int(json, "renewalGraceSeconds", group->renewal_grace_s);
    tatu_json_close_object(json);
    tatu_api_close_properties(json, group->created_by, group->created_s);
    tatu_json_close_object(json);
}

HANDLER(tatu_api_put_group)
{
    (void)answer;
    struct work *work = context;
    struct tatu_group_settings settings;
    struct tatu_catalog catalog;
    struct tatu_product product;
    struct tatu_group group;
    bool made = false;
    if (is_unassigned(tatu_api_param(work, "group"))) {
        return refuse_unassigned(work);
    }
    TATU_TRY(tatu_api_decode_group(request->body, work->call.arena, &settings, &work->message));
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_api_find_product(work, &catalog, &product));
    TATU_TRY(tatu_fleet_put_group(&work->call, &product, tatu_api_param(work, "group"), &settings,
                                  &group, &made));
    put_group(work, tatu_api_start_json(work), &catalog, &group);
    tatu_api_answer_json(work, made ? 201 : 200, &work->json);
    return TATU_OK;
}

HANDLER(tatu_api_get_group)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_group group;
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_api_find_group(work, &catalog, &group));
    put_group(work, tatu_api_start_json(work), &catalog, &group);
    tatu_api_answer_json(work, 200, &work->json);
    return TATU_OK;
}

static enum tatu_err answer_groups(struct work *work, const struct tatu_catalog *catalog,
                                   const struct tatu_product *product)
{
    struct tatu_page page;
    struct tatu_group_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(tatu_fleet_list_groups(&work->call, product, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        put_group(work, &json, catalog, &list.items[i]);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}

HANDLER(tatu_api_list_groups)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_product product;
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_api_find_product(work, &catalog, &product));
    return answer_groups(work, &catalog, &product);
}

HANDLER(tatu_api_make_groups)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_product product;
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_api_find_product(work, &catalog, &product));
    TATU_TRY(tatu_fleet_make_default_groups(&work->call, product.id));
    return answer_groups(work, &catalog, &product);
}
