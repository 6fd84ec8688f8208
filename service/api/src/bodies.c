#include "bodies.h"

#include <string.h>
#include <strings.h>

#include "names.h"
#include "proto/capability.h"
#include "proto/image.h"

#define JSON_SCOPED struct tatu_json *__attribute__((cleanup(drop_json)))
#define PATH_SEGMENT_MAX 13u

static void drop_json(struct tatu_json **json)
{
    if (*json != NULL) {
        tatu_json_free(*json);
    }
}

static enum tatu_err refuse(const char **why, const char *sentence)
{
    *why = sentence;
    return TATU_ERR_FORMAT;
}

/* A JSON object; an empty body stands for {}. */
static enum tatu_err parse_object(struct tatu_span text, struct tatu_json **out, const char **why)
{
    static const uint8_t empty[] = {'{', '}'};
    struct tatu_json *json = NULL;
    if (tatu_json_parse(text.len == 0 ? TATU_SPAN_OF(empty) : text, &json) != TATU_OK) {
        return refuse(why, "the body is not valid JSON");
    }
    if (!tatu_json_is_object(json)) {
        tatu_json_free(json);
        return refuse(why, "the body is not a JSON object");
    }
    *out = json;
    return TATU_OK;
}

/* Optional text; *out is NULL when it is not there. Another type is an error. */
static enum tatu_err get_text(const struct tatu_json *json, const char *path, size_t max,
                              struct tatu_arena *arena, const char **out, const char **why)
{
    const char *text = tatu_json_text(json, path);
    if (text == NULL) {
        *out = NULL;
        return tatu_json_at(json, path) == NULL ? TATU_OK : refuse(why, "a text is expected");
    }
    if (strlen(text) > max) {
        return refuse(why, "a text is too long");
    }
    *out = tatu_arena_copy_text(arena, text, strlen(text));
    return TATU_OK;
}

/* Optional text that is one of a list (NULL at its end). */
static enum tatu_err get_choice(const struct tatu_json *json, const char *path,
                                const char *const *choices, const char **out, const char **why)
{
    const char *text = tatu_json_text(json, path);
    if (text == NULL && tatu_json_at(json, path) == NULL) {
        *out = NULL;
        return TATU_OK;
    }
    for (size_t i = 0; text != NULL && choices[i] != NULL; i++) {
        if (strcmp(text, choices[i]) == 0) {
            *out = choices[i];
            return TATU_OK;
        }
    }
    return refuse(why, "a property has none of its values");
}

static enum tatu_err get_hex(const struct tatu_json *json, const char *path,
                             struct tatu_arena *arena, struct tatu_span *out, const char **why)
{
    const char *text = tatu_json_text(json, path);
    size_t len = text == NULL ? 0 : strlen(text);
    uint8_t *bytes = tatu_arena_take(arena, len / 2 + 1);
    if (len == 0 || len % 2 != 0 || tatu_base_decode_hex(text, len, bytes, len / 2) != TATU_OK) {
        return refuse(why, "a hex text is missing or damaged");
    }
    *out = (struct tatu_span){bytes, len / 2};
    return TATU_OK;
}

enum tatu_err tatu_api_decode_catalog(struct tatu_span text, struct tatu_arena *arena,
                                      struct body_catalog *out, const char **why)
{
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    const char *location = NULL;
    TATU_TRY(get_text(json, "location", TATU_DESCRIPTION_MAX, arena, &location, why));
    if (location != NULL && strcasecmp(location, "global") != 0) {
        return refuse(why, "location is \"global\"");
    }
    const struct tatu_json *tags = tatu_json_at(json, "tags");
    if (tags != NULL && !tatu_json_is_object(tags)) {
        return refuse(why, "tags are an object");
    }
    struct tatu_span owner_key = {NULL, 0};
    if (tatu_json_at(json, "properties.tatu.ownerKey") != NULL) {
        TATU_TRY(get_hex(json, "properties.tatu.ownerKey", arena, &owner_key, why));
        if (owner_key.len != TATU_PUBLIC_SIZE || !tatu_crypto_is_public(owner_key.data)) {
            return refuse(why, "ownerKey is no public key of P-256");
        }
    }
    out->owner_key = owner_key;
    out->tags = tags == NULL ? "{}" : tatu_json_print(tags, arena);
    return TATU_OK;
}

