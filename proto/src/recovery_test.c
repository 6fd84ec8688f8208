#include "proto/recovery.h"

#include "proto/image.h"
#include "testing.h"

static const uint8_t bytes[TATU_RECOVERY_READ_MAX] = {[0 ... TATU_RECOVERY_READ_MAX - 1] = 0x5a};

static struct tatu_recovery_message data_message(uint32_t total, uint32_t offset, size_t len)
{
    return (struct tatu_recovery_message){.kind = TATU_RECOVERY_DATA,
                                          .image_type = TATU_IMAGE_KERNEL,
                                          .total = total,
                                          .offset = offset,
                                          .bytes = {bytes, len}};
}

static size_t encode(const struct tatu_recovery_message *message,
                     uint8_t frame[TATU_RECOVERY_FRAME_MAX])
{
    struct tatu_buf buf = {frame, 0, TATU_RECOVERY_FRAME_MAX};
    assert_int_equal(tatu_proto_encode_recovery(message, &buf), TATU_OK);
    return buf.len;
}

/* How many good frames are in the bytes; the last one is in *out. */
static int feed(struct tatu_recovery_line *line, const uint8_t *in, size_t len,
                struct tatu_recovery_message *out)
{
    int count = 0;
    for (size_t i = 0; i < len; i++) {
        count += tatu_proto_take_recovery(line, in[i], out);
    }
    return count;
}

static const struct tatu_recovery_message samples[] = {
    {.kind = TATU_RECOVERY_HELLO, .version = 1, .stage = 3, .err = TATU_ERR_NO_BOOT_SET},
    {.kind = TATU_RECOVERY_READ, .image_type = 8, .max = 1024, .offset = 0x12345678},
    {.kind = TATU_RECOVERY_PROGRESS, .image_type = 7, .done = 5, .total = 5},
    {.kind = TATU_RECOVERY_DONE, .err = 0},
    {.kind = TATU_RECOVERY_DATA,
     .image_type = 19,
     .total = 5000,
     .offset = 4999,
     .bytes = {bytes, 1}},
    {.kind = TATU_RECOVERY_DATA,
     .image_type = 1,
     .total = 1024,
     .bytes = {bytes, TATU_RECOVERY_READ_MAX}},
    {.kind = TATU_RECOVERY_REFUSE, .image_type = 1, .err = TATU_ERR_NOT_FOUND},
};

static void recovery_reads_what_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(samples); i++) {
        struct tatu_recovery_line line = {0};
        struct tatu_recovery_message back = {0};
        uint8_t frame[TATU_RECOVERY_FRAME_MAX];
        size_t len = encode(&samples[i], frame);
        assert_int_equal(feed(&line, frame, len, &back), 1);
        assert_int_equal(back.bytes.len, samples[i].bytes.len);
        if (back.bytes.len != 0) {
            assert_memory_equal(back.bytes.data, samples[i].bytes.data, back.bytes.len);
        }
        assert_int_equal(back.kind, samples[i].kind);
        assert_int_equal(back.image_type, samples[i].image_type);
        assert_int_equal(back.version, samples[i].version);
        assert_int_equal(back.stage, samples[i].stage);
        assert_int_equal(back.max, samples[i].max);
        assert_int_equal(back.err, samples[i].err);
        assert_int_equal(back.offset, samples[i].offset);
        assert_int_equal(back.done, samples[i].done);
        assert_int_equal(back.total, samples[i].total);
    }
}

/* The bytes of a frame hold no zero but its two, for every length and for content of all zeros. */
static void recovery_frames_hold_no_zero(void **state)
{
    (void)state;
    static const uint8_t zeros[TATU_RECOVERY_READ_MAX];
    for (size_t len = 1; len <= TATU_RECOVERY_READ_MAX; len++) {
        for (int of_zeros = 0; of_zeros < 2; of_zeros++) {
            struct tatu_recovery_line line = {0};
            struct tatu_recovery_message back = {0};
            uint8_t frame[TATU_RECOVERY_FRAME_MAX];
            struct tatu_recovery_message message = data_message(0x01010101, 0x01010101 - 1024, len);
            message.bytes.data = of_zeros ? zeros : bytes;
            size_t frame_len = encode(&message, frame);
            assert_ptr_equal(memchr(frame + 1, 0, frame_len - 1), frame + frame_len - 1);
            assert_int_equal(frame[0], 0);
            assert_int_equal(feed(&line, frame, frame_len, &back), 1);
            assert_int_equal(back.bytes.len, len);
            assert_memory_equal(back.bytes.data, message.bytes.data, len);
        }
    }
}

