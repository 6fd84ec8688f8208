/* A vault for the tests of this and other rooms that seals: the label and a check sum stand for
 * encryption, so that a test can change, cut and mix what was sealed. */
#ifndef TATU_OS_LIB_FAKE_VAULT_H
#define TATU_OS_LIB_FAKE_VAULT_H

#include "os/lib/sm.h"
#include "os/lib/vault.h"

#include <string.h>

struct fake_vault {
    uint64_t counters[4];
    int fail_at; /* this call from now on fails with IO; 0 never */
    int calls;
    int records; /* that were appended; kind and bytes of the last */
    uint16_t record_kind;
    uint8_t record[TATU_RECORD_MAX];
    size_t record_len;
};

#define FAKE_VAULT_HEAD 4u /* u16 command, u16 0 */

static inline enum tatu_err fake_seal(struct tatu_span label, struct tatu_span bytes,
                                      struct tatu_buf *out)
{
    uint8_t more[TATU_OS_SEAL_MORE] = {0};

    memcpy(more, label.data, 16);
    tatu_put_le32(more + 16, tatu_base_crc32(bytes));
    TATU_TRY(tatu_base_put_bytes(out, TATU_SPAN_OF(more)));
    return tatu_base_put_bytes(out, bytes);
}

static inline enum tatu_err fake_unseal(struct tatu_span label, struct tatu_span sealed,
                                        struct tatu_buf *out)
{
    struct tatu_span bytes;
    uint8_t more[TATU_OS_SEAL_MORE] = {0};

    if (sealed.len < TATU_OS_SEAL_MORE) {
        return TATU_ERR_SHORT;
    }
    bytes = (struct tatu_span){sealed.data + TATU_OS_SEAL_MORE, sealed.len - TATU_OS_SEAL_MORE};
    memcpy(more, label.data, 16);
    tatu_put_le32(more + 16, tatu_base_crc32(bytes));
    if (memcmp(more, sealed.data, sizeof(more)) != 0) {
        return TATU_ERR_SIGNATURE;
    }
    return tatu_base_put_bytes(out, bytes);
}

static inline enum tatu_err fake_count(struct fake_vault *vault, const uint8_t *in,
                                       struct tatu_buf *out)
{
    uint8_t value[8];

    vault->counters[in[0] & 3] += in[1];
    tatu_put_le64(value, vault->counters[in[0] & 3]);
    return tatu_base_put_bytes(out, TATU_SPAN_OF(value));
}

static inline enum tatu_err fake_append(struct fake_vault *vault, struct tatu_span in,
                                        struct tatu_buf *out)
{
    static const uint8_t id[4] = {1};

    vault->records++;
    vault->record_kind = tatu_get_le16(in.data);
    vault->record_len = in.len - FAKE_VAULT_HEAD;
    memcpy(vault->record, in.data + FAKE_VAULT_HEAD, in.len - FAKE_VAULT_HEAD);
    return tatu_base_put_bytes(out, TATU_SPAN_OF(id));
}

static inline enum tatu_err fake_vault_call(void *context, uint32_t number, struct tatu_span in,
                                            struct tatu_buf *out)
{
    struct fake_vault *vault = context;
    const struct tatu_span label = {in.data + FAKE_VAULT_HEAD, 16};
    const struct tatu_span rest = {label.data + 16, in.len < 20 ? 0 : in.len - 20};

    vault->calls++;
    if (vault->fail_at != 0 && vault->calls >= vault->fail_at) {
        return TATU_ERR_IO;
    }
    if (number == TATU_SMC_RECORD_APPEND) {
        return fake_append(vault, in, out);
    }
    if (number != TATU_SMC_VAULT) {
        return TATU_ERR_IO;
    }
    switch (tatu_get_le16(in.data)) {
    case TATU_VAULT_SEAL:
        return rest.len > TATU_OS_SEAL_MAX ? TATU_ERR_LONG : fake_seal(label, rest, out);
    case TATU_VAULT_UNSEAL:
        return fake_unseal(label, rest, out);
    case TATU_VAULT_COUNTER:
        return fake_count(vault, label.data, out);
    default:
        return TATU_ERR_UNKNOWN_COMMAND;
    }
}

static inline struct tatu_os_monitor fake_vault_open(struct fake_vault *vault)
{
    return (struct tatu_os_monitor){.call = fake_vault_call, .context = vault, .fd = -1};
}

#endif
