#include "os/lib/vault.h"

#include <string.h>

#define TENANT_SIZE 16u
#define NONCE_SIZE 32u
#define KEY_SIZE 64u
#define COMPONENT_SIZE 16u
#define DIGEST_SIZE 32u
#define KEY_NAME_SIZE (1u + TENANT_SIZE + COMPONENT_SIZE)

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
    if (err == TATU_OK && len != 0) {
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

/* What names a daily key. */
static struct tatu_span name_key(enum tatu_key_purpose purpose, const uint8_t tenant[16],
                                 const uint8_t component[16], uint8_t room[KEY_NAME_SIZE])
{
    room[0] = (uint8_t)purpose;
    memcpy(room + 1, tenant, TENANT_SIZE);
    memcpy(room + 1 + TENANT_SIZE, component, COMPONENT_SIZE);
    return (struct tatu_span){room, KEY_NAME_SIZE};
}

enum tatu_err tatu_os_make_key(const struct tatu_os_monitor *monitor, enum tatu_key_purpose purpose,
                               const uint8_t tenant[16], const uint8_t component[16],
                               uint8_t out_public[64])
{
    uint8_t room[KEY_NAME_SIZE];

    return ask_fixed(monitor, TATU_VAULT_MAKE_KEY, name_key(purpose, tenant, component, room),
                     out_public, KEY_SIZE);
}

enum tatu_err tatu_os_commit_key(const struct tatu_os_monitor *monitor,
                                 enum tatu_key_purpose purpose, const uint8_t tenant[16],
                                 const uint8_t component[16])
{
    uint8_t room[KEY_NAME_SIZE];

    return ask_fixed(monitor, TATU_VAULT_COMMIT_KEY, name_key(purpose, tenant, component, room),
                     NULL, 0);
}

enum tatu_err tatu_os_make_evidence(const struct tatu_os_monitor *monitor, const uint8_t nonce[32],
                                    struct tatu_buf *out)
{
    return tatu_os_ask_vault(monitor, TATU_VAULT_MAKE_EVIDENCE,
                             (struct tatu_span){nonce, NONCE_SIZE}, out);
}

enum tatu_err tatu_os_sign_tls(const struct tatu_os_monitor *monitor, enum tatu_key_purpose purpose,
                               const uint8_t tenant[16], const uint8_t component[16],
                               const uint8_t digest[32], uint8_t out_signature[64])
{
    uint8_t payload[KEY_NAME_SIZE + DIGEST_SIZE];

    (void)name_key(purpose, tenant, component, payload);
    memcpy(payload + KEY_NAME_SIZE, digest, DIGEST_SIZE);
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

enum tatu_err tatu_os_confirm(const struct tatu_os_monitor *monitor, struct tatu_span confirmation,
                              uint32_t out_floors[4])
{
    uint8_t raw[16];

    TATU_TRY(ask_fixed(monitor, TATU_VAULT_CONFIRM, confirmation, raw, sizeof(raw)));
    for (size_t i = 0; i < 4; i++) {
        out_floors[i] = tatu_get_le32(raw + 4 * i);
    }
    return TATU_OK;
}

enum tatu_err tatu_os_make_ticket_nonce(const struct tatu_os_monitor *monitor,
                                        uint8_t out_nonce[32])
{
    return ask_fixed(monitor, TATU_VAULT_TICKET_NONCE, (struct tatu_span){NULL, 0}, out_nonce,
                     NONCE_SIZE);
}

enum tatu_err tatu_os_set_ticket(const struct tatu_os_monitor *monitor, struct tatu_span ticket,
                                 uint32_t *out_grace_s)
{
    uint8_t raw[4];

    TATU_TRY(ask_fixed(monitor, TATU_VAULT_SET_TICKET, ticket, raw, sizeof(raw)));
    *out_grace_s = tatu_get_le32(raw);
    return TATU_OK;
}

/* A command that takes some bytes before those of the caller. */
static enum tatu_err ask_behind(const struct tatu_os_monitor *monitor, uint16_t command,
                                struct tatu_span before, struct tatu_span bytes,
                                struct tatu_buf *out)
{
    uint8_t payload[TATU_SMC_ARGUMENT_MAX];
    struct tatu_buf buf = TATU_BUF_OF(payload);
    enum tatu_err err = tatu_base_put_bytes(&buf, before);

    if (err == TATU_OK) {
        err = tatu_base_put_bytes(&buf, bytes);
    }
    if (err == TATU_OK) {
        err = tatu_os_ask_vault(monitor, command, (struct tatu_span){buf.data, buf.len}, out);
    } else {
        err = TATU_ERR_LONG;
    }
    tatu_base_wipe(payload, buf.len);
    return err;
}

enum tatu_err tatu_os_seal(const struct tatu_os_monitor *monitor,
                           const uint8_t label[TATU_OS_LABEL_SIZE], struct tatu_span bytes,
                           struct tatu_buf *out)
{
    if (bytes.len > TATU_OS_SEAL_MAX) {
        return TATU_ERR_LONG;
    }
    return ask_behind(monitor, TATU_VAULT_SEAL, (struct tatu_span){label, TATU_OS_LABEL_SIZE},
                      bytes, out);
}

enum tatu_err tatu_os_unseal(const struct tatu_os_monitor *monitor,
                             const uint8_t label[TATU_OS_LABEL_SIZE], struct tatu_span sealed,
                             struct tatu_buf *out)
{
    if (sealed.len > TATU_OS_SEAL_MAX + TATU_OS_SEAL_MORE) {
        return TATU_ERR_LONG;
    }
    return ask_behind(monitor, TATU_VAULT_UNSEAL, (struct tatu_span){label, TATU_OS_LABEL_SIZE},
                      sealed, out);
}

enum tatu_err tatu_os_derive_key(const struct tatu_os_monitor *monitor,
                                 const uint8_t label[TATU_OS_LABEL_SIZE], uint8_t out_key[32])
{
    return ask_fixed(monitor, TATU_VAULT_DERIVE, (struct tatu_span){label, TATU_OS_LABEL_SIZE},
                     out_key, 32);
}

enum tatu_err tatu_os_count(const struct tatu_os_monitor *monitor, uint8_t number, uint8_t add,
                            uint64_t *out_value)
{
    const uint8_t payload[2] = {number, add};
    uint8_t raw[8];

    TATU_TRY(ask_fixed(monitor, TATU_VAULT_COUNTER, TATU_SPAN_OF(payload), raw, sizeof(raw)));
    *out_value = tatu_get_le64(raw);
    return TATU_OK;
}

enum tatu_err tatu_os_get_vault_state(const struct tatu_os_monitor *monitor,
                                      struct tatu_os_vault_state *out)
{
    uint8_t raw[12];

    TATU_TRY(
        ask_fixed(monitor, TATU_VAULT_GET_STATE, (struct tatu_span){NULL, 0}, raw, sizeof(raw)));
    *out = (struct tatu_os_vault_state){tatu_get_le32(raw), tatu_get_le32(raw + 4),
                                        tatu_get_le32(raw + 8)};
    return TATU_OK;
}

enum tatu_err tatu_os_set_capability(const struct tatu_os_monitor *monitor, bool store,
                                     struct tatu_span file)
{
    const uint8_t before[4] = {store ? 1 : 0};
    struct tatu_buf none = {NULL, 0, 0};

    return ask_behind(monitor, TATU_VAULT_SET_CAPABILITY, TATU_SPAN_OF(before), file, &none);
}

enum tatu_err tatu_os_drop_capabilities(const struct tatu_os_monitor *monitor)
{
    return ask_fixed(monitor, TATU_VAULT_DROP_CAPABILITY, (struct tatu_span){NULL, 0}, NULL, 0);
}

enum tatu_err tatu_os_set_lifecycle(const struct tatu_os_monitor *monitor, uint32_t lifecycle)
{
    uint8_t payload[4];

    tatu_put_le32(payload, lifecycle);
    return ask_fixed(monitor, TATU_VAULT_SET_LIFECYCLE, TATU_SPAN_OF(payload), NULL, 0);
}