static void recovery_encodes_only_what_is_sound(void **state)
{
    (void)state;
    const struct tatu_recovery_message bad[] = {
        {.kind = 0},
        {.kind = 5},
        {.kind = TATU_RECOVERY_HELLO, .stage = 0},
        {.kind = TATU_RECOVERY_HELLO, .stage = 4},
        {.kind = TATU_RECOVERY_READ, .max = 0},
        {.kind = TATU_RECOVERY_READ, .max = TATU_RECOVERY_READ_MAX + 1},
        {.kind = TATU_RECOVERY_PROGRESS, .done = 2, .total = 1},
        {.kind = TATU_RECOVERY_REFUSE, .err = TATU_OK},
        data_message(10, 0, 0),
        data_message(10, 10, 1),
        data_message(10, 9, 2),
        data_message(5000, 0, TATU_RECOVERY_READ_MAX + 1),
    };
    for (size_t i = 0; i < TATU_COUNT_OF(bad); i++) {
        uint8_t room[TATU_RECOVERY_FRAME_MAX];
        struct tatu_buf buf = TATU_BUF_OF(room);
        assert_int_equal(tatu_proto_encode_recovery(&bad[i], &buf), TATU_ERR_ARGUMENT);
        assert_int_equal(buf.len, 0);
    }
    uint8_t small[17];
    struct tatu_buf buf = TATU_BUF_OF(small);
    assert_int_equal(tatu_proto_encode_recovery(&samples[0], &buf), TATU_ERR_FULL);
}

/* ---- what a receiver refuses ---- */

/* Raw bytes of a frame as COBS; short enough for one block after another. */
static size_t stuff(const uint8_t *raw, size_t len, uint8_t *out)
{
    size_t code_at = 0, to = 1;
    for (size_t i = 0; i < len; i++) {
        if (raw[i] != 0) {
            out[to++] = raw[i];
            continue;
        }
        out[code_at] = (uint8_t)(to - code_at);
        code_at = to++;
    }
    out[code_at] = (uint8_t)(to - code_at);
    return to;
}

static enum tatu_err decode_raw(const uint8_t *raw, size_t len)
{
    uint8_t stuffed[64];
    struct tatu_recovery_message out;
    memset(&out, UNTOUCHED, sizeof(out));
    struct tatu_buf frame = {stuffed, stuff(raw, len, stuffed), sizeof(stuffed)};
    enum tatu_err err = tatu_proto_decode_recovery(frame, &out);
    assert_true(err == TATU_OK || is_untouched(&out, sizeof(out)));
    return err;
}

static void put_crc(uint8_t *raw, size_t len)
{
    tatu_put_le32(raw + len - 4, tatu_base_crc32((struct tatu_span){raw, len - 4}));
}

