#include "service/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <p256.h>

static void signatures_of_every_kind_are_judged_right(void **state)
{
    (void)state;
    unsigned rows = 0;
    assert_int_equal(tatu_try_p256(tatu_crypto_verify_digest, &rows), 0);
    assert_in_range(rows, 80, 1000);
}

static void signature_verifies_under_its_key_only(void **state)
{
    (void)state;
    struct tatu_key *key = NULL;
    struct tatu_key *other = NULL;
    assert_int_equal(tatu_crypto_make_key(&key), TATU_OK);
    assert_int_equal(tatu_crypto_make_key(&other), TATU_OK);
    uint8_t public_key[64], foreign[64], digest[32], signature[64];
    tatu_crypto_get_public(key, public_key);
    tatu_crypto_get_public(other, foreign);
    tatu_crypto_sha256(TATU_SPAN_OF("message"), digest);
    assert_int_equal(tatu_crypto_sign_digest(key, digest, signature), TATU_OK);
    assert_int_equal(tatu_crypto_verify_digest(public_key, digest, signature), TATU_OK);
    assert_int_equal(tatu_crypto_verify_digest(foreign, digest, signature), TATU_ERR_SIGNATURE);
    digest[0] ^= 1;
    assert_int_equal(tatu_crypto_verify_digest(public_key, digest, signature), TATU_ERR_SIGNATURE);
    digest[0] ^= 1;
    for (size_t i = 0; i < sizeof(signature); i += 5) {
        signature[i] ^= 0x40;
        assert_int_equal(tatu_crypto_verify_digest(public_key, digest, signature),
                         TATU_ERR_SIGNATURE);
        signature[i] ^= 0x40;
    }
    memset(signature, 0, sizeof(signature));
    assert_int_equal(tatu_crypto_verify_digest(public_key, digest, signature), TATU_ERR_SIGNATURE);
    tatu_crypto_free_key(key);
    tatu_crypto_free_key(other);
}

static void point_off_the_curve_is_no_key(void **state)
{
    (void)state;
    uint8_t point[64] = {0};
    uint8_t digest[32] = {0}, signature[64] = {1};
    assert_false(tatu_crypto_is_public(point));
    assert_int_equal(tatu_crypto_verify_digest(point, digest, signature), TATU_ERR_SIGNATURE);
    struct tatu_key *key = NULL;
    assert_int_equal(tatu_crypto_make_key(&key), TATU_OK);
    tatu_crypto_get_public(key, point);
    assert_true(tatu_crypto_is_public(point));
    point[63] ^= 1;
    assert_false(tatu_crypto_is_public(point));
    tatu_crypto_free_key(key);
}

static void key_survives_der_and_pem_and_nothing_else_is_read(void **state)
{
    (void)state;
    struct tatu_key *key = NULL;
    assert_int_equal(tatu_crypto_make_key(&key), TATU_OK);
    uint8_t der_room[TATU_KEY_DER_MAX], pem_room[TATU_KEY_PEM_MAX];
    struct tatu_buf der = TATU_BUF_OF(der_room), pem = TATU_BUF_OF(pem_room);
    assert_int_equal(tatu_crypto_encode_key(key, &der), TATU_OK);
    assert_int_equal(tatu_crypto_encode_pem(key, &pem), TATU_OK);
    struct tatu_key *from_der = NULL;
    struct tatu_key *from_pem = NULL;
    assert_int_equal(tatu_crypto_decode_key((struct tatu_span){der.data, der.len}, &from_der),
                     TATU_OK);
    assert_int_equal(tatu_crypto_decode_pem((struct tatu_span){pem.data, pem.len}, &from_pem),
                     TATU_OK);
    uint8_t a[64], b[64], c[64];
    tatu_crypto_get_public(key, a);
    tatu_crypto_get_public(from_der, b);
    tatu_crypto_get_public(from_pem, c);
    assert_memory_equal(a, b, 64);
    assert_memory_equal(a, c, 64);
    struct tatu_key *bad = NULL;
    assert_int_equal(tatu_crypto_decode_key((struct tatu_span){der.data, der.len - 1}, &bad),
                     TATU_ERR_FORMAT);
    assert_int_equal(tatu_crypto_decode_pem(TATU_SPAN_OF("-----BEGIN"), &bad), TATU_ERR_FORMAT);
    assert_null(bad);
    uint8_t small_room[16];
    struct tatu_buf small = TATU_BUF_OF(small_room);
    assert_int_equal(tatu_crypto_encode_key(key, &small), TATU_ERR_FULL);
    tatu_crypto_free_key(key);
    tatu_crypto_free_key(from_der);
    tatu_crypto_free_key(from_pem);
}

static void cose_object_is_good_for_one_use_only(void **state)
{
    (void)state;
    struct tatu_key *key = NULL;
    assert_int_equal(tatu_crypto_make_key(&key), TATU_OK);
    uint8_t public_key[64], room[512];
    tatu_crypto_get_public(key, public_key);
    struct tatu_buf object = TATU_BUF_OF(room);
    assert_int_equal(
        tatu_crypto_sign_cose(key, TATU_COSE_AAD_TIME, TATU_SPAN_OF("payload"), &object), TATU_OK);
    struct tatu_cose_sign1 decoded;
    assert_int_equal(tatu_proto_decode_sign1((struct tatu_span){object.data, object.len}, &decoded),
                     TATU_OK);
    assert_int_equal(decoded.kid.len, TATU_THUMBPRINT_SIZE);
    assert_int_equal(tatu_crypto_verify_cose(public_key, TATU_COSE_AAD_TIME, &decoded), TATU_OK);
    assert_int_equal(tatu_crypto_verify_cose(public_key, TATU_COSE_AAD_CLAIM, &decoded),
                     TATU_ERR_SIGNATURE);
    tatu_crypto_free_key(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature_verifies_under_its_key_only),
        cmocka_unit_test(signatures_of_every_kind_are_judged_right),
        cmocka_unit_test(point_off_the_curve_is_no_key),
        cmocka_unit_test(key_survives_der_and_pem_and_nothing_else_is_read),
        cmocka_unit_test(cose_object_is_good_for_one_use_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
