#include "chip_a7.h"

#include "chip.h"
#include "mem.h"
#include "proto/map.h"

/* The A-core is the one chip; its registers are no state of anybody's. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define COUNTER_HZ 62500000u /* when the core does not say */
#define CACHE_LINE 64u
#define POLL_MAX 1000000u

#define UART_DR 0x00u
#define UART_FR 0x18u
#define UART_FR_TXFF 0x20u
#define UART_IBRD 0x24u
#define UART_FBRD 0x28u
#define UART_LCRH 0x2cu
#define UART_LCRH_8N1_FIFO 0x70u
#define UART_CR 0x30u
#define UART_CR_ON 0x301u

#define GICD_CTLR 0x000u
#define GICD_TYPER 0x004u
#define GICD_IGROUPR 0x080u
#define GICC_CTLR 0x000u
#define GICC_PMR 0x004u
#define GIC_BOTH_GROUPS 3u
#define MAILBOX_INTID (32u + 40u)

static uint32_t get(uint32_t address)
{
    return *(volatile uint32_t *)(uintptr_t)address;
}

static void put(uint32_t address, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)address = value;
}

/* ---- counter --------------------------------------------------------------------------------- */

static uint32_t counter_hz(void)
{
    uint32_t hz;
    __asm__ volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(hz));
    return hz;
}

