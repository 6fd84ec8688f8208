#include "proto/image.h"

#include "testing.h"

#define COUNT_AT 128u
#define KEY1_AT 132u
#define KEY_SIZE 128u
#define KEY2_AT (KEY1_AT + KEY_SIZE)
#define HOST_LEN_AT (KEY1_AT + 2 * KEY_SIZE + 3 * 64)
#define HOST_AT (HOST_LEN_AT + 2)
#define HOST_LEN 9u
#define PORTS_AT (HOST_AT + HOST_LEN)
#define SAMPLE_LEN (PORTS_AT + 4)

static struct tatu_keystore sample(void)
{
    struct tatu_keystore keystore = {
        .count = 2,
        .host = "localhost",
        .front_port = 8443,
        .update_port = 8444,
    };
    memset(keystore.root, 1, 64);
    memset(keystore.root_lms, 0x11, TATU_LMS_KEY_SIZE);
    memset(keystore.keys[0].key, 2, 64);
    memset(keystore.keys[0].lms, 0x12, TATU_LMS_KEY_SIZE);
    memset(keystore.keys[1].key, 3, 64);
    memset(keystore.keys[1].lms, 0x13, TATU_LMS_KEY_SIZE);
    keystore.keys[0].usage = TATU_KEY_USAGE_FIRMWARE;
    keystore.keys[1].usage = TATU_KEY_USAGE_FIRMWARE;
    keystore.keys[1].revoked = 1;
    memset(keystore.service_root, 4, 64);
    memset(keystore.time_key, 5, 64);
    memset(keystore.director_key, 6, 64);
    return keystore;
}

static struct tatu_buf encode(uint8_t *room, size_t cap)
{
    struct tatu_buf buf = {room, 0, cap};
    struct tatu_keystore keystore = sample();
    assert_int_equal(tatu_proto_encode_keystore(&keystore, &buf), TATU_OK);
    return buf;
}

static void keystore_reads_what_was_written(void **state)
{
    (void)state;
    uint8_t room[TATU_KEYSTORE_MAX];
    struct tatu_buf buf = encode(room, sizeof(room));
    struct tatu_keystore keystore = sample();
    struct tatu_keystore back;
    assert_int_equal(buf.len, SAMPLE_LEN);
    memset(&back, UNTOUCHED, sizeof(back));
    assert_int_equal(tatu_proto_decode_keystore((struct tatu_span){room, buf.len}, &back), TATU_OK);
    assert_memory_equal(back.root, keystore.root, 64);
    assert_memory_equal(back.root_lms, keystore.root_lms, TATU_LMS_KEY_SIZE);
    assert_memory_equal(back.keys, keystore.keys, sizeof(keystore.keys));
    assert_string_equal(back.host, keystore.host);
    assert_int_equal(back.update_port, 8444);
    assert_memory_equal(back.director_key, keystore.director_key, 64);
}

static const struct spoil spoils[] = {
    {"the largest letters of a host", HOST_AT, 4, 0x417a395a, TATU_OK}, /* Z9zA */
    {"the others", HOST_AT, 4, 0x2d2e3061, TATU_OK},                    /* a0.- */
    {"before a", HOST_AT, 1, 'a' - 1, TATU_ERR_FORMAT},
    {"after z", HOST_AT, 1, 'z' + 1, TATU_ERR_FORMAT},
    {"before A", HOST_AT, 1, 'A' - 1, TATU_ERR_FORMAT},
    {"after Z", HOST_AT, 1, 'Z' + 1, TATU_ERR_FORMAT},
    {"after 9", HOST_AT, 1, '9' + 1, TATU_ERR_FORMAT},
    {"magic", 0, 1, 'X', TATU_ERR_FORMAT},
    {"version", 4, 4, 1, TATU_ERR_VERSION},
    {"one key fewer leaves bytes over", COUNT_AT, 4, 1, TATU_ERR_LONG},
    {"more keys than bytes", COUNT_AT, 4, 8, TATU_ERR_SHORT},
    {"more keys than the maximum", COUNT_AT, 4, 9, TATU_ERR_LONG},
    {"a usage that does not exist", KEY1_AT + 120, 4, 2, TATU_ERR_FORMAT},
    {"no usage", KEY1_AT + 120, 4, 0, TATU_ERR_FORMAT},
    {"revoked neither 0 nor 1", KEY1_AT + 124, 4, 2, TATU_ERR_FORMAT},
    {"host over its maximum", HOST_LEN_AT, 2, 65, TATU_ERR_LONG},
    {"host longer than the bytes", HOST_LEN_AT, 2, 10, TATU_ERR_SHORT},
    {"bytes after the ports", HOST_LEN_AT, 2, 8, TATU_ERR_LONG},
    {"a NUL in the host", HOST_AT + 3, 1, 0, TATU_ERR_FORMAT},
    {"a slash in the host", HOST_AT + 3, 1, '/', TATU_ERR_FORMAT},
    {"front port 0", PORTS_AT, 2, 0, TATU_ERR_FORMAT},
    {"update port 0", PORTS_AT + 2, 2, 0, TATU_ERR_FORMAT},
};

static void keystore_refuses_each_spoiled_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(spoils); i++) {
        uint8_t room[TATU_KEYSTORE_MAX];
        struct tatu_keystore out;
        struct tatu_buf buf = encode(room, sizeof(room));
        memset(&out, UNTOUCHED, sizeof(out));
        spoil_bytes(room, &spoils[i]);
        expect_err(spoils[i].promise,
                   tatu_proto_decode_keystore((struct tatu_span){room, buf.len}, &out),
                   spoils[i].err);
        assert_true(spoils[i].err == TATU_OK || is_untouched(&out, sizeof(out)));
    }
}

