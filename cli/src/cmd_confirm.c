/* tatu release confirm: from now on devices that run this release refuse older ones. */
#include "keys.h"
#include "print.h"
#include "release.h"
#include "service.h"

#include "proto/cose.h"
#include "proto/evidence.h"

#include <limits.h>
#include <string.h>

enum { RECORD_MAX = 1 << 16 };

/* What the releaser wrote down about a release when it was signed. */
struct record {
    const char *version;
    struct tatu_confirmation confirmation;
};

static enum tatu_err read_record(struct tatu_cli *cli, const char *dir, json_t **out_json,
                                 struct record *out)
{
    char path[PATH_MAX];
    CLI_BYTES text = {NULL, 0};
    TATU_TRY(tatu_cli_join(cli, dir, RELEASE_RECORD, path));
    TATU_TRY(tatu_cli_read_file(cli, path, RECORD_MAX, &text));
    *out_json = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    const char *hex = json_string_value(json_object_get(*out_json, "implementation"));
    const json_int_t security_version =
        json_integer_value(json_object_get(*out_json, "securityVersion"));
    struct record record = {json_string_value(json_object_get(*out_json, "version")),
                            {.floors = {0}}};
    uint8_t *implementation = record.confirmation.implementation;
    if (record.version == NULL || hex == NULL || security_version < 1 ||
        tatu_base_decode_hex(hex, strlen(hex), implementation, 32) != TATU_OK) {
        return tatu_cli_fail(cli, TATU_ERR_FORMAT, "%s is damaged; sign the release again", path);
    }
    for (size_t i = 0; i < TATU_COUNT_OF(record.confirmation.floors); i++) {
        record.confirmation.floors[i] = (uint32_t)security_version;
    }
    *out = record;
    return TATU_OK;
}

static enum tatu_err seal(struct tatu_cli *cli, const struct tatu_confirmation *confirmation,
                          struct tatu_buf *out)
{
    char path[PATH_MAX];
    CLI_KEY key = {.pkey = NULL};
    uint8_t bytes[128];
    struct tatu_buf payload = TATU_BUF_OF(bytes);
    TATU_TRY(tatu_cli_join(cli, tatu_cli_option(cli, "--platform"), PLATFORM_RELEASE, path));
    TATU_TRY(tatu_cli_load_key(cli, path, &key));
    enum tatu_err err = tatu_proto_encode_confirmation(confirmation, &payload);
    if (err != TATU_OK) {
        return tatu_cli_fail(cli, err, "the release's security version is over 64; sign it again");
    }
    return tatu_cli_seal(cli, (struct tatu_span){payload.data, payload.len}, TATU_COSE_AAD_CONFIRM,
                         &key, out);
}

static enum tatu_err confirm(struct tatu_cli *cli)
{
    struct record record;
    json_auto_t *json = NULL;
    json_t *answer = NULL;
    uint8_t bytes[512];
    struct tatu_buf object = TATU_BUF_OF(bytes);
    TATU_TRY(read_record(cli, tatu_cli_option(cli, "--release"), &json, &record));
    TATU_TRY(seal(cli, &record.confirmation, &object));
    json_t *body = json_pack("{s:s, s:o}", "release", record.version, "confirmation",
                             tatu_cli_hex(object.data, object.len));
    TATU_TRY(tatu_cli_call(cli, "PUT", "/tatu/v1/confirmations", body, &answer));
    return tatu_cli_give(cli, answer);
}

static const struct tatu_cli_option confirm_options[] = {
    {"--release", CLI_REQUIRED, "DIR", "folder of the signed release"},
    {"--platform", CLI_REQUIRED, "DIR", "folder of release.pem"},
};

static const struct tatu_cli_command commands[] = {
    {.words = "release confirm",
     CLI_OPTIONS(confirm_options),
     .scope = CLI_SCOPE_SERVICE,
     .run = confirm,
     .summary = "Have devices that run a release refuse older security versions, for good"},
};
CLI_CHAPTER(tatu_cli_confirm, commands);
