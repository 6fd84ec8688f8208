/*
 * The hardware the monitor reaches. chip_a7.c is the A-core's registers, chip_sim.c a struct for
 * tests. Nothing else of the room touches a register. Every function checks its range by itself, so
 * that a wrong address in the code above ends as an error and not in another device.
 */
#ifndef TATU_MONITOR_CHIP_H
#define TATU_MONITOR_CHIP_H

#include "base/base.h"

struct tatu_monitor_chip;

/* Flash. Offsets count from its first byte. Errors: ARGUMENT outside of it; IO it refused. */
enum tatu_err tatu_monitor_read_flash(struct tatu_monitor_chip *chip, uint32_t at, void *out,
                                      uint32_t len);
/** Sets the sector that begins at `at` to ones. */
enum tatu_err tatu_monitor_erase_flash(struct tatu_monitor_chip *chip, uint32_t at);
/** Programs len bytes (bits only fall); at and len are multiples of 4. */
enum tatu_err tatu_monitor_program_flash(struct tatu_monitor_chip *chip, uint32_t at,
                                         const void *data, uint32_t len);
/** Copies flash into normal RAM, where the vault's DMA can see it. */
enum tatu_err tatu_monitor_load_flash(struct tatu_monitor_chip *chip, uint32_t at, uint32_t ram,
                                      uint32_t len);
/** Shows len bytes of flash to the normal world in window `number` (0: none), until reset. */
enum tatu_err tatu_monitor_lock_window(struct tatu_monitor_chip *chip, uint32_t number, uint32_t at,
                                       uint32_t len);

/* Normal RAM by physical address. Errors: ARGUMENT when not all of it is normal RAM. */
enum tatu_err tatu_monitor_read_normal(struct tatu_monitor_chip *chip, uint32_t address, void *out,
                                       uint32_t len);
enum tatu_err tatu_monitor_write_normal(struct tatu_monitor_chip *chip, uint32_t address,
                                        const void *data, uint32_t len);

/* Mailbox memory (offsets) and doorbells. Errors: ARGUMENT outside of the memory. */
enum tatu_err tatu_monitor_write_mail(struct tatu_monitor_chip *chip, uint32_t at, const void *data,
                                      uint32_t len);
enum tatu_err tatu_monitor_read_mail(struct tatu_monitor_chip *chip, uint32_t at, void *out,
                                     uint32_t len);
void tatu_monitor_ring_vault(struct tatu_monitor_chip *chip);
/** Waits for the vault's bell and clears it. False when it did not ring in time. */
bool tatu_monitor_wait_vault(struct tatu_monitor_chip *chip, uint32_t timeout_ms);

/** TATU_RESET_*. */
uint32_t tatu_monitor_get_reset_reason(struct tatu_monitor_chip *chip);
/** The word that survives a reset: 0, or the code of the panic before it. Reading clears it. */
uint32_t tatu_monitor_take_panic(struct tatu_monitor_chip *chip);
/** 0 stops the watchdog, else the count-down starts again. */
void tatu_monitor_set_watchdog(struct tatu_monitor_chip *chip, uint32_t ms);
/** Do not return on the A-core. */
void tatu_monitor_power_off(struct tatu_monitor_chip *chip);
void tatu_monitor_reset_chip(struct tatu_monitor_chip *chip);

/** On the console, as it is; the monitor's own texts only. */
void tatu_monitor_print(struct tatu_monitor_chip *chip, const char *text);

#endif
