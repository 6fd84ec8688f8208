@ Three functions of known layout: inner crashes at 0x1020, called from middle (returns to 0x1014),
@ called from outer (returns to 0x1008). Linked with its text at 0x1000.
    .syntax unified
    .arch armv7-a
    .arm
    .cfi_sections .debug_frame
    .text

    .globl outer
    .type outer, %function
outer:
    .cfi_startproc
    push {r4, lr}
    .cfi_def_cfa_offset 8
    .cfi_offset 4, -8
    .cfi_offset 14, -4
    bl middle
    pop {r4, pc}
    .cfi_endproc
    .size outer, . - outer

    .globl middle
    .type middle, %function
    .hidden middle
middle:
    .cfi_startproc
    push {r4, r5, r6, lr}
    .cfi_def_cfa_offset 16
    .cfi_offset 4, -16
    .cfi_offset 5, -12
    .cfi_offset 6, -8
    .cfi_offset 14, -4
    bl inner
    pop {r4, r5, r6, pc}
    .cfi_endproc
    .size middle, . - middle

    .globl inner
    .type inner, %function
    .hidden inner
inner:
    .cfi_startproc
    push {r4, lr}
    .cfi_def_cfa_offset 8
    .cfi_offset 4, -8
    .cfi_offset 14, -4
    mov r3, #0
    ldr r0, [r3]
    pop {r4, pc}
    .cfi_endproc
    .size inner, . - inner
    .section .note.GNU-stack, "", %progbits