static const struct {
    const char *promise;
    uint8_t raw[40]; /* CRC is added */
    size_t len;      /* without it */
    enum tatu_err err;
} raws[] = {
    {"a good READ", {2, 0, 8, 0, 7, 0, 0, 4}, 12, TATU_OK},
    {"a good DATA", {0x82, 0, 13, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9}, 17, TATU_OK},
    {"no kind", {0}, 4, TATU_ERR_FORMAT},
    {"an unknown kind", {5, 0, 0, 0}, 4, TATU_ERR_FORMAT},
    {"a length that lies", {2, 0, 9, 0, 7, 0, 0, 4}, 12, TATU_ERR_FORMAT},
    {"too few fields", {2, 0, 4, 0, 7, 0, 0, 4}, 8, TATU_ERR_FORMAT},
    {"bytes left over", {4, 0, 5, 0}, 9, TATU_ERR_FORMAT},
    {"DATA without bytes", {0x82, 0, 12, 0, 7, 0, 0, 0, 1}, 16, TATU_ERR_FORMAT},
    {"DATA short of its fields", {0x82, 0, 8, 0, 7, 0, 0, 0, 1}, 12, TATU_ERR_FORMAT},
    {"DATA behind its end", {0x82, 0, 13, 0, 7, 0, 0, 0, 1, 0, 0, 0, 1}, 17, TATU_ERR_FORMAT},
    {"a reserved half word", {0x82, 0, 13, 0, 7, 0, 1, 0, 1}, 17, TATU_ERR_FORMAT},
    {"a reserved half word of REFUSE", {0x83, 0, 8, 0, 7, 0, 1, 0, 1}, 12, TATU_ERR_FORMAT},
    {"a reserved half word of PROGRESS", {3, 0, 12, 0, 7, 0, 1, 0}, 16, TATU_ERR_FORMAT},
    {"a reserved byte of HELLO", {1, 0, 12, 0, 1, 0, 0, 0, 1, 0, 1}, 16, TATU_ERR_FORMAT},
    {"a stage that does not exist", {1, 0, 12, 0, 1, 0, 0, 0, 4}, 16, TATU_ERR_FORMAT},
    {"READ of nothing", {2, 0, 8, 0, 7, 0, 0, 0}, 12, TATU_ERR_FORMAT},
    {"READ of too much", {2, 0, 8, 0, 7, 0, 1, 4}, 12, TATU_ERR_FORMAT},
    {"REFUSE without a reason", {0x83, 0, 8, 0, 7}, 12, TATU_ERR_FORMAT},
    {"more done than there is", {3, 0, 12, 0, 7, 0, 0, 0, 1}, 16, TATU_ERR_FORMAT},
};

static void recovery_rejects_what_is_no_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(raws); i++) {
        uint8_t raw[44];
        memcpy(raw, raws[i].raw, sizeof(raws[i].raw));
        put_crc(raw, raws[i].len + 4);
        expect_err(raws[i].promise, decode_raw(raw, raws[i].len + 4), raws[i].err);
        raw[2] ^= 1;
        expect_err("a damaged frame", decode_raw(raw, raws[i].len + 4), TATU_ERR_DIGEST);
    }
    expect_err("too short for a head", decode_raw((const uint8_t *)"\1\2\3\4\5\6\7", 7),
               TATU_ERR_SHORT);
}

static void recovery_rejects_what_is_no_cobs(void **state)
{
    (void)state;
    static const struct {
        const char *promise;
        uint8_t bytes[8];
        size_t len;
        enum tatu_err err;
    } rows[] = {
        {"nothing", {0}, 0, TATU_ERR_SHORT},
        {"a block longer than what is there", {9, 1}, 2, TATU_ERR_FORMAT},
        {"a zero for a length", {0, 1}, 2, TATU_ERR_FORMAT},
        {"a zero inside", {3, 1, 0}, 3, TATU_ERR_FORMAT},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint8_t frame[8];
        struct tatu_recovery_message out;
        memcpy(frame, rows[i].bytes, sizeof(frame));
        expect_err(rows[i].promise,
                   tatu_proto_decode_recovery((struct tatu_buf){frame, rows[i].len, 8}, &out),
                   rows[i].err);
    }
    /* a second way to write a frame that ends with a full block: an empty block behind it */
    uint8_t full[256];
    struct tatu_recovery_message out;
    memset(full, 0x55, sizeof(full));
    full[0] = 0xff;
    full[255] = 1;
    expect_err("a frame that ends twice",
               tatu_proto_decode_recovery((struct tatu_buf){full, 256, 256}, &out),
               TATU_ERR_FORMAT);
    static uint8_t long_frame[TATU_RECOVERY_FRAME_MAX + 1];
    expect_err("too long", tatu_proto_decode_recovery(TATU_BUF_OF(long_frame), &out),
               TATU_ERR_SHORT);
    struct tatu_buf frame = {long_frame, sizeof(long_frame), sizeof(long_frame)};
    expect_err("too long", tatu_proto_decode_recovery(frame, &out), TATU_ERR_LONG);
}

/* ---- the line ---- */

