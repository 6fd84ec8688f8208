#include "proto/asxipfs.h"

#include "asxipfs_layout.h"

static struct tatu_span path_of(const struct tatu_asxipfs_entry *entry)
{
    return (struct tatu_span){(const uint8_t *)entry->path, text_len(entry->path)};
}

/* Where the last name starts in a path. */
static size_t name_at(struct tatu_span path)
{
    size_t at = path.len;
    while (at > 0 && path.data[at - 1] != '/') {
        at--;
    }
    return at;
}

static struct tatu_span name_of(const struct tatu_asxipfs_entry *entry)
{
    struct tatu_span path = path_of(entry);
    size_t at = name_at(path);
    return (struct tatu_span){path.data + at, path.len - at};
}

/* The directory an entry is in; empty for the root. */
static struct tatu_span parent_of(const struct tatu_asxipfs_entry *entry)
{
    struct tatu_span path = path_of(entry);
    size_t at = name_at(path);
    return (struct tatu_span){path.data, at == 0 ? 0 : at - 1};
}

static bool is_directory(const struct tatu_asxipfs_entry *entry)
{
    return (entry->mode & TATU_ASXIPFS_TYPE_MASK) == TATU_ASXIPFS_DIRECTORY;
}

static uint32_t inode_len(const struct tatu_asxipfs_entry *entry)
{
    return INODE_SIZE + round_up((uint32_t)name_of(entry).len, UNIT);
}

static enum tatu_err check_path(struct tatu_span path)
{
    size_t depth = 0;
    size_t at = 0;
    if (path.len > TATU_ASXIPFS_PATH_MAX) {
        return TATU_ERR_LONG;
    }
    do {
        size_t start = at;
        while (at < path.len && path.data[at] != '/') {
            at++;
        }
        struct tatu_span name = {path.data + start, at - start};
        if (!tatu_asxipfs_is_name(name)) {
            return TATU_ERR_ARGUMENT;
        }
        if (name.len > TATU_ASXIPFS_NAME_MAX || ++depth > TATU_ASXIPFS_DEPTH_MAX) {
            return TATU_ERR_LONG;
        }
    } while (at++ < path.len);
    return TATU_OK;
}

static enum tatu_err check_entry(const struct tatu_asxipfs_entry *entry)
{
    uint32_t type = entry->mode & TATU_ASXIPFS_TYPE_MASK;
    TATU_TRY(check_path(path_of(entry)));
    if ((type != TATU_ASXIPFS_FILE && type != TATU_ASXIPFS_DIRECTORY) ||
        (entry->mode & ~(TATU_ASXIPFS_TYPE_MASK | MODE_PERMISSIONS)) != 0 ||
        (type == TATU_ASXIPFS_DIRECTORY && entry->bytes.len != 0)) {
        return TATU_ERR_ARGUMENT;
    }
    return entry->bytes.len > TATU_ASXIPFS_SIZE_MAX ? TATU_ERR_LONG : TATU_OK;
}

/* Directory by directory, the root first; by name inside each. */
static int compare_entries(const struct tatu_asxipfs_entry *a, const struct tatu_asxipfs_entry *b)
{
    int order = tatu_asxipfs_compare(parent_of(a), parent_of(b));
    return order != 0 ? order : tatu_asxipfs_compare(name_of(a), name_of(b));
}

static void sort_entries(struct tatu_asxipfs_entry *entries, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct tatu_asxipfs_entry moving = entries[i];
        size_t at = i;
        while (at > 0 && compare_entries(&entries[at - 1], &moving) > 0) {
            entries[at] = entries[at - 1];
            at--;
        }
        entries[at] = moving;
    }
}

static bool has_parent(const struct tatu_asxipfs_entry *entries, size_t count, size_t which)
{
    struct tatu_span parent = parent_of(&entries[which]);
    for (size_t i = 0; i < count; i++) {
        if (is_directory(&entries[i]) && tatu_asxipfs_compare(path_of(&entries[i]), parent) == 0) {
            return true;
        }
    }
    return parent.len == 0;
}

static enum tatu_err check_tree(const struct tatu_asxipfs_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((i > 0 && compare_entries(&entries[i - 1], &entries[i]) == 0) ||
            !has_parent(entries, count, i)) {
            return TATU_ERR_ARGUMENT;
        }
    }
    return TATU_OK;
}

/* Offset and size of a directory's listing, which sorting has put in one piece. */
static void place_listing(const struct tatu_asxipfs_entry *entries, size_t count,
                          struct tatu_span path, uint32_t *out_offset, uint32_t *out_size)
{
    uint32_t at = NODES_AT;
    *out_offset = 0;
    *out_size = 0;
    for (size_t i = 0; i < count; i++) {
        if (tatu_asxipfs_compare(parent_of(&entries[i]), path) == 0) {
            *out_offset = *out_size == 0 ? at : *out_offset;
            *out_size += inode_len(&entries[i]);
        }
        at += inode_len(&entries[i]);
    }
}

