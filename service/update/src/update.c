#include "service/update/update.h"

#include <string.h>

#define POLICY_SYSTEM_ONLY "No3rdPartyAppUpdates"
#define COLUMNS "SELECT sequence, id, created_s, created_by FROM deployment "

static enum tatu_err check_images(const struct tatu_call *call, int64_t catalog,
                                  const uint8_t (*images)[16], size_t count)
{
    struct tatu_stored_image found[TATU_EVIDENCE_APP_MAX];
    if (count > TATU_EVIDENCE_APP_MAX) {
        return TATU_ERR_LONG;
    }
    for (size_t i = 0; i < count; i++) {
        TATU_TRY(tatu_images_get(call, catalog, images[i], &found[i]));
        for (size_t k = 0; k < i; k++) {
            if (memcmp(found[i].component, found[k].component, 16) == 0) {
                return TATU_ERR_ARGUMENT;
            }
        }
    }
    return TATU_OK;
}

static void make_id(uint8_t out[16])
{
    tatu_crypto_random(out, 16);
    out[7] = (out[7] & 0x0f) | 0x40; /* GUID version 4 in the byte order of the image format */
    out[8] = (out[8] & 0x3f) | 0x80;
}

enum tatu_err tatu_update_put(const struct tatu_call *call, int64_t catalog,
                              const struct tatu_group *group, const uint8_t (*images)[16],
                              size_t count, struct tatu_stored_deployment *out)
{
    uint8_t id[16];
    TATU_TRY(check_images(call, catalog, images, count));
    make_id(id);
    TATU_TRY(TATU_RUN(call->store,
                      "INSERT INTO deployment(id, device_group, created_s, created_by)"
                      " VALUES(?,?,?,?)",
                      TATU_FIXED(id), TATU_INT(group->id), TATU_INT(call->now_s),
                      TATU_TEXT(call->who)));
    int64_t sequence = tatu_store_last_row(call->store);
    for (size_t i = 0; i < count; i++) {
        TATU_TRY(TATU_RUN(call->store,
                          "INSERT INTO deployment_image(deployment, place, image) VALUES(?,?,?)",
                          TATU_INT(sequence), TATU_INT(i), TATU_AT(images[i], 16)));
    }
    TATU_TRY(tatu_store_audit(call, "deploy",
                              tatu_arena_format(call->arena, "%s/%s %lld", group->product,
                                                group->name, (long long)sequence)));
    return tatu_update_get(call, catalog, group->id, id, out);
}

static enum tatu_err read_images(const struct tatu_call *call, int64_t catalog,
                                 struct tatu_stored_deployment *deployment)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        "SELECT image FROM deployment_image WHERE deployment=? ORDER BY place",
                        &rows, TATU_INT(deployment->sequence)));
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        uint8_t image[16];
        if (deployment->image_count == TATU_EVIDENCE_APP_MAX) {
            return TATU_ERR_LONG;
        }
        tatu_store_rows_fixed(rows, 0, image, sizeof(image));
        TATU_TRY(
            tatu_images_get(call, catalog, image, &deployment->images[deployment->image_count]));
        deployment->image_count++;
    }
    return err == TATU_ERR_NOT_FOUND ? TATU_OK : err;
}

static enum tatu_err read_deployment(const struct tatu_call *call, int64_t catalog,
                                     const struct tatu_rows *rows,
                                     struct tatu_stored_deployment *out)
{
    *out = (struct tatu_stored_deployment){
        .sequence = tatu_store_rows_int(rows, 0),
        .created_s = tatu_store_rows_int(rows, 2),
        .created_by = tatu_store_rows_text(rows, 3, call->arena),
    };
    tatu_store_rows_fixed(rows, 1, out->id, sizeof(out->id));
    return read_images(call, catalog, out);
}

enum tatu_err tatu_update_get(const struct tatu_call *call, int64_t catalog, int64_t group,
                              const uint8_t *id, struct tatu_stored_deployment *out)
{
    struct tatu_stored_deployment deployment;
    TATU_ROWS_SCOPED rows = NULL;
    if (id != NULL) {
        TATU_TRY(TATU_QUERY(call->store, COLUMNS "WHERE device_group=? AND id=?", &rows,
                            TATU_INT(group), TATU_AT(id, 16)));
    } else {
        TATU_TRY(TATU_QUERY(call->store,
                            COLUMNS "WHERE device_group=? ORDER BY sequence DESC LIMIT 1", &rows,
                            TATU_INT(group)));
    }
    TATU_TRY(tatu_store_rows_next(rows));
    TATU_TRY(read_deployment(call, catalog, rows, &deployment));
    *out = deployment;
    return TATU_OK;
}

