#include <mbedtls/ecdsa.h>
#include <mbedtls/sha256.h>
#include <string.h>

#include "os/tls/tls.h"

struct verifier {
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_mpi r;
    mbedtls_mpi s;
};

static void free_verifier(struct verifier *v)
{
    mbedtls_ecp_group_free(&v->group);
    mbedtls_ecp_point_free(&v->point);
    mbedtls_mpi_free(&v->r);
    mbedtls_mpi_free(&v->s);
}

enum tatu_err tatu_tls_verify_digest(const uint8_t key[64], const uint8_t digest[32],
                                     const uint8_t signature[64])
{
    struct verifier v __attribute__((cleanup(free_verifier)));
    uint8_t point[65] = {4};
    memcpy(point + 1, key, 64);
    mbedtls_ecp_group_init(&v.group);
    mbedtls_ecp_point_init(&v.point);
    mbedtls_mpi_init(&v.r);
    mbedtls_mpi_init(&v.s);
    if (mbedtls_ecp_group_load(&v.group, MBEDTLS_ECP_DP_SECP256R1) != 0 ||
        mbedtls_ecp_point_read_binary(&v.group, &v.point, point, sizeof(point)) != 0 ||
        mbedtls_ecp_check_pubkey(&v.group, &v.point) != 0 ||
        mbedtls_mpi_read_binary(&v.r, signature, 32) != 0 ||
        mbedtls_mpi_read_binary(&v.s, signature + 32, 32) != 0) {
        return TATU_ERR_SIGNATURE;
    }
    return mbedtls_ecdsa_verify(&v.group, digest, 32, &v.point, &v.r, &v.s) == 0
               ? TATU_OK
               : TATU_ERR_SIGNATURE;
}

void tatu_tls_hash(const struct tatu_span *pieces, size_t count, uint8_t out_digest[32])
{
    mbedtls_sha256_context context;
    mbedtls_sha256_init(&context);
    (void)mbedtls_sha256_starts(&context, 0);
    for (size_t i = 0; i < count; i++) {
        (void)mbedtls_sha256_update(&context, pieces[i].data, pieces[i].len);
    }
    (void)mbedtls_sha256_finish(&context, out_digest);
    mbedtls_sha256_free(&context);
}
