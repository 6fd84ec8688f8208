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
/* Signed time that was held back longer is too old: the device's clock would run behind by as much.
 */
#define TATU_VAULT_NONCE_LIFE_MS 120000u

struct tatu_vault {
    struct tatu_vault_chip *chip;
    bool booted; /* BOOT_DONE was given */
    bool dma_set;
    bool has_update_key;
    bool nonce_open; /* nonce waits for its signed time */
    uint8_t preferred_set;
    uint8_t monitor_set;
    uint8_t refused_count;
    struct tatu_vault_refusal refused[TATU_VAULT_REFUSED_MAX];
    uint8_t nonce[TATU_NONCE_SIZE];
    uint64_t nonce_made_ms;
    uint8_t attestation[64];
    struct tatu_keystore keystore;
    uint8_t keystore_digest[32]; /* SHA-256 of its body */
    struct tatu_vault_record record;
    /* all but nonce and uptime; tenants[n] is the key in slot TATU_ENGINE_SLOT_TENANT + n */
    struct tatu_evidence evidence;
    uint8_t request[TATU_MAILBOX_PAYLOAD_MAX];
    uint8_t answer[TATU_MAILBOX_PAYLOAD_MAX];
    uint8_t scratch[TATU_VAULT_SCRATCH_SIZE];
};

/** Sets the measurement of a boot image's type, replacing an earlier one. Errors: FULL. */
enum tatu_err tatu_vault_measure(struct tatu_vault *vault, const struct tatu_vault_image *image);

/** What application and firmware images may be signed with now. */
struct tatu_vault_trust tatu_vault_trust_of(const struct tatu_vault *vault);

#endif
