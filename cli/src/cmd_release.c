/* tatu release: an OS release from its unsigned parts, and its announcement to the service. */
#include "config.h"
#include "package.h"
#include "print.h"
#include "release.h"
#include "service.h"

#include "proto/cose.h"
#include "proto/map.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { SERVICE_KEYS_MAX = 1 << 16, RECORD_MAX = 1 << 16, REFERENCE_MAX = 4096 };

/* ---- sign ---------------------------------------------------------------------------------- */

static enum tatu_err take_key(struct tatu_cli *cli, json_t *json, const char *path, uint8_t out[64])
{
    const char *text = json_string_value(tatu_cli_find(json, path));
    if (text == NULL || tatu_base_decode_hex(text, strlen(text), out, 64) != TATU_OK) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT,
                             "the service's keys have no %s of 128 hex digits; "
                             "get them again from the service",
                             path);
    }
    return TATU_OK;
}

/* A file, or the keys of the service that is logged in. An address must be that service's: the
 * device will believe what stands here, so it comes over a pinned connection only. */
static enum tatu_err get_service_keys(struct tatu_cli *cli, json_t **out)
{
    const char *source = tatu_cli_option(cli, "--service-keys");
    if (source != NULL && strncmp(source, "https://", 8) != 0) {
        CLI_BYTES text = {NULL, 0};
        TATU_TRY(tatu_cli_read_file(cli, source, SERVICE_KEYS_MAX, &text));
        *out = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
        return *out != NULL ? TATU_OK
                            : tatu_cli_fail(cli, TATU_ERR_FORMAT,
                                            "%s is not JSON; get it again from "
                                            "the service",
                                            source);
    }
    TATU_TRY(tatu_cli_load_config(cli));
    const char *service = json_string_value(json_object_get(cli->config, "service"));
    if (source != NULL && (service == NULL || strncmp(source, service, strlen(service)) != 0)) {
        return tatu_cli_fail(cli, TATU_ERR_STATE,
                             "%s is not the service that is logged in; run 'tatu "
                             "login' for it, or give a file",
                             source);
    }
    return tatu_cli_call(cli, "GET", "/tatu/v1/keys", NULL, out);
}

static enum tatu_err fill_keystore(struct tatu_cli *cli, struct tatu_keystore *keystore)
{
    const char *host = tatu_cli_option(cli, "--host");
    uint64_t front, update;
    json_auto_t *keys = NULL;
    TATU_TRY(
        tatu_cli_read_number(cli, "--front", tatu_cli_option(cli, "--front"), 1, 65535, &front));
    TATU_TRY(
        tatu_cli_read_number(cli, "--update", tatu_cli_option(cli, "--update"), 1, 65535, &update));
    if (strlen(host) > TATU_KEYSTORE_HOST_MAX) {
        return tatu_cli_fail(cli, TATU_ERR_LONG,
                             "--host has more than %u characters; use a shorter "
                             "name",
                             TATU_KEYSTORE_HOST_MAX);
    }
    (void)strcpy(keystore->host, host);
    keystore->front_port = (uint16_t)front;
    keystore->update_port = (uint16_t)update;
    TATU_TRY(get_service_keys(cli, &keys));
    TATU_TRY(take_key(cli, keys, "serviceRoot.publicKey", keystore->service_root));
    TATU_TRY(take_key(cli, keys, "time.publicKey", keystore->time_key));
    return take_key(cli, keys, "director.publicKey", keystore->director_key);
}

static enum tatu_err make_plan(struct tatu_cli *cli, struct tatu_cli_release_plan *out)
{
    uint64_t security_version;
    *out = (struct tatu_cli_release_plan){.version = tatu_cli_option(cli, "--version")};
    TATU_TRY(tatu_cli_read_number(cli, "--security-version",
                                  tatu_cli_option(cli, "--security-version"), 1,
                                  TATU_FUSE_FLOOR_BITS, &security_version));
    out->security_version = (uint32_t)security_version;
    if (strlen(out->version) > 16) {
        return tatu_cli_fail(cli, TATU_ERR_LONG,
                             "--version has more than 16 characters; use a "
                             "shorter one");
    }
    TATU_TRY(tatu_cli_build_time(cli, &out->built_s));
    return fill_keystore(cli, &out->keystore);
}

