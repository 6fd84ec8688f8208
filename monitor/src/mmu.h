/*
 * The secure world's memory rights as translation tables: code read-only, everything else not
 * executable, normal RAM reached as the normal world. Fills tables only; start.S turns them on.
 */
#ifndef TATU_MONITOR_MMU_H
#define TATU_MONITOR_MMU_H

#include <stdint.h>

#define TATU_MONITOR_LEVEL1_COUNT                                                                  \
    2048u                              /* the lower 2 GiB, 1 MiB each; above it everything faults */
#define TATU_MONITOR_LEVEL2_COUNT 256u /* the MiB of secure RAM, 4 KiB each */

/* Page addresses of the monitor's parts, as the linker placed them. */
struct tatu_monitor_layout {
    uint32_t text;
    uint32_t rodata;
    uint32_t data; /* and everything else that is written */
    uint32_t tables;
    uint32_t guard;     /* one page that is not mapped, under the stack */
    uint32_t stack_top; /* the page from here on is not mapped either, under the panic stack */
    uint32_t end;
};

/** Fills both levels. level2 is also the address that the entry of level 1 points to. */
void tatu_monitor_fill_tables(const struct tatu_monitor_layout *layout, uint32_t *level1,
                              uint32_t *level2, uint32_t level2_address);

#endif
