/* What others sign for this device: time, ticket, confirmation. */
#include "commands.h"
#include "proto/cose.h"

static enum tatu_err make_nonce(struct tatu_vault *vault, struct tatu_vault_nonce *nonce,
                                struct tatu_buf *out)
{
    nonce->open = false;
    TATU_TRY(tatu_vault_chip_random(vault->chip, nonce->bytes, sizeof(nonce->bytes)));
    nonce->made_ms = tatu_vault_chip_uptime_ms(vault->chip);
    nonce->open = true;
    return tatu_base_put_bytes(out, TATU_SPAN_OF(nonce->bytes));
}

/* An answer counts once, and not when it was held back. */
static enum tatu_err use_nonce(struct tatu_vault *vault, struct tatu_vault_nonce *nonce,
                               const uint8_t *bytes)
{
    uint64_t age_ms = tatu_vault_chip_uptime_ms(vault->chip) - nonce->made_ms;
    if (!nonce->open || age_ms > TATU_VAULT_NONCE_LIFE_MS ||
        !tatu_base_equal_ct(bytes, nonce->bytes, sizeof(nonce->bytes))) {
        return TATU_ERR_REPLAY;
    }
    nonce->open = false;
    return TATU_OK;
}

/* The payload of a message signed by `key`, or, where that is NULL, by the release key it names.
 * The signature comes first: nothing of an unsigned payload is decoded. */
static enum tatu_err open_order(struct tatu_vault *vault, struct tatu_span in, const char *aad,
                                const uint8_t *key, struct tatu_span *out_payload)
{
    struct tatu_cose_sign1 message;
    uint8_t digest[32];
    uint32_t n = 0;
    TATU_TRY(tatu_proto_decode_sign1(in, &message));
    if (key == NULL) {
        TATU_TRY(message.kid.len == TATU_IMAGE_THUMBPRINT_SIZE ? TATU_OK : TATU_ERR_KEY_UNKNOWN);
        TATU_TRY(tatu_vault_find_release(vault->chip, &vault->keystore, message.kid.data, &n));
        key = vault->keystore.keys[n].key;
    }
    TATU_TRY(tatu_vault_hash_cose(vault, message.protected_header, aad, message.payload, digest));
    TATU_TRY(tatu_vault_chip_verify(vault->chip, key, digest, message.signature));
    TATU_TRY(tatu_vault_chip_verify(vault->chip, key, digest, message.signature));
    *out_payload = message.payload;
    return TATU_OK;
}

/* ---- time ---- */

enum tatu_err tatu_vault_make_time_nonce(struct tatu_vault *vault, struct tatu_span in,
                                         struct tatu_buf *out)
{
    return make_nonce(vault, &vault->time_nonce, out);
}

enum tatu_err tatu_vault_set_time(struct tatu_vault *vault, struct tatu_span in,
                                  struct tatu_buf *out)
{
    struct tatu_vault_record next = vault->record;
    struct tatu_span payload;
    struct tatu_signed_time order;
    TATU_TRY(open_order(vault, in, TATU_COSE_AAD_TIME, vault->keystore.time_key, &payload));
    TATU_TRY(tatu_proto_decode_time(payload, &order));
    TATU_TRY(use_nonce(vault, &vault->time_nonce, order.nonce));
    if (order.unix_s < next.time_floor_s) {
        return TATU_ERR_CLOCK;
    }
    /* a stolen time key does not carry the clock to the end of time at once */
    bool far = next.time_floor_s != 0 && order.unix_s - next.time_floor_s > TATU_VAULT_TIME_STEP_S;
    next.time_floor_s = far ? next.time_floor_s + TATU_VAULT_TIME_STEP_S : order.unix_s;
    TATU_TRY(tatu_vault_keep(vault, &next));
    return put_le64(out, next.time_floor_s);
}

/* ---- ticket ---- */

enum tatu_err tatu_vault_make_ticket_nonce(struct tatu_vault *vault, struct tatu_span in,
                                           struct tatu_buf *out)
{
    return make_nonce(vault, &vault->ticket_nonce, out);
}

