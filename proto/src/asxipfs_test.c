#include "proto/asxipfs.h"

#include "testing.h"

#define FILE_MODE (TATU_ASXIPFS_FILE | 0644)
#define PROGRAM_MODE (TATU_ASXIPFS_FILE | 0755)
#define DIRECTORY_MODE (TATU_ASXIPFS_DIRECTORY | 0755)
#define BLOCK TATU_ASXIPFS_BLOCK_SIZE
/* Where the sample's inodes are: root, then app_manifest.json, bin, empty, then bin's app and zz */
#define ROOT_AT 64u
#define MANIFEST_AT 76u
#define BIN_AT (MANIFEST_AT + 12 + 20)
#define EMPTY_AT (BIN_AT + 12 + 4)
#define APP_AT (EMPTY_AT + 12 + 8)
#define ZZ_AT (APP_AT + 12 + 4)
#define NODES_END (ZZ_AT + 12 + 4)
#define IMAGE_LEN (4 * BLOCK)

static uint8_t program[5000];
static uint8_t image[8 * BLOCK];

static struct tatu_buf encode_sample(void)
{
    struct tatu_asxipfs_entry entries[] = {
        {.path = "bin/zz", .mode = FILE_MODE},
        {.path = "empty", .mode = DIRECTORY_MODE},
        {.path = "bin/app", .mode = PROGRAM_MODE, .bytes = TATU_SPAN_OF(program)},
        {.path = "app_manifest.json", .mode = FILE_MODE, .bytes = {(const uint8_t *)"{}", 2}},
        {.path = "bin", .mode = DIRECTORY_MODE},
    };
    struct tatu_buf buf = TATU_BUF_OF(image);
    memset(program, 0x7f, sizeof(program));
    memset(image, UNTOUCHED, sizeof(image));
    assert_int_equal(tatu_proto_encode_asxipfs(entries, TATU_COUNT_OF(entries), &buf), TATU_OK);
    assert_int_equal(buf.len, IMAGE_LEN);
    return buf;
}

static void fix_crc(size_t len)
{
    memset(image + 32, 0, 4);
    tatu_put_le32(image + 32, tatu_base_crc32((struct tatu_span){image, len}));
}

static enum tatu_err open_len(size_t len, struct tatu_asxipfs *out)
{
    return tatu_proto_open_asxipfs((struct tatu_span){image, len}, out);
}

static void image_has_the_layout_of_the_original(void **state)
{
    (void)state;
    (void)encode_sample();
    assert_int_equal(tatu_get_le32(image), TATU_ASXIPFS_MAGIC);
    assert_int_equal(tatu_get_le32(image + 4), IMAGE_LEN);
    assert_int_equal(tatu_get_le32(image + 8), 3);
    assert_memory_equal(image + 16, "Compressed ROMFS", 16);
    assert_int_equal(tatu_get_le32(image + 44), 6);
    assert_memory_equal(image + 48, "Compressed\0\0\0\0\0\0", 16);
    assert_int_equal(tatu_get_le16(image + ROOT_AT), DIRECTORY_MODE);
    assert_int_equal(tatu_get_le32(image + ROOT_AT + 4), APP_AT - MANIFEST_AT);
    assert_int_equal(tatu_get_le32(image + ROOT_AT + 8), MANIFEST_AT / 4 << 6);
    assert_int_equal(tatu_get_le16(image + MANIFEST_AT), FILE_MODE | 01000);
    assert_int_equal(tatu_get_le32(image + MANIFEST_AT + 4), 2);
    assert_int_equal(tatu_get_le32(image + MANIFEST_AT + 8), (BLOCK / 4 << 6) | 5);
    assert_memory_equal(image + MANIFEST_AT + 12, "app_manifest.json\0\0\0", 20);
    assert_int_equal(tatu_get_le32(image + BIN_AT + 8), (APP_AT / 4 << 6) | 1);
    assert_memory_equal(image + APP_AT + 12, "app\0", 4);
    assert_int_equal(tatu_get_le16(image + APP_AT), PROGRAM_MODE | 01000);
    assert_memory_equal(image + BLOCK, "{}\0", 3);
    assert_memory_equal(image + 2 * BLOCK, program, sizeof(program));
    uint32_t crc = tatu_get_le32(image + 32);
    fix_crc(IMAGE_LEN);
    assert_int_equal(tatu_get_le32(image + 32), crc);
}

