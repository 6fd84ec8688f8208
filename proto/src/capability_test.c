#include "proto/capability.h"

#include "testing.h"

static uint8_t device_id[64];
static uint8_t file[TATU_CAPABILITY_SIZE + 1];

static struct tatu_span encode(uint32_t set)
{
    struct tatu_buf buf = TATU_BUF_OF(file);
    memset(device_id, 0x11, sizeof(device_id));
    assert_int_equal(tatu_proto_encode_capability(set, device_id, &buf), TATU_OK);
    assert_int_equal(buf.len, TATU_CAPABILITY_SIZE);
    return (struct tatu_span){file, buf.len};
}

static void capability_reads_what_was_written(void **state)
{
    (void)state;
    for (uint32_t set = 2; set <= TATU_CAPABILITY_ALL; set += 2) {
        uint32_t back = 0;
        assert_int_equal(tatu_proto_decode_capability(encode(set), device_id, &back), TATU_OK);
        assert_int_equal(back, set);
    }
}

static void capability_is_the_bytes_of_the_original_format(void **state)
{
    (void)state;
    (void)encode(TATU_CAPABILITY_BIT(TATU_CAPABILITY_APP_DEVELOPMENT));
    assert_memory_equal(file, "\xfd\x5c\xfd\x5c\1\0\0\0\xcc\0\0\0\x11\x11", 14);
    assert_memory_equal(file + 76, "\x0b\0\0\0", 4);
    assert_int_equal(file[215], 0);
}

static void capability_refuses_each_error(void **state)
{
    (void)state;
    static const struct spoil spoils[] = {
        {"magic", 0, 4, 0x5cfd5cfc, TATU_ERR_FORMAT},
        {"version", 4, 4, 2, TATU_ERR_VERSION},
        {"inner length", 8, 4, 203, TATU_ERR_FORMAT},
        {"first byte of another device's id", 12, 1, 0x10, TATU_ERR_FOREIGN},
        {"last byte of another device's id", 75, 1, 0x10, TATU_ERR_FOREIGN},
        {"a number that does not exist", 76, 2, 14, TATU_ERR_CAPABILITY},
        {"a high byte", 76, 2, 0x010b, TATU_ERR_CAPABILITY},
        {"a number that does not exist, in the last place", 214, 2, 14, TATU_ERR_CAPABILITY},
        {"no number", 76, 4, 0, TATU_ERR_FORMAT},
        {"nothing, then a number", 76, 2, 0, TATU_ERR_FORMAT},
        {"a number twice", 78, 2, 11, TATU_ERR_FORMAT},
        {"numbers that fall", 78, 2, 10, TATU_ERR_FORMAT},
        {"a gap", 80, 4, 13u << 16, TATU_ERR_FORMAT},
        {"a number in the last place", 214, 2, 13, TATU_ERR_FORMAT},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(spoils); i++) {
        uint32_t out = 0xa5a5a5a5;
        struct tatu_span in = encode(TATU_CAPABILITY_BIT(11) | TATU_CAPABILITY_BIT(12));
        spoil_bytes(file, &spoils[i]);
        expect_err(spoils[i].promise, tatu_proto_decode_capability(in, device_id, &out),
                   spoils[i].err);
        assert_int_equal(out, 0xa5a5a5a5);
    }
}

static void capability_has_one_length(void **state)
{
    (void)state;
    uint32_t out = 0;
    struct tatu_span in = encode(2);
    for (in.len = 0; in.len < TATU_CAPABILITY_SIZE; in.len++) {
        assert_int_equal(tatu_proto_decode_capability(in, device_id, &out), TATU_ERR_SHORT);
    }
    in.len++;
    assert_int_equal(tatu_proto_decode_capability(in, device_id, &out), TATU_ERR_LONG);
}

static void capability_is_not_written_when_it_would_not_be_read(void **state)
{
    (void)state;
    struct tatu_buf buf = {file, 0, TATU_CAPABILITY_SIZE - 1};
    assert_int_equal(tatu_proto_encode_capability(0, device_id, &buf), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_proto_encode_capability(1, device_id, &buf), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_proto_encode_capability(1u << 14, device_id, &buf), TATU_ERR_ARGUMENT);
    assert_int_equal(tatu_proto_encode_capability(2, device_id, &buf), TATU_ERR_FULL);
    assert_int_equal(buf.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capability_reads_what_was_written),
        cmocka_unit_test(capability_is_the_bytes_of_the_original_format),
        cmocka_unit_test(capability_refuses_each_error),
        cmocka_unit_test(capability_has_one_length),
        cmocka_unit_test(capability_is_not_written_when_it_would_not_be_read),
    };
    return cmocka_run_group_tests_name("capability", tests, NULL, NULL);
}
