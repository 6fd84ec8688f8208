#include "proto/mailbox.h"

#include "fuzzing.h"
#include "proto/fab.h"

static void read_mailbox(struct tatu_span in)
{
    struct tatu_mailbox_header header;
    struct tatu_verified_image image;
    struct tatu_vault_info info;
    uint8_t room[512];
    struct tatu_buf again = TATU_BUF_OF(room);
    if (tatu_proto_decode_mailbox(in, &header) == TATU_OK) {
        in.len = in.len > TATU_MAILBOX_HEADER_SIZE ? TATU_MAILBOX_HEADER_SIZE : in.len;
        promise_same(in, tatu_proto_encode_mailbox(&header, &again), &again);
    }
    again.len = 0;
    if (tatu_proto_decode_verified(in, &image) == TATU_OK) {
        promise_same(in, tatu_proto_encode_verified(&image, &again), &again);
    }
    again.len = 0;
    if (tatu_proto_decode_info(in, &info) == TATU_OK) {
        promise_same(in, tatu_proto_encode_info(&info, &again), &again);
    }
}

static void read_fab(struct tatu_span in)
{
    struct tatu_fab_request request;
    struct tatu_fab_answer answer;
    uint8_t room[256];
    struct tatu_buf again = TATU_BUF_OF(room);
    if (tatu_proto_decode_fab_request(in, &request) == TATU_OK) {
        promise_same(in, tatu_proto_encode_fab_request(&request, &again), &again);
    }
    again.len = 0;
    if (tatu_proto_decode_fab_answer(in, &answer) == TATU_OK) {
        promise_same(in, tatu_proto_encode_fab_answer(&answer, &again), &again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t frame[256];
    read_mailbox((struct tatu_span){data, size});
    read_fab((struct tatu_span){data, size});
    /* a frame whose checksum is right, or no input would get past it */
    if (size > TATU_FAB_FRAME_OVERHEAD && size <= sizeof(frame)) {
        memcpy(frame, data, size);
        struct tatu_span payload = {frame + 8, size - TATU_FAB_FRAME_OVERHEAD};
        tatu_put_le32(frame + size - 4, tatu_base_crc32(payload));
        read_fab((struct tatu_span){frame, size});
    }
    return 0;
}