static void walk_gives_the_tree_in_order(void **state)
{
    (void)state;
    static const char *const paths[] = {"app_manifest.json", "bin", "bin/app", "bin/zz", "empty"};
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_walk walk;
    struct tatu_asxipfs_node node;
    (void)encode_sample();
    assert_int_equal(open_len(sizeof(image), &fs), TATU_OK);
    assert_int_equal(fs.image.len, IMAGE_LEN);
    assert_int_equal(fs.node_count, 6);
    tatu_proto_start_asxipfs(&fs, &walk);
    for (size_t i = 0; i < TATU_COUNT_OF(paths); i++) {
        assert_int_equal(tatu_proto_next_asxipfs(&walk, &node), TATU_OK);
        assert_string_equal(walk.path, paths[i]);
    }
    memset(&node, UNTOUCHED, sizeof(node));
    assert_int_equal(tatu_proto_next_asxipfs(&walk, &node), TATU_ERR_NOT_FOUND);
    assert_int_equal(tatu_proto_next_asxipfs(&walk, &node), TATU_ERR_NOT_FOUND);
    assert_true(is_untouched(&node, sizeof(node)));
}

static void file_is_found_by_its_path(void **state)
{
    (void)state;
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_node node;
    static const char *const missing[] = {"",         "app", "bin/",  "/bin/app",
                                          "bin/app2", "BIN", "bin/.."};
    (void)encode_sample();
    assert_int_equal(open_len(IMAGE_LEN, &fs), TATU_OK);
    assert_int_equal(tatu_proto_find_asxipfs(&fs, "bin/app", &node), TATU_OK);
    assert_int_equal(node.mode, PROGRAM_MODE | TATU_ASXIPFS_IN_PLACE);
    assert_int_equal(node.data.len, sizeof(program));
    assert_memory_equal(node.data.data, program, sizeof(program));
    assert_int_equal(tatu_proto_find_asxipfs(&fs, "bin/zz", &node), TATU_OK);
    assert_int_equal(node.data.len, 0);
    for (size_t i = 0; i < TATU_COUNT_OF(missing); i++) {
        expect_err(missing[i], tatu_proto_find_asxipfs(&fs, missing[i], &node), TATU_ERR_NOT_FOUND);
    }
}

