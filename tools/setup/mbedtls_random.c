/*
 * The device's source of randomness for mbedTLS: the kernel, and nothing beside it. Compiled into
 * libmbedcrypto; mbedtls_config.h says why.
 */
#include "common.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

#include "entropy_poll.h"
#include "mbedtls/entropy.h"
#include "psa/crypto.h"

static int fill(unsigned char *out, size_t len)
{
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return -1;
        }
        out += got;
        len -= (size_t)got;
    }
    return 0;
}

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
    (void)data;
    *olen = 0;
    if (fill(output, len) != 0) {
        return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
    }
    *olen = len;
    return 0;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t output_size,
                                             size_t *output_length)
{
    (void)context;
    *output_length = 0;
    if (fill(output, output_size) != 0) {
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    }
    *output_length = output_size;
    return PSA_SUCCESS;
}