enum tatu_err tatu_api_decode_product(struct tatu_span text, struct tatu_arena *arena,
                                      const char **out_description, const char **why)
{
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    return get_text(json, "properties.description", TATU_DESCRIPTION_MAX, arena, out_description,
                    why);
}

enum tatu_err tatu_api_decode_group(struct tatu_span text, struct tatu_arena *arena,
                                    struct tatu_group_settings *out, const char **why)
{
    static const char *const feeds[] = {"Retail", "RetailEval", NULL};
    static const char *const policies[] = {"UpdateAll", "No3rdPartyAppUpdates", NULL};
    static const char *const dumps[] = {"Enabled", "Disabled", NULL};
    static const char *const regions[] = {"None", "EU", NULL};
    struct tatu_group_settings s = {0};
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    TATU_TRY(
        get_text(json, "properties.description", TATU_DESCRIPTION_MAX, arena, &s.description, why));
    TATU_TRY(get_choice(json, "properties.osFeedType", feeds, &s.feed, why));
    TATU_TRY(get_choice(json, "properties.updatePolicy", policies, &s.policy, why));
    TATU_TRY(get_choice(json, "properties.allowCrashDumpsCollection", dumps, &s.dumps, why));
    TATU_TRY(get_choice(json, "properties.regionalDataBoundary", regions, &s.region, why));
    *out = s;
    return TATU_OK;
}

enum tatu_err tatu_api_decode_capabilities(struct tatu_span text, uint32_t *out, const char **why)
{
    /* the original's test key is believed as long as applications are developed */
    static const struct {
        const char *name;
        uint32_t set;
    } known[] = {
        {"ApplicationDevelopment", TATU_CAPABILITY_BIT(TATU_CAPABILITY_TEST_KEY) |
                                       TATU_CAPABILITY_BIT(TATU_CAPABILITY_APP_DEVELOPMENT)},
        {"FieldServicing", TATU_CAPABILITY_BIT(TATU_CAPABILITY_FIELD_SERVICING)},
    };
    JSON_SCOPED json = NULL;
    uint32_t set = 0;
    TATU_TRY(parse_object(text, &json, why));
    const struct tatu_json *list = tatu_json_at(json, "capabilities");
    const size_t count = list == NULL ? 0 : tatu_json_count(list);
    for (size_t i = 0; i < count; i++) {
        const char *name = tatu_json_text(tatu_json_item(list, i), "");
        size_t k = 0;
        while (k < TATU_COUNT_OF(known) && (name == NULL || strcmp(name, known[k].name) != 0)) {
            k++;
        }
        if (k == TATU_COUNT_OF(known)) {
            return refuse(why, "a capability is ApplicationDevelopment or FieldServicing");
        }
        set |= known[k].set;
    }
    *out = set;
    return set != 0 ? TATU_OK : refuse(why, "no capability is asked for");
}

enum tatu_err tatu_api_decode_renewal(struct tatu_span text, int64_t *out_grace_s, const char **why)
{
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    return tatu_json_int(json, "renewalGraceSeconds", out_grace_s)
               ? TATU_OK
               : refuse(why, "renewalGraceSeconds is missing or no whole number");
}

enum tatu_err tatu_api_decode_claim(struct tatu_span text, struct tatu_arena *arena,
                                    struct body_claim *out, const char **why)
{
    struct body_claim claim = {0};
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    if (tatu_json_at(json, "properties.tatu") != NULL) {
        TATU_TRY(get_hex(json, "properties.tatu.statement", arena, &claim.proof.statement, why));
        TATU_TRY(
            get_hex(json, "properties.tatu.endorsement", arena, &claim.proof.endorsement, why));
        claim.has_proof = true;
    }
    *out = claim;
    return TATU_OK;
}

