#include "proto/image.h"

#define DIGESTS_PER_BLOCK (TATU_VERITY_BLOCK_SIZE / 32u)

uint32_t tatu_proto_verity_tree_len(uint32_t data_len)
{
    uint32_t blocks = data_len / TATU_VERITY_BLOCK_SIZE;
    uint32_t tree_blocks = 0;
    while (blocks > 1) {
        blocks = (blocks + DIGESTS_PER_BLOCK - 1) / DIGESTS_PER_BLOCK;
        tree_blocks += blocks;
    }
    return tree_blocks * TATU_VERITY_BLOCK_SIZE;
}
