#include "proto/asxipfs.h"

#include "asxipfs_layout.h"
#include "fuzzing.h"

#define INPUT_MAX (1u << 16)

static void walk(const struct tatu_asxipfs *fs)
{
    struct tatu_asxipfs_walk walk;
    struct tatu_asxipfs_node node;
    struct tatu_asxipfs_node found;
    uint32_t count = 1;
    unsigned sum = 0;
    tatu_proto_start_asxipfs(fs, &walk);
    while (tatu_proto_next_asxipfs(&walk, &node) == TATU_OK) {
        count++;
        for (size_t i = 0; i < node.data.len; i += 4096) {
            sum += node.data.data[i];
        }
        promise(tatu_proto_find_asxipfs(fs, walk.path, &found) == TATU_OK);
        promise(found.data.data == node.data.data && found.mode == node.mode);
    }
    promise(count == fs->node_count && sum < UINT32_MAX);
}

/* The checksum is made right, or no input would get past it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tatu_asxipfs fs;
    (void)tatu_proto_open_asxipfs((struct tatu_span){data, size}, &fs);
    if (size < 76 || size > INPUT_MAX) {
        return 0;
    }
    uint8_t *body = malloc(size);
    promise(body != NULL);
    memcpy(body, data, size);
    size_t image_len = tatu_get_le32(body + 4);
    if (image_len <= size) {
        tatu_put_le32(body + 32, tatu_asxipfs_crc((struct tatu_span){body, image_len}));
    }
    if (tatu_proto_open_asxipfs((struct tatu_span){body, size}, &fs) == TATU_OK) {
        walk(&fs);
    }
    free(body);
    return 0;
}
