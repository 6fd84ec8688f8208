/*
 * What the vault remembers over power, in on-die memory: one record of owner, stored capabilities,
 * time floor and ticket, in two alternating copies; the last boot that became healthy; the reason
 * of the last halt; a wish for recovery. A fused counter binds the owner and what he opened: a
 * record from before the last change of these does not count.
 */
#ifndef TATU_VAULT_RECORD_H
#define TATU_VAULT_RECORD_H

#include "chip.h"

struct tatu_vault_record {
    uint32_t sequence;
    uint32_t owner_count;  /* TATU_FUSE_COUNTER_OWNER when owner and capabilities were recorded */
    uint32_t capabilities; /* stored ones, a set of proto/capability.h */
    uint32_t grace_s;      /* of the last ticket; 0: not armed */
    uint64_t ticket_boot;  /* number of the boot that it came in */
    uint64_t time_floor_s; /* last signed time */
    bool claimed;
    uint8_t tenant[16]; /* zero when unclaimed, or when the record was lost */
    uint8_t owner_key[64];
};

/**
 * Reads the newest good copy. Without one the device is as new, but when it had an owner before:
 * then it stays claimed by nobody, so that damage never opens it.
 */
void tatu_vault_load_record(struct tatu_vault_chip *chip, struct tatu_vault_record *out);

/**
 * Writes the older copy, so that a power cut leaves the old record or the new one, and gives
 * `record` its new sequence.
 *
 * Errors    IO  the memory does not hold what was written; `record` is unchanged
 */
enum tatu_err tatu_vault_store_record(struct tatu_vault_chip *chip,
                                      struct tatu_vault_record *record);

/** Keeps that boot number `boot` became healthy. */
void tatu_vault_store_good(struct tatu_vault_chip *chip, uint64_t boot);
/** How many boots before number `boot` in a row did not; the first call ever begins to count. */
uint32_t tatu_vault_failed_boots(struct tatu_vault_chip *chip, uint64_t boot);

/** Keeps why this boot halts; OK forgets it. */
void tatu_vault_store_halt(struct tatu_vault_chip *chip, enum tatu_err err);
/** What the last boot kept. */
enum tatu_err tatu_vault_load_halt(struct tatu_vault_chip *chip);

/** Keeps whether the next boot is to be a recovery, as the monitor wishes that found no OS. */
void tatu_vault_store_wish(struct tatu_vault_chip *chip, bool recovery);
bool tatu_vault_load_wish(struct tatu_vault_chip *chip);

#endif