static json_t *describe_release(const struct tatu_cli_release_plan *plan,
                                const struct tatu_cli_platform *platform,
                                const struct tatu_cli_bodies *bodies,
                                const struct tatu_cli_release *release)
{
    json_t *images = json_array();
    for (size_t i = 0; i < BODY_COUNT; i++) {
        const struct tatu_cli_release_image *image = &release->images[i];
        (void)json_array_append_new(
            images, tatu_cli_describe_package(&image->info, CLI_SPAN(image->package)));
    }
    const struct tatu_cli_signer *root = &platform->root;
    const struct tatu_cli_signer *signer = &platform->release;
    return json_pack(
        "{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:o}", "version", plan->version,
        "securityVersion", (int)plan->security_version, "implementation",
        tatu_cli_hex(bodies->implementation, sizeof(bodies->implementation)), "rootKey",
        tatu_cli_hex(root->key.public_key, sizeof(root->key.public_key)), "rootLmsKey",
        tatu_cli_hex(root->second.public_key, sizeof(root->second.public_key)), "releaseKey",
        tatu_cli_hex(signer->key.public_key, sizeof(signer->key.public_key)), "releaseLmsKey",
        tatu_cli_hex(signer->second.public_key, sizeof(signer->second.public_key)),
        "rootSignaturesLeft", (int)root->second.left, "releaseSignaturesLeft",
        (int)signer->second.left, "images", images);
}

static enum tatu_err write_part(struct tatu_cli *cli, const char *dir, const char *name,
                                struct tatu_span bytes)
{
    char path[PATH_MAX];
    TATU_TRY(tatu_cli_join(cli, dir, name, path));
    return tatu_cli_write_over(cli, path, 0644, bytes);
}

static enum tatu_err write_release(struct tatu_cli *cli, const char *dir,
                                   const struct tatu_cli_release *release, json_t *record)
{
    CLI_BYTES flash = {NULL, 0};
    TATU_TRY(tatu_cli_make_flash(cli, release, &flash));
    TATU_TRY(tatu_cli_make_folder(cli, dir));
    for (size_t i = 0; i < BODY_ALL_COUNT; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%s.imagepackage",
                       tatu_proto_image_type_name(tatu_cli_body_kinds[i].type));
        TATU_TRY(write_part(cli, dir, name, CLI_SPAN(release->images[i].package)));
    }
    TATU_TRY(write_part(cli, dir, RELEASE_FLASH, CLI_SPAN(flash)));
    TATU_TRY(write_part(cli, dir, RELEASE_REFERENCE,
                        (struct tatu_span){release->reference, release->reference_len}));
    char *text = json_dumps(record, JSON_INDENT(2));
    if (text == NULL) {
        return TATU_ERR_MEMORY;
    }
    /* last: a folder with this file is whole */
    enum tatu_err err = write_part(cli, dir, RELEASE_RECORD,
                                   (struct tatu_span){(const uint8_t *)text, strlen(text)});
    free(text);
    return err;
}

static enum tatu_err sign(struct tatu_cli *cli)
{
    struct tatu_cli_release_plan plan;
    CLI_PLATFORM platform = {.root = {.key = {.pkey = NULL}}};
    struct tatu_cli_bodies bodies __attribute__((cleanup(tatu_cli_free_bodies))) = {0};
    struct tatu_cli_release release __attribute__((cleanup(tatu_cli_free_release))) = {0};
    TATU_TRY(make_plan(cli, &plan));
    TATU_TRY(tatu_cli_load_platform(cli, tatu_cli_option(cli, "--platform"), &platform));
    TATU_TRY(tatu_cli_read_bodies(cli, tatu_cli_option(cli, "--bodies"),
                                  tatu_cli_option(cli, "--rom"), &bodies));
    TATU_TRY(tatu_cli_make_release(cli, &plan, &platform, &bodies, &release));
    TATU_TRY(tatu_cli_give(cli, describe_release(&plan, &platform, &bodies, &release)));
    return write_release(cli, tatu_cli_option(cli, "--out"), &release, cli->result);
}

/* ---- register ------------------------------------------------------------------------------ */