static const struct spoil spoils[] = {
    {"magic", 0, 1, 0, TATU_ERR_FORMAT},
    {"signature text", 16, 1, 'c', TATU_ERR_FORMAT},
    {"other features", 8, 4, 7, TATU_ERR_VERSION},
    {"unsorted directories", 8, 4, 1, TATU_ERR_VERSION},
    {"the reserved word", 12, 4, 1, TATU_ERR_VERSION},
    {"no size", 4, 4, 0, TATU_ERR_FORMAT},
    {"a size of part of a block", 4, 4, IMAGE_LEN - 4, TATU_ERR_FORMAT},
    {"a size beyond the body", 4, 4, IMAGE_LEN + BLOCK, TATU_ERR_SHORT},
    {"a size over the maximum", 4, 4, TATU_ASXIPFS_SIZE_MAX + BLOCK, TATU_ERR_LONG},
    {"a node count over the maximum", 44, 4, TATU_ASXIPFS_NODE_MAX + 1, TATU_ERR_LONG},
    {"a node more than there is", 44, 4, 7, TATU_ERR_FORMAT},
    {"a node fewer than there is", 44, 4, 5, TATU_ERR_FORMAT},
    {"a root that is a file", ROOT_AT, 2, FILE_MODE, TATU_ERR_FORMAT},
    {"a root with set-group-id", ROOT_AT, 2, DIRECTORY_MODE | 02000, TATU_ERR_FORMAT},
    {"a root with a name", ROOT_AT + 8, 4, (MANIFEST_AT / 4 << 6) | 1, TATU_ERR_FORMAT},
    {"a root in the superblock", ROOT_AT + 8, 4, ROOT_AT / 4 << 6, TATU_ERR_FORMAT},
    {"a root beyond the image", ROOT_AT + 8, 4, 0x3ffffffu << 6, TATU_ERR_FORMAT},
    {"a root longer than the image", ROOT_AT + 4, 4, 0xfffffc, TATU_ERR_FORMAT},
    {"a root of part of a unit", ROOT_AT + 4, 4, APP_AT - MANIFEST_AT - 1, TATU_ERR_FORMAT},
    {"a root that ends inside an inode", ROOT_AT + 4, 4, APP_AT - MANIFEST_AT - 12,
     TATU_ERR_FORMAT},
    {"a character device", APP_AT, 2, 0020666, TATU_ERR_FORMAT},
    {"a block device", APP_AT, 2, 0060666, TATU_ERR_FORMAT},
    {"a pipe", APP_AT, 2, 0010666, TATU_ERR_FORMAT},
    {"a socket", APP_AT, 2, 0140666, TATU_ERR_FORMAT},
    {"a symbolic link", APP_AT, 2, 0121777, TATU_ERR_FORMAT},
    {"set-user-id", APP_AT, 2, PROGRAM_MODE | 05000, TATU_ERR_FORMAT},
    {"set-group-id", APP_AT, 2, PROGRAM_MODE | 03000, TATU_ERR_FORMAT},
    {"a compressed file", APP_AT, 2, PROGRAM_MODE, TATU_ERR_FORMAT},
    {"a file in the superblock", APP_AT + 8, 4, 1, TATU_ERR_FORMAT},
    {"a file not at a block", APP_AT + 8, 4, ((2 * BLOCK + 4) / 4 << 6) | 1, TATU_ERR_FORMAT},
    {"a file beyond the image", APP_AT + 8, 4, (IMAGE_LEN / 4 << 6) | 1, TATU_ERR_FORMAT},
    {"a file longer than the image", APP_AT + 4, 4, 0xffffff, TATU_ERR_FORMAT},
    {"an empty name", APP_AT + 12, 4, 0, TATU_ERR_FORMAT},
    {"the name .", APP_AT + 12, 4, '.', TATU_ERR_FORMAT},
    {"the name ..", APP_AT + 12, 4, 0x2e2e, TATU_ERR_FORMAT},
    {"a space in a name", APP_AT + 13, 1, ' ', TATU_OK},
    {"the last control character", APP_AT + 13, 1, 0x1f, TATU_ERR_FORMAT},
    {"a slash in a name", APP_AT + 13, 1, '/', TATU_ERR_FORMAT},
    {"a control character in a name", APP_AT + 13, 1, '\n', TATU_ERR_FORMAT},
    {"a byte after a name's end", MANIFEST_AT + 12 + 19, 1, 'x', TATU_ERR_FORMAT},
    {"a name padded by a whole unit", MANIFEST_AT + 12 + 16, 1, 0, TATU_ERR_FORMAT},
    {"no name", APP_AT + 8, 4, 2 * BLOCK / 4 << 6, TATU_ERR_FORMAT},
    {"a name longer than the directory", ZZ_AT + 8, 4, 2, TATU_ERR_FORMAT},
    {"names that fall", APP_AT + 12, 1, 'z' + 1, TATU_ERR_FORMAT},
    {"two directories with one listing", EMPTY_AT + 4, 4, 16, TATU_ERR_FORMAT},
    {"a directory in the superblock", BIN_AT + 8, 4, (16u / 4 << 6) | 1, TATU_ERR_FORMAT},
    {"a directory beyond the image", BIN_AT + 4, 4, 0xfffffc, TATU_ERR_FORMAT},
};

static void open_refuses_each_spoiled_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(spoils); i++) {
        struct tatu_asxipfs out;
        memset(&out, UNTOUCHED, sizeof(out));
        (void)encode_sample();
        spoil_bytes(image, &spoils[i]);
        if (strcmp(spoils[i].promise, "two directories with one listing") == 0) {
            tatu_put_le32(image + EMPTY_AT + 8, (APP_AT / 4 << 6) | 2);
            tatu_put_le32(image + 44, 7);
        }
        fix_crc(IMAGE_LEN);
        expect_err(spoils[i].promise, open_len(IMAGE_LEN, &out), spoils[i].err);
        assert_true(spoils[i].err == TATU_OK || is_untouched(&out, sizeof(out)));
    }
}

