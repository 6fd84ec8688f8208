/* The chip's registers, for the real core. Nothing is kept here: the chip is the state. */
#include "chip.h"

#define UART_DATA 0x00u
#define UART_FLAGS 0x18u
#define UART_FLAG_RX_EMPTY (1u << 4)
#define UART_FLAG_TX_FULL (1u << 5)
#define RECOVERY_PAUSE 1000 /* turns, a few microseconds: less than 16 bytes take */
#define UART_DIVISOR 0x24u
#define UART_FRACTION 0x28u
#define UART_LINE 0x2cu
#define UART_LINE_8N1_BUFFERED 0x70u
#define UART_CONTROL 0x30u
#define UART_CONTROL_ON 0x301u
#define SPACE_VAULT 0u
#define SPACE_ACORE 1u
#define NVIC_ISER 0xe000e100u /* the mailbox is interrupt 0 */
#define NVIC_ICER 0xe000e180u
#define NVIC_ICPR 0xe000e280u

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

void tatu_vault_chip_recovery_open(struct tatu_vault_chip *chip)
{
    /* 115200 from 24 MHz, 8N1, buffered */
    *reg(TATU_MAP_VRECOVERY_BASE + UART_CONTROL) = 0;
    *reg(TATU_MAP_VRECOVERY_BASE + UART_DIVISOR) = 13;
    *reg(TATU_MAP_VRECOVERY_BASE + UART_FRACTION) = 1;
    *reg(TATU_MAP_VRECOVERY_BASE + UART_LINE) = UART_LINE_8N1_BUFFERED;
    *reg(TATU_MAP_VRECOVERY_BASE + UART_CONTROL) = UART_CONTROL_ON;
}

int tatu_vault_chip_recovery_get(struct tatu_vault_chip *chip)
{
    if ((*reg(TATU_MAP_VRECOVERY_BASE + UART_FLAGS) & UART_FLAG_RX_EMPTY) != 0) {
        for (int pause = 0; pause < RECOVERY_PAUSE; pause++) { /* leaves the bus to others */
            __asm__ volatile("nop");
        }
        return -1;
    }
    return (int)(*reg(TATU_MAP_VRECOVERY_BASE + UART_DATA) & 0xff);
}

