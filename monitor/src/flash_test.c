#include "flash.h"

#include "sim_fixture.h"

#define SLOT 0x21000u
#define SLOT_SIZE 0xf000u

static void put_footer(uint32_t magic, uint32_t len, uint32_t inverted)
{
    uint8_t footer[TATU_FLASH_FOOTER_SIZE] = {0};
    tatu_put_le32(footer, magic);
    tatu_put_le32(footer + 4, len);
    tatu_put_le32(footer + 8, inverted);
    sim_put(chip, SLOT + SLOT_SIZE - sizeof(footer), footer, sizeof(footer));
}

static void footer_tells_the_length_of_the_package(void **state)
{
    (void)state;
    uint32_t len = 0;
    put_footer(TATU_FLASH_FOOTER_MAGIC, SLOT_SIZE - TATU_FLASH_FOOTER_SIZE,
               ~(SLOT_SIZE - TATU_FLASH_FOOTER_SIZE));
    assert_int_equal(tatu_monitor_read_footer(chip, SLOT, SLOT_SIZE, &len), TATU_OK);
    assert_int_equal(len, SLOT_SIZE - TATU_FLASH_FOOTER_SIZE);
}

static void footer_of_an_empty_slot_is_not_found(void **state)
{
    (void)state;
    uint32_t len = 77;
    assert_int_equal(tatu_monitor_read_footer(chip, SLOT, SLOT_SIZE, &len), TATU_ERR_NOT_FOUND);
    assert_int_equal(len, 77);
}

static void footer_that_is_damaged_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t magic;
        uint32_t len;
        uint32_t inverted;
    } rows[] = {
        {0x544c5355, 100, ~100u},
        {TATU_FLASH_FOOTER_MAGIC, 100, ~101u},
        {TATU_FLASH_FOOTER_MAGIC, 0, ~0u},
        {TATU_FLASH_FOOTER_MAGIC, SLOT_SIZE - 15, ~(SLOT_SIZE - 15)},
        {TATU_FLASH_FOOTER_MAGIC, 0xfffffff0u, 0xfu},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        uint32_t len = 77;
        put_footer(rows[i].magic, rows[i].len, rows[i].inverted);
        assert_int_equal(tatu_monitor_read_footer(chip, SLOT, SLOT_SIZE, &len), TATU_ERR_FORMAT);
        assert_int_equal(len, 77);
    }
}

static void blank_check_sees_one_programmed_bit_anywhere(void **state)
{
    (void)state;
    static const uint8_t one_bit = 0xfe;
    static const uint32_t places[] = {0, 1, 127, 128, 129, 998};
    bool blank = false;
    assert_int_equal(tatu_monitor_check_blank(chip, 0x1000, 999, &blank), TATU_OK);
    assert_true(blank);
    for (size_t i = 0; i < TATU_COUNT_OF(places); i++) {
        sim_blank(chip);
        sim_put(chip, 0x1000 + places[i], &one_bit, 1);
        assert_int_equal(tatu_monitor_check_blank(chip, 0x1000, 999, &blank), TATU_OK);
        assert_false(blank);
    }
    assert_int_equal(tatu_monitor_check_blank(chip, 0x1000 + 999, 100, &blank), TATU_OK);
    assert_true(blank);
    assert_int_equal(tatu_monitor_check_blank(chip, TATU_FLASH_SIZE - 4, 8, &blank),
                     TATU_ERR_ARGUMENT);
}

static void a_blank_sector_is_not_worn_by_erasing_it(void **state)
{
    (void)state;
    static const uint8_t zero = 0;
    assert_int_equal(tatu_monitor_make_blank(chip, 0x3000), TATU_OK);
    assert_int_equal(chip->erase_count, 0);
    sim_put(chip, 0x3fff, &zero, 1);
    assert_int_equal(tatu_monitor_make_blank(chip, 0x3000), TATU_OK);
    assert_int_equal(chip->erase_count, 1);
    assert_int_equal(chip->flash[0x3fff], 0xff);
    sim_put(chip, 0x3fff, &zero, 1);
    chip->flash_fails = 1;
    assert_int_equal(tatu_monitor_make_blank(chip, 0x3000), TATU_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(footer_tells_the_length_of_the_package),
        FIXTURE_TEST(footer_of_an_empty_slot_is_not_found),
        FIXTURE_TEST(footer_that_is_damaged_is_refused),
        FIXTURE_TEST(blank_check_sees_one_programmed_bit_anywhere),
        FIXTURE_TEST(a_blank_sector_is_not_worn_by_erasing_it),
    };
    return FIXTURE_RUN(tests);
}