static void open_refuses_a_name_listed_twice(void **state)
{
    (void)state;
    struct tatu_asxipfs out;
    (void)encode_sample();
    memcpy(image + ZZ_AT + 12, "app\0", 4);
    fix_crc(IMAGE_LEN);
    assert_int_equal(open_len(IMAGE_LEN, &out), TATU_ERR_FORMAT);
}

static void open_refuses_a_directory_inside_itself(void **state)
{
    (void)state;
    struct tatu_asxipfs out;
    (void)encode_sample();
    tatu_put_le32(image + BIN_AT + 4, APP_AT - MANIFEST_AT);
    tatu_put_le32(image + BIN_AT + 8, (MANIFEST_AT / 4 << 6) | 1);
    fix_crc(IMAGE_LEN);
    assert_int_equal(open_len(IMAGE_LEN, &out), TATU_ERR_FORMAT);
}

/* A file's data that is at the same time a directory's listing could show two different trees. */
static void open_refuses_a_listing_in_the_data(void **state)
{
    (void)state;
    struct tatu_asxipfs out;
    (void)encode_sample();
    memcpy(image + BLOCK, image + APP_AT, NODES_END - APP_AT);
    tatu_put_le32(image + BIN_AT + 8, (BLOCK / 4 << 6) | 1);
    fix_crc(IMAGE_LEN);
    assert_int_equal(open_len(IMAGE_LEN, &out), TATU_ERR_FORMAT);
}

static void open_notices_damage(void **state)
{
    (void)state;
    struct tatu_asxipfs out;
    (void)encode_sample();
    image[3 * BLOCK + 1] ^= 1;
    assert_int_equal(open_len(IMAGE_LEN, &out), TATU_ERR_DIGEST);
    image[3 * BLOCK + 1] ^= 1;
    image[33] ^= 1;
    assert_int_equal(open_len(IMAGE_LEN, &out), TATU_ERR_DIGEST);
    image[33] ^= 1;
    for (size_t len = 0; len < IMAGE_LEN; len += 19) {
        expect_err("cut off", open_len(len, &out), TATU_ERR_SHORT);
    }
}

static void walk_of_an_unchecked_image_ends(void **state)
{
    (void)state;
    (void)encode_sample();
    tatu_put_le32(image + BIN_AT + 4, APP_AT - MANIFEST_AT);
    tatu_put_le32(image + BIN_AT + 8, (MANIFEST_AT / 4 << 6) | 1);
    struct tatu_asxipfs fs = {{image, IMAGE_LEN}, 6};
    struct tatu_asxipfs_walk walk;
    struct tatu_asxipfs_node node;
    enum tatu_err err = TATU_OK;
    tatu_proto_start_asxipfs(&fs, &walk);
    while (err == TATU_OK) {
        err = tatu_proto_next_asxipfs(&walk, &node);
    }
    expect_err("a directory inside itself", err, TATU_ERR_LONG);
}

#define A20 "aaaaaaaaaaaaaaaaaaaa"
#define A63 A20 A20 A20 "aaa"

static const struct {
    const char *promise;
    const char *path;
    uint16_t mode;
    size_t len;
    enum tatu_err err;
} entries_refused[] = {
    {"an empty path", "", FILE_MODE, 0, TATU_ERR_ARGUMENT},
    {"an absolute path", "/a", FILE_MODE, 0, TATU_ERR_ARGUMENT},
    {"a trailing slash", "a/", FILE_MODE, 0, TATU_ERR_ARGUMENT},
    {"a doubled slash", "bin//a", FILE_MODE, 0, TATU_ERR_ARGUMENT},
    {"a path with .", "bin/./a", FILE_MODE, 0, TATU_ERR_ARGUMENT},
    {"a path with ..", "bin/../a", FILE_MODE, 0, TATU_ERR_ARGUMENT},
    {"a control character", "a\nb", FILE_MODE, 0, TATU_ERR_ARGUMENT},
    {"a path that comes twice", "bin", FILE_MODE, 0, TATU_ERR_ARGUMENT},
    {"a directory that is not listed", "lib/a", FILE_MODE, 0, TATU_ERR_ARGUMENT},
    {"a directory that is a file", "file/a", FILE_MODE, 0, TATU_ERR_ARGUMENT},
    {"a symbolic link", "a", 0120777, 0, TATU_ERR_ARGUMENT},
    {"a device", "a", 0020666, 0, TATU_ERR_ARGUMENT},
    {"no type", "a", 0644, 0, TATU_ERR_ARGUMENT},
    {"set-user-id", "a", FILE_MODE | 04000, 0, TATU_ERR_ARGUMENT},
    {"the sticky bit", "a", FILE_MODE | 01000, 0, TATU_ERR_ARGUMENT},
    {"bytes in a directory", "a", DIRECTORY_MODE, 1, TATU_ERR_ARGUMENT},
    {"a name over its maximum", A63 "a", FILE_MODE, 0, TATU_ERR_LONG},
    {"the longest name", A63, FILE_MODE, 0, TATU_OK},
    {"nine names", "1/2/3/4/5/6/7/8/9", FILE_MODE, 0, TATU_ERR_LONG},
    {"a path over its maximum", A63 "/" A63 "/" A63 "/" A63 "/", FILE_MODE, 0, TATU_ERR_LONG},
    {"bytes over the maximum", "a", FILE_MODE, TATU_ASXIPFS_SIZE_MAX + 1, TATU_ERR_LONG},
    {"an image over the maximum", "a", FILE_MODE, TATU_ASXIPFS_SIZE_MAX, TATU_ERR_LONG},
};

