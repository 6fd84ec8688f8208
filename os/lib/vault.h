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
/** tenant is all zero for TATU_KEY_UPDATE. Errors: PURPOSE, ARGUMENT, FOREIGN, FULL. */
enum tatu_err tatu_os_make_key(const struct tatu_os_monitor *monitor, enum tatu_key_purpose purpose,
                               const uint8_t tenant[16], uint8_t out_public[64]);
/** A COSE_Sign1 into out. Errors: STATE; FULL. */
enum tatu_err tatu_os_make_evidence(const struct tatu_os_monitor *monitor, const uint8_t nonce[32],
                                    struct tatu_buf *out);
/** Errors: PURPOSE, ARGUMENT, NOT_FOUND. */
enum tatu_err tatu_os_sign_tls(const struct tatu_os_monitor *monitor, enum tatu_key_purpose purpose,
                               const uint8_t tenant[16], const uint8_t digest[32],
                               uint8_t out_signature[64]);
/** A COSE_Sign1 into out. Errors: ARGUMENT, OWNED, IO; FULL. */
enum tatu_err tatu_os_claim(const struct tatu_os_monitor *monitor, const uint8_t nonce[32],
                            const uint8_t tenant[16], const uint8_t owner_key[64],
                            struct tatu_buf *out);
/** len bytes, at most 64. Errors: ARGUMENT. */
enum tatu_err tatu_os_get_random(const struct tatu_os_monitor *monitor, uint8_t *out, size_t len);

#endif
