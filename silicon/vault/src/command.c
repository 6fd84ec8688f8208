/* The mailbox: who may ask for what, and the exchange. Source: docs/protocol/mailbox.md. */
#include "commands.h"
#include "silicon/vault/vault.h"

struct command {
    uint16_t number;
    uint16_t len_min;
    uint16_t len_max;
    tatu_vault_command *run;
};

#define EXACT(n) (n), (n)
#define KEY_NAME_SIZE (1 + 2 * GUID_SIZE) /* purpose, tenant, component */
#define SEAL_MAX 1024u

static const struct command monitor_commands[] = {
    {TATU_VAULT_VERIFY_IMAGE, EXACT(12), tatu_vault_verify_image},
    {TATU_VAULT_MEASURE_APPS, 1, TATU_MAILBOX_PAYLOAD_MAX, tatu_vault_measure_apps},
    {TATU_VAULT_SET_DMA, EXACT(8), tatu_vault_set_dma},
    {TATU_VAULT_BOOT_DONE, EXACT(2), tatu_vault_boot_done},
    {TATU_VAULT_GET_BOOT, EXACT(0), tatu_vault_get_boot},
    {TATU_VAULT_AUTHENTICATE, 4, 4 + 1024, tatu_vault_authenticate},
    {TATU_VAULT_COUNT, EXACT(4), tatu_vault_count},
    {TATU_VAULT_BOOT_GOOD, EXACT(0), tatu_vault_boot_good},
    {TATU_VAULT_GET_TICKET, EXACT(0), tatu_vault_get_ticket},
    {TATU_VAULT_RECOVER, EXACT(0), tatu_vault_ask_recovery},
    {TATU_VAULT_GET_INFO, EXACT(0), tatu_vault_get_info},
    {TATU_VAULT_RANDOM, EXACT(2), tatu_vault_give_random},
    {TATU_VAULT_DROP_CAPABILITY, EXACT(0), tatu_vault_drop_capability},
};

static const struct command normal_commands[] = {
    {TATU_VAULT_GET_INFO, EXACT(0), tatu_vault_get_info},
    {TATU_VAULT_TIME_NONCE, EXACT(0), tatu_vault_make_time_nonce},
    {TATU_VAULT_SET_TIME, 1, TATU_MAILBOX_PAYLOAD_MAX, tatu_vault_set_time},
    {TATU_VAULT_MAKE_KEY, EXACT(KEY_NAME_SIZE), tatu_vault_make_key},
    {TATU_VAULT_MAKE_EVIDENCE, EXACT(TATU_NONCE_SIZE), tatu_vault_make_evidence},
    {TATU_VAULT_SIGN_TLS, EXACT(KEY_NAME_SIZE + 32), tatu_vault_sign_tls},
    {TATU_VAULT_CLAIM, EXACT(TATU_NONCE_SIZE + GUID_SIZE + KEY_SIZE), tatu_vault_claim},
    {TATU_VAULT_RANDOM, EXACT(2), tatu_vault_give_random},
    {TATU_VAULT_COMMIT_KEY, EXACT(KEY_NAME_SIZE), tatu_vault_commit_key},
    {TATU_VAULT_CONFIRM, 1, TATU_MAILBOX_PAYLOAD_MAX, tatu_vault_confirm},
    {TATU_VAULT_SEAL, GUID_SIZE + 1, GUID_SIZE + SEAL_MAX, tatu_vault_seal},
    {TATU_VAULT_UNSEAL, GUID_SIZE + TATU_VAULT_SEAL_SIZE + 1,
     GUID_SIZE + TATU_VAULT_SEAL_SIZE + SEAL_MAX, tatu_vault_unseal},
    {TATU_VAULT_DERIVE, EXACT(GUID_SIZE), tatu_vault_derive},
    {TATU_VAULT_COUNTER, EXACT(2), tatu_vault_counter},
    {TATU_VAULT_GET_STATE, EXACT(0), tatu_vault_get_state},
    {TATU_VAULT_SET_CAPABILITY, 4 + 1, TATU_MAILBOX_PAYLOAD_MAX, tatu_vault_set_capability},
    {TATU_VAULT_DROP_CAPABILITY, EXACT(0), tatu_vault_drop_capability},
    {TATU_VAULT_SET_LIFECYCLE, EXACT(4), tatu_vault_set_lifecycle},
    {TATU_VAULT_TICKET_NONCE, EXACT(0), tatu_vault_make_ticket_nonce},
    {TATU_VAULT_SET_TICKET, 1, TATU_MAILBOX_PAYLOAD_MAX, tatu_vault_set_ticket},
};

