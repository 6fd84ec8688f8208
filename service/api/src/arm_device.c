#include <strings.h>

#include "bodies.h"
#include "handlers.h"
#include "service/images/images.h"

#define UNASSIGNED ".unassigned"

static void put_device(const struct work *work, struct tatu_json_writer *json,
                       const struct tatu_catalog *catalog, const struct tatu_device *device)
{
    const char *id = tatu_arena_hex(work->call.arena, TATU_SPAN_OF(device->id));
    tatu_json_open_object(json, NULL);
    tatu_api_put_head(json,
                      tatu_arena_format(work->call.arena,
                                        "%s/products/%s/deviceGroups/%s/devices/%s",
                                        tatu_api_catalog_id(work, catalog),
                                        device->product == NULL ? UNASSIGNED : device->product,
                                        device->group == NULL ? UNASSIGNED : device->group, id),
                      id, "Microsoft.AzureSphere/catalogs/products/deviceGroups/devices");
    tatu_api_open_properties(json);
    tatu_json_put_text(json, "deviceId", id);
    tatu_json_put_text(json, "chipSku", "Tatu");
    if (device->release[0] != 0) {
        tatu_json_put_text(json, "lastInstalledOsVersion", device->release);
    }
    tatu_json_put_time(json, "lastUpdateRequestUtc", device->deployment_s);
    tatu_api_close_properties(json, "operator", device->claimed_s);
    tatu_json_close_object(json);
}

static enum tatu_err answer_device(struct work *work, int status,
                                   const struct tatu_catalog *catalog, const uint8_t id[64])
{
    struct tatu_device device;
    TATU_TRY(tatu_fleet_get_device(&work->call, id, &device));
    put_device(work, tatu_api_start_json(work), catalog, &device);
    tatu_api_answer_json(work, status, &work->json);
    return TATU_OK;
}

HANDLER(tatu_api_claim_device)
{
    (void)answer;
    struct work *work = context;
    struct body_claim body;
    struct tatu_catalog catalog;
    struct tatu_group group;
    uint8_t id[64];
    bool new_claim = false;
    TATU_TRY(tatu_api_decode_claim(request->body, work->call.arena, &body, &work->message));
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_api_find_group(work, &catalog, &group));
    tatu_api_get_device_id(work, id);
    enum tatu_err err = tatu_fleet_claim(&work->call, work->api->claim_nonces, &catalog, group.id,
                                         id, body.has_proof ? &body.proof : NULL, &new_claim);
    if (err == TATU_ERR_DENIED) {
        return tatu_api_fail(work, err, "ClaimNotProven",
                             "a bare id claims only a device that its maker imported for this "
                             "catalog; send the device's claim statement");
    }
    if (err == TATU_ERR_FOREIGN) {
        return tatu_api_fail(work, err, "ClaimNotProven",
                             "the statement is for another device, catalog or owner key");
    }
    TATU_TRY(err);
    return answer_device(work, new_claim ? 201 : 200, &catalog, id);
}

/* The device of the path, which must be in the group of the path. */
static enum tatu_err find_device(struct work *work, struct tatu_catalog *catalog, uint8_t id[64])
{
    struct tatu_group group;
    struct tatu_device device;
    TATU_TRY(tatu_api_find_catalog(work, catalog));
    TATU_TRY(tatu_api_find_group(work, catalog, &group));
    tatu_api_get_device_id(work, id);
    TATU_TRY(tatu_fleet_get_device(&work->call, id, &device));
    bool here = device.catalog_id == catalog->id && device.group_id == group.id;
    return here ? TATU_OK : TATU_ERR_NOT_FOUND;
}

HANDLER(tatu_api_get_device)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    uint8_t id[64];
    TATU_TRY(find_device(work, &catalog, id));
    return answer_device(work, 200, &catalog, id);
}

HANDLER(tatu_api_make_capability)
{
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_span file;
    uint8_t id[64];
    uint32_t set = 0;
    TATU_TRY(tatu_api_decode_capabilities(request->body, &set, &work->message));
    TATU_TRY(find_device(work, &catalog, id));
    enum tatu_err err = tatu_images_make_capability(&work->call, catalog.id, id, set, &file);
    if (err == TATU_ERR_STATE) {
        return tatu_api_fail(work, err, "OwnerSigns",
                             "the catalog's owner keeps the key and signs capability files");
    }
    TATU_TRY(err);
    struct tatu_json_writer *json = tatu_api_start_json(work);
    tatu_json_open_object(json, NULL);
    tatu_json_put_base64(json, "image", file);
    tatu_json_close_object(json);
    tatu_api_answer_json(work, 200, json);
    return TATU_OK;
}

static enum tatu_err answer_devices(struct work *work, const struct tatu_catalog *catalog,
                                    const struct tatu_device_filter *filter)
{
    struct tatu_page page;
    struct tatu_device_list list;
    struct tatu_json_writer json;
    TATU_TRY(tatu_api_get_page(work, &page));
    TATU_TRY(tatu_fleet_list_devices(&work->call, filter, &page, &list));
    tatu_api_open_list(work, &json);
    for (size_t i = 0; i < list.count; i++) {
        put_device(work, &json, catalog, &list.items[i]);
    }
    tatu_api_close_list(work, &json, &page, list.count, list.more);
    return TATU_OK;
}

HANDLER(tatu_api_list_devices)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_group group;
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_api_find_group(work, &catalog, &group));
    const struct tatu_device_filter filter = {catalog.id, true, group.id, NULL};
    return answer_devices(work, &catalog, &filter);
}

HANDLER(tatu_api_list_catalog_devices)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    const struct tatu_device_filter filter = {catalog.id, false, 0, NULL};
    return answer_devices(work, &catalog, &filter);
}

HANDLER(tatu_api_count_devices)
{
    (void)request;
    (void)answer;
    struct work *work = context;
    struct tatu_catalog catalog;
    struct tatu_json_writer json;
    int64_t count = 0;
    TATU_TRY(tatu_api_find_catalog(work, &catalog));
    TATU_TRY(tatu_fleet_count_devices(&work->call, catalog.id, &count));
    tatu_json_start(&json, work->call.arena);
    tatu_json_open_object(&json, NULL);
    tatu_json_put_int(&json, "value", count);
    tatu_json_close_object(&json);
    tatu_api_answer_json(work, 200, &json);
    return TATU_OK;
}

HANDLER(tatu_api_move_device)
{
    (void)answer;
    struct work *work = context;
    struct body_move body;
    struct tatu_catalog catalog;
    struct tatu_group group;
    uint8_t id[64];
    TATU_TRY(tatu_api_decode_move(request->body, work->call.arena, &body, &work->message));
    TATU_TRY(find_device(work, &catalog, id));
    if (strcasecmp(body.sub, catalog.sub) != 0 || strcasecmp(body.rg, catalog.rg) != 0 ||
        strcasecmp(body.catalog, catalog.name) != 0) {
        return tatu_api_fail(work, TATU_ERR_ARGUMENT, NULL,
                             "a device moves only within its catalog");
    }
    TATU_TRY(tatu_fleet_get_group(&work->call, catalog.id, body.product, body.group, &group));
    TATU_TRY(tatu_fleet_move_device(&work->call, catalog.id, id, group.id));
    return answer_device(work, 200, &catalog, id);
}
