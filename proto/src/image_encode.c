#include "proto/image.h"

#include "bytes.h"
#include "image_sections.h"

/* What goes into the metadata; decided once, so that length and content cannot differ. */
struct plan {
    bool debug;
    bool needs_abi;
    bool security_version;
    bool verity;
    bool second;
    uint32_t count;
    uint32_t len; /* metadata with its length word */
};

static void add(struct plan *plan, bool wanted, uint32_t data_len)
{
    if (wanted) {
        plan->count++;
        plan->len += SECTION_HEAD_SIZE + data_len;
    }
}

static struct plan make_plan(const struct tatu_image_info *info)
{
    struct plan plan = {
        .debug = info->built_s != 0 || !all_zero(info->name, sizeof(info->name)),
        .needs_abi = info->type == TATU_IMAGE_APPLICATION,
        .security_version = info->security_version != 0,
        .verity = info->has_verity,
        .second = info->has_second,
        .len = METADATA_HEAD_SIZE + LENGTH_SIZE,
    };
    add(&plan, true, IDENTITY_SIZE);
    add(&plan, true, SIGNATURE_SIZE);
    add(&plan, plan.debug, DEBUG_SIZE);
    add(&plan, true, TEMPORARY_SIZE);
    add(&plan, plan.needs_abi, NEEDS_ABI_SIZE);
    add(&plan, plan.security_version, SECURITY_VERSION_SIZE);
    add(&plan, plan.verity, VERITY_SIZE);
    add(&plan, plan.second, SECOND_SIZE);
    return plan;
}

static void give_head(uint8_t **p, uint16_t id, uint16_t len)
{
    give_u16(p, id);
    give_u16(p, len);
}

static void give_azure_sections(uint8_t **p, const struct tatu_image_info *info,
                                const struct plan *plan)
{
    give_head(p, SECTION_IDENTITY, IDENTITY_SIZE);
    give_u16(p, info->type);
    give_u16(p, 0);
    give_bytes(p, info->component, sizeof(info->component));
    give_bytes(p, info->image, sizeof(info->image));
    give_head(p, SECTION_SIGNATURE, SIGNATURE_SIZE);
    give_bytes(p, info->thumbprint, sizeof(info->thumbprint));
    give_u32(p, SIGNATURE_TYPE_P256);
    if (plan->debug) {
        give_head(p, SECTION_DEBUG, DEBUG_SIZE);
        give_u64(p, info->built_s);
        give_bytes(p, info->name, sizeof(info->name));
    }
    give_head(p, SECTION_TEMPORARY, TEMPORARY_SIZE);
    give_u32(p, info->temporary);
    if (plan->needs_abi) {
        give_head(p, SECTION_NEEDS_ABI, NEEDS_ABI_SIZE);
        give_u32(p, 1); /* entries */
        give_u32(p, ABI_VERSION);
        give_u32(p, ABI_TYPE_APPLICATION_RUNTIME);
    }
}

static void give_own_sections(uint8_t **p, const struct tatu_image_info *info,
                              const struct plan *plan)
{
    if (plan->security_version) {
        give_head(p, SECTION_SECURITY_VERSION, SECURITY_VERSION_SIZE);
        give_u32(p, info->security_version);
        give_u32(p, 0);
    }
    if (plan->verity) {
        give_head(p, SECTION_VERITY, VERITY_SIZE);
        give_u32(p, info->verity_data_len);
        give_u32(p, TATU_VERITY_BLOCK_SIZE);
        give_bytes(p, info->verity_root, sizeof(info->verity_root));
    }
    if (plan->second) {
        give_head(p, SECTION_SECOND, SECOND_SIZE);
        give_u16(p, SECOND_ALGORITHM_LMS);
        give_u16(p, 0);
        for (uint32_t i = 0; i < TATU_IMAGE_SECOND_SIZE; i++) {
            give_u8(p, 0);
        }
    }
}

enum tatu_err tatu_proto_encode_metadata(const struct tatu_image_info *info, struct tatu_buf *out)
{
    bool verity_fits =
        info->verity_data_len != 0 && info->verity_data_len % TATU_VERITY_BLOCK_SIZE == 0;
    if (info->temporary > TEMPORARY_MAX || (info->has_verity && !verity_fits)) {
        return TATU_ERR_ARGUMENT;
    }
    struct plan plan = make_plan(info);
    uint8_t *p = give_room(out, plan.len);
    if (p == NULL) {
        return TATU_ERR_FULL;
    }
    give_u32(&p, TATU_IMAGE_MAGIC);
    give_u32(&p, plan.count);
    give_azure_sections(&p, info, &plan);
    give_own_sections(&p, info, &plan);
    give_u32(&p, plan.len);
    return TATU_OK;
}
