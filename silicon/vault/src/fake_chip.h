/* A chip for tests: the registers' meaning of proto/map.h in a struct, OpenSSL behind the engines.
 */
#ifndef TATU_VAULT_FAKE_CHIP_H
#define TATU_VAULT_FAKE_CHIP_H

#include "chip.h"
#include "proto/image.h"

#include <openssl/evp.h>

#define FAKE_RAM_SIZE 0x100000u
#define FAKE_LOG_SIZE 16384u
#define FAKE_SEEN_MAX 64u
#define FAKE_FAB_SIZE 256u

struct tatu_vault_chip {
    uint32_t fuses[TATU_FUSE_SECRET_COMMAND / 4];
    uint64_t counters[TATU_FUSE_COUNTER_COUNT];
    EVP_PKEY *secrets[3]; /* each as the key derived from it */
    uint8_t device_secret[32];
    bool wiped;
    EVP_PKEY *slots[TATU_ENGINE_SLOT_COUNT];
    bool slot_locked[TATU_ENGINE_SLOT_COUNT];
    uint8_t nvm[TATU_MAP_VNVM_SIZE];
    /* Power. A persistent operation is a fuse word that changes, a counter, a unit of the NVM, the
     * wipe. Once the power is off nothing persists until fake_chip_reset; the hook may also leave
     * by longjmp. */
    int power_left; /* persistent operations before the power is cut; negative: it stays */
    bool (*persist)(void *context); /* asked before each; false cuts the power. NULL: not asked */
    void *persist_context;
    bool is_off;
    bool borrows; /* the next four are somebody else's */
    uint8_t *flash;
    uint8_t *secram;
    uint8_t *ram;
    uint8_t *mail;
    size_t ram_size;
    uint32_t range_base;
    uint32_t range_size;
    EVP_MD_CTX *hash;
    bool verify_says_yes;       /* a broken engine */
    const uint8_t *always_good; /* a public key whose signatures all hold; NULL: none */
    bool lms_says_yes;
    /* A campaign boots thousands of times: good signatures that were seen, as digests of all
     * inputs. */
    bool remembers;
    uint32_t seen_count;
    uint8_t seen[FAKE_SEEN_MAX][32];
    uint32_t weak_fuse; /* 1 + offset of a word that does not burn; 0: all do */
    bool locked;
    bool acore_released;
    uint32_t rings;
    uint64_t uptime_ms;
    bool random_fails; /* the random source has failed a test */
    uint32_t straps;
    uint32_t reason;
    uint32_t debug; /* open ports */
    uint32_t resets;
    uint32_t sequence;                             /* of fake_ask */
    void (*taint)(const void *secret, size_t len); /* told of each secret the engines give out */
    char log[FAKE_LOG_SIZE];
    size_t log_len;
    uint8_t fab_in[FAKE_FAB_SIZE];
    size_t fab_in_len;
    size_t fab_in_at;
    int (*recovery_get)(void *context); /* NULL: the chip has no recovery port */
    void (*recovery_put)(void *context, uint8_t byte);
    void *recovery_context;
    uint8_t fab_out[FAKE_FAB_SIZE];
    size_t fab_out_len;
};

/** A blank chip with erased flash. */
struct tatu_vault_chip *fake_chip_new(void);
/** A blank chip over the caller's memories: the whole flash, secure RAM, RAM and mailbox memory. */
struct tatu_vault_chip *fake_chip_over(uint8_t *flash, uint8_t *secram, uint8_t *mail, uint8_t *ram,
                                       size_t ram_size);
void fake_chip_free(struct tatu_vault_chip *chip);
/** Power off and on: slots, locks, ranges, log and serial lines are gone; fuses, NVM, flash stay.
 */
void fake_chip_reset(struct tatu_vault_chip *chip);
/** Lifecycle 1 with secrets, class virtual, and this root's hash at place 0. */
void fake_chip_provision(struct tatu_vault_chip *chip, EVP_PKEY *root);
void fake_chip_burn_floor(struct tatu_vault_chip *chip, uint32_t floor, uint32_t version);

/** Whether a persistent operation happens; for the parts of this model. */
bool fake_chip_persists(struct tatu_vault_chip *chip);
/** Destroys secrets and key slots, as FUSE_WIPE does. */
void fake_chip_wipe(struct tatu_vault_chip *chip);

EVP_PKEY *fake_key(void);
/** The LMS key that belongs to an ECDSA key: made when first asked for, freed with it. */
void fake_lms_public_of(EVP_PKEY *key, uint8_t out[TATU_LMS_KEY_SIZE]);
/** What fuses hold of a root: SHA-256 of both public keys. */
void fake_root_hash(EVP_PKEY *root, uint8_t out[32]);
void fake_public(EVP_PKEY *key, uint8_t out[64]);
void fake_digest(struct tatu_span bytes, uint8_t out[32]);
void fake_sign(EVP_PKEY *key, const uint8_t digest[32], uint8_t out[64]);
bool fake_verify(const uint8_t key[64], const uint8_t digest[32], const uint8_t signature[64]);

/** Packs and signs, firmware with both keys; returns the package's length. */
size_t fake_pack(uint16_t type, uint32_t version, struct tatu_span body, EVP_PKEY *signer,
                 uint8_t *out, size_t cap);
/** The same with another second signer; NULL: no second signature. */
size_t fake_pack_by(uint16_t type, uint32_t version, struct tatu_span body, EVP_PKEY *signer,
                    EVP_PKEY *second, uint8_t *out, size_t cap);
/** Keystore body with one release key and a time key. Returns its length. */
size_t fake_keystore(EVP_PKEY *root, EVP_PKEY *release, EVP_PKEY *time_key, uint32_t revoked,
                     uint8_t *out, size_t cap);
/** Writes a package and the slot's footer. */
void fake_flash_slot(struct tatu_vault_chip *chip, uint32_t at, uint32_t size,
                     struct tatu_span package);

/** Keys and a flash with two good sets, as most tests start. */
struct fake_world {
    struct tatu_vault_chip *chip;
    EVP_PKEY *root;
    EVP_PKEY *release;
    EVP_PKEY *time_key;
    EVP_PKEY *director;
    EVP_PKEY *owner;
};
struct fake_world *fake_world_new(void);
void fake_world_free(struct fake_world *world);
/** Packs and writes keystore, runtime and monitor of a set. */
void fake_world_install(struct fake_world *world, uint8_t set, uint32_t version);

struct tatu_vault;
/** Runs ROM and runtime of the world's flash. True when the A-core was released. */
bool fake_world_boot(struct fake_world *world, struct tatu_vault *vault);

/** One request through the mailbox, as the monitor makes it. The answer's payload is in *out_answer
 *  (inside the chip). */
enum tatu_err fake_ask(struct tatu_vault *vault, uint16_t caller, uint16_t command,
                       struct tatu_span payload, struct tatu_span *out_answer);

#endif
