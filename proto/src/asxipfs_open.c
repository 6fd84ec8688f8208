#include "proto/asxipfs.h"

#include "asxipfs_layout.h"

/* The largest listings there can be: every node with the longest name. */
#define NODES_END_MAX (NODES_AT + TATU_ASXIPFS_NODE_MAX * (INODE_SIZE + TATU_ASXIPFS_NAME_MAX + 1u))
#define UNIT_COUNT (NODES_END_MAX / UNIT)

/* Which units of the image a listing has used, and where the parts end. */
struct usage {
    uint8_t units[(UNIT_COUNT + 7) / 8];
    uint32_t nodes_end;
    uint32_t data_at;
};

static enum tatu_err open_super(struct tatu_span body, struct tatu_asxipfs *out)
{
    if (body.len < NODES_AT) {
        return TATU_ERR_SHORT;
    }
    const uint8_t *p = body.data;
    uint32_t size = tatu_get_le32(p + SUPER_SIZE_AT);
    struct tatu_span signature = {p + SUPER_SIGNATURE_AT, text_len(SIGNATURE_TEXT)};
    if (tatu_get_le32(p) != TATU_ASXIPFS_MAGIC || !is_text(signature, SIGNATURE_TEXT)) {
        return TATU_ERR_FORMAT;
    }
    if (tatu_get_le32(p + SUPER_FLAGS_AT) != FLAGS || tatu_get_le32(p + SUPER_FLAGS_AT + 4) != 0) {
        return TATU_ERR_VERSION;
    }
    if (size == 0 || size % TATU_ASXIPFS_BLOCK_SIZE != 0) {
        return TATU_ERR_FORMAT;
    }
    if (size > TATU_ASXIPFS_SIZE_MAX || size > body.len) {
        return size > TATU_ASXIPFS_SIZE_MAX ? TATU_ERR_LONG : TATU_ERR_SHORT;
    }
    struct tatu_span image = {p, size};
    if (tatu_asxipfs_crc(image) != tatu_get_le32(p + SUPER_CRC_AT)) {
        return TATU_ERR_DIGEST;
    }
    *out = (struct tatu_asxipfs){image, tatu_get_le32(p + SUPER_FILES_AT)};
    return out->node_count > TATU_ASXIPFS_NODE_MAX ? TATU_ERR_LONG : TATU_OK;
}

static enum tatu_err check_root(struct tatu_span image)
{
    uint32_t mode = tatu_get_le16(image.data + ROOT_AT);
    uint32_t size = tatu_get_le32(image.data + ROOT_AT + 4) & SIZE_MASK;
    uint32_t last = tatu_get_le32(image.data + ROOT_AT + 8);
    uint32_t offset = (last >> NAME_UNITS_BITS) * UNIT;
    bool placed = size == 0 || (offset >= NODES_AT && offset <= image.len &&
                                size <= image.len - offset && size % UNIT == 0);
    bool good = (mode & TATU_ASXIPFS_TYPE_MASK) == TATU_ASXIPFS_DIRECTORY &&
                (mode & MODE_SET_ID) == 0 && (last & NAME_UNITS_MASK) == 0 && placed;
    return good ? TATU_OK : TATU_ERR_FORMAT;
}

/* Two listings that share an inode, or start inside each other's, would be two trees in one. */
static enum tatu_err use_inode(struct usage *usage, uint32_t at, uint32_t end)
{
    if (end > NODES_END_MAX) {
        return TATU_ERR_FORMAT;
    }
    for (uint32_t unit = at / UNIT; unit < end / UNIT; unit++) {
        uint8_t bit = (uint8_t)(1u << unit % 8);
        if ((usage->units[unit / 8] & bit) != 0) {
            return TATU_ERR_FORMAT;
        }
        usage->units[unit / 8] |= bit;
    }
    usage->nodes_end = end > usage->nodes_end ? end : usage->nodes_end;
    return TATU_OK;
}

static uint32_t inode_end(const struct tatu_asxipfs_walk *walk)
{
    const uint8_t *inode = walk->image.data + walk->inode_at;
    return walk->inode_at + INODE_SIZE + (tatu_get_le32(inode + 8) & NAME_UNITS_MASK) * UNIT;
}

enum tatu_err tatu_proto_open_asxipfs(struct tatu_span body, struct tatu_asxipfs *out)
{
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_walk walk;
    struct tatu_asxipfs_node node;
    struct usage usage = {.nodes_end = NODES_AT, .data_at = UINT32_MAX};
    TATU_TRY(open_super(body, &fs));
    TATU_TRY(check_root(fs.image));
    tatu_proto_start_asxipfs(&fs, &walk);
    enum tatu_err err = tatu_proto_next_asxipfs(&walk, &node);
    while (err == TATU_OK) {
        TATU_TRY(use_inode(&usage, walk.inode_at, inode_end(&walk)));
        uint32_t at = (uint32_t)(node.data.len == 0 ? UINT32_MAX : node.data.data - fs.image.data);
        usage.data_at = at < usage.data_at ? at : usage.data_at;
        err = tatu_proto_next_asxipfs(&walk, &node);
    }
    if (err != TATU_ERR_NOT_FOUND) {
        return err;
    }
    if (usage.nodes_end > usage.data_at || walk.seen != fs.node_count) {
        return TATU_ERR_FORMAT;
    }
    *out = fs;
    return TATU_OK;
}
