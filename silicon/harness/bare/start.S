/* The attacker's kernel: entry, vectors that survive every fault, and the few instructions C lacks. */
    .syntax unified
    .arch armv7-a
    .arch_extension sec
    .fpu vfpv3
    .arm

    .section .boot, "ax"
    .global _start
_start:
    /* Nothing of the secure world may be left in a register: keep r0..r12, sp, lr for the tests. */
    adr r12, early
    stmia r12!, {r0-r11}
    str sp, [r12], #4
    str lr, [r12], #4
    ldr sp, =0x40780000
    ldr r0, =bss_start
    ldr r1, =bss_end
    mov r3, #0
1:  cmp r0, r1
    strlo r3, [r0], #4
    blo 1b
    ldr r0, =vectors
    mcr p15, 0, r0, c12, c0, 0
    cpsie a                      @ aborts from outside arrive
    mrc p15, 0, r0, c1, c0, 2    @ CPACR: VFP on
    orr r0, r0, #0x00f00000
    mcr p15, 0, r0, c1, c0, 2
    isb
    mov r0, #0x40000000
    vmsr fpexc, r0
    mov r0, r2                   @ device tree
    ldr r1, =early
    bl main
1:  wfi
    b 1b
early:
    .space 14 * 4
    .ltorg

    .balign 32
vectors:
    b .
    b undefined
    b .
    b prefetch
    b data
    b .
    b .
    b .
/* Each notes itself and goes on after the instruction. */
    .macro note code, back
    push {r0, r1}
    ldr r0, =fault
    mov r1, #\code
    str r1, [r0]
    pop {r0, r1}
    subs pc, lr, #\back
    .endm
undefined:
    ldr sp, =0x40790000
    note 3, 0
data:
    ldr sp, =0x40790000
    note 1, 4
prefetch:                        @ back to who jumped
    ldr sp, =0x40790000
    push {r0, r1}
    ldr r0, =fault
    mov r1, #2
    str r1, [r0]
    pop {r0, r1}
    ldr lr, =jumped_back
    movs pc, lr

    .text
    .macro function name
    .global \name
    .type \name, %function
\name:
    .endm

function attack_read             @ (address) -> value
    mov r1, r0
    mov r0, #0
    ldr r0, [r1]
    dsb
    bx lr
function attack_write            @ (address, value)
    str r1, [r0]
    dsb
    bx lr
function attack_jump             @ (address)
    push {r4, lr}
    ldr r4, =kept_sp
    str sp, [r4]
    bx r0
jumped_back:
    ldr r4, =kept_sp
    ldr sp, [r4]
    pop {r4, pc}
function attack_scr
    mrc p15, 0, r0, c1, c1, 0
    bx lr
function attack_set_scr
    mov r0, #0
    mcr p15, 0, r0, c1, c1, 0
    bx lr
function attack_nsacr
    mvn r0, #0
    mcr p15, 0, r0, c1, c1, 2
    bx lr
function attack_mvbar
    mrc p15, 0, r0, c12, c0, 1
    bx lr
function attack_monitor_mode     @ -> mode bits afterwards
    mrs r1, cpsr
    cps #0x16
    mrs r0, cpsr
    msr cpsr_c, r1
    and r0, r0, #0x1f
    bx lr
function smc                     @ (u32 r[4])
    push {r4, lr}
    mov r4, r0
    ldm r4, {r0-r3}
    smc #0
    stm r4, {r0-r3}
    pop {r4, pc}
/* Whether all registers but r0..r3 and all of VFP come back from an SMC as they were. */
function smc_keeps_registers     @ (u32 r[4]) -> 1 if so
    push {r4-r11, lr}
    push {r0}
    vldr d0, pattern
    vldr d7, pattern
    vldr d15, pattern
    vmov.f64 d1, d0
    ldm r0, {r0-r3}
    ldr r4, =0x44444444
    ldr r5, =0x55555555
    ldr r6, =0x66666666
    ldr r7, =0x77777777
    ldr r8, =0x88888888
    ldr r9, =0x99999999
    ldr r10, =0xaaaaaaaa
    ldr r11, =0xbbbbbbbb
    ldr r12, =0xcccccccc
    mov lr, sp
    smc #0
    cmp lr, sp
    bne 9f
    .irp pair, 4, 5, 6, 7, 8, 9
    ldr lr, =(0x11111111 * \pair)
    cmp r\pair, lr
    bne 9f
    .endr
    ldr lr, =0xaaaaaaaa
    cmp r10, lr
    ldreq lr, =0xbbbbbbbb
    cmpeq r11, lr
    ldreq lr, =0xcccccccc
    cmpeq r12, lr
    bne 9f
    vldr d2, pattern
    .irp d, d0, d1, d7, d15
    vcmp.f64 \d, d2
    vmrs apsr_nzcv, fpscr
    bne 9f
    .endr
    pop {r4}
    stm r4, {r0-r3}
    mov r0, #1
    pop {r4-r11, pc}
9:  pop {r4}
    stm r4, {r0-r3}
    mov r0, #0
    pop {r4-r11, pc}
    .balign 8
pattern:
    .double 3.14159
    .ltorg
    .section .note.GNU-stack, "", %progbits
