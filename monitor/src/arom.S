/* Mask ROM of the A-core: the vault has put a verified monitor into secure RAM before it let this
 * core run, so there is nothing to decide here. */
#include "proto/map.h"

    .syntax unified
    .arm
    .section .text
    .global _start
_start:
    ldr pc, =TATU_MAP_SECRAM_BASE
    .ltorg
    .section .note.GNU-stack, "", %progbits
