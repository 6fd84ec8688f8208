#include "proto/image.h"

#include "bytes.h"
#include "image_sections.h"

/* Positions in a package, all counted from the start of `tail`. */
struct trailer {
    const uint8_t *metadata; /* magic, count, sections */
    size_t metadata_len;     /* without the length word */
    const uint8_t *signature;
    uint32_t body_len;
    uint32_t signed_len;
};

static enum tatu_err find_trailer(struct tatu_span tail, uint32_t package_len, struct trailer *out)
{
    if (package_len > TATU_IMAGE_PACKAGE_MAX) {
        return TATU_ERR_LONG;
    }
    if (package_len < METADATA_MIN + TATU_IMAGE_SIGNATURE_SIZE) {
        return TATU_ERR_SHORT;
    }
    if (tail.len > package_len) {
        return TATU_ERR_FORMAT;
    }
    if (tail.len < package_len && tail.len < TATU_IMAGE_TRAILER_MAX) {
        return TATU_ERR_SHORT;
    }
    const uint8_t *signature = tail.data + tail.len - TATU_IMAGE_SIGNATURE_SIZE;
    uint32_t metadata_len = tatu_get_le32(signature - LENGTH_SIZE);
    uint32_t signed_len = package_len - TATU_IMAGE_SIGNATURE_SIZE;
    if (metadata_len > TATU_IMAGE_METADATA_MAX) {
        return TATU_ERR_LONG;
    }
    if (metadata_len < METADATA_MIN || metadata_len > signed_len) {
        return TATU_ERR_FORMAT;
    }
    *out = (struct trailer){
        .metadata = signature - metadata_len,
        .metadata_len = metadata_len - LENGTH_SIZE,
        .signature = signature,
        .body_len = signed_len - metadata_len,
        .signed_len = signed_len,
    };
    return TATU_OK;
}

static enum tatu_err read_identity(const uint8_t *p, struct tatu_image_info *info)
{
    info->type = take_u16(&p);
    if (take_u16(&p) != 0) {
        return TATU_ERR_FORMAT;
    }
    take_bytes(&p, info->component, sizeof(info->component));
    take_bytes(&p, info->image, sizeof(info->image));
    return TATU_OK;
}

static enum tatu_err read_signature(const uint8_t *p, struct tatu_image_info *info)
{
    take_bytes(&p, info->thumbprint, sizeof(info->thumbprint));
    return take_u32(&p) == SIGNATURE_TYPE_P256 ? TATU_OK : TATU_ERR_VERSION;
}

static enum tatu_err read_debug(const uint8_t *p, struct tatu_image_info *info)
{
    info->built_s = take_u64(&p);
    take_bytes(&p, info->name, sizeof(info->name));
    bool ended = false;
    for (size_t i = 0; i < sizeof(info->name); i++) {
        uint8_t c = info->name[i];
        bool control = (c < 0x20 && c != 0) || c == 0x7f;
        if (control || (ended && c != 0)) {
            return TATU_ERR_FORMAT;
        }
        ended = ended || c == 0;
    }
    return TATU_OK;
}

static enum tatu_err read_temporary(const uint8_t *p, struct tatu_image_info *info)
{
    info->temporary = take_u32(&p);
    return info->temporary <= TEMPORARY_MAX ? TATU_OK : TATU_ERR_FORMAT;
}

static enum tatu_err read_security_version(const uint8_t *p, struct tatu_image_info *info)
{
    info->security_version = take_u32(&p);
    return take_u32(&p) == 0 ? TATU_OK : TATU_ERR_FORMAT;
}

static enum tatu_err read_verity(const uint8_t *p, struct tatu_image_info *info)
{
    info->has_verity = true;
    info->verity_data_len = take_u32(&p);
    if (take_u32(&p) != TATU_VERITY_BLOCK_SIZE) {
        return TATU_ERR_FORMAT;
    }
    take_bytes(&p, info->verity_root, sizeof(info->verity_root));
    uint32_t tree_len = tatu_proto_verity_tree_len(info->verity_data_len);
    if (info->verity_data_len == 0 || info->verity_data_len % TATU_VERITY_BLOCK_SIZE != 0 ||
        info->verity_data_len > info->body_len ||
        tree_len > info->body_len - info->verity_data_len) {
        return TATU_ERR_FORMAT;
    }
    return TATU_OK;
}

