/*
 * The chip as the firmware sees it: every access to hardware goes through here. chip_m4.c has the
 * registers; tests bring their own. Addresses and offsets are those of proto/map.h.
 */
#ifndef TATU_VAULT_CHIP_H
#define TATU_VAULT_CHIP_H

#include "base/base.h"
#include "proto/image.h"
#include "proto/map.h"

#define TATU_VAULT_SEAL_SIZE 28u /* bytes that sealing adds */

struct tatu_vault_chip; /* the implementation's own */

/* ---- serial lines ---- */
void tatu_vault_chip_print(struct tatu_vault_chip *chip, char c);
/** Waits for a byte on the fab port. */
uint8_t tatu_vault_chip_fab_get(struct tatu_vault_chip *chip);
void tatu_vault_chip_fab_put(struct tatu_vault_chip *chip, uint8_t byte);
#define TATU_VAULT_NO_PORT (-2)
/** The next byte of the recovery port; -1 when none is there, NO_PORT when none can ever come. */
int tatu_vault_chip_recovery_get(struct tatu_vault_chip *chip);
void tatu_vault_chip_recovery_put(struct tatu_vault_chip *chip, uint8_t byte);
/** Sets the recovery port up, for those who use it after the ROM as well. */
void tatu_vault_chip_recovery_open(struct tatu_vault_chip *chip);

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

/* ---- engines. Errors of all: ARGUMENT; DENIED when the bus refuses the DMA;
 *      ENTROPY where a random number is needed and the source is out of order ---- */
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
/** An LMS signature of one of the vault's own buffers. Errors: SIGNATURE when it is not valid. */
enum tatu_err tatu_vault_chip_verify_lms(struct tatu_vault_chip *chip,
                                         const uint8_t key[TATU_LMS_KEY_SIZE],
                                         const uint8_t digest[32], struct tatu_span signature);
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
/** Errors: STATE when the slot is locked. */
enum tatu_err tatu_vault_chip_clear(struct tatu_vault_chip *chip, uint32_t slot);
/** from is empty then. Errors: STATE when one of them is locked; NOT_FOUND when from is empty. */
enum tatu_err tatu_vault_chip_move_slot(struct tatu_vault_chip *chip, uint32_t from, uint32_t to);
/** From the A-core's secure view into private memory. */
enum tatu_err tatu_vault_chip_fetch(struct tatu_vault_chip *chip, uint32_t address, uint8_t *out,
                                    uint32_t len);
/** From private memory into the A-core's secure view. */
enum tatu_err tatu_vault_chip_place(struct tatu_vault_chip *chip, uint32_t address,
                                    struct tatu_span bytes);
/** Inside the A-core's secure view. */
enum tatu_err tatu_vault_chip_move(struct tatu_vault_chip *chip, uint32_t from, uint32_t to,
                                   uint32_t len);
void tatu_vault_chip_set_range(struct tatu_vault_chip *chip, uint32_t base, uint32_t size);
/** Errors: ENTROPY when the random source is out of order; out is wiped then. */
enum tatu_err tatu_vault_chip_random(struct tatu_vault_chip *chip, uint8_t *out, size_t len);
/** HMAC-SHA-256 under the device key, which has no other way out. data: at most 64 bytes. */
enum tatu_err tatu_vault_chip_hmac(struct tatu_vault_chip *chip, struct tatu_span data,
                                   uint8_t out_mac[32]);
/**
 * Seals in.len bytes to TATU_VAULT_SEAL_SIZE more at out, which are not `in`; or back, to as many
 * less. Errors: ENTROPY; back: SIGNATURE when they were not sealed by this chip for this label.
 */
enum tatu_err tatu_vault_chip_seal(struct tatu_vault_chip *chip, bool back, const uint8_t label[16],
                                   struct tatu_span in, uint8_t *out);

/* ---- control ---- */
/** Reads and writes one of the words TATU_VCTL_*. */
uint32_t tatu_vault_chip_control(struct tatu_vault_chip *chip, uint32_t at);
void tatu_vault_chip_set_control(struct tatu_vault_chip *chip, uint32_t at, uint32_t word);
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
