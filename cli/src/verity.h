/* The dm-verity hash tree: SHA-256, no salt, format 1, 4096-byte blocks, top level first. */
#ifndef VERITY_H
#define VERITY_H

#include "base/base.h"

/**
 * Builds the tree of data that is whole blocks.
 *
 * tree      room for tatu_proto_verity_tree_len(data.len) bytes; that part of the body which
 *           follows the data
 * out_root  hash of the top block; of the data block itself when there is only one
 *
 * Errors    ARGUMENT  no whole block, or part of one; tree of the wrong size
 */
enum tatu_err tatu_cli_build_verity(struct tatu_span data, struct tatu_buf tree,
                                    uint8_t out_root[32]);

#endif
