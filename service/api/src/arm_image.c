#include <string.h>

#include "bodies.h"
#include "handlers.h"
#include "proto/image.h"
#include "service/images/images.h"
#include "service/update/update.h"

static void put_image(const struct work *work, struct tatu_json_writer *json,
                      const struct tatu_catalog *catalog, const struct tatu_stored_image *image)
{
    char guid[TATU_GUID_TEXT_SIZE];
    tatu_proto_format_guid(image->image, guid);
    tatu_json_open_object(json, NULL);
    tatu_api_put_head(json,
                      tatu_arena_format(work->call.arena, "%s/images/%s",
                                        tatu_api_catalog_id(work, catalog), guid),
                      guid, "Microsoft.AzureSphere/catalogs/images");
    tatu_api_open_properties(json);
    tatu_json_put_text(json, "imageId", guid);
    tatu_json_put_text(json, "imageName", image->name);
    tatu_json_put_guid(json, "componentId", image->component);
    tatu_json_put_text(json, "imageType", "Applications");
    tatu_json_put_text(json, "description", image->description);
    tatu_json_put_text(json, "regionalDataBoundary", image->region);
    tatu_json_put_text(
        json, "uri",
        tatu_arena_format(work->call.arena, "urn:tatu:sha256:%s",
                          tatu_arena_hex(work->call.arena, TATU_SPAN_OF(image->digest))));
    tatu_json_open_object(json, "tatu");
    tatu_json_put_int(json, "sizeBytes", image->size_bytes);
    tatu_json_close_object(json);
    tatu_api_close_properties(json, image->created_by, image->created_s);
    tatu_json_close_object(json);
}

static void get_guid(const struct work *work, const char *name, uint8_t out[16])
{
    const char *text = tatu_api_param(work, name);
    memset(out, 0, 16);
    /* the path was checked to hold a GUID */
    (void)tatu_proto_parse_guid(text, strlen(text), out);
}

/* Sentences for what is wrong with a package. */
static enum tatu_err explain_upload(struct work *work, enum tatu_err err, size_t package_len)
{
    if (err == TATU_ERR_LONG && package_len > TATU_UPLOAD_MAX) {
        return tatu_api_fail(work, err, "RequestTooLarge", "an application has at most 1 MiB");
    }
    switch (err) {
    case TATU_ERR_EXISTS:
        return tatu_api_fail(work, err, "Conflict", "this image id is there with other content");
    case TATU_ERR_ARGUMENT:
        return tatu_api_fail(work, err, "InvalidImage", "the package has another image id");
    case TATU_ERR_SHORT:
    case TATU_ERR_FORMAT:
    case TATU_ERR_VERSION:
    case TATU_ERR_TYPE:
        return tatu_api_fail(work, err, "InvalidImage", NULL);
    case TATU_ERR_LONG:
        return tatu_api_fail(work, TATU_ERR_FORMAT, "InvalidImage", NULL);
    default:
        return err;
    }
}

HANDLER(tatu_api_put_image)
{
    (void)answer;
    struct work *work = context;
    struct body_image body;
    struct tatu_catalog catalog;
    struct tatu_stored_image image;
    uint8_t id[16];
    bool made = false;
    TATU_TRY(tatu_api_decode_image(request->body, work->call.arena, &body, &work->message));
    get_guid(work, "guid", id);
    if (body.has_image_id && memcmp(body.image_id, id, sizeof(id)) != 0) {
        return tatu_api_fail(work, TATU_ERR_ARGUMENT, NULL, "imageId and path differ");
    }
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    const struct tatu_upload upload = {body.package, id, body.description, body.region};
    enum tatu_err err = tatu_images_put(&work->call, catalog.id, &upload, &image, &made);
    if (err != TATU_OK) {
        return explain_upload(work, err, body.package.len);
    }
    put_image(work, tatu_api_start_json(work), &catalog, &image);
    tatu_api_answer_json(work, made ? 201 : 200, &work->json);
    return TATU_OK;
}

HANDLER(tatu_api_get_image)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_stored_image image;
    uint8_t id[16];
    get_guid(work, "guid", id);
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_images_get(&work->call, catalog.id, id, &image));
    put_image(work, tatu_api_start_json(work), &catalog, &image);
    tatu_api_answer_json(work, 200, &work->json);
    return TATU_OK;
}

