/*
 * The chip as the firmware sees it: every access to hardware goes through here. chip_m4.c has the
 * registers; tests bring their own. Addresses and offsets are those of proto/map.h.
 */
#ifndef TATU_VAULT_CHIP_H
#define TATU_VAULT_CHIP_H

#include "base/base.h"
#include "proto/map.h"

struct tatu_vault_chip; /* the implementation's own */

/* ---- serial lines ---- */
void tatu_vault_chip_print(struct tatu_vault_chip *chip, char c);
/** Waits for a byte on the fab port. */
uint8_t tatu_vault_chip_fab_get(struct tatu_vault_chip *chip);
void tatu_vault_chip_fab_put(struct tatu_vault_chip *chip, uint8_t byte);

/* ---- fuses and counters ---- */
uint32_t tatu_vault_chip_fuse(struct tatu_vault_chip *chip, uint32_t at);
void tatu_vault_chip_burn(struct tatu_vault_chip *chip, uint32_t at, uint32_t bits);
/** Adds one to a monotonic counter and gives the new value. */
uint64_t tatu_vault_chip_count(struct tatu_vault_chip *chip, uint32_t counter);
uint64_t tatu_vault_chip_counter(struct tatu_vault_chip *chip, uint32_t counter);

/* ---- on-die memory that keeps its content; at and len are multiples of 4 ---- */
void tatu_vault_chip_load(struct tatu_vault_chip *chip, uint32_t at, uint8_t *out, size_t len);
void tatu_vault_chip_store(struct tatu_vault_chip *chip, uint32_t at, struct tatu_span bytes);

/* ---- flash, read only; at is a multiple of 4 ---- */
void tatu_vault_chip_flash(struct tatu_vault_chip *chip, uint32_t at, uint8_t *out, size_t len);

/* ---- engines. Errors of all: ARGUMENT; DENIED when the bus refuses the DMA ---- */
enum tatu_err tatu_vault_chip_hash_init(struct tatu_vault_chip *chip);
/** Adds bytes of the vault's own memory. */
enum tatu_err tatu_vault_chip_hash(struct tatu_vault_chip *chip, struct tatu_span bytes);
/** Adds bytes of the A-core's secure view. */
enum tatu_err tatu_vault_chip_hash_remote(struct tatu_vault_chip *chip, uint32_t address,
                                          uint32_t len);
enum tatu_err tatu_vault_chip_hash_done(struct tatu_vault_chip *chip, uint8_t out_digest[32]);
/** Errors: SIGNATURE when it is not valid. */
enum tatu_err tatu_vault_chip_verify(struct tatu_vault_chip *chip, const uint8_t key[64],
                                     const uint8_t digest[32], const uint8_t signature[64]);
/** Errors: STATE when the slot is locked. */
enum tatu_err tatu_vault_chip_generate(struct tatu_vault_chip *chip, uint32_t slot,
                                       uint8_t out_public[64]);
/** Errors: STATE when the slot is locked; NOT_FOUND when the secret was never filled. */
enum tatu_err tatu_vault_chip_load_fuse(struct tatu_vault_chip *chip, uint32_t slot,
                                        uint32_t secret, uint8_t out_public[64]);
/** Errors: NOT_FOUND when the slot is empty. */
enum tatu_err tatu_vault_chip_public(struct tatu_vault_chip *chip, uint32_t slot,
                                     uint8_t out_public[64]);
/** Errors: NOT_FOUND when the slot is empty. */
enum tatu_err tatu_vault_chip_sign(struct tatu_vault_chip *chip, uint32_t slot,
                                   const uint8_t digest[32], uint8_t out_signature[64]);
enum tatu_err tatu_vault_chip_lock_slot(struct tatu_vault_chip *chip, uint32_t slot);
/** From the A-core's secure view into private memory. */
enum tatu_err tatu_vault_chip_fetch(struct tatu_vault_chip *chip, uint32_t address, uint8_t *out,
                                    uint32_t len);
/** Inside the A-core's secure view. */
enum tatu_err tatu_vault_chip_move(struct tatu_vault_chip *chip, uint32_t from, uint32_t to,
                                   uint32_t len);
void tatu_vault_chip_set_range(struct tatu_vault_chip *chip, uint32_t base, uint32_t size);
uint32_t tatu_vault_chip_random(struct tatu_vault_chip *chip);

/* ---- control ---- */
void tatu_vault_chip_lock(struct tatu_vault_chip *chip);
void tatu_vault_chip_release_acore(struct tatu_vault_chip *chip);
uint64_t tatu_vault_chip_uptime_ms(struct tatu_vault_chip *chip);

/* ---- mailbox ---- */
/** Copies from the request; at and len inside the mailbox memory. */
void tatu_vault_chip_take(struct tatu_vault_chip *chip, uint32_t at, uint8_t *out, size_t len);
/** Copies into the answer. */
void tatu_vault_chip_give(struct tatu_vault_chip *chip, uint32_t at, struct tatu_span bytes);
void tatu_vault_chip_ring(struct tatu_vault_chip *chip);
/** Sleeps until the monitor rings, and clears the ring. */
void tatu_vault_chip_wait(struct tatu_vault_chip *chip);

#endif