static uint64_t counter_now(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("isb\n mrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

/* Shifted, so that 32 bits are enough to divide. */
uint32_t tatu_monitor_get_uptime_s(struct tatu_monitor_chip *chip)
{
    return (uint32_t)(counter_now() >> 16) / (counter_hz() >> 16);
}

/* ---- start -------------------------------------------------------------------------------------
 */

void tatu_monitor_init_chip(void)
{
    /* 115200 from 24 MHz. Linux divides by these when it finds the port enabled. */
    put(TATU_MAP_UART_BASE + UART_CR, 0);
    put(TATU_MAP_UART_BASE + UART_IBRD, 13);
    put(TATU_MAP_UART_BASE + UART_FBRD, 1);
    put(TATU_MAP_UART_BASE + UART_LCRH, UART_LCRH_8N1_FIFO);
    put(TATU_MAP_UART_BASE + UART_CR, UART_CR_ON);
    if (counter_hz() == 0) {
        __asm__ volatile("mcr p15, 0, %0, c14, c0, 0" ::"r"(COUNTER_HZ));
    }
    put(TATU_MAP_MAILBOX_BASE + TATU_MAILBOX_CLEAR, 1);
}

void tatu_monitor_release_interrupts(void)
{
    uint32_t words = (get(TATU_MAP_GICD_BASE + GICD_TYPER) & 31u) + 1;
    for (uint32_t i = 0; i < words; i++) {
        put(TATU_MAP_GICD_BASE + GICD_IGROUPR + 4 * i, 0xffffffffu);
    }
    /* All but the vault's bell: it stays out of the normal world's sight, and disabled. */
    put(TATU_MAP_GICD_BASE + GICD_IGROUPR + MAILBOX_INTID / 32 * 4, ~(1u << MAILBOX_INTID % 32));
    put(TATU_MAP_GICD_BASE + GICD_CTLR, GIC_BOTH_GROUPS);
    put(TATU_MAP_GICC_BASE + GICC_PMR, 0xff);
    put(TATU_MAP_GICC_BASE + GICC_CTLR, GIC_BOTH_GROUPS);
}

/* ---- flash -------------------------------------------------------------------------------------
 */

static bool is_within(uint32_t at, uint32_t len, uint32_t base, uint32_t size)
{
    return at >= base && len <= size && at - base <= size - len;
}

static bool is_in_flash(uint32_t at, uint32_t len)
{
    return is_within(at, len, 0, TATU_FLASH_SIZE);
}

enum tatu_err tatu_monitor_read_flash(struct tatu_monitor_chip *chip, uint32_t at, void *out,
                                      uint32_t len)
{
    if (!is_in_flash(at, len)) {
        return TATU_ERR_ARGUMENT;
    }
    memcpy(out, (const void *)(uintptr_t)(TATU_MAP_FLASH_BASE + at), len);
    return TATU_OK;
}

static enum tatu_err finish_flash(void)
{
    for (uint32_t i = 0; i < POLL_MAX; i++) {
        uint32_t status = get(TATU_MAP_FLASHCTL_BASE + TATU_FLASHCTL_STATUS);
        if ((status & 1u) == 0) {
            return (status & 2u) == 0 ? TATU_OK : TATU_ERR_IO;
        }
    }
    return TATU_ERR_IO;
}

enum tatu_err tatu_monitor_erase_flash(struct tatu_monitor_chip *chip, uint32_t at)
{
    if (!is_in_flash(at, TATU_FLASH_SECTOR_SIZE) || at % TATU_FLASH_SECTOR_SIZE != 0) {
        return TATU_ERR_ARGUMENT;
    }
    put(TATU_MAP_FLASHCTL_BASE + TATU_FLASHCTL_ADDRESS, at);
    put(TATU_MAP_FLASHCTL_BASE + TATU_FLASHCTL_COMMAND, TATU_FLASHCTL_COMMAND_ERASE);
    return finish_flash();
}

static enum tatu_err program_page(const uint8_t *bytes)
{
    for (uint32_t i = 0; i < TATU_FLASH_PAGE_SIZE; i += 4) {
        put(TATU_MAP_FLASHCTL_BASE + TATU_FLASHCTL_BUFFER + i, tatu_get_le32(bytes + i));
    }
    put(TATU_MAP_FLASHCTL_BASE + TATU_FLASHCTL_COMMAND, TATU_FLASHCTL_COMMAND_PAGE);
    return finish_flash();
}

static enum tatu_err program_word(const uint8_t *bytes)
{
    put(TATU_MAP_FLASHCTL_BASE + TATU_FLASHCTL_DATA, tatu_get_le32(bytes));
    return finish_flash();
}

enum tatu_err tatu_monitor_program_flash(struct tatu_monitor_chip *chip, uint32_t at,
                                         const void *data, uint32_t len)
{
    const uint8_t *bytes = data;
    if (!is_in_flash(at, len) || at % 4 != 0 || len % 4 != 0) {
        return TATU_ERR_ARGUMENT;
    }
    put(TATU_MAP_FLASHCTL_BASE + TATU_FLASHCTL_ADDRESS, at);
    while (len > 0) {
        bool page = at % TATU_FLASH_PAGE_SIZE == 0 && len >= TATU_FLASH_PAGE_SIZE;
        uint32_t step = page ? TATU_FLASH_PAGE_SIZE : 4;
        TATU_TRY(page ? program_page(bytes) : program_word(bytes));
        at += step;
        bytes += step;
        len -= step;
    }
    return TATU_OK;
}

enum tatu_err tatu_monitor_lock_window(struct tatu_monitor_chip *chip, uint32_t number, uint32_t at,
                                       uint32_t len)
{
    uint32_t window =
        TATU_MAP_FLASHCTL_BASE + TATU_FLASHCTL_WINDOW + number * TATU_FLASHCTL_WINDOW_STRIDE;
    if (number >= TATU_MAP_WINDOW_COUNT || !is_in_flash(at, len)) {
        return TATU_ERR_ARGUMENT;
    }
    put(window + TATU_FLASHCTL_WINDOW_OFFSET, at);
    TATU_TRY(finish_flash());
    put(window + TATU_FLASHCTL_WINDOW_LENGTH, len);
    TATU_TRY(finish_flash());
    put(window + TATU_FLASHCTL_WINDOW_LOCK, 1);
    return finish_flash();
}

/* ---- normal RAM ---------------------------------------------------------------------------------
 */

static bool is_normal_ram(uint32_t address, uint32_t len)
{
    return is_within(address, len, TATU_MAP_RAM_BASE, TATU_MAP_RAM_SIZE_DEFAULT);
}

/* So that a core with its cache off sees it, too. */
void tatu_monitor_clean_cache(struct tatu_monitor_chip *chip, uint32_t address, uint32_t len)
{
    for (uint32_t line = address & ~(CACHE_LINE - 1); line < address + len; line += CACHE_LINE) {
        __asm__ volatile("mcr p15, 0, %0, c7, c10, 1" ::"r"(line) : "memory"); /* DCCMVAC */
    }
    __asm__ volatile("dsb" ::: "memory");
}

enum tatu_err tatu_monitor_load_flash(struct tatu_monitor_chip *chip, uint32_t at, uint32_t ram,
                                      uint32_t len)
{
    if (!is_normal_ram(ram, len)) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(tatu_monitor_read_flash(chip, at, (void *)(uintptr_t)ram, len));
    tatu_monitor_clean_cache(chip, ram, len);
    return TATU_OK;
}

enum tatu_err tatu_monitor_read_normal(struct tatu_monitor_chip *chip, uint32_t address, void *out,
                                       uint32_t len)
{
    if (!is_normal_ram(address, len)) {
        return TATU_ERR_ARGUMENT;
    }
    memcpy(out, (const void *)(uintptr_t)address, len);
    return TATU_OK;
}

enum tatu_err tatu_monitor_write_normal(struct tatu_monitor_chip *chip, uint32_t address,
                                        const void *data, uint32_t len)
{
    if (!is_normal_ram(address, len)) {
        return TATU_ERR_ARGUMENT;
    }
    memcpy((void *)(uintptr_t)address, data, len);
    return TATU_OK;
}

/* ---- mailbox ------------------------------------------------------------------------------------
 */

enum tatu_err tatu_monitor_write_mail(struct tatu_monitor_chip *chip, uint32_t at, const void *data,
                                      uint32_t len)
{
    const uint8_t *from = data;
    volatile uint8_t *to = (volatile uint8_t *)(uintptr_t)(TATU_MAP_MAILRAM_BASE + at);
    if (!is_within(at, len, 0, TATU_MAP_MAILRAM_SIZE)) {
        return TATU_ERR_ARGUMENT;
    }
    for (uint32_t i = 0; i < len; i++) {
        to[i] = from[i];
    }
    return TATU_OK;
}

enum tatu_err tatu_monitor_read_mail(struct tatu_monitor_chip *chip, uint32_t at, void *out,
                                     uint32_t len)
{
    uint8_t *to = out;
    const volatile uint8_t *from =
        (const volatile uint8_t *)(uintptr_t)(TATU_MAP_MAILRAM_BASE + at);
    if (!is_within(at, len, 0, TATU_MAP_MAILRAM_SIZE)) {
        return TATU_ERR_ARGUMENT;
    }
    for (uint32_t i = 0; i < len; i++) {
        to[i] = from[i];
    }
    return TATU_OK;
}

void tatu_monitor_ring_vault(struct tatu_monitor_chip *chip)
{
    put(TATU_MAP_MAILBOX_BASE + TATU_MAILBOX_CLEAR, 1);
    __asm__ volatile("dsb" ::: "memory");
    put(TATU_MAP_MAILBOX_BASE + TATU_MAILBOX_RING, 1);
}

bool tatu_monitor_wait_vault(struct tatu_monitor_chip *chip, uint32_t timeout_ms)
{
    uint64_t start = counter_now();
    uint32_t limit = counter_hz() / 1000 * timeout_ms;
    while (get(TATU_MAP_MAILBOX_BASE + TATU_MAILBOX_STATUS) == 0) {
        if (counter_now() - start > limit) {
            return false;
        }
    }
    put(TATU_MAP_MAILBOX_BASE + TATU_MAILBOX_CLEAR, 1);
    __asm__ volatile("dsb" ::: "memory");
    return true;
}

/* ---- system controller and console
 * ---------------------------------------------------------------- */

void tatu_monitor_keep_panic(uint32_t code)
{
    put(TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_SCRATCH, code);
}

static void stop(uint32_t word)
{
    put(TATU_MAP_SYSCTL_BASE + TATU_SYSCTL_POWER, word);
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void tatu_monitor_power_off(struct tatu_monitor_chip *chip)
{
    stop(TATU_SYSCTL_POWER_OFF);
}

void tatu_monitor_reset_chip(struct tatu_monitor_chip *chip)
{
    stop(TATU_SYSCTL_POWER_RESET);
}

void tatu_monitor_power_down(struct tatu_monitor_chip *chip)
{
    stop(TATU_SYSCTL_POWER_DOWN);
}

static bool is_control(uint32_t address)
{
    uint32_t block = address & ~0xfffu;
    return block == TATU_MAP_SYSCTL_BASE || block == TATU_MAP_PFW_BASE ||
           block == TATU_MAP_RTCTL_BASE;
}

uint32_t tatu_monitor_get_register(struct tatu_monitor_chip *chip, uint32_t address)
{
    return is_control(address) ? get(address) : 0;
}

void tatu_monitor_put_register(struct tatu_monitor_chip *chip, uint32_t address, uint32_t value)
{
    if (is_control(address)) {
        put(address, value);
    }
}

enum tatu_err tatu_monitor_load_core(struct tatu_monitor_chip *chip, uint32_t core, uint32_t at,
                                     uint32_t len)
{
    uint32_t tcm = TATU_MAP_RTTCM_BASE + core * TATU_MAP_RTTCM_STRIDE;
    if (core >= TATU_RT_COUNT || len == 0 || len > TATU_RT_TCM_SIZE || (at | len) % 4 != 0 ||
        !is_in_flash(at, len)) {
        return TATU_ERR_ARGUMENT;
    }
    for (uint32_t i = 0; i < TATU_RT_TCM_SIZE; i += 4) {
        put(tcm + i, i < len ? get(TATU_MAP_FLASH_BASE + at + i) : 0);
    }
    return TATU_OK;
}

static void put_char(char c)
{
    for (uint32_t i = 0; i < POLL_MAX; i++) {
        if ((get(TATU_MAP_UART_BASE + UART_FR) & UART_FR_TXFF) == 0) {
            break;
        }
    }
    put(TATU_MAP_UART_BASE + UART_DR, (uint8_t)c);
}

void tatu_monitor_print(struct tatu_monitor_chip *chip, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            put_char('\r');
        }
        put_char(*text);
    }
}
