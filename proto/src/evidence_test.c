#include "proto/evidence.h"

#include "proto/cbor.h"
#include "proto/image.h"
#include "proto/mailbox.h"
#include "samples.h"
#include "testing.h"

#define ROOM 4200u

static struct tatu_span encode(const struct tatu_evidence *evidence, uint8_t room[ROOM])
{
    struct tatu_buf buf = {room, 0, ROOM};
    assert_int_equal(tatu_proto_encode_evidence(evidence, sample_ueid_digest, &buf), TATU_OK);
    return (struct tatu_span){room, buf.len};
}

/* Where a run of bytes stands in an object. */
static size_t find(struct tatu_span in, const char *bytes, size_t len)
{
    for (size_t at = 0; at + len <= in.len; at++) {
        if (memcmp(in.data + at, bytes, len) == 0) {
            return at;
        }
    }
    fail_msg("the sample does not hold what the row spoils");
    return 0;
}

static void evidence_keeps_every_claim(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_evidence evidence = sample_evidence();
    struct tatu_evidence back;
    struct tatu_span in = encode(&evidence, room);
    assert_int_equal(tatu_proto_decode_evidence(in, sample_ueid_digest, &back), TATU_OK);
    assert_memory_equal(back.nonce, evidence.nonce, 32);
    assert_memory_equal(back.device_id, evidence.device_id, 64);
    assert_memory_equal(back.implementation, evidence.implementation, 32);
    assert_memory_equal(back.update_key, evidence.update_key, 64);
    assert_int_equal(back.lifecycle, 3);
    assert_int_equal(back.board_class, TATU_CLASS_VIRTUAL);
    assert_false(back.debug_open);
    assert_int_equal(back.boot_set, 1);
    assert_true(back.fallback);
    assert_int_equal(back.mode, TATU_BOOT_RENEW);
    assert_int_equal(back.capabilities, 0x2800);
    assert_int_equal(back.boot_count, 300);
    assert_int_equal(back.uptime_ms, 5000000000);
    assert_int_equal(back.measurement_count, 5);
    assert_int_equal(back.measurements[1].image_type, TATU_IMAGE_MONITOR);
    assert_int_equal(back.measurements[1].security_version, UINT32_MAX);
    assert_int_equal(back.measurements[4].digest[31], 0x54);
    assert_int_equal(back.app_count, 2);
    assert_memory_equal(back.apps, evidence.apps, sizeof(evidence.apps[0]) * 2);
    assert_int_equal(back.tenant_count, 1);
    assert_memory_equal(back.tenants, evidence.tenants, sizeof(evidence.tenants[0]));
}