static enum tatu_err read_second(const uint8_t *p, struct tatu_image_info *info)
{
    if (take_u16(&p) != SECOND_ALGORITHM_LMS) {
        return TATU_ERR_VERSION;
    }
    info->has_second = true;
    return take_u16(&p) == 0 ? TATU_OK : TATU_ERR_FORMAT;
}

struct section {
    uint16_t id;
    uint16_t len;
    enum tatu_err (*read)(const uint8_t *p, struct tatu_image_info *info);
};

static const struct section known_sections[] = {
    {SECTION_IDENTITY, IDENTITY_SIZE, read_identity},
    {SECTION_SIGNATURE, SIGNATURE_SIZE, read_signature},
    {SECTION_DEBUG, DEBUG_SIZE, read_debug},
    {SECTION_TEMPORARY, TEMPORARY_SIZE, read_temporary},
    {SECTION_SECURITY_VERSION, SECURITY_VERSION_SIZE, read_security_version},
    {SECTION_VERITY, VERITY_SIZE, read_verity},
    {SECTION_SECOND, SECOND_SIZE, read_second},
};

/* Read for its form only: which runtime an application may need is the installer's business. */
static enum tatu_err read_needs_abi(const uint8_t *p, uint16_t len)
{
    if (len < ABI_COUNT_SIZE + ABI_ENTRY_SIZE || (len - ABI_COUNT_SIZE) % ABI_ENTRY_SIZE != 0) {
        return TATU_ERR_FORMAT;
    }
    return take_u32(&p) == (len - ABI_COUNT_SIZE) / ABI_ENTRY_SIZE ? TATU_OK : TATU_ERR_FORMAT;
}

static enum tatu_err read_section(uint16_t id, const uint8_t *data, uint16_t len,
                                  struct tatu_image_info *info)
{
    if (id == SECTION_NEEDS_ABI) {
        return read_needs_abi(data, len);
    }
    for (size_t i = 0; i < TATU_COUNT_OF(known_sections); i++) {
        if (known_sections[i].id == id) {
            return known_sections[i].len == len ? known_sections[i].read(data, info)
                                                : TATU_ERR_FORMAT;
        }
    }
    return TATU_OK; /* of a later or an older writer: skipped */
}

static bool is_listed(const uint16_t *ids, size_t count, uint16_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

static enum tatu_err read_sections(const struct trailer *trailer, struct tatu_image_info *info)
{
    uint16_t seen[TATU_IMAGE_SECTION_MAX];
    const uint8_t *p = trailer->metadata;
    const uint8_t *end = p + trailer->metadata_len;
    if (take_u32(&p) != TATU_IMAGE_MAGIC) {
        return TATU_ERR_FORMAT;
    }
    uint32_t count = take_u32(&p);
    if (count > TATU_IMAGE_SECTION_MAX) {
        return TATU_ERR_LONG;
    }
    for (uint32_t i = 0; i < count; i++) {
        if ((size_t)(end - p) < SECTION_HEAD_SIZE) {
            return TATU_ERR_FORMAT;
        }
        uint16_t id = take_u16(&p);
        uint16_t len = take_u16(&p);
        if (len > (size_t)(end - p) || is_listed(seen, i, id)) {
            return TATU_ERR_FORMAT;
        }
        TATU_TRY(read_section(id, p, len, info));
        seen[i] = id;
        p += len;
    }
    bool complete =
        is_listed(seen, count, SECTION_IDENTITY) && is_listed(seen, count, SECTION_SIGNATURE);
    /* the last one, so that its place follows from the end and no section is left uncovered */
    bool in_place = !info->has_second || seen[count - 1] == SECTION_SECOND;
    return p == end && complete && in_place ? TATU_OK : TATU_ERR_FORMAT;
}

enum tatu_err tatu_proto_decode_image(struct tatu_span tail, uint32_t package_len,
                                      struct tatu_image_info *out)
{
    struct trailer trailer;
    TATU_TRY(find_trailer(tail, package_len, &trailer));
    struct tatu_image_info info = {
        .body_len = trailer.body_len,
        .signed_len = trailer.signed_len,
    };
    TATU_TRY(read_sections(&trailer, &info));
    copy_bytes(info.signature, trailer.signature, sizeof(info.signature));
    *out = info;
    return TATU_OK;
}
