/* Random numbers, and what only this chip can make: MACs, keys, sealed bytes, counters. */
#include "commands.h"

#define PURPOSE_TABLE 1u

enum tatu_err tatu_vault_give_random(struct tatu_vault *vault, struct tatu_span in,
                                     struct tatu_buf *out)
{
    uint16_t len = tatu_get_le16(in.data);
    if (len == 0 || len > 64) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(tatu_vault_chip_random(vault->chip, out->data, len));
    out->len = len;
    return TATU_OK;
}

/* No use begins with another one or with the engine's own ("tatu seal"): each has keys of its own.
 */
static enum tatu_err use_device_key(struct tatu_vault *vault, const char *use,
                                    struct tatu_span what, struct tatu_buf *out)
{
    uint8_t data[64];
    struct tatu_buf buf = TATU_BUF_OF(data);
    for (; *use != '\0'; use++) {
        data[buf.len++] = (uint8_t)*use;
    }
    TATU_TRY(tatu_base_put_bytes(&buf, what));
    TATU_TRY(tatu_vault_chip_hmac(vault->chip, (struct tatu_span){data, buf.len}, out->data));
    out->len = 32;
    return TATU_OK;
}

enum tatu_err tatu_vault_authenticate(struct tatu_vault *vault, struct tatu_span in,
                                      struct tatu_buf *out)
{
    uint8_t digest[32];
    if (tatu_get_le32(in.data) != PURPOSE_TABLE) {
        return TATU_ERR_ARGUMENT;
    }
    TATU_TRY(tatu_vault_digest(vault->chip, in, digest)); /* the purpose too */
    return use_device_key(vault, "tatu authenticate", TATU_SPAN_OF(digest), out);
}

enum tatu_err tatu_vault_derive(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    return use_device_key(vault, "tatu derive", in, out);
}

enum tatu_err tatu_vault_seal(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    struct tatu_span plain = {in.data + GUID_SIZE, in.len - GUID_SIZE};
    TATU_TRY(tatu_vault_chip_seal(vault->chip, false, in.data, plain, out->data));
    out->len = plain.len + TATU_VAULT_SEAL_SIZE;
    return TATU_OK;
}

enum tatu_err tatu_vault_unseal(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    struct tatu_span sealed = {in.data + GUID_SIZE, in.len - GUID_SIZE};
    TATU_TRY(tatu_vault_chip_seal(vault->chip, true, in.data, sealed, out->data));
    out->len = sealed.len - TATU_VAULT_SEAL_SIZE;
    return TATU_OK;
}

static enum tatu_err use_counter(struct tatu_vault *vault, uint32_t counter, uint32_t add,
                                 struct tatu_buf *out)
{
    if (add > 1) {
        return TATU_ERR_ARGUMENT;
    }
    return put_le64(out, add == 1 ? tatu_vault_chip_count(vault->chip, counter)
                                  : tatu_vault_chip_counter(vault->chip, counter));
}

enum tatu_err tatu_vault_count(struct tatu_vault *vault, struct tatu_span in, struct tatu_buf *out)
{
    return use_counter(vault, TATU_FUSE_COUNTER_STORAGE, tatu_get_le32(in.data), out);
}

enum tatu_err tatu_vault_counter(struct tatu_vault *vault, struct tatu_span in,
                                 struct tatu_buf *out)
{
    if (in.data[0] >= TATU_FUSE_COUNTER_USER_COUNT) {
        return TATU_ERR_ARGUMENT;
    }
    return use_counter(vault, TATU_FUSE_COUNTER_USER + in.data[0], in.data[1], out);
}