static const struct {
    const char *promise;
    const char *wanted; /* bytes of the sample */
    size_t len;
    const char *instead;
    enum tatu_err err;
} swaps[] = {
    {"another profile", "evidence/2", 10, "evidence/3", TATU_ERR_VERSION},
    {"no profile", "\x19\x01\x09", 3, "\x19\x01\x08", TATU_ERR_FORMAT},
    {"a profile that is bytes", "\x78\x20tag", 5, "\x58\x20tag", TATU_ERR_FORMAT},
    {"a confirmation that is no COSE_Key", "\x08\xa1\x01", 3, "\x08\xa1\x03", TATU_ERR_FORMAT},
    {"a key that is not EC2", "\xa4\x01\x02\x20", 4, "\xa4\x01\x01\x20", TATU_ERR_FORMAT},
    {"a curve that is not P-256", "\x02\x20\x01\x21", 4, "\x02\x20\x02\x21", TATU_ERR_FORMAT},
    {"x and y exchanged", "\x21\x58\x20\x44", 4, "\x22\x58\x20\x44", TATU_ERR_FORMAT},
    {"a UEID that is not of random type", "\x58\x21\x01", 3, "\x58\x21\x02", TATU_ERR_FORMAT},
    {"a debug status that we do not use", "\x19\x01\x07\x01", 4, "\x19\x01\x07\x02",
     TATU_ERR_FORMAT},
    {"a lifecycle state that is not the word's", "\x19\x30\x03", 3, "\x19\x20\x03",
     TATU_ERR_FORMAT},
    {"a measurement without a known name", "\x67monitor", 8, "\x67monitoR", TATU_ERR_FORMAT},
    {"a security version with a leading zero",
     "\x6a"
     "1073741823",
     11,
     "\x6a"
     "0073741823",
     TATU_ERR_FORMAT},
    {"a security version over 32 bits",
     "\x6a"
     "4294967295",
     11,
     "\x6a"
     "4294967296",
     TATU_ERR_FORMAT},
    {"a security version with a sign",
     "\x6a"
     "1073741823",
     11,
     "\x6a"
     "+073741823",
     TATU_ERR_FORMAT},
    {"too many measurements", "\x19\x09\x5f\x85", 4, "\x19\x09\x5f\x89", TATU_ERR_LONG},
    {"a measurement fewer", "\x19\x09\x5f\x85", 4, "\x19\x09\x5f\x84", TATU_ERR_FORMAT},
    {"a class that does not exist", "\x3a\x00\x01\x24\xf9\x01", 6, "\x3a\x00\x01\x24\xf9\x04",
     TATU_ERR_FORMAT},
    {"class 0", "\x3a\x00\x01\x24\xf9\x01", 6, "\x3a\x00\x01\x24\xf9\x00", TATU_ERR_FORMAT},
    {"a boot set that does not exist", "\x82\x01\xf5", 3, "\x82\x02\xf5", TATU_ERR_FORMAT},
    {"fallback as a number", "\x82\x01\xf5", 3, "\x82\x01\x01", TATU_ERR_FORMAT},
    {"a mode that does not exist", "\x3a\x00\x01\x25\x00\x02", 6, "\x3a\x00\x01\x25\x00\x04",
     TATU_ERR_FORMAT},
    {"capability 14", "\x3a\x00\x01\x24\xff\x19\x28\x00", 8, "\x3a\x00\x01\x24\xff\x19\x68\x00",
     TATU_ERR_FORMAT},
    {"capability 0", "\x3a\x00\x01\x24\xff\x19\x28\x00", 8, "\x3a\x00\x01\x24\xff\x19\x28\x01",
     TATU_ERR_FORMAT},
    {"a tenant without component", "\x83\x50\x90", 3, "\x82\x50\x90", TATU_ERR_FORMAT},
    {"one component twice", "\x50\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61",
     17, "\x50\x60\x60\x60\x60\x60\x60\x60\x60\x60\x60\x60\x60\x60\x60\x60\x60", TATU_ERR_FORMAT},
};

static void evidence_refuses_each_spoiled_claim(void **state)
{
    (void)state;
    struct tatu_evidence evidence = sample_evidence();
    for (size_t i = 0; i < TATU_COUNT_OF(swaps); i++) {
        uint8_t room[ROOM];
        struct tatu_evidence out;
        memset(&out, UNTOUCHED, sizeof(out));
        struct tatu_span in = encode(&evidence, room);
        memcpy(room + find(in, swaps[i].wanted, swaps[i].len), swaps[i].instead, swaps[i].len);
        expect_err(swaps[i].promise, tatu_proto_decode_evidence(in, sample_ueid_digest, &out),
                   swaps[i].err);
        assert_true(is_untouched(&out, sizeof(out)));
    }
}

static void evidence_refuses_the_ueid_of_another_device(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    uint8_t other[32];
    struct tatu_evidence evidence = sample_evidence();
    struct tatu_evidence out;
    struct tatu_span in = encode(&evidence, room);
    memcpy(other, sample_ueid_digest, 32);
    other[31] ^= 1;
    assert_int_equal(tatu_proto_decode_evidence(in, other, &out), TATU_ERR_FORMAT);
}

