/*
 * Stands in for the monitor in the chip test: says hello, then passes mailbox requests from its
 * UART to the vault and the answers back. Request: u16 caller, u16 command, u32 len, payload;
 * answer: u16 status, u16 0, u32 len, payload. Command 0xffff writes payload to the address in its
 * first word.
 */
#include "proto/mailbox.h"
#include "proto/map.h"

#define UART_FLAGS 0x18u
#define RX_EMPTY (1u << 4)
#define TX_FULL (1u << 5)
#define POKE 0xffffu

static volatile uint32_t *reg(uint32_t address)
{
    return (volatile uint32_t *)(uintptr_t)address;
}

static void put(uint8_t byte)
{
    while (*reg(TATU_MAP_UART_BASE + UART_FLAGS) & TX_FULL) {
    }
    *reg(TATU_MAP_UART_BASE) = byte;
}

static uint8_t get(void)
{
    while (*reg(TATU_MAP_UART_BASE + UART_FLAGS) & RX_EMPTY) {
    }
    return (uint8_t)*reg(TATU_MAP_UART_BASE);
}

static uint32_t get_word(void)
{
    uint32_t word = 0;
    for (int i = 0; i < 4; i++) {
        word |= (uint32_t)get() << (8 * i);
    }
    return word;
}

static void ask(uint32_t head, uint32_t len)
{
    static uint32_t sequence;
    volatile uint32_t *request = reg(TATU_MAP_MAILRAM_BASE + TATU_MAILRAM_REQUEST);
    volatile uint32_t *answer = reg(TATU_MAP_MAILRAM_BASE + TATU_MAILRAM_RESPONSE);
    volatile uint8_t *payload = (volatile uint8_t *)(request + 3);
    for (uint32_t i = 0; i < len; i++) {
        payload[i] = get();
    }
    request[0] = ++sequence;
    request[1] = head >> 16 | head << 16; /* caller is the status field, behind the command */
    request[2] = len;
    *reg(TATU_MAP_MAILBOX_BASE + TATU_MAILBOX_RING) = 1;
    while (*reg(TATU_MAP_MAILBOX_BASE + TATU_MAILBOX_STATUS) == 0) {
    }
    *reg(TATU_MAP_MAILBOX_BASE + TATU_MAILBOX_CLEAR) = 1;
    uint32_t status = answer[0] == sequence ? answer[1] >> 16 : 0xffff;
    const uint32_t words[2] = {status, answer[2]};
    for (uint32_t i = 0; i < sizeof(words); i++) {
        put((uint8_t)(words[i / 4] >> (8 * (i % 4))));
    }
    for (uint32_t i = 0; i < answer[2]; i++) {
        put(((volatile uint8_t *)(answer + 3))[i]);
    }
}

static void poke(uint32_t len)
{
    volatile uint8_t *to = (volatile uint8_t *)(uintptr_t)get_word();
    for (uint32_t i = 4; i < len; i++) {
        *to++ = get();
    }
    for (int i = 0; i < 8; i++) {
        put(0);
    }
}

void agent(void)
{
    for (const char *p = "hello\n"; *p != '\0'; p++) {
        put((uint8_t)*p);
    }
    for (;;) {
        uint32_t head = get_word();
        uint32_t len = get_word();
        if (head >> 16 == POKE) {
            poke(len);
        } else {
            ask(head, len);
        }
    }
}

__attribute__((naked, section(".start"), used)) static void start(void)
{
    __asm__ volatile("ldr sp, =0x0e03fff0\n b agent");
}