static void encode_refuses_each_error(void **state)
{
    (void)state;
    static uint8_t large[TATU_ASXIPFS_SIZE_MAX + 1];
    for (size_t i = 0; i < TATU_COUNT_OF(entries_refused); i++) {
        struct tatu_asxipfs_entry entries[] = {
            {.path = entries_refused[i].path, .mode = entries_refused[i].mode},
            {.path = "bin", .mode = DIRECTORY_MODE},
            {.path = "file", .mode = FILE_MODE},
        };
        struct tatu_buf buf = TATU_BUF_OF(image);
        entries[0].bytes = (struct tatu_span){large, entries_refused[i].len};
        expect_err(entries_refused[i].promise, tatu_proto_encode_asxipfs(entries, 3, &buf),
                   entries_refused[i].err);
        assert_true(entries_refused[i].err == TATU_OK || buf.len == 0);
    }
}

static void encode_writes_whole_or_not_at_all(void **state)
{
    (void)state;
    struct tatu_asxipfs_entry entry = {.path = "a", .mode = FILE_MODE, .bytes = {image, 1}};
    struct tatu_buf buf = {image, 0, 2 * BLOCK - 1};
    assert_int_equal(tatu_proto_encode_asxipfs(&entry, 1, &buf), TATU_ERR_FULL);
    assert_int_equal(buf.len, 0);
    static struct tatu_asxipfs_entry many[TATU_ASXIPFS_NODE_MAX];
    assert_int_equal(tatu_proto_encode_asxipfs(many, TATU_ASXIPFS_NODE_MAX, &buf), TATU_ERR_LONG);
}

static void empty_tree_is_a_file_system(void **state)
{
    (void)state;
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_walk walk;
    struct tatu_asxipfs_node node;
    struct tatu_buf buf = TATU_BUF_OF(image);
    assert_int_equal(tatu_proto_encode_asxipfs(NULL, 0, &buf), TATU_OK);
    assert_int_equal(open_len(buf.len, &fs), TATU_OK);
    tatu_proto_start_asxipfs(&fs, &walk);
    assert_int_equal(tatu_proto_next_asxipfs(&walk, &node), TATU_ERR_NOT_FOUND);
}

/* The largest tree in number and in depth is written and read; one node more is refused above. */
static void largest_tree_is_read_back(void **state)
{
    (void)state;
    static char paths[TATU_ASXIPFS_NODE_MAX - 1][64];
    static struct tatu_asxipfs_entry entries[TATU_ASXIPFS_NODE_MAX - 1];
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_node node;
    struct tatu_buf buf = TATU_BUF_OF(image);
    for (size_t i = 0; i < TATU_COUNT_OF(entries); i++) {
        static const char deep[] = "1/2/3/4/5/6/7/8";
        if (i < TATU_ASXIPFS_DEPTH_MAX) {
            memcpy(paths[i], deep, 2 * i + 1);
        } else {
            memset(paths[i], 'f', 63);
            paths[i][0] = (char)('A' + i % 26);
            paths[i][1] = (char)('A' + i / 26);
        }
        entries[i].path = paths[i];
        entries[i].mode = i + 1 < TATU_ASXIPFS_DEPTH_MAX ? DIRECTORY_MODE : FILE_MODE;
    }
    assert_int_equal(tatu_proto_encode_asxipfs(entries, TATU_COUNT_OF(entries), &buf), TATU_OK);
    assert_int_equal(open_len(buf.len, &fs), TATU_OK);
    assert_int_equal(fs.node_count, TATU_ASXIPFS_NODE_MAX);
    assert_int_equal(tatu_proto_find_asxipfs(&fs, "1/2/3/4/5/6/7/8", &node), TATU_OK);
}

