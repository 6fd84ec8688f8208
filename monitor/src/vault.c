#include "vault.h"

#include "chip.h"
#include "mem.h"
#include "proto/map.h"

/* An answer that came after its time-out may still lie there; so many are passed over. */
#define STALE_ANSWER_MAX 4

static enum tatu_err send_request(struct tatu_monitor_vault *vault,
                                  const struct tatu_mailbox_header *header,
                                  struct tatu_span payload)
{
    uint8_t head[TATU_MAILBOX_HEADER_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(head);
    TATU_TRY(tatu_proto_encode_mailbox(header, &buf));
    TATU_TRY(tatu_monitor_write_mail(vault->chip, TATU_MAILRAM_REQUEST, head, sizeof(head)));
    TATU_TRY(tatu_monitor_write_mail(vault->chip, TATU_MAILRAM_REQUEST + TATU_MAILBOX_HEADER_SIZE,
                                     payload.data, (uint32_t)payload.len));
    tatu_monitor_ring_vault(vault->chip);
    return TATU_OK;
}

static enum tatu_err await_answer(struct tatu_monitor_vault *vault, uint16_t command,
                                  struct tatu_mailbox_header *out)
{
    for (int i = 0; i < STALE_ANSWER_MAX; i++) {
        uint8_t head[TATU_MAILBOX_HEADER_SIZE];
        struct tatu_mailbox_header header;
        if (!tatu_monitor_wait_vault(vault->chip, TATU_MONITOR_VAULT_TIMEOUT_MS)) {
            return TATU_ERR_TIMEOUT;
        }
        TATU_TRY(tatu_monitor_read_mail(vault->chip, TATU_MAILRAM_RESPONSE, head, sizeof(head)));
        TATU_TRY(tatu_proto_decode_mailbox((struct tatu_span){head, sizeof(head)}, &header));
        if (header.sequence == vault->sequence && header.command == command) {
            *out = header;
            return TATU_OK;
        }
    }
    return TATU_ERR_TIMEOUT;
}

enum tatu_err tatu_monitor_ask_vault(struct tatu_monitor_vault *vault,
                                     enum tatu_vault_caller caller, uint16_t command,
                                     struct tatu_span payload, struct tatu_buf *answer)
{
    if (payload.len > TATU_MAILBOX_PAYLOAD_MAX) {
        return TATU_ERR_LONG;
    }
    vault->sequence++;
    const struct tatu_mailbox_header request = {
        .sequence = vault->sequence,
        .command = command,
        .status = (uint16_t)caller,
        .len = (uint32_t)payload.len,
    };
    struct tatu_mailbox_header header = {0};
    TATU_TRY(send_request(vault, &request, payload));
    TATU_TRY(await_answer(vault, command, &header));
    if (header.status != TATU_OK) {
        return (enum tatu_err)header.status;
    }
    if (header.len > answer->cap - answer->len) {
        return TATU_ERR_LONG;
    }
    if (header.len == 0) {
        return TATU_OK;
    }
    TATU_TRY(tatu_monitor_read_mail(vault->chip, TATU_MAILRAM_RESPONSE + TATU_MAILBOX_HEADER_SIZE,
                                    answer->data + answer->len, header.len));
    answer->len += header.len;
    return TATU_OK;
}

enum tatu_err tatu_monitor_order_vault(struct tatu_monitor_vault *vault, uint16_t command,
                                       struct tatu_span payload, uint8_t *out, size_t len)
{
    uint8_t bytes[TATU_VAULT_INFO_SIZE];
    struct tatu_buf answer = TATU_BUF_OF(bytes);
    TATU_TRY(tatu_monitor_ask_vault(vault, TATU_VAULT_CALLER_MONITOR, command, payload, &answer));
    if (answer.len != len) {
        return TATU_ERR_FORMAT;
    }
    if (len > 0) {
        memcpy(out, bytes, len);
    }
    return TATU_OK;
}

enum tatu_err tatu_monitor_verify_image(struct tatu_monitor_vault *vault, uint32_t address,
                                        uint32_t len, enum tatu_image_type type, uint16_t flags,
                                        struct tatu_verified_image *out)
{
    uint8_t request[12];
    uint8_t bytes[TATU_VERIFIED_IMAGE_SIZE];
    struct tatu_verified_image image = {0};
    tatu_put_le32(request, address);
    tatu_put_le32(request + 4, len);
    tatu_put_le16(request + 8, (uint16_t)type);
    tatu_put_le16(request + 10, flags);
    TATU_TRY(tatu_monitor_order_vault(vault, TATU_VAULT_VERIFY_IMAGE, TATU_SPAN_OF(request), bytes,
                                      sizeof(bytes)));
    if (tatu_proto_decode_verified(TATU_SPAN_OF(bytes), &image) != TATU_OK ||
        image.body_len > len || image.verity_data_len > image.body_len) {
        return TATU_ERR_FORMAT;
    }
    if (image.image_type != type) {
        return TATU_ERR_TYPE;
    }
    *out = image;
    return TATU_OK;
}

enum tatu_err tatu_monitor_get_vault_boot(struct tatu_monitor_vault *vault,
                                          struct tatu_monitor_vault_boot *out)
{
    uint8_t bytes[4 + TATU_VAULT_REFUSED_MAX * TATU_VAULT_REFUSED_SIZE];
    struct tatu_buf answer = TATU_BUF_OF(bytes);
    struct tatu_monitor_vault_boot boot = {0};
    TATU_TRY(tatu_monitor_ask_vault(vault, TATU_VAULT_CALLER_MONITOR, TATU_VAULT_GET_BOOT,
                                    (struct tatu_span){NULL, 0}, &answer));
    if (answer.len < 4 || bytes[0] >= TATU_FLASH_SET_COUNT ||
        answer.len != 4u + bytes[2] * TATU_VAULT_REFUSED_SIZE || bytes[3] > TATU_BOOT_RECOVERY) {
        return TATU_ERR_FORMAT;
    }
    boot.set = bytes[0];
    boot.fallback = bytes[1] != 0;
    boot.refused_count = bytes[2];
    boot.mode = bytes[3];
    for (size_t i = 0; i < boot.refused_count; i++) {
        const uint8_t *entry = bytes + 4 + i * TATU_VAULT_REFUSED_SIZE;
        boot.refused[i].set = entry[0];
        boot.refused[i].image_type = tatu_get_le16(entry + 2);
        boot.refused[i].err = tatu_get_le32(entry + 4);
    }
    *out = boot;
    return TATU_OK;
}
