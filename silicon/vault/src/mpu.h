/* The Cortex-M4's memory protection: regions of what may be done where. */
#ifndef TATU_VAULT_MPU_H
#define TATU_VAULT_MPU_H

#include "base/base.h"

#define MPU_CTRL 0xe000ed94u
#define MPU_RNR 0xe000ed98u
#define MPU_RBAR 0xe000ed9cu
#define MPU_RASR 0xe000eda0u
#define MPU_ON 1u
#define MPU_REST_OPEN 4u                   /* what no region names is as without protection */
#define SIZE(log2) (((log2)-1u) << 1 | 1u) /* and enabled */
#define READ_ONLY (5u << 24)
#define READ_WRITE (1u << 24)
#define NO_EXECUTE (1u << 28)
#define NORMAL (6u << 16)
#define DEVICE (1u << 16)

struct tatu_vault_region {
    uint32_t base;
    uint32_t attributes;
};

static inline void write_reg(uint32_t address, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)address = value;
}

static inline void switch_protection(uint32_t control)
{
    write_reg(MPU_CTRL, control);
    __asm__ volatile("dsb\n isb" ::: "memory");
}

static inline void protect(const struct tatu_vault_region *regions, uint32_t count,
                           uint32_t control)
{
    for (uint32_t n = 0; n < count; n++) {
        write_reg(MPU_RNR, n);
        write_reg(MPU_RBAR, regions[n].base);
        write_reg(MPU_RASR, regions[n].attributes);
    }
    switch_protection(control);
}

#endif
