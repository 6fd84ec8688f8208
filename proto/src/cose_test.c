#include "proto/cose.h"

#include "testing.h"

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define KID "0123456789abcdefghij"
#define SIG16 "ssssssssssssssss"
#define SIG "\x58\x40" SIG16 SIG16 SIG16 SIG16

static uint8_t signature[64];

static void sign1_has_exactly_these_bytes(void **state)
{
    (void)state;
    static const struct tatu_span wanted =
        BYTES("\xd2\x84\x43\xa1\x01\x26\xa1\x04\x54" KID "\x42hi" SIG);
    uint8_t room[128];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_cose_sign1 back;
    memset(signature, 's', sizeof(signature));
    assert_int_equal(tatu_proto_encode_sign1((struct tatu_span)BYTES("hi"),
                                             (struct tatu_span)BYTES(KID), signature, &buf),
                     TATU_OK);
    assert_int_equal(buf.len, wanted.len);
    assert_memory_equal(room, wanted.data, wanted.len);
    assert_int_equal(tatu_proto_decode_sign1((struct tatu_span){room, buf.len}, &back), TATU_OK);
    assert_int_equal(back.kid.len, 20);
    assert_memory_equal(back.payload.data, "hi", 2);
    assert_memory_equal(back.signature, signature, 64);
    assert_int_equal(back.protected_header.len, tatu_cose_protected_es256.len);
}

/* RFC 9052 §4.4: ["Signature1", protected, external_aad, payload] */
static void sig_head_has_exactly_these_bytes(void **state)
{
    (void)state;
    static const struct tatu_span wanted =
        BYTES("\x84\x6aSignature1\x43\xa1\x01\x26\x4ctatu-claim-1\x59\x01\x00");
    uint8_t room[64];
    struct tatu_buf buf = TATU_BUF_OF(room);
    assert_int_equal(
        tatu_proto_put_sig_head(tatu_cose_protected_es256, TATU_COSE_AAD_CLAIM, 256, &buf),
        TATU_OK);
    assert_int_equal(buf.len, wanted.len);
    assert_memory_equal(room, wanted.data, wanted.len);
    for (size_t cap = 0; cap < wanted.len; cap++) {
        buf = (struct tatu_buf){room, 0, cap};
        assert_int_equal(
            tatu_proto_put_sig_head(tatu_cose_protected_es256, TATU_COSE_AAD_CLAIM, 256, &buf),
            TATU_ERR_FULL);
        assert_int_equal(buf.len, 0);
    }
}

static const struct {
    const char *promise;
    struct tatu_span bytes;
    enum tatu_err err;
} rows[] = {
    {"no kid", BYTES("\xd2\x84\x43\xa1\x01\x26\xa0\x40" SIG), TATU_OK},
    {"a content type", BYTES("\xd2\x84\x46\xa2\x01\x26\x03\x61x\xa0\x40" SIG), TATU_OK},
    {"no tag", BYTES("\x84\x43\xa1\x01\x26\xa0\x40" SIG), TATU_ERR_FORMAT},
    {"another tag", BYTES("\xd1\x84\x43\xa1\x01\x26\xa0\x40" SIG), TATU_ERR_FORMAT},
    {"a tag with a long head", BYTES("\xd8\x12\x84\x43\xa1\x01\x26\xa0\x40" SIG), TATU_ERR_FORMAT},
    {"three parts", BYTES("\xd2\x83\x43\xa1\x01\x26\xa0\x40"), TATU_ERR_FORMAT},
    {"five parts", BYTES("\xd2\x85\x43\xa1\x01\x26\xa0\x40" SIG "\x00"), TATU_ERR_FORMAT},
    {"another algorithm", BYTES("\xd2\x84\x43\xa1\x01\x27\xa0\x40" SIG), TATU_ERR_FORMAT},
    {"an empty protected header", BYTES("\xd2\x84\x40\xa0\x40" SIG), TATU_ERR_FORMAT},
    {"an empty protected map", BYTES("\xd2\x84\x41\xa0\xa0\x40" SIG), TATU_ERR_FORMAT},
    {"a protected header cut off", BYTES("\xd2\x84\x42\xa1\x01\xa0\x40" SIG), TATU_ERR_FORMAT},
    {"bytes in the protected header", BYTES("\xd2\x84\x44\xa1\x01\x26\x00\xa0\x40" SIG),
     TATU_ERR_FORMAT},
    {"crit in the protected header", BYTES("\xd2\x84\x46\xa2\x01\x26\x02\x81\x03\xa0\x40" SIG),
     TATU_ERR_FORMAT},
    {"a content type that is a number", BYTES("\xd2\x84\x45\xa2\x01\x26\x03\x00\xa0\x40" SIG),
     TATU_ERR_FORMAT},
    {"three protected headers", BYTES("\xd2\x84\x48\xa3\x01\x26\x03\x61x\x04\x40\xa0\x40" SIG),
     TATU_ERR_FORMAT},
    {"an unprotected algorithm", BYTES("\xd2\x84\x43\xa1\x01\x26\xa1\x01\x41x\x40" SIG),
     TATU_ERR_FORMAT},
    {"an empty kid", BYTES("\xd2\x84\x43\xa1\x01\x26\xa1\x04\x40\x40" SIG), TATU_ERR_FORMAT},
    {"two unprotected headers", BYTES("\xd2\x84\x43\xa1\x01\x26\xa2\x04\x41x\x05\x41x\x40" SIG),
     TATU_ERR_FORMAT},
    {"a kid over its maximum",
     BYTES("\xd2\x84\x43\xa1\x01\x26\xa1\x04\x58\x21" SIG16 SIG16 "s\x40" SIG), TATU_ERR_LONG},
    {"a payload of nil", BYTES("\xd2\x84\x43\xa1\x01\x26\xa0\xf6" SIG), TATU_ERR_FORMAT},
    {"a signature of 63",
     BYTES("\xd2\x84\x43\xa1\x01\x26\xa0\x40\x58\x3f" SIG16 SIG16 SIG16 "sssssssssssssss"),
     TATU_ERR_FORMAT},
    {"bytes left over", BYTES("\xd2\x84\x43\xa1\x01\x26\xa0\x40" SIG "\x00"), TATU_ERR_FORMAT},
};

