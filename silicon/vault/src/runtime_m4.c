/* Runtime on the real core: vectors, memory protection, the endless service. */
#include "layout.h"
#include "log.h"
#include "mpu.h"
#include "record.h"
#include "runtime.h"
#include "silicon/vault/vault.h"

#define NVIC_ISER 0xe000e100u
#define TAMPER (1u << 1) /* interrupt 1 */

_Static_assert(sizeof(struct tatu_vault) <= TATU_VAULT_DATA_SIZE, "room of the data");

static struct tatu_vault vault;

/* Everything else, the ROM included, is out of reach. */
static const struct tatu_vault_region regions[] = {
    {TATU_VAULT_IMAGE_AT, SIZE(16) | NORMAL | READ_ONLY},
    {TATU_VAULT_DATA_AT, SIZE(16) | NORMAL | READ_WRITE | NO_EXECUTE},
    {TATU_MAP_VUART_BASE, SIZE(17) | DEVICE | READ_WRITE | NO_EXECUTE},
    {TATU_MAP_VFLASH_BASE, SIZE(24) | NORMAL | READ_ONLY | NO_EXECUTE},
};

static _Noreturn void sleep_forever(void)
{
    for (;;) {
        __asm__ volatile("wfi");
    }
}

static void reset(void)
{
    __asm__ volatile("cpsid i");
    protect(regions, TATU_COUNT_OF(regions), MPU_ON);
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