enum tatu_err tatu_update_list(const struct tatu_call *call, int64_t catalog, int64_t group,
                               const struct tatu_page *page, struct tatu_deployment_list *out)
{
    TATU_ROWS_SCOPED rows = NULL;
    TATU_TRY(TATU_QUERY(call->store,
                        COLUMNS "WHERE device_group=? ORDER BY sequence DESC LIMIT ? OFFSET ?",
                        &rows, TATU_INT(group), TATU_INT(page->top + 1), TATU_INT(page->skip)));
    struct tatu_deployment_list list = {
        TATU_ARENA_MANY(call->arena, struct tatu_stored_deployment, (size_t)page->top + 1), 0,
        false};
    enum tatu_err err = tatu_store_rows_next(rows);
    for (; err == TATU_OK; err = tatu_store_rows_next(rows)) {
        TATU_TRY(read_deployment(call, catalog, rows, &list.items[list.count]));
        list.count++;
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    list.more = list.count > (size_t)page->top;
    list.count -= list.more;
    *out = list;
    return TATU_OK;
}

/* What the device shall run: NOT_FOUND when its group has no deployment or takes no applications.
 */
static enum tatu_err find_for_device(const struct tatu_call *call, const struct tatu_device *device,
                                     struct tatu_stored_deployment *out)
{
    if (device->catalog_id == 0 || device->group_id == 0 ||
        strcmp(device->policy, POLICY_SYSTEM_ONLY) == 0) {
        return TATU_ERR_NOT_FOUND;
    }
    return tatu_update_get(call, device->catalog_id, device->group_id, NULL, out);
}

static void fill_deployment(const struct tatu_stored_deployment *stored,
                            struct tatu_deployment *out)
{
    memcpy(out->deployment, stored->id, sizeof(out->deployment));
    out->sequence = (uint64_t)stored->sequence;
    out->image_count = stored->image_count;
    for (size_t i = 0; i < stored->image_count; i++) {
        const struct tatu_stored_image *image = &stored->images[i];
        out->images[i].size_bytes = image->size_bytes;
        memcpy(out->images[i].image, image->image, 16);
        memcpy(out->images[i].component, image->component, 16);
        memcpy(out->images[i].digest, image->digest, 32);
    }
}

enum tatu_err tatu_update_for_device(const struct tatu_call *call,
                                     const struct tatu_identity *identity,
                                     const uint8_t device_id[64], struct tatu_span *out_object)
{
    struct tatu_device device;
    struct tatu_stored_deployment stored;
    struct tatu_deployment deployment = {.issued_s = (uint64_t)call->now_s};
    TATU_TRY(tatu_fleet_get_device(call, device_id, &device));
    memcpy(deployment.device_id, device_id, sizeof(deployment.device_id));
    enum tatu_err err = find_for_device(call, &device, &stored);
    if (err == TATU_OK) {
        fill_deployment(&stored, &deployment);
    } else if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    struct tatu_buf payload = tatu_arena_buf(call->arena, TATU_DEPLOYMENT_MAX);
    struct tatu_buf object = tatu_arena_buf(call->arena, TATU_DEPLOYMENT_MAX + 256);
    TATU_TRY(tatu_proto_encode_deployment(&deployment, &payload));
    TATU_TRY(tatu_crypto_sign_cose(tatu_identity_director_key(identity), TATU_COSE_AAD_DEPLOYMENT,
                                   (struct tatu_span){payload.data, payload.len}, &object));
    *out_object = (struct tatu_span){object.data, object.len};
    return TATU_OK;
}

enum tatu_err tatu_update_image(const struct tatu_call *call, const uint8_t device_id[64],
                                const uint8_t image[16], struct tatu_span *out_package)
{
    struct tatu_device device;
    struct tatu_stored_deployment stored;
    TATU_TRY(tatu_fleet_get_device(call, device_id, &device));
    TATU_TRY(find_for_device(call, &device, &stored));
    for (size_t i = 0; i < stored.image_count; i++) {
        if (memcmp(stored.images[i].image, image, 16) == 0) {
            return tatu_images_read(call, &stored.images[i], out_package);
        }
    }
    return TATU_ERR_NOT_FOUND;
}
