#include "proto/table.h"

#include "proto/map.h"
#include "testing.h"

#define APP0_AT 16u
#define APP1_AT (APP0_AT + TATU_TABLE_APP_SIZE)
#define APP2_AT (APP1_AT + TATU_TABLE_APP_SIZE)
#define OFFSET 16u
#define LEN 20u

static struct tatu_table sample(uint64_t sequence)
{
    struct tatu_table table = {.sequence = sequence, .preferred_set = 1, .app_count = 2};
    memset(table.mac, 0x6d, sizeof(table.mac));
    memset(table.apps[0].image, 1, 16);
    table.apps[0].offset = TATU_FLASH_APPS0_AT;
    table.apps[0].len = 5000; /* two sectors */
    memset(table.apps[1].image, 2, 16);
    table.apps[1].offset = TATU_FLASH_APPS0_AT + 0x2000;
    table.apps[1].len = 100;
    return table;
}

static void encode(const struct tatu_table *table, uint8_t room[TATU_TABLE_SIZE])
{
    struct tatu_buf buf = {room, 0, TATU_TABLE_SIZE};
    assert_int_equal(tatu_proto_encode_table(table, &buf), TATU_OK);
    assert_int_equal(buf.len, TATU_TABLE_SIZE);
}

static void fix_crc(uint8_t room[TATU_TABLE_SIZE])
{
    tatu_put_le32(room + TATU_TABLE_SIZE - 4,
                  tatu_base_crc32((struct tatu_span){room, TATU_TABLE_SIZE - 4}));
}

static void table_reads_what_was_written(void **state)
{
    (void)state;
    uint8_t sector[4096];
    struct tatu_table table = sample(0x100000009u);
    struct tatu_table back = {0};
    memset(sector, 0xff, sizeof(sector));
    encode(&table, sector);
    assert_int_equal(tatu_proto_decode_table(TATU_SPAN_OF(sector), &back), TATU_OK);
    assert_memory_equal(&back, &table, sizeof(table));
}

static const struct spoil spoils[] = {
    {"magic", 0, 1, 'X', TATU_ERR_FORMAT},
    {"a set that does not exist", 4, 1, 2, TATU_ERR_FORMAT},
    {"more applications than entries", 5, 1, 17, TATU_ERR_FORMAT},
    {"an application more than there is", 5, 1, 3, TATU_ERR_FORMAT},
    {"an entry in use that is not counted", 5, 1, 1, TATU_ERR_FORMAT},
    {"the version before this one", 3, 1, 'L', TATU_ERR_FORMAT},
    {"reserved half word", 6, 2, 1, TATU_ERR_FORMAT},
    {"not at a sector", APP0_AT + OFFSET, 4, TATU_FLASH_APPS0_AT + 4, TATU_ERR_FORMAT},
    {"before the applications", APP0_AT + OFFSET, 4, TATU_FLASH_APPS0_AT - 0x1000, TATU_ERR_FORMAT},
    {"in the factory data", APP1_AT + OFFSET, 4, TATU_FLASH_FACTORY_AT, TATU_ERR_FORMAT},
    {"beyond the flash", APP1_AT + OFFSET, 4, 0xfffff000, TATU_ERR_FORMAT},
    {"reaching out of its region", APP1_AT + LEN, 4, TATU_FLASH_APPS0_SIZE, TATU_ERR_FORMAT},
    {"a length that overflows", APP1_AT + LEN, 4, 0xffffffff, TATU_ERR_FORMAT},
    {"no length", APP1_AT + LEN, 4, 0, TATU_ERR_FORMAT},
    {"overlapping by one sector", APP0_AT + LEN, 4, 0x2001, TATU_ERR_FORMAT},
    {"an unused entry that is not zero", APP2_AT + 3, 1, 1, TATU_ERR_FORMAT},
};

static void table_refuses_each_spoiled_field(void **state)
{
    (void)state;
    struct tatu_table table = sample(9);
    for (size_t i = 0; i < TATU_COUNT_OF(spoils); i++) {
        uint8_t room[TATU_TABLE_SIZE];
        struct tatu_table out;
        memset(&out, UNTOUCHED, sizeof(out));
        encode(&table, room);
        spoil_bytes(room, &spoils[i]);
        fix_crc(room);
        expect_err(spoils[i].promise, tatu_proto_decode_table(TATU_SPAN_OF(room), &out),
                   spoils[i].err);
        assert_true(is_untouched(&out, sizeof(out)));
    }
}

static void table_refuses_one_image_in_two_places(void **state)
{
    (void)state;
    struct tatu_table table = sample(9);
    uint8_t room[TATU_TABLE_SIZE];
    struct tatu_table out;
    encode(&table, room);
    memcpy(room + APP1_AT, room + APP0_AT, 16);
    fix_crc(room);
    assert_int_equal(tatu_proto_decode_table(TATU_SPAN_OF(room), &out), TATU_ERR_FORMAT);
}

