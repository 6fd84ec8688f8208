/*
 * What the vault remembers over power: owner and time floor, in two alternating copies of on-die
 * memory; and the reason of the last halt. A fused counter binds the owner: a record from before
 * the last change of owner does not count.
 */
#ifndef TATU_VAULT_RECORD_H
#define TATU_VAULT_RECORD_H

#include "chip.h"

struct tatu_vault_record {
    uint32_t sequence;
    uint32_t owner_count;  /* value of TATU_FUSE_COUNTER_OWNER when this owner was recorded */
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

/** Keeps why this boot halts; OK forgets it. */
void tatu_vault_store_halt(struct tatu_vault_chip *chip, enum tatu_err err);
/** What the last boot kept. */
enum tatu_err tatu_vault_load_halt(struct tatu_vault_chip *chip);

#endif
