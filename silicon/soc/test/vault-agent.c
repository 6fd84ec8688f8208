/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Vault ROM of the chip's tests: reads and writes memory as the fab port asks, so that a test sees
 * what the vault core sees. Request: u8 operation, u32 address, u32 value or length, bytes of 'P'.
 * Answer: u8 'k' done or 'f' bus fault; u32 value for reads; bytes of 'G'.
 */
#include "proto/map.h"
#include <stdint.h>

#define UART_DATA (*(volatile uint32_t *)(TATU_MAP_VFAB_BASE + 0x00))
#define UART_FLAGS (*(volatile uint32_t *)(TATU_MAP_VFAB_BASE + 0x18))
#define UART_CONTROL (*(volatile uint32_t *)(TATU_MAP_VFAB_BASE + 0x30))
#define LOG_DATA (*(volatile uint32_t *)TATU_MAP_VUART_BASE)
#define RX_EMPTY 0x10u
#define ENABLED 0x301u

static volatile uint32_t faults;

static uint8_t take_byte(void)
{
    while (UART_FLAGS & RX_EMPTY) {
    }
    return (uint8_t)UART_DATA;
}

static uint32_t take_word(void)
{
    uint32_t word = 0;

    for (int i = 0; i < 4; i++) {
        word |= (uint32_t)take_byte() << (8 * i);
    }
    return word;
}

static void give_word(uint32_t word)
{
    for (int i = 0; i < 4; i++) {
        UART_DATA = (word >> (8 * i)) & 0xff;
    }
}

static void give_status(void)
{
    UART_DATA = faults ? 'f' : 'k';
}

static void serve(void)
{
    uint8_t operation = take_byte();
    uintptr_t address = take_word();
    uint32_t value = take_word();
    uint32_t result = 0;

    faults = 0;
    switch (operation) {
    case 'r':
        result = *(volatile uint32_t *)address;
        give_status();
        give_word(result);
        return;
    case 'b':
        result = *(volatile uint8_t *)address;
        give_status();
        give_word(result);
        return;
    case 'w':
        *(volatile uint32_t *)address = value;
        break;
    case 'B':
        *(volatile uint8_t *)address = (uint8_t)value;
        break;
    case 'G':
        give_status();
        for (uint32_t i = 0; i < value; i++) {
            UART_DATA = ((volatile uint8_t *)address)[i];
        }
        return;
    case 'P':
        for (uint32_t i = 0; i < value; i++) {
            ((volatile uint8_t *)address)[i] = take_byte();
        }
        break;
    default:
        faults = 1;
        break;
    }
    give_status();
}

/* Skips the instruction that faulted. frame[6] is its address. */
__attribute__((used)) static void skip(uint32_t *frame)
{
    uint16_t first = *(uint16_t *)(uintptr_t)frame[6];

    faults++;
    frame[6] += (first >> 11) >= 0x1d ? 4 : 2;
}

__attribute__((naked)) static void hard_fault(void)
{
    __asm__("mrs r0, msp\n push {r4, lr}\n bl skip\n pop {r4, pc}\n");
}

static void reset(void)
{
    UART_CONTROL = ENABLED;
    for (const char *c = "vault agent\n"; *c; c++) {
        LOG_DATA = (uint32_t)*c;
    }
    for (;;) {
        serve();
    }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    (void *)(TATU_MAP_VSRAM_BASE + TATU_MAP_VSRAM_SIZE),
    reset,
    hard_fault,
    hard_fault,
};