static void keystore_refuses_a_key_listed_twice(void **state)
{
    (void)state;
    uint8_t room[TATU_KEYSTORE_MAX];
    struct tatu_keystore out;
    struct tatu_buf buf = encode(room, sizeof(room));
    memcpy(room + KEY2_AT, room + KEY1_AT, 64);
    assert_int_equal(tatu_proto_decode_keystore((struct tatu_span){room, buf.len}, &out),
                     TATU_ERR_FORMAT);
    buf = encode(room, sizeof(room));
    memcpy(room + KEY2_AT + 64, room + KEY1_AT + 64, TATU_LMS_KEY_SIZE);
    assert_int_equal(tatu_proto_decode_keystore((struct tatu_span){room, buf.len}, &out),
                     TATU_ERR_FORMAT);
}

static void keystore_refuses_to_have_no_key(void **state)
{
    (void)state;
    uint8_t room[TATU_KEYSTORE_MAX];
    struct tatu_keystore out;
    struct tatu_buf buf = encode(room, sizeof(room));
    memmove(room + KEY1_AT, room + KEY1_AT + 2 * KEY_SIZE, buf.len - KEY1_AT - 2 * KEY_SIZE);
    tatu_put_le32(room + COUNT_AT, 0);
    assert_int_equal(
        tatu_proto_decode_keystore((struct tatu_span){room, buf.len - 2 * KEY_SIZE}, &out),
        TATU_ERR_FORMAT);
}

static void keystore_refuses_each_wrong_length(void **state)
{
    (void)state;
    static uint8_t room[TATU_KEYSTORE_MAX + 1];
    struct tatu_keystore out;
    struct tatu_buf buf = encode(room, sizeof(room));
    for (size_t len = 0; len < buf.len; len++) {
        expect_err("cut off", tatu_proto_decode_keystore((struct tatu_span){room, len}, &out),
                   TATU_ERR_SHORT);
    }
    expect_err("one more", tatu_proto_decode_keystore((struct tatu_span){room, buf.len + 1}, &out),
               TATU_ERR_LONG);
    expect_err("over the maximum", tatu_proto_decode_keystore(TATU_SPAN_OF(room), &out),
               TATU_ERR_LONG);
}

static void make_no_key(struct tatu_keystore *k)
{
    k->count = 0;
}
static void make_too_many(struct tatu_keystore *k)
{
    k->count = TATU_KEYSTORE_KEY_MAX + 1;
}
static void make_twice(struct tatu_keystore *k)
{
    memset(k->keys[1].key, 2, 64);
}
static void make_half_twice(struct tatu_keystore *k)
{
    memset(k->keys[1].lms, 0x12, TATU_LMS_KEY_SIZE);
}
static void make_no_host(struct tatu_keystore *k)
{
    k->host[0] = '\0';
}
static void make_endless_host(struct tatu_keystore *k)
{
    memset(k->host, 'a', sizeof(k->host));
}
static void make_no_port(struct tatu_keystore *k)
{
    k->front_port = 0;
}

static void keystore_is_not_written_when_it_would_not_be_read(void **state)
{
    (void)state;
    static void (*const spoilers[])(struct tatu_keystore *) = {
        make_no_key,  make_too_many,     make_twice,   make_half_twice,
        make_no_host, make_endless_host, make_no_port,
    };
    for (size_t i = 0; i < TATU_COUNT_OF(spoilers); i++) {
        uint8_t room[TATU_KEYSTORE_MAX];
        struct tatu_buf buf = TATU_BUF_OF(room);
        struct tatu_keystore keystore = sample();
        spoilers[i](&keystore);
        assert_int_equal(tatu_proto_encode_keystore(&keystore, &buf), TATU_ERR_ARGUMENT);
        assert_int_equal(buf.len, 0);
    }
}

static void keystore_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    uint8_t room[SAMPLE_LEN];
    struct tatu_keystore keystore = sample();
    struct tatu_buf buf = {room, 0, sizeof(room) - 1};
    assert_int_equal(tatu_proto_encode_keystore(&keystore, &buf), TATU_ERR_FULL);
    assert_int_equal(buf.len, 0);
}

static void keystore_of_the_largest_size_fits_its_maximum(void **state)
{
    (void)state;
    uint8_t room[TATU_KEYSTORE_MAX];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_keystore keystore = sample();
    struct tatu_keystore back;
    keystore.count = TATU_KEYSTORE_KEY_MAX;
    for (size_t i = 0; i < keystore.count; i++) {
        memset(keystore.keys[i].key, (int)(10 + i), 64);
        memset(keystore.keys[i].lms, (int)(30 + i), TATU_LMS_KEY_SIZE);
        keystore.keys[i].usage = TATU_KEY_USAGE_FIRMWARE;
    }
    memset(keystore.host, 'a', TATU_KEYSTORE_HOST_MAX);
    assert_int_equal(tatu_proto_encode_keystore(&keystore, &buf), TATU_OK);
    assert_int_equal(tatu_proto_decode_keystore((struct tatu_span){room, buf.len}, &back), TATU_OK);
    assert_string_equal(back.host, keystore.host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keystore_reads_what_was_written),
        cmocka_unit_test(keystore_refuses_each_spoiled_field),
        cmocka_unit_test(keystore_refuses_a_key_listed_twice),
        cmocka_unit_test(keystore_refuses_to_have_no_key),
        cmocka_unit_test(keystore_refuses_each_wrong_length),
        cmocka_unit_test(keystore_is_not_written_when_it_would_not_be_read),
        cmocka_unit_test(keystore_is_written_whole_or_not_at_all),
        cmocka_unit_test(keystore_of_the_largest_size_fits_its_maximum),
    };
    return cmocka_run_group_tests_name("keystore", tests, NULL, NULL);
}
