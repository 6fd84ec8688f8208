/* What the vault itself says and signs: evidence and claims. */
#include "commands.h"
#include "log.h"
#include "proto/cose.h"

#define SIG_HEAD_MAX 64u

enum tatu_err tatu_vault_hash_cose(struct tatu_vault *vault, struct tatu_span protected_header,
                                   const char *aad, struct tatu_span payload,
                                   uint8_t out_digest[32])
{
    uint8_t head[SIG_HEAD_MAX];
    struct tatu_buf buf = TATU_BUF_OF(head);
    TATU_TRY(tatu_proto_put_sig_head(protected_header, aad, payload.len, &buf));
    TATU_TRY(tatu_vault_chip_hash_init(vault->chip));
    TATU_TRY(tatu_vault_chip_hash(vault->chip, (struct tatu_span){head, buf.len}));
    TATU_TRY(tatu_vault_chip_hash(vault->chip, payload));
    return tatu_vault_chip_hash_done(vault->chip, out_digest);
}

static enum tatu_err sign_cose(struct tatu_vault *vault, uint32_t slot, const uint8_t *public_key,
                               const char *aad, struct tatu_span payload, struct tatu_buf *out)
{
    uint8_t digest[32];
    uint8_t kid[32];
    uint8_t signature[64];
    TATU_TRY(tatu_vault_hash_cose(vault, tatu_cose_protected_es256, aad, payload, digest));
    TATU_TRY(tatu_vault_chip_sign(vault->chip, slot, digest, signature));
    TATU_TRY(tatu_vault_digest(vault->chip, (struct tatu_span){public_key, KEY_SIZE}, kid));
    return tatu_proto_encode_sign1(payload, (struct tatu_span){kid, TATU_IMAGE_THUMBPRINT_SIZE},
                                   signature, out);
}

enum tatu_err tatu_vault_make_evidence(struct tatu_vault *vault, struct tatu_span in,
                                       struct tatu_buf *out)
{
    struct tatu_evidence *evidence = &vault->evidence;
    struct tatu_buf payload = TATU_BUF_OF(vault->scratch);
    uint8_t ueid_digest[32];
    if (is_zero(evidence->update_key, KEY_SIZE)) {
        return TATU_ERR_STATE;
    }
    memcpy(evidence->nonce, in.data, sizeof(evidence->nonce));
    evidence->uptime_ms = tatu_vault_chip_uptime_ms(vault->chip);
    TATU_TRY(tatu_vault_digest(vault->chip, TATU_SPAN_OF(evidence->device_id), ueid_digest));
    TATU_TRY(tatu_proto_encode_evidence(evidence, ueid_digest, &payload));
    return sign_cose(vault, TATU_ENGINE_SLOT_ATTESTATION, vault->attestation,
                     TATU_COSE_AAD_EVIDENCE, (struct tatu_span){payload.data, payload.len}, out);
}

static enum tatu_err record_owner(struct tatu_vault *vault, const struct tatu_claim *claim)
{
    struct tatu_vault_record next = vault->record;
    if (next.claimed) {
        bool same = memcmp(next.tenant, claim->tenant, sizeof(claim->tenant)) == 0 &&
                    memcmp(next.owner_key, claim->owner_key, sizeof(claim->owner_key)) == 0;
        return same ? TATU_OK : TATU_ERR_OWNED;
    }
    next.claimed = true;
    next.owner_count++;
    memcpy(next.tenant, claim->tenant, sizeof(next.tenant));
    memcpy(next.owner_key, claim->owner_key, sizeof(next.owner_key));
    TATU_TRY(tatu_vault_keep(vault, &next));
    tatu_vault_log(vault->chip, VAULT " owner recorded\n");
    return TATU_OK;
}

enum tatu_err tatu_vault_claim(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    struct tatu_claim claim;
    struct tatu_buf payload = TATU_BUF_OF(vault->scratch);
    memcpy(claim.nonce, in.data, sizeof(claim.nonce));
    memcpy(claim.tenant, in.data + TATU_NONCE_SIZE, sizeof(claim.tenant));
    memcpy(claim.owner_key, in.data + TATU_NONCE_SIZE + GUID_SIZE, sizeof(claim.owner_key));
    memcpy(claim.device_id, vault->evidence.device_id, sizeof(claim.device_id));
    if (is_zero(claim.tenant, sizeof(claim.tenant)) ||
        is_zero(claim.owner_key, sizeof(claim.owner_key))) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(record_owner(vault, &claim));
    TATU_TRY(tatu_proto_encode_claim(&claim, &payload));
    return sign_cose(vault, TATU_ENGINE_SLOT_IDENTITY, vault->evidence.device_id,
                     TATU_COSE_AAD_CLAIM, (struct tatu_span){payload.data, payload.len}, out);
}
