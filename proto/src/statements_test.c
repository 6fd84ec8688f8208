/* What holds for every statement and report alike; what is special to one is in its own test. */
#include "proto/cbor.h"
#include "samples.h"
#include "testing.h"

#define ROOM 4200u

static enum tatu_err encode_evidence(struct tatu_buf *out)
{
    struct tatu_evidence evidence = sample_evidence();
    return tatu_proto_encode_evidence(&evidence, sample_ueid_digest, out);
}

static enum tatu_err again_evidence(struct tatu_span in, struct tatu_buf *out, bool *untouched)
{
    struct tatu_evidence back;
    memset(&back, UNTOUCHED, sizeof(back));
    enum tatu_err err = tatu_proto_decode_evidence(in, sample_ueid_digest, &back);
    *untouched = is_untouched(&back, sizeof(back));
    return err != TATU_OK ? err : tatu_proto_encode_evidence(&back, sample_ueid_digest, out);
}

/* encode the sample; decode bytes and encode what was read again */
#define STATEMENT(kind, type)                                                                      \
    static enum tatu_err encode_##kind(struct tatu_buf *out)                                       \
    {                                                                                              \
        struct type sample = sample_##kind();                                                      \
        return tatu_proto_encode_##kind(&sample, out);                                             \
    }                                                                                              \
    static enum tatu_err again_##kind(struct tatu_span in, struct tatu_buf *out, bool *untouched)  \
    {                                                                                              \
        struct type back;                                                                          \
        memset(&back, UNTOUCHED, sizeof(back));                                                    \
        enum tatu_err err = tatu_proto_decode_##kind(in, &back);                                   \
        *untouched = is_untouched(&back, sizeof(back));                                            \
        return err != TATU_OK ? err : tatu_proto_encode_##kind(&back, out);                        \
    }

STATEMENT(endorsement, tatu_endorsement)
STATEMENT(claim, tatu_claim)
STATEMENT(time, tatu_signed_time)
STATEMENT(confirmation, tatu_confirmation)
STATEMENT(ticket, tatu_ticket)
STATEMENT(deployment, tatu_deployment)
STATEMENT(reference, tatu_reference)
STATEMENT(crash, tatu_crash)
STATEMENT(boot_failure, tatu_boot_failure)
STATEMENT(event, tatu_event)

#define ROW(kind)                                                                                  \
    {                                                                                              \
#kind, encode_##kind, again_##kind                                                         \
    }

static const struct statement {
    const char *name;
    enum tatu_err (*encode)(struct tatu_buf *out);
    enum tatu_err (*again)(struct tatu_span in, struct tatu_buf *out, bool *untouched);
} statements[] = {
    ROW(evidence),   ROW(endorsement),  ROW(claim),  ROW(time),
    ROW(deployment), ROW(confirmation), ROW(ticket), ROW(reference),
    ROW(crash),      ROW(boot_failure), ROW(event),
};

static struct tatu_span encode(const struct statement *statement, uint8_t room[ROOM])
{
    struct tatu_buf buf = {room, 0, ROOM};
    expect_err(statement->name, statement->encode(&buf), TATU_OK);
    return (struct tatu_span){room, buf.len};
}

static void each_reads_what_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(statements); i++) {
        uint8_t room[ROOM];
        uint8_t room2[ROOM];
        bool untouched = false;
        struct tatu_span bytes = encode(&statements[i], room);
        struct tatu_buf again = TATU_BUF_OF(room2);
        expect_err(statements[i].name, statements[i].again(bytes, &again, &untouched), TATU_OK);
        assert_false(untouched);
        assert_int_equal(again.len, bytes.len);
        assert_memory_equal(room2, room, bytes.len);
    }
}

static void each_cut_off_anywhere_is_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(statements); i++) {
        uint8_t room[ROOM];
        uint8_t room2[ROOM];
        struct tatu_span bytes = encode(&statements[i], room);
        for (size_t len = 0; len < bytes.len; len++) {
            bool untouched = false;
            struct tatu_buf again = TATU_BUF_OF(room2);
            expect_err(statements[i].name,
                       statements[i].again((struct tatu_span){room, len}, &again, &untouched),
                       TATU_ERR_SHORT);
            assert_true(untouched);
        }
    }
}

static void each_refuses_bytes_left_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(statements); i++) {
        uint8_t room[ROOM];
        uint8_t room2[ROOM];
        bool untouched = false;
        struct tatu_span bytes = encode(&statements[i], room);
        struct tatu_buf again = TATU_BUF_OF(room2);
        room[bytes.len++] = 0;
        expect_err(statements[i].name, statements[i].again(bytes, &again, &untouched),
                   TATU_ERR_FORMAT);
        assert_true(untouched);
    }
}

static void each_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(statements); i++) {
        uint8_t room[ROOM];
        struct tatu_span bytes = encode(&statements[i], room);
        for (size_t cap = 3; cap < bytes.len + 3; cap++) {
            struct tatu_buf buf = {room, 3, cap};
            expect_err(statements[i].name, statements[i].encode(&buf), TATU_ERR_FULL);
            assert_int_equal(buf.len, 3);
        }
    }
}

