#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bodies.h"
#include "device_bodies.h"
#include "names.h"
#include "proto/cbor.h"
#include "proto/smc.h"

static struct tatu_span span(const char *text)
{
    return (struct tatu_span){(const uint8_t *)text, strlen(text)};
}

static char long_name[60];

static void names_follow_their_patterns(void **state)
{
    (void)state;
    memset(long_name, 'a', 51);
    char device[129];
    memset(device, 'a', 128);
    device[128] = 0;
    const struct {
        const char *kind, *text;
        bool good;
    } rows[] = {
        {"catalog", "a", true},
        {"catalog", "shop_1-A", true},
        {"catalog", "sh op", false},
        {"catalog", "shop.1", false},
        {"catalog", long_name + 1, true}, /* 50 characters */
        {"catalog", long_name, false},
        {"product", "abc", true},
        {"product", "ab", false},
        {"product", "Bell 1", true},
        {"product", " Bell", false},
        {"product", "Bell ", false},
        {"product", "Be-ll", false},
        {"product", ".default", true},
        {"product", ".unassigned", true},
        {"product", ".other", false},
        {"product", long_name, false},
        {"group", "a", true},
        {"group", "Field Test OS Evaluation", true},
        {"group", "a_b", false},
        {"group", " a", false},
        {"group", ".default", true},
        {"device", device, true},
        {"device", device + 1, false},
        {"guid", "0d00be11-54a7-4c0e-9f53-2c1d6a7e5b10", true},
        {"guid", "0d00be1154a74c0e9f532c1d6a7e5b10", false},
        {"deployment", ".default", true},
        {"deployment", ".unassigned", false},
        {"serial", ".default", true},
        {"serial", "0123456789abcdefABCDEF", true},
        {"serial", "xyz", false},
        {"rg", "my-rg_(1).x", true},
        {"rg", "my-rg.", false},
        {"name", "fab-1", true},
        {"name", "a/b", false},
        {"number", "12", true},
        {"number", "-1", false},
        {"number", "1234567890123456789", false},
        {"hex32", "0123456789abcdef0123456789ABCDEF", true},
        {"hex32", "0123456789abcdef0123456789ABCDE", false},
        {"nothing", "a", false},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        if (tatu_api_check_name(rows[i].kind, rows[i].text) != rows[i].good) {
            fail_msg("%s %s", rows[i].kind, rows[i].text);
        }
    }
}

static void wrong_bodies_are_refused_with_a_sentence(void **state)
{
    (void)state;
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    struct body_catalog catalog;
    struct body_move move;
    struct body_deployment deployment;
    struct body_import import;
    const char *why = NULL;
    static const char *const no_objects[] = {"", "[]", "{", "5", "{\"a\":1,\"a\":1}"};
    for (size_t i = 1; i < TATU_COUNT_OF(no_objects); i++) {
        why = NULL;
        assert_int_equal(tatu_api_decode_catalog(span(no_objects[i]), &arena, &catalog, &why),
                         TATU_ERR_FORMAT);
        assert_non_null(why);
    }
    assert_int_equal(tatu_api_decode_catalog(span(no_objects[0]), &arena, &catalog, &why), TATU_OK);
    assert_string_equal(catalog.tags, "{}");
    static const char *const moves[] = {
        "{}",
        "{\"properties\":{\"deviceGroupId\":5}}",
        "{\"properties\":{\"deviceGroupId\":\"\"}}",
        "{\"properties\":{\"deviceGroupId\":\"/subscriptions/s/resourceGroups/r/providers/"
        "Microsoft.AzureSphere/catalogs/c/products/p12/deviceGroups\"}}",
        "{\"properties\":{\"deviceGroupId\":\"/subscriptions/s/resourceGroups/r/providers/"
        "Microsoft.AzureSphere/catalogs/c/products/p12/deviceGroups/g/x\"}}",
        "{\"properties\":{\"deviceGroupId\":\"/subscriptions/s/resourceGroups/r/providers/"
        "Other/catalogs/c/products/p12/deviceGroups/g\"}}"};
    for (size_t i = 0; i < TATU_COUNT_OF(moves); i++) {
        assert_int_equal(tatu_api_decode_move(span(moves[i]), &arena, &move, &why),
                         TATU_ERR_FORMAT);
    }
    static const char *const deployments[] = {
        "{}", "{\"properties\":{\"deployedImages\":{}}}",
        "{\"properties\":{\"deployedImages\":[{}]}}",
        "{\"properties\":{\"deployedImages\":[{\"name\":\"x\"}]}}",
        "{\"properties\":{\"deployedImages\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}}"};
    for (size_t i = 0; i < TATU_COUNT_OF(deployments); i++) {
        assert_int_equal(
            tatu_api_decode_deployment(span(deployments[i]), &arena, &deployment, &why),
            TATU_ERR_FORMAT);
    }
    static const char *const imports[] = {
        "{}", "{\"resourceGroup\":\"r\",\"catalog\":\"c\",\"devices\":[]}",
        "{\"resourceGroup\":\"r\",\"catalog\":\"c\",\"devices\":[{\"deviceId\":\"00\"}]}"};
    for (size_t i = 0; i < TATU_COUNT_OF(imports); i++) {
        assert_int_equal(tatu_api_decode_import(span(imports[i]), &arena, &import, &why),
                         TATU_ERR_FORMAT);
    }
    tatu_arena_done(&arena);
}

