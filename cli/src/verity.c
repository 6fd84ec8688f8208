#include "verity.h"

#include "keys.h"

#include "proto/image.h"

#include <string.h>

enum {
    BLOCK = TATU_VERITY_BLOCK_SIZE,
    HASH = 32,
    PER_BLOCK = BLOCK / HASH,
};

static size_t count_blocks(size_t len)
{
    return (len + BLOCK - 1) / BLOCK;
}

/* Hashes each block of `from` into `to`, which the caller zeroed. */
static enum tatu_err hash_level(struct tatu_span from, uint8_t *to)
{
    for (size_t at = 0; at < from.len; at += BLOCK) {
        struct tatu_span block = {from.data + at, BLOCK};
        TATU_TRY(tatu_cli_hash(&block, 1, to + at / BLOCK * HASH));
    }
    return TATU_OK;
}

/* The lowest level ends the tree and each higher one lies before it, so this fills from the end. */
enum tatu_err tatu_cli_build_verity(struct tatu_span data, struct tatu_buf tree,
                                    uint8_t out_root[32])
{
    if (data.len == 0 || data.len % BLOCK != 0 || data.len > TATU_IMAGE_PACKAGE_MAX ||
        tree.cap != tatu_proto_verity_tree_len((uint32_t)data.len)) {
        return TATU_ERR_ARGUMENT;
    }
    if (tree.cap > 0) {
        memset(tree.data, 0, tree.cap);
    }
    struct tatu_span level = data;
    for (size_t end = tree.cap; end > 0;) {
        size_t len = count_blocks(level.len / BLOCK * HASH) * BLOCK;
        if (len > end) {
            return TATU_ERR_ARGUMENT;
        }
        end -= len;
        TATU_TRY(hash_level(level, tree.data + end));
        level = (struct tatu_span){tree.data + end, len};
    }
    return level.len == BLOCK ? tatu_cli_hash(&level, 1, out_root) : TATU_ERR_ARGUMENT;
}
