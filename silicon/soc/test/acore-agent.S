/*
 * SPDX-License-Identifier: GPL-2.0-only
 * Mask ROM of the chip's tests: accesses memory as the mailbox memory asks, in the secure or in the
 * normal world, and says whether the access was refused.
 *   +0x00 go (1; 0 when done)   +0x04 operation   +0x08 address   +0x0c value   +0x10 world (1: normal)
 *   +0x14 result                +0x18 outcome: 0 done, 1 data abort, 2 prefetch abort, 3 undefined
 */
#include "proto/map.h"

#define OP_READ 0
#define OP_WRITE 1
#define OP_EXECUTE 2
#define OP_READ_BYTE 3
#define OP_COPY_PAGE 4 /* 4 KiB from value to address */
#define SCR_NS 1
#define MODE_SVC 0x13
#define MODE_MONITOR 0x16
#define SPSR_SVC 0x1d3

    .syntax unified
    .arch armv7-a
    .arch_extension sec
    .arm

/* Runs in either world: copied to the start of RAM for the normal one. Ends with smc. */
    .section .vectors, "ax"
world_begin:
    b reset
    b undefined
    b .
    b prefetch_abort
    b data_abort
    b .
    b .
    b .
undefined:
    mov r3, #3
    smc #0
prefetch_abort:
    mov r3, #2
    smc #0
data_abort:
    mov r3, #1
    smc #0
do_access:
    mov r3, #0
    cmp r2, #OP_WRITE
    beq 1f
    cmp r2, #OP_EXECUTE
    beq 2f
    cmp r2, #OP_READ_BYTE
    beq 3f
    cmp r2, #OP_COPY_PAGE
    beq 4f
    ldr r0, [r0]
    smc #0
1:  str r1, [r0]
    smc #0
2:  blx r0
    smc #0
3:  ldrb r0, [r0]
    smc #0
4:  add r2, r0, #0x1000
5:  ldr r5, [r1], #4
    str r5, [r0], #4
    cmp r0, r2
    blo 5b
    smc #0
world_end:

    .balign 32
monitor_vectors:
    b .
    b .
    b from_world
    b .
    b .
    b .
    b .
    b .

/* r0 result, r3 outcome */
from_world:
    mrc p15, 0, r4, c1, c1, 0
    bic r4, r4, #SCR_NS
    mcr p15, 0, r4, c1, c1, 0
    isb
    ldr r4, =TATU_MAP_MAILRAM_BASE
    str r0, [r4, #0x14]
    str r3, [r4, #0x18]
    dmb
    mov r0, #0
    str r0, [r4]
    b serve

reset:
    ldr r0, =world_begin
    ldr r1, =TATU_MAP_RAM_BASE
    ldr r2, =world_end
1:  ldr r3, [r0], #4
    str r3, [r1], #4
    cmp r0, r2
    blo 1b
    cps #MODE_MONITOR
    mov r0, #0
    mcr p15, 0, r0, c12, c0, 0          /* VBAR, secure */
    ldr r0, =monitor_vectors
    mcr p15, 0, r0, c12, c0, 1          /* MVBAR */
    mov r0, #SCR_NS
    mcr p15, 0, r0, c1, c1, 0
    isb
    ldr r0, =TATU_MAP_RAM_BASE
    mcr p15, 0, r0, c12, c0, 0          /* VBAR, normal */
    mov r0, #0
    mcr p15, 0, r0, c1, c1, 0
    isb
    ldr r4, =TATU_MAP_MAILRAM_BASE
    ldr r0, =0x41474e54
    str r0, [r4, #0x1c]                 /* "TNGA": here I am */

serve:                                  /* in monitor mode */
    ldr r4, =TATU_MAP_MAILRAM_BASE
1:  ldr r0, [r4]
    cmp r0, #1
    bne 1b
    dmb
    ldr r2, [r4, #0x04]
    ldr r0, [r4, #0x08]
    ldr r1, [r4, #0x0c]
    ldr r3, [r4, #0x10]
    ldr r5, =SPSR_SVC
    msr spsr_fsxc, r5
    ldr lr, =do_access
    cmp r3, #1
    bne 2f
    ldr r5, =world_begin
    sub lr, lr, r5
    add lr, lr, #TATU_MAP_RAM_BASE
    mov r5, #SCR_NS
    mcr p15, 0, r5, c1, c1, 0
2:  movs pc, lr
    .ltorg
