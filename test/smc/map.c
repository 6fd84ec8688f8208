/* Every address that is not the normal world's, by the core: it must abort. */
#include "attack.h"

#define WINDOW(n) (TATU_MAP_WINDOW_BASE + (uint32_t)(n)*TATU_MAP_WINDOW_STRIDE)
#define ISU(n) (TATU_MAP_ISU_BASE + (uint32_t)(n)*TATU_MAP_ISU_STRIDE)
#define OPEN_COUNT 4
#define TOLD_MAX 8u

const struct secret secrets[] = {
    {TATU_MAP_AROM_BASE, TATU_MAP_AROM_SIZE, "boot ROM"},
    {TATU_MAP_FLASH_BASE, TATU_MAP_FLASH_SIZE, "flash"},
    {TATU_MAP_FLASHCTL_BASE, 0x1000, "flash controller"},
    {TATU_MAP_SYSCTL_BASE, 0x1000, "system controller"},
    {TATU_MAP_MAILBOX_BASE, 0x1000, "mailbox registers"},
    {TATU_MAP_MAILRAM_BASE, TATU_MAP_MAILRAM_SIZE, "mailbox memory"},
    {TATU_MAP_PFW_BASE, 0x1000, "peripheral firewall"},
    {TATU_MAP_RTCTL_BASE, 0x1000, "control of the real-time cores"},
    {TATU_MAP_RECOVERY_BASE, 0x1000, "recovery port"},
    {TATU_MAP_RTTCM_BASE, TATU_RT_TCM_SIZE, "memory of core 0"},
    {TATU_MAP_RTTCM_BASE + TATU_MAP_RTTCM_STRIDE, TATU_RT_TCM_SIZE, "memory of core 1"},
    {TATU_MAP_SECRAM_BASE, TATU_MAP_SECRAM_SIZE, "secure RAM"},
    {WINDOW(4), 4 * TATU_MAP_WINDOW_STRIDE, "closed windows"},
    {WINDOW(0) + TATU_FLASH_ROOT_SIZE, TATU_MAP_WINDOW_STRIDE - TATU_FLASH_ROOT_SIZE,
     "behind window 0"},
    {WINDOW(1) + TATU_FLASH_APPS0_SIZE, TATU_MAP_WINDOW_STRIDE - TATU_FLASH_APPS0_SIZE,
     "behind window 1"},
    {WINDOW(2) + TATU_FLASH_APPS1_SIZE, TATU_MAP_WINDOW_STRIDE - TATU_FLASH_APPS1_SIZE,
     "behind window 2"},
    {WINDOW(3) + TATU_FLASH_STORE_SIZE, TATU_MAP_WINDOW_STRIDE - TATU_FLASH_STORE_SIZE,
     "behind window 3"},
    {TATU_MAP_VSRAM_BASE, TATU_MAP_VSRAM_SIZE, "the vault's memory"},
    {TATU_MAP_VFLASH_BASE, TATU_MAP_FLASH_SIZE, "the vault's flash"},
    {TATU_RT_MAILBOX_BASE, 0x1000, "the cores' side of their mailbox"},
    {TATU_RT_SYSRAM_BASE, TATU_RT_SYSRAM_SIZE, "the cores' own RAM"},
    {TATU_RT_ADC_BASE, 0x1000, "the cores' ADC"},
    {TATU_RT_GPIO_BASE, TATU_MAP_GPIO_COUNT *TATU_RT_GPIO_STRIDE, "the cores' GPIO"},
    {TATU_RT_ISU_BASE, TATU_MAP_ISU_COUNT *TATU_RT_ISU_STRIDE, "the cores' serial units"},
    {TATU_RT_PWM_BASE, TATU_MAP_PWM_COUNT *TATU_RT_PWM_STRIDE, "the cores' PWM"},
    {TATU_MAP_RAM_BASE + TATU_MAP_RAM_SIZE_DEFAULT, 0x10000000, "behind RAM"},
};
const uint32_t secret_count = sizeof(secrets) / sizeof(secrets[0]);

