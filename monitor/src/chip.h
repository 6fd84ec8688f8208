/*
 * The hardware the monitor reaches. chip_a7.c is the A-core's registers, chip_sim.c a struct for
 * tests. Nothing else of the room touches a register. Every function checks its range by itself, so
 * that a wrong address in the code above ends as an error and not in another device.
 */
#ifndef TATU_MONITOR_CHIP_H
#define TATU_MONITOR_CHIP_H

#include "base/base.h"
#include "monitor/hardware.h"

/** Shows len bytes of flash to the normal world in window `number` (0: none), until reset. */
enum tatu_err tatu_monitor_lock_window(struct tatu_monitor_chip *chip, uint32_t number, uint32_t at,
                                       uint32_t len);

/* Mailbox memory (offsets) and doorbells. Errors: ARGUMENT outside of the memory. */
enum tatu_err tatu_monitor_write_mail(struct tatu_monitor_chip *chip, uint32_t at, const void *data,
                                      uint32_t len);
enum tatu_err tatu_monitor_read_mail(struct tatu_monitor_chip *chip, uint32_t at, void *out,
                                     uint32_t len);
void tatu_monitor_ring_vault(struct tatu_monitor_chip *chip);
/** Waits for the vault's bell and clears it. False when it did not ring in time. */
bool tatu_monitor_wait_vault(struct tatu_monitor_chip *chip, uint32_t timeout_ms);

/** All cores and RAM off until a wake source of the system controller; does not return. */
void tatu_monitor_power_down(struct tatu_monitor_chip *chip);

/* Registers of system controller, peripheral firewall and core control, by address (proto/map.h);
 * any other address is 0 and takes nothing. */
uint32_t tatu_monitor_get_register(struct tatu_monitor_chip *chip, uint32_t address);
void tatu_monitor_put_register(struct tatu_monitor_chip *chip, uint32_t address, uint32_t value);

/** Copies flash to the start of a real-time core's TCM and clears the rest. Errors: ARGUMENT no
 * such core, outside of flash or TCM, empty, not in whole words. */
enum tatu_err tatu_monitor_load_core(struct tatu_monitor_chip *chip, uint32_t core, uint32_t at,
                                     uint32_t len);

/** Seconds since reset, about; begins again at 0 after some weeks. */
uint32_t tatu_monitor_get_uptime_s(struct tatu_monitor_chip *chip);

#endif