/* Fixed and named segments of a group's resource id. */
static enum tatu_err split_group_id(const char *id, struct tatu_arena *arena, struct body_move *out,
                                    const char **why)
{
    static const struct {
        const char *literal; /* NULL: a name of `kind` */
        const char *kind;
    } shape[] = {{"", NULL},
                 {"subscriptions", NULL},
                 {NULL, "sub"},
                 {"resourceGroups", NULL},
                 {NULL, "rg"},
                 {"providers", NULL},
                 {"Microsoft.AzureSphere", NULL},
                 {"catalogs", NULL},
                 {NULL, "catalog"},
                 {"products", NULL},
                 {NULL, "product"},
                 {"deviceGroups", NULL},
                 {NULL, "group"}};
    _Static_assert(TATU_COUNT_OF(shape) == PATH_SEGMENT_MAX, "one entry per segment");
    const char *names[PATH_SEGMENT_MAX] = {NULL};
    const char *at = id;
    for (size_t i = 0; i < PATH_SEGMENT_MAX; i++) {
        size_t len = strcspn(at, "/");
        bool last = i + 1 == PATH_SEGMENT_MAX;
        names[i] = tatu_arena_copy_text(arena, at, len);
        bool fits = shape[i].literal != NULL ? strcasecmp(names[i], shape[i].literal) == 0
                                             : tatu_api_check_name(shape[i].kind, names[i]);
        if (!fits || (at[len] == 0) != last) {
            return refuse(why, "deviceGroupId is not the resource id of a device group");
        }
        at += len + 1;
    }
    *out = (struct body_move){names[2], names[4], names[8], names[10], names[12]};
    return TATU_OK;
}

enum tatu_err tatu_api_decode_move(struct tatu_span text, struct tatu_arena *arena,
                                   struct body_move *out, const char **why)
{
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    const char *id = tatu_json_text(json, "properties.deviceGroupId");
    if (id == NULL) {
        return refuse(why, "properties.deviceGroupId is missing");
    }
    return split_group_id(id, arena, out, why);
}

enum tatu_err tatu_api_decode_image(struct tatu_span text, struct tatu_arena *arena,
                                    struct body_image *out, const char **why)
{
    static const char *const regions[] = {"None", "EU", NULL};
    struct body_image image = {0};
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    const char *package = tatu_json_text(json, "properties.image");
    if (package == NULL || tatu_json_decode_base64(arena, package, &image.package) != TATU_OK) {
        return refuse(why, "properties.image is not base64");
    }
    const char *id = tatu_json_text(json, "properties.imageId");
    if (id != NULL) {
        if (tatu_proto_parse_guid(id, strlen(id), image.image_id) != TATU_OK) {
            return refuse(why, "properties.imageId is no GUID");
        }
        image.has_image_id = true;
    }
    TATU_TRY(get_text(json, "properties.description", TATU_DESCRIPTION_MAX, arena,
                      &image.description, why));
    TATU_TRY(get_choice(json, "properties.regionalDataBoundary", regions, &image.region, why));
    image.description = image.description == NULL ? "" : image.description;
    image.region = image.region == NULL ? "None" : image.region;
    *out = image;
    return TATU_OK;
}

