/*
 * The security core's firmware as a library: mask ROM and runtime, over a chip that the owner
 * passes. On the real core the chip is its registers; in tests it is a struct.
 * Source: docs/protocol/boot.md, docs/protocol/mailbox.md.
 */
#ifndef TATU_SILICON_VAULT_VAULT_H
#define TATU_SILICON_VAULT_VAULT_H

#include "base/base.h"

struct tatu_vault_chip;     /* src/chip.h */
struct tatu_vault_handover; /* src/handover.h */
struct tatu_vault;          /* src/runtime.h */

/** What the ROM decided. */
enum tatu_vault_next {
    TATU_VAULT_HALT = 0,         /* nothing more to do until power off */
    TATU_VAULT_RUN = 0x52554e24, /* the runtime at the start of SRAM is verified: jump. The sum of
                                  * two verdicts, which no single step makes */
};

/**
 * The whole mask ROM: self-check, fab mode or verified boot, locks.
 *
 * image     start of SRAM: the verified runtime lands here; image_cap bytes of room
 * rom_code  the ROM's own bytes with their CRC-32 at the end
 * out       filled when the answer is TATU_VAULT_RUN
 */
enum tatu_vault_next tatu_vault_run_rom(struct tatu_vault_chip *chip, struct tatu_span rom_code,
                                        struct tatu_buf image, struct tatu_vault_handover *out);

/**
 * Starts the runtime: takes over from the ROM, boots the monitor, releases the A-core.
 *
 * handover  hostile only as far as the ROM is
 * vault     memory for all of the runtime's state
 *
 * Errors    VERSION      the handover is of another version
 *           NO_BOOT_SET  no set has a monitor that is good; the A-core stays in reset
 */
enum tatu_err tatu_vault_start(struct tatu_vault_chip *chip,
                               const struct tatu_vault_handover *handover,
                               struct tatu_vault *vault);

/** Serves the one request that waits in the mailbox. */
void tatu_vault_serve(struct tatu_vault *vault);

#endif
