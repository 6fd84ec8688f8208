#include "package.h"

#include "config.h"
#include "verity.h"

#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum tatu_err tatu_cli_build_time(struct tatu_cli *cli, uint64_t *out_s)
{
    if (cli->around->epoch != NULL && *cli->around->epoch != '\0') {
        return tatu_cli_read_number(cli, "SOURCE_DATE_EPOCH", cli->around->epoch, 0, INT64_MAX,
                                    out_s);
    }
    *out_s = (uint64_t)time(NULL);
    return TATU_OK;
}

/* A version 8 UUID (RFC 9562): its bits are ours to choose, here from a digest of the content. */
static enum tatu_err derive_image_id(const struct tatu_cli_package *package, uint8_t out[16])
{
    uint8_t facts[2 + 16 + 8 + 4 + 4 + 32];
    tatu_put_le16(facts, package->type);
    memcpy(facts + 2, package->component, 16);
    tatu_put_le64(facts + 18, package->built_s);
    tatu_put_le32(facts + 26, package->security_version);
    tatu_put_le32(facts + 30, package->verity_data_len);
    memcpy(facts + 34, package->verity_root, 32);
    const struct tatu_span parts[] = {
        {(const uint8_t *)"tatu image id", 13},
        TATU_SPAN_OF(facts),
        {(const uint8_t *)package->name, strlen(package->name)},
        package->body,
    };
    uint8_t digest[32];
    TATU_TRY(tatu_cli_hash(parts, TATU_COUNT_OF(parts), digest));
    memcpy(out, digest, 16);
    out[7] = (uint8_t)((out[7] & 0x0f) | 0x80); /* third group is little-endian: version nibble */
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
    return TATU_OK;
}

static enum tatu_err fill_info(const struct tatu_cli_package *package,
                               const struct tatu_cli_key *key, struct tatu_image_info *out)
{
    struct tatu_image_info info = {
        .type = package->type,
        .built_s = package->built_s,
        .temporary = package->temporary,
        .security_version = package->security_version,
        .has_verity = package->verity_data_len != 0,
        .verity_data_len = package->verity_data_len,
    };
    memcpy(info.component, package->component, sizeof(info.component));
    memcpy(info.thumbprint, key->digest, sizeof(info.thumbprint));
    memcpy(info.verity_root, package->verity_root, sizeof(info.verity_root));
    memcpy(info.name, package->name, strnlen(package->name, sizeof(info.name)));
    TATU_TRY(derive_image_id(package, info.image));
    *out = info;
    return TATU_OK;
}

/* Into its place, which the metadata left empty: over all but itself. */
static enum tatu_err fill_second(struct tatu_cli *cli, struct tatu_cli_lms *second,
                                 struct tatu_buf *buf)
{
    size_t length_at = buf->len - 4;
    uint8_t *place = buf->data + length_at - TATU_IMAGE_SECOND_SIZE;
    const struct tatu_span parts[] = {{buf->data, length_at - TATU_IMAGE_SECOND_SIZE},
                                      {buf->data + length_at, 4}};
    uint8_t digest[32];
    TATU_TRY(tatu_cli_hash(parts, TATU_COUNT_OF(parts), digest));
    return tatu_cli_sign_lms(cli, second, digest, place);
}

static enum tatu_err append_signature(const struct tatu_cli_key *key, struct tatu_buf *buf)
{
    struct tatu_span signed_part = {buf->data, buf->len};
    uint8_t digest[32], signature[TATU_IMAGE_SIGNATURE_SIZE];
    TATU_TRY(tatu_cli_hash(&signed_part, 1, digest));
    TATU_TRY(tatu_cli_sign(key, digest, signature));
    return tatu_base_put_bytes(buf, TATU_SPAN_OF(signature));
}

enum tatu_err tatu_cli_make_package(struct tatu_cli *cli, const struct tatu_cli_package *package,
                                    const struct tatu_cli_key *key, struct tatu_cli_lms *second,
                                    struct tatu_cli_bytes *out, struct tatu_image_info *out_info)
{
    struct tatu_image_info info;
    CLI_BYTES bytes = {NULL, 0};
    TATU_TRY(fill_info(package, key, &info));
    info.has_second = second != NULL;
    TATU_TRY(tatu_cli_alloc(cli, package->body.len + TATU_IMAGE_TRAILER_MAX, &bytes));
    struct tatu_buf buf = {bytes.data, 0, bytes.len};
    enum tatu_err err = tatu_base_put_bytes(&buf, package->body);
    if (err == TATU_OK) {
        err = tatu_proto_encode_metadata(&info, &buf);
    }
    if (err == TATU_OK && second != NULL) {
        TATU_TRY(fill_second(cli, second, &buf));
    }
    if (err == TATU_OK) {
        err = append_signature(key, &buf);
    }
    if (err == TATU_OK) {
        /* what was packed is read back as a device will read it */
        err = buf.len > TATU_IMAGE_PACKAGE_MAX
                  ? TATU_ERR_LONG
                  : tatu_proto_decode_image((struct tatu_span){buf.data, buf.len},
                                            (uint32_t)buf.len, out_info);
    }
    if (err != TATU_OK) {
        return tatu_cli_fail(cli, err, "the image %s cannot be packed: %s; check its parts",
                             package->name, tatu_err_text(err));
    }
    *out = (struct tatu_cli_bytes){bytes.data, buf.len};
    bytes.data = NULL;
    return TATU_OK;
}