static enum tatu_err read_record(struct tatu_cli *cli, const char *dir, json_t **out)
{
    char path[PATH_MAX];
    CLI_BYTES text = {NULL, 0};
    TATU_TRY(tatu_cli_join(cli, dir, RELEASE_RECORD, path));
    TATU_TRY(tatu_cli_read_file(cli, path, RECORD_MAX, &text));
    json_t *json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    const char *key = json_string_value(json_object_get(json, "releaseKey"));
    uint8_t bytes[64];
    if (key == NULL || tatu_base_decode_hex(key, strlen(key), bytes, sizeof(bytes)) != TATU_OK) {
        json_decref(json);
        return tatu_cli_fail(cli, TATU_ERR_FORMAT, "%s is damaged; sign the release again", path);
    }
    *out = json;
    return TATU_OK;
}

/* What 'tatu device recover' gives a board, unless told otherwise. */
static enum tatu_err keep_current(struct tatu_cli *cli, const char *dir)
{
    char resolved[PATH_MAX];
    if (realpath(dir, resolved) == NULL) {
        return TATU_OK; /* it is registered all the same */
    }
    (void)json_object_set_new(cli->config, "release", json_string(resolved));
    return tatu_cli_save_config(cli);
}

static enum tatu_err register_release(struct tatu_cli *cli)
{
    const char *dir = tatu_cli_option(cli, "--release");
    char path[PATH_MAX], key_path[CLI_PATH_LEN_MAX];
    CLI_BYTES cose = {NULL, 0};
    json_auto_t *record = NULL;
    json_t *answer = NULL;
    TATU_TRY(read_record(cli, dir, &record));
    TATU_TRY(tatu_cli_join(cli, dir, RELEASE_REFERENCE, path));
    TATU_TRY(tatu_cli_read_file(cli, path, REFERENCE_MAX, &cose));
    const char *key = json_string_value(json_object_get(record, "releaseKey"));
    (void)snprintf(key_path, sizeof(key_path), "/tatu/v1/release-keys/release-%.8s", key);
    TATU_TRY(tatu_cli_call(cli, "PUT", key_path, json_pack("{s:s}", "publicKey", key), NULL));
    json_t *body = json_pack("{s:o}", "reference", tatu_cli_hex(cose.data, cose.len));
    TATU_TRY(tatu_cli_call(cli, "PUT", "/tatu/v1/references", body, &answer));
    TATU_TRY(tatu_cli_give(cli, answer));
    return keep_current(cli, dir);
}

static enum tatu_err list_releases(struct tatu_cli *cli)
{
    json_t *list = NULL;
    TATU_TRY(tatu_cli_list(cli, "GET", "/tatu/v1/references", &list));
    return tatu_cli_give(cli, list);
}

static const struct tatu_cli_option sign_options[] = {
    {"--platform", CLI_REQUIRED, "DIR", "folder that 'tatu platform init' made"},
    {"--bodies", CLI_REQUIRED, "DIR", "folder of the unsigned parts"},
    {"--rom", CLI_OPTIONAL, "FILE", "the vault's mask ROM; vault-rom.bin of the parts"},
    {"--service-keys", CLI_OPTIONAL, "FILE|URL", "answer of GET /tatu/v1/keys; else asked for"},
    {"--host", CLI_REQUIRED, "NAME", "where devices find the service"},
    {"--front", CLI_REQUIRED, "PORT", "its front listener"},
    {"--update", CLI_REQUIRED, "PORT", "its update listener"},
    {"--version", CLI_REQUIRED, "TEXT", "release, such as 26.11"},
    {"--security-version", CLI_REQUIRED, "N", "1 to 64; devices refuse lower ones later"},
    {"--out", CLI_REQUIRED, "DIR", "folder for the signed release"},
};
static const struct tatu_cli_option register_options[] = {
    {"--release", CLI_REQUIRED, "DIR", "folder of the signed release"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "release sign",
     CLI_OPTIONS(sign_options),
     .run = sign,
     .summary = "Pack and sign an OS release and its flash image"},
    {.words = "release register",
     CLI_OPTIONS(register_options),
     .scope = CLI_SCOPE_SERVICE,
     .run = register_release,
     .summary = "Give the service the release's reference values"},
    {.words = "release list",
     .scope = CLI_SCOPE_SERVICE,
     .run = list_releases,
     .columns = "release,current,implementation",
     .summary = "List the releases the service knows"},
};
CLI_CHAPTER(tatu_cli_release, commands);
