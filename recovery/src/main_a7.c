/* The program on the A-core. Start, vectors and memory rights are the monitor's: start.S, mmu.c. */
#include "main_a7.h"

#include "recovery/recovery.h"
#include "state.h"

static struct tatu_recovery_state state;

static void wait_for_ever(void)
{
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void tatu_monitor_main(void *entry)
{
    (void)entry;
    tatu_monitor_init_chip();
    tatu_recovery_run(&state, NULL, NULL);
    tatu_monitor_reset_chip(NULL);
}

void tatu_monitor_serve(void *registers)
{
    (void)registers;
    wait_for_ever();
}

void tatu_monitor_panic(uint32_t code, uint32_t address)
{
    uint8_t bytes[8];
    char hex[2 * sizeof(bytes) + 1];
    tatu_put_le32(bytes, code);
    tatu_put_le32(bytes + 4, address);
    tatu_base_encode_hex(TATU_SPAN_OF(bytes), hex);
    tatu_monitor_print(NULL, "\n[REC] panic ");
    tatu_monitor_print(NULL, hex);
    tatu_monitor_print(NULL, "\n");
    wait_for_ever(); /* a reset would only bring it back here */
}
