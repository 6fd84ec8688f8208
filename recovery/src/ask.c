#include "ask.h"

void tatu_recovery_say(struct tatu_recovery_state *state,
                       const struct tatu_recovery_message *message)
{
    uint8_t frame[TATU_RECOVERY_FRAME_MAX];
    struct tatu_buf buf = TATU_BUF_OF(frame);
    if (tatu_proto_encode_recovery(message, &buf) == TATU_OK) {
        tatu_recovery_put_bytes(state->port, (struct tatu_span){frame, buf.len});
    }
}

static void say_hello(struct tatu_recovery_state *state)
{
    const struct tatu_recovery_message hello = {
        .kind = TATU_RECOVERY_HELLO,
        .version = TATU_RECOVERY_VERSION,
        .stage = TATU_RECOVERY_STAGE_PROGRAM,
        .err = (uint32_t)state->last,
    };
    tatu_recovery_say(state, &hello);
}

/* One READ until it is answered; a host that came late hears who asks. */
static enum tatu_err read_piece(struct tatu_recovery_state *state, struct tatu_recovery_ask *ask,
                                struct tatu_span *out)
{
    for (;;) {
        const struct tatu_recovery_message read = tatu_proto_next_recovery(ask);
        tatu_recovery_say(state, &read);
        uint32_t asked_ms = tatu_recovery_now_ms(state->port);
        int byte = 0;
        /* the clock is looked at between frames and when nothing comes */
        while (byte > 0 || tatu_recovery_now_ms(state->port) - asked_ms < TATU_RECOVERY_REPEAT_MS) {
            struct tatu_recovery_message message;
            byte = tatu_recovery_get_byte(state->port);
            if (byte < 0 || !tatu_proto_take_recovery(&state->line, (uint8_t)byte, &message)) {
                continue;
            }
            enum tatu_err err = tatu_proto_match_recovery(ask, &message, out);
            if (err != TATU_ERR_STATE) {
                return err;
            }
        }
        say_hello(state);
    }
}

static enum tatu_err keep_piece(struct tatu_recovery_state *state,
                                const struct tatu_recovery_place *place, uint32_t at,
                                struct tatu_span piece)
{
    if (place->local == NULL) {
        return tatu_monitor_write_normal(state->chip, place->normal + at, piece.data,
                                         (uint32_t)piece.len);
    }
    struct tatu_buf rest = {place->local, at, place->len_max};
    return tatu_base_put_bytes(&rest, piece);
}

enum tatu_err tatu_recovery_read(struct tatu_recovery_state *state, uint16_t image_type,
                                 const struct tatu_recovery_place *place, uint32_t *out_len)
{
    struct tatu_recovery_ask ask = {.image_type = image_type, .len_max = place->len_max};
    say_hello(state);
    do {
        struct tatu_span piece = {NULL, 0};
        uint32_t at = ask.offset;
        TATU_TRY(read_piece(state, &ask, &piece));
        TATU_TRY(keep_piece(state, place, at, piece));
    } while (ask.offset < ask.total);
    *out_len = ask.total;
    return TATU_OK;
}
