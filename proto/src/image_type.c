#include "proto/image.h"

#include "bytes.h"

static const struct {
    uint16_t type;
    const char *name;
} names[] = {
    {TATU_IMAGE_RECOVERY, "recovery"},       {TATU_IMAGE_VAULT_RUNTIME, "vault-runtime"},
    {TATU_IMAGE_MONITOR, "monitor"},         {TATU_IMAGE_DTB, "device-tree"},
    {TATU_IMAGE_KERNEL, "kernel"},           {TATU_IMAGE_ROOT, "root"},
    {TATU_IMAGE_APPLICATION, "application"}, {TATU_IMAGE_CAPABILITY, "capability"},
    {TATU_IMAGE_KEYSTORE, "keystore"},       {TATU_IMAGE_RECOVERY_MANIFEST, "recovery-manifest"},
};

const char *tatu_proto_image_type_name(uint16_t type)
{
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        if (names[i].type == type) {
            return names[i].name;
        }
    }
    return NULL;
}

enum tatu_err tatu_proto_parse_image_type(struct tatu_span name, uint16_t *out_type)
{
    for (size_t i = 0; i < TATU_COUNT_OF(names); i++) {
        if (is_text(name, names[i].name)) {
            *out_type = names[i].type;
            return TATU_OK;
        }
    }
    return TATU_ERR_FORMAT;
}
