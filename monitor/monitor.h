/*
 * The Security Monitor as a library: boots the normal world and serves its calls, over a chip that
 * the owner passes. On the A-core the chip is its registers; in tests it is a struct.
 * Source: docs/protocol/smc.md, docs/protocol/memory-map.md.
 */
#ifndef TATU_MONITOR_MONITOR_H
#define TATU_MONITOR_MONITOR_H

#include "base/base.h"

struct tatu_monitor;      /* src/state.h */
struct tatu_monitor_chip; /* src/chip.h */

/** Where the normal world begins. */
struct tatu_monitor_entry {
    uint32_t kernel; /* physical address of its first instruction */
    uint32_t dtb;
};

/** r0..r3 of the caller; the answer goes back in them. */
struct tatu_monitor_registers {
    uint32_t r[4];
};

/**
 * Takes the machine from reset to the point where the normal world may start: has an OS set
 * verified and measured, loads it, opens and locks the flash windows, verifies the installed
 * applications, ends the vault's boot phase.
 *
 * monitor   memory for all of the monitor's state; overwritten
 * out       filled on success
 *
 * Errors    NO_BOOT_SET  no OS set is good; a record of each refusal is kept, and the vault resets
 * the chip into recovery others       the vault or the flash does not work; the normal world must
 * not start
 */
enum tatu_err tatu_monitor_boot(struct tatu_monitor *monitor, struct tatu_monitor_chip *chip,
                                struct tatu_monitor_entry *out);

/**
 * Serves one SMC of the normal world. Every register and every byte it points to is hostile; only
 * an error comes of a bad one.
 */
void tatu_monitor_handle_smc(struct tatu_monitor *monitor,
                             struct tatu_monitor_registers *registers);

#endif
