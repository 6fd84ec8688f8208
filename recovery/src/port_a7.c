/* The recovery port's registers: a PL011, polled. And the core's counter. */
#include "port.h"
#include "proto/map.h"

#define PAUSE 1000 /* turns, a few microseconds: less than 16 bytes take */
#define UART_DR 0x00u
#define UART_FR 0x18u
#define UART_FR_BUSY 0x08u
#define UART_FR_RXFE 0x10u
#define UART_FR_TXFF 0x20u

static volatile uint32_t *reg(uint32_t at)
{
    return (volatile uint32_t *)(uintptr_t)(TATU_MAP_RECOVERY_BASE + at);
}

/* The vault has set the line up before. */
int tatu_recovery_get_byte(struct tatu_recovery_port *port)
{
    (void)port;
    if ((*reg(UART_FR) & UART_FR_RXFE) != 0) {
        for (int pause = 0; pause < PAUSE; pause++) { /* leaves the bus to others */
            __asm__ volatile("nop");
        }
        return -1;
    }
    return (int)(*reg(UART_DR) & 0xff);
}

void tatu_recovery_put_bytes(struct tatu_recovery_port *port, struct tatu_span bytes)
{
    (void)port;
    for (size_t i = 0; i < bytes.len; i++) {
        while ((*reg(UART_FR) & UART_FR_TXFF) != 0) {
        }
        *reg(UART_DR) = bytes.data[i];
    }
    while ((*reg(UART_FR) & UART_FR_BUSY) != 0) {
    }
}

uint32_t tatu_recovery_now_ms(struct tatu_recovery_port *port)
{
    (void)port;
    uint32_t hz;
    uint32_t low;
    uint32_t high;
    __asm__ volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(hz));
    __asm__ volatile("isb\n mrrc p15, 0, %0, %1, c14" : "=r"(low), "=r"(high)::"memory");
    /* 64 bits by shifts: a tick of 2^-16 of the frequency, without a division of 64 bits */
    return (uint32_t)(((uint64_t)high << 32 | low) >> 16) * 1000u / (hz >> 16);
}