/* Five directories of 49 letters each are a good path; three letters more in each name are not. */
static void open_refuses_a_path_over_its_maximum(void **state)
{
    (void)state;
    static char paths[5][256];
    struct tatu_asxipfs_entry entries[5];
    struct tatu_asxipfs out;
    struct tatu_buf buf = TATU_BUF_OF(image);
    for (size_t i = 0; i < 5; i++) {
        memset(paths[i], 'a', 50 * i + 49);
        for (size_t k = 0; k < i; k++) {
            paths[i][50 * k + 49] = '/';
        }
        entries[i] = (struct tatu_asxipfs_entry){.path = paths[i], .mode = DIRECTORY_MODE};
    }
    assert_int_equal(tatu_proto_encode_asxipfs(entries, 5, &buf), TATU_OK);
    assert_int_equal(open_len(buf.len, &out), TATU_OK);
    for (size_t i = 0; i < 5; i++) {
        memset(image + 76 + i * (12 + 52) + 12, 'a', 52);
    }
    fix_crc(buf.len);
    assert_int_equal(open_len(buf.len, &out), TATU_ERR_LONG);
}

static void longest_path_is_read_back(void **state)
{
    (void)state;
    static char path[256];
    struct tatu_asxipfs_entry entries[4];
    static char paths[4][256];
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_node node;
    struct tatu_buf buf = TATU_BUF_OF(image);
    memset(path, 'a', 255);
    path[63] = path[127] = path[191] = '/';
    for (size_t i = 0; i < 4; i++) {
        memcpy(paths[i], path, 64 * i + 63);
        entries[i] = (struct tatu_asxipfs_entry){.path = paths[i], .mode = DIRECTORY_MODE};
    }
    assert_int_equal(tatu_proto_encode_asxipfs(entries, 4, &buf), TATU_OK);
    assert_int_equal(open_len(buf.len, &fs), TATU_OK);
    assert_int_equal(tatu_proto_find_asxipfs(&fs, path, &node), TATU_OK);
}

/* 300 nodes, though the superblock owns up to 256 only. */
static void open_refuses_more_nodes_than_there_may_be(void **state)
{
    (void)state;
    struct tatu_asxipfs out;
    struct tatu_buf buf = TATU_BUF_OF(image);
    assert_int_equal(tatu_proto_encode_asxipfs(NULL, 0, &buf), TATU_OK);
    memset(image + BLOCK, 0, BLOCK);
    for (uint32_t i = 0; i < 300; i++) {
        uint8_t *inode = image + 76 + 16 * i;
        memset(inode, 0, 16);
        tatu_put_le16(inode, FILE_MODE);
        tatu_put_le32(inode + 8, 1);
        inode[12] = 'f';
        inode[13] = (uint8_t)('A' + i / 26);
        inode[14] = (uint8_t)('A' + i % 26);
    }
    tatu_put_le32(image + 4, 2 * BLOCK);
    tatu_put_le32(image + 44, TATU_ASXIPFS_NODE_MAX);
    tatu_put_le32(image + ROOT_AT + 4, 300 * 16);
    tatu_put_le32(image + ROOT_AT + 8, 76 / 4 << 6);
    fix_crc(2 * BLOCK);
    assert_int_equal(open_len(2 * BLOCK, &out), TATU_ERR_LONG);
    tatu_put_le32(image + ROOT_AT + 4, 255 * 16);
    fix_crc(2 * BLOCK);
    assert_int_equal(open_len(2 * BLOCK, &out), TATU_OK);
}