enum tatu_err tatu_cli_read_package(struct tatu_cli *cli, const char *path, struct tatu_span bytes,
                                    struct tatu_image_info *out)
{
    enum tatu_err err = tatu_proto_decode_image(bytes, (uint32_t)bytes.len, out);
    if (err != TATU_OK) {
        return tatu_cli_fail(cli, err,
                             "%s is not an image package: %s; pack it with 'tatu "
                             "image-package pack-application'",
                             path, tatu_err_text(err));
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_check_content(struct tatu_cli *cli, const char *path, struct tatu_span bytes,
                                     const struct tatu_image_info *info)
{
    CLI_BYTES made = {NULL, 0};
    struct tatu_span data, tree;
    uint8_t root[sizeof(info->verity_root)];
    if (!info->has_verity) {
        return TATU_OK;
    }
    uint32_t tree_len = tatu_proto_verity_tree_len(info->verity_data_len);
    TATU_TRY(tatu_base_take_span(bytes, 0, info->verity_data_len, &data));
    TATU_TRY(tatu_base_take_span(bytes, info->verity_data_len, tree_len, &tree));
    TATU_TRY(tatu_cli_alloc(cli, tree_len, &made));
    struct tatu_buf buf = {made.data, 0, tree_len};
    TATU_TRY(tatu_cli_build_verity(data, buf, root));
    if (memcmp(root, info->verity_root, sizeof(root)) != 0 ||
        (tree_len > 0 && memcmp(made.data, tree.data, tree_len) != 0)) {
        return tatu_cli_fail(cli, TATU_ERR_DIGEST,
                             "%s was damaged after it was packed; pack it with 'tatu "
                             "image-package pack-application'",
                             path);
    }
    return TATU_OK;
}

enum tatu_err tatu_cli_check_package(struct tatu_span bytes, const struct tatu_image_info *info,
                                     const uint8_t public_key[64])
{
    uint8_t digest[32];
    struct tatu_span signed_part;
    TATU_TRY(tatu_base_take_span(bytes, 0, info->signed_len, &signed_part));
    TATU_TRY(tatu_cli_hash(&signed_part, 1, digest));
    return tatu_cli_check_signature(public_key, digest, info->signature);
}

/* The types' numbers are the original's, and so are their titles. */
static const struct {
    uint16_t type;
    const char *title;
} titles[] = {
    {1, "OneBL"},
    {2, "PlutonRuntime"},
    {3, "WifiFirmware"},
    {4, "SecurityMonitor"},
    {5, "NormalWorldLoader"},
    {6, "NormalWorldDTB"},
    {7, "NormalWorldKernel"},
    {8, "RootFs"},
    {9, "Services"},
    {10, "Applications"},
    {13, "FirmwareConfig"},
    {16, "BootManifest"},
    {17, "NormalWorldFileSystem"},
    {19, "TrustedKeystore"},
    {20, "Policy"},
    {21, "CustomerBoardConfig"},
    {22, "UpdateCertStore"},
    {23, "BaseSystemUpdateManifest"},
    {24, "FirmwareUpdateManifest"},
    {25, "CustomerUpdateManifest"},
    {26, "RecoveryManifest"},
    {27, "ManifestSet"},
    {28, "Other"},
};

const char *tatu_cli_image_type_title(uint16_t type)
{
    for (size_t i = 0; i < TATU_COUNT_OF(titles); i++) {
        if (titles[i].type == type) {
            return titles[i].title;
        }
    }
    return "unknown";
}

/* ---- whose signature ------------------------------------------------------------------------- */

/* The original's SDK signs with a key that everybody has; packages name it by this. */
static const uint8_t test_thumbprint[TATU_IMAGE_THUMBPRINT_SIZE] = {
    0xa8, 0xd5, 0xcc, 0x69, 0x58, 0xf4, 0x87, 0x10, 0x14, 0x0d,
    0x7a, 0x26, 0x16, 0x0f, 0xc1, 0xcf, 0xc3, 0x1f, 0x5d, 0xf0,
};
static const uint8_t test_key[64] = {
    0xed, 0xf2, 0x33, 0xc0, 0x0d, 0x31, 0x14, 0x1d, 0x8f, 0x3f, 0x56, 0x33, 0x43, 0x40, 0xcc, 0xd8,
    0xc1, 0x69, 0xfb, 0x67, 0xe2, 0xec, 0x56, 0x4b, 0xf8, 0xa5, 0xef, 0x58, 0x6b, 0x1c, 0x3f, 0x7b,
    0xc1, 0x88, 0xca, 0x20, 0x87, 0x01, 0xe6, 0xd7, 0xc7, 0x75, 0x6a, 0x13, 0x26, 0x38, 0xfe, 0x98,
    0xc9, 0xa0, 0x20, 0x07, 0x40, 0x3d, 0xe5, 0xc4, 0x22, 0xe6, 0xa7, 0xe8, 0x26, 0xa4, 0xbd, 0x24,
};

/* developer.pem of this desk, if there is one: looking makes none. */
static bool find_developer(struct tatu_cli *cli, struct tatu_cli_key *out)
{
    char path[PATH_MAX];
    bool found = tatu_cli_config_path(cli, "developer.pem", path) == TATU_OK &&
                 access(path, R_OK) == 0 && tatu_cli_load_key(cli, path, out) == TATU_OK;
    cli->failure[0] = '\0';
    return found;
}

enum tatu_err tatu_cli_find_signer(struct tatu_cli *cli, const char *path, struct tatu_span bytes,
                                   const struct tatu_image_info *info, const char **out)
{
    CLI_KEY developer = {.pkey = NULL};
    const uint8_t *key = NULL;
    const char *signer = "unknown";
    if (memcmp(info->thumbprint, test_thumbprint, sizeof(test_thumbprint)) == 0) {
        key = test_key;
        signer = "Azure Sphere SDK test key";
    } else if (find_developer(cli, &developer) &&
               memcmp(info->thumbprint, developer.digest, sizeof(info->thumbprint)) == 0) {
        key = developer.public_key;
        signer = "developer key of this desk";
    }
    if (key != NULL && tatu_cli_check_package(bytes, info, key) != TATU_OK) {
        return tatu_cli_fail(cli, TATU_ERR_SIGNATURE,
                             "%s says it was signed by the %s, and was not; build it again", path,
                             signer);
    }
    *out = signer;
    return TATU_OK;
}

/* ---- as JSON --------------------------------------------------------------------------------- */

/* What interfaces an image needs ("ND") or brings ("NP"): read from a package that was decoded. */
static json_t *describe_abi(const struct tatu_image_info *info, struct tatu_span bytes,
                            const char id[2])
{
    static const char *const kinds[] = {"None", "SecureWorldRuntime", "OSRuntime",
                                        "ApplicationRuntime"};
    json_t *list = json_array();
    const uint8_t *at = bytes.data + info->body_len + 8;
    const uint8_t *end = bytes.data + info->signed_len - 4;
    while (end - at >= 4 && end - at - 4 >= tatu_get_le16(at + 2)) {
        const uint16_t len = tatu_get_le16(at + 2);
        for (uint32_t i = 0; memcmp(at, id, 2) == 0 && 4 + 8 * (i + 1) <= len; i++) {
            const uint32_t version = tatu_get_le32(at + 8 + 8 * i);
            const uint32_t kind = tatu_get_le32(at + 12 + 8 * i);
            (void)json_array_append_new(
                list, json_pack("{s:s, s:I}", "type",
                                kind < TATU_COUNT_OF(kinds) ? kinds[kind] : "unknown", "version",
                                (json_int_t)version));
        }
        at += 4 + len;
    }
    return list;
}

static json_t *describe_guid(const uint8_t guid[16])
{
    char text[TATU_GUID_TEXT_SIZE];
    tatu_proto_format_guid(guid, text);
    return json_string(text);
}

static json_t *describe_name(const uint8_t name[32])
{
    char text[33];
    memcpy(text, name, 32);
    text[32] = '\0';
    json_t *json = json_string(text);
    return json != NULL ? json : json_string("?"); /* not UTF-8 */
}

json_t *tatu_cli_describe_package(const struct tatu_image_info *info, struct tatu_span bytes)
{
    uint8_t digest[32];
    const char *type = tatu_proto_image_type_name(info->type);
    if (tatu_cli_hash(&bytes, 1, digest) != TATU_OK) {
        return NULL;
    }
    json_t *json =
        json_pack("{s:i, s:s, s:o, s:o, s:o, s:I, s:i, s:I, s:I, s:I, s:o, s:o}", "imageType",
                  (int)info->type, "imageTypeName", type == NULL ? "unknown" : type, "componentId",
                  describe_guid(info->component), "imageId", describe_guid(info->image), "name",
                  describe_name(info->name), "builtAt", (json_int_t)info->built_s, "temporary",
                  (int)info->temporary, "securityVersion", (json_int_t)info->security_version,
                  "bodySize", (json_int_t)info->body_len, "size", (json_int_t)bytes.len, "signedBy",
                  tatu_cli_hex(info->thumbprint, sizeof(info->thumbprint)), "digest",
                  tatu_cli_hex(digest, sizeof(digest)));
    if (json != NULL) {
        (void)json_object_set_new(json, "imageTypeTitle",
                                  json_string(tatu_cli_image_type_title(info->type)));
        (void)json_object_set_new(json, "abiDepends", describe_abi(info, bytes, "ND"));
        (void)json_object_set_new(json, "abiProvides", describe_abi(info, bytes, "NP"));
    }
    if (json != NULL && info->has_verity) {
        (void)json_object_set_new(json, "verityDataSize", json_integer(info->verity_data_len));
        (void)json_object_set_new(json, "verityRoot",
                                  tatu_cli_hex(info->verity_root, sizeof(info->verity_root)));
    }
    return json;
}