void tatu_vault_chip_recovery_put(struct tatu_vault_chip *chip, uint8_t byte)
{
    put(TATU_MAP_VRECOVERY_BASE, byte);
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
    case TATU_ENGINE_FAIL_ENTROPY:
        return TATU_ERR_ENTROPY;
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

static enum tatu_err copy(uint32_t from_space, uint32_t from, uint32_t to_space, uint32_t to,
                          uint32_t len)
{
    set_source(from_space, from, len);
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

enum tatu_err tatu_vault_chip_verify_lms(struct tatu_vault_chip *chip,
                                         const uint8_t key[TATU_LMS_KEY_SIZE],
                                         const uint8_t digest[32], struct tatu_span signature)
{
    copy_out(TATU_MAP_VENGINE_BASE + TATU_ENGINE_DATA, key, TATU_LMS_KEY_SIZE);
    copy_out(TATU_MAP_VENGINE_BASE + TATU_ENGINE_DIGEST, digest, 32);
    set_source(SPACE_VAULT, (uint32_t)(uintptr_t)signature.data, signature.len);
    return run(TATU_ENGINE_DO_LMS);
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

enum tatu_err tatu_vault_chip_clear(struct tatu_vault_chip *chip, uint32_t slot)
{
    return run_slot(TATU_ENGINE_DO_CLEAR, slot);
}

enum tatu_err tatu_vault_chip_move_slot(struct tatu_vault_chip *chip, uint32_t from, uint32_t to)
{
    set(TATU_ENGINE_ARG, from);
    return run_slot(TATU_ENGINE_DO_MOVE_SLOT, to);
}

enum tatu_err tatu_vault_chip_fetch(struct tatu_vault_chip *chip, uint32_t address, uint8_t *out,
                                    uint32_t len)
{
    return copy(SPACE_ACORE, address, SPACE_VAULT, (uint32_t)(uintptr_t)out, len);
}

enum tatu_err tatu_vault_chip_place(struct tatu_vault_chip *chip, uint32_t address,
                                    struct tatu_span bytes)
{
    return copy(SPACE_VAULT, (uint32_t)(uintptr_t)bytes.data, SPACE_ACORE, address, bytes.len);
}

enum tatu_err tatu_vault_chip_move(struct tatu_vault_chip *chip, uint32_t from, uint32_t to,
                                   uint32_t len)
{
    return copy(SPACE_ACORE, from, SPACE_ACORE, to, len);
}

void tatu_vault_chip_set_range(struct tatu_vault_chip *chip, uint32_t base, uint32_t size)
{
    set(TATU_ENGINE_RANGE_BASE, base);
    set(TATU_ENGINE_RANGE_SIZE, size);
}

enum tatu_err tatu_vault_chip_random(struct tatu_vault_chip *chip, uint8_t *out, size_t len)
{
    /* asked before each word and behind the last */
    for (size_t i = 0; *reg(TATU_MAP_VENGINE_BASE + TATU_ENGINE_HEALTH) == 0; i += 4) {
        if (i >= len) {
            return TATU_OK;
        }
        copy_in(TATU_MAP_VENGINE_BASE + TATU_ENGINE_RANDOM, out + i, len - i < 4 ? len - i : 4);
    }
    tatu_base_wipe(out, len);
    return TATU_ERR_ENTROPY;
}

static enum tatu_err run_data(uint32_t command, struct tatu_span data)
{
    copy_out(TATU_MAP_VENGINE_BASE + TATU_ENGINE_DATA, data.data, data.len);
    set(TATU_ENGINE_ARG, data.len);
    return run(command);
}

enum tatu_err tatu_vault_chip_hmac(struct tatu_vault_chip *chip, struct tatu_span data,
                                   uint8_t out_mac[32])
{
    static const uint8_t zero[32];
    TATU_TRY(run_data(TATU_ENGINE_DO_HMAC, data));
    copy_in(TATU_MAP_VENGINE_BASE + TATU_ENGINE_DATA, out_mac, 32);
    copy_out(TATU_MAP_VENGINE_BASE + TATU_ENGINE_DATA, zero, sizeof(zero));
    return TATU_OK;
}

enum tatu_err tatu_vault_chip_seal(struct tatu_vault_chip *chip, bool back, const uint8_t label[16],
                                   struct tatu_span in, uint8_t *out)
{
    set_source(SPACE_VAULT, (uint32_t)(uintptr_t)in.data, in.len);
    set(TATU_ENGINE_DMA_DEST_SPACE, SPACE_VAULT);
    set(TATU_ENGINE_DMA_DEST, (uint32_t)(uintptr_t)out);
    return run_data(back ? TATU_ENGINE_DO_UNSEAL : TATU_ENGINE_DO_SEAL,
                    (struct tatu_span){label, 16});
}

/* ---- control ---- */

uint32_t tatu_vault_chip_control(struct tatu_vault_chip *chip, uint32_t at)
{
    return *reg(TATU_MAP_VCTL_BASE + at);
}

void tatu_vault_chip_set_control(struct tatu_vault_chip *chip, uint32_t at, uint32_t word)
{
    *reg(TATU_MAP_VCTL_BASE + at) = word;
}

uint64_t tatu_vault_chip_uptime_ms(struct tatu_vault_chip *chip)
{
    uint32_t high;
    uint32_t low;
    do {
        high = tatu_vault_chip_control(chip, TATU_VCTL_UPTIME_HI);
        low = tatu_vault_chip_control(chip, TATU_VCTL_UPTIME_MS);
    } while (high != tatu_vault_chip_control(chip, TATU_VCTL_UPTIME_HI));
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
    /* the mailbox's interrupt is masked whenever it is enabled: it only ends the sleep */
    while (*reg(TATU_MAP_VMAILBOX_BASE + TATU_MAILBOX_STATUS) == 0) {
        __asm__ volatile("cpsid i" ::: "memory");
        *reg(NVIC_ISER) = 1;
        __asm__ volatile("dsb\n wfi" ::: "memory");
        *reg(NVIC_ICER) = 1;
        __asm__ volatile("dsb\n cpsie i\n isb" ::: "memory"); /* here tampering is served */
    }
    *reg(TATU_MAP_VMAILBOX_BASE + TATU_MAILBOX_CLEAR) = 1;
    *reg(NVIC_ICPR) = 1;
}
