#include "proto/asxipfs.h"

#include "asxipfs_layout.h"

struct inode {
    uint16_t mode;
    uint32_t size;
    uint32_t name_len; /* as stored: padded to units */
    uint32_t offset;
};

static struct inode read_inode(const uint8_t *p)
{
    uint32_t last = tatu_get_le32(p + 8);
    return (struct inode){
        .mode = tatu_get_le16(p),
        .size = tatu_get_le32(p + 4) & SIZE_MASK,
        .name_len = (last & NAME_UNITS_MASK) * UNIT,
        .offset = (last >> NAME_UNITS_BITS) * UNIT,
    };
}

/* Without its padding, which is zero and shorter than a unit. */
static enum tatu_err read_name(const uint8_t *p, uint32_t stored_len, struct tatu_span *out)
{
    uint32_t len = 0;
    while (len < stored_len && p[len] != 0) {
        len++;
    }
    struct tatu_span name = {p, len};
    if (stored_len - len >= UNIT || !all_zero(p + len, stored_len - len) ||
        !tatu_asxipfs_is_name(name)) {
        return TATU_ERR_FORMAT;
    }
    if (len > TATU_ASXIPFS_NAME_MAX) {
        return TATU_ERR_LONG;
    }
    *out = name;
    return TATU_OK;
}

static bool is_listing_placed(struct tatu_span image, const struct inode *inode)
{
    return inode->size == 0 ||
           (inode->offset >= NODES_AT && inode->offset <= image.len &&
            inode->size <= image.len - inode->offset && inode->size % UNIT == 0);
}

static enum tatu_err check_file(struct tatu_span image, const struct inode *inode)
{
    if (inode->size == 0) {
        return TATU_OK;
    }
    bool placed = inode->offset >= TATU_ASXIPFS_BLOCK_SIZE && inode->offset <= image.len &&
                  inode->offset % TATU_ASXIPFS_BLOCK_SIZE == 0 &&
                  inode->size <= image.len - inode->offset;
    return placed && (inode->mode & TATU_ASXIPFS_IN_PLACE) != 0 ? TATU_OK : TATU_ERR_FORMAT;
}

/* The walk's path becomes that of `name` in the directory of the present level. */
static enum tatu_err set_path(struct tatu_asxipfs_walk *walk, struct tatu_span name,
                              uint32_t *out_len)
{
    uint32_t at = walk->levels[walk->depth].path_len;
    if (at + 1 + name.len > TATU_ASXIPFS_PATH_MAX) {
        return TATU_ERR_LONG;
    }
    if (at != 0) {
        walk->path[at++] = '/';
    }
    copy_bytes((uint8_t *)walk->path + at, name.data, name.len);
    at += (uint32_t)name.len;
    walk->path[at] = '\0';
    *out_len = at;
    return TATU_OK;
}

static enum tatu_err enter(struct tatu_asxipfs_walk *walk, const struct inode *inode,
                           uint32_t path_len)
{
    if (!is_listing_placed(walk->image, inode)) {
        return TATU_ERR_FORMAT;
    }
    if (inode->size == 0) {
        return TATU_OK;
    }
    if (walk->depth == TATU_ASXIPFS_DEPTH_MAX - 1) {
        return TATU_ERR_LONG;
    }
    walk->depth++;
    walk->levels[walk->depth].at = inode->offset;
    walk->levels[walk->depth].end = inode->offset + inode->size;
    walk->levels[walk->depth].path_len = path_len;
    walk->levels[walk->depth].previous = (struct tatu_span){NULL, 0};
    return TATU_OK;
}

/* Takes one inode and its name from the listing of the present level. */
static enum tatu_err take_inode(struct tatu_asxipfs_walk *walk, struct inode *out,
                                struct tatu_span *out_name)
{
    uint32_t at = walk->levels[walk->depth].at;
    uint32_t left = walk->levels[walk->depth].end - at;
    struct tatu_span name;
    if (left < INODE_SIZE) {
        return TATU_ERR_FORMAT;
    }
    struct inode inode = read_inode(walk->image.data + at);
    if (inode.name_len > left - INODE_SIZE) {
        return TATU_ERR_FORMAT;
    }
    TATU_TRY(read_name(walk->image.data + at + INODE_SIZE, inode.name_len, &name));
    struct tatu_span previous = walk->levels[walk->depth].previous;
    if (previous.len != 0 && tatu_asxipfs_compare(previous, name) >= 0) {
        return TATU_ERR_FORMAT;
    }
    walk->inode_at = at;
    walk->levels[walk->depth].previous = name;
    walk->levels[walk->depth].at = at + INODE_SIZE + inode.name_len;
    *out = inode;
    *out_name = name;
    return TATU_OK;
}

void tatu_proto_start_asxipfs(const struct tatu_asxipfs *fs, struct tatu_asxipfs_walk *out)
{
    struct inode root = read_inode(fs->image.data + ROOT_AT);
    *out = (struct tatu_asxipfs_walk){.image = fs->image, .seen = 1, .inode_at = ROOT_AT};
    if (is_listing_placed(fs->image, &root) && root.size != 0) {
        out->levels[0].at = root.offset;
        out->levels[0].end = root.offset + root.size;
    }
}

enum tatu_err tatu_proto_next_asxipfs(struct tatu_asxipfs_walk *walk, struct tatu_asxipfs_node *out)
{
    struct inode inode;
    struct tatu_span name;
    uint32_t path_len = 0;
    while (walk->levels[walk->depth].at == walk->levels[walk->depth].end) {
        if (walk->depth == 0) {
            return TATU_ERR_NOT_FOUND;
        }
        walk->depth--;
    }
    TATU_TRY(take_inode(walk, &inode, &name));
    TATU_TRY(set_path(walk, name, &path_len));
    /* a directory that contains itself would be walked for ever */
    if (++walk->seen > TATU_ASXIPFS_NODE_MAX) {
        return TATU_ERR_LONG;
    }
    if ((inode.mode & MODE_SET_ID) != 0) {
        return TATU_ERR_FORMAT;
    }
    struct tatu_asxipfs_node node = {.mode = inode.mode};
    switch (inode.mode & TATU_ASXIPFS_TYPE_MASK) {
    case TATU_ASXIPFS_DIRECTORY:
        TATU_TRY(enter(walk, &inode, path_len));
        break;
    case TATU_ASXIPFS_FILE:
        TATU_TRY(check_file(walk->image, &inode));
        TATU_TRY(tatu_base_take_span(walk->image, inode.size == 0 ? 0 : inode.offset, inode.size,
                                     &node.data));
        break;
    default: /* devices, sockets, pipes, symbolic links */
        return TATU_ERR_FORMAT;
    }
    *out = node;
    return TATU_OK;
}

enum tatu_err tatu_proto_find_asxipfs(const struct tatu_asxipfs *fs, const char *path,
                                      struct tatu_asxipfs_node *out)
{
    struct tatu_span wanted = {(const uint8_t *)path, text_len(path)};
    struct tatu_asxipfs_walk walk;
    struct tatu_asxipfs_node node;
    tatu_proto_start_asxipfs(fs, &walk);
    while (tatu_proto_next_asxipfs(&walk, &node) == TATU_OK) {
        if (is_text(wanted, walk.path)) {
            *out = node;
            return TATU_OK;
        }
    }
    return TATU_ERR_NOT_FOUND;
}