static const struct command *find_command(const struct command *table, size_t count,
                                          uint16_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].number == number) {
            return &table[i];
        }
    }
    return NULL;
}

static enum tatu_err choose_command(const struct tatu_vault *vault,
                                    const struct tatu_mailbox_header *header,
                                    const struct command **out)
{
    const struct command *of_monitor =
        find_command(monitor_commands, TATU_COUNT_OF(monitor_commands), header->command);
    const struct command *of_normal =
        find_command(normal_commands, TATU_COUNT_OF(normal_commands), header->command);
    const struct command *own = NULL;
    if (header->status == TATU_VAULT_CALLER_MONITOR) {
        own = of_monitor;
    } else if (header->status == TATU_VAULT_CALLER_NORMAL) {
        own = of_normal;
    } else {
        return TATU_ERR_DENIED;
    }
    if (own == NULL) {
        return of_monitor == NULL && of_normal == NULL ? TATU_ERR_UNKNOWN_COMMAND : TATU_ERR_DENIED;
    }
    if (header->status == TATU_VAULT_CALLER_NORMAL && !vault->booted) {
        return TATU_ERR_STATE;
    }
    if (header->len < own->len_min) {
        return TATU_ERR_SHORT;
    }
    if (header->len > own->len_max) {
        return TATU_ERR_LONG;
    }
    *out = own;
    return TATU_OK;
}

static enum tatu_err run_command(struct tatu_vault *vault, const struct tatu_mailbox_header *header,
                                 struct tatu_buf *out)
{
    const struct command *command = NULL;
    TATU_TRY(choose_command(vault, header, &command));
    tatu_vault_chip_take(vault->chip, TATU_MAILRAM_REQUEST + TATU_MAILBOX_HEADER_SIZE,
                         vault->request, header->len);
    return command->run(vault, (struct tatu_span){vault->request, header->len}, out);
}

void tatu_vault_serve(struct tatu_vault *vault)
{
    uint8_t raw[TATU_MAILBOX_HEADER_SIZE];
    struct tatu_mailbox_header header = {0};
    struct tatu_buf out = TATU_BUF_OF(vault->answer);
    struct tatu_buf head = TATU_BUF_OF(raw);
    tatu_vault_chip_take(vault->chip, TATU_MAILRAM_REQUEST, raw, sizeof(raw));
    enum tatu_err err = tatu_proto_decode_mailbox(TATU_SPAN_OF(raw), &header);
    if (err == TATU_OK) {
        err = run_command(vault, &header, &out);
    } else {
        header.sequence = tatu_get_le32(raw);
        header.command = tatu_get_le16(raw + 4);
    }
    if (err != TATU_OK) {
        out.len = 0;
    }
    header.status = (uint16_t)err;
    header.len = (uint32_t)out.len;
    (void)tatu_proto_encode_mailbox(&header, &head);
    tatu_vault_chip_give(vault->chip, TATU_MAILRAM_RESPONSE + TATU_MAILBOX_HEADER_SIZE,
                         (struct tatu_span){out.data, out.len});
    tatu_vault_chip_give(vault->chip, TATU_MAILRAM_RESPONSE, TATU_SPAN_OF(raw));
    tatu_base_wipe(vault->request, sizeof(vault->request));
    tatu_base_wipe(vault->answer, sizeof(vault->answer));
    tatu_base_wipe(vault->scratch, sizeof(vault->scratch));
    tatu_vault_chip_ring(vault->chip);
}
