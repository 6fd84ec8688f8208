/* The daily keys: which there are to be, when they are made, when they take the old ones' place. */
#ifndef TATU_ATTESTD_KEYS_H
#define TATU_ATTESTD_KEYS_H

#include "os/attestd/attestd.h"
#include "os/lib/log.h"
#include "os/lib/sm.h"
#include "signer.h"

#define TATU_KEYS_LIFE_MS                                                                          \
    (12u * 3600u * 1000u - 60000u) /* so that each half-daily proof has fresh ones */

/** One key: in use since, and its successor, which waits for a certificate. */
struct tatu_daily_key {
    struct tatu_signer_key id;
    uint64_t current_ms; /* when the key in use was made, boot clock; 0: there is none */
    uint64_t pending_ms; /* when its successor was made; 0: there is none */
};

struct tatu_daily_keys {
    const struct tatu_os_monitor *monitor;
    const struct tatu_os_log *log;
    size_t count; /* the first is the update key */
    struct tatu_daily_key keys[TATU_SIGNER_SLOT_MAX];
};

/**
 * Which applications of a tenant have a place for a certificate below `root` (appman made them).
 * Returns how many; more than fit are left out.
 */
size_t tatu_keys_find_wanted(const char *root, const uint8_t tenant[16],
                             uint8_t out_components[TATU_EVIDENCE_TENANT_MAX][16]);

/**
 * Forgets the keys of applications that are not wanted and makes what is missing or old. Keys in
 * use stay in use. An application that the monitor does not have, or for which the vault has no
 * room, gets none.
 * Errors: the vault's, of the update key.
 */
enum tatu_err tatu_keys_make(struct tatu_daily_keys *keys, const uint8_t tenant[16],
                             const uint8_t (*components)[16], size_t component_count,
                             uint64_t now_ms);

/** The certificate of a key is written: its successor, if it has one, takes its place. Errors: the
 * vault's; NOT_FOUND when there is no such key. */
enum tatu_err tatu_keys_commit(struct tatu_daily_keys *keys, const struct tatu_signer_key *id);

#endif
