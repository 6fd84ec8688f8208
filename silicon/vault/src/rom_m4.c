/* Mask ROM on the real core: vectors, start, jump. */
#include "handover.h"
#include "layout.h"
#include "log.h"
#include "mpu.h"
#include "silicon/vault/vault.h"

#define VTOR 0xe000ed08u

_Static_assert(TATU_VAULT_IMAGE_AT == TATU_MAP_VSRAM_BASE, "the runtime is linked there");
_Static_assert(sizeof(struct tatu_vault_handover) <= 0x1000, "room of the handover");

extern const uint8_t tatu_rom_start[];
extern const uint8_t tatu_rom_end[]; /* the CRC-32 follows */

static _Noreturn void sleep_forever(void)
{
    for (;;) {
        __asm__ volatile("wfi");
    }
}

/* Nothing but the ROM itself runs until the jump. */
static const struct tatu_vault_region regions[] = {
    {TATU_MAP_VSRAM_BASE, SIZE(17) | NORMAL | READ_WRITE | NO_EXECUTE},
    {TATU_MAP_VFLASH_BASE, SIZE(24) | NORMAL | READ_ONLY | NO_EXECUTE},
};

/* Said twice: with another answer than RUN, which its caller has seen, nothing can run any more. */
static _Noreturn __attribute__((noinline)) void jump_to_runtime(uint32_t next)
{
    uint32_t wrong = next ^ TATU_VAULT_RUN;
    const volatile uint32_t *image = (const volatile uint32_t *)TATU_VAULT_IMAGE_AT;
    uint32_t stack = image[0];
    uint32_t entry = image[1];
    write_reg(VTOR, TATU_VAULT_IMAGE_AT);
    switch_protection((wrong | (0 - wrong)) >> 31 & MPU_ON);
    __asm__ volatile("msr msp, %0\n bx %1" : : "r"(stack), "r"(entry) : "memory");
    __builtin_unreachable();
}

static void reset(void)
{
    struct tatu_span code = {tatu_rom_start, (size_t)(tatu_rom_end - tatu_rom_start) + 4};
    struct tatu_buf image = {(uint8_t *)TATU_VAULT_IMAGE_AT, 0, TATU_VAULT_IMAGE_SIZE};
    struct tatu_vault_handover *handover = (struct tatu_vault_handover *)TATU_VAULT_HANDOVER_AT;
    __asm__ volatile("cpsid i");
    protect(regions, TATU_COUNT_OF(regions), MPU_ON | MPU_REST_OPEN);
    uint32_t next = tatu_vault_run_rom(NULL, code, image, handover);
    if (next == TATU_VAULT_RUN) {
        __asm__ volatile("" : "+r"(next)); /* the compiler must not know what it is */
        jump_to_runtime(next);
    }
    sleep_forever();
}

static void fault(void)
{
    tatu_vault_log(NULL, "[ROM] fault\n");
    sleep_forever();
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
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
    fault};