static void evidence_over_its_maximum_is_long(void **state)
{
    (void)state;
    static uint8_t room[TATU_EVIDENCE_MAX + 1];
    uint8_t device_id[64];
    struct tatu_evidence out;
    assert_int_equal(tatu_proto_decode_evidence(TATU_SPAN_OF(room), sample_ueid_digest, &out),
                     TATU_ERR_LONG);
    assert_int_equal(tatu_proto_peek_evidence_device(TATU_SPAN_OF(room), device_id), TATU_ERR_LONG);
    struct tatu_span largest = {room, TATU_EVIDENCE_MAX}; /* not too long, only not evidence */
    assert_int_equal(tatu_proto_decode_evidence(largest, sample_ueid_digest, &out),
                     TATU_ERR_FORMAT);
}

static void peek_gives_the_device_id(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    uint8_t device_id[64];
    struct tatu_evidence evidence = sample_evidence();
    struct tatu_span in = encode(&evidence, room);
    assert_int_equal(tatu_proto_peek_evidence_device(in, device_id), TATU_OK);
    assert_memory_equal(device_id, evidence.device_id, 64);
    size_t id_at = find(in, "\x3a\x00\x01\x24\xf8", 5);
    memset(device_id, UNTOUCHED, 64);
    for (size_t len = 0; len < id_at + 5 + 2 + 64; len++) {
        expect_err("cut off",
                   tatu_proto_peek_evidence_device((struct tatu_span){room, len}, device_id),
                   TATU_ERR_SHORT);
    }
    room[id_at + 4] = 0xf7;
    expect_err("no device id", tatu_proto_peek_evidence_device(in, device_id), TATU_ERR_FORMAT);
    memcpy(room + find(in, "evidence/2", 10), "evidence/3", 10);
    expect_err("another profile", tatu_proto_peek_evidence_device(in, device_id), TATU_ERR_VERSION);
    assert_true(is_untouched(device_id, 64));
}

static void make_no_measurement(struct tatu_evidence *e)
{
    e->measurement_count = 0;
}
static void make_many_measurements(struct tatu_evidence *e)
{
    e->measurement_count = TATU_MEASUREMENT_MAX + 1;
}
static void make_nameless(struct tatu_evidence *e)
{
    e->measurements[2].image_type = 3;
}
static void make_type_twice(struct tatu_evidence *e)
{
    e->measurements[2].image_type = e->measurements[0].image_type;
}
static void make_many_apps(struct tatu_evidence *e)
{
    e->app_count = TATU_EVIDENCE_APP_MAX + 1;
}
static void make_app_twice(struct tatu_evidence *e)
{
    memset(e->apps[1].component, 0x60, 16);
}
static void make_many_tenants(struct tatu_evidence *e)
{
    e->tenant_count = TATU_EVIDENCE_TENANT_MAX + 1;
}
static void make_tenant_twice(struct tatu_evidence *e)
{
    e->tenant_count = 2;
    e->tenants[1] = e->tenants[0];
}
static void make_classless(struct tatu_evidence *e)
{
    e->board_class = 0;
}
static void make_third_set(struct tatu_evidence *e)
{
    e->boot_set = 2;
}
static void make_modeless(struct tatu_evidence *e)
{
    e->mode = TATU_BOOT_RECOVERY + 1;
}
static void make_capability_14(struct tatu_evidence *e)
{
    e->capabilities = 1u << 14;
}
static void make_long_lifecycle(struct tatu_evidence *e)
{
    e->lifecycle = 256;
}

static void evidence_is_not_written_when_it_would_not_be_read(void **state)
{
    (void)state;
    static void (*const spoilers[])(struct tatu_evidence *) = {
        make_no_measurement, make_many_measurements, make_nameless,       make_type_twice,
        make_many_apps,      make_app_twice,         make_many_tenants,   make_tenant_twice,
        make_classless,      make_third_set,         make_long_lifecycle, make_modeless,
        make_capability_14,
    };
    for (size_t i = 0; i < TATU_COUNT_OF(spoilers); i++) {
        uint8_t room[ROOM];
        struct tatu_buf buf = TATU_BUF_OF(room);
        struct tatu_evidence evidence = sample_evidence();
        spoilers[i](&evidence);
        assert_int_equal(tatu_proto_encode_evidence(&evidence, sample_ueid_digest, &buf),
                         TATU_ERR_ARGUMENT);
        assert_int_equal(buf.len, 0);
    }
}

