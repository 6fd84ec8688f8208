/*
 * SHA-256's block function for the host's LMS, by nettle: nine million blocks make a key, and
 * nettle uses the processor's instructions for them. Compiled into libmbedcrypto;
 * mbedtls_lms_config.h says why.
 */
#include "common.h"

#include <nettle/sha2.h>
#include <string.h>

#include "mbedtls/platform_util.h"
#include "mbedtls/sha256.h"

int mbedtls_internal_sha256_process(mbedtls_sha256_context *ctx, const unsigned char data[64])
{
    struct sha256_ctx block = {.index = 0};

    memcpy(block.state, ctx->state, sizeof(block.state));
    sha256_update(&block, sizeof(block.block), data);
    memcpy(ctx->state, block.state, sizeof(block.state));
    mbedtls_platform_zeroize(&block, sizeof(block));
    return 0;
}