/* Listings far behind where 256 nodes could reach. */
static void open_refuses_a_listing_far_away(void **state)
{
    (void)state;
    struct tatu_asxipfs out;
    (void)encode_sample();
    memset(image + IMAGE_LEN, 0, sizeof(image) - IMAGE_LEN);
    memcpy(image + 6 * BLOCK, image + APP_AT, NODES_END - APP_AT);
    tatu_put_le32(image + 4, 8 * BLOCK);
    tatu_put_le32(image + BIN_AT + 8, (6 * BLOCK / 4 << 6) | 1);
    tatu_put_le32(image + MANIFEST_AT + 8, (7 * BLOCK / 4 << 6) | 5);
    tatu_put_le32(image + 6 * BLOCK + 8, (7 * BLOCK / 4 << 6) | 1);
    tatu_put_le32(image + 6 * BLOCK + 4, 10);
    fix_crc(8 * BLOCK);
    assert_int_equal(open_len(8 * BLOCK, &out), TATU_ERR_FORMAT);
}

static void walk_of_an_unchecked_root_ends_at_once(void **state)
{
    (void)state;
    static const uint32_t offsets[] = {0, ROOT_AT, IMAGE_LEN, 0x0ffffffc};
    for (size_t i = 0; i < TATU_COUNT_OF(offsets); i++) {
        (void)encode_sample();
        tatu_put_le32(image + ROOT_AT + 8, offsets[i] / 4 << 6);
        struct tatu_asxipfs fs = {{image, IMAGE_LEN}, 6};
        struct tatu_asxipfs_walk walk;
        struct tatu_asxipfs_node node;
        tatu_proto_start_asxipfs(&fs, &walk);
        assert_int_equal(tatu_proto_next_asxipfs(&walk, &node), TATU_ERR_NOT_FOUND);
        /* and does not pass for an empty tree */
        tatu_put_le32(image + 44, 1);
        fix_crc(IMAGE_LEN);
        assert_int_equal(open_len(IMAGE_LEN, &fs), TATU_ERR_FORMAT);
    }
}

static void largest_image_is_read_back(void **state)
{
    (void)state;
    static uint8_t large[TATU_ASXIPFS_SIZE_MAX];
    static uint8_t bytes[TATU_ASXIPFS_SIZE_MAX - BLOCK];
    struct tatu_asxipfs_entry entry = {
        .path = "a", .mode = FILE_MODE, .bytes = TATU_SPAN_OF(bytes)};
    struct tatu_buf buf = TATU_BUF_OF(large);
    struct tatu_asxipfs fs;
    struct tatu_asxipfs_node node;
    assert_int_equal(tatu_proto_encode_asxipfs(&entry, 1, &buf), TATU_OK);
    assert_int_equal(buf.len, TATU_ASXIPFS_SIZE_MAX);
    assert_int_equal(tatu_proto_open_asxipfs((struct tatu_span){large, buf.len}, &fs), TATU_OK);
    assert_int_equal(tatu_proto_find_asxipfs(&fs, "a", &node), TATU_OK);
    assert_int_equal(node.data.len, sizeof(bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_has_the_layout_of_the_original),
        cmocka_unit_test(walk_gives_the_tree_in_order),
        cmocka_unit_test(file_is_found_by_its_path),
        cmocka_unit_test(open_refuses_each_spoiled_field),
        cmocka_unit_test(open_refuses_a_name_listed_twice),
        cmocka_unit_test(open_refuses_a_directory_inside_itself),
        cmocka_unit_test(open_refuses_a_listing_in_the_data),
        cmocka_unit_test(open_notices_damage),
        cmocka_unit_test(walk_of_an_unchecked_image_ends),
        cmocka_unit_test(encode_refuses_each_error),
        cmocka_unit_test(encode_writes_whole_or_not_at_all),
        cmocka_unit_test(empty_tree_is_a_file_system),
        cmocka_unit_test(largest_tree_is_read_back),
        cmocka_unit_test(open_refuses_a_path_over_its_maximum),
        cmocka_unit_test(longest_path_is_read_back),
        cmocka_unit_test(open_refuses_more_nodes_than_there_may_be),
        cmocka_unit_test(open_refuses_a_listing_far_away),
        cmocka_unit_test(walk_of_an_unchecked_root_ends_at_once),
        cmocka_unit_test(largest_image_is_read_back),
    };
    return cmocka_run_group_tests_name("asxipfs", tests, NULL, NULL);
}
