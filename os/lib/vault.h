/*
 * The vault's commands for the normal world, one function each; they travel through the monitor.
 * Errors are the vault's own (docs/protocol/mailbox.md §2), and those of os/lib/sm.h.
 */
#ifndef TATU_OS_LIB_VAULT_H
#define TATU_OS_LIB_VAULT_H

#include "base/base.h"
#include "os/lib/sm.h"
#include "proto/mailbox.h"

/* Everything the vault signs for the normal world fits this. */
#define TATU_OS_COSE_MAX TATU_SMC_PAGE_SIZE

enum tatu_err tatu_os_get_vault_info(const struct tatu_os_monitor *monitor,
                                     struct tatu_vault_info *out);
enum tatu_err tatu_os_make_time_nonce(const struct tatu_os_monitor *monitor, uint8_t out_nonce[32]);
/** signed_time is a COSE_Sign1. Errors: FORMAT, SIGNATURE, REPLAY, CLOCK; LONG. */
enum tatu_err tatu_os_set_time(const struct tatu_os_monitor *monitor, struct tatu_span signed_time,
                               uint64_t *out_unix_s);
/* A daily key belongs to its purpose, and when that is TATU_KEY_TENANT to a tenant and a component
 * that is installed; else both are all zero. A new one is pending, shown in evidence, until it is
 * committed; signatures are the current one's. */
/** Errors: PURPOSE, ARGUMENT, FOREIGN, FULL; NOT_FOUND no such component is installed. */
enum tatu_err tatu_os_make_key(const struct tatu_os_monitor *monitor, enum tatu_key_purpose purpose,
                               const uint8_t tenant[16], const uint8_t component[16],
                               uint8_t out_public[64]);
/** The pending key becomes the current one. Errors: PURPOSE, ARGUMENT, NOT_FOUND. */
enum tatu_err tatu_os_commit_key(const struct tatu_os_monitor *monitor,
                                 enum tatu_key_purpose purpose, const uint8_t tenant[16],
                                 const uint8_t component[16]);
/** A COSE_Sign1 into out. Errors: STATE; FULL. */
enum tatu_err tatu_os_make_evidence(const struct tatu_os_monitor *monitor, const uint8_t nonce[32],
                                    struct tatu_buf *out);
/** Errors: PURPOSE, ARGUMENT, NOT_FOUND. */
enum tatu_err tatu_os_sign_tls(const struct tatu_os_monitor *monitor, enum tatu_key_purpose purpose,
                               const uint8_t tenant[16], const uint8_t component[16],
                               const uint8_t digest[32], uint8_t out_signature[64]);
/** A COSE_Sign1 into out. Errors: ARGUMENT, OWNED, IO; FULL. */
enum tatu_err tatu_os_claim(const struct tatu_os_monitor *monitor, const uint8_t nonce[32],
                            const uint8_t tenant[16], const uint8_t owner_key[64],
                            struct tatu_buf *out);
/** len bytes, at most 64. Errors: ARGUMENT. */
enum tatu_err tatu_os_get_random(const struct tatu_os_monitor *monitor, uint8_t *out, size_t len);

/** Raises rollback floors; out_floors in TATU_FUSE_FLOOR_* order. confirmation is a COSE_Sign1. */
enum tatu_err tatu_os_confirm(const struct tatu_os_monitor *monitor, struct tatu_span confirmation,
                              uint32_t out_floors[4]);
enum tatu_err tatu_os_make_ticket_nonce(const struct tatu_os_monitor *monitor,
                                        uint8_t out_nonce[32]);
/** The authenticated watchdog starts anew; 0 seconds disarm it. ticket is a COSE_Sign1. */
enum tatu_err tatu_os_set_ticket(const struct tatu_os_monitor *monitor, struct tatu_span ticket,
                                 uint32_t *out_grace_s);

#define TATU_OS_LABEL_SIZE 16u
#define TATU_OS_SEAL_MAX 1024u
#define TATU_OS_SEAL_MORE 28u
/* Sealed bytes are longer by TATU_OS_SEAL_MORE, and open on this chip with this label only. */
/** Errors: LONG over TATU_OS_SEAL_MAX; FULL. */
enum tatu_err tatu_os_seal(const struct tatu_os_monitor *monitor,
                           const uint8_t label[TATU_OS_LABEL_SIZE], struct tatu_span bytes,
                           struct tatu_buf *out);
/** Errors: LONG; FULL; SIGNATURE changed, or of another chip or label. */
enum tatu_err tatu_os_unseal(const struct tatu_os_monitor *monitor,
                             const uint8_t label[TATU_OS_LABEL_SIZE], struct tatu_span sealed,
                             struct tatu_buf *out);
/** A key that is the same on this chip for ever. */
enum tatu_err tatu_os_derive_key(const struct tatu_os_monitor *monitor,
                                 const uint8_t label[TATU_OS_LABEL_SIZE], uint8_t out_key[32]);
/** A counter that never falls, number 0..3, after adding 0 or 1. Errors: ARGUMENT. */
enum tatu_err tatu_os_count(const struct tatu_os_monitor *monitor, uint8_t number, uint8_t add,
                            uint64_t *out_value);

struct tatu_os_vault_state {
    uint32_t lifecycle;
    uint32_t stored_capabilities; /* bit n: capability n */
    uint32_t session_capabilities;
};
enum tatu_err tatu_os_get_vault_state(const struct tatu_os_monitor *monitor,
                                      struct tatu_os_vault_state *out);
/** file is the capability file as the owner signed it; stored, or until reset. */
enum tatu_err tatu_os_set_capability(const struct tatu_os_monitor *monitor, bool store,
                                     struct tatu_span file);
/** None is left, stored or of the session. */
enum tatu_err tatu_os_drop_capabilities(const struct tatu_os_monitor *monitor);
/** Only upwards. */
enum tatu_err tatu_os_set_lifecycle(const struct tatu_os_monitor *monitor, uint32_t lifecycle);

#endif
