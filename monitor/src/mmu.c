#include "mmu.h"

#include "base/base.h"
#include "proto/map.h"

/* Short descriptors: Arm Architecture Reference Manual, Armv7-A, B3.5. */
#define SECTION_SIZE 0x100000u
#define PAGE_SIZE 0x1000u

/* Level 1: section */
#define SECTION 0x2u
#define SECTION_XN (1u << 4)
#define SECTION_RW (1u << 10) /* privileged only */
#define SECTION_RO (SECTION_RW | 1u << 15)
#define SECTION_DEVICE (1u << 2)            /* TEX 000, C 0, B 1 */
#define SECTION_NORMAL (1u << 12 | 3u << 2) /* TEX 001, C 1, B 1: write-back, allocates */
#define SECTION_UNCACHED (1u << 12)         /* TEX 001, C 0, B 0 */
#define SECTION_NS (1u << 19)
#define TABLE 0x1u

/* Level 2: small page */
#define PAGE 0x2u
#define PAGE_XN 0x1u
#define PAGE_RW (1u << 4)
#define PAGE_RO (PAGE_RW | 1u << 9)
#define PAGE_NORMAL (1u << 6 | 3u << 2)

#define DEVICE (SECTION_RW | SECTION_XN | SECTION_DEVICE)

static const struct {
    uint32_t base;
    uint32_t size;
    uint32_t rights;
} sections[] = {
    {TATU_MAP_FLASH_BASE, TATU_MAP_FLASH_SIZE, SECTION_RO | SECTION_XN | SECTION_UNCACHED},
    {TATU_MAP_GICD_BASE, SECTION_SIZE, DEVICE},
    {TATU_MAP_UART_BASE, SECTION_SIZE, DEVICE},
    {TATU_MAP_FLASHCTL_BASE, SECTION_SIZE, DEVICE},
    {TATU_MAP_RTTCM_BASE, TATU_RT_COUNT *TATU_MAP_RTTCM_STRIDE,
     SECTION_RW | SECTION_XN | SECTION_UNCACHED},
    /* NS: what goes through this mapping is a normal-world access, whatever the address. */
    {TATU_MAP_RAM_BASE, TATU_MAP_RAM_SIZE_DEFAULT,
     SECTION_RW | SECTION_XN | SECTION_NORMAL | SECTION_NS},
};

static void map_pages(uint32_t *level2, uint32_t from, uint32_t to, uint32_t rights)
{
    for (uint32_t at = from; at < to; at += PAGE_SIZE) {
        level2[at / PAGE_SIZE % TATU_MONITOR_LEVEL2_COUNT] = at | rights | PAGE_NORMAL | PAGE;
    }
}

void tatu_monitor_fill_tables(const struct tatu_monitor_layout *layout, uint32_t *level1,
                              uint32_t *level2, uint32_t level2_address)
{
    for (size_t i = 0; i < TATU_COUNT_OF(sections); i++) {
        for (uint32_t done = 0; done < sections[i].size; done += SECTION_SIZE) {
            uint32_t at = sections[i].base + done;
            level1[at / SECTION_SIZE] = at | sections[i].rights | SECTION;
        }
    }
    level1[TATU_MAP_SECRAM_BASE / SECTION_SIZE] = level2_address | TABLE;
    map_pages(level2, layout->text, layout->rodata, PAGE_RO);
    map_pages(level2, layout->rodata, layout->data, PAGE_RO | PAGE_XN);
    map_pages(level2, layout->data, layout->tables, PAGE_RW | PAGE_XN);
    map_pages(level2, layout->tables, layout->guard, PAGE_RO | PAGE_XN);
    map_pages(level2, layout->guard + PAGE_SIZE, layout->stack_top, PAGE_RW | PAGE_XN);
    map_pages(level2, layout->stack_top + PAGE_SIZE, layout->end, PAGE_RW | PAGE_XN);
}
