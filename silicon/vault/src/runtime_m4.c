/* Runtime on the real core: vectors, memory protection, the endless service. */
#include "layout.h"
#include "log.h"
#include "record.h"
#include "runtime.h"
#include "silicon/vault/vault.h"

#define MPU_CTRL 0xe000ed94u
#define MPU_RNR 0xe000ed98u
#define MPU_RBAR 0xe000ed9cu
#define MPU_RASR 0xe000eda0u
#define NVIC_ISER 0xe000e100u
#define TAMPER (1u << 1)                   /* interrupt 1 */
#define SIZE(log2) (((log2)-1u) << 1 | 1u) /* and enabled */
#define READ_ONLY (5u << 24)
#define READ_WRITE (1u << 24)
#define NO_EXECUTE (1u << 28)
#define NORMAL (6u << 16)
#define DEVICE (1u << 16)

_Static_assert(sizeof(struct tatu_vault) <= TATU_VAULT_DATA_SIZE, "room of the data");

static struct tatu_vault vault;

static void write_reg(uint32_t address, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)address = value;
}

/* Everything else, the ROM included, is out of reach. */
static void protect(void)
{
    static const struct {
        uint32_t base;
        uint32_t attributes;
    } regions[] = {
        {TATU_VAULT_IMAGE_AT, SIZE(16) | NORMAL | READ_ONLY},
        {TATU_VAULT_DATA_AT, SIZE(16) | NORMAL | READ_WRITE | NO_EXECUTE},
        {TATU_MAP_VUART_BASE, SIZE(17) | DEVICE | READ_WRITE | NO_EXECUTE},
        {TATU_MAP_VFLASH_BASE, SIZE(24) | NORMAL | READ_ONLY | NO_EXECUTE},
    };
    for (uint32_t n = 0; n < TATU_COUNT_OF(regions); n++) {
        write_reg(MPU_RNR, n);
        write_reg(MPU_RBAR, regions[n].base);
        write_reg(MPU_RASR, regions[n].attributes);
    }
    write_reg(MPU_CTRL, 1);
    __asm__ volatile("dsb\n isb" ::: "memory");
}

static _Noreturn void sleep_forever(void)
{
    for (;;) {
        __asm__ volatile("wfi");
    }
}

static void reset(void)
{
    __asm__ volatile("cpsid i");
    protect();
    write_reg(NVIC_ISER, TAMPER);
    __asm__ volatile("cpsie i");
    const struct tatu_vault_handover *handover =
        (const struct tatu_vault_handover *)TATU_VAULT_HANDOVER_AT;
    if (tatu_vault_start(NULL, handover, &vault) != TATU_OK) {
        sleep_forever();
    }
    for (;;) {
        tatu_vault_chip_wait(NULL);
        tatu_vault_serve(&vault);
    }
}

/* A bug: the chip stays as it is, without a vault, and the next boot's log tells. */
static void fault(void)
{
    tatu_vault_log(NULL, "[VAULT] fault\n");
    tatu_vault_store_halt(NULL, TATU_ERR_IO);
    sleep_forever();
}

static void opened(void)
{
    tatu_vault_wipe(NULL);
    sleep_forever();
}

__attribute__((section(".vectors"), used)) static void (*const vectors[18])(void) = {
    (void (*)(void))TATU_VAULT_STACK_TOP,
    reset,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault,
    fault, /* interrupt 0, the mailbox, only wakes */
    opened};