/* Bytes of the whole image, once everything has its place. */
static enum tatu_err place_entries(struct tatu_asxipfs_entry *entries, size_t count,
                                   uint32_t *out_size)
{
    uint32_t at = NODES_AT;
    for (size_t i = 0; i < count; i++) {
        at += inode_len(&entries[i]);
    }
    at = round_up(at, TATU_ASXIPFS_BLOCK_SIZE);
    for (size_t i = 0; i < count; i++) {
        struct tatu_asxipfs_entry *entry = &entries[i];
        if (is_directory(entry)) {
            place_listing(entries, count, path_of(entry), &entry->offset, &entry->size);
            continue;
        }
        entry->size = (uint32_t)entry->bytes.len;
        entry->offset = entry->size == 0 ? 0 : at;
        at += round_up(entry->size, TATU_ASXIPFS_BLOCK_SIZE);
        if (at > TATU_ASXIPFS_SIZE_MAX) {
            return TATU_ERR_LONG;
        }
    }
    *out_size = at;
    return TATU_OK;
}

static void give_inode(uint8_t **p, uint32_t mode, uint32_t size, struct tatu_span name,
                       uint32_t offset)
{
    uint32_t name_units = round_up((uint32_t)name.len, UNIT) / UNIT;
    give_u32(p, mode); /* user 0 in the upper half */
    give_u32(p, size); /* group 0 in the upper byte */
    give_u32(p, name_units | offset / UNIT << NAME_UNITS_BITS);
    give_bytes(p, name.data, name.len);
    *p += name_units * UNIT - name.len;
}

static void give_super(uint8_t *image, uint32_t size, uint32_t data_at, uint32_t node_count)
{
    tatu_put_le32(image, TATU_ASXIPFS_MAGIC);
    tatu_put_le32(image + SUPER_SIZE_AT, size);
    tatu_put_le32(image + SUPER_FLAGS_AT, FLAGS);
    copy_bytes(image + SUPER_SIGNATURE_AT, (const uint8_t *)SIGNATURE_TEXT,
               text_len(SIGNATURE_TEXT));
    tatu_put_le32(image + SUPER_BLOCKS_AT, (size - data_at) / TATU_ASXIPFS_BLOCK_SIZE);
    tatu_put_le32(image + SUPER_FILES_AT, node_count);
    copy_bytes(image + SUPER_NAME_AT, (const uint8_t *)NAME_TEXT, text_len(NAME_TEXT));
}

static void give_image(const struct tatu_asxipfs_entry *entries, size_t count, uint8_t *image,
                       uint32_t size)
{
    struct tatu_span root = {NULL, 0};
    uint32_t root_offset = 0;
    uint32_t root_size = 0;
    for (uint32_t i = 0; i < size; i++) {
        image[i] = 0;
    }
    place_listing(entries, count, root, &root_offset, &root_size);
    uint8_t *p = image + ROOT_AT;
    give_inode(&p, TATU_ASXIPFS_DIRECTORY | 0755, root_size, root, root_offset);
    for (size_t i = 0; i < count; i++) {
        uint32_t mode = entries[i].mode;
        mode |= is_directory(&entries[i]) ? 0 : TATU_ASXIPFS_IN_PLACE;
        give_inode(&p, mode, entries[i].size, name_of(&entries[i]), entries[i].offset);
        copy_bytes(image + entries[i].offset, entries[i].bytes.data, entries[i].bytes.len);
    }
    uint32_t data_at = round_up((uint32_t)(p - image), TATU_ASXIPFS_BLOCK_SIZE);
    give_super(image, size, data_at, (uint32_t)count + 1);
    tatu_put_le32(image + SUPER_CRC_AT, tatu_asxipfs_crc((struct tatu_span){image, size}));
}

enum tatu_err tatu_proto_encode_asxipfs(struct tatu_asxipfs_entry *entries, size_t count,
                                        struct tatu_buf *out)
{
    uint32_t size = 0;
    if (count >= TATU_ASXIPFS_NODE_MAX) {
        return TATU_ERR_LONG;
    }
    for (size_t i = 0; i < count; i++) {
        TATU_TRY(check_entry(&entries[i]));
    }
    sort_entries(entries, count);
    TATU_TRY(check_tree(entries, count));
    TATU_TRY(place_entries(entries, count, &size));
    uint8_t *image = give_room(out, size);
    if (image == NULL) {
        return TATU_ERR_FULL;
    }
    give_image(entries, count, image, size);
    return TATU_OK;
}
