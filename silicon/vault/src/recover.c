#include "recover.h"

#include "mem.h"

#define ASK_SIZE 32u /* a frame of HELLO or READ */

static void say(struct tatu_vault_chip *chip, const struct tatu_recovery_message *message)
{
    uint8_t frame[ASK_SIZE];
    struct tatu_buf buf = TATU_BUF_OF(frame);
    (void)tatu_proto_encode_recovery(message, &buf);
    for (size_t i = 0; i < buf.len; i++) {
        tatu_vault_chip_recovery_put(chip, frame[i]);
    }
}

static void say_hello(struct tatu_vault_chip *chip, const struct tatu_vault_wish *wish)
{
    const struct tatu_recovery_message hello = {.kind = TATU_RECOVERY_HELLO,
                                                .version = TATU_RECOVERY_VERSION,
                                                .stage = (uint8_t)wish->stage,
                                                .err = (uint32_t)wish->last};
    say(chip, &hello);
}

/* One READ until it is answered; a host that came late hears who asks. */
static enum tatu_err read_piece(struct tatu_vault_chip *chip, const struct tatu_vault_wish *wish,
                                struct tatu_recovery_line *line, struct tatu_recovery_ask *ask,
                                struct tatu_span *out)
{
    for (;;) {
        const struct tatu_recovery_message read = tatu_proto_next_recovery(ask);
        say(chip, &read);
        uint64_t asked_ms = tatu_vault_chip_uptime_ms(chip);
        int byte = 0;
        /* the clock is looked at between frames and when nothing comes */
        while (byte > 0 || tatu_vault_chip_uptime_ms(chip) - asked_ms < TATU_RECOVERY_REPEAT_MS) {
            struct tatu_recovery_message message;
            byte = tatu_vault_chip_recovery_get(chip);
            if (byte == TATU_VAULT_NO_PORT) {
                return TATU_ERR_UNREACHABLE;
            }
            if (byte < 0 || !tatu_proto_take_recovery(line, (uint8_t)byte, &message)) {
                continue;
            }
            enum tatu_err err = tatu_proto_match_recovery(ask, &message, out);
            if (err != TATU_ERR_STATE) {
                return err;
            }
        }
        say_hello(chip, wish);
    }
}

enum tatu_err tatu_vault_recover(struct tatu_vault_chip *chip, const struct tatu_vault_wish *wish,
                                 uint32_t *out_len)
{
    struct tatu_recovery_line line = {0};
    struct tatu_recovery_ask ask = {.image_type = wish->image_type, .len_max = wish->len_max};
    say_hello(chip, wish);
    do {
        struct tatu_span piece = {NULL, 0};
        uint32_t at = ask.offset; /* at + piece.len <= total <= len_max */
        TATU_TRY(read_piece(chip, wish, &line, &ask, &piece));
        if (wish->local != NULL) {
            memcpy(wish->local + at, piece.data, piece.len);
        } else {
            TATU_TRY(tatu_vault_chip_place(chip, wish->remote + at, piece));
        }
    } while (ask.offset < ask.total);
    *out_len = ask.total;
    return TATU_OK;
}
