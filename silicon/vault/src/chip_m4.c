/* The chip's registers, for the real core. Nothing is kept here: the chip is the state. */
#include "chip.h"

#define UART_DATA 0x00u
#define UART_FLAGS 0x18u
#define UART_FLAG_RX_EMPTY (1u << 4)
#define UART_FLAG_TX_FULL (1u << 5)
#define SPACE_VAULT 0u
#define SPACE_ACORE 1u

static volatile uint32_t *reg(uint32_t address)
{
    return (volatile uint32_t *)(uintptr_t)address;
}

static void copy_in(uint32_t from, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i += 4) {
        uint32_t word = *reg(from + i);
        for (size_t byte = i; byte < len && byte < i + 4; byte++) {
            out[byte] = (uint8_t)word;
            word >>= 8;
        }
    }
}

static void copy_out(uint32_t to, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i += 4) {
        uint32_t word = 0;
        for (size_t byte = 0; byte < 4 && i + byte < len; byte++) {
            word |= (uint32_t)bytes[i + byte] << (8 * byte);
        }
        *reg(to + i) = word;
    }
}

/* ---- serial lines ---- */

static void put(uint32_t uart, uint8_t byte)
{
    while ((*reg(uart + UART_FLAGS) & UART_FLAG_TX_FULL) != 0) {
    }
    *reg(uart + UART_DATA) = byte;
}

void tatu_vault_chip_print(struct tatu_vault_chip *chip, char c)
{
    put(TATU_MAP_VUART_BASE, (uint8_t)c);
}

uint8_t tatu_vault_chip_fab_get(struct tatu_vault_chip *chip)
{
    while ((*reg(TATU_MAP_VFAB_BASE + UART_FLAGS) & UART_FLAG_RX_EMPTY) != 0) {
    }
    return (uint8_t)*reg(TATU_MAP_VFAB_BASE + UART_DATA);
}

void tatu_vault_chip_fab_put(struct tatu_vault_chip *chip, uint8_t byte)
{
    put(TATU_MAP_VFAB_BASE, byte);
}

/* ---- fuses, counters, on-die memory, flash ---- */

uint32_t tatu_vault_chip_fuse(struct tatu_vault_chip *chip, uint32_t at)
{
    return *reg(TATU_MAP_VFUSE_BASE + at);
}

void tatu_vault_chip_burn(struct tatu_vault_chip *chip, uint32_t at, uint32_t bits)
{
    *reg(TATU_MAP_VFUSE_BASE + at) = bits;
}

uint64_t tatu_vault_chip_counter(struct tatu_vault_chip *chip, uint32_t counter)
{
    uint64_t low = tatu_vault_chip_fuse(chip, TATU_FUSE_COUNTER + 8 * counter);
    uint64_t high = tatu_vault_chip_fuse(chip, TATU_FUSE_COUNTER + 8 * counter + 4);
    return low | high << 32;
}

uint64_t tatu_vault_chip_count(struct tatu_vault_chip *chip, uint32_t counter)
{
    tatu_vault_chip_burn(chip, TATU_FUSE_COUNTER + 8 * counter, 1);
    return tatu_vault_chip_counter(chip, counter);
}

void tatu_vault_chip_load(struct tatu_vault_chip *chip, uint32_t at, uint8_t *out, size_t len)
{
    copy_in(TATU_MAP_VNVM_BASE + at, out, len);
}

void tatu_vault_chip_store(struct tatu_vault_chip *chip, uint32_t at, struct tatu_span bytes)
{
    copy_out(TATU_MAP_VNVM_BASE + at, bytes.data, bytes.len);
}

void tatu_vault_chip_flash(struct tatu_vault_chip *chip, uint32_t at, uint8_t *out, size_t len)
{
    copy_in(TATU_MAP_VFLASH_BASE + at, out, len);
}

/* ---- engines ---- */

static void set(uint32_t at, uint32_t value)
{
    *reg(TATU_MAP_VENGINE_BASE + at) = value;
}

