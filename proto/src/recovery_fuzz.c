#include "proto/recovery.h"

#include "fuzzing.h"

/* Each frame that the line lets through has that one encoding, and it advances an asker by no more
 * than was asked for. */
static void check_message(const struct tatu_recovery_message *message)
{
    uint8_t room[TATU_RECOVERY_FRAME_MAX];
    struct tatu_buf again = TATU_BUF_OF(room);
    struct tatu_recovery_ask ask = {
        .image_type = message->image_type, .len_max = 1u << 20, .offset = message->offset};
    struct tatu_span got = {NULL, 0};
    promise(tatu_proto_encode_recovery(message, &again) == TATU_OK);
    struct tatu_recovery_message back;
    struct tatu_buf frame = {room + 1, again.len - 2, sizeof(room) - 1};
    promise(tatu_proto_decode_recovery(frame, &back) == TATU_OK);
    promise(back.bytes.len == message->bytes.len && back.kind == message->kind &&
            back.err == message->err && back.offset == message->offset &&
            back.total == message->total && back.max == message->max);
    if (tatu_proto_match_recovery(&ask, message, &got) == TATU_OK) {
        promise(ask.offset <= ask.total && ask.total <= ask.len_max && got.len > 0);
    }
}

static void read_line(struct tatu_span in)
{
    struct tatu_recovery_line line = {0};
    for (size_t i = 0; i < in.len; i++) {
        struct tatu_recovery_message message;
        if (tatu_proto_take_recovery(&line, in.data[i], &message)) {
            check_message(&message);
        }
    }
}

/* The input as the fields of one frame, with a checksum that is right. */
static void read_raw(struct tatu_span in)
{
    uint8_t raw[TATU_RECOVERY_PAYLOAD_MAX + 8];
    uint8_t stuffed[2 * sizeof(raw)];
    size_t code_at = 0, to = 1;
    struct tatu_recovery_message message;
    if (in.len < 4 || in.len > sizeof(raw) - 4) {
        return;
    }
    memcpy(raw, in.data, in.len);
    tatu_put_le32(raw + in.len, tatu_base_crc32((struct tatu_span){raw, in.len}));
    for (size_t i = 0; i < in.len + 4; i++) {
        if (raw[i] != 0) {
            stuffed[to++] = raw[i];
        }
        if (raw[i] == 0 || to - code_at == 0xff) {
            stuffed[code_at] = (uint8_t)(to - code_at);
            code_at = to++;
        }
    }
    stuffed[code_at] = (uint8_t)(to - code_at);
    struct tatu_buf frame = {stuffed, to, sizeof(stuffed)};
    if (tatu_proto_decode_recovery(frame, &message) == TATU_OK) {
        check_message(&message);
    }
}

static void read_manifest(struct tatu_span in)
{
    struct tatu_recovery_manifest manifest;
    uint8_t room[TATU_RECOVERY_MANIFEST_SIZE];
    struct tatu_buf again = TATU_BUF_OF(room);
    if (tatu_proto_decode_recovery_manifest(in, &manifest) == TATU_OK) {
        promise_same(in, tatu_proto_encode_recovery_manifest(&manifest, &again), &again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_line((struct tatu_span){data, size});
    read_raw((struct tatu_span){data, size});
    read_manifest((struct tatu_span){data, size});
    return 0;
}
