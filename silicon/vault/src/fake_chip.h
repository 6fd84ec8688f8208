/* A chip for tests: the registers' meaning of proto/map.h in a struct, OpenSSL behind the engines.
 */
#ifndef TATU_VAULT_FAKE_CHIP_H
#define TATU_VAULT_FAKE_CHIP_H

#include "chip.h"
#include "proto/image.h"

#include <openssl/evp.h>

#define FAKE_RAM_SIZE 0x100000u
#define FAKE_LOG_SIZE 16384u
#define FAKE_FAB_SIZE 256u

struct tatu_vault_chip {
    uint32_t fuses[TATU_FUSE_SECRET_COMMAND / 4];
    uint64_t counters[TATU_FUSE_COUNTER_COUNT];
    EVP_PKEY *secrets[3]; /* each as the key derived from it */
    EVP_PKEY *slots[TATU_ENGINE_SLOT_COUNT];
    bool slot_locked[TATU_ENGINE_SLOT_COUNT];
    uint8_t nvm[TATU_MAP_VNVM_SIZE];
    int nvm_words_left; /* before the power is cut; negative: never */
    uint8_t *flash;
    uint8_t *secram;
    uint8_t *ram;
    uint8_t mail[TATU_MAP_MAILRAM_SIZE];
    uint32_t range_base;
    uint32_t range_size;
    EVP_MD_CTX *hash;
    bool verify_says_yes; /* a broken engine */
    uint32_t weak_fuse;   /* 1 + offset of a word that does not burn; 0: all do */
    bool locked;
    bool acore_released;
    uint32_t rings;
    uint64_t uptime_ms;
    char log[FAKE_LOG_SIZE];
    size_t log_len;
    uint8_t fab_in[FAKE_FAB_SIZE];
    size_t fab_in_len;
    size_t fab_in_at;
    uint8_t fab_out[FAKE_FAB_SIZE];
    size_t fab_out_len;
};

/** A blank chip with erased flash. */
struct tatu_vault_chip *fake_chip_new(void);
void fake_chip_free(struct tatu_vault_chip *chip);
/** Power off and on: slots, locks, ranges, log and serial lines are gone; fuses, NVM, flash stay.
 */
void fake_chip_reset(struct tatu_vault_chip *chip);
/** Lifecycle 1 with secrets, class virtual, and this root's hash at place 0. */
void fake_chip_provision(struct tatu_vault_chip *chip, EVP_PKEY *root);
void fake_chip_burn_floor(struct tatu_vault_chip *chip, uint32_t floor, uint32_t version);

EVP_PKEY *fake_key(void);
void fake_public(EVP_PKEY *key, uint8_t out[64]);
void fake_digest(struct tatu_span bytes, uint8_t out[32]);
void fake_sign(EVP_PKEY *key, const uint8_t digest[32], uint8_t out[64]);
bool fake_verify(const uint8_t key[64], const uint8_t digest[32], const uint8_t signature[64]);

/** Packs and signs; returns the package's length. */
size_t fake_pack(uint16_t type, uint32_t version, struct tatu_span body, EVP_PKEY *signer,
                 uint8_t *out, size_t cap);
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
