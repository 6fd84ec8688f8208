#include "proto/mailbox.h"

#include "testing.h"

static void header_reads_what_was_written(void **state)
{
    (void)state;
    uint8_t room[TATU_MAILBOX_HEADER_SIZE + 4];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_mailbox_header header = {0x01020304, 0x0506, 0x0708, TATU_MAILBOX_PAYLOAD_MAX};
    struct tatu_mailbox_header back;
    assert_int_equal(tatu_proto_encode_mailbox(&header, &buf), TATU_OK);
    assert_memory_equal(room, "\x04\x03\x02\x01\x06\x05\x08\x07\x00\x10\x00\x00", 12);
    assert_int_equal(tatu_proto_decode_mailbox(TATU_SPAN_OF(room), &back), TATU_OK);
    assert_memory_equal(&back, &header, sizeof(header));
}

static void header_refuses_wrong_lengths(void **state)
{
    (void)state;
    uint8_t room[TATU_MAILBOX_HEADER_SIZE] = {0};
    struct tatu_mailbox_header out;
    memset(&out, UNTOUCHED, sizeof(out));
    assert_int_equal(tatu_proto_decode_mailbox((struct tatu_span){room, 11}, &out), TATU_ERR_SHORT);
    tatu_put_le32(room + 8, TATU_MAILBOX_PAYLOAD_MAX + 1);
    assert_int_equal(tatu_proto_decode_mailbox(TATU_SPAN_OF(room), &out), TATU_ERR_LONG);
    assert_true(is_untouched(&out, sizeof(out)));

    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_mailbox_header header = {.len = TATU_MAILBOX_PAYLOAD_MAX + 1};
    assert_int_equal(tatu_proto_encode_mailbox(&header, &buf), TATU_ERR_ARGUMENT);
    header.len = 0;
    buf.cap--;
    assert_int_equal(tatu_proto_encode_mailbox(&header, &buf), TATU_ERR_FULL);
    assert_int_equal(buf.len, 0);
}

static void verified_image_reads_what_was_written(void **state)
{
    (void)state;
    uint8_t room[TATU_VERIFIED_IMAGE_SIZE + 1];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_verified_image image;
    struct tatu_verified_image back;
    memset(&image, 0x42, sizeof(image));
    image.image_type = 10;
    image.flags = 0;
    assert_int_equal(tatu_proto_encode_verified(&image, &buf), TATU_OK);
    assert_int_equal(buf.len, TATU_VERIFIED_IMAGE_SIZE);
    assert_int_equal(room[140], 10);
    assert_int_equal(tatu_proto_decode_verified((struct tatu_span){room, buf.len}, &back), TATU_OK);
    assert_memory_equal(&back, &image, sizeof(image));
}

static void verified_image_refuses_each_error(void **state)
{
    (void)state;
    uint8_t room[TATU_VERIFIED_IMAGE_SIZE + 1] = {0};
    struct tatu_verified_image out;
    memset(&out, UNTOUCHED, sizeof(out));
    assert_int_equal(tatu_proto_decode_verified((struct tatu_span){room, 143}, &out),
                     TATU_ERR_SHORT);
    assert_int_equal(tatu_proto_decode_verified((struct tatu_span){room, 145}, &out),
                     TATU_ERR_LONG);
    room[142] = 1;
    assert_int_equal(tatu_proto_decode_verified((struct tatu_span){room, 144}, &out),
                     TATU_ERR_FORMAT);
    assert_true(is_untouched(&out, sizeof(out)));

    struct tatu_verified_image image = {.flags = 1};
    struct tatu_buf buf = {room, 0, 143};
    assert_int_equal(tatu_proto_encode_verified(&image, &buf), TATU_ERR_ARGUMENT);
    image.flags = 0;
    assert_int_equal(tatu_proto_encode_verified(&image, &buf), TATU_ERR_FULL);
    assert_int_equal(buf.len, 0);
}

static struct tatu_vault_info sample_info(void)
{
    struct tatu_vault_info info;
    memset(&info, 0, sizeof(info));
    memset(info.device_id, 1, 64);
    memset(info.attestation, 2, 64);
    memset(info.owner_key, 3, 64);
    info.boot_count = 0x1122334455667788;
    info.time_floor_s = 2;
    info.uptime_ms = 3;
    info.lifecycle = 3;
    info.board_class = 1;
    info.floors[3] = 9;
    info.boot_set = 1;
    info.fallback = 1;
    return info;
}

static void info_reads_what_was_written(void **state)
{
    (void)state;
    uint8_t room[TATU_VAULT_INFO_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_vault_info info = sample_info();
    struct tatu_vault_info back;
    assert_int_equal(tatu_proto_encode_info(&info, &buf), TATU_OK);
    assert_int_equal(buf.len, TATU_VAULT_INFO_SIZE);
    assert_int_equal(tatu_proto_decode_info(TATU_SPAN_OF(room), &back), TATU_OK);
    assert_memory_equal(&back, &info, offsetof(struct tatu_vault_info, pad)); /* no gap before */
}

static void info_refuses_each_error(void **state)
{
    (void)state;
    static const struct spoil spoils[] = {
        {"boot set over 1", 288, 1, 2, TATU_ERR_FORMAT},
        {"fallback over 1", 289, 1, 2, TATU_ERR_FORMAT},
        {"pad not zero", 291, 1, 1, TATU_ERR_FORMAT},
    };
    uint8_t room[TATU_VAULT_INFO_SIZE + 1];
    struct tatu_vault_info out;
    struct tatu_vault_info info = sample_info();
    memset(&out, UNTOUCHED, sizeof(out));
    for (size_t i = 0; i < TATU_COUNT_OF(spoils); i++) {
        struct tatu_buf buf = TATU_BUF_OF(room);
        assert_int_equal(tatu_proto_encode_info(&info, &buf), TATU_OK);
        spoil_bytes(room, &spoils[i]);
        expect_err(spoils[i].promise,
                   tatu_proto_decode_info((struct tatu_span){room, buf.len}, &out), spoils[i].err);
    }
    assert_int_equal(tatu_proto_decode_info((struct tatu_span){room, 291}, &out), TATU_ERR_SHORT);
    assert_int_equal(tatu_proto_decode_info((struct tatu_span){room, 293}, &out), TATU_ERR_LONG);
    assert_true(is_untouched(&out, sizeof(out)));

    struct tatu_buf buf = {room, 0, TATU_VAULT_INFO_SIZE - 1};
    assert_int_equal(tatu_proto_encode_info(&info, &buf), TATU_ERR_FULL);
    info.boot_set = 2;
    assert_int_equal(tatu_proto_encode_info(&info, &buf), TATU_ERR_ARGUMENT);
    assert_int_equal(buf.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_reads_what_was_written),
        cmocka_unit_test(header_refuses_wrong_lengths),
        cmocka_unit_test(verified_image_reads_what_was_written),
        cmocka_unit_test(verified_image_refuses_each_error),
        cmocka_unit_test(info_reads_what_was_written),
        cmocka_unit_test(info_refuses_each_error),
    };
    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
