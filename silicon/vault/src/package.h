/*
 * Decides whether an image package may be used: signer, signatures, type, rollback floor. ROM and
 * runtime share it. Source: docs/protocol/boot.md §1, mailbox.md §3, keys.md §2.
 */
#ifndef TATU_VAULT_PACKAGE_H
#define TATU_VAULT_PACKAGE_H

#include "chip.h"
#include "proto/image.h"

/** Where a package is: in private memory (local), or in the A-core's secure view (local NULL). */
struct tatu_vault_package {
    const uint8_t *local;
    uint32_t remote;
    uint32_t len;
};

/** Who may sign; what does not apply is NULL. */
struct tatu_vault_trust {
    const struct tatu_keystore *root;     /* being checked: brings its root's keys along */
    const struct tatu_keystore *keystore; /* verified */
    const uint8_t *owner;                 /* NULL: no owner */
};

/* Nothing but the end of the decision says this, half of it each time. */
#define TATU_VAULT_GOOD 0x292aa712u

struct tatu_vault_image {
    struct tatu_image_info info;
    uint8_t digest[32]; /* SHA-256 of the whole package */
    uint32_t verdict;   /* TATU_VAULT_GOOD: judged good, twice. Who opens a door asks for it, too */
};

/**
 * Checks a package of one of the types of keys.md but the keystore.
 *
 * package   hostile; its bytes hold still during the call
 * type      the type that belongs here
 *
 * Errors    TYPE; SHORT, LONG, FORMAT, VERSION of the package; KEY_UNKNOWN, KEY_REVOKED; SIGNATURE,
 *           also of firmware without a second one; ROLLBACK; DENIED without owner, or when the bus
 *           refuses the DMA
 * Cost      each signature checked twice, each byte hashed three times (applications: twice);
 *           4 KiB of stack
 */
enum tatu_err tatu_vault_check_image(struct tatu_vault_chip *chip,
                                     const struct tatu_vault_trust *trust,
                                     const struct tatu_vault_package *package, uint16_t type,
                                     struct tatu_vault_image *out);

/** The same for a keystore, which brings its root's keys along. The package is in private memory.
 */
enum tatu_err tatu_vault_check_keystore(struct tatu_vault_chip *chip, struct tatu_span package,
                                        struct tatu_keystore *out_keystore,
                                        struct tatu_vault_image *out_image);

/**
 * Length of the package in an OS slot, from the slot's footer.
 *
 * Errors    NOT_FOUND  the footer is erased; FORMAT  it is damaged; LONG  longer than the slot
 */
enum tatu_err tatu_vault_slot_len(struct tatu_vault_chip *chip, uint32_t slot_at,
                                  uint32_t slot_size, uint32_t *out_len);

/**
 * Number of the release key with this thumbprint in a keystore.
 *
 * Errors    KEY_UNKNOWN  there is none, or it may not sign firmware; KEY_REVOKED
 */
enum tatu_err tatu_vault_find_release(struct tatu_vault_chip *chip,
                                      const struct tatu_keystore *keystore,
                                      const uint8_t *thumbprint, uint32_t *out_index);

/** Bits set in a rollback floor, TATU_FUSE_FLOOR_*. */
uint32_t tatu_vault_floor(struct tatu_vault_chip *chip, uint32_t floor);

/** SHA-256 of private memory. */
enum tatu_err tatu_vault_digest(struct tatu_vault_chip *chip, struct tatu_span bytes,
                                uint8_t out_digest[32]);

#endif