static void recovery_line_survives_noise(void **state)
{
    (void)state;
    struct tatu_recovery_line line = {0};
    struct tatu_recovery_message out = {0};
    uint8_t frame[TATU_RECOVERY_FRAME_MAX];
    size_t len = encode(&samples[1], frame);
    for (uint32_t noise = 0; noise < 3 * TATU_RECOVERY_FRAME_MAX; noise++) {
        for (uint32_t i = 0; i < noise; i++) {
            assert_false(tatu_proto_take_recovery(&line, (uint8_t)(i * 7 + noise) | 1, &out));
        }
        assert_int_equal(feed(&line, frame, len, &out), 1);
        assert_int_equal(out.offset, samples[1].offset);
    }
}

static void recovery_line_takes_two_frames_in_a_row(void **state)
{
    (void)state;
    struct tatu_recovery_line line = {0};
    struct tatu_recovery_message out = {0};
    uint8_t frame[TATU_RECOVERY_FRAME_MAX];
    size_t len = encode(&samples[0], frame);
    assert_int_equal(feed(&line, frame, len, &out), 1);
    len = encode(&samples[5], frame);
    assert_int_equal(feed(&line, frame, len, &out), 1);
    assert_int_equal(out.bytes.len, TATU_RECOVERY_READ_MAX);
    frame[500] ^= 0x10;
    assert_int_equal(feed(&line, frame, len, &out), 0);
}

/* ---- the asker ---- */

static void recovery_asks_until_the_image_is_whole(void **state)
{
    (void)state;
    struct tatu_recovery_ask ask = {.image_type = TATU_IMAGE_KERNEL, .len_max = 3000};
    uint32_t reads = 0;
    while (ask.total == 0 || ask.offset < ask.total) {
        struct tatu_span got;
        struct tatu_recovery_message read = tatu_proto_next_recovery(&ask);
        assert_int_equal(read.kind, TATU_RECOVERY_READ);
        assert_int_equal(read.image_type, TATU_IMAGE_KERNEL);
        assert_int_equal(read.offset, ask.offset);
        assert_int_equal(read.max, reads < 2 ? 1024 : 452);
        struct tatu_recovery_message data = data_message(2500, read.offset, read.max);
        assert_int_equal(tatu_proto_match_recovery(&ask, &data, &got), TATU_OK);
        assert_int_equal(got.len, read.max);
        reads++;
    }
    assert_int_equal(reads, 3);
    assert_int_equal(ask.offset, 2500);
}

static void recovery_takes_only_what_answers(void **state)
{
    (void)state;
    struct tatu_recovery_message of_another_type = data_message(2500, 1024, 10);
    of_another_type.image_type = TATU_IMAGE_ROOT;
    const struct {
        const char *promise;
        struct tatu_recovery_message message;
        enum tatu_err err;
    } rows[] = {
        {"another type", of_another_type, TATU_ERR_STATE},
        {"a refusal of another type",
         {.kind = TATU_RECOVERY_REFUSE, .image_type = 2, .err = TATU_ERR_IO},
         TATU_ERR_STATE},
        {"an earlier place", data_message(2500, 0, 1024), TATU_ERR_STATE},
        {"a later place", data_message(2500, 2048, 10), TATU_ERR_STATE},
        {"a READ", {.kind = TATU_RECOVERY_READ, .image_type = 7, .max = 1}, TATU_ERR_STATE},
        {"another length than before", data_message(2501, 1024, 10), TATU_ERR_FORMAT},
        {"more than there is room for", data_message(3001, 1024, 10), TATU_ERR_LONG},
        {"a refusal",
         {.kind = TATU_RECOVERY_REFUSE, .image_type = 7, .err = TATU_ERR_NOT_FOUND},
         TATU_ERR_REJECTED},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct tatu_recovery_ask ask = {
            .image_type = TATU_IMAGE_KERNEL, .len_max = 3000, .offset = 1024, .total = 2500};
        struct tatu_span got = {NULL, 77};
        expect_err(rows[i].promise, tatu_proto_match_recovery(&ask, &rows[i].message, &got),
                   rows[i].err);
        assert_int_equal(ask.offset, 1024);
        assert_int_equal(got.len, 77);
    }
}

/* ---- manifest ---- */

static struct tatu_recovery_manifest sample_manifest(void)
{
    static const uint16_t types[] = {2, 4, 6, 7, 8, 19};
    struct tatu_recovery_manifest manifest;
    memset(&manifest, 0, sizeof(manifest));
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        manifest.parts[i].image_type = types[i];
        manifest.parts[i].len = 1000 + (uint32_t)i;
        memset(manifest.parts[i].digest, (int)i, 32);
    }
    return manifest;
}