enum tatu_err tatu_api_decode_deployment(struct tatu_span text, struct tatu_arena *arena,
                                         struct body_deployment *out, const char **why)
{
    (void)arena;
    struct body_deployment deployment = {0};
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    const struct tatu_json *images = tatu_json_at(json, "properties.deployedImages");
    size_t count = tatu_json_count(images);
    if (images == NULL || count > TATU_EVIDENCE_APP_MAX || tatu_json_is_object(images)) {
        return refuse(why, "properties.deployedImages is a list of at most 16 images");
    }
    for (size_t i = 0; i < count; i++) {
        const struct tatu_json *item = tatu_json_item(images, i);
        const char *id = tatu_json_text(item, "properties.imageId");
        id = id != NULL ? id : tatu_json_text(item, "name");
        if (id == NULL || tatu_proto_parse_guid(id, strlen(id), deployment.images[i]) != TATU_OK) {
            return refuse(why, "a deployed image has no imageId");
        }
    }
    deployment.count = count;
    *out = deployment;
    return TATU_OK;
}

enum tatu_err tatu_api_decode_key(struct tatu_span text, uint8_t out[TATU_PUBLIC_SIZE],
                                  const char **why)
{
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    const char *key = tatu_json_text(json, "publicKey");
    if (key == NULL || tatu_base_decode_hex(key, strlen(key), out, TATU_PUBLIC_SIZE) != TATU_OK) {
        return refuse(why, "publicKey is 128 hex digits, x and y");
    }
    return TATU_OK;
}

enum tatu_err tatu_api_decode_reference(struct tatu_span text, struct tatu_arena *arena,
                                        struct tatu_span *out, const char **why)
{
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    const char *object = tatu_json_text(json, "reference");
    if (object == NULL || object[0] == 0) {
        return refuse(why, "reference is missing");
    }
    if (get_hex(json, "reference", arena, out, why) == TATU_OK) {
        return TATU_OK;
    }
    if (tatu_json_decode_base64(arena, object, out) != TATU_OK) {
        return refuse(why, "reference is neither hex nor base64");
    }
    *why = NULL;
    return TATU_OK;
}

enum tatu_err tatu_api_decode_confirmation(struct tatu_span text, struct tatu_arena *arena,
                                           struct body_confirmation *out, const char **why)
{
    struct body_confirmation confirmation = {0};
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    TATU_TRY(get_text(json, "release", TATU_DESCRIPTION_MAX, arena, &confirmation.release, why));
    if (confirmation.release == NULL) {
        return refuse(why, "release is missing");
    }
    TATU_TRY(get_hex(json, "confirmation", arena, &confirmation.object, why));
    *out = confirmation;
    return TATU_OK;
}

static enum tatu_err decode_import_item(const struct tatu_json *item, struct tatu_arena *arena,
                                        struct tatu_import *out, const char **why)
{
    const char *id = tatu_json_text(item, "deviceId");
    if (id == NULL ||
        tatu_base_decode_hex(id, strlen(id), out->device_id, sizeof(out->device_id)) != TATU_OK) {
        return refuse(why, "a deviceId is not 128 hex digits");
    }
    return get_hex(item, "endorsement", arena, &out->endorsement, why);
}

enum tatu_err tatu_api_decode_import(struct tatu_span text, struct tatu_arena *arena,
                                     struct body_import *out, const char **why)
{
    struct body_import import = {0};
    JSON_SCOPED json = NULL;
    TATU_TRY(parse_object(text, &json, why));
    TATU_TRY(get_text(json, "resourceGroup", TATU_DESCRIPTION_MAX, arena, &import.rg, why));
    TATU_TRY(get_text(json, "catalog", TATU_DESCRIPTION_MAX, arena, &import.catalog, why));
    const struct tatu_json *devices = tatu_json_at(json, "devices");
    import.count = tatu_json_count(devices);
    if (import.rg == NULL || import.catalog == NULL || import.count == 0 ||
        import.count > BODY_IMPORT_MAX) {
        return refuse(why, "resourceGroup, catalog and 1 to 1000 devices are needed");
    }
    import.devices = TATU_ARENA_MANY(arena, struct tatu_import, import.count);
    for (size_t i = 0; i < import.count; i++) {
        TATU_TRY(decode_import_item(tatu_json_item(devices, i), arena, &import.devices[i], why));
    }
    *out = import;
    return TATU_OK;
}
