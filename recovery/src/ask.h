/* Talking to the host. */
#ifndef TATU_RECOVERY_ASK_H
#define TATU_RECOVERY_ASK_H

#include "state.h"

/** Where an image goes: private memory, or, when that is NULL, an address of normal RAM. */
struct tatu_recovery_place {
    uint8_t *local;
    uint32_t normal;
    uint32_t len_max;
};

/**
 * Reads an image from the host, however long that takes.
 *
 * Errors    LONG, FORMAT, REJECTED of tatu_proto_match_recovery
 */
enum tatu_err tatu_recovery_read(struct tatu_recovery_state *state, uint16_t image_type,
                                 const struct tatu_recovery_place *place, uint32_t *out_len);

/** Tells the host, which need not listen. */
void tatu_recovery_say(struct tatu_recovery_state *state,
                       const struct tatu_recovery_message *message);

#endif
