/*
 * Entry, world switch, vectors. The monitor runs in monitor mode throughout, on one stack; the
 * banked registers of the other modes belong to the normal world and are never used.
 */
    .syntax unified
    .arch armv7-a
    .arch_extension sec
    .arm

#define MODE_SVC 0x13
#define MODE_MONITOR 0x16
#define MASKS 0x1c0              /* A, I, F */
#define SCR_NS 0x01
#define SCR_FW_AW 0x30           /* the normal world may change its A and F masks */
#define NSACR_VFP 0xc00          /* it may use VFP and NEON */
#define TTBCR_LOWER_2G 0x21      /* N = 1, and no walks by TTBR1 */
#define DOMAIN_0_CLIENT 1
/* MMU, caches, branch prediction; and what is writable never executes, whatever a table says */
#define SCTLR_ON 0x00081805

    .section .boot, "ax"
    .global tatu_monitor_reset
/* The image begins with the vectors of the secure world; the first is where the ROM jumps. */
tatu_monitor_reset:
    b reset
    b panic_undefined
    b panic_svc
    b panic_prefetch
    b panic_data
    b panic_unused
    b panic_interrupt
    b panic_interrupt
    .balign 32
monitor_vectors:
    b panic_unused
    b panic_unused
    b smc
    b panic_prefetch
    b panic_data
    b panic_unused
    b panic_interrupt
    b panic_interrupt

reset:
    cpsid aif, #MODE_MONITOR
    mov r0, #0
    mcr p15, 0, r0, c1, c1, 0    @ SCR: secure
    mcr p15, 0, r0, c8, c7, 0    @ TLBIALL
    mcr p15, 0, r0, c7, c5, 0    @ ICIALLU
    mcr p15, 0, r0, c7, c5, 6    @ BPIALL
    ldr r0, =tatu_monitor_reset
    mcr p15, 0, r0, c12, c0, 0   @ VBAR
    ldr r0, =monitor_vectors
    mcr p15, 0, r0, c12, c0, 1   @ MVBAR
    ldr r0, =NSACR_VFP
    mcr p15, 0, r0, c1, c1, 2    @ NSACR
    isb
    ldr r0, =tatu_monitor_bss
    ldr r1, =tatu_monitor_end
    mov r2, #0
1:  str r2, [r0], #4
    cmp r0, r1
    blo 1b
    ldr sp, =tatu_monitor_stack_top
    ldr r0, =layout
    ldr r1, =level1
    ldr r2, =level2
    mov r3, r2
    bl tatu_monitor_fill_tables
    dsb
    mov r0, #TTBCR_LOWER_2G
    mcr p15, 0, r0, c2, c0, 2    @ TTBCR
    ldr r0, =level1
    mcr p15, 0, r0, c2, c0, 0    @ TTBR0
    mov r0, #DOMAIN_0_CLIENT
    mcr p15, 0, r0, c3, c0, 0    @ DACR
    isb
    mrc p15, 0, r0, c1, c0, 0
    ldr r1, =SCTLR_ON
    orr r0, r0, r1
    mcr p15, 0, r0, c1, c0, 0    @ SCTLR
    isb
    sub sp, sp, #8
    mov r0, sp
    bl tatu_monitor_main         @ fills {kernel, dtb}; returns only when they are good
    pop {r8, r9}

/* Into the normal world, supervisor mode, with nothing of ours in any register. */
    mov r0, #0
    mov r1, #0
    .irp mode, 0x1f, 0x12, 0x17, 0x1b, 0x13
    cps #\mode
    mov sp, r0
    mov lr, r0
    .endr
    .irp mode, 0x12, 0x17, 0x1b, 0x13
    cps #\mode
    msr spsr_cxsf, r0
    .endr
    cps #MODE_MONITOR
    mov r1, #(SCR_NS | SCR_FW_AW)
    mcr p15, 0, r1, c1, c1, 0
    isb
    ldr r1, =(MASKS | MODE_SVC)
    msr spsr_cxsf, r1
    mov lr, r8
    mov r2, r9
    mvn r1, #0
    mov r3, #0
    mov r4, #0
    mov r5, #0
    mov r6, #0
    mov r7, #0
    mov r8, #0
    mov r9, #0
    mov r10, #0
    mov r11, #0
    mov r12, #0
    movs pc, lr
    .ltorg

/* A call of the normal world. r0..r3 go to the handler and come back; all others are kept. */
smc:
    srsdb sp!, #MODE_MONITOR
    push {r0-r12, lr}
    clrex
    mov r0, #0
    mcr p15, 0, r0, c1, c1, 0    @ SCR: secure
    isb
    mov r0, sp
    bl tatu_monitor_serve
    mov r0, #(SCR_NS | SCR_FW_AW)
    mcr p15, 0, r0, c1, c1, 0
    isb
    pop {r0-r12, lr}
    rfeia sp!

/* A fault in the secure world is a bug of ours: say so, on a stack of its own, and start again. */
    .macro panic_entry name, code
\name:
    mov r0, #\code
    b panic
    .endm
    panic_entry panic_undefined, 1
    panic_entry panic_svc, 2
    panic_entry panic_prefetch, 3
    panic_entry panic_data, 4
    panic_entry panic_unused, 5
    panic_entry panic_interrupt, 6
panic:
    mov r1, lr
    cpsid aif, #MODE_MONITOR
    mov r2, #0
    mcr p15, 0, r2, c1, c1, 0
    isb
    ldr sp, =tatu_monitor_end
    bl tatu_monitor_panic
1:  wfi
    b 1b
    .ltorg

    .section .rodata
    .balign 4
layout:                          @ struct tatu_monitor_layout
    .word tatu_monitor_text, tatu_monitor_rodata, tatu_monitor_data, tatu_monitor_tables
    .word tatu_monitor_guard, tatu_monitor_stack_top, tatu_monitor_end

    .section .tables, "aw", %nobits
    .balign 8192
level1:
    .space 2048 * 4              @ TATU_MONITOR_LEVEL1_COUNT
level2:
    .space 256 * 4               @ TATU_MONITOR_LEVEL2_COUNT
    .section .note.GNU-stack, "", %progbits