static enum tatu_err run(uint32_t command)
{
    __asm__ volatile("dsb" ::: "memory"); /* the engine reads what was written before */
    set(TATU_ENGINE_COMMAND, command);
    __asm__ volatile("dsb" ::: "memory");
    switch (*reg(TATU_MAP_VENGINE_BASE + TATU_ENGINE_STATUS)) {
    case 0:
        return TATU_OK;
    case TATU_ENGINE_FAIL_DMA:
        return TATU_ERR_DENIED;
    case TATU_ENGINE_FAIL_SIGNATURE:
        return TATU_ERR_SIGNATURE;
    case TATU_ENGINE_FAIL_LOCKED:
        return TATU_ERR_STATE;
    case TATU_ENGINE_FAIL_EMPTY:
        return TATU_ERR_NOT_FOUND;
    default:
        return TATU_ERR_ARGUMENT;
    }
}

static enum tatu_err run_slot(uint32_t command, uint32_t slot)
{
    set(TATU_ENGINE_SLOT, slot);
    return run(command);
}

static enum tatu_err run_public(uint32_t command, uint32_t slot, uint8_t out_public[64])
{
    TATU_TRY(run_slot(command, slot));
    copy_in(TATU_MAP_VENGINE_BASE + TATU_ENGINE_PUBLIC, out_public, 64);
    return TATU_OK;
}

static void set_source(uint32_t space, uint32_t address, uint32_t len)
{
    set(TATU_ENGINE_DMA_SPACE, space);
    set(TATU_ENGINE_DMA_ADDR, address);
    set(TATU_ENGINE_DMA_LEN, len);
}

static enum tatu_err copy(uint32_t from, uint32_t to_space, uint32_t to, uint32_t len)
{
    set_source(SPACE_ACORE, from, len);
    set(TATU_ENGINE_DMA_DEST_SPACE, to_space);
    set(TATU_ENGINE_DMA_DEST, to);
    return run(TATU_ENGINE_DO_COPY);
}

enum tatu_err tatu_vault_chip_hash_init(struct tatu_vault_chip *chip)
{
    return run(TATU_ENGINE_DO_HASH_INIT);
}

enum tatu_err tatu_vault_chip_hash(struct tatu_vault_chip *chip, struct tatu_span bytes)
{
    if (bytes.len == 0) {
        return TATU_OK; /* nothing has no address */
    }
    set_source(SPACE_VAULT, (uint32_t)(uintptr_t)bytes.data, bytes.len);
    return run(TATU_ENGINE_DO_HASH_DMA);
}

enum tatu_err tatu_vault_chip_hash_remote(struct tatu_vault_chip *chip, uint32_t address,
                                          uint32_t len)
{
    set_source(SPACE_ACORE, address, len);
    return run(TATU_ENGINE_DO_HASH_DMA);
}