static void sign1_refuses_each_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_cose_sign1 out;
        memset(&out, UNTOUCHED, sizeof(out));
        expect_err(rows[i].promise, tatu_proto_decode_sign1(rows[i].bytes, &out), rows[i].err);
        assert_true(rows[i].err == TATU_OK || is_untouched(&out, sizeof(out)));
    }
}

static void sign1_cut_off_anywhere_is_short(void **state)
{
    (void)state;
    static const struct tatu_span whole =
        BYTES("\xd2\x84\x43\xa1\x01\x26\xa1\x04\x54" KID "\x42hi" SIG);
    for (size_t len = 0; len < whole.len; len++) {
        struct tatu_cose_sign1 out;
        expect_err("cut off", tatu_proto_decode_sign1((struct tatu_span){whole.data, len}, &out),
                   TATU_ERR_SHORT);
    }
}

static void sign1_keeps_its_maxima(void **state)
{
    (void)state;
    static uint8_t room[TATU_COSE_PAYLOAD_MAX + 128];
    static uint8_t payload[TATU_COSE_PAYLOAD_MAX + 1];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_cose_sign1 out;
    struct tatu_span none = {NULL, 0};
    assert_int_equal(tatu_proto_encode_sign1(TATU_SPAN_OF(payload), none, signature, &buf),
                     TATU_ERR_ARGUMENT);
    assert_int_equal(
        tatu_proto_encode_sign1(none, (struct tatu_span){payload, 33}, signature, &buf),
        TATU_ERR_ARGUMENT);
    struct tatu_span largest = {payload, TATU_COSE_PAYLOAD_MAX};
    assert_int_equal(
        tatu_proto_encode_sign1(largest, (struct tatu_span){payload, 32}, signature, &buf),
        TATU_OK);
    assert_int_equal(tatu_proto_decode_sign1((struct tatu_span){room, buf.len}, &out), TATU_OK);
    size_t len = buf.len;
    buf = (struct tatu_buf){room, 0, len - 1};
    assert_int_equal(
        tatu_proto_encode_sign1(largest, (struct tatu_span){payload, 32}, signature, &buf),
        TATU_ERR_FULL);
    assert_int_equal(buf.len, 0);
    /* one more byte of payload, written by hand: the head says 4097 and the byte is there */
    static uint8_t longer[TATU_COSE_PAYLOAD_MAX + 128];
    buf = (struct tatu_buf){room, 0, sizeof(room)};
    assert_int_equal(tatu_proto_encode_sign1(largest, none, signature, &buf), TATU_OK);
    memcpy(longer, room, 10);
    longer[9] = 1;
    memset(longer + 10, 0, TATU_COSE_PAYLOAD_MAX + 1);
    memcpy(longer + 10 + TATU_COSE_PAYLOAD_MAX + 1, room + buf.len - 66, 66);
    assert_int_equal(tatu_proto_decode_sign1((struct tatu_span){longer, buf.len + 1}, &out),
                     TATU_ERR_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sign1_has_exactly_these_bytes),
        cmocka_unit_test(sig_head_has_exactly_these_bytes),
        cmocka_unit_test(sign1_refuses_each_error),
        cmocka_unit_test(sign1_cut_off_anywhere_is_short),
        cmocka_unit_test(sign1_keeps_its_maxima),
    };
    return cmocka_run_group_tests_name("cose", tests, NULL, NULL);
}
