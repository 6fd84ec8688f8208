#include "proto/fab.h"

#include "testing.h"

#define REQUEST_FRAME (TATU_FAB_REQUEST_SIZE + TATU_FAB_FRAME_OVERHEAD)
#define ANSWER_FRAME (TATU_FAB_ANSWER_SIZE + TATU_FAB_FRAME_OVERHEAD)

static const struct tatu_fab_request request = {
    .board_class = 3, .implementation = {1, 2}, .root_hash = {{3}, {4}, {0}, {5}}};
static const struct tatu_fab_answer answer = {
    .status = 9, .identity = {6, 7}, .attestation = {8, 9}};

static void frames_read_what_was_written(void **state)
{
    (void)state;
    uint8_t room[REQUEST_FRAME];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_fab_request request_back;
    struct tatu_fab_answer answer_back;
    assert_int_equal(tatu_proto_encode_fab_request(&request, &buf), TATU_OK);
    assert_int_equal(buf.len, REQUEST_FRAME);
    assert_memory_equal(room, "TFAB\xa4\0\0\0\x03\0\0\0", 12);
    assert_int_equal(
        tatu_proto_decode_fab_request((struct tatu_span){room, buf.len}, &request_back), TATU_OK);
    assert_memory_equal(&request_back, &request, sizeof(request));
    buf.len = 0;
    assert_int_equal(tatu_proto_encode_fab_answer(&answer, &buf), TATU_OK);
    assert_int_equal(buf.len, ANSWER_FRAME);
    assert_int_equal(tatu_proto_decode_fab_answer((struct tatu_span){room, buf.len}, &answer_back),
                     TATU_OK);
    assert_memory_equal(&answer_back, &answer, sizeof(answer));
}

static const struct spoil spoils[] = {
    {"magic", 0, 1, 'X', TATU_ERR_FORMAT},
    {"payload length one less", 4, 1, TATU_FAB_REQUEST_SIZE - 1, TATU_ERR_FORMAT},
    {"payload length of the other frame", 4, 4, 0xffffffff, TATU_ERR_FORMAT},
    {"a damaged payload", 20, 1, 0x55, TATU_ERR_DIGEST},
    {"a damaged checksum", REQUEST_FRAME - 1, 1, 0, TATU_ERR_DIGEST},
};

static void request_refuses_each_spoiled_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(spoils); i++) {
        uint8_t room[REQUEST_FRAME];
        struct tatu_buf buf = TATU_BUF_OF(room);
        struct tatu_fab_request out;
        memset(&out, UNTOUCHED, sizeof(out));
        assert_int_equal(tatu_proto_encode_fab_request(&request, &buf), TATU_OK);
        assert_int_not_equal(room[REQUEST_FRAME - 1], 0);
        spoil_bytes(room, &spoils[i]);
        expect_err(spoils[i].promise, tatu_proto_decode_fab_request(TATU_SPAN_OF(room), &out),
                   spoils[i].err);
        assert_true(is_untouched(&out, sizeof(out)));
    }
}

static void frames_refuse_wrong_lengths(void **state)
{
    (void)state;
    uint8_t room[REQUEST_FRAME + 1];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_fab_request request_out;
    struct tatu_fab_answer answer_out;
    assert_int_equal(tatu_proto_encode_fab_request(&request, &buf), TATU_OK);
    for (size_t len = 0; len < REQUEST_FRAME; len++) {
        expect_err("cut off",
                   tatu_proto_decode_fab_request((struct tatu_span){room, len}, &request_out),
                   TATU_ERR_SHORT);
    }
    expect_err("one more", tatu_proto_decode_fab_request(TATU_SPAN_OF(room), &request_out),
               TATU_ERR_LONG);
    expect_err("a request is no answer",
               tatu_proto_decode_fab_answer((struct tatu_span){room, REQUEST_FRAME}, &answer_out),
               TATU_ERR_LONG);
    expect_err(
        "an answer cut off",
        tatu_proto_decode_fab_answer((struct tatu_span){room, ANSWER_FRAME - 1}, &answer_out),
        TATU_ERR_SHORT);
}

static void frames_are_written_whole_or_not_at_all(void **state)
{
    (void)state;
    uint8_t room[REQUEST_FRAME];
    struct tatu_buf buf = {room, 0, REQUEST_FRAME - 1};
    assert_int_equal(tatu_proto_encode_fab_request(&request, &buf), TATU_ERR_FULL);
    buf.cap = ANSWER_FRAME - 1;
    assert_int_equal(tatu_proto_encode_fab_answer(&answer, &buf), TATU_ERR_FULL);
    assert_int_equal(buf.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_read_what_was_written),
        cmocka_unit_test(request_refuses_each_spoiled_field),
        cmocka_unit_test(frames_refuse_wrong_lengths),
        cmocka_unit_test(frames_are_written_whole_or_not_at_all),
    };
    return cmocka_run_group_tests_name("fab", tests, NULL, NULL);
}
