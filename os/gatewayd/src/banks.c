#include "banks.h"

#include <string.h>

#include "proto/device_log.h"

struct bank {
    uint16_t number;
    uint16_t count;
    size_t len; /* with its header */
    uint8_t bytes[TATU_LOG_BANK_SIZE];
};

struct line {
    uint8_t priority; /* facility * 8 + level */
    uint32_t at_ms;
    struct tatu_span text;
};

static void close_bank(struct bank *bank, struct tatu_reply *reply)
{
    if (bank->count == 0) {
        return;
    }
    const size_t used = bank->len - TATU_LOG_HEADER_SIZE;
    memset(bank->bytes + bank->len, 0, sizeof(bank->bytes) - bank->len);
    tatu_put_le32(bank->bytes, TATU_LOG_MAGIC);
    tatu_put_le16(bank->bytes + 4, TATU_LOG_VERSION);
    tatu_put_le16(bank->bytes + 6, bank->number);
    tatu_put_le16(bank->bytes + 8, (uint16_t)used);
    tatu_put_le16(bank->bytes + 10, bank->count);
    tatu_put_le32(bank->bytes + 12,
                  tatu_base_crc32((struct tatu_span){bank->bytes + TATU_LOG_HEADER_SIZE, used}));
    tatu_reply_put(reply, bank->bytes, sizeof(bank->bytes));
    bank->number++;
    bank->count = 0;
    bank->len = TATU_LOG_HEADER_SIZE;
}

static void put_line(struct bank *bank, const struct line *line, struct tatu_reply *reply)
{
    const size_t len = line->text.len < TATU_LOG_TEXT_MAX ? line->text.len : TATU_LOG_TEXT_MAX;
    if (bank->len + TATU_LOG_ENTRY_SIZE + len > sizeof(bank->bytes)) {
        close_bank(bank, reply);
    }
    uint8_t *p = bank->bytes + bank->len;
    tatu_put_le16(p, (uint16_t)len);
    p[2] = line->priority & 7u;
    p[3] = line->priority >> 3;
    tatu_put_le32(p + 4, line->at_ms);
    if (len != 0) {
        memcpy(p + TATU_LOG_ENTRY_SIZE, line->text.data, len);
    }
    bank->len += TATU_LOG_ENTRY_SIZE + len;
    bank->count++;
}

static bool take_char(struct tatu_span *in, char c)
{
    if (in->len == 0 || in->data[0] != (uint8_t)c) {
        return false;
    }
    in->data++;
    in->len--;
    return true;
}

/* At most nine digits. */
static bool take_number(struct tatu_span *in, uint32_t *out)
{
    uint32_t value = 0;
    size_t digits = 0;
    while (digits < in->len && digits < 9 && in->data[digits] >= '0' && in->data[digits] <= '9') {
        value = value * 10 + (uint32_t)(in->data[digits] - '0');
        digits++;
    }
    in->data += digits;
    in->len -= digits;
    *out = value;
    return digits != 0;
}

/* "<priority>[   12.345678] " at the front of a line. */
static bool take_prefix(struct tatu_span *in, struct line *out)
{
    struct tatu_span rest = *in;
    uint32_t priority, seconds, micros;
    if (!take_char(&rest, '<') || !take_number(&rest, &priority) || !take_char(&rest, '>') ||
        !take_char(&rest, '[')) {
        return false;
    }
    while (take_char(&rest, ' ')) {
    }
    if (!take_number(&rest, &seconds) || !take_char(&rest, '.') || !take_number(&rest, &micros) ||
        !take_char(&rest, ']')) {
        return false;
    }
    (void)take_char(&rest, ' ');
    *out = (struct line){.priority = priority < 256 ? (uint8_t)priority : 0,
                         .at_ms = seconds * 1000u + micros / 1000u,
                         .text = rest};
    return true;
}

void tatu_banks_put(struct tatu_span text, struct tatu_reply *reply)
{
    struct bank bank = {.len = TATU_LOG_HEADER_SIZE};
    struct line line = {.priority = 0};
    while (text.len != 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        const size_t len = end == NULL ? text.len : (size_t)(end - text.data);
        struct tatu_span whole = {text.data, len};
        if (!take_prefix(&whole, &line)) {
            line.text = whole; /* goes on from the line before */
        }
        if (len != 0) {
            put_line(&bank, &line, reply);
        }
        text.data += len + (end != NULL);
        text.len -= len + (end != NULL);
    }
    close_bank(&bank, reply);
}
