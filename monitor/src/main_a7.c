/* The monitor on the A-core: what start.S calls. */
#include "main_a7.h"
#include "chip.h"
#include "chip_a7.h"
#include "mmu.h"
#include "proto/map.h"
#include "state.h"

static struct tatu_monitor monitor;
static bool serving; /* the normal world runs */

_Static_assert(TATU_MAP_SECRAM_BASE == 0x0e000000 && TATU_MAP_SECRAM_SIZE == 0x40000 &&
                   TATU_FLASH_MONITOR_SIZE == 0x10000,
               "monitor.ld has these numbers");
_Static_assert(TATU_MONITOR_LEVEL1_COUNT == 2048 && TATU_MONITOR_LEVEL2_COUNT == 256 &&
                   sizeof(struct tatu_monitor_layout) == 28,
               "start.S has these numbers");
_Static_assert(TATU_MAP_AROM_BASE == 0 && TATU_MAP_AROM_SIZE == 0x1000,
               "arom.ld has these numbers");

static void wait_for_ever(void)
{
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void tatu_monitor_main(struct tatu_monitor_entry *out)
{
    tatu_monitor_init_chip();
    if (tatu_monitor_boot(&monitor, NULL, out) != TATU_OK) {
        wait_for_ever();
    }
    tatu_monitor_release_interrupts();
    serving = true;
}

void tatu_monitor_serve(struct tatu_monitor_registers *registers)
{
    tatu_monitor_handle_smc(&monitor, registers);
}

void tatu_monitor_panic(uint32_t code, uint32_t address)
{
    static const char *const names[] = {
        "?", "undefined instruction", "supervisor call", "code", "data", "vector", "interrupt"};
    uint8_t bytes[4] = {(uint8_t)(address >> 24), (uint8_t)(address >> 16), (uint8_t)(address >> 8),
                        (uint8_t)address};
    char hex[2 * sizeof(bytes) + 1];
    tatu_base_encode_hex(TATU_SPAN_OF(bytes), hex);
    tatu_monitor_print(NULL, "\n[MON] panic, ");
    tatu_monitor_print(NULL, names[code < TATU_COUNT_OF(names) ? code : 0]);
    tatu_monitor_print(NULL, " fault near ");
    tatu_monitor_print(NULL, hex);
    tatu_monitor_print(NULL, "\n");
    tatu_monitor_keep_panic(code);
    if (!serving) {
        wait_for_ever(); /* a reset would only bring it back here */
    }
    tatu_monitor_reset_chip(NULL);
}
