/* An image over the recovery port: docs/protocol/recovery.md. Nothing of it is believed here; the
 * caller verifies what came. ROM and runtime share it. */
#ifndef TATU_VAULT_RECOVER_H
#define TATU_VAULT_RECOVER_H

#include "chip.h"
#include "proto/recovery.h"

/** What is asked for, and where it goes. */
struct tatu_vault_wish {
    enum tatu_recovery_stage stage;
    enum tatu_err last; /* why the attempt before failed; the host is told */
    uint16_t image_type;
    uint32_t len_max;
    uint8_t *local;  /* private memory; NULL: */
    uint32_t remote; /* the A-core's secure view */
};

/**
 * Asks until the host has sent all of an image or refuses; asks again each second without an
 * answer.
 *
 * Errors    LONG, FORMAT, REJECTED of tatu_proto_match_recovery; DENIED of the DMA; UNREACHABLE
 * when the chip has no port Cost      as long as the host takes; 2.5 KiB of stack
 */
enum tatu_err tatu_vault_recover(struct tatu_vault_chip *chip, const struct tatu_vault_wish *wish,
                                 uint32_t *out_len);

#endif
