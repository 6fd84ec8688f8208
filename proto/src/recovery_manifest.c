#include "bytes.h"
#include "proto/image.h"
#include "proto/recovery.h"

static const uint16_t types[TATU_RECOVERY_PART_COUNT] = {
    TATU_IMAGE_VAULT_RUNTIME, TATU_IMAGE_MONITOR, TATU_IMAGE_DTB,
    TATU_IMAGE_KERNEL,        TATU_IMAGE_ROOT,    TATU_IMAGE_KEYSTORE,
};

static bool is_manifest_sound(const struct tatu_recovery_manifest *manifest)
{
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        const struct tatu_recovery_part *part = &manifest->parts[i];
        if (part->image_type != types[i] || part->len == 0 || part->len > TATU_IMAGE_PACKAGE_MAX) {
            return false;
        }
    }
    return true;
}

enum tatu_err tatu_proto_decode_recovery_manifest(struct tatu_span body,
                                                  struct tatu_recovery_manifest *out)
{
    if (body.len != TATU_RECOVERY_MANIFEST_SIZE) {
        return body.len < TATU_RECOVERY_MANIFEST_SIZE ? TATU_ERR_SHORT : TATU_ERR_LONG;
    }
    const uint8_t *p = body.data;
    struct tatu_recovery_manifest manifest;
    if (take_u32(&p) != TATU_RECOVERY_MANIFEST_VERSION) {
        return TATU_ERR_VERSION;
    }
    if (take_u32(&p) != TATU_RECOVERY_PART_COUNT) {
        return TATU_ERR_FORMAT;
    }
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        manifest.parts[i].image_type = take_u16(&p);
        if (take_u16(&p) != 0) {
            return TATU_ERR_FORMAT;
        }
        manifest.parts[i].len = take_u32(&p);
        take_bytes(&p, manifest.parts[i].digest, sizeof(manifest.parts[i].digest));
    }
    if (!is_manifest_sound(&manifest)) {
        return TATU_ERR_FORMAT;
    }
    *out = manifest;
    return TATU_OK;
}

enum tatu_err tatu_proto_encode_recovery_manifest(const struct tatu_recovery_manifest *manifest,
                                                  struct tatu_buf *out)
{
    if (!is_manifest_sound(manifest)) {
        return TATU_ERR_ARGUMENT;
    }
    uint8_t *p = give_room(out, TATU_RECOVERY_MANIFEST_SIZE);
    if (p == NULL) {
        return TATU_ERR_FULL;
    }
    give_u32(&p, TATU_RECOVERY_MANIFEST_VERSION);
    give_u32(&p, TATU_RECOVERY_PART_COUNT);
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        give_u32(&p, manifest->parts[i].image_type);
        give_u32(&p, manifest->parts[i].len);
        give_bytes(&p, manifest->parts[i].digest, sizeof(manifest->parts[i].digest));
    }
    return TATU_OK;
}