HANDLER(tatu_api_list_images)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct tatu_catalog catalog;
    struct tatu_stored_image_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_images_list(&work->call, catalog.id, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        put_image(work, &json, &catalog, &list.items[i]);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}

static void put_deployment(const struct work *work, struct tatu_json_writer *json,
                           const struct tatu_catalog *catalog, const struct tatu_group *group,
                           const struct tatu_stored_deployment *deployment)
{
    char guid[TATU_GUID_TEXT_SIZE];
    tatu_proto_format_guid(deployment->id, guid);
    tatu_json_open_object(json, NULL);
    tatu_api_put_head(
        json,
        tatu_arena_format(work->call.arena, "%s/products/%s/deviceGroups/%s/deployments/%s",
                          tatu_api_catalog_id(work, catalog), group->product, group->name, guid),
        guid, "Microsoft.AzureSphere/catalogs/products/deviceGroups/deployments");
    tatu_api_open_properties(json);
    tatu_json_put_text(json, "deploymentId", guid);
    tatu_json_put_time(json, "deploymentDateUtc", deployment->created_s);
    tatu_json_open_array(json, "deployedImages");
    for (size_t i = 0; i < deployment->image_count; i++) {
        put_image(work, json, catalog, &deployment->images[i]);
    }
    tatu_json_close_array(json);
    tatu_json_open_object(json, "tatu");
    tatu_json_put_int(json, "sequence", deployment->sequence);
    tatu_json_close_object(json);
    tatu_api_close_properties(json, deployment->created_by, deployment->created_s);
    tatu_json_close_object(json);
}

/* Deployments are of real groups only. */
static enum tatu_err find_real_group(struct work *work, struct tatu_catalog *catalog,
                                     struct tatu_group *group)
{
    TATU_TRY(tatu_api_find_catalog(work, catalog));
    TATU_TRY(tatu_api_find_group(work, catalog, group));
    return group->id != 0 ? TATU_OK : TATU_ERR_NOT_FOUND;
}

HANDLER(tatu_api_put_deployment)
{
    (void)answer;
    struct work *work = context;
    struct body_deployment body;
    struct tatu_catalog catalog;
    struct tatu_group group;
    struct tatu_stored_deployment *deployment =
        TATU_ARENA_ONE(work->call.arena, struct tatu_stored_deployment);
    TATU_TRY(tatu_api_decode_deployment(request->body, work->call.arena, &body, &work->message));
    if (strcmp(tatu_api_param(work, "deployment"), ".default") != 0) {
        return tatu_api_fail(work, TATU_ERR_ARGUMENT, "InvalidResourceName",
                             "a deployment is made as .default; the service names it");
    }
    TATU_TRY(find_real_group(work, &catalog, &group));
    enum tatu_err err = tatu_update_put(&work->call, catalog.id, &group,
                                        (const uint8_t(*)[16])body.images, body.count, deployment);
    if (err == TATU_ERR_NOT_FOUND) {
        return tatu_api_fail(work, err, NULL, "the catalog does not have one of the images");
    }
    if (err == TATU_ERR_ARGUMENT) {
        return tatu_api_fail(work, err, NULL, "two of the images are of one component");
    }
    TATU_TRY(err);
    put_deployment(work, tatu_api_start_json(work), &catalog, &group, deployment);
    tatu_api_answer_json(work, 201, &work->json);
    return TATU_OK;
}

HANDLER(tatu_api_get_deployment)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_group group;
    struct tatu_stored_deployment *deployment =
        TATU_ARENA_ONE(work->call.arena, struct tatu_stored_deployment);
    uint8_t id[16];
    bool current = strcmp(tatu_api_param(work, "deployment"), ".default") == 0;
    get_guid(work, "deployment", id);
    TATU_TRY(find_real_group(work, &catalog, &group));
    TATU_TRY(tatu_update_get(&work->call, catalog.id, group.id, current ? NULL : id, deployment));
    put_deployment(work, tatu_api_start_json(work), &catalog, &group, deployment);
    tatu_api_answer_json(work, 200, &work->json);
    return TATU_OK;
}

HANDLER(tatu_api_list_deployments)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_page page;
    struct tatu_catalog catalog;
    struct tatu_group group;
    struct tatu_deployment_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(find_real_group(work, &catalog, &group));
    TATU_TRY(tatu_update_list(&work->call, catalog.id, group.id, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        put_deployment(work, &json, &catalog, &group, &list.items[i]);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}