enum tatu_err tatu_vault_set_ticket(struct tatu_vault *vault, struct tatu_span in,
                                    struct tatu_buf *out)
{
    struct tatu_vault_record next = vault->record;
    struct tatu_span payload;
    struct tatu_ticket order;
    TATU_TRY(open_order(vault, in, TATU_COSE_AAD_TICKET, vault->keystore.director_key, &payload));
    TATU_TRY(tatu_proto_decode_ticket(payload, &order));
    if (memcmp(order.device_id, vault->evidence.device_id, sizeof(order.device_id)) != 0) {
        return TATU_ERR_FOREIGN;
    }
    TATU_TRY(use_nonce(vault, &vault->ticket_nonce, order.nonce));
    next.grace_s = order.grace_s;
    next.ticket_boot = vault->evidence.boot_count;
    TATU_TRY(tatu_vault_keep(vault, &next));
    return put_le32(out, next.grace_s);
}

enum tatu_err tatu_vault_get_ticket(struct tatu_vault *vault, struct tatu_span in,
                                    struct tatu_buf *out)
{
    TATU_TRY(put_le32(out, vault->record.grace_s));
    return put_le32(out, (uint32_t)tatu_vault_boots_since_ticket(vault));
}

/* ---- confirmation ---- */

/* The floors that a confirmation may raise, and up to where: as high as what booted. */
static uint32_t floor_of_boot(const struct tatu_evidence *evidence, uint32_t floor)
{
    static const struct {
        uint16_t image_type;
        uint8_t floor;
    } covered[] = {
        {TATU_IMAGE_VAULT_RUNTIME, TATU_FUSE_FLOOR_VAULT},
        {TATU_IMAGE_MONITOR, TATU_FUSE_FLOOR_MONITOR},
        {TATU_IMAGE_DTB, TATU_FUSE_FLOOR_OS},
        {TATU_IMAGE_KERNEL, TATU_FUSE_FLOOR_OS},
        {TATU_IMAGE_ROOT, TATU_FUSE_FLOOR_OS},
        {TATU_IMAGE_KEYSTORE, TATU_FUSE_FLOOR_KEYSTORE},
    };
    uint32_t lowest = UINT32_MAX;
    for (size_t i = 0; i < TATU_COUNT_OF(covered); i++) {
        uint32_t version = 0; /* when it was not measured */
        for (size_t m = 0; m < evidence->measurement_count; m++) {
            if (evidence->measurements[m].image_type == covered[i].image_type) {
                version = evidence->measurements[m].security_version;
            }
        }
        lowest = covered[i].floor == floor && version < lowest ? version : lowest;
    }
    return lowest;
}

/* The whole decision; asked twice, because fuses do not forget. */
static enum tatu_err judge_order(const struct tatu_vault *vault,
                                 const struct tatu_confirmation *order)
{
    const struct tatu_evidence *evidence = &vault->evidence;
    if (memcmp(order->implementation, evidence->implementation, sizeof(order->implementation)) !=
        0) {
        return TATU_ERR_FOREIGN;
    }
    for (uint32_t floor = 0; floor < TATU_COUNT_OF(order->floors); floor++) {
        if (order->floors[floor] > tatu_vault_floor(vault->chip, floor) &&
            order->floors[floor] > floor_of_boot(evidence, floor)) {
            return TATU_ERR_ARGUMENT;
        }
    }
    return vault->good ? TATU_OK : TATU_ERR_STATE;
}

static enum tatu_err burn_floor(struct tatu_vault_chip *chip, uint32_t floor, uint32_t version)
{
    for (uint32_t word = 0; 32 * word < version; word++) {
        uint32_t count = version - 32 * word;
        tatu_vault_chip_burn(chip, TATU_FUSE_FLOOR + 8 * floor + 4 * word,
                             count >= 32 ? UINT32_MAX : (1u << count) - 1);
    }
    return tatu_vault_floor(chip, floor) >= version ? TATU_OK : TATU_ERR_IO;
}

enum tatu_err tatu_vault_confirm(struct tatu_vault *vault, struct tatu_span in,
                                 struct tatu_buf *out)
{
    struct tatu_span payload;
    struct tatu_confirmation order;
    TATU_TRY(open_order(vault, in, TATU_COSE_AAD_CONFIRM, NULL, &payload));
    TATU_TRY(tatu_proto_decode_confirmation(payload, &order));
    TATU_TRY(judge_order(vault, &order));
    TATU_TRY(judge_order(vault, &order));
    for (uint32_t floor = 0; floor < TATU_COUNT_OF(order.floors); floor++) {
        TATU_TRY(burn_floor(vault->chip, floor, order.floors[floor]));
        TATU_TRY(put_le32(out, tatu_vault_floor(vault->chip, floor)));
    }
    return TATU_OK;
}