static void table_notices_every_damaged_bit(void **state)
{
    (void)state;
    struct tatu_table table = sample(9);
    uint8_t room[TATU_TABLE_SIZE];
    struct tatu_table out;
    encode(&table, room);
    for (size_t bit = 0; bit < 8 * sizeof(room); bit++) {
        room[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(tatu_proto_decode_table(TATU_SPAN_OF(room), &out), TATU_ERR_FORMAT);
        room[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(tatu_proto_decode_table((struct tatu_span){room, sizeof(room) - 1}, &out),
                     TATU_ERR_SHORT);
}

/* What the MAC covers is all that the table says; the MAC itself says nothing. */
static void table_says_the_same_with_any_mac(void **state)
{
    (void)state;
    uint8_t one[TATU_TABLE_SIZE];
    uint8_t other[TATU_TABLE_SIZE];
    struct tatu_table table = sample(9);
    encode(&table, one);
    memset(table.mac, 0, sizeof(table.mac));
    encode(&table, other);
    assert_memory_equal(one, other, TATU_TABLE_MAC_AT);
    assert_memory_not_equal(one + TATU_TABLE_MAC_AT, other + TATU_TABLE_MAC_AT,
                            TATU_TABLE_MAC_SIZE);
}

static void table_is_not_written_when_it_would_not_be_read(void **state)
{
    (void)state;
    uint8_t room[TATU_TABLE_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(room);
    struct tatu_table table = sample(1);
    table.preferred_set = 2;
    assert_int_equal(tatu_proto_encode_table(&table, &buf), TATU_ERR_ARGUMENT);
    table = sample(1);
    table.app_count = TATU_TABLE_APP_MAX + 1;
    assert_int_equal(tatu_proto_encode_table(&table, &buf), TATU_ERR_ARGUMENT);
    table = sample(1);
    table.apps[1].offset = table.apps[0].offset;
    assert_int_equal(tatu_proto_encode_table(&table, &buf), TATU_ERR_ARGUMENT);
    table = sample(1);
    buf.cap--;
    assert_int_equal(tatu_proto_encode_table(&table, &buf), TATU_ERR_FULL);
    assert_int_equal(buf.len, 0);
}

static void newest_valid_table_counts(void **state)
{
    (void)state;
    static const struct {
        const char *promise;
        uint64_t sequence0, sequence1; /* 0: damaged */
        int chosen;
        uint64_t sequence;
    } rows[] = {
        {"newer second", 4, 5, 1, 5},  {"newer first", 0x100000000u, 5, 0, 0x100000000u},
        {"equally new", 5, 5, 0, 5},   {"damaged second", 4, 0, 0, 4},
        {"damaged first", 0, 3, 1, 3}, {"both damaged", 0, 0, -1, 77},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint8_t copy0[TATU_TABLE_SIZE] = {0};
        uint8_t copy1[TATU_TABLE_SIZE] = {0};
        struct tatu_table table0 = sample(rows[i].sequence0);
        struct tatu_table table1 = sample(rows[i].sequence1);
        struct tatu_table out = {.sequence = 77};
        encode(&table0, copy0);
        encode(&table1, copy1);
        copy0[40] ^= rows[i].sequence0 == 0;
        copy1[40] ^= rows[i].sequence1 == 0;
        assert_int_equal(tatu_proto_choose_table(TATU_SPAN_OF(copy0), TATU_SPAN_OF(copy1), &out),
                         rows[i].chosen);
        assert_int_equal(out.sequence, rows[i].sequence);
    }
}

static void table_meets_its_limits(void **state)
{
    (void)state;
    uint8_t room[TATU_TABLE_SIZE];
    struct tatu_table table = {.app_count = TATU_TABLE_APP_MAX};
    struct tatu_table back = {0};
    /* in the last sector of the first region, and sector after sector up to the end of the second
     */
    for (uint32_t i = 0; i < TATU_TABLE_APP_MAX; i++) {
        memset(table.apps[i].image, (int)i, 16);
        table.apps[i].len = 4096;
        table.apps[i].offset = TATU_FLASH_APPS1_AT + TATU_FLASH_APPS1_SIZE - (i + 1) * 4096;
    }
    table.apps[0].len = 1;
    table.apps[15].offset = TATU_FLASH_APPS0_AT + TATU_FLASH_APPS0_SIZE - 4096;
    encode(&table, room);
    assert_int_equal(tatu_proto_decode_table(TATU_SPAN_OF(room), &back), TATU_OK);
    assert_memory_equal(&back, &table, sizeof(table));
    table.apps[15].len = 4097;
    struct tatu_buf buf = TATU_BUF_OF(room);
    assert_int_equal(tatu_proto_encode_table(&table, &buf), TATU_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_reads_what_was_written),
        cmocka_unit_test(table_refuses_each_spoiled_field),
        cmocka_unit_test(table_refuses_one_image_in_two_places),
        cmocka_unit_test(table_notices_every_damaged_bit),
        cmocka_unit_test(table_says_the_same_with_any_mac),
        cmocka_unit_test(table_is_not_written_when_it_would_not_be_read),
        cmocka_unit_test(newest_valid_table_counts),
        cmocka_unit_test(table_meets_its_limits),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
