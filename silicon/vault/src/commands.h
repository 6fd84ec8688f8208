/*
 * The mailbox's commands, by the file that has them, and what these files share. The table has
 * checked the length of `in` before one of them runs; answers go into out, which is empty.
 * Source: docs/protocol/mailbox.md.
 */
#ifndef TATU_VAULT_COMMANDS_H
#define TATU_VAULT_COMMANDS_H

#include "mem.h"
#include "runtime.h"

#define VAULT "[VAULT]"
#define GUID_SIZE 16u
#define KEY_SIZE 64u

typedef enum tatu_err tatu_vault_command(struct tatu_vault *vault, struct tatu_span in,
                                         struct tatu_buf *out);

/* boot_commands.c */
tatu_vault_command tatu_vault_verify_image, tatu_vault_measure_apps, tatu_vault_set_dma;
tatu_vault_command tatu_vault_boot_done, tatu_vault_get_boot, tatu_vault_boot_good;
tatu_vault_command tatu_vault_ask_recovery;
/* state_commands.c */
tatu_vault_command tatu_vault_get_info, tatu_vault_get_state, tatu_vault_set_lifecycle;
tatu_vault_command tatu_vault_set_capability, tatu_vault_drop_capability;
/* secret_commands.c */
tatu_vault_command tatu_vault_give_random, tatu_vault_authenticate, tatu_vault_derive;
tatu_vault_command tatu_vault_seal, tatu_vault_unseal, tatu_vault_count, tatu_vault_counter;
/* key_commands.c */
tatu_vault_command tatu_vault_make_key, tatu_vault_commit_key, tatu_vault_sign_tls;
/* statement_commands.c: what the vault signs */
tatu_vault_command tatu_vault_make_evidence, tatu_vault_claim;
/* order_commands.c: what others sign for it */
tatu_vault_command tatu_vault_make_time_nonce, tatu_vault_set_time, tatu_vault_confirm;
tatu_vault_command tatu_vault_make_ticket_nonce, tatu_vault_set_ticket, tatu_vault_get_ticket;

/** Forgets the keys of components that are not in the list of installed applications any more. */
enum tatu_err tatu_vault_drop_keys(struct tatu_vault *vault);

/** The digest that a COSE_Sign1 with this use signs. */
enum tatu_err tatu_vault_hash_cose(struct tatu_vault *vault, struct tatu_span protected_header,
                                   const char *aad, struct tatu_span payload,
                                   uint8_t out_digest[32]);

static inline bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++) {
        all |= bytes[i];
    }
    return all == 0;
}

static inline enum tatu_err put_le32(struct tatu_buf *out, uint32_t value)
{
    uint8_t raw[4];
    tatu_put_le32(raw, value);
    return tatu_base_put_bytes(out, TATU_SPAN_OF(raw));
}

static inline enum tatu_err put_le64(struct tatu_buf *out, uint64_t value)
{
    TATU_TRY(put_le32(out, (uint32_t)value));
    return put_le32(out, (uint32_t)(value >> 32));
}

#endif
