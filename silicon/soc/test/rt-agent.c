/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Program of a real-time core for the chip's tests: does what the mailbox asks and tells what came
 * of it in its TCM, so that a test sees what the core sees. rt.py talks to it.
 */
#include "proto/map.h"
#include <stdint.h>

#define WORD(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define BYTE(address) (*(volatile uint8_t *)(uintptr_t)(address))
#define MAILBOX(offset) WORD(TATU_RT_MAILBOX_BASE + (offset))

#define VTOR 0xe000ed08
#define AIRCR 0xe000ed0c
#define ICSR 0xe000ed04
#define CFSR 0xe000ed28
#define CPACR 0xe000ed88
#define NVIC_ENABLE 0xe000e100
#define NVIC_DISABLE 0xe000e180
#define NVIC_FORGET 0xe000e280 /* a line that is still up stays pending */
#define SYSTICK 0xe000e010
#define FETCH_FAULTS 0x101u /* CFSR: IBUSERR, IACCVIOL */
#define EXTERNAL 16u        /* number of the first external interrupt's vector */
#define LINES 64
#define TICK 400000 /* 2 ms */
#define NOWHERE 0x50000000

/* Operations; the order is known to rt.py. */
enum {
    SET_VALUE = 1,
    READ,
    WRITE,
    READ_BYTE,
    WRITE_BYTE,
    CALL,
    ENABLE,
    SLEEP,
    SPIN,
    MULTIPLY,
    RESET_ITSELF,
    LOCK_UP,
    LOSE_VECTORS,
    LOSE_STACK,
    NMI_WITHOUT_STACK,
    EXCLUSIVE,
};

/* What the test reads. */
struct report {
    uint32_t magic;
    uint32_t starts; /* of this program since its TCM was filled */
    uint32_t beat;
    uint32_t done; /* requests */
    uint32_t result;
    uint32_t faults; /* of the last request */
    uint32_t interrupts;
    uint32_t last_interrupt;
};

static struct report *const report = (struct report *)(TATU_RT_TCM_BASE + 0x2000);
static volatile uint32_t *const value = (uint32_t *)(TATU_RT_TCM_BASE + 0x2100);
static volatile uint32_t *const doomed = (uint32_t *)(TATU_RT_TCM_BASE + 0x2104);

static void set_stack(uint32_t top)
{
    __asm__ volatile("mov sp, %0" : : "r"(top) : "memory");
}

/* In either form of a lock-up the core faults in its fault handler. */
static void fault_with_stack(uint32_t top)
{
    set_stack(top);
    (void)WORD(NOWHERE);
}

static void lose_vectors(uint32_t address)
{
    WORD(VTOR) = address;
    (void)WORD(NOWHERE);
}

static uint32_t multiply(uint32_t number)
{
    uint32_t product;

    WORD(CPACR) |= 0xf00000;
    __asm__ volatile(".fpu fpv4-sp-d16\n dsb\n isb\n vmov s0, %1\n vcvt.f32.u32 s0, s0\n"
                     "vmul.f32 s0, s0, s0\n vcvt.u32.f32 s0, s0\n vmov %0, s0"
                     : "=r"(product)
                     : "r"(number)
                     : "s0");
    return product;
}

static uint32_t exclusive_add(uint32_t address)
{
    return __atomic_add_fetch((uint32_t *)(uintptr_t)address, *value, __ATOMIC_SEQ_CST);
}

/* Wakes the program to look for requests. 0 stops. */
static void tick(uint32_t reload)
{
    WORD(SYSTICK + 4) = reload;
    WORD(SYSTICK + 8) = 0;
    WORD(SYSTICK) = reload ? 7 : 0;
}

static void sleep(void)
{
    tick(0);
    __asm__ volatile("wfi");
    tick(TICK);
}

static uint32_t act(uint32_t operation, uint32_t data)
{
    switch (operation) {
    case SET_VALUE:
        *value = data;
        return data;
    case READ:
        return WORD(data);
    case WRITE:
        WORD(data) = *value;
        return 0;
    case READ_BYTE:
        return BYTE(data);
    case WRITE_BYTE:
        BYTE(data) = (uint8_t)*value;
        return 0;
    case CALL:
        ((void (*)(void))(uintptr_t)data)();
        return 0;
    case ENABLE:
        WORD(NVIC_FORGET + 4 * (data / 32)) = 1u << (data % 32);
        WORD(NVIC_ENABLE + 4 * (data / 32)) = 1u << (data % 32);
        return 0;
    case SLEEP:
        sleep();
        return 0;
    case SPIN:
        __asm__ volatile("cpsid if");
        for (;;) {
        }
    case MULTIPLY:
        return multiply(data);
    case RESET_ITSELF:
        WORD(AIRCR) = 0x05fa0004;
        return 0;
    case LOCK_UP:
        *doomed = 1;
        return WORD(data);
    case LOSE_VECTORS:
        lose_vectors(data);
        return 0;
    case LOSE_STACK:
        fault_with_stack(data);
        return 0;
    case NMI_WITHOUT_STACK:
        __asm__ volatile("cpsid f");
        set_stack(data);
        WORD(ICSR) = 1u << 31;
        __asm__ volatile("dsb\n isb");
        return 0;
    case EXCLUSIVE:
        return exclusive_add(data);
    default:
        return 0xbad;
    }
}

/* frame: r0-r3, r12, lr, pc, psr. A fetch that failed goes back to who called. */
__attribute__((used)) static void fault(uint32_t *frame)
{
    report->faults++;
    if (*doomed) {
        (void)WORD(NOWHERE);
    }
    if (WORD(CFSR) & FETCH_FAULTS) {
        frame[6] = frame[5] & ~1u;
    } else {
        frame[6] += (*(uint16_t *)(uintptr_t)frame[6] >> 11) >= 0x1d ? 4 : 2;
    }
    WORD(CFSR) = ~0u;
}

__attribute__((naked)) static void hard_fault(void)
{
    __asm__("mrs r0, msp\n push {r4, lr}\n bl fault\n pop {r4, pc}\n");
}

static void interrupt(void)
{
    uint32_t number;

    __asm__ volatile("mrs %0, ipsr" : "=r"(number));
    if (number < EXTERNAL) {
        report->beat++;
        return;
    }
    report->interrupts++;
    report->last_interrupt = number;
    /* Once: whoever wants it again enables it again. */
    WORD(NVIC_DISABLE + 4 * ((number - EXTERNAL) / 32)) = 1u << ((number - EXTERNAL) % 32);
}

static void serve(void)
{
    uint32_t data = MAILBOX(TATU_RTMAIL_POP_DATA);
    uint32_t operation = MAILBOX(TATU_RTMAIL_POP_COMMAND);

    report->faults = 0;
    report->result = act(operation, data);
    __asm__ volatile("dmb");
    report->done++;
}

static void reset(void)
{
    *doomed = 0;
    report->done = report->beat = report->interrupts = report->last_interrupt = 0;
    report->starts++;
    report->magic = 0x47415452;
    tick(TICK);
    for (;;) {
        while (MAILBOX(TATU_RTMAIL_POP_COUNT) > 0) {
            serve();
        }
        __asm__ volatile("wfi");
    }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[EXTERNAL + LINES] = {
    (void *)(TATU_RT_TCM_BASE + TATU_RT_TCM_SIZE),
    reset,
    hard_fault, /* NMI */
    hard_fault,
    [15] = interrupt, /* SysTick */
    [EXTERNAL... EXTERNAL + LINES - 1] = interrupt,
};
