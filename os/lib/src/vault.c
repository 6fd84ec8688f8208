#include "os/lib/vault.h"

#include <string.h>

#define TENANT_SIZE 16u
#define NONCE_SIZE 32u
#define KEY_SIZE 64u

/* Asks for an answer of exactly len bytes; out is untouched on failure. */
static enum tatu_err ask_fixed(const struct tatu_os_monitor *monitor, uint16_t command,
                               struct tatu_span payload, uint8_t *out, size_t len)
{
    uint8_t raw[TATU_VAULT_INFO_SIZE];
    struct tatu_buf answer = {raw, 0, sizeof(raw)};
    enum tatu_err err = tatu_os_ask_vault(monitor, command, payload, &answer);

    if (err == TATU_OK && answer.len != len) {
        err = TATU_ERR_FORMAT;
    }
    if (err == TATU_OK) {
        memcpy(out, raw, len);
    }
    tatu_base_wipe(raw, sizeof(raw));
    return err == TATU_ERR_FULL ? TATU_ERR_FORMAT : err;
}

enum tatu_err tatu_os_get_vault_info(const struct tatu_os_monitor *monitor,
                                     struct tatu_vault_info *out)
{
    uint8_t raw[TATU_VAULT_INFO_SIZE];

    TATU_TRY(
        ask_fixed(monitor, TATU_VAULT_GET_INFO, (struct tatu_span){NULL, 0}, raw, sizeof(raw)));
    return tatu_proto_decode_info(TATU_SPAN_OF(raw), out);
}

enum tatu_err tatu_os_make_time_nonce(const struct tatu_os_monitor *monitor, uint8_t out_nonce[32])
{
    return ask_fixed(monitor, TATU_VAULT_TIME_NONCE, (struct tatu_span){NULL, 0}, out_nonce,
                     NONCE_SIZE);
}

enum tatu_err tatu_os_set_time(const struct tatu_os_monitor *monitor, struct tatu_span signed_time,
                               uint64_t *out_unix_s)
{
    uint8_t raw[8];

    TATU_TRY(ask_fixed(monitor, TATU_VAULT_SET_TIME, signed_time, raw, sizeof(raw)));
    *out_unix_s = tatu_get_le64(raw);
    return TATU_OK;
}

enum tatu_err tatu_os_make_key(const struct tatu_os_monitor *monitor, enum tatu_key_purpose purpose,
                               const uint8_t tenant[16], uint8_t out_public[64])
{
    uint8_t payload[1 + TENANT_SIZE];

    payload[0] = (uint8_t)purpose;
    memcpy(payload + 1, tenant, TENANT_SIZE);
    return ask_fixed(monitor, TATU_VAULT_MAKE_KEY, TATU_SPAN_OF(payload), out_public, KEY_SIZE);
}

enum tatu_err tatu_os_make_evidence(const struct tatu_os_monitor *monitor, const uint8_t nonce[32],
                                    struct tatu_buf *out)
{
    return tatu_os_ask_vault(monitor, TATU_VAULT_MAKE_EVIDENCE,
                             (struct tatu_span){nonce, NONCE_SIZE}, out);
}

enum tatu_err tatu_os_sign_tls(const struct tatu_os_monitor *monitor, enum tatu_key_purpose purpose,
                               const uint8_t tenant[16], const uint8_t digest[32],
                               uint8_t out_signature[64])
{
    uint8_t payload[1 + TENANT_SIZE + 32];

    payload[0] = (uint8_t)purpose;
    memcpy(payload + 1, tenant, TENANT_SIZE);
    memcpy(payload + 1 + TENANT_SIZE, digest, 32);
    return ask_fixed(monitor, TATU_VAULT_SIGN_TLS, TATU_SPAN_OF(payload), out_signature, 64);
}

enum tatu_err tatu_os_claim(const struct tatu_os_monitor *monitor, const uint8_t nonce[32],
                            const uint8_t tenant[16], const uint8_t owner_key[64],
                            struct tatu_buf *out)
{
    uint8_t payload[NONCE_SIZE + TENANT_SIZE + KEY_SIZE];

    memcpy(payload, nonce, NONCE_SIZE);
    memcpy(payload + NONCE_SIZE, tenant, TENANT_SIZE);
    memcpy(payload + NONCE_SIZE + TENANT_SIZE, owner_key, KEY_SIZE);
    return tatu_os_ask_vault(monitor, TATU_VAULT_CLAIM, TATU_SPAN_OF(payload), out);
}

enum tatu_err tatu_os_get_random(const struct tatu_os_monitor *monitor, uint8_t *out, size_t len)
{
    uint8_t payload[2];

    if (len == 0 || len > 64) {
        return TATU_ERR_ARGUMENT;
    }
    tatu_put_le16(payload, (uint16_t)len);
    return ask_fixed(monitor, TATU_VAULT_RANDOM, TATU_SPAN_OF(payload), out, len);
}