static void property_of_a_wrong_kind_is_refused(void **state)
{
    (void)state;
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    struct body_image image;
    struct body_claim claim;
    struct tatu_group_settings group;
    const char *why = NULL;
    assert_int_equal(
        tatu_api_decode_image(span("{\"properties\":{\"image\":\"A\"}}"), &arena, &image, &why),
        TATU_ERR_FORMAT);
    assert_int_equal(
        tatu_api_decode_claim(span("{\"properties\":{\"tatu\":{}}}"), &arena, &claim, &why),
        TATU_ERR_FORMAT);
    assert_int_equal(tatu_api_decode_claim(span("{}"), &arena, &claim, &why), TATU_OK);
    assert_false(claim.has_proof);
    assert_int_equal(tatu_api_decode_group(span("{\"properties\":{\"updatePolicy\":\"x\"}}"),
                                           &arena, &group, &why),
                     TATU_ERR_FORMAT);
    assert_int_equal(
        tatu_api_decode_group(span("{\"properties\":{\"description\":5}}"), &arena, &group, &why),
        TATU_ERR_FORMAT);
    tatu_arena_done(&arena);
}

static void grace_and_confirmation_are_read_or_refused(void **state)
{
    (void)state;
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    struct body_confirmation confirmation;
    int64_t grace_s = 77;
    const char *why = NULL;
    static const char *const graces[] = {"{}", "[]", "{\"renewalGraceSeconds\":\"1\"}",
                                         "{\"renewalGraceSeconds\":1.5}",
                                         "{\"renewalGraceSeconds\":null}"};
    for (size_t i = 0; i < TATU_COUNT_OF(graces); i++) {
        assert_int_equal(tatu_api_decode_renewal(span(graces[i]), &grace_s, &why), TATU_ERR_FORMAT);
        assert_int_equal(grace_s, 77);
    }
    assert_int_equal(
        tatu_api_decode_renewal(span("{\"renewalGraceSeconds\":86400}"), &grace_s, &why), TATU_OK);
    assert_int_equal(grace_s, 86400);
    static const char *const confirmations[] = {
        "{}", "{\"release\":\"1\"}", "{\"confirmation\":\"00\"}",
        "{\"release\":1,\"confirmation\":\"00\"}", "{\"release\":\"1\",\"confirmation\":\"0\"}"};
    for (size_t i = 0; i < TATU_COUNT_OF(confirmations); i++) {
        assert_int_equal(
            tatu_api_decode_confirmation(span(confirmations[i]), &arena, &confirmation, &why),
            TATU_ERR_FORMAT);
    }
    assert_int_equal(
        tatu_api_decode_confirmation(span("{\"release\":\"26.11\",\"confirmation\":\"d2\"}"),
                                     &arena, &confirmation, &why),
        TATU_OK);
    assert_string_equal(confirmation.release, "26.11");
    assert_int_equal(confirmation.object.len, 1);
    tatu_arena_done(&arena);
}

