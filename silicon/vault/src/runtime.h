/* State of the runtime. What the vault will say in evidence is kept as that evidence. */
#ifndef TATU_VAULT_RUNTIME_H
#define TATU_VAULT_RUNTIME_H

#include "chip.h"
#include "handover.h"
#include "package.h"
#include "proto/evidence.h"
#include "proto/mailbox.h"
#include "record.h"

#define TATU_VAULT_SCRATCH_SIZE 4096u
#define TATU_VAULT_RENEW_AFTER 40u /* boots since the last ticket, when armed */
/* Signed time that was held back longer is too old: the device's clock would run behind by as much.
 */
#define TATU_VAULT_NONCE_LIFE_MS 120000u
#define TATU_VAULT_TIME_STEP_S (5u * 31557600u) /* forward in one exchange, but in the first */

/** A nonce that a signed answer must bring back, once. */
struct tatu_vault_nonce {
    uint8_t bytes[TATU_NONCE_SIZE];
    uint64_t made_ms;
    bool open; /* waits for its answer */
};

struct tatu_vault {
    struct tatu_vault_chip *chip;
    bool booted; /* BOOT_DONE was given */
    bool good;   /* BOOT_GOOD was given */
    bool dma_set;
    uint8_t preferred_set;
    uint8_t monitor_set;
    uint8_t refused_count;
    struct tatu_vault_refusal refused[TATU_VAULT_REFUSED_MAX];
    struct tatu_vault_nonce time_nonce;
    struct tatu_vault_nonce ticket_nonce;
    uint32_t filled;  /* bit n: key slot n holds a daily key */
    uint32_t session; /* capabilities until reset, a set of proto/capability.h */
    uint8_t attestation[64];
    struct tatu_keystore keystore;
    uint8_t keystore_digest[32]; /* SHA-256 of its body */
    struct tatu_vault_record record;
    /* all but nonce and uptime; keys are the pending ones where there are any; tenants[n] has slot
     * TATU_ENGINE_SLOT_TENANT + n */
    struct tatu_evidence evidence;
    uint8_t request[TATU_MAILBOX_PAYLOAD_MAX];
    uint8_t answer[TATU_MAILBOX_PAYLOAD_MAX];
    uint8_t scratch[TATU_VAULT_SCRATCH_SIZE];
};

/** Sets the measurement of a boot image's type, replacing an earlier one. Errors: FULL. */
enum tatu_err tatu_vault_measure(struct tatu_vault *vault, const struct tatu_vault_image *image);

/** Boots since the last ticket. */
uint64_t tatu_vault_boots_since_ticket(const struct tatu_vault *vault);

/** Makes what is open that of the stored and the session's capabilities. */
void tatu_vault_apply_capabilities(struct tatu_vault *vault);

/** Writes the record and makes it the one in force. Errors: IO, and the old one stays. */
enum tatu_err tatu_vault_keep(struct tatu_vault *vault, const struct tatu_vault_record *next);

/** The chip was opened: destroys its secrets and resets it. */
void tatu_vault_wipe(struct tatu_vault_chip *chip);

/** What application and firmware images may be signed with now. */
struct tatu_vault_trust tatu_vault_trust_of(const struct tatu_vault *vault);

#endif