static void largest_evidence_fits_its_maximum(void **state)
{
    (void)state;
    uint8_t room[TATU_EVIDENCE_MAX];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_evidence evidence = sample_evidence();
    struct tatu_evidence back;
    static const uint16_t types[TATU_MEASUREMENT_MAX] = {2, 4, 6, 7, 8, 10, 19, 26};
    evidence.measurement_count = TATU_COUNT_OF(types);
    evidence.app_count = TATU_EVIDENCE_APP_MAX;
    evidence.tenant_count = TATU_EVIDENCE_TENANT_MAX;
    evidence.boot_count = UINT64_MAX;
    evidence.uptime_ms = UINT64_MAX;
    evidence.capabilities = 0x3ffe;
    for (size_t i = 0; i < TATU_COUNT_OF(types); i++) {
        evidence.measurements[i].image_type = types[i];
        evidence.measurements[i].security_version = UINT32_MAX;
    }
    for (size_t i = 0; i < TATU_EVIDENCE_APP_MAX; i++) {
        memset(evidence.apps[i].component, (int)i, 16);
    }
    for (size_t i = 0; i < TATU_EVIDENCE_TENANT_MAX; i++) {
        memset(evidence.tenants[i].tenant, (int)i, 16);
    }
    assert_int_equal(tatu_proto_encode_evidence(&evidence, sample_ueid_digest, &buf), TATU_OK);
    /* and leaves room for the COSE_Sign1 around it in one mailbox answer of 4096 bytes */
    assert_true(buf.len <= 4096 - 128);
    assert_int_equal(
        tatu_proto_decode_evidence((struct tatu_span){room, buf.len}, sample_ueid_digest, &back),
        TATU_OK);
}

static void one_tenant_has_a_key_for_each_component(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    struct tatu_evidence evidence = sample_evidence();
    struct tatu_evidence back;
    evidence.tenant_count = 2;
    evidence.tenants[1] = evidence.tenants[0];
    evidence.tenants[1].component[15] ^= 1;
    struct tatu_span in = encode(&evidence, room);
    assert_int_equal(tatu_proto_decode_evidence(in, sample_ueid_digest, &back), TATU_OK);
    assert_memory_equal(back.tenants, evidence.tenants, 2 * sizeof(back.tenants[0]));
}

static void lifecycle_is_a_state_of_the_psa_profile(void **state)
{
    (void)state;
    static const struct {
        uint32_t word;
        const char *claim;
    } rows[] = {
        {0, "\x19\x09\x5b\x19\x10\x00"},   {1, "\x19\x09\x5b\x19\x20\x01"},
        {2, "\x19\x09\x5b\x19\x30\x02"},   {3, "\x19\x09\x5b\x19\x30\x03"},
        {255, "\x19\x09\x5b\x19\x30\xff"},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint8_t room[ROOM];
        struct tatu_evidence evidence = sample_evidence();
        struct tatu_evidence back;
        evidence.lifecycle = rows[i].word;
        struct tatu_span in = encode(&evidence, room);
        (void)find(in, rows[i].claim, 6);
        assert_int_equal(tatu_proto_decode_evidence(in, sample_ueid_digest, &back), TATU_OK);
        assert_int_equal(back.lifecycle, rows[i].word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_keeps_every_claim),
        cmocka_unit_test(evidence_refuses_each_spoiled_claim),
        cmocka_unit_test(evidence_refuses_the_ueid_of_another_device),
        cmocka_unit_test(evidence_over_its_maximum_is_long),
        cmocka_unit_test(peek_gives_the_device_id),
        cmocka_unit_test(evidence_is_not_written_when_it_would_not_be_read),
        cmocka_unit_test(largest_evidence_fits_its_maximum),
        cmocka_unit_test(one_tenant_has_a_key_for_each_component),
        cmocka_unit_test(lifecycle_is_a_state_of_the_psa_profile),
    };
    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
