#include "capability.h"

#include "config.h"
#include "developer.h"
#include "package.h"
#include "print.h"
#include "service.h"

#include "proto/capability.h"

#include <string.h>

#define CAPABILITY_COMPONENT "54415455-0000-4000-8000-00000000ca9a"
#define OWNER_SIGNS "OwnerSigns" /* the service's word for a catalog whose owner keeps the key */

/* What the API of the fleet calls the capabilities, and what each opens. */
static const struct {
    const char *name;
    uint32_t number;
} names[] = {
    {"ApplicationDevelopment", TATU_CAPABILITY_APP_DEVELOPMENT},
    {"FieldServicing", TATU_CAPABILITY_FIELD_SERVICING},
};

/* ---- the service ----------------------------------------------------------------------------- */

enum tatu_err tatu_cli_find_place(struct tatu_cli *cli, const uint8_t device_id[64],
                                  json_t **out_or_null)
{
    char path[CLI_PATH_LEN_MAX] = "/tatu/v1/devices/", id[129];
    json_t *place = NULL;
    TATU_TRY(tatu_cli_load_config(cli));
    if (json_object_get(cli->config, "token") == NULL) {
        *out_or_null = NULL;
        return TATU_OK;
    }
    tatu_base_encode_hex((struct tatu_span){device_id, 64}, id);
    (void)strcat(path, id);
    enum tatu_err err = tatu_cli_call(cli, "GET", path, NULL, &place);
    if (err == TATU_ERR_NOT_FOUND ||
        (err == TATU_OK && json_object_get(place, "catalog") == NULL)) {
        json_decref(place);
        place = NULL;
        cli->failure[0] = '\0';
        err = TATU_OK;
    }
    TATU_TRY(err);
    *out_or_null = place;
    return TATU_OK;
}

static const char *text_or(json_t *json, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text == NULL || *text == '\0' ? otherwise : text;
}

enum tatu_err tatu_cli_place_path(struct tatu_cli *cli, json_t *place, const char *tail, char *out)
{
    TATU_TRY(tatu_cli_get_setting(cli, "subscription", &cli->places[CLI_SUBSCRIPTION]));
    cli->places[CLI_RESOURCE_GROUP] = text_or(place, "resourceGroup", "");
    cli->places[CLI_CATALOG] = text_or(place, "catalog", "");
    cli->places[CLI_PRODUCT] = text_or(place, "product", ".default");
    cli->places[CLI_DEVICE_GROUP] = text_or(place, "group", ".unassigned");
    return tatu_cli_arm_path(cli, CLI_SCOPE_DEVICE_GROUP, tail, out);
}

/* The ARM path of the device where the service has it. */
static enum tatu_err device_path(struct tatu_cli *cli, const uint8_t device_id[64], json_t *place,
                                 const char *verb, char out[CLI_PATH_LEN_MAX])
{
    char tail[200], id[129];
    tatu_base_encode_hex((struct tatu_span){device_id, 64}, id);
    (void)snprintf(tail, sizeof(tail), "devices/%s%s", id, verb);
    return tatu_cli_place_path(cli, place, tail, out);
}

enum tatu_err tatu_cli_move_to_group(struct tatu_cli *cli, const uint8_t device_id[64],
                                     json_t *place, const char *group)
{
    char path[CLI_PATH_LEN_MAX];
    if (strcmp(text_or(place, "group", ""), group) == 0 ||
        text_or(place, "product", NULL) == NULL) {
        return TATU_OK;
    }
    json_auto_t *there = json_copy(place);
    (void)json_object_set_new(there, "group", json_string(group));
    TATU_TRY(device_path(cli, device_id, there, "", path));
    return tatu_cli_call(cli, "PUT", path, json_pack("{s:{}}", "properties"), NULL);
}

static enum tatu_err ask_service(struct tatu_cli *cli, const uint8_t device_id[64], uint32_t set,
                                 json_t *place, struct tatu_cli_bytes *out)
{
    char path[CLI_PATH_LEN_MAX];
    json_auto_t *answer = NULL;
    json_t *wanted = json_array();
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        if ((set & TATU_CAPABILITY_BIT(names[i].number)) != 0) {
            (void)json_array_append_new(wanted, json_string(names[i].name));
        }
    }
    json_t *body = json_pack("{s:o}", "capabilities", wanted);
    enum tatu_err err = device_path(cli, device_id, place, "/generateCapabilityImage", path);
    if (err != TATU_OK) {
        json_decref(body);
        return err;
    }
    TATU_TRY(tatu_cli_call(cli, "POST", path, body, &answer));
    const char *image = json_string_value(json_object_get(answer, "image"));
    if (image == NULL) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "the service sent no capability file; look at the service's version");
    }
    return tatu_cli_from_base64(cli, image, out);
}

/* ---- the developer's own --------------------------------------------------------------------- */

static enum tatu_err sign_here(struct tatu_cli *cli, const uint8_t device_id[64], uint32_t set,
                               struct tatu_cli_bytes *out)
{
    CLI_KEY key = {.pkey = NULL};
    uint8_t body[TATU_CAPABILITY_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(body);
    struct tatu_cli_package package = {.type = TATU_IMAGE_CAPABILITY, .name = "capability"};
    struct tatu_image_info info;
    TATU_TRY(tatu_proto_encode_capability(set, device_id, &buf));
    TATU_TRY(tatu_proto_parse_guid(CAPABILITY_COMPONENT, strlen(CAPABILITY_COMPONENT),
                                   package.component));
    TATU_TRY(tatu_cli_build_time(cli, &package.built_s));
    TATU_TRY(tatu_cli_load_developer(cli, NULL, &key));
    package.body = (struct tatu_span){body, buf.len};
    return tatu_cli_make_package(cli, &package, &key, NULL, out, &info);
}

enum tatu_err tatu_cli_get_capability(struct tatu_cli *cli, const uint8_t device_id[64],
                                      uint32_t set, json_t *place, struct tatu_cli_bytes *out)
{
    if (place == NULL) {
        return sign_here(cli, device_id, set, out);
    }
    enum tatu_err err = ask_service(cli, device_id, set, place, out);
    if (err == TATU_ERR_EXISTS && strcmp(cli->failure_name, OWNER_SIGNS) == 0) {
        cli->failure[0] = '\0';
        return sign_here(cli, device_id, set, out);
    }
    return err;
}
