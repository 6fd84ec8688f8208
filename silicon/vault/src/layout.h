/* The vault's SRAM: docs/protocol/boot.md §2. Plain #defines: the linker scripts include it. */
#ifndef TATU_VAULT_LAYOUT_H
#define TATU_VAULT_LAYOUT_H

#define TATU_VAULT_IMAGE_AT 0x20000000
#define TATU_VAULT_IMAGE_SIZE 0x10000
#define TATU_VAULT_DATA_AT 0x20010000
#define TATU_VAULT_DATA_SIZE 0xc000
#define TATU_VAULT_STACK_TOP 0x2001f000
#define TATU_VAULT_HANDOVER_AT 0x2001f000

#endif