/* Whatever one changed byte turns a statement into: it is refused, or it is another statement in
 * its one and only encoding. */
static void each_has_one_encoding(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(statements); i++) {
        uint8_t room[ROOM];
        uint8_t room2[ROOM];
        struct tatu_span bytes = encode(&statements[i], room);
        for (size_t at = 0; at < bytes.len; at++) {
            uint8_t good = room[at];
            for (unsigned bit = 0; bit < 8; bit++) {
                bool untouched = false;
                struct tatu_buf again = TATU_BUF_OF(room2);
                room[at] = (uint8_t)(good ^ (1u << bit));
                enum tatu_err err = statements[i].again(bytes, &again, &untouched);
                assert_true(err == TATU_OK || untouched);
                assert_true(err != TATU_OK ||
                            (again.len == bytes.len && memcmp(room, room2, bytes.len) == 0));
            }
            room[at] = good;
        }
    }
}

/* The first byte is the head of the map or array, the second the first key (the array's first
 * number for a boot failure, where every number is good). */
static void each_refuses_a_missing_or_unknown_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < TATU_COUNT_OF(statements); i++) {
        uint8_t room[ROOM];
        uint8_t room2[ROOM];
        bool untouched = false;
        struct tatu_span bytes = encode(&statements[i], room);
        struct tatu_buf again = TATU_BUF_OF(room2);
        bool is_map = room[0] >> 5 == 5;
        room[0]--;
        expect_err(statements[i].name, statements[i].again(bytes, &again, &untouched),
                   TATU_ERR_FORMAT);
        room[0]++;
        room[1] = is_map ? 0 : room[1];
        assert_true(!is_map || statements[i].again(bytes, &again, &untouched) == TATU_ERR_FORMAT);
    }
}

static void confirmation_has_no_floor_that_no_fuse_can_hold(void **state)
{
    (void)state;
    uint8_t room[ROOM];
    for (size_t i = 0; i < 4; i++) {
        struct tatu_confirmation confirmation = sample_confirmation();
        struct tatu_confirmation out;
        struct tatu_buf buf = TATU_BUF_OF(room);
        memset(&out, UNTOUCHED, sizeof(out));
        confirmation.floors[i] = 65;
        assert_int_equal(tatu_proto_encode_confirmation(&confirmation, &buf), TATU_ERR_ARGUMENT);
        assert_int_equal(buf.len, 0);
        confirmation.floors[i] = 64;
        assert_int_equal(tatu_proto_encode_confirmation(&confirmation, &buf), TATU_OK);
        size_t at = buf.len - 1;
        while (room[at - 1] != 0x18 || room[at] != 64) {
            at--;
        }
        room[at] = 65;
        assert_int_equal(tatu_proto_decode_confirmation((struct tatu_span){room, buf.len}, &out),
                         TATU_ERR_FORMAT);
        assert_true(is_untouched(&out, sizeof(out)));
    }
}

static void ticket_grace_is_none_or_within_its_limits(void **state)
{
    (void)state;
    static const struct {
        uint32_t grace_s;
        enum tatu_err err;
    } rows[] = {
        {0, TATU_OK},
        {1, TATU_ERR_FORMAT},
        {599, TATU_ERR_FORMAT},
        {600, TATU_OK},
        {31536000, TATU_OK},
        {31536001, TATU_ERR_FORMAT},
        {UINT32_MAX, TATU_ERR_FORMAT},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint8_t room[ROOM];
        struct tatu_buf buf = TATU_BUF_OF(room);
        struct tatu_ticket ticket = sample_ticket();
        struct tatu_ticket out;
        ticket.grace_s = rows[i].grace_s;
        bool good = rows[i].err == TATU_OK;
        assert_int_equal(tatu_proto_encode_ticket(&ticket, &buf),
                         good ? TATU_OK : TATU_ERR_ARGUMENT);
        if (good) {
            continue;
        }
        ticket.grace_s = TATU_TICKET_GRACE_MAX_S; /* as long on the wire */
        assert_int_equal(tatu_proto_encode_ticket(&ticket, &buf), TATU_OK);
        struct tatu_cbor_writer w;
        buf.len -= 5;
        tatu_cbor_init(&w, &buf);
        tatu_cbor_put_uint(&w, rows[i].grace_s);
        assert_int_equal(tatu_proto_decode_ticket((struct tatu_span){room, buf.len}, &out),
                         rows[i].err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reads_what_was_written),
        cmocka_unit_test(each_cut_off_anywhere_is_short),
        cmocka_unit_test(each_refuses_bytes_left_over),
        cmocka_unit_test(each_is_written_whole_or_not_at_all),
        cmocka_unit_test(each_has_one_encoding),
        cmocka_unit_test(each_refuses_a_missing_or_unknown_part),
        cmocka_unit_test(confirmation_has_no_floor_that_no_fuse_can_hold),
        cmocka_unit_test(ticket_grace_is_none_or_within_its_limits),
    };
    return cmocka_run_group_tests_name("statements", tests, NULL, NULL);
}