enum tatu_err tatu_vault_chip_hash_done(struct tatu_vault_chip *chip, uint8_t out_digest[32])
{
    TATU_TRY(run(TATU_ENGINE_DO_HASH_DONE));
    copy_in(TATU_MAP_VENGINE_BASE + TATU_ENGINE_DIGEST, out_digest, 32);
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_verify(struct tatu_vault_chip *chip, const uint8_t key[64],
                                     const uint8_t digest[32], const uint8_t signature[64])
{
    copy_out(TATU_MAP_VENGINE_BASE + TATU_ENGINE_PUBLIC, key, 64);
    copy_out(TATU_MAP_VENGINE_BASE + TATU_ENGINE_DIGEST, digest, 32);
    copy_out(TATU_MAP_VENGINE_BASE + TATU_ENGINE_SIGNATURE, signature, 64);
    return run(TATU_ENGINE_DO_VERIFY);
}

enum tatu_err tatu_vault_chip_generate(struct tatu_vault_chip *chip, uint32_t slot,
                                       uint8_t out_public[64])
{
    return run_public(TATU_ENGINE_DO_GENERATE, slot, out_public);
}

enum tatu_err tatu_vault_chip_load_fuse(struct tatu_vault_chip *chip, uint32_t slot,
                                        uint32_t secret, uint8_t out_public[64])
{
    set(TATU_ENGINE_ARG, secret);
    return run_public(TATU_ENGINE_DO_LOAD_FUSE, slot, out_public);
}

enum tatu_err tatu_vault_chip_public(struct tatu_vault_chip *chip, uint32_t slot,
                                     uint8_t out_public[64])
{
    return run_public(TATU_ENGINE_DO_PUBLIC, slot, out_public);
}

enum tatu_err tatu_vault_chip_sign(struct tatu_vault_chip *chip, uint32_t slot,
                                   const uint8_t digest[32], uint8_t out_signature[64])
{
    copy_out(TATU_MAP_VENGINE_BASE + TATU_ENGINE_DIGEST, digest, 32);
    TATU_TRY(run_slot(TATU_ENGINE_DO_SIGN, slot));
    copy_in(TATU_MAP_VENGINE_BASE + TATU_ENGINE_SIGNATURE, out_signature, 64);
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_lock_slot(struct tatu_vault_chip *chip, uint32_t slot)
{
    return run_slot(TATU_ENGINE_DO_LOCK_SLOT, slot);
}

enum tatu_err tatu_vault_chip_fetch(struct tatu_vault_chip *chip, uint32_t address, uint8_t *out,
                                    uint32_t len)
{
    return copy(address, SPACE_VAULT, (uint32_t)(uintptr_t)out, len);
}

enum tatu_err tatu_vault_chip_move(struct tatu_vault_chip *chip, uint32_t from, uint32_t to,
                                   uint32_t len)
{
    return copy(from, SPACE_ACORE, to, len);
}

void tatu_vault_chip_set_range(struct tatu_vault_chip *chip, uint32_t base, uint32_t size)
{
    set(TATU_ENGINE_RANGE_BASE, base);
    set(TATU_ENGINE_RANGE_SIZE, size);
}

uint32_t tatu_vault_chip_random(struct tatu_vault_chip *chip)
{
    return *reg(TATU_MAP_VENGINE_BASE + TATU_ENGINE_RANDOM);
}

/* ---- control ---- */

void tatu_vault_chip_lock(struct tatu_vault_chip *chip)
{
    *reg(TATU_MAP_VCTL_BASE + TATU_VCTL_LOCK) = 1;
}

void tatu_vault_chip_release_acore(struct tatu_vault_chip *chip)
{
    *reg(TATU_MAP_VCTL_BASE + TATU_VCTL_ACORE) = 1;
}

uint64_t tatu_vault_chip_uptime_ms(struct tatu_vault_chip *chip)
{
    uint32_t high;
    uint32_t low;
    do {
        high = *reg(TATU_MAP_VCTL_BASE + TATU_VCTL_UPTIME_HI);
        low = *reg(TATU_MAP_VCTL_BASE + TATU_VCTL_UPTIME_MS);
    } while (high != *reg(TATU_MAP_VCTL_BASE + TATU_VCTL_UPTIME_HI));
    return (uint64_t)high << 32 | low;
}

/* ---- mailbox ---- */

void tatu_vault_chip_take(struct tatu_vault_chip *chip, uint32_t at, uint8_t *out, size_t len)
{
    copy_in(TATU_MAP_VMAILRAM_BASE + at, out, len);
}

void tatu_vault_chip_give(struct tatu_vault_chip *chip, uint32_t at, struct tatu_span bytes)
{
    copy_out(TATU_MAP_VMAILRAM_BASE + at, bytes.data, bytes.len);
}

void tatu_vault_chip_ring(struct tatu_vault_chip *chip)
{
    __asm__ volatile("dsb" ::: "memory");
    *reg(TATU_MAP_VMAILBOX_BASE + TATU_MAILBOX_RING) = 1;
}

void tatu_vault_chip_wait(struct tatu_vault_chip *chip)
{
    /* interrupts are masked: a pending one only ends the sleep */
    while (*reg(TATU_MAP_VMAILBOX_BASE + TATU_MAILBOX_STATUS) == 0) {
        __asm__ volatile("wfi" ::: "memory");
    }
    *reg(TATU_MAP_VMAILBOX_BASE + TATU_MAILBOX_CLEAR) = 1;
    *reg(0xe000e280u) = 1; /* NVIC_ICPR: mailbox is interrupt 0 */
}