/* What memory-map.md gives to the normal world. */
static const struct {
    uint32_t base;
    uint32_t size;
} ours[] = {
    {TATU_MAP_GICD_BASE, 0x1000},
    {TATU_MAP_GICC_BASE, 0x2000},
    {TATU_MAP_UART_BASE, 0x1000},
    {TATU_MAP_RTC_BASE, 0x1000},
    {TATU_MAP_GPIO_BASE, TATU_MAP_GPIO_COUNT *TATU_MAP_GPIO_STRIDE},
    {ISU(0), TATU_ISU_SIZE},
    {ISU(1), TATU_ISU_SIZE},
    {ISU(2), TATU_ISU_SIZE},
    {ISU(3), TATU_ISU_SIZE},
    {ISU(4), TATU_ISU_SIZE},
    {TATU_MAP_PWM_BASE, TATU_MAP_PWM_COUNT *TATU_MAP_PWM_STRIDE},
    {TATU_MAP_ADC_BASE, 0x1000},
    {TATU_MAP_VIRTIO_BASE, TATU_MAP_VIRTIO_COUNT *TATU_MAP_VIRTIO_STRIDE},
    {TATU_MAP_RTMAIL_BASE, TATU_RT_COUNT *TATU_MAP_RTMAIL_STRIDE},
    {WINDOW(0), TATU_FLASH_ROOT_SIZE},
    {WINDOW(1), TATU_FLASH_APPS0_SIZE},
    {WINDOW(2), TATU_FLASH_APPS1_SIZE},
    {WINDOW(3), TATU_FLASH_STORE_SIZE},
    {TATU_MAP_RAM_BASE, TATU_MAP_RAM_SIZE_DEFAULT},
};

static uint32_t told;

/* An access that must abort and must not bring anything. */
static bool is_shut(uint32_t address, uint32_t size, bool is_write)
{
    uint32_t value = is_write ? MARK : 0;
    fault = FAULT_NONE;
    if (is_write) {
        if (size == 4) {
            __asm__ volatile("str %0, [%1]\n dsb" ::"r"(value), "r"(address) : "memory");
        } else if (size == 2) {
            __asm__ volatile("strh %0, [%1]\n dsb" ::"r"(value), "r"(address) : "memory");
        } else {
            __asm__ volatile("strb %0, [%1]\n dsb" ::"r"(value), "r"(address) : "memory");
        }
    } else if (size == 4) {
        __asm__ volatile("ldr %0, [%1]\n dsb" : "+&r"(value) : "r"(address) : "memory");
    } else if (size == 2) {
        __asm__ volatile("ldrh %0, [%1]\n dsb" : "+&r"(value) : "r"(address) : "memory");
    } else {
        __asm__ volatile("ldrb %0, [%1]\n dsb" : "+&r"(value) : "r"(address) : "memory");
    }
    bool held = fault == FAULT_DATA && (is_write || value == 0);
    if (!held && told++ < TOLD_MAX) {
        print(is_write ? "[NS] open to writes: " : "[NS] open to reads: ");
        print_hex(address);
        print("\n");
    }
    return held;
}

static uint32_t try_all_ways(uint32_t address)
{
    uint32_t held = 0;
    for (uint32_t size = 1; size <= 4; size *= 2) {
        held += is_shut(address & ~(size - 1), size, false);
        held += is_shut(address & ~(size - 1), size, true);
    }
    return held;
}

static void attack_region(const struct secret *region, uint32_t count)
{
    const uint32_t corners[] = {0, region->size / 2, region->size - 4, region->size - 1};
    uint32_t held = 0;
    for (uint32_t i = 0; i < 4 + count; i++) {
        held += try_all_ways(region->base + (i < 4 ? corners[i] : draw(region->size)));
    }
    tell(region->name, 6 * (4 + count), held);
}

static void attack_open_windows(uint32_t count)
{
    uint32_t held = 0;
    for (uint32_t i = 0; i < OPEN_COUNT * count; i++) {
        uint32_t n = i % OPEN_COUNT;
        uint32_t at = WINDOW(n) + draw(TATU_FLASH_STORE_SIZE) / 4 * 4;
        held += is_shut(at, 4, true) && is_shut(at + 1, 1, true);
    }
    tell("writes through open windows", OPEN_COUNT * count, held);
}

static bool is_ours(uint32_t address)
{
    for (uint32_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (address >= ours[i].base && address - ours[i].base < ours[i].size) {
            return true;
        }
    }
    return false;
}

/* All of the 4 GiB, an address each `step`. */
static void sweep(uint32_t step)
{
    uint32_t tried = 0;
    uint32_t held = 0;
    uint32_t base = 0;
    do {
        uint32_t address = base + draw(step / 4) * 4;
        if (!is_ours(address)) {
            tried += 2;
            held += is_shut(address, 4, false);
            held += is_shut(address, 4, true);
        }
        base += step;
    } while (base != 0);
    tell("all of the map", tried, held);
}

void attack_map(const struct parameters *p)
{
    for (uint32_t i = 0; i < secret_count; i++) {
        attack_region(&secrets[i], p->count);
    }
    attack_open_windows(p->count);
    sweep(p->step);
}
