/*
 * What another program of the secure world (the recovery program) uses of the monitor's library:
 * the chip's registers, flash, and the mailbox to the vault. start.S, mmu.c and the linker script
 * go with it. Every function checks its range by itself, so that a wrong address in the code above
 * ends as an error and not in another device.
 */
#ifndef TATU_MONITOR_HARDWARE_H
#define TATU_MONITOR_HARDWARE_H

#include "base/base.h"
#include "proto/image.h"
#include "proto/mailbox.h"

struct tatu_monitor_chip; /* registers on the A-core, a struct in tests */

/** Console at its speed, counter frequency, and a mailbox without an old bell. A-core only. */
void tatu_monitor_init_chip(void);

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

/** Erases the sector at `at` unless it is blank already. Errors: ARGUMENT, IO. */
enum tatu_err tatu_monitor_make_blank(struct tatu_monitor_chip *chip, uint32_t at);

/**
 * Length of the package in a slot, from the slot's footer.
 *
 * Errors    NOT_FOUND the slot is empty; FORMAT the footer is damaged or its length does not fit
 */
enum tatu_err tatu_monitor_read_footer(struct tatu_monitor_chip *chip, uint32_t slot_at,
                                       uint32_t slot_size, uint32_t *out_len);

/** Programs the footer of a slot whose last 16 bytes are blank. Errors: IO. */
enum tatu_err tatu_monitor_write_footer(struct tatu_monitor_chip *chip, uint32_t slot_at,
                                        uint32_t slot_size, uint32_t len);

/* Normal RAM by physical address. Errors: ARGUMENT when not all of it is normal RAM. */
enum tatu_err tatu_monitor_read_normal(struct tatu_monitor_chip *chip, uint32_t address, void *out,
                                       uint32_t len);
enum tatu_err tatu_monitor_write_normal(struct tatu_monitor_chip *chip, uint32_t address,
                                        const void *data, uint32_t len);

/** Lets a master without our caches (the vault's DMA) see what was written there. */
void tatu_monitor_clean_cache(struct tatu_monitor_chip *chip, uint32_t address, uint32_t len);

/** Do not return on the A-core. */
void tatu_monitor_power_off(struct tatu_monitor_chip *chip);
void tatu_monitor_reset_chip(struct tatu_monitor_chip *chip);

/** On the console, as it is; the caller's own texts only. */
void tatu_monitor_print(struct tatu_monitor_chip *chip, const char *text);

/* ---- the vault: docs/protocol/mailbox.md ---------------------------------------------------- */

/* The longest command verifies 3 MiB; the chip hashes that in well under a second. */
#define TATU_MONITOR_VAULT_TIMEOUT_MS 10000u

struct tatu_monitor_vault {
    struct tatu_monitor_chip *chip;
    uint32_t sequence;
};

/**
 * One request and its answer.
 *
 * answer    the payload is appended
 *
 * Errors    the vault's own; TIMEOUT no answer in time; LONG the answer does not fit
 * Cost      waits at most TATU_MONITOR_VAULT_TIMEOUT_MS, polling
 */
enum tatu_err tatu_monitor_ask_vault(struct tatu_monitor_vault *vault,
                                     enum tatu_vault_caller caller, uint16_t command,
                                     struct tatu_span payload, struct tatu_buf *answer);

/**
 * Has the package at a physical address of the secure view verified.
 *
 * Errors    the vault's (docs/protocol/mailbox.md §3); TYPE when it vouches for another type;
 *           FORMAT when its answer is not one
 */
enum tatu_err tatu_monitor_verify_image(struct tatu_monitor_vault *vault, uint32_t address,
                                        uint32_t len, enum tatu_image_type type, uint16_t flags,
                                        struct tatu_verified_image *out);

#endif
