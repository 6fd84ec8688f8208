#include "mmu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "base/base.h"
#include "proto/map.h"

#define TABLE_AT 0x0e010000u

static uint32_t level1[TATU_MONITOR_LEVEL1_COUNT];
static uint32_t level2[TATU_MONITOR_LEVEL2_COUNT];

enum {
    TEXT = 0x0e000000,
    RODATA = 0x0e003000,
    DATA = 0x0e004000,
    TABLES = 0x0e009000,
    GUARD = 0x0e00c000,
    STACK_TOP = 0x0e00f000,
    END = 0x0e011000,
};

static const struct tatu_monitor_layout layout = {
    .text = TEXT,
    .rodata = RODATA,
    .data = DATA,
    .tables = TABLES,
    .guard = GUARD,
    .stack_top = STACK_TOP,
    .end = END,
};

static int fixture(void **state)
{
    (void)state;
    memset(level1, 0, sizeof(level1));
    memset(level2, 0, sizeof(level2));
    tatu_monitor_fill_tables(&layout, level1, level2, TABLE_AT);
    return 0;
}

/* What the table says of an address, decoded anew from the architecture's manual. */
struct rights {
    bool mapped;
    bool write;
    bool execute;
    bool normal_world;
    uint32_t physical;
};

static struct rights look_up(uint32_t address)
{
    uint32_t entry = address >> 31 ? 0 : level1[address >> 20];
    if ((entry & 3) == 0) {
        return (struct rights){.mapped = false};
    }
    if ((entry & 3) == 1) {
        assert_int_equal(entry & 0xfffffc00u, TABLE_AT);
        uint32_t page = level2[(address >> 12) & 255];
        return (struct rights){(page & 2) != 0, ((page >> 9) & 1) == 0 && ((page >> 4) & 3) == 1,
                               (page & 1) == 0, ((entry >> 3) & 1) != 0,
                               (page & ~0xfffu) | (address & 0xfff)};
    }
    return (struct rights){true, ((entry >> 15) & 1) == 0 && ((entry >> 10) & 3) == 1,
                           ((entry >> 4) & 1) == 0, ((entry >> 19) & 1) != 0,
                           (entry & ~0xfffffu) | (address & 0xfffff)};
}

static void nothing_is_both_writable_and_executable(void **state)
{
    (void)state;
    for (uint64_t at = 0; at < 0x100000000u; at += 0x1000) {
        struct rights rights = look_up((uint32_t)at);
        assert_false(rights.mapped && rights.write && rights.execute);
    }
}

static void only_the_monitors_code_is_executable(void **state)
{
    (void)state;
    for (uint64_t at = 0; at < 0x100000000u; at += 0x1000) {
        struct rights rights = look_up((uint32_t)at);
        bool code = at >= TEXT && at < RODATA;
        assert_int_equal(rights.mapped && rights.execute, code);
    }
}

static void everything_is_mapped_to_itself(void **state)
{
    (void)state;
    for (uint64_t at = 0; at < 0x100000000u; at += 0x1000) {
        struct rights rights = look_up((uint32_t)at);
        assert_true(!rights.mapped || rights.physical == at);
    }
}

static void each_part_has_its_rights(void **state)
{
    (void)state;
    static const struct {
        uint32_t address;
        bool mapped;
        bool write;
        bool normal_world;
    } rows[] = {
        {0, false, false, false}, /* a null pointer */
        {TATU_MAP_AROM_BASE + 0x1000, false, false, false},
        {TATU_MAP_FLASH_BASE, true, false, false},
        {TATU_MAP_FLASH_BASE + TATU_FLASH_SIZE - 1, true, false, false},
        {TATU_MAP_FLASH_BASE + TATU_FLASH_SIZE + 0x100000, false, false, false},
        {TATU_MAP_GICD_BASE, true, true, false},
        {TATU_MAP_GICC_BASE, true, true, false},
        {TATU_MAP_UART_BASE, true, true, false},
        {TATU_MAP_VIRTIO_BASE, false, false, false},
        {TATU_MAP_FLASHCTL_BASE, true, true, false},
        {TATU_MAP_SYSCTL_BASE, true, true, false},
        {TATU_MAP_MAILBOX_BASE, true, true, false},
        {TATU_MAP_MAILRAM_BASE, true, true, false},
        {TATU_MAP_PFW_BASE, true, true, false},
        {TATU_MAP_RTCTL_BASE, true, true, false},
        {TATU_MAP_RTTCM_BASE - 1, false, false, false},
        {TATU_MAP_RTTCM_BASE, true, true, false},
        {TATU_MAP_RTTCM_BASE + TATU_MAP_RTTCM_STRIDE, true, true, false},
        {TATU_MAP_RTTCM_BASE + TATU_RT_COUNT * TATU_MAP_RTTCM_STRIDE, false, false, false},
        {TATU_MAP_WINDOW_BASE, false, false, false},
        {TATU_MAP_RAM_BASE, true, true, true},
        {TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT - 1, true, true, true},
        {TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT, false, false, false},
        {0x80000000u, false, false, false},
        {0xfffff000u, false, false, false},
        {TEXT, true, false, false},
        {RODATA, true, false, false},
        {DATA, true, true, false},
        {TABLES - 1, true, true, false},
        {TABLES, true, false, false},
        {GUARD - 1, true, false, false},
        {GUARD, false, false, false},
        {GUARD + 0xfff, false, false, false},
        {GUARD + 0x1000, true, true, false},
        {STACK_TOP - 1, true, true, false},
        {STACK_TOP, false, false, false},
        {STACK_TOP + 0x1000, true, true, false},
        {END - 1, true, true, false},
        {END, false, false, false},
        {TATU_MAP_SECRAM_BASE + TATU_MAP_SECRAM_SIZE, false, false, false},
    };
    for (size_t i = 0; i < TATU_COUNT_OF(rows); i++) {
        struct rights rights = look_up(rows[i].address);
        assert_int_equal(rights.mapped, rows[i].mapped);
        assert_int_equal(rights.mapped && rights.write, rows[i].write);
        assert_int_equal(rights.mapped && rights.normal_world, rows[i].normal_world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_is_both_writable_and_executable, fixture),
        cmocka_unit_test_setup(only_the_monitors_code_is_executable, fixture),
        cmocka_unit_test_setup(everything_is_mapped_to_itself, fixture),
        cmocka_unit_test_setup(each_part_has_its_rights, fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