static void manifest_reads_what_was_written(void **state)
{
    (void)state;
    uint8_t body[TATU_RECOVERY_MANIFEST_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(body);
    struct tatu_recovery_manifest manifest = sample_manifest();
    struct tatu_recovery_manifest back = {0};
    assert_int_equal(tatu_proto_encode_recovery_manifest(&manifest, &buf), TATU_OK);
    assert_int_equal(buf.len, sizeof(body));
    assert_int_equal(tatu_proto_decode_recovery_manifest(TATU_SPAN_OF(body), &back), TATU_OK);
    for (size_t i = 0; i < TATU_RECOVERY_PART_COUNT; i++) {
        assert_int_equal(back.parts[i].image_type, manifest.parts[i].image_type);
        assert_int_equal(back.parts[i].len, manifest.parts[i].len);
        assert_memory_equal(back.parts[i].digest, manifest.parts[i].digest, 32);
    }
    assert_int_equal(tatu_proto_encode_recovery_manifest(&manifest, &buf), TATU_ERR_FULL);
    manifest.parts[3].len = 0;
    buf.len = 0;
    assert_int_equal(tatu_proto_encode_recovery_manifest(&manifest, &buf), TATU_ERR_ARGUMENT);
}

static const struct spoil manifest_spoils[] = {
    {"another version", 0, 4, 2, TATU_ERR_VERSION},
    {"another count", 4, 4, 5, TATU_ERR_FORMAT},
    {"a foreign type", 8, 2, TATU_IMAGE_APPLICATION, TATU_ERR_FORMAT},
    {"a type twice", 48, 2, TATU_IMAGE_VAULT_RUNTIME, TATU_ERR_FORMAT},
    {"a reserved half word", 10, 2, 1, TATU_ERR_FORMAT},
    {"an empty part", 12, 4, 0, TATU_ERR_FORMAT},
    {"a part over every slot", 12, 4, TATU_IMAGE_PACKAGE_MAX + 1, TATU_ERR_FORMAT},
};

static void manifest_rejects(void **state)
{
    (void)state;
    uint8_t good[TATU_RECOVERY_MANIFEST_SIZE + 1] = {0};
    struct tatu_buf buf = TATU_BUF_OF(good);
    struct tatu_recovery_manifest manifest = sample_manifest();
    assert_int_equal(tatu_proto_encode_recovery_manifest(&manifest, &buf), TATU_OK);
    for (size_t i = 0; i < TATU_COUNT_OF(manifest_spoils); i++) {
        uint8_t bad[TATU_RECOVERY_MANIFEST_SIZE];
        struct tatu_recovery_manifest out;
        memset(&out, UNTOUCHED, sizeof(out));
        memcpy(bad, good, sizeof(bad));
        spoil_bytes(bad, &manifest_spoils[i]);
        expect_err(manifest_spoils[i].promise,
                   tatu_proto_decode_recovery_manifest(TATU_SPAN_OF(bad), &out),
                   manifest_spoils[i].err);
        assert_true(is_untouched(&out, sizeof(out)));
    }
    expect_err(
        "a byte missing",
        tatu_proto_decode_recovery_manifest((struct tatu_span){good, buf.len - 1}, &manifest),
        TATU_ERR_SHORT);
    expect_err("a byte left over",
               tatu_proto_decode_recovery_manifest(TATU_SPAN_OF(good), &manifest), TATU_ERR_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recovery_reads_what_was_written),
        cmocka_unit_test(recovery_frames_hold_no_zero),
        cmocka_unit_test(recovery_encodes_only_what_is_sound),
        cmocka_unit_test(recovery_rejects_what_is_no_message),
        cmocka_unit_test(recovery_rejects_what_is_no_cobs),
        cmocka_unit_test(recovery_line_survives_noise),
        cmocka_unit_test(recovery_line_takes_two_frames_in_a_row),
        cmocka_unit_test(recovery_asks_until_the_image_is_whole),
        cmocka_unit_test(recovery_takes_only_what_answers),
        cmocka_unit_test(manifest_reads_what_was_written),
        cmocka_unit_test(manifest_rejects),
    };
    return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