static void move_names_a_group_of_a_catalog(void **state)
{
    (void)state;
    struct tatu_arena arena;
    tatu_arena_init(&arena);
    struct body_move move;
    const char *why = NULL;
    assert_int_equal(
        tatu_api_decode_move(span("{\"properties\":{\"deviceGroupId\":\"/subscriptions/s/"
                                  "resourcegroups/r/providers/microsoft.azuresphere/catalogs/c/"
                                  "products/Bell 1/devicegroups/Field Test\"}}"),
                             &arena, &move, &why),
        TATU_OK);
    assert_string_equal(move.catalog, "c");
    assert_string_equal(move.product, "Bell 1");
    assert_string_equal(move.group, "Field Test");
    tatu_arena_done(&arena);
}

static struct tatu_span encode_report(struct tatu_buf *buf, uint64_t kind, uint64_t record,
                                      size_t payload_len)
{
    static const uint8_t payload[TATU_RECORD_MAX + 1];
    struct tatu_cbor_writer w;
    buf->len = 0;
    tatu_cbor_init(&w, buf);
    tatu_cbor_put_map(&w, 4);
    tatu_cbor_put_uint(&w, 1);
    tatu_cbor_put_uint(&w, kind);
    tatu_cbor_put_uint(&w, 2);
    tatu_cbor_put_uint(&w, record);
    tatu_cbor_put_uint(&w, 3);
    tatu_cbor_put_uint(&w, 7);
    tatu_cbor_put_uint(&w, 4);
    tatu_cbor_put_bytes(&w, (struct tatu_span){payload, payload_len});
    assert_int_equal(tatu_cbor_done(&w), TATU_OK);
    return (struct tatu_span){buf->data, buf->len};
}

static void device_bodies_are_exact(void **state)
{
    (void)state;
    uint8_t room[TATU_RECORD_MAX + 64];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_report report = {.kind = 77};
    assert_int_equal(tatu_api_decode_device_report(encode_report(&buf, 2, 9, 5), &report), TATU_OK);
    assert_int_equal(report.kind, 2);
    assert_int_equal(report.record, 9);
    assert_int_equal(report.boot_count, 7);
    assert_int_equal(report.payload.len, 5);
    struct tatu_report kept = report;
    struct tatu_span whole = encode_report(&buf, 2, 9, 5);
    for (size_t len = 0; len < whole.len; len++) {
        assert_int_not_equal(
            tatu_api_decode_device_report((struct tatu_span){whole.data, len}, &report), TATU_OK);
    }
    assert_int_equal(tatu_api_decode_device_report(encode_report(&buf, 0x10000, 9, 5), &report),
                     TATU_ERR_FORMAT);
    assert_int_equal(tatu_api_decode_device_report(encode_report(&buf, 2, UINT64_MAX, 5), &report),
                     TATU_ERR_FORMAT);
    assert_int_equal(
        tatu_api_decode_device_report(encode_report(&buf, 2, 9, TATU_RECORD_MAX + 1), &report),
        TATU_ERR_LONG);
    assert_int_equal(
        tatu_api_decode_device_report(encode_report(&buf, 2, 9, TATU_RECORD_MAX), &report),
        TATU_OK);
    assert_int_equal(kept.record, 9);
    static const uint8_t one_pair[] = {0xa1, 0x01, 0x00};
    struct tatu_attest_request attest;
    uint8_t nonce[32];
    assert_int_equal(tatu_api_decode_device_nonce(TATU_SPAN_OF(one_pair)), TATU_ERR_FORMAT);
    assert_int_equal(tatu_api_decode_device_wish(TATU_SPAN_OF(one_pair), nonce), TATU_ERR_FORMAT);
    assert_int_equal(tatu_api_decode_device_attest(TATU_SPAN_OF(one_pair), &attest),
                     TATU_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_follow_their_patterns),
        cmocka_unit_test(wrong_bodies_are_refused_with_a_sentence),
        cmocka_unit_test(property_of_a_wrong_kind_is_refused),
        cmocka_unit_test(grace_and_confirmation_are_read_or_refused),
        cmocka_unit_test(move_names_a_group_of_a_catalog),
        cmocka_unit_test(device_bodies_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
